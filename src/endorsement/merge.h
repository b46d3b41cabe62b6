/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_MERGE_H
#define ENDORSEMENT_MERGE_H

#include "endorsement/batch.h"

/*
 * atls_batch_merge moves everything of `more` into the sorted batch `set`, in order, but for files
 * that another file of the same id supersedes (rank.h); the same file twice changes nothing. One
 * instance with two keys is refused. On failure `set` is as it was; `more` is good for cleanup in
 * either case.
 */
ATLS_NODISCARD enum atls_err atls_batch_merge(struct atls_batch *set, struct atls_batch *more,
                                              struct atls_diag *diag);
#endif
