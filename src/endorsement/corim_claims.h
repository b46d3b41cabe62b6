/* SPDX-License-Identifier: Apache-2.0 */
/* Claims of a machine as JSON, read for the reference values that are made of them (corim_from.h).
 * What is not there, or in another form, is ATLS_ERR_ENDORSEMENT with a sentence. */
#ifndef ENDORSEMENT_CORIM_CLAIMS_H
#define ENDORSEMENT_CORIM_CLAIMS_H

#include "base/crypto_ops.h"
#include "base/diag.h"

#include <jansson.h>

#define ATLS_CORIM_STEP "reference values"

struct atls_corim_octets {
    uint8_t data[ATLS_MAX_HASH_LEN];
    size_t len;
};
struct atls_bytes atls_corim_octets(const struct atls_corim_octets *octets);

static inline enum atls_err atls_corim_claim_refuse(struct atls_diag *diag, const char *claim,
                                                    const char *found, const char *expected)
{
    atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, ATLS_CORIM_STEP, claim, found, expected);
    return ATLS_ERR_ENDORSEMENT;
}

/* atls_corim_read_octets reads hex, as we write it, or base64, as Veraison does, of `len` octets;
 * with 0 of the length of any hash. */
ATLS_NODISCARD enum atls_err atls_corim_read_octets(struct atls_corim_octets *out,
                                                    const json_t *object, const char *name,
                                                    size_t len, struct atls_diag *diag);
/* atls_corim_read_number reads an integer from 0 to `max`. */
ATLS_NODISCARD enum atls_err atls_corim_read_number(uint64_t *out, const json_t *object,
                                                    const char *name, uint64_t max,
                                                    struct atls_diag *diag);

/* Of one format each: the records of "reference-values", which the caller is given. */
ATLS_NODISCARD enum atls_err atls_corim_from_snp(json_t **out, const json_t *claims,
                                                 struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_corim_from_td(json_t **out, const json_t *claims,
                                                struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_corim_from_enclave(json_t **out, const json_t *claims,
                                                     struct atls_diag *diag);

#endif
