/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence on its way to a Result. What waits at the same time goes together: one look at the
 * store, one frame to an appraiser and one to the signer, one write (batch.h).
 *
 *   generation -> EVALUATE -> [documents, collateral -> EVALUATE] -> SIGN -> settle -> record
 *                                                         |
 *                                                         +-- no answer in time: held in the store
 *
 * Nothing is in the store before a Result is, unless the signer is slow: then the session is
 * created and claimed there, with its Evidence, so that another node goes on when this one dies.
 */
#ifndef SVC_VERIFIER_TASK_H
#define SVC_VERIFIER_TASK_H

#include "svc/verifier/handout.h"
#include "svc/verifier/message.h"
#include "svc/verifier/session_id.h"
#include "svc/verifier/store/store.h"

struct verifier_service;
struct verifier_asked;
struct verifier_task_fetch;

/* The form of a Result, as the store keeps it with a session that is held; 0: not said. */
enum verifier_held_form { VERIFIER_FORM_JWT = 1, VERIFIER_FORM_CWT = 2 };

struct verifier_task {
    /* in */
    const char *content_type;
    struct atls_bytes body;
    bool only_identify; /* there is no such session, but what is sent is looked at first */
    struct verifier_session_id id;
    bool cwt;         /* the form of the Result */
    const char *peer; /* for the verdict record; may be NULL */
    /* How long it may wait for servers of collateral, by CLOCK_MONOTONIC; 0: not at all. */
    int64_t fetch_until_ms;
    /* The claim on a session that is in the store; `is_held` says that it is there. */
    bool is_held;
    struct verifier_claim claim;
    /* out; spans borrow the batch */
    enum atls_err err; /* what broke, with `why`; else OK */
    struct atls_diag why;
    bool is_parked; /* nothing broke: it has to wait for a server, and might not */
    struct verifier_report report;
    struct atls_bytes result; /* JWT or CWT; empty when it was not made */
    /* of the batch alone */
    struct verifier_asked *asked;      /* with documents, owned; NULL: without */
    struct verifier_task_fetch *fetch; /* collateral (task_fetch.h), owned; NULL: none yet */
};

/* Up to VERIFIER_MAX_BATCH of them; all zero is an empty batch. */
struct verifier_task_batch {
    struct verifier_service *service;
    struct verifier_task *tasks[VERIFIER_MAX_BATCH];
    size_t num;
    uint64_t generation;                                /* of the index */
    const struct verifier_handed *revoked, *collateral; /* held until the end; NULL: none */
    bool tells_revoked, tells_collateral;               /* an appraiser did not have it */
    int64_t now_s;
    struct verifier_packer packer;
    struct verifier_frame *frames; /* what the tasks borrow, owned */
    size_t num_frames, cap_frames;
};

/* verifier_tasks_run does all of it; afterwards each task has an error, or what its report says. */
void verifier_tasks_run(struct verifier_task_batch *batch);
/* verifier_tasks_sign is the second half: those that were appraised, signed and published. */
void verifier_tasks_sign(struct verifier_task_batch *batch);
/* verifier_tasks_record writes the verdicts to the log. */
void verifier_tasks_record(struct verifier_task_batch *batch, uint64_t microseconds);
/* verifier_tasks_keep makes a frame the batch's. Errors: MEMORY. */
ATLS_NODISCARD enum atls_err verifier_tasks_keep(struct verifier_task_batch *batch,
                                                 const struct verifier_frame *frame);
void verifier_tasks_cleanup(struct verifier_task_batch *batch);

/* verifier_task_fail gives the task its error. */
void verifier_task_fail(struct verifier_task *task, enum atls_err err, const struct atls_diag *why);
bool verifier_task_is_appraised(const struct verifier_task *task);

#endif
