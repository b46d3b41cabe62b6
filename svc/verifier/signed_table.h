/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions for which a Result was signed, each until it has ended: one Result a session. */
#ifndef SVC_VERIFIER_SIGNED_TABLE_H
#define SVC_VERIFIER_SIGNED_TABLE_H

#include "svc/verifier/ticket.h"

struct verifier_signed_table;

/* verifier_signed_table_new makes room for `max` sessions at a time; NULL without memory. */
struct verifier_signed_table *verifier_signed_table_new(size_t max);
void verifier_signed_table_free(struct verifier_signed_table *table);

/* verifier_signed_table_add notes a session. Errors: CONFLICT (it is there already), BUSY (full of
 * sessions that have not ended at `now_s`). */
ATLS_NODISCARD enum atls_err verifier_signed_table_add(struct verifier_signed_table *table,
                                                       const struct verifier_ticket *ticket,
                                                       int64_t now_s, struct atls_diag *diag);
size_t verifier_signed_table_count(const struct verifier_signed_table *table);

#endif
