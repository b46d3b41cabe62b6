/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Attestation Service of Trustee as a Verifier, over its RESTful API: one question with the
 * Evidence, and a token (EAR, as JWT) as the answer.
 */
#ifndef VERIFIER_TRUSTEE_H
#define VERIFIER_TRUSTEE_H

#include "result/ear.h"
#include "verifier/exchange.h"

/* verifier_trustee_exchange is verifier_exchange for Trustee, with a nonce of ours. Evidence leaves
 * once. */
ATLS_NODISCARD enum atls_err verifier_trustee_exchange(char **out, const struct verifier_line *line,
                                                       const struct verifier_question *question,
                                                       struct atls_diag *diag);

/*
 * verifier_trustee_find gives the submod "cpu0", once its annotated evidence says that it is of the
 * kind of machine that was asked about, and over report_data that begin with `nonce` and go on with
 * zeros: nothing else in its token tells one exchange from another. RESULT, or FRESHNESS for
 * another nonce.
 */
ATLS_NODISCARD enum atls_err verifier_trustee_find(const struct atls_ear_submod **out,
                                                   const struct atls_ear *ear,
                                                   const struct atls_format *format,
                                                   struct atls_bytes nonce, struct atls_diag *diag);

#endif
