/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsements out of what a machine says of itself: `atls corim create --from`. What it says
 * becomes what is trusted, so whoever calls this knows that machine's state to be right.
 */
#ifndef ENDORSEMENT_CORIM_FROM_H
#define ENDORSEMENT_CORIM_FROM_H

#include "base/crypto_ops.h"
#include "base/diag.h"
#include "base/formats.h"

struct json_t;

struct atls_corim_facts {
    const struct atls_format *format;
    /* Claims under the names of docs/appraisal.md, octets as hex or base64: those that an appraiser
     * verified, or the annotated evidence of an EAR. */
    const struct json_t *claims;
    const struct atls_key *ak; /* public attestation key of that machine; NULL: none */
    const char *class_uuid;    /* tpm2: class of machines; NULL: a new one */
    /* tpm2: text of tpm2_pcrread, since a quote holds no PCR but a digest over them all, which the
     * values must give; empty: none, and then there are no reference values */
    struct atls_bytes pcr_values;
};

/* atls_corim_from_claims gives a CoMID template for atls_corim_create (caller: free). Reference
 * values, and the key where there is one. ATLS_ERR_ENDORSEMENT when the claims do not give them. */
ATLS_NODISCARD enum atls_err atls_corim_from_claims(char **out_template,
                                                    const struct atls_corim_facts *facts,
                                                    struct atls_diag *diag);

/* PCR values of a text such as tpm2_pcrread writes: banks, then "INDEX : 0xHEX" lines. */
struct atls_pcr_bank {
    int32_t alg; /* ATLS_ALG_SHA256 and so on; ATLS_ALG_NONE: not in the text */
    uint32_t present;
    uint8_t value[32][ATLS_MAX_HASH_LEN];
};
struct atls_pcr_values {
    struct atls_pcr_bank banks[3]; /* sha256, sha384, sha512 */
};
/* atls_pcr_values_read takes banks of these three; others (sha1, sm3_256) are skipped. */
ATLS_NODISCARD enum atls_err atls_pcr_values_read(struct atls_pcr_values *out,
                                                  struct atls_bytes text, struct atls_diag *diag);

#endif
