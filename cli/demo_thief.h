/* SPDX-License-Identifier: Apache-2.0 */
/* The attacker of the demo: takes the Evidence of somebody else's handshake, to play it again. */
#ifndef CLI_DEMO_THIEF_H
#define CLI_DEMO_THIEF_H

#include "atls/error.h"

/* demo_steal connects to `address` like any client that can appraise `format`, and writes the CMW
 * that the server's Certificate carried to `path`. */
ATLS_NODISCARD enum atls_err demo_steal(const char *address, const char *format, const char *path,
                                        struct atls_diag *diag);

#endif
