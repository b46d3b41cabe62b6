/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What endorsers add to accepted claims (endorsement/apply.h), and what it is worth here: it goes
 * into the verified claims, and it may only make a verdict worse. An endorser cannot turn what
 * Evidence says into something better.
 */
#ifndef APPRAISER_ENDORSED_H
#define APPRAISER_ENDORSED_H

#include "appraiser/appraiser.h"
#include "appraiser/claims_text.h"
#include "endorsement/apply.h"

/* atls_endorsed_wanted is false where no loaded file adds anything to any claim. */
bool atls_endorsed_wanted(const struct atls_appraisal_input *input);

/* atls_endorsed_new gives what is added to `claims`, which the caller frees with free(); *out is
 * NULL when it is nothing. */
ATLS_NODISCARD enum atls_err atls_endorsed_new(struct atls_additions **out,
                                               const struct atls_appraisal_input *input,
                                               const char *format, const struct atls_claims *claims,
                                               struct atls_diag *diag);
void atls_endorsed_cleanup(struct atls_additions **additions);

/* atls_endorsed_judge lowers configuration where an endorser says that what was measured is open
 * for debugging, or not secure. `additions` may be NULL. */
void atls_endorsed_judge(struct atls_submod *submod, const struct atls_additions *additions);
/* atls_endorsed_put writes the member "endorsed" of verified claims; nothing for NULL. */
void atls_endorsed_put(struct atls_claims_text *text, const struct atls_additions *additions);

#endif
