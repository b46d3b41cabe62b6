/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several files counts (R-47: no rollback). Files with one CoRIM id are versions of one
 * another; the version of a file is the highest tag-version of its CoMIDs (an absent one is 0).
 */
#ifndef ENDORSEMENT_RANK_H
#define ENDORSEMENT_RANK_H

#include "endorsement/batch.h"

/*
 * atls_rank_files looks at the files of both lists, the second of which comes later. Of each id the
 * highest version counts, and of the same file twice the first. Two files of one id and version
 * that differ are refused: which of them is right cannot be told. All marks are made anew, so a
 * merge that fails later leaves none behind that counts.
 */
ATLS_NODISCARD enum atls_err atls_rank_files(struct atls_corim_source *set,
                                             struct atls_corim_source *more,
                                             struct atls_diag *diag);

/* atls_rank_drops is true when the last atls_rank_files left this file out. */
static inline bool atls_rank_drops(const struct atls_corim_source *file)
{
    return file->superseded;
}

#endif
