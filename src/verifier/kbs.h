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
 * it is known to be true. question->make_hashed is handed the broker's nonce, 8 to 64 octets in
 * base64, and the hash that it selected of those that were offered: SHA-384, as that is what the
 * broker takes where it says nothing, or SHA-512. What is hashed the attester makes itself.
 * Evidence leaves once.
 */
ATLS_NODISCARD enum atls_err verifier_kbs_exchange(char **out, const struct verifier_line *line,
                                                   const struct verifier_question *question,
                                                   struct atls_diag *diag);

#endif
