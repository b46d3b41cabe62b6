/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/log.h"
#include "svc/verifier/outlet.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "json/json.h"
#include "json/output.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char verb[] = "verifier";

struct verdict {
    uint8_t *line; /* owned */
    size_t len;
    int64_t time_s;
};

struct verifier_log {
    bool json;
    pthread_mutex_t lock;
    struct verifier_outlet outlet;
    struct verifier_recent recent; /* all but the verdicts */
    struct verdict verdicts[VERIFIER_RECENT];
    size_t next_verdict;
};

struct verifier_log *verifier_log_new(bool json)
{
    struct verifier_log *log = calloc(1, sizeof *log);
    if (log != NULL) {
        log->json = json;
        verifier_outlet_open(&log->outlet, json ? STDOUT_FILENO : STDERR_FILENO);
        pthread_mutex_init(&log->lock, NULL);
    }
    return log;
}

void verifier_log_free(struct verifier_log *log)
{
    if (log != NULL) {
        pthread_mutex_destroy(&log->lock);
        verifier_outlet_close(&log->outlet);
        verifier_recent_cleanup(&log->recent);
        for (size_t i = 0; i < VERIFIER_RECENT; i++) {
            free(log->verdicts[i].line);
        }
        free(log);
    }
}

static int64_t wall_s(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void write_json(struct verifier_outlet *outlet, const char *event,
                       const struct atls_diag *why, json_t *fields)
{
    char time_text[ATLS_RFC3339_LEN];
    atls_rfc3339_write(time_text, wall_s());
    json_t *result = fields != NULL ? fields : json_object();
    json_object_set_new(result, "time", json_string(time_text));
    json_t *line = atls_output_event(verb, event, why, result);
    char *text = line != NULL ? atls_json_dump(line) : NULL;
    const size_t len = text != NULL ? strlen(text) : 0;
    if (text != NULL) {
        text[len] = '\n'; /* in place of its NUL */
        (void)verifier_outlet_write(outlet, atls_bytes_of(text, len + 1));
    }
    free(text);
    json_decref(line);
}

/* write_text: NAME VALUE for what is a text or a number; objects are for machines. */
static void write_text(struct verifier_outlet *outlet, const char *event,
                       const struct atls_diag *why, json_t *fields)
{
    char line[2050]; /* its end has a line feed */
    size_t len = (size_t)snprintf(line, sizeof line, "atls %s: %s", verb, event);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(fields, name, value)
    {
        if (json_is_string(value) && len < sizeof line) {
            len += (size_t)snprintf(line + len, sizeof line - len, ", %s %s", name,
                                    json_string_value(value));
        } else if (json_is_integer(value) && len < sizeof line) {
            len += (size_t)snprintf(line + len, sizeof line - len, ", %s %" JSON_INTEGER_FORMAT,
                                    name, json_integer_value(value));
        }
    }
    if (why != NULL && why->err != ATLS_OK && len < sizeof line) {
        char sentence[ATLS_MAX_SENTENCE_LEN + 1];
        (void)atls_diag_sentence(sentence, sizeof sentence, why);
        (void)snprintf(line + len, sizeof line - len, ": %s", sentence);
    }
    len = strlen(line);
    line[len++] = '\n';
    (void)verifier_outlet_write(outlet, atls_bytes_of(line, len));
    json_decref(fields);
}

/* say is for who has the lock. */
static void say(struct verifier_log *log, const char *event, const struct atls_diag *why,
                json_t *fields)
{
    verifier_recent_note(&log->recent, wall_s(), event, why, fields);
    (log->json ? write_json : write_text)(&log->outlet, event, why, fields);
}

/* tell_lost: lines that are missing are told of by the first that can be. */
static void tell_lost(struct verifier_log *log)
{
    const uint64_t lost = verifier_outlet_tell(&log->outlet);
    if (lost != 0) {
        say(log, "lost", NULL, json_pack("{s:I}", "lines", (json_int_t)lost));
    }
}

void verifier_log_event(struct verifier_log *log, const char *event, const struct atls_diag *why,
                        json_t *fields)
{
    pthread_mutex_lock(&log->lock);
    say(log, event, why, fields);
    tell_lost(log);
    pthread_mutex_unlock(&log->lock);
}

uint64_t verifier_log_lost(struct verifier_log *log)
{
    pthread_mutex_lock(&log->lock);
    const uint64_t lost = log->outlet.lost;
    pthread_mutex_unlock(&log->lock);
    return lost;
}

bool verifier_log_is_json(const struct verifier_log *log)
{
    return log->json;
}

void verifier_log_lines(struct verifier_log *log, struct atls_bytes lines)
{
    pthread_mutex_lock(&log->lock);
    (void)verifier_outlet_write(&log->outlet, lines);
    tell_lost(log);
    pthread_mutex_unlock(&log->lock);
}

void verifier_log_verdict(struct verifier_log *log, struct atls_bytes line)
{
    uint8_t *copy = malloc(line.len);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, line.data, line.len);
    pthread_mutex_lock(&log->lock);
    struct verdict *verdict = &log->verdicts[log->next_verdict++ % VERIFIER_RECENT];
    free(verdict->line);
    *verdict = (struct verdict){copy, line.len, wall_s()};
    pthread_mutex_unlock(&log->lock);
}

/* note_verdicts reads what was kept, the oldest first. Few ever ask for it. */
static void note_verdicts(struct verifier_recent *recent, const struct verifier_log *log)
{
    for (size_t i = 0; i < VERIFIER_RECENT; i++) {
        const struct verdict *verdict = &log->verdicts[(log->next_verdict + i) % VERIFIER_RECENT];
        json_t *line = NULL;
        if (verdict->line != NULL &&
            atls_json_parse(&line, atls_bytes_of(verdict->line, verdict->len), "log", NULL) ==
                ATLS_OK) {
            verifier_recent_note(recent, verdict->time_s, "verdict", NULL,
                                 json_object_get(line, "result"));
            json_decref(line);
        }
    }
}

void verifier_log_recent(struct verifier_log *log, enum verifier_recent_kind kind,
                         struct verifier_recent_item out[VERIFIER_RECENT], size_t *out_num)
{
    struct verifier_recent verdicts = {.num = {0, 0}};
    pthread_mutex_lock(&log->lock);
    if (kind == VERIFIER_RECENT_VERDICT) {
        note_verdicts(&verdicts, log);
        verifier_recent_copy(&verdicts, kind, out, out_num);
        verifier_recent_cleanup(&verdicts);
    } else {
        verifier_recent_copy(&log->recent, kind, out, out_num);
    }
    pthread_mutex_unlock(&log->lock);
}
