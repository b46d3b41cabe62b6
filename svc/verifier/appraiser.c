/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/appraiser.h"

#include "appraiser/lookup.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/cmw_json.h"
#include "svc/verifier/examine.h"
#include "svc/verifier/known_sets.h"
#include "svc/verifier/message.h"
#include "svc/verifier/sandbox.h"
#include "svc/verifier/ignore.h"
#include "verifier/verifier.h"

#include <jansson.h>
#include <stdlib.h>

static const char step[] = "appraiser";

struct appraiser {
    int fd;
    const struct atls_crypto_ops *crypto;
    struct verifier_known_sets *sets;
};

static enum atls_err reply(const struct appraiser *a, uint8_t type, enum atls_err written,
                           struct verifier_octets *octets)
{
    enum atls_err err = written;
    if (err == ATLS_OK) {
        err = verifier_frame_send(a->fd, type, atls_bytes_of(octets->data, octets->len), -1, NULL);
    }
    free(octets->data);
    return err;
}

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
        if (atls_media_type_equal(type, atls_bytes_text(types[i]))) {
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

static enum atls_err identify(struct verifier_identified *out, uint8_t **storage,
                              const struct verifier_identify *request, struct atls_diag *diag)
{
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
    struct atls_lookup lookup = {.instance = {NULL, 0}};
    out->media_type = cmw.by_content_format || cmw.kind == ATLS_CMW_COLLECTION
                          ? atls_bytes_text(format->media_type)
                          : cmw.media_type;
    out->value = atls_cmw_evidence(&cmw);
    /* What is malformed belongs nowhere; that it is so is for the Result to say. */
    if (atls_lookup_read(&lookup, format, out->value, out->media_type, NULL) == ATLS_OK) {
        out->match.format = lookup.format;
        out->match.instance = lookup.instance;
        out->match.class_id = lookup.class_id;
    }
    return ATLS_OK;
}

static enum atls_err on_identify(const struct appraiser *a, struct atls_bytes payload)
{
    struct verifier_identify request;
    struct verifier_identified answer;
    struct verifier_octets octets = {NULL, 0};
    uint8_t *storage = NULL;
    memset(&answer, 0, sizeof answer);
    enum atls_err err = verifier_identify_read(&request, payload);
    if (err != ATLS_OK) {
        return err;
    }
    verifier_ignore(identify(&answer, &storage, &request, &answer.why));
    err = reply(a, VERIFIER_IDENTIFIED, verifier_identified_write(&octets, &answer), &octets);
    free(storage);
    return err;
}

/* wrap puts the Evidence into the CMW record that atls_verify takes (caller: free). */
static enum atls_err wrap(uint8_t **out, size_t *out_len, const struct verifier_appraise *request,
                          struct atls_diag *diag)
{
    char type[ATLS_MAX_SCHEME_TEXT_LEN + 1];
    const size_t cap = request->evidence.len + sizeof type + 64;
    uint8_t *data = malloc(cap);
    if (data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    memcpy(type, request->media_type.data, request->media_type.len);
    type[request->media_type.len] = '\0';
    const struct atls_buf room = {data, cap};
    struct atls_writer w = atls_writer_of(room);
    atls_cmw_put_record_media(&w, type, request->evidence, ATLS_CMW_EVIDENCE);
    if (!atls_writer_finish(&w, out_len)) {
        free(data);
        return atls_fail(diag, ATLS_ERR_BUFFER, step, NULL);
    }
    *out = data;
    return ATLS_OK;
}

static enum atls_err appraise(struct verifier_outcome *out, uint8_t **storage,
                              const struct appraiser *a, const struct verifier_appraise *request,
                              const struct atls_endorsements *set, struct atls_diag *diag)
{
    struct atls_cmw label = {.kind = ATLS_CMW_RECORD, .media_type = request->media_type};
    size_t len = 0;
    out->format = atls_cmw_format(&label);
    const enum atls_err err = wrap(storage, &len, request, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_verify_request verify = {
        .crypto = a->crypto,
        .endorsements = set,
        .format = out->format,
        .cmw = atls_bytes_of(*storage, len),
        .expected_nonce = request->nonce,
        .now_s = request->now_s,
        .want_claims = true,
    };
    return atls_verify(&out->appraisal, &verify, diag);
}

static enum atls_err on_appraise(const struct appraiser *a, struct atls_bytes payload)
{
    struct verifier_appraise *request = calloc(1, sizeof *request);
    struct verifier_outcome *outcome = calloc(1, sizeof *outcome);
    struct verifier_octets octets = {NULL, 0};
    const struct atls_endorsements *set = NULL;
    uint8_t *storage = NULL;
    enum atls_err err = request != NULL && outcome != NULL
                            ? verifier_appraise_read(request, payload)
                            : ATLS_ERR_MEMORY;
    if (err == ATLS_OK) {
        const enum atls_err made =
            verifier_known_sets_get(&set, a->sets, request->documents, request->num_documents,
                                    request->now_s, &outcome->why);
        if (made == ATLS_OK && set == NULL) {
            err = verifier_frame_send(a->fd, VERIFIER_NEEDS, atls_bytes_of(NULL, 0), -1, NULL);
        } else {
            if (made == ATLS_OK) {
                verifier_ignore(appraise(outcome, &storage, a, request, set, &outcome->why));
            }
            if (outcome->appraisal.num_submods != 0) {
                outcome->why.err = ATLS_OK;
            }
            err = reply(a, VERIFIER_OUTCOME, verifier_outcome_write(&octets, outcome), &octets);
        }
    }
    if (outcome != NULL) {
        verifier_outcome_cleanup(outcome);
    }
    free(storage);
    free(outcome);
    free(request);
    return err;
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
    err = reply(a, VERIFIER_EXAMINED, verifier_examined_write(&octets, &answer), &octets);
    verifier_examined_cleanup(&answer);
    atls_endorsements_unref(set);
    return err;
}

static enum atls_err serve_one(const struct appraiser *a, const struct verifier_frame *frame)
{
    const struct atls_bytes payload = atls_bytes_of(frame->payload, frame->len);
    switch (frame->type) {
    case VERIFIER_IDENTIFY:
        return on_identify(a, payload);
    case VERIFIER_APPRAISE:
        return on_appraise(a, payload);
    case VERIFIER_EXAMINE:
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

/* warm_up lets OpenSSL set up what it sets up at first use: afterwards no file can be opened. */
static enum atls_err warm_up(const struct appraiser *a, struct atls_diag *diag)
{
    static const int32_t curves[] = {ATLS_CRV_P256, ATLS_CRV_P384, ATLS_CRV_P521, ATLS_CRV_ED25519};
    enum atls_err err = ATLS_OK;
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
    enum atls_err err =
        a->sets != NULL ? warm_up(a, diag) : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) { /* PEM and X.509, with the decoders that they need */
        err = verifier_known_sets_empty(&probe, a->sets, diag);
    }
    atls_endorsements_unref(probe);
    const struct verifier_sandbox sandbox = {.keep_fd = a->fd, .max_memory = config->max_memory};
    return err == ATLS_OK ? verifier_sandbox_enter(&sandbox, diag) : err;
}

int verifier_appraiser_run(int fd, const struct verifier_appraiser_config *config)
{
    struct appraiser a = {.fd = fd, .crypto = atls_crypto_openssl()};
    struct atls_diag diag;
    enum atls_err err = begin(&a, config, &diag);
    for (uint32_t jobs = 0; err == ATLS_OK && jobs < config->max_jobs; jobs++) {
        struct verifier_frame frame;
        err = verifier_frame_receive(fd, &frame, VERIFIER_MAX_FRAME_LEN, -1, NULL);
        if (err == ATLS_OK) {
            err = serve_one(&a, &frame);
            verifier_frame_cleanup(&frame);
        }
    }
    verifier_known_sets_free(a.sets);
    return err == ATLS_OK || err == ATLS_ERR_CONNECTION ? 0 : 1;
}
