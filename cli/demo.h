/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the demo share. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "crypto/key.h"
#include "demo_tpm.h"
#include "options.h"

/* What demo_verifier.c has started. */
struct demo_verifier {
    struct demo_child process;
    char url[160];   /* of its API */
    char trust[100]; /* for --trust-verifier */
};

struct demo {
    const struct cli_options *options;
    const char *rot;    /* "tpm2", "sim-psa" */
    const char *format; /* row of the table of names */
    bool simulated;
    char self[512]; /* this program */
    struct demo_tpm server_tpm, client_tpm;
    struct demo_verifier verifier; /* with --verifier */
    bool own_tpms;                 /* swtpm is ours to stop */
    unsigned steps, failed;
    int64_t started_ms;
};

/* demo_prepare.c: everything before the first connection. The demo's working folder is the current
 * one. */
ATLS_NODISCARD enum atls_err demo_make_identities(struct demo *demo, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err demo_certify(struct demo *demo, struct atls_diag *diag);
/* demo_verifier.c: the steps of --verifier, up to the end of the Verifier. */
void demo_verifier_steps(struct demo *demo);
/* Makes the identity of the attacker, which plays the Evidence in `path`. */
ATLS_NODISCARD enum atls_err demo_make_attacker(struct demo *demo, const char *path,
                                                struct atls_diag *diag);
/* A certificate that nobody has signed but its own key, PEM; the caller frees with atls_pem_free.
 */
ATLS_NODISCARD enum atls_err demo_self_signed(char **out, const struct atls_key *key,
                                              struct atls_diag *diag);
/* Turns the server into one whose measurements differ from what was endorsed. */
ATLS_NODISCARD enum atls_err demo_tamper(struct demo *demo, struct atls_diag *diag);
#endif
