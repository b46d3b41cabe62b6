/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * HTTP over libcurl, libatls-net: what a context needs to ask a remote Verifier.
 *
 * Servers of https are authenticated always, by the certificates that the fetcher was opened with
 * and by no others: not the system's, not those that the environment names. Proxies, key logs and
 * credentials that the environment or files of the user name are not used, redirects not followed.
 *
 * Fork: what was opened before a fork works in the child, which makes connections of its own.
 */
#ifndef ATLS_NET_H
#define ATLS_NET_H

#include "atls/fetcher.h"

#ifdef __cplusplus
extern "C" {
#endif

/** atls_fetcher_curl is for atls_context_set_verifier. */
extern ATLS_API const struct atls_fetcher_ops atls_fetcher_curl;

#ifdef __cplusplus
}
#endif
#endif
