/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A remote Verifier, by the challenge-response API of Veraison. What it may be believed: that
 * signatures, endorsements and reference values hold, once its Result verifies by a key that is
 * its own. What it is not asked: whether the Evidence is of this connection, since most Verifiers
 * repeat a nonce without looking for it; that is compared here, before anything is sent.
 */
#ifndef VERIFIER_REMOTE_H
#define VERIFIER_REMOTE_H

#include "verifier/operations.h"

struct verifier_trust;

struct atls_remote_options {
    const struct atls_fetcher_ops *fetcher;
    const char *url;
    struct atls_bytes ca_pem; /* of the https server; empty with plain HTTP */
    bool plain_http;          /* http:// to this machine is taken */
};

/*
 * atls_remote_new opens one, and nothing is sent yet. It takes `trust` when it succeeds: with
 * nobody in it, the Verifier's own discovery document says the keys. CONFIG for a URL that is not
 * taken, ARGUMENT for a table with a hole, FILE for certificates that are none.
 */
ATLS_NODISCARD enum atls_err atls_remote_new(struct atls_verifier **out,
                                             const struct atls_remote_options *options,
                                             struct verifier_trust *trust, struct atls_diag *diag);

#endif
