/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results that were signed and that the store did not take. A session is signed once, so without
 * these nobody could complete it any more: they wait here until the store is back, or until they
 * have ended. Nothing of them was acknowledged, so the end of the process may take them.
 */
#ifndef SVC_VERIFIER_UNSETTLED_H
#define SVC_VERIFIER_UNSETTLED_H

#include "svc/verifier/store/store.h"

enum { VERIFIER_MAX_UNSETTLED = 1024, VERIFIER_MAX_UNSETTLED_OCTETS = 32 << 20 };

struct verifier_unsettled;

struct verifier_unsettled *verifier_unsettled_new(void); /* NULL without memory */
void verifier_unsettled_free(struct verifier_unsettled *unsettled);

/* verifier_unsettled_keep copies one; beyond the bounds, and without memory, it is lost. Any thread
 * may call. */
void verifier_unsettled_keep(struct verifier_unsettled *unsettled,
                             const struct verifier_settled *settled);
/* verifier_unsettled_has is true for the id of a session that waits here. */
bool verifier_unsettled_has(struct verifier_unsettled *unsettled, const char *id);
/* verifier_unsettled_settle tries the store once more, and forgets what it takes, what it has
 * another Result for, and what has ended. One thread calls. */
void verifier_unsettled_settle(struct verifier_unsettled *unsettled, struct verifier_store *store,
                               int64_t now_ms);

#endif
