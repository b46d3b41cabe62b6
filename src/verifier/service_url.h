/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a remote Verifier is: an origin (scheme, host, port) and a path before its own ones. What
 * the Verifier says about where to go on stays on that origin.
 */
#ifndef VERIFIER_SERVICE_URL_H
#define VERIFIER_SERVICE_URL_H

#include "base/diag.h"

#include <stdbool.h>

#define VERIFIER_MAX_URL_LEN 1024

struct verifier_service_url {
    bool https;
    bool loopback;                   /* an address of this machine, or "localhost" */
    char base[VERIFIER_MAX_URL_LEN]; /* without a slash at its end */
    size_t origin_len;               /* scheme://host[:port] at its front, lower case */
};

/* verifier_url_parse reads the URL of a service, as it is given on a command line: http or https,
 * no user, no query, no fragment. The path of newSession at its end, as other clients want it, is
 * left off. CONFIG otherwise. */
ATLS_NODISCARD enum atls_err verifier_url_parse(struct verifier_service_url *out, const char *text,
                                                struct atls_diag *diag);

/* verifier_url_join writes base and `path`, which begins with a slash; false when it does not fit.
 */
ATLS_NODISCARD bool verifier_url_join(char out[static VERIFIER_MAX_URL_LEN],
                                      const struct verifier_service_url *url, const char *path);

/*
 * verifier_url_resolve writes the URL that `location` means in an answer to `from`, a URL on the
 * origin of `url` (RFC 3986, 5.2): absolute on the same origin, a path, or relative. False for
 * another origin, "." and ".." in it, and what is no URL.
 */
ATLS_NODISCARD bool verifier_url_resolve(char out[static VERIFIER_MAX_URL_LEN],
                                         const struct verifier_service_url *url, const char *from,
                                         const char *location);

#endif
