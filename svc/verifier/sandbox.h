/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gives away before it takes work: an appraiser or the signer keeps one connection,
 * its memory and the clock. No other descriptor is open, none can be opened, no program can be
 * started and no memory can be made executable; any other system call ends the process.
 */
#ifndef SVC_VERIFIER_SANDBOX_H
#define SVC_VERIFIER_SANDBOX_H

#include "base/diag.h"

struct verifier_sandbox {
    int keep_fd;       /* the one connection */
    size_t max_memory; /* octets of address space beyond what there is; 0: no bound */
};

/* verifier_sandbox_enter must come before any thread. Errors: STATE. */
ATLS_NODISCARD enum atls_err verifier_sandbox_enter(const struct verifier_sandbox *sandbox,
                                                    struct atls_diag *diag);

/* verifier_sandbox_name says what is in force: "seccomp", or why it is not, for the log. A build
 * with a sanitizer goes without the filter, since sanitizers make system calls of their own. */
const char *verifier_sandbox_name(void);

/* verifier_close_but closes every descriptor but standard error and the `num` that are given. */
void verifier_close_but(const int *keep, size_t num);

#endif
