/* SPDX-License-Identifier: Apache-2.0 */
#include "models/replay.h"

#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
    char *text;
    long from, by; /* the way here: the state before and the step; -1 for a root */
    bool reached;
};
struct step {
    long from, to;
    char *event, *answer;
};

static struct state *states;
static struct step *steps;
static long num_states, num_steps;
static long *queue; /* states in the order in which they are reached */
static long queued;

static void give_up(const char *what, const char *line)
{
    fprintf(stderr, "replay: %s: %s\n", what, line);
    exit(1);
}

static void *grown(void *items, long count, size_t size)
{
    if ((count & (count - 1)) != 0) {
        return items; /* room is doubled at each power of two */
    }
    void *larger = realloc(items, (count == 0 ? 1 : 2 * (size_t)count) * size);
    if (larger == NULL) {
        give_up("no memory", "");
    }
    return larger;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL || strlen(text) >= REPLAY_TEXT) {
        give_up("a text is too long", text);
    }
    return copy;
}

/* number_of gives the number of a state, a new one if it was not seen before. */
static long number_of(const char *text)
{
    ENTRY wanted = {(char *)(size_t)text, NULL};
    const ENTRY *known = hsearch(wanted, FIND);
    if (known != NULL) {
        return (long)(size_t)known->data;
    }
    states = grown(states, num_states, sizeof *states);
    states[num_states] = (struct state){copy_of(text), -1, -1, false};
    wanted.key = states[num_states].text;
    wanted.data = (void *)(size_t)num_states; // NOLINT
    if (hsearch(wanted, ENTER) == NULL) {
        give_up("too many states", text);
    }
    return num_states++;
}

static void reach(long state, long from, long by)
{
    if (!states[state].reached) {
        states[state].reached = true;
        states[state].from = from;
        states[state].by = by;
        queue = grown(queue, queued, sizeof *queue);
        queue[queued++] = state;
    }
}

/* cut ends `text` at `mark`, and gives what is behind it. */
static char *cut(char *text, const char *mark)
{
    char *at = strstr(text, mark);
    if (at == NULL) {
        give_up("a line that is not understood", text);
        return NULL;
    }
    *at = '\0';
    return at + strlen(mark);
}

static void take_step(char *line)
{
    char *from = cut(line, " ");
    char *to = cut(from, " -> ");
    char *answer = cut(to, " : ");
    answer[strcspn(answer, "\n")] = '\0';
    steps = grown(steps, num_steps, sizeof *steps);
    steps[num_steps] =
        (struct step){number_of(from), number_of(to), copy_of(line), copy_of(answer)};
    num_steps++;
}

static void read_model(void)
{
    char line[4 * REPLAY_TEXT];
    if (hcreate(1 << 18) == 0) {
        give_up("no memory", "");
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "root ", 5) == 0) {
            line[strcspn(line, "\n")] = '\0';
            reach(number_of(line + 5), -1, -1);
        } else if (strncmp(line, "step ", 5) == 0) {
            take_step(line + 5);
        }
    }
    if (num_steps == 0 || queued == 0) {
        give_up("a model without steps", "");
    }
}

/* The steps of each state, one behind the other. */
static long *first_of, *order;

static int by_origin(const void *a, const void *b)
{
    const struct step *left = &steps[*(const long *)a], *right = &steps[*(const long *)b];
    return left->from < right->from ? -1 : left->from > right->from;
}

static void sort_steps(void)
{
    first_of = calloc((size_t)num_states + 1, sizeof *first_of);
    order = calloc((size_t)num_steps, sizeof *order);
    if (first_of == NULL || order == NULL) {
        give_up("no memory", "");
        return;
    }
    for (long i = 0; i < num_steps; i++) {
        order[i] = i;
        first_of[steps[i].from + 1]++;
    }
    for (long i = 0; i < num_states; i++) {
        first_of[i + 1] += first_of[i];
    }
    qsort(order, (size_t)num_steps, sizeof *order, by_origin);
}

static void tell_way(long state)
{
    if (states[state].by >= 0) {
        tell_way(states[state].from);
        fprintf(stderr, "  %-28s %s\n", steps[states[state].by].event, states[state].text);
    } else {
        fprintf(stderr, "  %-28s %s\n", "(begin)", states[state].text);
    }
}

static void differ(const struct step *step, const char *what, const char *code, const char *model)
{
    fprintf(stderr, "replay: after this way, %s:\n", step->event);
    tell_way(step->from);
    fprintf(stderr, "  %s of the code:  %s\n  %s of the model: %s\n", what, code, what, model);
    exit(1);
}

/* follow takes the code along a step, and compares. */
static void follow(const struct replay_driver *driver, const struct step *step)
{
    char answer[REPLAY_TEXT] = "", state[REPLAY_TEXT] = "";
    driver->event(step->event, answer);
    if (strcmp(answer, step->answer) != 0) {
        differ(step, "answer", answer, step->answer);
    }
    driver->state(state);
    if (strcmp(state, states[step->to].text) != 0) {
        differ(step, "state", state, states[step->to].text);
    }
}

static void go_to(const struct replay_driver *driver, long state)
{
    if (states[state].by < 0) {
        driver->begin(states[state].text);
        return;
    }
    go_to(driver, states[state].from); /* as deep as the way is long, some twenty steps */
    follow(driver, &steps[states[state].by]);
}

size_t replay(const struct replay_driver *driver)
{
    read_model();
    sort_steps();
    for (long i = 0; i < queued; i++) {
        const long from = queue[i];
        for (long k = first_of[from]; k < first_of[from + 1]; k++) {
            reach(steps[order[k]].to, from, order[k]);
        }
    }
    for (long i = 0; i < num_steps; i++) {
        if (!states[steps[i].from].reached) {
            give_up("no way leads to", states[steps[i].from].text);
        }
        go_to(driver, steps[i].from);
        follow(driver, &steps[i]);
    }
    printf("replay: %ld states, %ld steps, the code takes each as the model\n", num_states,
           num_steps);
    return (size_t)num_steps;
}
