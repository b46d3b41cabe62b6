/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verified claims as JSON, member by member. The error is sticky, as with the writer of base/:
 * after the first failure, which can only be memory, the calls do nothing.
 */
#ifndef APPRAISER_CLAIMS_TEXT_H
#define APPRAISER_CLAIMS_TEXT_H

#include "base/diag.h"
#include "json/writer.h"

#include <jansson.h>

struct atls_claims_text {
    struct atls_json_writer out;
};

/* atls_claims_text_new begins the object that all others are in. */
struct atls_claims_text atls_claims_text_new(void);
void atls_claims_text_cleanup(struct atls_claims_text *text);

/* An object or array begins and ends: what is put in between is in it. Items of an array have NULL
 * for their name, here and below. */
void atls_claims_open_object(struct atls_claims_text *text, const char *name);
void atls_claims_close_object(struct atls_claims_text *text);
void atls_claims_open_array(struct atls_claims_text *text, const char *name);
void atls_claims_close_array(struct atls_claims_text *text);

void atls_claims_put_hex(struct atls_claims_text *text, const char *name, struct atls_bytes octets);
/* atls_claims_put_text takes UTF-8. */
void atls_claims_put_text(struct atls_claims_text *text, const char *name, struct atls_bytes utf8);
void atls_claims_put_int(struct atls_claims_text *text, const char *name, int64_t value);
/* atls_claims_put_u64 writes decimal text: JSON numbers are exact up to 2^53 only. */
void atls_claims_put_u64(struct atls_claims_text *text, const char *name, uint64_t value);
void atls_claims_put_bool(struct atls_claims_text *text, const char *name, bool value);
/* atls_claims_put_json takes `value`; NULL is a failure. */
void atls_claims_put_json(struct atls_claims_text *text, const char *name, json_t *value);

/* atls_claims_text_finish writes one line of JSON that the caller frees with free(). */
ATLS_NODISCARD enum atls_err atls_claims_text_finish(char **out, struct atls_claims_text *text,
                                                     struct atls_diag *diag);

#endif
