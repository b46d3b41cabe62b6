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
    if (o->verifier != NULL && (o->endorsements.count != 0 || o->collateral.count != 0)) {
        return fail_config(diag, "--verifier", "--endorsements or --collateral beside it",
                           "one of the two: a Verifier has its own");
    }
    return ATLS_OK;
}

static bool is_url(const char *text)
{
    return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

/* A URI may have '=' in it, and so may the other side: it is split at the last one behind which a
 * URL begins, else at the last one of all. */
static enum atls_err split(char **out_identity, const char **out_where, bool *out_is_url,
                           const char *text, struct atls_diag *diag)
{
    const char *at = strstr(text, "=http");
    for (const char *next = at; next != NULL; next = strstr(next + 1, "=http")) {
        at = is_url(next + 1) ? next : at;
    }
    if (at == NULL || !is_url(at + 1)) {
        at = strrchr(text, '=');
    }
    if (at == NULL) {
        return fail_config(diag, "--trust-verifier", text, "URI=FILE or URI=URL");
    }
    *out_identity = strndup(text, (size_t)(at - text));
    *out_where = at + 1;
    *out_is_url = is_url(at + 1);
    return *out_identity != NULL ? ATLS_OK
                                 : atls_fail(diag, ATLS_ERR_MEMORY, "--trust-verifier", NULL);
}

static enum atls_err trust_one(const struct cli_trust *trust, const char *text,
                               struct atls_diag *diag)
{
    char *identity = NULL;
    const char *where = NULL;
    bool is_at_url = false;
    uint8_t *keys = NULL;
    size_t len = 0;
    enum atls_err err = split(&identity, &where, &is_at_url, text, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (is_at_url) {
        err = trust->fetch(trust->arg, identity, where, diag);
    } else {
        err = atls_file_read(&keys, &len, where, ATLS_MAX_FILE_LEN, diag);
        if (err == ATLS_OK) {
            err = trust->pin(trust->arg, identity, atls_bytes_of(keys, len), diag);
        }
        atls_file_free(keys, len);
    }
    free(identity);
    return err;
}

enum atls_err cli_remote_trust(const struct cli_trust *trust, const struct cli_options *o,
                               struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < o->trusted_verifiers.count; i++) {
        err = trust_one(trust, o->trusted_verifiers.items[i], diag);
    }
    return err;
}

static enum atls_err pin(void *arg, const char *identity, struct atls_bytes keys,
                         struct atls_diag *diag)
{
    return atls_context_trust_verifier(arg, identity, keys, diag);
}

static enum atls_err fetch(void *arg, const char *identity, const char *url, struct atls_diag *diag)
{
    return atls_context_trust_verifier_at(arg, identity, url, diag);
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
    const struct cli_trust trust = {context, pin, fetch};
    const enum atls_err err = cli_remote_trust(&trust, o, diag);
    return err == ATLS_OK && o->verifier != NULL ? set_verifier(context, o, diag) : err;
}
