/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_SET_H
#define ENDORSEMENT_SET_H

#include "endorsement/batch.h"
#include "endorsement/signer.h"

/* atls_endorsements_add_batch adds a whole batch or nothing. The caller cleans the batch up. */
ATLS_NODISCARD enum atls_err atls_endorsements_add_batch(struct atls_endorsements *set,
                                                         struct atls_batch *batch,
                                                         struct atls_diag *diag);
/* atls_endorsements_signers gives those whose signatures count. */
const struct atls_signers *atls_endorsements_signers(const struct atls_endorsements *set);
/* atls_endorsements_all gives what the set holds. */
const struct atls_batch *atls_endorsements_all(const struct atls_endorsements *set);
#endif
