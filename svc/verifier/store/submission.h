/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SUBMISSION_H
#define STORE_SUBMISSION_H

#include "store/backend.h"

/* store_submission_end moves a submission that is being processed to its end. */
ATLS_NODISCARD enum atls_err store_submission_end(struct store_transaction *transaction,
                                                  const char *id,
                                                  enum verifier_submission_status status,
                                                  const char *reason, struct atls_diag *diag);

#endif
