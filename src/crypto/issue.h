/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and lists of revoked ones as the makers of roots of trust issue them, for simulated
 * roots of trust and for tests: whoever needs a chain that crypto/chain.h takes makes it here. What
 * is asked for is done, however wrong it is; judging it is the other side's work.
 */
#ifndef CRYPTO_ISSUE_H
#define CRYPTO_ISSUE_H

#include "crypto/cert.h"
#include "crypto/chain.h"

/* keyUsage bits of RFC 5280, 4.2.1.3. */
enum atls_issue_usage {
    ATLS_ISSUE_DIGITAL_SIGNATURE = 1u << 0,
    ATLS_ISSUE_NON_REPUDIATION = 1u << 1,
    ATLS_ISSUE_CERT_SIGN = 1u << 5,
    ATLS_ISSUE_CRL_SIGN = 1u << 6
};
#define ATLS_ISSUE_NO_PATH_LEN (-1)

/* What a certificate says. Everything is borrowed. */
struct atls_issue_spec {
    const char *common_name;
    uint64_t serial; /* AMD's leaves have 0 */
    int64_t not_before_s;
    int64_t not_after_s;
    bool bare; /* neither basicConstraints nor keyUsage */
    bool is_ca;
    long path_len;                                /* ATLS_ISSUE_NO_PATH_LEN: none */
    unsigned usage;                               /* bits of enum atls_issue_usage; 0: none */
    const struct atls_cert_extension *extensions; /* more of them */
    size_t num_extensions;
    enum atls_chain_signature signature; /* and the hash of a key that does not fit it */
};

/* Who signs: the issuer's certificate (DER; empty: self-signed) and its private key. */
struct atls_issuer {
    struct atls_bytes cert;
    const struct atls_key *key;
};

/* Both give DER in new memory (caller: free). ARGUMENT for what cannot be encoded, KEY when
 * signing fails. */
ATLS_NODISCARD enum atls_err atls_issue_cert(uint8_t **out, size_t *out_len,
                                             const struct atls_issue_spec *spec,
                                             const struct atls_key *subject,
                                             const struct atls_issuer *issuer,
                                             struct atls_diag *diag);

struct atls_issue_crl_spec {
    int64_t this_update_s;
    int64_t next_update_s;
    const uint64_t *serials; /* of those that are revoked */
    size_t num_serials;
    enum atls_chain_signature signature;
};
ATLS_NODISCARD enum atls_err atls_issue_crl(uint8_t **out, size_t *out_len,
                                            const struct atls_issue_crl_spec *spec,
                                            const struct atls_issuer *issuer,
                                            struct atls_diag *diag);

#endif
