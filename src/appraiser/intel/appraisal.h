/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisal of a quote, in the one order that its types allow; TDX and SGX say what differs. */
#ifndef APPRAISER_INTEL_APPRAISAL_H
#define APPRAISER_INTEL_APPRAISAL_H

#include "appraiser/claims_text.h"
#include "appraiser/intel/rules.h"

struct atls_additions;

/* What differs. */
struct atls_quote_kind {
    const char *format;
    enum atls_tee tee;
    const char *model;
    const struct atls_appraiser_rule *rules;
    /* judge lowers by what only this kind of Evidence has. */
    void (*judge)(struct atls_submod *submod, const struct atls_quote_body *body,
                  const struct atls_quote_references *references);
    /* The measurement that says which code runs, and all of them, for the policy. */
    void (*measurements)(struct atls_submod *submod, const struct atls_quote_body *body);
    /* put_claims writes the verified claims of the body. */
    void (*put_claims)(struct atls_claims_text *text, const struct atls_quote_body *body);
};

/* atls_quote_appraise fills a submod; `brought` is collateral that came with the Evidence, or NULL.
 * `quote` is what the Evidence holds. */
ATLS_NODISCARD enum atls_err
atls_quote_appraise(struct atls_submod *out, const struct atls_quote_kind *kind,
                    struct atls_bytes quote, const struct atls_collateral *brought,
                    const struct atls_appraisal_input *input, struct atls_diag *diag);
/* atls_quote_read_unverified is for a quote whose signatures a remote Verifier checks. */
ATLS_NODISCARD enum atls_err atls_quote_read_unverified(struct atls_submod *out,
                                                        const struct atls_quote_kind *kind,
                                                        struct atls_bytes quote,
                                                        const struct atls_appraisal_input *input,
                                                        struct atls_diag *diag);

/* unverified.c: the claims of a body that nobody verified, for tools; JSON that the caller frees.
 */
ATLS_NODISCARD enum atls_err atls_quote_body_json(char **out, const struct atls_quote_kind *kind,
                                                  const struct atls_quote_parsed *parsed,
                                                  struct atls_diag *diag);

/* claims_json.c: verified claims, what Intel says of the platform among them. */
ATLS_NODISCARD enum atls_err atls_quote_claims_json(char **out, const struct atls_quote_kind *kind,
                                                    const struct atls_quote_facts *facts,
                                                    const struct atls_quote_measured *measured,
                                                    const struct atls_additions *endorsed,
                                                    struct atls_diag *diag);

#endif
