/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise_remote.h"

#include "atls/limits.h"
#include "atls_build.h"
#include "base/diag.h"
#include "base/span.h"
#include "json/file.h"
#include "remote.h"
#include "verifier/remote.h"
#include "verifier/trust.h"

#include <stdlib.h>

#if ATLS_NET
#include "atls/net.h"
#endif

enum { WAIT_MS = 30000 };

static enum atls_err refuse(struct atls_diag *diag, const char *option, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option, found, expected);
}

enum atls_err cli_appraise_remote_check(const struct cli_options *o, struct atls_diag *diag)
{
    if (o->verifier == NULL) {
        return o->verifier_ca == NULL && !o->plain_http && o->trusted_verifiers.count == 0
                   ? ATLS_OK
                   : refuse(diag, "--verifier",
                            "none, beside --verifier-ca, --trust-verifier or --plain-http",
                            "the URL of the Verifier that is to be asked");
    }
    if (o->endorsements.count != 0 || o->with.count != 0 || o->endorsement_keys.count != 0 ||
        o->collateral.count != 0) {
        return refuse(diag, "--verifier", "endorsements beside it",
                      "one of the two: a Verifier has its own");
    }
    if (o->signing_keys.count != 0 || o->ear_profile != NULL || o->ear_form != NULL ||
        o->raw_evidence || o->cnf) {
        return refuse(diag, "--verifier", "an option about how a Result is made beside it",
                      "one of the two: the Result is the Verifier's");
    }
    if (o->time != NULL) {
        return refuse(diag, "--time", o->time, "none beside --verifier, which has a clock");
    }
    if (strcmp(o->nonce, "none") == 0 || strlen(o->nonce) < 16) {
        return refuse(diag, "--nonce", o->nonce, "8 to 64 octets, for which the Result is made");
    }
    return ATLS_OK;
}

#if ATLS_NET
static enum atls_err pin(void *arg, const char *identity, struct atls_bytes keys,
                         struct atls_diag *diag)
{
    return verifier_trust_pin(arg, identity, keys, diag);
}

static enum atls_err fetch(void *arg, const char *identity, const char *url, struct atls_diag *diag)
{
    return verifier_trust_fetch(arg, identity, url, diag);
}

static enum atls_err open_with(struct atls_verifier **out, const struct cli_options *o,
                               struct verifier_trust *trusted, struct atls_diag *diag)
{
    uint8_t *ca = NULL;
    size_t ca_len = 0;
    const struct cli_trust trust = {trusted, pin, fetch};
    enum atls_err err = cli_remote_trust(&trust, o, diag);
    if (err == ATLS_OK && o->verifier_ca != NULL) {
        err = atls_file_read(&ca, &ca_len, o->verifier_ca, ATLS_MAX_FILE_LEN, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_remote_options options = {.fetcher = &atls_fetcher_curl,
                                                    .url = o->verifier,
                                                    .ca_pem = atls_bytes_of(ca, ca_len),
                                                    .plain_http = o->plain_http};
        err = atls_remote_new(out, &options, trusted, diag);
    }
    atls_file_free(ca, ca_len);
    return err;
}
#else
static enum atls_err open_with(struct atls_verifier **out, const struct cli_options *o,
                               struct verifier_trust *trusted, struct atls_diag *diag)
{
    (void)out;
    (void)o;
    (void)trusted;
    return atls_fail(diag, ATLS_ERR_NOT_BUILT, "--verifier", NULL); /* there is no such option */
}
#endif

enum atls_err cli_appraise_remote_open(struct atls_verifier **out, const struct cli_options *o,
                                       struct atls_diag *diag)
{
    struct verifier_trust *trusted = NULL;
    enum atls_err err = verifier_trust_new(&trusted, diag);
    if (err == ATLS_OK) {
        err = open_with(out, o, trusted, diag);
        if (err != ATLS_OK) {
            verifier_trust_free(trusted);
        }
    }
    return err;
}

void cli_appraise_remote_close(struct atls_verifier *verifier)
{
    if (verifier != NULL) {
        atls_verifier_remote.close(verifier);
    }
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

enum atls_err cli_appraise_remote(struct atls_verifier *verifier, struct atls_appraisal *out,
                                  char **out_result, const struct atls_verify_request *request,
                                  struct atls_diag *diag)
{
    const struct atls_verifier_wait wait = {.deadline_ms = atls_verifier_clock_ms() + WAIT_MS,
                                            .is_cancelled = never};
    return atls_remote_appraise(verifier, out, out_result, request, &wait, diag);
}

const char *cli_appraise_remote_name(const struct atls_verifier *verifier)
{
    return atls_verifier_remote.identity(verifier);
}
