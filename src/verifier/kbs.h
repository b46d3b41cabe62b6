/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key broker of Trustee (KBS) as its client, as far as its token: we are attested, and no
 * resource is fetched. The token is a passport, since it names the TLS key, whose hash was in the
 * Evidence.
 */
#ifndef VERIFIER_KBS_H
#define VERIFIER_KBS_H

#include "verifier/exchange.h"

/* Octets of the value of its cookie; those of today have 32. */
#define VERIFIER_KBS_MAX_COOKIE_LEN 256

/*
 * verifier_kbs_exchange gives the token (caller: free) that the broker answers with: nothing about
 * it is known to be true. question->make is handed the hash that the Evidence is to be over, 64
 * octets of SHA-512; with any other hash the Evidence would be over 32 or 48 octets and zeros, as
 * that of a handshake is, and none is made. Evidence leaves once.
 */
ATLS_NODISCARD enum atls_err verifier_kbs_exchange(char **out, const struct verifier_line *line,
                                                   const struct verifier_question *question,
                                                   struct atls_diag *diag);

#endif
