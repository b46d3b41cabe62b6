/* SPDX-License-Identifier: Apache-2.0 */
/* The attacker of the demo: takes the Evidence of somebody else's handshake, to play it again. */
#ifndef CLI_DEMO_THIEF_H
#define CLI_DEMO_THIEF_H

#include "atls/error.h"

/* demo_steal connects to `address` like any client that can appraise `format`, and writes the CMW
 * that the server's Certificate carried to `path`. */
ATLS_NODISCARD enum atls_err demo_steal(const char *address, const char *format, const char *path,
                                        struct atls_diag *diag);

struct demo_presenter {
    int listen_fd;
    const char *identity; /* of the Verifier */
    const char *path;     /* of the passport, a JWT */
};

/* demo_present is a server with a key of its own: it answers the next connection with a passport of
 * somebody else. `arg` is a struct demo_presenter. */
void demo_present(void *arg);

#endif
