/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The appraisal of what a peer brought, as a job: the Verifier of the context, or the Result that
 * the peer carries, then the one decision. When it came makes no difference here but to the policy.
 */
#include "base/span.h"
#include "base/text.h"
#include "session/context.h"
#include "session/resumption_internal.h"
#include "session/revoked.h"
#include "session/session_internal.h"
#include "verifier/passport.h"

#include <stdlib.h>

struct appraise_job {
    struct atls_job job; /* first */
    struct atls_context *context;
    const struct atls_format *format; /* of Evidence; NULL for a Result */
    struct atls_bytes by;             /* identity of the Verifier of a Result; empty for Evidence */
    bool by_label;                    /* neither was negotiated: whatever is required may come */
    enum atls_timing timing;
    uint8_t *cmw;
    size_t cmw_len;
    uint8_t *spki;
    size_t spki_len;
    struct atls_digest binder, spki_sha256, own_spki_sha256;
    bool pkix_ok, channel_ok, in_pool;
    int64_t deadline_ms;
    struct session_basis *basis; /* NULL: nobody asks */
    struct atls_appraisal appraisal;
    enum atls_err err;
    struct atls_diag diag;
};

static bool is_abandoned(const void *arg)
{
    return atls_job_is_abandoned(arg);
}

/* appraise_as appraises as Evidence of `format`, or, without one, as a Result of `by`. */
static enum atls_err appraise_as(struct appraise_job *a, const struct atls_format *format,
                                 struct atls_bytes by, const struct atls_verify_request *common,
                                 const struct atls_verifier_wait *wait)
{
    const struct atls_context *context = a->context;
    struct atls_verify_request request = *common;
    request.format = format;
    return format == NULL
               ? verifier_passport_appraise(&a->appraisal, context->listed, by, &request, &a->diag)
               : context->verifier_ops->appraise(context->verifier, &a->appraisal, &request, wait,
                                                 &a->diag);
}

/* appraise_result: each Verifier that is listed is asked for in turn; only a signature by none of
 * its keys leaves the question open for the next. */
static enum atls_err appraise_result(struct appraise_job *a,
                                     const struct atls_verify_request *request,
                                     const struct atls_verifier_wait *wait)
{
    const struct verifier_trust *listed = a->context->listed;
    enum atls_err err = ATLS_ERR_RESULT_SIGNATURE;
    for (size_t i = 0; err == ATLS_ERR_RESULT_SIGNATURE && i < a->context->num_listed; i++) {
        a->by = atls_bytes_text(verifier_trust_identity(listed, i));
        err = appraise_as(a, NULL, a->by, request, wait);
    }
    return err;
}

/* appraise_by_label: the label never selects what is taken. What is required is asked for in
 * turn, and only another type leaves the question open for the next. */
static enum atls_err appraise_by_label(struct appraise_job *a,
                                       const struct atls_verify_request *request,
                                       const struct atls_verifier_wait *wait)
{
    const struct atls_context *context = a->context;
    enum atls_err err = ATLS_ERR_EVIDENCE_TYPE;
    for (size_t i = 0; err == ATLS_ERR_EVIDENCE_TYPE && i < context->num_required; i++) {
        const struct atls_bytes nobody = {NULL, 0};
        if (context->required[i].kind == REQUIRES_EVIDENCE) {
            err = appraise_as(a, context->required[i].format, nobody, request, wait);
        }
    }
    return err == ATLS_ERR_EVIDENCE_TYPE && context_takes_results(context)
               ? appraise_result(a, request, wait)
               : err;
}

static void run_appraise(struct atls_job *job)
{
    struct appraise_job *a = (struct appraise_job *)job;
    const struct atls_context *context = a->context;
    struct session_revoked *revoked = session_revoked_take(a->context);
    const struct atls_verify_request request = {
        .crypto = context->crypto,
        .endorsements = context->endorsements,
        .cmw = atls_bytes_of(a->cmw, a->cmw_len),
        .expected_nonce = atls_digest_bytes(&a->binder),
        .tls_spki = atls_bytes_of(a->spki, a->spki_len),
        .now_s = atls_context_now(context),
        .want_claims = context->keep_claims,
        .revoked = session_revoked_list(revoked),
        .max_result_age_s = context->policy.max_result_age_s,
        .depot = context->depot,
        .deadline_ms = a->deadline_ms,
        .ends_s = a->basis != NULL ? &a->basis->ends_s : NULL,
        .verifier_keys = a->basis != NULL ? &a->basis->verifier_keys : NULL,
    };
    const struct atls_verifier_wait wait = {a->deadline_ms, is_abandoned, job};
    a->err = a->by_label ? appraise_by_label(a, &request, &wait)
                         : appraise_as(a, a->format, a->by, &request, &wait);
    if (a->err == ATLS_OK) {
        const struct atls_decision_input input = {
            .pkix_required = !context->no_pkix,
            .pkix_ok = a->pkix_ok,
            .peer_spki_sha256 = atls_digest_bytes(&a->spki_sha256),
            .own_spki_sha256 = atls_digest_bytes(&a->own_spki_sha256),
            .appraisal = &a->appraisal,
            .channel_ok = a->channel_ok,
            .timing = a->timing,
        };
        a->err = atls_policy_decide(&context->policy, &input, &a->diag);
    }
    session_revoked_release(revoked);
    if (a->in_pool) {
        atls_context_job_ended(a->context); /* last use of the context */
    }
}

static void destroy_appraise(struct atls_job *job)
{
    struct appraise_job *a = (struct appraise_job *)job;
    atls_appraisal_cleanup(&a->appraisal, free);
    free(a->basis);
    free(a->cmw);
    free(a->spki);
    free(a);
}

/* The format that was negotiated: the peer's label can only fail to match it. */
static const struct atls_format *format_of(const struct atls_context *context,
                                           const struct atls_scheme *scheme)
{
    for (size_t i = 0; i < context->num_required; i++) {
        const struct atls_format *format = context->required[i].format;
        if (scheme->mechanism != ATLS_MECHANISM_EVIDENCE ||
            context->required[i].kind != REQUIRES_EVIDENCE) {
            continue;
        }
        if (scheme->by_content_format
                ? format->has_content_format && format->content_format == scheme->content_format
                : atls_bytes_is_text(scheme->text, format->media_type)) {
            return format;
        }
    }
    return NULL;
}

/* choose says as what the credential is appraised: the one thing that was negotiated, or, where
 * the peer was told only what is taken, any of that. */
static enum atls_err choose(struct appraise_job *a, const struct atls_scheme *scheme,
                            struct atls_diag *diag)
{
    a->by_label = scheme == NULL;
    if (a->by_label) {
        return ATLS_OK;
    }
    a->format = format_of(a->context, scheme);
    a->by = scheme->mechanism == ATLS_MECHANISM_RESULT ? scheme->text : atls_bytes_of(NULL, 0);
    return a->format != NULL || a->by.len != 0
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_STATE, "appraisal", "negotiated scheme");
}

static enum atls_err new_job(struct appraise_job **out, struct atls_session *session,
                             const struct session_appraisal *appraisal, struct atls_diag *diag)
{
    const struct atls_peer *peer = appraisal->peer;
    struct appraise_job *a = calloc(1, sizeof *a);
    uint8_t *spki = malloc(peer->spki.len);
    if (a == NULL || spki == NULL || session->peer_cmw == NULL) {
        free(a);
        free(spki);
        return atls_fail(diag, ATLS_ERR_MEMORY, "appraisal", NULL);
    }
    memcpy(spki, peer->spki.data, peer->spki.len);
    atls_job_init(&a->job, run_appraise, destroy_appraise);
    a->err = session_not_run(&a->diag);
    a->spki = spki;
    a->spki_len = peer->spki.len;
    a->context = session->context;
    a->spki_sha256 = *appraisal->spki_hash;
    a->basis = session_basis_new(session->context);
    a->own_spki_sha256 = session->own_spki_sha256;
    a->binder = appraisal->binder;
    a->timing = appraisal->timing;
    a->pkix_ok = peer->pkix_ok;
    a->channel_ok = true; /* session_check_channel came first */
    a->deadline_ms = context_verifier_deadline_ms(session->context);
    const enum atls_err err = choose(a, appraisal->scheme, diag);
    if (err != ATLS_OK) {
        destroy_appraise(&a->job);
        return err;
    }
    a->cmw = session->peer_cmw; /* handed over */
    a->cmw_len = session->peer_cmw_len;
    session->peer_cmw = NULL;
    session->peer_cmw_len = 0;
    *out = a;
    return ATLS_OK;
}

/* name_verifier: who appraised, for the verdict; `by` is that of a Result. */
static void name_verifier(struct atls_verdict *verdict, const struct atls_context *context,
                          struct atls_bytes by)
{
    char name[sizeof verdict->verifier];
    const size_t len = by.len < sizeof name ? by.len : sizeof name - 1;
    if (by.len == 0) {
        atls_text_copy(verdict->verifier, sizeof verdict->verifier,
                       context->verifier_ops->identity(context->verifier));
        return;
    }
    memcpy(name, by.data, len);
    name[len] = '\0';
    atls_text_copy(verdict->verifier, sizeof verdict->verifier, name);
}

/* forget_evidence: that of an earlier round gives way. */
static void forget_evidence(struct atls_verdict *verdict)
{
    for (size_t i = 0; i < verdict->num_evidence; i++) {
        free(verdict->evidence[i].claims_json);
    }
    memset(verdict->evidence, 0, sizeof verdict->evidence);
    verdict->num_evidence = 0;
}

enum atls_err session_run_appraisal(struct atls_session *session,
                                    const struct session_appraisal *appraisal,
                                    struct atls_diag *diag)
{
    struct appraise_job *a = NULL;
    enum atls_err err = new_job(&a, session, appraisal, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_verdict *verdict = &session->verdict;
    forget_evidence(verdict);
    memcpy(verdict->binder, a->binder.data, a->binder.len);
    verdict->binder_len = a->binder.len;
    verdict->timing = a->timing;
    name_verifier(verdict, session->context, a->by);
    const bool in_place = a->by.len != 0 || !context_appraisal_waits(session->context);
    a->in_pool = !in_place || session->stack->may_pause(session->connection);
    err = session_run(session, &a->job, in_place, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = a->err;
    if (err != ATLS_OK) {
        *diag = a->diag;
    }
    name_verifier(verdict, session->context, a->by); /* now it is known whose Result it was */
    session_note_appraisal(session, &a->appraisal, a->basis);
    atls_verdict_take_evidence(verdict, &a->appraisal);
    atls_job_unref(&a->job);
    return err;
}
