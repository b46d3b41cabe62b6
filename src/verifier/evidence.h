/* SPDX-License-Identifier: Apache-2.0 */
/* What appraisal in this process and by a remote Verifier have in common; for this room only. */
#ifndef VERIFIER_EVIDENCE_H
#define VERIFIER_EVIDENCE_H

#include "verifier/verifier.h"

/* Evidence whose label was looked at, and nothing else of it. */
struct verifier_evidence {
    struct atls_cmw cmw;
    uint8_t *storage; /* owned: what the spans borrow, where that is not the request's; or NULL */
    const struct atls_format *format;
    const struct atls_appraiser_ops *ops;
};

/* verifier_evidence_open: the caller frees out->storage. Errors as atls_verify has them. */
ATLS_NODISCARD enum atls_err verifier_evidence_open(struct verifier_evidence *out,
                                                    const struct atls_verify_request *request,
                                                    struct atls_diag *diag);
struct atls_appraisal_input verifier_evidence_input(const struct verifier_evidence *evidence,
                                                    const struct atls_verify_request *request);
/* verifier_appraise_fetching runs the appraiser, and again with what it found missing, where the
 * request says where that can be fetched. COLLATERAL_SERVER where it could not be. */
ATLS_NODISCARD enum atls_err verifier_appraise_fetching(struct atls_submod *out,
                                                        const struct verifier_evidence *evidence,
                                                        struct atls_appraisal_input *input,
                                                        const struct atls_verify_request *request,
                                                        struct atls_diag *diag);
/* verifier_apply_revocations makes what is revoked contraindicated. */
void verifier_apply_revocations(struct atls_submod *submod,
                                const struct atls_verify_request *request);

#endif
