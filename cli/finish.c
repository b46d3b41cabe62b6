/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>

void cli_note(const char *verb, const char *format, ...)
{
    char line[1200];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len >= 0) {
        /* One call, so that lines of several threads do not mix. */
        fprintf(stderr, "atls %s: %s\n", verb, line);
    }
}

void cli_note_error(const char *verb, const struct atls_diag *diag)
{
    char sentence[800];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    cli_note(verb, "%s", sentence);
}

static int print(json_t *object)
{
    return object == NULL || atls_output_print(stdout, object) != ATLS_OK ? 1 : 0;
}

int cli_finish(const char *verb, bool json, const struct atls_diag *diag, json_t *result)
{
    const bool failed = diag != NULL && diag->err != ATLS_OK;
    const int status = failed ? atls_err_exit(diag->err) : 0;
    if (failed) {
        cli_note_error(verb, diag);
    }
    if (!json) {
        json_decref(result);
        return status;
    }
    const int printed = print(atls_output_envelope(verb, diag, result));
    return status != 0 ? status : printed;
}

void cli_event(const char *verb, const char *event, const struct atls_diag *diag, json_t *result)
{
    (void)print(atls_output_event(verb, event, diag, result));
}

void cli_event_last(const char *verb, const char *event, int status, json_t *result)
{
    json_t *line = atls_output_event(verb, event, NULL, result);
    json_object_set_new(line, "ok", json_boolean(status == 0));
    json_object_set_new(line, "exit", json_integer(status));
    (void)print(line);
}
