/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several messages in one frame, so that what waits together is sent, and wakes somebody, once:
 *
 *     count (2 octets), and for each: type (1)   length (4)   payload
 *
 * The answer to a batch is a batch with an answer for each, in the same order.
 */
#ifndef SVC_VERIFIER_BATCH_H
#define SVC_VERIFIER_BATCH_H

#include "base/reader.h"
#include "base/writer.h"
#include "svc/verifier/frame.h"

enum {
    VERIFIER_BATCH = 240, /* the type of such a frame */
    VERIFIER_MAX_BATCH = 64,
    VERIFIER_BATCH_OCTETS = 128 << 10 /* beyond this none is added, so that no pipe runs full */
};

/* A batch that is written; all zero is an empty one. Once there is no memory it has failed. */
struct verifier_packer {
    uint8_t *data; /* owned */
    size_t len, cap;
    uint16_t num;
    bool failed;
};

typedef void verifier_put_function(struct atls_writer *w, const void *message);

/* verifier_pack adds a message: `put` runs twice, to count and to write. */
void verifier_pack(struct verifier_packer *packer, uint8_t type, verifier_put_function *put,
                   const void *message);
/* verifier_pack_begin leaves a batch without messages, and keeps its memory. */
void verifier_pack_begin(struct verifier_packer *packer);
/* verifier_pack_octets gives the payload of the frame, borrowed. Errors: MEMORY. */
ATLS_NODISCARD enum atls_err verifier_pack_octets(struct atls_bytes *out,
                                                  struct verifier_packer *packer);
void verifier_packer_cleanup(struct verifier_packer *packer);

/* A message that was read, which borrows the frame. */
struct verifier_packed {
    uint8_t type;
    struct atls_bytes payload;
};
/* verifier_unpack reads all of a batch. Errors: MALFORMED, also for none and for more than there is
 * room for. */
ATLS_NODISCARD enum atls_err verifier_unpack(struct verifier_packed out[VERIFIER_MAX_BATCH],
                                             size_t *out_num, struct atls_bytes payload);

#endif
