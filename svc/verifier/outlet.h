/* SPDX-License-Identifier: Apache-2.0 */
/* Where lines go out: a pipe that nobody reads, or whose reader is gone, must not stop the service.
 */
#ifndef SVC_VERIFIER_OUTLET_H
#define SVC_VERIFIER_OUTLET_H

#include "base/span.h"

#include <stdint.h>

enum { VERIFIER_OUTLET_WAIT_MS = 1000 };

/* All zero but fd is a good start. Its users take turns. */
struct verifier_outlet {
    int fd;
    bool is_own;     /* a pipe, opened once more: writing to it never waits */
    bool is_stuck;   /* the last lines did not go out: the next do not wait */
    bool is_torn;    /* of a line that did not go out a part did */
    uint64_t lost;   /* lines that did not go out */
    uint64_t untold; /* those of them that no line has told of yet */
};

/* verifier_outlet_open begins with the stream `fd`, which stays its owner's. */
void verifier_outlet_open(struct verifier_outlet *outlet, int fd);
void verifier_outlet_close(struct verifier_outlet *outlet);

/*
 * verifier_outlet_write writes whole lines. It waits for VERIFIER_OUTLET_WAIT_MS at most, and not
 * at all behind lines for which it did in vain; false when they are lost.
 */
bool verifier_outlet_write(struct verifier_outlet *outlet, struct atls_bytes lines);
/* verifier_outlet_tell gives how many lines were lost since it was last asked; 0 while what is
 * written is lost. */
uint64_t verifier_outlet_tell(struct verifier_outlet *outlet);

#endif
