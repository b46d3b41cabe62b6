/* SPDX-License-Identifier: Apache-2.0 */
#include "remote.h"

#include "atls/limits.h"
#include "atls_build.h"
#include "base/diag.h"
#include "base/span.h"
#include "json/file.h"

#include <stdlib.h>

#if ATLS_NET
#include "atls/net.h"
#endif

static enum atls_err fail_config(struct atls_diag *diag, const char *claim, const char *found,
                                 const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", claim, found, expected);
}

enum atls_err cli_remote_check(const struct cli_options *o, bool requires, struct atls_diag *diag)
{
    if (o->verifier == NULL && (o->verifier_ca != NULL || o->plain_http)) {
        return fail_config(diag, "--verifier", "none, beside --verifier-ca or --plain-http",
                           "the URL of the Verifier that is to be asked");
    }
    if (o->verifier == NULL && o->trusted_verifiers.count != 0 && !requires) {
        return fail_config(diag, "--trust-verifier", "neither --verifier nor --require beside it",
                           "--verifier URL, or --require result");
    }
    if (o->verifier != NULL && !requires) {
        return fail_config(diag, "--verifier", "no --require beside it",
                           "what the peer must attest with");
    }
    if (o->verifier != NULL && o->endorsements.count != 0) {
        return fail_config(diag, "--verifier", "--endorsements beside it",
                           "one of the two: a Verifier has its own");
    }
    return ATLS_OK;
}

static bool is_url(const char *text)
{
    return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

/* trust takes URI=FILE or URI=URL. A URI may have '=' in it, and so may the other side: it is split
 * at the last one behind which a URL begins, else at the last one of all. */
static enum atls_err trust(struct atls_context *context, const char *text, struct atls_diag *diag)
{
    const char *at = strstr(text, "=http");
    for (const char *next = at; next != NULL; next = strstr(next + 1, "=http")) {
        at = is_url(next + 1) ? next : at;
    }
    if (at == NULL || !is_url(at + 1)) {
        at = strrchr(text, '=');
    }
    char *identity = at != NULL ? strndup(text, (size_t)(at - text)) : NULL;
    if (identity == NULL) {
        return at != NULL ? atls_fail(diag, ATLS_ERR_MEMORY, "--trust-verifier", NULL)
                          : fail_config(diag, "--trust-verifier", text, "URI=FILE or URI=URL");
    }
    uint8_t *keys = NULL;
    size_t len = 0;
    enum atls_err err = ATLS_OK;
    if (is_url(at + 1)) {
        err = atls_context_trust_verifier_at(context, identity, at + 1, diag);
    } else {
        err = atls_file_read(&keys, &len, at + 1, ATLS_MAX_FILE_LEN, diag);
        if (err == ATLS_OK) {
            err = atls_context_trust_verifier(context, identity, atls_bytes_of(keys, len), diag);
        }
        atls_file_free(keys, len);
    }
    free(identity);
    return err;
}

#if ATLS_NET
static enum atls_err set_verifier(struct atls_context *context, const struct cli_options *o,
                                  struct atls_diag *diag)
{
    uint8_t *ca = NULL;
    size_t ca_len = 0;
    enum atls_err err = ATLS_OK;
    if (o->verifier_ca != NULL) {
        err = atls_file_read(&ca, &ca_len, o->verifier_ca, ATLS_MAX_FILE_LEN, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_verifier_spec spec = {.fetcher = &atls_fetcher_curl,
                                                .url = o->verifier,
                                                .ca_pem = atls_bytes_of(ca, ca_len),
                                                .plain_http = o->plain_http};
        err = atls_context_set_verifier(context, &spec, diag);
    }
    atls_file_free(ca, ca_len);
    return err;
}
#else
static enum atls_err set_verifier(struct atls_context *context, const struct cli_options *o,
                                  struct atls_diag *diag)
{
    (void)context;
    (void)o;
    return atls_fail(diag, ATLS_ERR_NOT_BUILT, "--verifier", NULL); /* there is no such option */
}
#endif

enum atls_err cli_remote_setup(struct atls_context *context, const struct cli_options *o,
                               struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < o->trusted_verifiers.count; i++) {
        err = trust(context, o->trusted_verifiers.items[i], diag);
    }
    return err == ATLS_OK && o->verifier != NULL ? set_verifier(context, o, diag) : err;
}
