/* SPDX-License-Identifier: Apache-2.0 */
/* Members that TCB info and identities of enclaves have alike. No other files include this. */
#ifndef ENDORSEMENT_INTEL_READ_H
#define ENDORSEMENT_INTEL_READ_H

#include "endorsement/intel_tcb.h"
#include "json/json.h"

/* What one file owns: its JSON, in which the texts are, and blocks of memory in a list. */
struct atls_intel_store {
    json_t *root;
    struct atls_intel_block *blocks;
};
/* atls_intel_take gives zeroed memory for `num` things of `size`; NULL without memory. */
void *atls_intel_take(struct atls_intel_store *store, size_t num, size_t size);

/* atls_intel_octets reads exactly out.cap octets in hexadecimal, either case. */
ATLS_NODISCARD enum atls_err atls_intel_octets(struct atls_buf out, const json_t *object,
                                               const char *key, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_intel_u16(uint16_t *out, const json_t *object, const char *key,
                                            struct atls_diag *diag);
/* atls_intel_head reads issueDate, nextUpdate and tcbEvaluationDataNumber. */
ATLS_NODISCARD enum atls_err atls_intel_head(struct atls_intel_dates *dates, int64_t *evaluation,
                                             const json_t *object, struct atls_diag *diag);

/* What the levels of a list are of. */
enum atls_intel_list { ATLS_LIST_ISV_SVN, ATLS_LIST_SGX_2, ATLS_LIST_SGX_3, ATLS_LIST_TDX_3 };
/* atls_intel_levels_read reads "tcbLevels": at least one. */
ATLS_NODISCARD enum atls_err atls_intel_levels_read(struct atls_intel_levels *out,
                                                    struct atls_intel_store *store,
                                                    const json_t *object, enum atls_intel_list list,
                                                    struct atls_diag *diag);

ATLS_NODISCARD enum atls_err atls_intel_tcb_read(struct atls_intel_tcb_info *out,
                                                 struct atls_intel_store *store, const json_t *body,
                                                 struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_intel_identity_read(struct atls_intel_identity *out,
                                                      struct atls_intel_store *store,
                                                      const json_t *body, struct atls_diag *diag);

#endif
