/* SPDX-License-Identifier: Apache-2.0 */
/* The second half: what was appraised is signed, and published in one write. */
#include "svc/verifier/task.h"
#include "svc/verifier/ignore.h"
#include "svc/verifier/service.h"
#include "svc/verifier/unsettled.h"

#include "base/span.h"

enum {
    SLOW_MS = 250, /* of the signer; from then on the sessions are held in the store */
    STORE_TRIES = 4
};

static struct atls_bytes nonce_of(const struct verifier_task *task)
{
    return atls_bytes_of(task->id.nonce, task->id.nonce_len);
}

/* media_type_of copies it, with its NUL. */
static void media_type_of(char out[ATLS_MAX_SCHEME_TEXT_LEN + 1], const struct verifier_task *task)
{
    const struct atls_bytes type = task->report.media_type;
    if (type.len != 0) {
        memcpy(out, type.data, type.len);
    }
    out[type.len] = '\0';
}

/* What is signed together. */
struct signing {
    struct verifier_task_batch *batch;
    struct verifier_task *tasks[VERIFIER_MAX_BATCH];
    size_t num;
};

static bool is_signed(const struct verifier_task *task)
{
    return task->err == ATLS_OK && task->result.len != 0;
}

/* hold puts a session into the store with its Evidence. Where that fails it goes on as it is: if
 * somebody else has it, settling it is refused. */
static void hold(struct verifier_task_batch *batch, struct verifier_task *task)
{
    const struct verifier_service *s = batch->service;
    char type[ATLS_MAX_SCHEME_TEXT_LEN + 1];
    int64_t expiry_ms = 0;
    const struct verifier_session_new fresh = {.id = task->id.ticket,
                                               .nonce = nonce_of(task),
                                               .accept = s->accept,
                                               .num_accept = s->num_accept,
                                               .ttl_ms = (int64_t)VERIFIER_SESSION_TTL_S * 1000,
                                               .form = task->cwt ? VERIFIER_FORM_CWT
                                                                 : VERIFIER_FORM_JWT};
    media_type_of(type, task);
    task->is_held = verifier_session_create(s->store, &expiry_ms, &fresh, NULL) == ATLS_OK &&
                    verifier_session_submit(s->store, &task->claim, task->id.ticket, type,
                                            task->report.value, VERIFIER_LEASE_MS, NULL) == ATLS_OK;
}

static void on_slow(void *arg)
{
    const struct signing *signing = arg;
    for (size_t i = 0; i < signing->num; i++) {
        if (!signing->tasks[i]->is_held) {
            hold(signing->batch, signing->tasks[i]);
        }
    }
}

/* explain_conflict: a Result was signed here before. Where it went the store knows. */
static void explain_conflict(const struct verifier_task_batch *batch, struct verifier_task *task)
{
    struct verifier_session session = {.memory = NULL};
    struct atls_diag why;
    const enum atls_err err =
        verifier_session_get(batch->service->store, &session, task->id.ticket, &why);
    if (err == ATLS_OK && session.state == VERIFIER_SESSION_DELETED) {
        (void)atls_fail_texts(&why, ATLS_ERR_NOT_FOUND, "session", "id", "one that was deleted",
                              "an open session");
        verifier_task_fail(task, ATLS_ERR_NOT_FOUND, &why);
    } else if (err == ATLS_ERR_NOT_FOUND &&
               verifier_unsettled_has(batch->service->unsettled, task->id.ticket)) {
        (void)atls_fail_texts(&why, ATLS_ERR_STORE_UNREACHABLE, "session", "Result",
                              "one that waits for the store", "one in the store");
        verifier_task_fail(task, ATLS_ERR_STORE_UNREACHABLE, &why);
    } else if (err != ATLS_OK && err != ATLS_ERR_NOT_FOUND) {
        verifier_task_fail(task, err, &why);
    }
    verifier_session_cleanup(&session);
}

/* refused: what the signer says of an id that is not its own is for a client that there is no such
 * session. */
static void refused(const struct verifier_task_batch *batch, struct verifier_task *task,
                    const struct atls_diag *why)
{
    struct atls_diag none;
    verifier_task_fail(task, why->err, why);
    if (task->is_held) {
        return;
    }
    if (why->err == ATLS_ERR_SIGNATURE || why->err == ATLS_ERR_TIMEOUT ||
        why->err == ATLS_ERR_MALFORMED) {
        (void)atls_fail_texts(&none, ATLS_ERR_NOT_FOUND, "session", "id",
                              "none, or one that expired", "an open session");
        verifier_task_fail(task, ATLS_ERR_NOT_FOUND, &none);
    } else if (why->err == ATLS_ERR_CONFLICT) {
        explain_conflict(batch, task);
    }
}

static enum atls_err take_results(const struct signing *signing, const struct verifier_frame *frame,
                                  struct atls_diag *diag)
{
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    size_t found = 0;
    bool ok =
        frame->type == VERIFIER_BATCH &&
        verifier_unpack(items, &found, atls_bytes_of(frame->payload, frame->len)) == ATLS_OK &&
        found == signing->num;
    for (size_t i = 0; ok && i < signing->num; i++) {
        struct verifier_text text;
        ok = items[i].type == VERIFIER_SIGNED &&
             verifier_text_read(&text, items[i].payload) == ATLS_OK &&
             (text.why.err == ATLS_OK) == (text.text.len != 0);
        if (ok && text.why.err != ATLS_OK) {
            refused(signing->batch, signing->tasks[i], &text.why);
        } else if (ok) {
            signing->tasks[i]->result = text.text;
        }
    }
    return ok ? ATLS_OK : atls_fail(diag, ATLS_ERR_STATE, "signer", "answer");
}

static enum atls_err sign(struct signing *signing, struct atls_diag *diag)
{
    struct verifier_task_batch *batch = signing->batch;
    struct verifier_frame frame = {.payload = NULL};
    struct verifier_crew_batch jobs = {.num = (uint32_t)signing->num,
                                       .deadline_ms = verifier_now_ms() + VERIFIER_JOB_MS,
                                       .slow_ms = SLOW_MS,
                                       .on_slow = on_slow,
                                       .arg = signing};
    verifier_pack_begin(&batch->packer);
    for (size_t i = 0; i < signing->num; i++) {
        const struct verifier_task *task = signing->tasks[i];
        const struct verifier_sign request = {.id = atls_bytes_text(task->id.ticket),
                                              .nonce = nonce_of(task),
                                              .outcome = task->report.outcome,
                                              .cwt = task->cwt};
        verifier_pack(&batch->packer, VERIFIER_SIGN, verifier_put_sign, &request);
    }
    enum atls_err err = verifier_pack_octets(&jobs.payload, &batch->packer);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "signer", "request");
    }
    err = verifier_crew_sign(batch->service->crew, &jobs, &frame, diag);
    if (err == ATLS_OK) {
        err = take_results(signing, &frame, diag);
        if (err != ATLS_OK || verifier_tasks_keep(batch, &frame) != ATLS_OK) {
            err = err != ATLS_OK ? err : atls_fail(diag, ATLS_ERR_MEMORY, "signer", NULL);
            verifier_frame_cleanup(&frame);
        }
    }
    return err;
}

static void sign_all(struct signing *signing)
{
    struct atls_diag why;
    const enum atls_err err = signing->num != 0 ? sign(signing, &why) : ATLS_OK;
    for (size_t i = 0; err != ATLS_OK && i < signing->num; i++) {
        verifier_task_fail(signing->tasks[i], err, &why);
    }
    signing->num = 0;
}

/* take_appraised signs in frames of a bounded size. */
static void take_appraised(struct verifier_task_batch *batch)
{
    struct signing signing = {.batch = batch, .num = 0};
    size_t octets = 0;
    for (size_t i = 0; i < batch->num; i++) {
        struct verifier_task *task = batch->tasks[i];
        struct atls_diag why;
        if (!verifier_task_is_appraised(task)) {
            continue;
        }
        /* The last look at the lease: another node must not have taken over (store.h). */
        if (task->is_held && !verifier_claim_is_valid(&task->claim)) {
            verifier_task_fail(
                task,
                atls_fail_texts(&why, ATLS_ERR_DEADLINE, "session", "lease", "at its end", NULL),
                &why);
            continue;
        }
        if (octets + task->report.outcome.len > VERIFIER_BATCH_OCTETS) {
            sign_all(&signing);
            octets = 0;
        }
        signing.tasks[signing.num++] = task;
        octets += task->report.outcome.len;
    }
    sign_all(&signing);
}

/* publish_held: when the store did not answer, the same again is no conflict. */
static void publish_held(const struct verifier_task_batch *batch, struct verifier_task *task)
{
    struct atls_diag why;
    enum atls_err err = ATLS_ERR_STORE_UNREACHABLE;
    for (int tries = 0; err == ATLS_ERR_STORE_UNREACHABLE && tries < STORE_TRIES; tries++) {
        err = verifier_session_complete(batch->service->store, &task->claim, task->result, &why);
    }
    if (err != ATLS_OK) {
        verifier_task_fail(task, err, &why);
    }
}

/* settled_failed gives a task what became of its session, found by its id: they were sorted. */
static void take_settled(struct verifier_task_batch *batch, const struct verifier_settled *settled)
{
    struct atls_diag why;
    for (size_t i = 0; settled->err != ATLS_OK && i < batch->num; i++) {
        struct verifier_task *task = batch->tasks[i];
        if (settled->id == task->id.ticket) {
            (void)atls_fail_texts(
                &why, settled->err, "session", "state",
                settled->err == ATLS_ERR_CONFLICT ? "another Result, or work on it" : "deleted",
                "waiting");
            verifier_task_fail(task, settled->err, &why);
        }
    }
}

static void settle(struct verifier_task_batch *batch)
{
    struct verifier_settled settled[VERIFIER_MAX_BATCH];
    char types[VERIFIER_MAX_BATCH][ATLS_MAX_SCHEME_TEXT_LEN + 1];
    struct atls_diag why;
    size_t num = 0;
    _Static_assert((int)VERIFIER_MAX_BATCH <= (int)VERIFIER_MAX_SETTLED, "one write a batch");
    for (size_t i = 0; i < batch->num; i++) {
        struct verifier_task *task = batch->tasks[i];
        if (!is_signed(task) || task->is_held) {
            continue;
        }
        media_type_of(types[num], task);
        settled[num] = (struct verifier_settled){.id = task->id.ticket,
                                                 .nonce = nonce_of(task),
                                                 .media_type = types[num],
                                                 .evidence = task->report.value,
                                                 .result = task->result,
                                                 .expiry_ms = task->id.end_s * 1000,
                                                 .ttl_ms = (int64_t)VERIFIER_SESSION_TTL_S * 1000};
        num++;
    }
    enum atls_err err = num != 0 ? ATLS_ERR_STORE_UNREACHABLE : ATLS_OK;
    for (int tries = 0; err == ATLS_ERR_STORE_UNREACHABLE && tries < STORE_TRIES; tries++) {
        err = verifier_session_settle(batch->service->store, settled, num, &why);
    }
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        take_settled(batch, &settled[i]);
    }
    for (size_t i = 0; err != ATLS_OK && i < num; i++) {
        verifier_unsettled_keep(batch->service->unsettled, &settled[i]);
    }
    for (size_t i = 0; err != ATLS_OK && i < batch->num; i++) {
        if (is_signed(batch->tasks[i]) && !batch->tasks[i]->is_held) {
            verifier_task_fail(batch->tasks[i], err, &why);
        }
    }
}

void verifier_tasks_sign(struct verifier_task_batch *batch)
{
    take_appraised(batch);
    settle(batch);
    for (size_t i = 0; i < batch->num; i++) {
        struct verifier_task *task = batch->tasks[i];
        if (task->is_held && is_signed(task)) {
            publish_held(batch, task);
        }
        if (task->is_held && !is_signed(task)) {
            verifier_ignore(verifier_session_fail(batch->service->store, &task->claim, NULL));
        }
    }
}
