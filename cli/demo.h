/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the demo share. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "demo_tpm.h"
#include "options.h"

struct demo {
    const struct cli_options *options;
    const char *rot;    /* "tpm2", "sim-psa" */
    const char *format; /* row of the table of names */
    bool simulated;
    char self[512]; /* this program */
    struct demo_tpm server_tpm, client_tpm;
    bool own_tpms; /* swtpm is ours to stop */
    unsigned steps, failed;
    int64_t started_ms;
};

/* demo_prepare.c: everything before the first connection. The demo's working folder is the current
 * one. */
ATLS_NODISCARD enum atls_err demo_make_identities(struct demo *demo, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err demo_certify(struct demo *demo, struct atls_diag *diag);
/* Turns the server into one whose measurements differ from what was endorsed. */
ATLS_NODISCARD enum atls_err demo_tamper(struct demo *demo, struct atls_diag *diag);
/* Makes the identity of the attacker, which plays the Evidence in `path`. */
ATLS_NODISCARD enum atls_err demo_make_attacker(struct demo *demo, const char *path,
                                                struct atls_diag *diag);

#endif
