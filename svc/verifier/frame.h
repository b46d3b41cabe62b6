/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the processes of the Verifier talk: frames over a stream socket that was there before the
 * fork. No pointer and no descriptor is in a frame; its length meets a bound before it is used.
 *
 *     version (1 octet)   type (1)   zero (2)   length (4, big-endian)   payload
 *
 * A process that breaks the format, or goes away in the middle, is an error of the connection: who
 * reads closes it. Nothing is skipped in search of the next frame.
 */
#ifndef SVC_VERIFIER_FRAME_H
#define SVC_VERIFIER_FRAME_H

#include "base/diag.h"

enum {
    VERIFIER_FRAME_VERSION = 1,
    VERIFIER_FRAME_HEADER_LEN = 8,
    VERIFIER_MAX_FRAME_LEN = 24 << 20 /* a job with the endorsements that match it */
};

/* A frame that was received; all zero is none. */
struct verifier_frame {
    uint8_t type;
    uint8_t *payload; /* owned */
    size_t len;
};

/* verifier_frame_header_parse reads the first 8 octets. Errors: MALFORMED, also for a length above
 * `max`. */
ATLS_NODISCARD enum atls_err verifier_frame_header_parse(uint8_t *out_type, size_t *out_len,
                                                         struct atls_bytes header, size_t max,
                                                         struct atls_diag *diag);

/*
 * Both wait until the frame is through or `deadline_ms` of CLOCK_MONOTONIC has come; with -1 they
 * wait without end and without poll(), which is all that a sandboxed process may do. The descriptor
 * may be blocking (only with -1) or not.
 * Errors: CONNECTION (the other side is gone), DEADLINE, MALFORMED, MEMORY.
 */
ATLS_NODISCARD enum atls_err verifier_frame_send(int fd, uint8_t type, struct atls_bytes payload,
                                                 int64_t deadline_ms, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err verifier_frame_receive(int fd, struct verifier_frame *out, size_t max,
                                                    int64_t deadline_ms, struct atls_diag *diag);
/* verifier_frame_wait is true when something can be received, or the other side is gone; false when
 * `deadline_ms` has come. */
ATLS_NODISCARD bool verifier_frame_wait(int fd, int64_t deadline_ms);
/* verifier_frame_cleanup wipes and frees the payload. */
void verifier_frame_cleanup(struct verifier_frame *frame);

int64_t verifier_now_ms(void); /* CLOCK_MONOTONIC */

#endif
