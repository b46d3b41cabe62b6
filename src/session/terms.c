/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is required and what is offered: from "--require" and the attesters to the lists of schemes
 * that go into a ClientHello. A Result goes in as the identity of its Verifier. A format with a
 * CoAP content format is listed by it first, since that is four octets, and by its media type
 * after.
 */
#include "atls/context.h"

#include "base/span.h"
#include "endorsement/statement.h"
#include "session/context.h"
#include "session/passport.h"
#include "session/resumption_internal.h"
#include "verifier/trust.h"

struct requirements {
    struct requirement items[ATLS_MAX_SCHEMES / 2];
    size_t count;
};

static enum atls_err append(struct requirements *requirements, struct requirement wanted,
                            struct atls_diag *diag)
{
    for (size_t i = 0; i < requirements->count; i++) {
        const struct requirement *item = &requirements->items[i];
        if (item->kind == wanted.kind && item->format == wanted.format) {
            return atls_fail_texts(diag, ATLS_ERR_CONFIG, "--require", "name",
                                   wanted.kind == REQUIRES_RESULT ? "result" : wanted.format->name,
                                   "each name once");
        }
    }
    if (requirements->count == ATLS_ARRAY_LEN(requirements->items)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "--require", "names", "too many",
                               "at most 16");
    }
    requirements->items[requirements->count++] = wanted;
    return ATLS_OK;
}

static enum atls_err add_required(struct requirements *requirements, struct atls_bytes name,
                                  struct atls_diag *diag)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '+') {
            atls_fail(diag, ATLS_ERR_NOT_BUILT, "--require", "several roots of trust at once");
            atls_diag_found_peer_text(diag, name);
            return ATLS_ERR_NOT_BUILT;
        }
    }
    if (atls_bytes_is_text(name, "result")) {
        return append(requirements, (struct requirement){REQUIRES_RESULT, NULL}, diag);
    }
    const struct atls_format *format = atls_format_by_name(name);
    if (format == NULL) {
        const enum atls_err err =
            atls_format_is_planned(name) ? ATLS_ERR_NOT_BUILT : ATLS_ERR_CONFIG;
        atls_fail(diag, err, "--require", "name");
        atls_diag_found_peer_text(diag, name);
        atls_diag_expected_text(diag, "none, result, or of");
        for (size_t i = 0; i < atls_num_formats; i++) {
            if (!atls_formats[i].outside_only) {
                atls_diag_expected_text(diag, i == 0 ? " " : ", ");
                atls_diag_expected_text(diag, atls_formats[i].name);
            }
        }
        return err;
    }
    if (format->outside_only) {
        atls_fail_texts(diag, ATLS_ERR_CONFIG, "--require", "name", format->name,
                        "result: this is sent to a Verifier, for a passport, and never to a peer");
        return ATLS_ERR_CONFIG;
    }
    return append(requirements, (struct requirement){REQUIRES_EVIDENCE, format}, diag);
}

enum atls_err atls_context_require(struct atls_context *context, const char *terms,
                                   struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK && terms == NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_ARGUMENT, "--require", NULL, "no text", "\"none\"");
    }
    struct requirements requirements = {.count = 0};
    const struct atls_bytes rest = atls_bytes_text(terms != NULL ? terms : "none");
    const size_t end = atls_bytes_is_text(rest, "none") ? 0 : rest.len + 1;
    for (size_t start = 0, i = 0; err == ATLS_OK && i < end; i++) {
        if (i == rest.len || rest.data[i] == ',') {
            err = add_required(&requirements, atls_bytes_of(&rest.data[start], i - start), diag);
            start = i + 1;
        }
    }
    if (err == ATLS_OK) {
        /* Only as a whole: what was required before must not be lost by a slip of the pen. */
        memcpy(context->required, requirements.items, sizeof requirements.items);
        context->num_required = requirements.count;
    }
    return err;
}

static void add_schemes(struct atls_scheme_list *list, const struct atls_format *format)
{
    const struct atls_scheme by_number = {.mechanism = ATLS_MECHANISM_EVIDENCE,
                                          .by_content_format = true,
                                          .content_format = format->content_format};
    const struct atls_scheme by_name = {.mechanism = ATLS_MECHANISM_EVIDENCE,
                                        .text = atls_bytes_text(format->media_type)};
    if (atls_scheme_in(list, &by_name)) {
        return; /* two attesters of one format */
    }
    if (format->has_content_format && list->count < ATLS_MAX_SCHEMES) {
        list->items[list->count++] = by_number;
    }
    if (list->count < ATLS_MAX_SCHEMES) {
        list->items[list->count++] = by_name;
    }
}

static void add_result(struct atls_scheme_list *list, const char *identity)
{
    const struct atls_scheme scheme = {.mechanism = ATLS_MECHANISM_RESULT,
                                       .text = atls_bytes_text(identity)};
    if (list->count < ATLS_MAX_SCHEMES) {
        list->items[list->count++] = scheme;
    }
}

/* add_results: Results of each Verifier that is listed, in the order of the list. */
static void add_results(struct atls_context *context)
{
    for (size_t i = 0; i < context->num_listed; i++) {
        add_result(&context->can_appraise, verifier_trust_identity(context->listed, i));
    }
}

bool context_takes_results(const struct atls_context *context)
{
    for (size_t i = 0; i < context->num_required; i++) {
        if (context->required[i].kind == REQUIRES_RESULT) {
            return true;
        }
    }
    return false;
}

bool context_takes_evidence(const struct atls_context *context)
{
    return context->num_required > (context_takes_results(context) ? 1u : 0u);
}

/* endorses_anybody: keys of attesters; or reference values of a format whose makers certify them,
 * so that no key of an attester is loaded. */
static bool endorses_anybody(const struct atls_context *context)
{
    bool found = atls_endorsements_num_keys(context->endorsements) != 0;
    for (size_t i = 0; !found && i < atls_num_formats; i++) {
        size_t cursor = 0;
        found = atls_endorsements_next_statement(context->endorsements, atls_formats[i].name,
                                                 ATLS_TRIPLE_REFERENCE, atls_context_now(context),
                                                 &cursor) != NULL;
    }
    return found;
}

static enum atls_err check_whole(const struct atls_context *context, struct atls_diag *diag)
{
    const bool requires = context->num_required != 0;
    const bool takes_evidence = context_takes_evidence(context);
    if (context->no_pkix && !requires) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "no PKIX",
                               "no requirement: nothing would identify the peer",
                               "--require with --no-pkix");
    }
    if (!takes_evidence && (atls_endorsements_num_keys(context->endorsements) != 0 ||
                            atls_endorsements_num_references(context->endorsements) != 0)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "endorsements",
                               requires ? "endorsements, and no Evidence required of the peer"
                                        : "endorsements, and nothing required of the peer",
                               "--require");
    }
    if (!requires && context->policy.version != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "policy",
                               "a policy, and nothing required of the peer", "--require");
    }
    enum atls_err err = context_check_verifier(context, diag);
    if (err == ATLS_OK) {
        err = context_check_framed(context, diag);
    }
    if (err == ATLS_OK && context->num_required != 0) {
        err = atls_policy_check_timing(&context->policy, context->timing, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (context->timing == ATLS_TIMING_CERTIFICATE &&
        (context_takes_results(context) || !takes_evidence || context->verifier_ops->waits)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "timing",
                               "\"certificate\" with a Verifier, a Result, or nothing required",
                               "a requirement of Evidence that is appraised here");
    }
    if (takes_evidence && !context->verifier_ops->waits && !endorses_anybody(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "endorsements",
                               "a requirement, and no endorsement: nobody could be accepted",
                               "--endorsements with a CoRIM, or --verifier");
    }
    return ATLS_OK;
}

enum atls_err atls_context_freeze(struct atls_context *context, struct atls_diag *diag)
{
    if (context->frozen) {
        return ATLS_OK;
    }
    enum atls_err err = check_whole(context, diag);
    if (err == ATLS_OK) {
        err = context_freeze_resumption(context, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < context->num_required; i++) {
        if (context->required[i].kind == REQUIRES_RESULT) {
            add_results(context);
        } else {
            add_schemes(&context->can_appraise, context->required[i].format);
        }
    }
    for (size_t i = 0; i < context->num_attesters; i++) {
        add_schemes(&context->can_attest, context->attesters[i].format);
    }
    for (size_t i = 0; i < context->num_passports; i++) {
        add_result(&context->can_attest, context->passports[i].identity);
    }
    context->policy.simulated = context->policy.simulated || context->simulated_allowed;
    context->frozen = true;
    return ATLS_OK;
}
