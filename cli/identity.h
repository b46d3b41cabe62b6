/* SPDX-License-Identifier: Apache-2.0 */
/* The folder that keygen makes, and what other verbs read of it. */
#ifndef CLI_IDENTITY_H
#define CLI_IDENTITY_H

#include "atls/attester.h"
#include "crypto/key.h"

#include <stddef.h>

/* cli_path writes DIR/NAME; ATLS_ERR_FILE when it does not fit. */
ATLS_NODISCARD enum atls_err cli_path(char *out, size_t cap, const char *directory,
                                      const char *name, struct atls_diag *diag);

/* An identity with its attester opened. All zero is a state in which cleanup is safe. */
struct cli_identity {
    const struct atls_attester_ops *ops;
    struct atls_attester *attester;
    struct atls_key *key; /* the TLS key, in the TPM or in memory */
};

/* cli_identity_open opens DIR: attester.json, and key.pem by the attester where it is its key. */
ATLS_NODISCARD enum atls_err cli_identity_open(struct cli_identity *out, const char *directory,
                                               struct atls_diag *diag);
void cli_identity_cleanup(struct cli_identity *identity);

/* cli_key_read reads a private key, "TSS2 PRIVATE KEY" through the attester. */
ATLS_NODISCARD enum atls_err cli_key_read(struct atls_key **out,
                                          const struct atls_attester_ops *ops,
                                          struct atls_attester *attester, const char *path,
                                          struct atls_diag *diag);
#endif
