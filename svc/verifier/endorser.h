/* SPDX-License-Identifier: Apache-2.0 */
/* Who speaks in a signed CoRIM: a name that another signer cannot have. Runs in an
 * appraiser.
 */
#ifndef SVC_VERIFIER_ENDORSER_H
#define SVC_VERIFIER_ENDORSER_H

#include "endorsement/signer.h"
#include "svc/verifier/match.h"

/*
 * verifier_endorser_name writes it, NUL-terminated: of a key of --endorsement-key the hash, and of
 * a certificate that one of them issued its subject and the hash of the issuer that was given, so
 * that it stays when the certificate is renewed. Errors: ENDORSEMENT_SIGNATURE (none of them signed
 * it), BUFFER, CRYPTO.
 */
ATLS_NODISCARD enum atls_err verifier_endorser_name(char out[VERIFIER_MAX_SIGNED_BY_LEN + 1],
                                                    struct atls_bytes corim,
                                                    const struct atls_signers *signers,
                                                    int64_t now_s, struct atls_diag *diag);

#endif
