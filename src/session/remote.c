/* SPDX-License-Identifier: Apache-2.0 */
/* The background check over the network: which Verifier is asked, and whose Results are taken. */
#include "verifier/remote.h"

#include "base/span.h"
#include "session/resumption_internal.h"
#include "verifier/trust.h"

/* Workers that wait for a Verifier are not at work: so many wait side by side. */
static const unsigned remote_threads = 32;

int64_t context_verifier_deadline_ms(const struct atls_context *context)
{
    return atls_verifier_clock_ms() + (int64_t)context->timeout_ms * 4 / 5;
}

/* check_listed: a passport is verified without a network, so that the keys must be at hand. */
static enum atls_err check_listed(const struct atls_context *context, struct atls_diag *diag)
{
    if (context->num_listed == 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "trusted Verifiers",
                               "none, and a Result required of the peer",
                               "--trust-verifier URI=FILE");
    }
    for (size_t i = 0; i < context->num_listed; i++) {
        if (verifier_trust_is_remote(context->listed, i)) {
            return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "keys of a Verifier",
                                   "a URL, and a Result required of the peer",
                                   "a file: a passport is verified without a network");
        }
    }
    return ATLS_OK;
}

enum atls_err context_check_verifier(const struct atls_context *context, struct atls_diag *diag)
{
    const bool remote = context->verifier_ops->waits;
    const bool takes_evidence = context_takes_evidence(context);
    if (remote && !takes_evidence) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "Verifier",
                               "a Verifier, and no Evidence required of the peer", "--require");
    }
    if (remote && (atls_endorsements_num_keys(context->endorsements) != 0 ||
                   atls_endorsements_num_references(context->endorsements) != 0)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "endorsements",
                               "endorsements beside --verifier, which has its own",
                               "one of the two");
    }
    for (size_t i = 0; remote && i < context->num_required; i++) {
        const struct atls_format *format = context->required[i].format;
        if (format != NULL && !atls_remote_takes(context->verifier, format)) {
            return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "Verifier", format->name,
                                   "a format that Trustee takes: snp or tdx");
        }
    }
    if (!remote && context->trust != NULL && !context_takes_results(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "trusted Verifiers",
                               "a Verifier that is trusted, and none that is asked",
                               "--verifier, or --require result");
    }
    return context_takes_results(context) ? check_listed(context, diag) : ATLS_OK;
}

static enum atls_err check_trust_open(const struct atls_context *context, struct atls_diag *diag)
{
    const enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK && context->verifier_ops->waits) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "context", "trusted Verifiers",
                               "one more after atls_context_set_verifier()", "it before");
    }
    return err;
}

static enum atls_err need_trust(struct atls_context *context, struct atls_diag *diag)
{
    const enum atls_err err = check_trust_open(context, diag);
    if (err != ATLS_OK || context->trust != NULL) {
        return err;
    }
    const enum atls_err made = verifier_trust_new(&context->trust, diag);
    context->listed = context->trust;
    return made;
}

enum atls_err atls_context_trust_verifier(struct atls_context *context, const char *identity,
                                          struct atls_bytes keys, struct atls_diag *diag)
{
    enum atls_err err = need_trust(context, diag);
    if (err == ATLS_OK) {
        err = verifier_trust_pin(context->trust, identity, keys, diag);
    }
    context->num_listed += err == ATLS_OK ? 1 : 0;
    if (err == ATLS_OK) {
        context_note(context, "trust-verifier", atls_bytes_text(identity));
        context_note(context, "keys", keys);
    }
    return err;
}

enum atls_err atls_context_trust_verifier_at(struct atls_context *context, const char *identity,
                                             const char *url, struct atls_diag *diag)
{
    enum atls_err err = need_trust(context, diag);
    if (err == ATLS_OK) {
        err = verifier_trust_fetch(context->trust, identity, url, diag);
    }
    context->num_listed += err == ATLS_OK ? 1 : 0;
    if (err == ATLS_OK) {
        context_note(context, "trust-verifier", atls_bytes_text(identity));
        context_note(context, "keys at", atls_bytes_text(url));
    }
    return err;
}

enum atls_err atls_context_set_verifier(struct atls_context *context,
                                        const struct atls_verifier_spec *spec,
                                        struct atls_diag *diag)
{
    enum atls_err err = check_trust_open(context, diag);
    if (err == ATLS_OK) {
        err = need_trust(context, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_remote_options options = {.fetcher = spec->fetcher,
                                                .url = spec->url,
                                                .ca_pem = spec->ca_pem,
                                                .plain_http = spec->plain_http};
    struct atls_verifier *verifier = NULL;
    err = atls_remote_new(&verifier, &options, context->trust, diag);
    if (err == ATLS_OK) {
        context->trust = NULL; /* it is the Verifier's now */
        context->verifier = verifier;
        context->verifier_ops = &atls_verifier_remote;
        context->threads = context->workers_set ? context->threads : remote_threads;
        context_note(context, "verifier at", atls_bytes_text(spec->url));
        context_note(context, "verifier-ca", spec->ca_pem);
    }
    return err;
}
