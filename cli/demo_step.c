/* SPDX-License-Identifier: Apache-2.0 */
#include "demo_step.h"

#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "net.h"

#include <stdio.h>
#include <stdlib.h>

static const char verb[] = "demo";

void demo_report(struct demo *demo, const char *name, bool ok, const char *expected,
                 const char *outcome, int64_t ms, const char *sentence)
{
    demo->steps++;
    demo->failed += ok ? 0 : 1;
    if (demo->options->json) {
        cli_event(verb, "step", NULL,
                  json_pack("{s:i,s:s,s:s,s:s,s:b,s:I,s:s?}", "n", (int)demo->steps, "name", name,
                            "expected", expected, "outcome", outcome, "ok", ok, "ms",
                            (json_int_t)ms, "sentence", sentence));
        return;
    }
    printf("%2u  %-52s %-9s %5lld ms\n", demo->steps, name, ok ? outcome : "WRONG", (long long)ms);
    if (sentence != NULL && sentence[0] != '\0') {
        printf("      %s\n", sentence);
    }
    if (!ok) {
        printf("      expected: %s, found: %s\n", expected, outcome);
    }
    fflush(stdout);
}

bool demo_prepare(struct demo *demo, const char *name, demo_function *function)
{
    struct atls_diag diag;
    char sentence[800] = "";
    const int64_t start = cli_now_ms();
    const enum atls_err err = function(demo, &diag);
    if (err != ATLS_OK) {
        atls_diag_sentence(sentence, sizeof sentence, &diag);
    }
    demo_report(demo, name, err == ATLS_OK, "done", err == ATLS_OK ? "done" : atls_err_name(err),
                cli_now_ms() - start, sentence);
    return err == ATLS_OK;
}

/* expand: "@format" and the like stand for what is known only when the demo runs. */
static const char *expand(const struct demo *demo, const char *word)
{
    const struct {
        const char *name, *text;
    } words[] = {
        {"@format", demo->format},
        {"@verifier", demo->verifier.url},
        {"@trust", demo->verifier.trust},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(words); i++) {
        if (strcmp(word, words[i].name) == 0) {
            return words[i].text;
        }
    }
    return word;
}

static void free_argv(char **argv)
{
    for (size_t i = 0; argv != NULL && argv[i] != NULL; i++) {
        free(argv[i]);
    }
    free(argv);
}

bool demo_start(const struct demo *demo, struct demo_child *out, const char *const *head,
                const char *const *tail, const char *input, const char *log)
{
    enum { MAX_WORDS = 40 };
    char **argv = calloc(MAX_WORDS + 2, sizeof *argv);
    size_t count = 0;
    bool requires = false;
    if (argv == NULL) {
        return false;
    }
    argv[count++] = strdup(demo->self);
    for (; *head != NULL && count < MAX_WORDS; head++) {
        argv[count++] = strdup(*head);
    }
    for (; tail != NULL && *tail != NULL && count < MAX_WORDS; tail++) {
        requires = requires || strcmp(*tail, "--require") == 0;
        argv[count++] = strdup(expand(demo, *tail));
    }
    if (requires && demo->simulated) {
        argv[count++] = strdup("--simulated");
    }
    bool whole = true;
    for (size_t i = 0; i < count; i++) {
        whole = whole && argv[i] != NULL;
    }
    whole = whole && demo_spawn(out, argv, input, log);
    free_argv(argv);
    return whole;
}

bool demo_wait_address(struct demo_child *child, char *address, size_t cap)
{
    const int64_t deadline = cli_now_ms() + DEMO_STEP_MS;
    json_t *event = NULL;
    bool found = false;
    while (!found && (event = demo_next_event(child, deadline)) != NULL) {
        const char *kind = json_string_value(json_object_get(event, "event"));
        const char *got =
            json_string_value(json_object_get(json_object_get(event, "result"), "address"));
        found = kind != NULL && strcmp(kind, "listening") == 0 && got != NULL &&
                (size_t)snprintf(address, cap, "%s", got) < cap;
        json_decref(event);
    }
    return found;
}

bool demo_serve(const struct demo *demo, const char *const *arguments, struct demo_child *server,
                char *address, size_t cap)
{
    static const char *const head[] = {"serve", "127.0.0.1:0", "--once", "--json", NULL};
    return demo_start(demo, server, head, arguments, NULL, "server.log") &&
           demo_wait_address(server, address, cap);
}

struct outcome {
    bool echoed;
    char code[32];
    char sentence[800];
};

/* read_outcome takes the client's events: what was said, and the error of the last one. */
static void read_outcome(struct demo_child *client, struct outcome *out)
{
    const int64_t deadline = cli_now_ms() + DEMO_STEP_MS;
    json_t *event = NULL;
    while ((event = demo_next_event(client, deadline)) != NULL) {
        const json_t *result = json_object_get(event, "result");
        const char *text = json_string_value(json_object_get(result, "text"));
        const json_t *error = json_object_get(event, "error");
        out->echoed = out->echoed || (text != NULL && strcmp(text, "hello\n") == 0);
        if (json_is_object(error)) {
            const char *code = json_string_value(json_object_get(error, "code"));
            const char *sentence = json_string_value(json_object_get(error, "sentence"));
            snprintf(out->code, sizeof out->code, "%s", code != NULL ? code : "");
            snprintf(out->sentence, sizeof out->sentence, "%s", sentence != NULL ? sentence : "");
        }
        json_decref(event);
    }
}

static bool start_client(const struct demo *demo, const struct demo_connection *step,
                         const char *address, struct demo_child *out)
{
    const char *const head[] = {"connect", address, "--json", NULL};
    return demo_start(demo, out, head, step->client, "hello\n", "client.log");
}

/* judge waits for the client and says how the connection ended. */
static void judge(struct demo *demo, const struct demo_connection *step, struct demo_child *client,
                  struct demo_child *server, int64_t started_ms)
{
    struct outcome outcome = {.code = "OK"};
    read_outcome(client, &outcome);
    const int64_t ms = cli_now_ms() - started_ms;
    const bool accepts = step->expected == ATLS_OK;
    const int client_status = demo_wait(client, cli_now_ms() + DEMO_STEP_MS);
    const int server_status = server != NULL ? demo_wait(server, cli_now_ms() + DEMO_STEP_MS) : 0;
    const bool ok = strcmp(outcome.code, atls_err_name(step->expected)) == 0 &&
                    client_status == atls_err_exit(step->expected) && outcome.echoed == accepts &&
                    (!accepts || server_status == 0);
    demo_report(demo, step->name, ok, atls_err_name(step->expected),
                !ok       ? outcome.code
                : accepts ? "accepted"
                          : "refused",
                ms, outcome.sentence);
}

void demo_connect(struct demo *demo, const struct demo_connection *step)
{
    struct demo_child server = {.out_fd = -1}, client = {.out_fd = -1};
    char address[128];
    if (!demo_serve(demo, step->server, &server, address, sizeof address)) {
        (void)demo_wait(&server, cli_now_ms() + 2000);
        demo_report(demo, step->name, false, atls_err_name(step->expected), "no server", 0,
                    "the server did not start: server.log says why");
        return;
    }
    const int64_t start = cli_now_ms();
    if (!start_client(demo, step, address, &client)) {
        client.out_fd = -1;
    }
    judge(demo, step, &client, &server, start);
}

void demo_connect_to(struct demo *demo, const struct demo_connection *step, const char *address,
                     void (*play)(void *arg), void *arg)
{
    struct demo_child client = {.out_fd = -1};
    const int64_t start = cli_now_ms();
    if (start_client(demo, step, address, &client)) {
        play(arg);
    }
    judge(demo, step, &client, NULL, start);
}
