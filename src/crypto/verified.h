/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures that are known to verify, under what is shown again and again: collateral, and what
 * certifies a key of Evidence; never one that Evidence is fresh by. Of octets, a key and a
 * signature it stays true for ever that the one verifies under the other; so that is remembered, by
 * a hash of all three, and nothing else is: no verdict, no date, no trust in the key. Whose key it
 * is, whether a chain leads from it to a trusted root, dates and revocation are asked again at each
 * use.
 *
 * One memory for the process, bounded; what was not used for the longest time is forgotten. What
 * does not verify is not remembered. The lock is only tried: whoever finds it taken verifies
 * himself, so nothing waits, and a child that was forked while it was held works on.
 */
#ifndef CRYPTO_VERIFIED_H
#define CRYPTO_VERIFIED_H

#include "crypto/names.h"
#include "crypto/x509.h"

/* How many are remembered. */
#define ATLS_MAX_VERIFIED 256

/* Octets that somebody signed, and their name, made once when they were read. */
struct atls_signed_octets {
    struct atls_bytes octets;
    struct atls_octets_name name;
    bool has_name; /* else they are verified each time */
};
struct atls_signed_octets atls_signed_octets(struct atls_bytes octets);

/* atls_verified_by is crypto->verify with the key of `signer`, or remembers that. */
ATLS_NODISCARD enum atls_err atls_verified_by(const struct atls_x509 *signer, int32_t alg,
                                              const struct atls_signed_octets *octets,
                                              struct atls_bytes signature);

/* "This is signed with the key of that one", while it is found out. */
struct atls_verified {
    struct atls_octets_name name;
    bool has_name;
};

/* atls_verified_known is true when that is known. Else whoever asked verifies, and has it noted if
 * it verifies, and only then. `kind` says what and how; `signature` is empty if it is among the
 * octets. */
bool atls_verified_known(struct atls_verified *out, const char *kind,
                         const struct atls_x509 *issuer, const struct atls_signed_octets *octets,
                         struct atls_bytes signature);
void atls_verified_note(const struct atls_verified *verified);
/* atls_verified_clear forgets all: for tests. */
void atls_verified_clear(void);

#endif
