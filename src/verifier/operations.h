/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who appraises for a context: this process, or a Verifier that is asked over the network. One
 * table of operations each; every entry is required, and there is no third that accepts by itself.
 */
#ifndef VERIFIER_OPERATIONS_H
#define VERIFIER_OPERATIONS_H

#include "verifier/verifier.h"

/* struct atls_verifier is what one table works on; each defines its own. */
struct atls_verifier;

/* How long an appraisal may take, and whether anybody still waits for it. */
struct atls_verifier_wait {
    int64_t deadline_ms; /* by atls_verifier_clock_ms */
    bool (*is_cancelled)(const void *arg);
    const void *arg;
};

#define ATLS_VERIFIER_ABI 1u

struct atls_verifier_ops {
    uint32_t abi;  /* ATLS_VERIFIER_ABI */
    uint32_t size; /* sizeof(struct atls_verifier_ops) */
    bool waits;    /* for a network: never in place, never on a fiber */
    /* identity is what a verdict calls it. */
    const char *(*identity)(const struct atls_verifier *verifier);
    /* appraise is atls_verify; errors besides are those of a Result and VERIFIER_... */
    enum atls_err (*appraise)(struct atls_verifier *verifier, struct atls_appraisal *out,
                              const struct atls_verify_request *request,
                              const struct atls_verifier_wait *wait, struct atls_diag *diag);
    void (*close)(struct atls_verifier *verifier);
};

/* The Verifier of this process has no state: its struct atls_verifier is NULL. */
extern const struct atls_verifier_ops atls_verifier_in_process;
/* What remote.h makes. */
extern const struct atls_verifier_ops atls_verifier_remote;

/* atls_verifier_clock_ms gives CLOCK_MONOTONIC in milliseconds. */
int64_t atls_verifier_clock_ms(void);

#endif
