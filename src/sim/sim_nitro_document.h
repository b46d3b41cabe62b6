/* SPDX-License-Identifier: Apache-2.0 */
/* The authorities of a simulated NSM, and the documents that it signs. */
#ifndef SIM_SIM_NITRO_DOCUMENT_H
#define SIM_SIM_NITRO_DOCUMENT_H

#include "crypto/key.h"
#include "sim/sim_nitro_claims.h"

/* Root, region, zone and instance, as at AWS; the enclave's certificate is under the last. */
#define ATLS_SIM_NITRO_AUTHORITIES 4
/* How long an enclave's certificate lives. */
#define ATLS_SIM_NITRO_LEAF_S (INT64_C(3) * 3600)

struct atls_sim_nitro_cert {
    uint8_t *der; /* owned */
    size_t len;
};

struct atls_sim_nitro_authorities {
    struct atls_sim_nitro_cert certs[ATLS_SIM_NITRO_AUTHORITIES]; /* the root first */
    struct atls_key *key;                                         /* of the last, private */
};

/* The certificate of an enclave, and its key. */
struct atls_sim_nitro_leaf {
    struct atls_sim_nitro_cert cert;
    struct atls_key *key;
    int64_t not_before_s;
};

/* atls_sim_nitro_authorities_new makes a root of its own and what is under it, for ten years. */
ATLS_NODISCARD enum atls_err atls_sim_nitro_authorities_new(struct atls_sim_nitro_authorities *out,
                                                            int64_t now_s, struct atls_diag *diag);
void atls_sim_nitro_authorities_cleanup(struct atls_sim_nitro_authorities *authorities);

/* atls_sim_nitro_leaf_new certifies a new key from `not_before_s` on. */
ATLS_NODISCARD enum atls_err
atls_sim_nitro_leaf_new(struct atls_sim_nitro_leaf *out,
                        const struct atls_sim_nitro_authorities *authorities, int64_t not_before_s,
                        const char *module_id, struct atls_diag *diag);
void atls_sim_nitro_leaf_cleanup(struct atls_sim_nitro_leaf *leaf);

/* What one document says. */
struct atls_sim_nitro_statement {
    const struct atls_sim_nitro_claims *claims;
    const struct atls_sim_nitro_authorities *authorities;
    const struct atls_sim_nitro_leaf *leaf;
    int64_t timestamp_ms;
    struct atls_bytes nonce;      /* empty: null */
    struct atls_bytes public_key; /* the same */
};

/* atls_sim_nitro_document signs one into new memory (caller: free). */
ATLS_NODISCARD enum atls_err
atls_sim_nitro_document(uint8_t **out, size_t *out_len,
                        const struct atls_sim_nitro_statement *statement, struct atls_diag *diag);

#endif
