/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/log.h"
#include "svc/verifier/ignore.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "json/json.h"
#include "json/output.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char verb[] = "verifier";

struct verdict {
    uint8_t *line; /* owned */
    size_t len;
    int64_t time_s;
};

struct verifier_log {
    bool json;
    pthread_mutex_t lock;
    struct verifier_recent recent; /* all but the verdicts */
    struct verdict verdicts[VERIFIER_RECENT];
    size_t next_verdict;
};

struct verifier_log *verifier_log_new(bool json)
{
    struct verifier_log *log = calloc(1, sizeof *log);
    if (log != NULL) {
        log->json = json;
        pthread_mutex_init(&log->lock, NULL);
    }
    return log;
}

void verifier_log_free(struct verifier_log *log)
{
    if (log != NULL) {
        pthread_mutex_destroy(&log->lock);
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

static void write_json(const char *event, const struct atls_diag *why, json_t *fields)
{
    char time_text[ATLS_RFC3339_LEN];
    atls_rfc3339_write(time_text, wall_s());
    json_t *result = fields != NULL ? fields : json_object();
    json_object_set_new(result, "time", json_string(time_text));
    json_t *line = atls_output_event(verb, event, why, result);
    if (line != NULL) {
        verifier_ignore(atls_output_print(stdout, line));
    }
}

/* write_text: NAME VALUE for what is a text or a number; objects are for machines. */
static void write_text(const char *event, const struct atls_diag *why, json_t *fields)
{
    char line[2048];
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
    fprintf(stderr, "%s\n", line);
    json_decref(fields);
}

void verifier_log_event(struct verifier_log *log, const char *event, const struct atls_diag *why,
                        json_t *fields)
{
    pthread_mutex_lock(&log->lock);
    verifier_recent_note(&log->recent, wall_s(), event, why, fields);
    if (log->json) {
        write_json(event, why, fields);
    } else {
        write_text(event, why, fields);
    }
    pthread_mutex_unlock(&log->lock);
}

bool verifier_log_is_json(const struct verifier_log *log)
{
    return log->json;
}

void verifier_log_lines(struct verifier_log *log, struct atls_bytes lines)
{
    FILE *stream = log->json ? stdout : stderr;
    pthread_mutex_lock(&log->lock);
    if (fwrite(lines.data, 1, lines.len, stream) == lines.len) {
        (void)fflush(stream);
    }
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
