/* SPDX-License-Identifier: Apache-2.0 */
/* The attester of include/atls/tsm.h on files that a test may put in the place of the kernel's. */
#ifndef ATTESTER_TSM_TSM_H
#define ATTESTER_TSM_TSM_H

#include "atls/tsm.h"
#include "attester/tsm/fs.h"

/* atls_tsm_open is `open` of the tables; `fs` is borrowed for the attester's life. */
ATLS_NODISCARD enum atls_err atls_tsm_open(struct atls_attester **out,
                                           struct atls_bytes config_json,
                                           const struct atls_tsm_fs *fs, struct atls_diag *diag);

/* atls_tsm_provision is `provision` of the tables; `name` is "snp", "tdx" or "cca". */
ATLS_NODISCARD enum atls_err atls_tsm_provision(struct atls_provision *out, const char *name,
                                                const struct atls_provision_request *request,
                                                const struct atls_tsm_fs *fs,
                                                struct atls_diag *diag);

#endif
