/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the remote Verifier share. */
#ifndef VERIFIER_REMOTE_INTERNAL_H
#define VERIFIER_REMOTE_INTERNAL_H

#include "json/ear_token.h"
#include "verifier/api.h"
#include "verifier/remote.h"

struct atls_verifier {
    const struct verifier_api *api;
    struct verifier_service_url url;
    const struct atls_fetcher_ops *ops;
    struct atls_fetcher *fetcher;
    struct verifier_trust *trust; /* at least one */
    bool discovered;              /* the one is the Verifier itself, by discovery */
};

/* One Result, and by whom it may have been signed. */
struct verifier_reading {
    struct atls_verifier *verifier;
    const struct verifier_line *line;
    const struct atls_verify_request *request;
    struct atls_bytes token;
    struct atls_bytes issuer; /* as the token says, which proves nothing; empty: none */
};

/* verifier_read_result finds whose Result it is: that of the one whom it names, else of any that is
 * listed. It verifies it by the keys of that one, with its times, and its nonce where it has one.
 */
ATLS_NODISCARD enum atls_err verifier_read_result(struct atls_ear_token **out,
                                                  struct verifier_reading *reading,
                                                  struct atls_diag *diag);
/* verifier_fetch_first: where there is one Verifier only and its keys are not at hand, Evidence
 * does not leave before they are. */
ATLS_NODISCARD enum atls_err verifier_fetch_first(struct atls_verifier *verifier,
                                                  const struct verifier_line *line,
                                                  struct atls_diag *diag);

#endif
