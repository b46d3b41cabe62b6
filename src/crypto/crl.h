/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of revoked certificates (RFC 5280, 5), complete ones of one issuer: no delta, no list that
 * speaks for others, no critical extension that is not known. Errors are those of crypto/chain.h.
 */
#ifndef CRYPTO_CRL_H
#define CRYPTO_CRL_H

#include "crypto/chain.h"

struct atls_crl; /* immutable once read */

/* atls_crl_read takes DER, PEM, or DER in hexadecimal, as PCCS gives it; whose it is is not
 * verified yet. */
ATLS_NODISCARD enum atls_err atls_crl_read(struct atls_crl **out, struct atls_bytes file,
                                           struct atls_diag *diag);
/* NULL is fine. */
void atls_crl_free(struct atls_crl *crl);

struct atls_bytes atls_crl_issuer(const struct atls_crl *crl); /* DER of the Name */
struct atls_bytes atls_crl_der(const struct atls_crl *crl);
int64_t atls_crl_this_update(const struct atls_crl *crl); /* seconds since 1970 */
int64_t atls_crl_next_update(const struct atls_crl *crl);

/*
 * atls_crl_verify holds the list against its issuer: name, signature by the algorithm of the
 * profile, keyUsage cRLSign; and thisUpdate <= now_s <= nextUpdate, with 60 s of grace.
 */
ATLS_NODISCARD enum atls_err atls_crl_verify(const struct atls_crl *crl,
                                             const struct atls_x509 *issuer,
                                             const struct atls_chain_profile *profile,
                                             int64_t now_s, struct atls_diag *diag);

/* atls_chain_check_revoked verifies `crl` against certificate index + 1 and refuses when it lists
 * certificate `index`. */
ATLS_NODISCARD enum atls_err atls_chain_check_revoked(const struct atls_chain *chain, size_t index,
                                                      const struct atls_crl *crl, int64_t now_s,
                                                      struct atls_diag *diag);

#endif
