/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of each verdict: who asked, which session and nonce (by their hashes), which format,
 * what came of it and why. The lines of a batch go out together, before its answers do.
 */
#include "svc/verifier/task.h"
#include "svc/verifier/service.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/output.h"

#include <stdlib.h>

enum { HASH_LEN = 16 };

/* hash_text: a name in the log for what is not to be in it. */
static void hash_text(char out[ATLS_HEX_SIZE(HASH_LEN)], struct atls_bytes octets)
{
    struct atls_digest digest;
    if (atls_crypto_openssl()->hash(ATLS_ALG_SHA256, octets, &digest) != ATLS_OK ||
        !atls_hex_encode(atls_bytes_of(digest.data, HASH_LEN), out, ATLS_HEX_SIZE(HASH_LEN))) {
        out[0] = '\0';
    }
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

static void put_text(struct atls_json_writer *page, const char *name, const char *text)
{
    atls_json_put_name(page, name);
    if (text != NULL) {
        atls_json_put_string(page, atls_bytes_text(text));
    } else {
        atls_json_put(page, "null");
    }
}

static void put_submod(struct atls_json_writer *page, const struct atls_submod *submod)
{
    atls_json_put(page, "{\"submod\":");
    atls_json_put_string(page, atls_bytes_text(submod->format->submod));
    put_text(page, "status", atls_tier_name(submod->status));
    atls_json_put_name(page, "vector");
    atls_json_put(page, "{");
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (submod->vector.claim[i] != 0) {
            atls_json_put_name(page, atls_trust_claim_name((enum atls_trust_claim)i));
            atls_json_put_number(page, submod->vector.claim[i]);
        }
    }
    atls_json_put(page, submod->simulated ? "},\"simulated\":true" : "},\"simulated\":false");
    atls_json_put(page, submod->debug ? ",\"debug\":true" : ",\"debug\":false");
    atls_json_put_name(page, "machine");
    atls_json_put_hex(page, submod->machine);
    atls_json_put_name(page, "reason");
    atls_output_put_error(page, &submod->reason);
    atls_json_put(page, "}");
}

/* What a record says of one task. */
struct record {
    const struct verifier_task *task;
    const struct verifier_outcome *outcome;
    const char *format; /* NULL: none is known */
    const char *status;
    char session[ATLS_HEX_SIZE(HASH_LEN)];
    char nonce[ATLS_HEX_SIZE(HASH_LEN)];
    uint64_t microseconds;
};

static void put_json(struct atls_json_writer *page, const struct record *r)
{
    char now[ATLS_RFC3339_LEN];
    const struct atls_appraisal *appraisal = &r->outcome->appraisal;
    atls_rfc3339_write(now, verifier_wall_s());
    atls_json_put(page, "{\"atls\":1,\"verb\":\"verifier\",\"event\":\"verdict\",\"ok\":true,"
                        "\"exit\":0,\"error\":null,\"result\":{\"status\":");
    atls_json_put_string(page, atls_bytes_text(r->status));
    put_text(page, "peer", r->task->peer);
    put_text(page, "format", r->format);
    put_text(page, "session_hash", r->session);
    put_text(page, "nonce_hash", r->nonce);
    put_text(page, "policy", "vector");
    atls_json_put_name(page, "endorsements");
    atls_json_put_number(page, r->task->report.num_documents);
    atls_json_put_name(page, "microseconds");
    atls_json_put_number(page, (int64_t)r->microseconds);
    atls_json_put_name(page, "submods");
    atls_json_put(page, "[");
    for (size_t i = 0; i < appraisal->num_submods; i++) {
        atls_json_put_next(page);
        put_submod(page, &appraisal->submods[i]);
    }
    atls_json_put(page, "]");
    atls_json_put_name(page, "why");
    atls_output_put_error(page, &r->outcome->why);
    put_text(page, "time", now);
    atls_json_put(page, "}}\n");
}

static void put_words(struct atls_json_writer *page, const char *name, const char *text)
{
    if (text != NULL) {
        atls_json_put(page, ", ");
        atls_json_put(page, name);
        atls_json_put(page, " ");
        atls_json_put(page, text);
    }
}

/* put_reason says why there was no appraisal, or the first of what was found wrong. */
static void put_reason(struct atls_json_writer *page, const struct verifier_outcome *outcome)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    const struct atls_diag *why = &outcome->why;
    for (size_t i = 0; why->err == ATLS_OK && i < outcome->appraisal.num_submods; i++) {
        why = &outcome->appraisal.submods[i].reason;
    }
    if (why->err != ATLS_OK) {
        (void)atls_diag_sentence(sentence, sizeof sentence, why);
        atls_json_put(page, ": ");
        atls_json_put(page, sentence);
    }
}

/* put_line is for those who read. */
static void put_line(struct atls_json_writer *page, const struct record *r)
{
    atls_json_put(page, "atls verifier: verdict");
    put_words(page, "status", r->status);
    put_words(page, "peer", r->task->peer);
    put_words(page, "format", r->format);
    put_words(page, "session_hash", r->session);
    put_words(page, "nonce_hash", r->nonce);
    put_words(page, "policy", "vector");
    atls_json_put(page, ", endorsements ");
    atls_json_put_number(page, r->task->report.num_documents);
    atls_json_put(page, ", microseconds ");
    atls_json_put_number(page, (int64_t)r->microseconds);
    put_reason(page, r->outcome);
    atls_json_put(page, "\n");
}

static void record_verdict(struct atls_json_writer *page, struct verifier_service *service,
                           const struct verifier_task *task, uint64_t microseconds)
{
    static _Thread_local struct verifier_outcome outcome; /* too large for a stack */
    if (verifier_outcome_read_verdict(&outcome, task->report.outcome) != ATLS_OK) {
        return; /* the signer, which reads the same, has refused it */
    }
    const enum atls_tier status = worst_status(&outcome);
    struct record r = {.task = task,
                       .outcome = &outcome,
                       .format = outcome.format != NULL ? outcome.format->name : NULL,
                       .status = atls_tier_name(status),
                       .microseconds = microseconds};
    hash_text(r.session, atls_bytes_text(task->id.ticket));
    hash_text(r.nonce, atls_bytes_of(task->id.nonce, task->id.nonce_len));
    verifier_metrics_verdict(&service->metrics, status, microseconds);
    const size_t before = page->len;
    put_json(page, &r);
    if (!page->failed) {
        verifier_log_verdict(
            service->log, atls_bytes_of((const uint8_t *)page->text + before, page->len - before));
    }
    if (!verifier_log_is_json(service->log)) {
        page->len = before;
        put_line(page, &r);
    }
    verifier_outcome_cleanup(&outcome);
}

static bool is_clients(enum atls_err err)
{
    return err == ATLS_ERR_NOT_FOUND || err == ATLS_ERR_CONFLICT;
}

static void record_failure(struct verifier_service *service, const struct verifier_task *task)
{
    char session[ATLS_HEX_SIZE(HASH_LEN)];
    hash_text(session, atls_bytes_text(task->id.ticket));
    if (task->err != ATLS_ERR_COLLATERAL_SERVER) { /* then it waits on */
        atomic_fetch_add(&service->metrics.failed, 1);
    }
    verifier_log_event(service->log, "failure", &task->why,
                       json_pack("{s:s,s:s?}", "session_hash", session, "peer", task->peer));
}

void verifier_tasks_record(struct verifier_task_batch *batch, uint64_t microseconds)
{
    struct atls_json_writer page = {.text = NULL};
    for (size_t i = 0; i < batch->num; i++) {
        const struct verifier_task *task = batch->tasks[i];
        if (task->err == ATLS_OK && task->result.len != 0) {
            record_verdict(&page, batch->service, task, microseconds);
        } else if (task->err != ATLS_OK && !task->is_parked && !is_clients(task->err)) {
            record_failure(batch->service, task);
        }
    }
    if (!page.failed && page.len != 0) {
        verifier_log_lines(batch->service->log,
                           atls_bytes_of((const uint8_t *)page.text, page.len));
    }
    atls_json_writer_cleanup(&page);
}
