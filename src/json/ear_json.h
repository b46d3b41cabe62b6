/* SPDX-License-Identifier: Apache-2.0 */
/* Results in JSON: reading claims into the model of result/ear.h, and writing them. */
#ifndef JSON_EAR_JSON_H
#define JSON_EAR_JSON_H

#include "result/ear.h"

#include <jansson.h>

/* What the spans of a model that was read from JSON live in. All zero is safe to clean up. */
struct atls_ear_json {
    json_t *claims;
    uint8_t *octets; /* what base64url became */
    size_t cap, used;
    uint8_t *record;      /* raw evidence as a CMW record, in CBOR */
    struct atls_key *key; /* cnf jwk */
};
void atls_ear_json_cleanup(struct atls_ear_json *storage);

/* atls_ear_read_json reads the claims of a JWT, which whoever calls has verified. RESULT for what
 * is not an EAR, with the claim by its name in the draft. */
ATLS_NODISCARD enum atls_err atls_ear_read_json(struct atls_ear *out, struct atls_ear_json *storage,
                                                struct atls_bytes claims, struct atls_diag *diag);

/* atls_ear_to_text gives JSON (caller: free) in the flavour of ear->profile, VERAISON or DRAFT_04;
 * atls_ear_to_json the same as a new object (caller: json_decref). */
ATLS_NODISCARD enum atls_err atls_ear_to_text(char **out, const struct atls_ear *ear,
                                              struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_ear_to_json(json_t **out, const struct atls_ear *ear,
                                              struct atls_diag *diag);

/* atls_ear_to_cbor is the same in CBOR, in new memory (caller: free); free claims may be JSON. */
ATLS_NODISCARD enum atls_err atls_ear_to_cbor(uint8_t **out, size_t *out_len,
                                              const struct atls_ear *ear, struct atls_diag *diag);

/* atls_ear_value_json gives a free claim as JSON (caller: json_decref), NULL when there is none. */
ATLS_NODISCARD enum atls_err atls_ear_value_json(json_t **out, const struct atls_ear_value *value,
                                                 struct atls_diag *diag);

#endif
