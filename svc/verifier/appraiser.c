/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/appraiser.h"

#include "appraiser/lookup.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/cmw_json.h"
#include "json/revoked_json.h"
#include "svc/verifier/examine.h"
#include "svc/verifier/known_fetched.h"
#include "svc/verifier/known_matches.h"
#include "svc/verifier/known_sets.h"
#include "svc/verifier/message.h"
#include "svc/verifier/sandbox.h"
#include "svc/verifier/ignore.h"
#include "verifier/verifier.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

static const char step[] = "appraiser";

struct appraiser {
    int fd;
    const struct atls_crypto_ops *crypto;
    struct verifier_known_sets *sets;
    struct verifier_known_matches *matches;
    struct verifier_packer answers;
    uint64_t revoked_number; /* of the list below; 0: there is none */
    struct atls_revocations revoked;
    uint64_t collateral_number; /* as above */
    struct atls_collateral *collateral;
    struct verifier_known_fetched *fetched;
    /* of the job at hand; too large for a stack */
    struct verifier_evaluate request;
    const struct atls_format *format; /* of its Evidence, once that is identified */
    struct atls_lookup lookup;        /* what that read */
    struct verifier_outcome outcome;
};

/* Media types of a CMW (RFC 9999, and the names that Veraison had before): the Evidence is inside,
 * and is labelled there. */
static bool is_cmw_type(struct atls_bytes type)
{
    static const char *const types[] = {
        "application/cmw",
        "application/cmw+json",
        "application/cmw+cbor",
        "application/vnd.veraison.cmw",
        "application/vnd.veraison.cmw+json",
        "application/vnd.veraison.cmw+cbor",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        if (atls_media_type_is(type, types[i])) {
            return true;
        }
    }
    return false;
}

/* unwrap reads a CMW; `*storage` (caller: free) holds what its spans borrow when it was JSON. */
static enum atls_err unwrap(struct atls_cmw *out, uint8_t **storage, struct atls_bytes body,
                            struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    if (body.len != 0 && (body.data[0] == '[' || body.data[0] == '{')) {
        size_t len = 0;
        err = atls_cmw_json_parse(storage, &len, body, diag);
        body = atls_bytes_of(*storage, len);
    }
    if (err == ATLS_OK) {
        err = atls_cmw_parse(out, body, diag);
    }
    if (err != ATLS_OK && diag != NULL) {
        diag->err = ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return err == ATLS_OK ? ATLS_OK : ATLS_ERR_EVIDENCE_MALFORMED;
}

static enum atls_err identify(struct verifier_report *out, struct appraiser *a, uint8_t **storage,
                              struct atls_diag *diag)
{
    const struct verifier_evaluate *request = &a->request;
    struct atls_cmw cmw = {
        .kind = ATLS_CMW_RECORD, .media_type = request->content_type, .value = request->body};
    enum atls_err err = ATLS_OK;
    if (is_cmw_type(request->content_type)) {
        err = unwrap(&cmw, storage, request->body, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_format *format = atls_cmw_format(&cmw);
    if (format == NULL) {
        atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, step, "type of the Evidence", NULL,
                        "one of those in Accept");
        atls_diag_found_peer_text(diag, cmw.kind == ATLS_CMW_COLLECTION ? request->content_type
                                                                        : cmw.media_type);
        return ATLS_ERR_EVIDENCE_TYPE;
    }
    struct atls_lookup *lookup = &a->lookup;
    a->format = format;
    out->media_type = cmw.by_content_format || cmw.kind == ATLS_CMW_COLLECTION
                          ? atls_bytes_text(format->media_type)
                          : cmw.media_type;
    out->value = atls_cmw_evidence(&cmw);
    /* What is malformed belongs nowhere; that it is so is for the Result to say. */
    if (atls_lookup_read(lookup, format, out->value, out->media_type, NULL) == ATLS_OK) {
        out->match.format = lookup->format;
        out->match.instance = lookup->instance;
        out->match.class_id = lookup->class_id;
    }
    return ATLS_OK;
}

/* appraise: what `identify` has read is not put into a CMW to be read again. */
static enum atls_err appraise(struct verifier_outcome *out, const struct appraiser *a,
                              const struct verifier_report *report,
                              const struct atls_endorsements *set,
                              const struct atls_collateral_source *source, struct atls_diag *diag)
{
    const struct atls_cmw label = {
        .kind = ATLS_CMW_RECORD, .media_type = report->media_type, .value = report->value};
    out->format = a->format;
    const struct atls_verify_request verify = {
        .crypto = a->crypto,
        .endorsements = set,
        .format = out->format,
        .label = &label,
        .lookup = &a->lookup,
        .expected_nonce = a->request.nonce,
        .now_s = a->request.now_s,
        .want_claims = true,
        .revoked = &a->revoked,
        .collateral = a->collateral,
        .source = source,
    };
    return atls_verify(&out->appraisal, &verify, diag);
}

/* take_list: the list that counts is the front's, and no other will do. */
static bool take_list(struct appraiser *a)
{
    const struct verifier_told *told = &a->request.revoked;
    struct atls_revocations fresh = {.entries = NULL};
    if (told->number == a->revoked_number) {
        return true;
    }
    if (told->number != 0 &&
        (!told->has_octets || atls_revocations_parse(&fresh, told->octets, NULL) != ATLS_OK)) {
        return false;
    }
    atls_revocations_cleanup(&a->revoked);
    a->revoked = fresh;
    a->revoked_number = told->number;
    return true;
}

static bool unpack(struct atls_collateral **out, struct atls_bytes octets)
{
    struct atls_collateral *fresh = NULL;
    if (atls_collateral_new(&fresh, ATLS_MAX_COLLATERAL, NULL) != ATLS_OK ||
        atls_collateral_unpack(fresh, octets, NULL) != ATLS_OK) {
        atls_collateral_free(fresh);
        return false;
    }
    *out = fresh;
    return true;
}

/* take_collateral: what the front has now, so that what the operator took away is gone. */
static bool take_collateral(struct appraiser *a)
{
    const struct verifier_told *told = &a->request.collateral;
    struct atls_collateral *fresh = NULL;
    if (told->number == a->collateral_number) {
        return true;
    }
    if (told->number != 0 && (!told->has_octets || !unpack(&fresh, told->octets))) {
        return false;
    }
    atls_collateral_free(a->collateral);
    a->collateral = fresh;
    a->collateral_number = told->number;
    return true;
}

/* evaluate fills in what the report says. */
static void evaluate(struct verifier_report *report, struct appraiser *a)
{
    struct verifier_evaluate *request = &a->request;
    struct verifier_outcome *outcome = &a->outcome;
    const struct atls_endorsements *set = NULL;
    const struct atls_collateral_source *source = verifier_known_fetched_begin(a->fetched, request);
    if (!take_list(a)) {
        report->kind = VERIFIER_NEEDS_LIST;
        return;
    }
    if (!take_collateral(a)) {
        report->kind = VERIFIER_NEEDS_COLLATERAL;
        return;
    }
    if (request->has_documents) {
        verifier_known_matches_add(a->matches, request, &report->match);
    } else if (!verifier_known_matches_find(a->matches, request, &report->match)) {
        report->kind = VERIFIER_NEEDS_DOCUMENTS;
        return;
    }
    report->num_documents = (uint16_t)request->num_documents;
    const enum atls_err made = verifier_known_sets_get(
        &set, a->sets, request->documents, request->num_documents, request->now_s, &outcome->why);
    if (made == ATLS_OK && set == NULL) {
        report->kind = VERIFIER_NEEDS_CONTENTS;
        return;
    }
    if (made == ATLS_OK) {
        verifier_ignore(appraise(outcome, a, report, set, source, &outcome->why));
    }
    if (request->asks &&
        verifier_known_fetched_lacks(a->fetched, &report->wanted, &report->useless)) {
        report->kind = VERIFIER_NEEDS_FETCHED;
        return;
    }
    report->holds = outcome->appraisal.num_submods != 0;
    if (outcome->appraisal.num_submods != 0) {
        outcome->why.err = ATLS_OK;
    }
    report->kind = VERIFIER_APPRAISED;
    report->fresh = outcome;
}

static enum atls_err on_evaluate(struct appraiser *a, struct atls_bytes payload)
{
    struct verifier_report report = {.fresh = NULL};
    uint8_t *unwrapped = NULL;
    const enum atls_err err = verifier_evaluate_read(&a->request, payload);
    if (err != ATLS_OK) {
        return err;
    }
    if (identify(&report, a, &unwrapped, &report.why) == ATLS_OK) {
        report.why.err = ATLS_OK;
        if (a->request.nonce.len != 0) {
            evaluate(&report, a);
        }
    }
    verifier_pack(&a->answers, VERIFIER_REPORT, verifier_put_report, &report);
    verifier_outcome_cleanup(&a->outcome);
    atls_lookup_cleanup(&a->lookup);
    free(unwrapped);
    return ATLS_OK;
}

/* on_batch does one job after the other, and answers when all are done. */
static enum atls_err on_batch(struct appraiser *a, struct atls_bytes payload, uint32_t *jobs)
{
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    struct atls_bytes octets;
    size_t num = 0;
    enum atls_err err = verifier_unpack(items, &num, payload);
    verifier_pack_begin(&a->answers);
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        err = items[i].type == VERIFIER_EVALUATE ? on_evaluate(a, items[i].payload)
                                                 : ATLS_ERR_MALFORMED;
    }
    *jobs += (uint32_t)num;
    if (err == ATLS_OK) {
        err = verifier_pack_octets(&octets, &a->answers);
    }
    return err == ATLS_OK ? verifier_frame_send(a->fd, VERIFIER_BATCH, octets, -1, NULL) : err;
}

static enum atls_err on_examine(const struct appraiser *a, struct atls_bytes payload)
{
    struct verifier_examine request;
    struct verifier_examined answer = {.matches = NULL};
    struct verifier_octets octets = {NULL, 0};
    struct atls_endorsements *set = NULL;
    enum atls_err err = verifier_examine_read(&request, payload);
    if (err != ATLS_OK) {
        return err;
    }
    err = verifier_known_sets_empty(&set, a->sets, &answer.why);
    if (err == ATLS_OK) {
        err = verifier_examine_corim(&answer, set, &request);
    }
    if (err != ATLS_OK) {
        const struct atls_diag why = answer.why;
        verifier_examined_cleanup(&answer);
        answer.why = why;
    }
    err = verifier_message_write(&octets, verifier_put_examined, &answer);
    if (err == ATLS_OK) {
        err = verifier_frame_send(a->fd, VERIFIER_EXAMINED, atls_bytes_of(octets.data, octets.len),
                                  -1, NULL);
    }
    free(octets.data);
    verifier_examined_cleanup(&answer);
    atls_endorsements_unref(set);
    return err;
}

static enum atls_err serve_one(struct appraiser *a, const struct verifier_frame *frame,
                               uint32_t *jobs)
{
    const struct atls_bytes payload = atls_bytes_of(frame->payload, frame->len);
    switch (frame->type) {
    case VERIFIER_BATCH:
        return on_batch(a, payload, jobs);
    case VERIFIER_EXAMINE:
        ++*jobs;
        return on_examine(a, payload);
    default:
        return ATLS_ERR_MALFORMED;
    }
}

/* use_key signs, verifies, and goes through the decoder of PEM, as the keys of endorsements do. */
static enum atls_err use_key(const struct appraiser *a, const struct atls_key *key,
                             struct atls_diag *diag)
{
    uint8_t signature[256];
    const struct atls_buf room = {signature, sizeof signature};
    const struct atls_bytes text = atls_bytes_text(step);
    const int32_t alg = atls_key_default_alg(key);
    struct atls_key *again = NULL;
    char *pem = NULL;
    size_t len = 0;
    enum atls_err err = a->crypto->sign(alg, key, &text, 1, room, &len);
    if (err == ATLS_OK) {
        err = atls_key_to_public_pem(&pem, key, diag);
    }
    if (err == ATLS_OK) {
        err = atls_key_from_pem(&again, atls_bytes_text(pem), diag);
    }
    if (err == ATLS_OK) {
        err = a->crypto->verify(alg, again, &text, 1, atls_bytes_of(signature, len));
    }
    atls_pem_free(pem);
    atls_key_free(again);
    return err;
}

/* warm_up lets OpenSSL set up what it sets up at first use, and the C library read the time zone,
 * which it wants for the dates of certificates: afterwards no file can be opened. */
static enum atls_err warm_up(const struct appraiser *a, struct atls_diag *diag)
{
    static const int32_t curves[] = {ATLS_CRV_P256, ATLS_CRV_P384, ATLS_CRV_P521, ATLS_CRV_ED25519};
    enum atls_err err = ATLS_OK;
    tzset();
    json_object_seed(0); /* jansson reads /dev/urandom once */
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(curves); i++) {
        struct atls_key *key = NULL;
        err = atls_key_generate(&key, curves[i], diag);
        if (err == ATLS_OK) {
            err = use_key(a, key, diag);
        }
        atls_key_free(key);
    }
    return err;
}

static enum atls_err begin(struct appraiser *a, const struct verifier_appraiser_config *config,
                           struct atls_diag *diag)
{
    struct atls_endorsements *probe = NULL;
    a->sets = verifier_known_sets_new(config->signers, config->num_signers);
    a->matches = verifier_known_matches_new();
    a->fetched = verifier_known_fetched_new();
    enum atls_err err = a->sets != NULL && a->matches != NULL && a->fetched != NULL
                            ? warm_up(a, diag)
                            : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) { /* PEM and X.509, with the decoders that they need */
        err = verifier_known_sets_empty(&probe, a->sets, diag);
    }
    atls_endorsements_unref(probe);
    const struct verifier_sandbox sandbox = {.keep_fd = a->fd, .max_memory = config->max_memory};
    return err == ATLS_OK ? verifier_sandbox_enter(&sandbox, diag) : err;
}

int verifier_appraiser_run(int fd, const struct verifier_appraiser_config *config)
{
    struct appraiser *a = calloc(1, sizeof *a);
    struct atls_diag diag;
    if (a == NULL) {
        return 1;
    }
    a->fd = fd;
    a->crypto = atls_crypto_openssl();
    enum atls_err err = begin(a, config, &diag);
    for (uint32_t jobs = 0; err == ATLS_OK && jobs < config->max_jobs;) {
        struct verifier_frame frame;
        err = verifier_frame_receive(fd, &frame, VERIFIER_MAX_FRAME_LEN, -1, NULL);
        if (err == ATLS_OK) {
            err = serve_one(a, &frame, &jobs);
            verifier_frame_cleanup(&frame);
        }
    }
    verifier_known_matches_free(a->matches);
    verifier_known_sets_free(a->sets);
    verifier_known_fetched_free(a->fetched);
    verifier_packer_cleanup(&a->answers);
    atls_revocations_cleanup(&a->revoked);
    atls_collateral_free(a->collateral);
    free(a);
    return err == ATLS_OK || err == ATLS_ERR_CONNECTION ? 0 : 1;
}
