/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output contract of `--json` (design: command line): one object a command,
 * {"atls":1,"verb","ok","exit","error":{"code","step","claim","found","expected","sentence"}|null,
 * "result":{}}; streams write one object a line, with "event".
 */
#ifndef JSON_OUTPUT_H
#define JSON_OUTPUT_H

#include "atls/error.h"
#include "base/compiler.h"
#include "json/writer.h"

#include <jansson.h>
#include <stdio.h>

/*
 * atls_output_envelope gives the object for `verb` (caller: json_decref), NULL without memory.
 * diag->err says what came of it; NULL is success. Takes `result`, an object; NULL is {}.
 */
json_t *atls_output_envelope(const char *verb, const struct atls_diag *diag, json_t *result);

/* atls_output_event is the same for one line of a stream, with "event" after "verb". */
json_t *atls_output_event(const char *verb, const char *event, const struct atls_diag *diag,
                          json_t *result);

/* atls_output_error gives the "error" member: an object, or null when nothing is wrong. */
json_t *atls_output_error(const struct atls_diag *diag);

/* atls_output_put_error writes the same. */
void atls_output_put_error(struct atls_json_writer *writer, const struct atls_diag *diag);

/* atls_output_text gives a JSON string; octets that are no UTF-8 become '?'. NULL gives null. */
json_t *atls_output_text(const char *text);

/* atls_output_print writes `value` as one line and flushes; takes it. FILE when that fails. */
ATLS_NODISCARD enum atls_err atls_output_print(FILE *stream, json_t *value);

#endif
