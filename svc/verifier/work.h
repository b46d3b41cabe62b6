/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that work on requests. Those of one kind that wait together are taken together, up to
 * a batch; so the more there is to do, the less each costs. Of a kind only so many batches are
 * worked on at once: newSession has one signer, Evidence as many as there are appraisers, and two
 * in any case, for one is signed and stored while the other is appraised. More would only be
 * smaller. What comes by itself always finds a thread. What waits for servers of collateral has
 * threads and a queue of its own, and takes neither from the others. Both are shared out: a source
 * has at most as many places, and as many threads, as it leaves for all others.
 */
#ifndef SVC_VERIFIER_WORK_H
#define SVC_VERIFIER_WORK_H

#include "svc/verifier/service.h"

#include "rate.h"

struct verifier_work;

/* A request in a queue; the owner has it within a struct of its own. */
struct verifier_job {
    enum verifier_kind kind;
    struct cli_source source; /* of one that waits for servers */
    struct verifier_job *next;
};

struct verifier_work_config {
    unsigned appraisers;
    unsigned threads;  /* for what comes by itself */
    unsigned fetchers; /* for what waits for servers */
    /* Called by the threads, with up to VERIFIER_MAX_BATCH jobs of one kind. */
    void (*run)(void *arg, struct verifier_job **jobs, size_t num);
    void *arg;
};

/* verifier_work_new starts the threads; NULL without memory or threads. */
struct verifier_work *verifier_work_new(const struct verifier_work_config *config);
/* verifier_work_stop takes no more, and waits until all that was put in is done. */
void verifier_work_stop(struct verifier_work *work);
/* verifier_work_free is for after that. */
void verifier_work_free(struct verifier_work *work);

enum verifier_put {
    VERIFIER_PUT,
    VERIFIER_PUT_FULL,   /* as many wait as may, or it has stopped */
    VERIFIER_PUT_GREEDY, /* its source has its share */
};
/* verifier_work_put wakes nobody before verifier_work_wake: the one who puts in may have more of
 * them in its hands. */
ATLS_NODISCARD enum verifier_put verifier_work_put(struct verifier_work *work,
                                                   struct verifier_job *job);
/* verifier_work_is_full: of some kind as many batches run as may, so that more of it would wait. */
bool verifier_work_is_full(struct verifier_work *work);
void verifier_work_wake(struct verifier_work *work);

#endif
