/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON on jansson: valid UTF-8, no duplicate members, no NUL, nesting at most
 * ATLS_MAX_JSON_DEPTH, at most ATLS_MAX_FILE_LEN octets, nothing after the value.
 *
 * Typed getters turn "missing" and "of another type" into one sentence: `step` says what is being
 * read, the claim is the member's name. All errors here are ATLS_ERR_MALFORMED (and MEMORY); who
 * reads a file of ours gives them its own code with atls_json_recode.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/diag.h"

#include <jansson.h>

/* atls_json_parse gives a new array or object (caller: json_decref). */
ATLS_NODISCARD enum atls_err atls_json_parse(json_t **out, struct atls_bytes text, const char *step,
                                             struct atls_diag *diag);

/* atls_json_dump writes compact JSON, members in the order of their insertion, into new memory
 * (caller: free); NULL without memory. */
char *atls_json_dump(const json_t *value);

/* atls_json_cleanup is json_decref for ATLS_AUTO. */
void atls_json_cleanup(json_t **value);

/* atls_json_only_keys refuses a member that is not in the NULL-terminated list, and a value that
 * is no object. */
ATLS_NODISCARD enum atls_err atls_json_only_keys(const json_t *object, const char *const *names,
                                                 const char *step, struct atls_diag *diag);

/* atls_json_has is true when there is such a member, even null. */
bool atls_json_has(const json_t *object, const char *key);

/* Members that must be there. What they give borrows `object`. */
ATLS_NODISCARD enum atls_err atls_json_text(struct atls_bytes *out, const json_t *object,
                                            const char *key, const char *step,
                                            struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_json_int(int64_t *out, const json_t *object, const char *key,
                                           int64_t min, int64_t max, const char *step,
                                           struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_json_bool(bool *out, const json_t *object, const char *key,
                                            const char *step, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_json_array(const json_t **out, const json_t *object,
                                             const char *key, const char *step,
                                             struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_json_object(const json_t **out, const json_t *object,
                                              const char *key, const char *step,
                                              struct atls_diag *diag);

/* Text members that are octets, decoded into `out`: `min` to out.cap of them. */
ATLS_NODISCARD enum atls_err atls_json_base64url(struct atls_buf out, size_t *out_len, size_t min,
                                                 const json_t *object, const char *key,
                                                 const char *step, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_json_hex(struct atls_buf out, size_t *out_len, size_t min,
                                           const json_t *object, const char *key, const char *step,
                                           struct atls_diag *diag);

/* atls_json_text_of lends the text of a JSON string; false for any other value. */
ATLS_NODISCARD bool atls_json_text_of(const json_t *value, struct atls_bytes *out);

/* atls_json_type_name gives "an object", "a string" and so on, for sentences; NULL is "nothing". */
const char *atls_json_type_name(const json_t *value);

/* atls_json_recode gives MALFORMED the code `instead`, in `diag` too, and leaves other codes. */
enum atls_err atls_json_recode(enum atls_err err, enum atls_err instead, struct atls_diag *diag);

#endif
