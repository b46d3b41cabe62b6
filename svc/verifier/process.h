/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of `atls verifier` and who starts them:
 *
 *   supervisor ---- front       HTTP, TLS, sessions, store; restarted with new helpers if it dies
 *       |-- signer              private keys; one connection, to the front
 *       `-- appraiser (n)       Evidence, endorsements; one connection each, to the front
 *
 * The supervisor has one thread and reads nothing that comes from outside. Children are forked from
 * it and from nobody else. When an appraiser or the signer ends, it starts another and hands the
 * front the new connection. What the front may ask of it is one octet: end the helper in this slot.
 */
#ifndef SVC_VERIFIER_PROCESS_H
#define SVC_VERIFIER_PROCESS_H

#include "base/diag.h"

#include <sys/types.h>

enum {
    VERIFIER_SIGNER_SLOT = 0, /* appraisers are 1 to n */
    VERIFIER_MAX_APPRAISERS = 64,
    VERIFIER_MAX_SLOTS = VERIFIER_MAX_APPRAISERS + 1
};

/* What the supervisor starts; each runs in a child and gives its exit status. */
struct verifier_programs {
    void *arg;
    int (*run_signer)(int fd, void *arg);
    int (*run_appraiser)(int fd, void *arg);
    /* `control_fd` brings a connection for each slot, at first and whenever one was replaced. */
    int (*run_front)(int control_fd, void *arg);
    void (*on_event)(void *arg, const char *event, const char *process, pid_t pid, int status);
    size_t num_appraisers;
};

/* verifier_supervise runs until the front ends by itself, and gives its status; SIGTERM and SIGINT
 * are passed on to the front, SIGHUP too. Call it without threads. */
int verifier_supervise(const struct verifier_programs *programs);

/* One message on the control connection: which slot, whose process, over which descriptor. */
struct verifier_replacement {
    uint8_t slot;
    int32_t pid;
    int fd;
};
/* verifier_control_receive waits for the next; false when the supervisor is gone. */
ATLS_NODISCARD bool verifier_control_receive(int control_fd, struct verifier_replacement *out);
/* verifier_control_send is the supervisor's side; it does not close the descriptor. */
ATLS_NODISCARD bool verifier_control_send(int control_fd,
                                          const struct verifier_replacement *replacement);
/* verifier_control_ready says that the service works: events are told from then on, those of its
 * start first. */
void verifier_control_ready(int control_fd);
/* verifier_control_end asks for the end of the helper `pid` in a slot. */
void verifier_control_end(int control_fd, uint8_t slot, int32_t pid);

#endif
