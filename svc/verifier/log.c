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

struct verifier_log {
    bool json;
    pthread_mutex_t lock;
    struct verifier_recent recent;
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

void verifier_log_recent(struct verifier_log *log, enum verifier_recent_kind kind,
                         struct verifier_recent_item out[VERIFIER_RECENT], size_t *out_num)
{
    pthread_mutex_lock(&log->lock);
    verifier_recent_copy(&log->recent, kind, out, out_num);
    pthread_mutex_unlock(&log->lock);
}
