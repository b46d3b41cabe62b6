/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front's side of the helpers: whoever has a job for an appraiser takes a free one, and gives
 * it back when the answer is there. A helper that does not answer in time, or not in the format, is
 * given up: the supervisor ends it and sends another. Any thread may call.
 */
#ifndef SVC_VERIFIER_CREW_H
#define SVC_VERIFIER_CREW_H

#include "svc/verifier/frame.h"
#include "svc/verifier/process.h"

struct verifier_crew;

struct verifier_crew_counts {
    uint64_t jobs;      /* of appraisers, answered */
    uint64_t lost;      /* jobs whose appraiser ended or did not answer */
    uint64_t recycled;  /* appraisers that had done all their jobs */
    uint64_t replaced;  /* connections to appraisers that came after the first */
    uint64_t available; /* appraisers that are there */
    uint64_t busy;      /* of these, with a job */
};

/* verifier_crew_new takes what comes over `control_fd` from then on, in a thread of its own. An
 * appraiser is let go after `max_jobs`. */
ATLS_NODISCARD enum atls_err verifier_crew_new(struct verifier_crew **out, int control_fd,
                                               size_t num_appraisers, uint32_t max_jobs,
                                               struct atls_diag *diag);
void verifier_crew_free(struct verifier_crew *crew);

/*
 * verifier_crew_appraiser has one appraiser do a job. A job that was not delivered goes to another;
 * one that was lost is not tried again, since it may be what ended the appraiser.
 * Errors: BUSY (none is free until the deadline), STATE (the appraiser ended with the job),
 * DEADLINE, MEMORY.
 */
ATLS_NODISCARD enum atls_err verifier_crew_appraiser(struct verifier_crew *crew, uint8_t type,
                                                     struct atls_bytes payload,
                                                     struct verifier_frame *out,
                                                     int64_t deadline_ms, struct atls_diag *diag);
/* verifier_crew_signer is the same for the signer, one request after the other. */
ATLS_NODISCARD enum atls_err verifier_crew_signer(struct verifier_crew *crew, uint8_t type,
                                                  struct atls_bytes payload,
                                                  struct verifier_frame *out, int64_t deadline_ms,
                                                  struct atls_diag *diag);

/* A batch (batch.h) of `num` jobs for one helper. */
struct verifier_crew_batch {
    struct atls_bytes payload;
    uint32_t num;
    int64_t deadline_ms; /* of the wait for a helper, and of the answer */
    int64_t job_ms;      /* from when a helper was found to its answer; 0: only the deadline */
    int64_t slow_ms;     /* after so long without an answer on_slow is called once; 0: never */
    void (*on_slow)(void *arg);
    void *arg;
};
/*
 * The same for batches. When several jobs are lost together it is not counted, since any of them
 * may have been the cause: each is to be tried again by itself.
 */
ATLS_NODISCARD enum atls_err verifier_crew_appraise(struct verifier_crew *crew,
                                                    const struct verifier_crew_batch *batch,
                                                    struct verifier_frame *out,
                                                    struct atls_diag *diag);
ATLS_NODISCARD enum atls_err verifier_crew_sign(struct verifier_crew *crew,
                                                const struct verifier_crew_batch *batch,
                                                struct verifier_frame *out, struct atls_diag *diag);

/* verifier_crew_ready tells the supervisor that the service works. */
void verifier_crew_ready(struct verifier_crew *crew);
void verifier_crew_count(struct verifier_crew *crew, struct verifier_crew_counts *out);

#endif
