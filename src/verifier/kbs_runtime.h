/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Evidence for Trustee's key broker is over: a hash of JSON with the broker's nonce and a key
 * of ours (confidential-containers/trustee, kbs/docs/kbs_attestation_protocol.md). The octets that
 * are hashed are made here, of our own TLS key; of the broker's in them is its nonce, a text
 * between members with names. So a nonce of its choice is no Evidence of its choice.
 */
#ifndef VERIFIER_KBS_RUNTIME_H
#define VERIFIER_KBS_RUNTIME_H

#include "base/diag.h"

#include <jansson.h>

/* verifier_kbs_key gives "tee-pubkey" (caller: json_decref) for a TLS key: EC on P-256, or RSA. KEY
 * for others, which the broker has no name for. */
ATLS_NODISCARD enum atls_err verifier_kbs_key(json_t **out, struct atls_bytes tls_spki,
                                              struct atls_diag *diag);

/*
 * verifier_kbs_material gives what is hashed (caller: free): {"additional-evidence":"",
 * "nonce":nonce,"tee-pubkey":key} in canonical form (RFC 8785), which for text of printable ASCII
 * without quotes and backslashes is sorted JSON without blanks. NULL without memory. The message
 * itself lacks the first member.
 */
char *verifier_kbs_material(const char *nonce, const json_t *key);

#endif
