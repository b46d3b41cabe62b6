/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Appraisal without a connection: Evidence from a file, a queue or another protocol, judged against
 * the endorsements and the policy of a context, as a handshake would.
 *
 *     atls_context_new(&atls, &diag);
 *     atls_context_require(atls, "psa", &diag);                     // what it must be
 *     atls_context_load_endorsements(atls, "fleet.corim", &diag);   // what is trusted
 *     atls_context_appraise(atls, &verdict, evidence, nonce, &diag);
 */
#ifndef ATLS_VERIFIER_H
#define ATLS_VERIFIER_H

#include "atls/context.h"
#include "atls/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * atls_context_appraise appraises one piece of Evidence and decides by the policy. Identity, key
 * and channel are not looked at, since there is no connection: what it accepts says that a machine
 * is right, and nothing about who sent it.
 *
 * The first call freezes the context, as atls_openssl_enable() does; make it in the thread that set
 * the context up. From then on any thread may call.
 *
 * @param context      with a requirement and endorsements
 * @param[out] out     overwritten, and always set: ACCEPTED, or REFUSED with the reason, then with
 *                     what was found if the Evidence is authentic. The caller owns it:
 *                     atls_verdict_cleanup()
 * @param evidence     a CMW, in CBOR or JSON, at most ATLS_MAX_CMW_LEN octets; borrowed
 * @param nonce        what the Evidence must hold as its nonce, 1 to ATLS_MAX_NONCE_LEN octets
 * @param[out] diag    why it was refused; may be NULL
 * @retval ATLS_OK            accepted
 * @retval ATLS_ERR_CONFIG    the context requires nothing, or has no endorsements
 * @retval ATLS_ERR_ARGUMENT  no nonce, or one that is too long
 * @return otherwise the refusal, of class ATLS_FAULT_POLICY: the codes of docs/appraisal.md
 */
ATLS_API ATLS_NODISCARD enum atls_err
atls_context_appraise(struct atls_context *context, struct atls_verdict *out,
                      struct atls_bytes evidence, struct atls_bytes nonce, struct atls_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
