/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that a Result speaks for: the TLS key of the peer, in each of the forms that
 * there are: akpub (key attestation), cnf with a COSE_Key or its thumbprint (ckt, RFC 9679), cnf
 * with a JWK or its thumbprint (jkt, RFC 7638), and, in a Result of Trustee's profile, the JWK
 * "tee-pubkey" of what its Verifier found the hash of in the Evidence.
 */
#ifndef JSON_EAR_KEY_H
#define JSON_EAR_KEY_H

#include "base/crypto_ops.h"
#include "result/ear.h"

/* atls_ear_check_key demands that the Result names a key, and that each time it does it is that of
 * `spki`, the DER SubjectPublicKeyInfo of the peer. KEY_BINDING otherwise. */
ATLS_NODISCARD enum atls_err atls_ear_check_key(const struct atls_ear *ear,
                                                const struct atls_crypto_ops *crypto,
                                                struct atls_bytes spki, struct atls_diag *diag);

/* atls_ear_names_runtime_key is true for a submod of a Result of Trustee's that has a "tee-pubkey",
 * whatever that is: atls_ear_check_key compares it. */
bool atls_ear_names_runtime_key(const struct atls_ear *ear, const struct atls_ear_submod *submod);

/* atls_cose_key_thumbprint gives the SHA-256 thumbprint of RFC 9679. */
ATLS_NODISCARD enum atls_err atls_cose_key_thumbprint(struct atls_digest *out,
                                                      const struct atls_crypto_ops *crypto,
                                                      const struct atls_key *key,
                                                      struct atls_diag *diag);
#endif
