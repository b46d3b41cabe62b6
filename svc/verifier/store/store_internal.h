/* SPDX-License-Identifier: Apache-2.0 */
/* A store as its calls see it: a back end, and what the bound on sessions needs. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "store/backend.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * How many sessions there are is not counted at each creation, for that would cost as much as there
 * are. It is counted once a second, and in between this node keeps book of what it made and
 * removed. It errs towards too many, so one node alone never goes beyond the bound.
 */
struct store_bound {
    pthread_mutex_t lock;
    uint64_t max;
    uint64_t known;   /* rows of the last count, with ours made and removed since */
    uint64_t pending; /* being made */
    uint64_t made;    /* while a count runs */
    bool is_counting;
    bool is_counted;
    int64_t counted_ms; /* monotonic */
};

struct verifier_store {
    const struct verifier_store_ops *ops;
    void *backend;
    uint32_t max_endorsements, max_submissions;
    struct store_bound bound;
    atomic_bool writes_fail; /* one did, and no trial has gone well since */
};

/* store_bound_enter takes places for `num` sessions, or gives BUSY; leave says how many were made.
 */
ATLS_NODISCARD enum atls_err store_bound_enter(struct verifier_store *store, uint64_t num,
                                               struct atls_diag *diag);
void store_bound_leave(struct store_bound *bound, uint64_t num, uint64_t made);
void store_bound_removed(struct store_bound *bound, uint64_t number);

static inline enum atls_err store_transact(struct verifier_store *store, enum store_access access,
                                           store_work *work, void *arg, struct atls_diag *diag)
{
    const enum atls_err err = store->ops->transact(store->backend, access, work, arg, diag);
    if (access != STORE_READ && err == ATLS_ERR_STORE) {
        store->writes_fail = true;
    }
    return err;
}

#endif
