/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCTI (the transport below tpm2-tss) whose every wait ends at a deadline.
 *
 * tpm2-tss hands a time-out down to its own TCTIs, but the one for swtpm ignores it and blocks in
 * connect(2) and recv(2); so "swtpm:" is served by our own sockets (tcti_swtpm.c), and every other
 * configuration by the TCTI loader behind a wrapper (tcti_loader.c). Both take an absolute deadline
 * instead of tpm2-tss's per-call one: a TPM that drips its answer octet by octet gains nothing.
 */
#ifndef ATTESTER_TPM2_TCTI_H
#define ATTESTER_TPM2_TCTI_H

#include "base/diag.h"

#include <stdbool.h>
#include <tss2/tss2_tcti.h>

/* What atls_tpm2 uses when nobody names a TPM: the kernel's resource manager. */
#define ATLS_TPM_DEFAULT_TCTI "device:/dev/tpmrm0"
/* Commands and responses are at most this long (TPM2_MAX_COMMAND_SIZE of every known TPM). */
#define ATLS_TPM_MAX_RESPONSE 4096
/* TPM 2.0 Library, Part 1, 18: tag, size, code. */
#define ATLS_TPM_HEADER_LEN 10

/* Why the transport failed, beyond the one code that tpm2-tss passes on. */
enum atls_tcti_trouble {
    ATLS_TCTI_FINE = 0,
    ATLS_TCTI_LATE,   /* the deadline passed */
    ATLS_TCTI_LOST,   /* closed by the other side, or another I/O error */
    ATLS_TCTI_GARBAGE /* what came is no response of a TPM 2.0 */
};

struct atls_tcti {
    TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: all that tpm2-tss sees */
    enum atls_tcti_trouble trouble;     /* sticky */
    int64_t deadline_ms;                /* set before each run of commands */
    bool shared;                        /* a resource manager keeps users of this TPM apart */
    int fd;                             /* swtpm */
    TSS2_TCTI_CONTEXT *inner;           /* loader */
    size_t response_len;                /* a response that was read and not yet fetched */
    uint8_t response[ATLS_TPM_MAX_RESPONSE];
};

/* atls_tcti_open connects before `deadline_ms`. Gives *out. */
ATLS_NODISCARD enum atls_err atls_tcti_open(struct atls_tcti **out, const char *conf,
                                            int64_t deadline_ms, struct atls_diag *diag);
/* atls_tcti_close hangs up and frees; NULL is fine. */
void atls_tcti_close(struct atls_tcti *tcti);

/* atls_tcti_context is what Esys_Initialize takes. */
static inline TSS2_TCTI_CONTEXT *atls_tcti_context(struct atls_tcti *tcti)
{
    return (TSS2_TCTI_CONTEXT *)&tcti->common;
}

/* For the two implementations. */
enum atls_err atls_tcti_swtpm_open(struct atls_tcti *tcti, const char *arguments,
                                   struct atls_diag *diag);
void atls_tcti_swtpm_close(struct atls_tcti *tcti);
enum atls_err atls_tcti_loader_open(struct atls_tcti *tcti, const char *conf,
                                    struct atls_diag *diag);
void atls_tcti_loader_close(struct atls_tcti *tcti);
/* atls_tcti_wait waits for `events` of poll(2) on `fd`; false and `trouble` set when none came. */
bool atls_tcti_wait(struct atls_tcti *tcti, int fd, short events);
/* atls_tcti_fail sets `trouble`, unless it is set, and gives the code for tpm2-tss. */
TSS2_RC atls_tcti_fail(struct atls_tcti *tcti, enum atls_tcti_trouble trouble);
/* atls_tcti_give hands the response in tcti->response to tpm2-tss. */
TSS2_RC atls_tcti_give(struct atls_tcti *tcti, size_t *size, uint8_t *response);
/*
 * atls_tcti_plausible looks at the header of a whole response, before tpm2-tss does. A code of more
 * than 12 bits could pose as one of tpm2-tss's own layers, some of which mean "ask again", for
 * ever; only a resource manager may add its layer.
 */
bool atls_tcti_plausible(const struct atls_tcti *tcti, struct atls_bytes response);

#endif
