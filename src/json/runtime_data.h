/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Evidence for Trustee's key broker is over: a hash of JSON with the broker's nonce and a key
 * of ours (confidential-containers/trustee, kbs/docs/kbs_attestation_protocol.md). Who attests
 * makes the octets that are hashed, of our own TLS key; of the broker's in them is its nonce, a
 * text between members with names. So a nonce of its choice is no Evidence of its choice.
 */
#ifndef JSON_RUNTIME_DATA_H
#define JSON_RUNTIME_DATA_H

#include "base/crypto_ops.h"
#include "base/diag.h"

#include <jansson.h>

/* atls_runtime_data_key gives "tee-pubkey" (caller: json_decref) for a TLS key: EC on P-256, or
 * RSA. KEY for others, which the broker has no name for. */
ATLS_NODISCARD enum atls_err atls_runtime_data_key(json_t **out, struct atls_bytes tls_spki,
                                                   struct atls_diag *diag);

/*
 * atls_runtime_data_text gives what is hashed (caller: free): {"additional-evidence":"",
 * "nonce":nonce,"tee-pubkey":key} in canonical form (RFC 8785), which for text of printable ASCII
 * without quotes and backslashes is sorted JSON without blanks. NULL without memory. The message
 * itself lacks the first member.
 */
char *atls_runtime_data_text(const char *nonce, const json_t *key);

/*
 * atls_runtime_data_hash gives the hash of that text: SHA-384 or SHA-512. Errors: NONCE_LENGTH for
 * a nonce that is not 8 to 64 octets in base64, of either alphabet, so that the text is what is
 * said above; ALGORITHM; KEY; MEMORY.
 */
ATLS_NODISCARD enum atls_err atls_runtime_data_hash(struct atls_digest *out,
                                                    const struct atls_crypto_ops *crypto,
                                                    int32_t hash_alg, const char *nonce,
                                                    struct atls_bytes tls_spki,
                                                    struct atls_diag *diag);

#endif
