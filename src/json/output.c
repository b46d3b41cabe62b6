/* SPDX-License-Identifier: Apache-2.0 */
#include "json/output.h"

#include "base/span.h"

#include <stdlib.h>

json_t *atls_output_text(const char *text)
{
    if (text == NULL) {
        return json_null();
    }
    json_t *value = json_string(text);
    if (value != NULL) {
        return value;
    }
    char *plain = strdup(text);
    for (char *at = plain; at != NULL && *at != '\0'; at++) {
        if ((*at & 0x80) != 0) {
            *at = '?';
        }
    }
    value = plain != NULL ? json_string(plain) : NULL;
    free(plain);
    return value;
}

json_t *atls_output_error(const struct atls_diag *diag)
{
    if (diag == NULL || diag->err == ATLS_OK) {
        return json_null();
    }
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "code", atls_err_name(diag->err), "step",
                     atls_output_text(diag->step), "claim", atls_output_text(diag->claim), "found",
                     atls_output_text(diag->found), "expected", atls_output_text(diag->expected),
                     "sentence", atls_output_text(sentence));
}

void atls_output_put_error(struct atls_json_writer *writer, const struct atls_diag *diag)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    if (diag == NULL || diag->err == ATLS_OK) {
        atls_json_put(writer, "null");
        return;
    }
    (void)atls_diag_sentence(sentence, sizeof sentence, diag);
    const char *const members[][2] = {
        {"code", atls_err_name(diag->err)},
        {"step", diag->step},
        {"claim", diag->claim},
        {"found", diag->found},
        {"expected", diag->expected},
        {"sentence", sentence},
    };
    atls_json_put(writer, "{");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        atls_json_put_name(writer, members[i][0]);
        atls_json_put_string(writer, atls_bytes_text(members[i][1]));
    }
    atls_json_put(writer, "}");
}

json_t *atls_output_event(const char *verb, const char *event, const struct atls_diag *diag,
                          json_t *result)
{
    const enum atls_err err = diag != NULL ? diag->err : ATLS_OK;
    /* "s*" leaves a member out whose value is NULL. */
    return json_pack("{s:i, s:s, s:s*, s:b, s:i, s:o, s:o}", "atls", 1, "verb", verb, "event",
                     event, "ok", err == ATLS_OK, "exit", atls_err_exit(err), "error",
                     atls_output_error(diag), "result", result != NULL ? result : json_object());
}

json_t *atls_output_envelope(const char *verb, const struct atls_diag *diag, json_t *result)
{
    return atls_output_event(verb, NULL, diag, result);
}

enum atls_err atls_output_print(FILE *stream, json_t *value)
{
    if (value == NULL) {
        return ATLS_ERR_MEMORY;
    }
    flockfile(stream); /* so that the lines of several threads do not mix */
    const bool done = json_dumpf(value, stream, JSON_COMPACT) == 0 && fputc('\n', stream) != EOF &&
                      fflush(stream) == 0;
    funlockfile(stream);
    json_decref(value);
    return done ? ATLS_OK : ATLS_ERR_FILE;
}
