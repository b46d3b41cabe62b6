/* SPDX-License-Identifier: Apache-2.0 */
/* The Verifier as a service: what the command line hands over, and the processes that come of it.
 */
#ifndef SVC_VERIFIER_VERIFIER_H
#define SVC_VERIFIER_VERIFIER_H

#include "atls/context.h"
#include "svc/verifier/appraiser.h"
#include "svc/verifier/signer.h"

struct ssl_ctx_st;

struct verifier_config {
    bool json;
    const char *id; /* absolute URI */
    const char *store;
    const char *address; /* as it listens, for the log */
    int listen_fd;
    const char *token_file;        /* NULL: no bearer token */
    bool gives_cwt;                /* the form of Results, where a client does not say */
    const char *revoked_file;      /* NULL: nothing is revoked */
    const char *const *collateral; /* files and folders of --endorsements */
    size_t num_collateral;
    const struct atls_collateral_spec *depot; /* where more is fetched; NULL: nowhere */
    const char *per_source;
    bool takes_certificates; /* those of TLS clients count for provisioning */
    size_t num_appraisers;
    struct verifier_signer_config signer;
    struct verifier_appraiser_config appraiser;
    /* Makes the TLS context, in the process that uses it; *out NULL: plain HTTP. */
    enum atls_err (*make_tls)(void *arg, struct ssl_ctx_st **out, struct atls_diag *diag);
    void (*free_tls)(void *arg, struct ssl_ctx_st *ssl_ctx);
    void *tls_arg;
    /* Says why the service does not start, in the manner of the program; gives the exit status. */
    int (*refuse)(void *arg, const struct atls_diag *diag);
};

/* verifier_run serves until SIGTERM or SIGINT, and gives the exit status. Without threads. */
int verifier_run(const struct verifier_config *config);

/* verifier_front_run is the process that has the network and the store. */
int verifier_front_run(int control_fd, const struct verifier_config *config);

#endif
