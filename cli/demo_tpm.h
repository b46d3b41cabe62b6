/* SPDX-License-Identifier: Apache-2.0 */
/* Software TPMs of the demo: swtpm, each behind a socket of its own. */
#ifndef CLI_DEMO_TPM_H
#define CLI_DEMO_TPM_H

#include "demo_process.h"

struct demo_tpm {
    struct demo_child process;
    char socket[108]; /* as long as the path of a socket may be */
    char tcti[160];
};

/* demo_tpm_start makes FOLDER for its state and waits until it answers. */
ATLS_NODISCARD enum atls_err demo_tpm_start(struct demo_tpm *out, const char *folder,
                                            struct atls_diag *diag);
void demo_tpm_stop(struct demo_tpm *tpm);
/* demo_tpm_extend changes PCR 0 of its SHA-256 bank, as other firmware would have. */
ATLS_NODISCARD enum atls_err demo_tpm_extend(const struct demo_tpm *tpm, struct atls_diag *diag);

#endif
