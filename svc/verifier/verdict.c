/* SPDX-License-Identifier: Apache-2.0 */
/* From Evidence to a Result: match, appraise, sign, publish, and the record of it. */
#include "svc/verifier/service.h"
#include "svc/verifier/ignore.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/output.h"

#include <stdlib.h>
#include <time.h>

/* One job on its way. */
struct work {
    struct verifier_service *service;
    const struct verifier_job *job;
    struct verifier_appraise request;
    uint8_t *contents[VERIFIER_MAX_DOCUMENTS]; /* owned */
    struct verifier_frame frame;               /* what the outcome borrows */
    struct verifier_outcome outcome;
    char *result; /* the JWT, owned */
};

static void work_free(struct work *w)
{
    for (size_t i = 0; i < VERIFIER_MAX_DOCUMENTS; i++) {
        free(w->contents[i]);
    }
    verifier_outcome_cleanup(&w->outcome);
    verifier_frame_cleanup(&w->frame);
    free(w->result);
    free(w);
}

/* find_documents: the endorsements as of the claim, and not of less. */
static enum atls_err find_documents(struct work *w, struct atls_diag *diag)
{
    struct verifier_service *s = w->service;
    uint64_t generations[VERIFIER_MAX_DOCUMENTS];
    size_t num = 0;
    enum atls_err err = verifier_service_catch_up(s, w->job->claim->generation, diag);
    if (err == ATLS_OK) {
        pthread_mutex_lock(&s->index_lock);
        err = verifier_index_find(s->index, w->job->match, generations, VERIFIER_MAX_DOCUMENTS,
                                  &num, diag);
        pthread_mutex_unlock(&s->index_lock);
    }
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        w->request.documents[i].generation = generations[i];
    }
    w->request.num_documents = num;
    return err;
}

/* load_documents fetches the contents for an appraiser that does not know them. *out_changed: one
 * was replaced meanwhile, and what matches has to be found anew. */
static enum atls_err load_documents(struct work *w, bool *out_changed, struct atls_diag *diag)
{
    *out_changed = false;
    for (size_t i = 0; i < w->request.num_documents && !*out_changed; i++) {
        struct verifier_document *document = &w->request.documents[i];
        struct verifier_endorsement endorsement = {.memory = NULL};
        bool found = false;
        if (document->has_content) {
            continue;
        }
        enum atls_err err = verifier_endorsement_next(w->service->store, &found, &endorsement,
                                                      document->generation - 1, true, diag);
        if (err != ATLS_OK) {
            return err;
        }
        if (!found || endorsement.generation != document->generation) {
            *out_changed = true;
        } else {
            w->contents[i] = malloc(endorsement.content.len + 1);
            if (w->contents[i] == NULL) {
                err = atls_fail(diag, ATLS_ERR_MEMORY, "endorsements", NULL);
            } else {
                memcpy(w->contents[i], endorsement.content.data, endorsement.content.len);
                document->content = atls_bytes_of(w->contents[i], endorsement.content.len);
                document->has_content = true;
            }
        }
        verifier_endorsement_cleanup(&endorsement);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return ATLS_OK;
}

static void forget_documents(struct work *w)
{
    for (size_t i = 0; i < VERIFIER_MAX_DOCUMENTS; i++) {
        free(w->contents[i]);
        w->contents[i] = NULL;
    }
    memset(w->request.documents, 0, sizeof w->request.documents);
    w->request.num_documents = 0;
}

/* ask_once gives *out_needs when the appraiser does not know the documents. */
static enum atls_err ask_once(struct work *w, bool *out_needs, struct atls_diag *diag)
{
    struct verifier_octets job = {NULL, 0};
    enum atls_err err = verifier_appraise_write(&job, &w->request);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "appraiser", "job");
    }
    verifier_frame_cleanup(&w->frame);
    err = verifier_crew_appraiser(w->service->crew, VERIFIER_APPRAISE,
                                  atls_bytes_of(job.data, job.len), &w->frame,
                                  verifier_now_ms() + VERIFIER_JOB_MS, diag);
    free(job.data);
    *out_needs = err == ATLS_OK && w->frame.type == VERIFIER_NEEDS;
    if (err == ATLS_OK && !*out_needs &&
        (w->frame.type != VERIFIER_OUTCOME ||
         verifier_outcome_read(&w->outcome, atls_bytes_of(w->frame.payload, w->frame.len)) !=
             ATLS_OK)) {
        err = atls_fail(diag, ATLS_ERR_STATE, "appraiser", "answer");
    }
    return err;
}

static enum atls_err appraise(struct work *w, struct atls_diag *diag)
{
    bool needs = false, changed = false;
    enum atls_err err = find_documents(w, diag);
    if (err == ATLS_OK) {
        err = ask_once(w, &needs, diag);
    }
    for (int tries = 0; err == ATLS_OK && needs && tries < 4; tries++) {
        err = load_documents(w, &changed, diag);
        if (err == ATLS_OK && changed) {
            uint64_t generation = 0;
            forget_documents(w);
            err = verifier_store_generation(w->service->store, &generation, diag);
            if (err == ATLS_OK) {
                err = verifier_service_catch_up(w->service, generation, diag);
            }
            if (err == ATLS_OK) {
                err = find_documents(w, diag);
            }
        }
        if (err == ATLS_OK) {
            err = ask_once(w, &needs, diag);
        }
    }
    return err == ATLS_OK && needs
               ? atls_fail_texts(diag, ATLS_ERR_STATE, "appraiser", "endorsements",
                                 "replaced again and again", NULL)
               : err;
}

static enum atls_err sign(struct work *w, struct atls_diag *diag)
{
    const struct verifier_claim *claim = w->job->claim;
    struct verifier_sign *request = calloc(1, sizeof *request);
    struct verifier_octets job = {NULL, 0};
    struct verifier_frame frame = {.payload = NULL};
    struct verifier_text text;
    if (request == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "signer", NULL);
    }
    request->id = atls_bytes_text(claim->session);
    request->nonce = atls_bytes_of(claim->nonce, claim->nonce_len);
    request->outcome = w->outcome; /* borrowed: not cleaned up here */
    enum atls_err err = verifier_sign_write(&job, request);
    free(request);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "signer", "request");
    }
    /* The last look at the lease: another node must not have taken over (store.h). */
    err = verifier_claim_is_valid(claim)
              ? verifier_crew_signer(w->service->crew, VERIFIER_SIGN,
                                     atls_bytes_of(job.data, job.len), &frame,
                                     verifier_now_ms() + VERIFIER_JOB_MS, diag)
              : atls_fail_texts(diag, ATLS_ERR_DEADLINE, "session", "lease", "at its end", NULL);
    free(job.data);
    if (err == ATLS_OK &&
        (frame.type != VERIFIER_SIGNED ||
         verifier_text_read(&text, atls_bytes_of(frame.payload, frame.len)) != ATLS_OK)) {
        err = atls_fail(diag, ATLS_ERR_STATE, "signer", "answer");
    }
    if (err == ATLS_OK && text.why.err != ATLS_OK) {
        *diag = text.why;
        err = text.why.err;
    }
    if (err == ATLS_OK) {
        w->result = calloc(1, text.text.len + 1);
        if (w->result == NULL) {
            err = atls_fail(diag, ATLS_ERR_MEMORY, "signer", NULL);
        } else {
            memcpy(w->result, text.text.data, text.text.len);
        }
    }
    verifier_frame_cleanup(&frame);
    return err;
}

/* publish: when the store did not answer, the same again is no conflict. */
static enum atls_err publish(struct work *w, struct atls_diag *diag)
{
    const struct atls_bytes result = atls_bytes_text(w->result);
    enum atls_err err = verifier_session_complete(w->service->store, w->job->claim, result, diag);
    for (int tries = 0; err == ATLS_ERR_STORE_UNREACHABLE && tries < 3; tries++) {
        err = verifier_session_complete(w->service->store, w->job->claim, result, diag);
    }
    return err;
}

/* hash_text gives the first 16 octets of a hash in hexadecimal: a name in the log for what is not
 * to be in it. */
static json_t *hash_text(struct atls_bytes octets)
{
    struct atls_digest digest;
    char text[ATLS_HEX_SIZE(16)];
    if (atls_crypto_openssl()->hash(ATLS_ALG_SHA256, octets, &digest) != ATLS_OK ||
        !atls_hex_encode(atls_bytes_of(digest.data, 16), text, sizeof text)) {
        return json_null();
    }
    return json_string(text);
}

static json_t *submod_record(const struct atls_submod *submod)
{
    json_t *vector = json_object();
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (submod->vector.claim[i] != 0) {
            json_object_set_new(vector, atls_trust_claim_name((enum atls_trust_claim)i),
                                json_integer(submod->vector.claim[i]));
        }
    }
    char *machine = atls_hex_new(submod->machine);
    json_t *record =
        json_pack("{s:s,s:s,s:o,s:b,s:b,s:s?}", "submod", submod->format->submod, "status",
                  atls_tier_name(submod->status), "vector", vector, "simulated", submod->simulated,
                  "debug", submod->debug, "machine", machine);
    json_object_set_new(record, "reason", atls_output_error(&submod->reason));
    free(machine);
    return record;
}

static enum atls_tier worst_status(const struct verifier_outcome *outcome)
{
    enum atls_tier worst = ATLS_TIER_NONE;
    for (size_t i = 0; i < outcome->appraisal.num_submods; i++) {
        if (atls_tier_worse(outcome->appraisal.submods[i].status, worst)) {
            worst = outcome->appraisal.submods[i].status;
        }
    }
    const enum atls_fault fault = atls_err_fault(outcome->why.err);
    const bool is_peers = fault == ATLS_FAULT_PEER || fault == ATLS_FAULT_POLICY;
    return outcome->appraisal.num_submods != 0 || !is_peers ? worst : ATLS_TIER_CONTRAINDICATED;
}

/* record_verdict: who asked, which session and nonce (by their hashes), which format, what came of
 * it and why. */
static void record_verdict(const struct work *w, uint64_t microseconds)
{
    const struct verifier_claim *claim = w->job->claim;
    const struct verifier_outcome *outcome = &w->outcome;
    json_t *submods = json_array();
    for (size_t i = 0; i < outcome->appraisal.num_submods; i++) {
        json_array_append_new(submods, submod_record(&outcome->appraisal.submods[i]));
    }
    json_t *record = json_object();
    json_object_set_new(record, "status", json_string(atls_tier_name(worst_status(outcome))));
    json_object_set_new(record, "peer",
                        w->job->peer != NULL ? json_string(w->job->peer) : json_null());
    json_object_set_new(record, "format",
                        outcome->format != NULL ? json_string(outcome->format->name) : json_null());
    json_object_set_new(record, "session_hash", hash_text(atls_bytes_text(claim->session)));
    json_object_set_new(record, "nonce_hash",
                        hash_text(atls_bytes_of(claim->nonce, claim->nonce_len)));
    json_object_set_new(record, "policy", json_string("vector"));
    json_object_set_new(record, "endorsements", json_integer((json_int_t)w->request.num_documents));
    json_object_set_new(record, "microseconds", json_integer((json_int_t)microseconds));
    json_object_set_new(record, "submods", submods);
    json_object_set_new(record, "why", atls_output_error(&outcome->why));
    verifier_log_event(w->service->log, "verdict", NULL, record);
}

static uint64_t now_us(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

enum atls_err verifier_service_process(struct verifier_service *service,
                                       const struct verifier_job *job, struct atls_diag *diag)
{
    const uint64_t began = now_us();
    struct work *w = calloc(1, sizeof *w);
    if (w == NULL) {
        verifier_ignore(verifier_session_fail(service->store, job->claim, NULL));
        return atls_fail(diag, ATLS_ERR_MEMORY, "session", NULL);
    }
    w->service = service;
    w->job = job;
    w->request.now_s = verifier_wall_s();
    w->request.nonce = atls_bytes_of(job->claim->nonce, job->claim->nonce_len);
    w->request.media_type = atls_bytes_text(job->media_type);
    w->request.evidence = job->evidence;
    enum atls_err err = appraise(w, diag);
    if (err == ATLS_OK) {
        err = sign(w, diag);
    }
    if (err == ATLS_OK) {
        err = publish(w, diag);
    }
    if (err == ATLS_OK) {
        const uint64_t taken = now_us() - began;
        verifier_metrics_verdict(&service->metrics, worst_status(&w->outcome), taken);
        record_verdict(w, taken);
    } else {
        atomic_fetch_add(&service->metrics.failed, 1);
        verifier_ignore(verifier_session_fail(service->store, job->claim, NULL));
        verifier_log_event(service->log, "failure", diag,
                           json_pack("{s:o,s:s?}", "session_hash",
                                     hash_text(atls_bytes_text(job->claim->session)), "peer",
                                     job->peer));
    }
    work_free(w);
    return err;
}
