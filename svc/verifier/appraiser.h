/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An appraiser: a process that reads what strangers sent (Evidence, endorsements) and has nothing
 * else: no socket but the one to the front, no file, no key. It lives for many jobs, since what it
 * learnt of endorsements is worth keeping; it ends after `max_jobs`, and when it breaks it takes
 * the one job with it that it had.
 */
#ifndef SVC_VERIFIER_APPRAISER_H
#define SVC_VERIFIER_APPRAISER_H

#include "base/diag.h"

struct verifier_appraiser_config {
    const struct atls_bytes *signers; /* PEM of those whose endorsements count; none: unsigned */
    size_t num_signers;
    uint32_t max_jobs;
    size_t max_memory; /* octets; 0: no bound */
};

/* verifier_appraiser_run serves `fd` until the other side closes it, or max_jobs are done; gives
 * the exit status. */
int verifier_appraiser_run(int fd, const struct verifier_appraiser_config *config);

#endif
