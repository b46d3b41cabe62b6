/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certification paths of the makers of roots of trust (RFC 5280, 6): a fixed list of certificates,
 * the leaf first and the root last, with an explicit time. Nothing is fetched, nothing of the
 * system is trusted, and no path is looked for: what is handed in holds as it is or not at all.
 *
 * What does not depend on time is checked once, when a chain is read: signatures, names,
 * basicConstraints, path lengths, keyUsage, critical extensions, algorithms. Dates and revocation
 * are checked at each use; whether the root is trusted is for the caller to say
 * (endorsement/collateral.h). Errors are
 *
 *   ATLS_ERR_MALFORMED  octets that are no certificate or list of revoked ones
 *   ATLS_ERR_CHAIN      a path that does not hold, and dates
 *   ATLS_ERR_ALGORITHM  a signature or key that the profile does not take
 *   ATLS_ERR_REVOKED    a certificate that its issuer has revoked
 *   ATLS_ERR_COLLATERAL a list of revoked certificates that cannot be used
 */
#ifndef CRYPTO_CHAIN_H
#define CRYPTO_CHAIN_H

#include "crypto/x509.h"

/* Certificates of one chain, root and leaf counted: five at AWS, three at AMD and Intel. */
#define ATLS_MAX_CHAIN 8

/* The one algorithm by which all certificates and lists of a maker are signed. */
enum atls_chain_signature {
    ATLS_CHAIN_PSS_SHA384 = 1, /* RSASSA-PSS, salt of 48 octets */
    ATLS_CHAIN_ECDSA_SHA256,   /* by a key on P-256 */
    ATLS_CHAIN_ECDSA_SHA384    /* by a key on P-384 */
};

/* How one maker builds its chains. */
struct atls_chain_profile {
    const char *name; /* for sentences, "AMD SEV-SNP" */
    size_t min_len;   /* certificates */
    size_t max_len;
    enum atls_chain_signature signature;
    int32_t leaf_crv; /* curve of the leaf's key, ATLS_CRV_... */
    bool bare_leaf;   /* leaves have neither keyUsage nor basicConstraints */
};

extern const struct atls_chain_profile atls_chain_amd;   /* VCEK|VLEK, ASK|ASVK, ARK */
extern const struct atls_chain_profile atls_chain_pck;   /* PCK, Platform|Processor CA, root */
extern const struct atls_chain_profile atls_chain_intel; /* TCB signing, root */
extern const struct atls_chain_profile atls_chain_nitro; /* leaf, INTERM_N ... INTERM_1, root */

struct atls_chain; /* reference-counted, immutable */

/*
 * atls_chain_obtain reads and checks a chain, or gives the one that was read of the same octets
 * before: a small cache of the process keeps parsed chains, and never a verdict. certs[0] is the
 * leaf. The caller gives *out back with atls_chain_release.
 */
ATLS_NODISCARD enum atls_err atls_chain_obtain(struct atls_chain **out,
                                               const struct atls_bytes *certs, size_t num,
                                               const struct atls_chain_profile *profile,
                                               struct atls_diag *diag);
/* atls_chain_recall gives the one that was read of the same octets before, or NULL. */
struct atls_chain *atls_chain_recall(const struct atls_bytes *certs, size_t num,
                                     const struct atls_chain_profile *profile);
/* atls_chain_read is the same as atls_chain_obtain without the cache. */
ATLS_NODISCARD enum atls_err atls_chain_read(struct atls_chain **out,
                                             const struct atls_bytes *certs, size_t num,
                                             const struct atls_chain_profile *profile,
                                             struct atls_diag *diag);
/* NULL is fine. */
void atls_chain_release(struct atls_chain *chain);
/* atls_chain_cache_clear empties the cache: for tests, and before a program ends. */
void atls_chain_cache_clear(void);

size_t atls_chain_len(const struct atls_chain *chain);
/* atls_chain_cert lends certificate `index`, the leaf at 0; NULL behind the root. */
const struct atls_x509 *atls_chain_cert(const struct atls_chain *chain, size_t index);
/* atls_chain_key lends the leaf's key: what signs Evidence or collateral. */
const struct atls_key *atls_chain_key(const struct atls_chain *chain);

/* atls_chain_check_dates refuses a chain with a certificate that is not in its dates at `now_s`,
 * with 60 s of grace. */
ATLS_NODISCARD enum atls_err atls_chain_check_dates(const struct atls_chain *chain, int64_t now_s,
                                                    struct atls_diag *diag);

#endif
