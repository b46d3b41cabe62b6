/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral for a task, from the front's depot (collateral/depot.h). What is in memory or on disk
 * costs no wait. Where a server would have to be asked, a task that may not wait is parked: it is
 * done again, from its beginning, by the few threads that wait for servers (work.h), and no other
 * request waits with it.
 */
#ifndef SVC_VERIFIER_TASK_FETCH_H
#define SVC_VERIFIER_TASK_FETCH_H

#include "svc/verifier/task.h"

/* verifier_task_fetch answers NEEDS_FETCHED: the next EVALUATE brings what is wanted, or says that
 * nothing more comes, or the task is parked. */
void verifier_task_fetch(struct verifier_task_batch *batch, struct verifier_task *task);
/* verifier_task_fetch_say writes what EVALUATE says of it. */
void verifier_task_fetch_say(struct verifier_evaluate *out, const struct verifier_task_batch *batch,
                             const struct verifier_task *task);
/* verifier_task_fetch_len gives the octets that EVALUATE brings. */
size_t verifier_task_fetch_len(const struct verifier_task *task);
/* verifier_task_fetch_end tells the depot how it went. Where Evidence was refused, and a server
 * that might have helped could not be asked, that is the task's error: COLLATERAL_SERVER. */
void verifier_task_fetch_end(struct verifier_task_batch *batch, struct verifier_task *task);

#endif
