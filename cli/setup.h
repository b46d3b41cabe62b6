/* SPDX-License-Identifier: Apache-2.0 */
/* From the options of serve and connect to a context and an SSL_CTX. */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "atls/openssl.h"
#include "options.h"

struct cli_setup {
    struct atls_context *context;
    SSL_CTX *ssl_ctx;
    uint32_t handshake_timeout_ms;
    const char *attests;   /* name of the attester, or NULL */
    bool asks_client;      /* server: asks for a client certificate in the handshake */
    bool takes_any_client; /* server: no chain of a client's is checked, its attestation is */
    bool pkix;             /* the peer's chain is checked */
    char attests_name[32];
    /* --attest none with a key in a TPM: opened for the key alone */
    const struct atls_attester_ops *key_ops;
    struct atls_attester *key_attester;
};

/* cli_setup makes both for one role; `verb` is for notes on stderr. */
ATLS_NODISCARD enum atls_err cli_setup(struct cli_setup *out, const struct cli_options *options,
                                       bool is_server, const char *verb, struct atls_diag *diag);
/* cli_set_revoked reads a list of what is revoked into a context, which may be in use. */
ATLS_NODISCARD enum atls_err cli_set_revoked(struct atls_context *context, const char *path,
                                             struct atls_diag *diag);
void cli_setup_cleanup(struct cli_setup *setup);

#endif
