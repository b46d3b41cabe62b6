/* SPDX-License-Identifier: Apache-2.0 */
/* The first half: what the Evidence is, which endorsements match, and what an appraiser says. */
#include "svc/verifier/task.h"
#include "svc/verifier/ignore.h"
#include "svc/verifier/service.h"
#include "svc/verifier/task_fetch.h"

#include "base/span.h"

#include <stdlib.h>
#include <time.h>

enum {
    /* list, collateral, documents, contents, what is replaced meanwhile, what is fetched */
    MAX_ROUNDS = 40,
    BATCH_JOB_MS = 2000 /* several jobs together; one by itself gets VERIFIER_JOB_MS */
};

struct verifier_asked {
    struct verifier_evaluate request;
    uint8_t *contents[VERIFIER_MAX_DOCUMENTS]; /* owned */
};

void verifier_task_fail(struct verifier_task *task, enum atls_err err, const struct atls_diag *why)
{
    task->err = err;
    task->why = *why;
}

bool verifier_task_is_appraised(const struct verifier_task *task)
{
    return task->err == ATLS_OK && task->report.kind == VERIFIER_APPRAISED;
}

enum atls_err verifier_tasks_keep(struct verifier_task_batch *batch,
                                  const struct verifier_frame *frame)
{
    if (batch->num_frames == batch->cap_frames) {
        const size_t cap = 2 * batch->cap_frames + 4;
        struct verifier_frame *frames = realloc(batch->frames, cap * sizeof *frames);
        if (frames == NULL) {
            return ATLS_ERR_MEMORY;
        }
        batch->frames = frames;
        batch->cap_frames = cap;
    }
    batch->frames[batch->num_frames++] = *frame;
    return ATLS_OK;
}

static void forget_documents(struct verifier_task *task)
{
    for (size_t i = 0; task->asked != NULL && i < VERIFIER_MAX_DOCUMENTS; i++) {
        free(task->asked->contents[i]);
    }
    free(task->asked);
    task->asked = NULL;
}

void verifier_tasks_cleanup(struct verifier_task_batch *batch)
{
    for (size_t i = 0; i < batch->num; i++) {
        forget_documents(batch->tasks[i]);
    }
    for (size_t i = 0; i < batch->num_frames; i++) {
        verifier_frame_cleanup(&batch->frames[i]);
    }
    verifier_handout_give_back(batch->service->revoked, batch->revoked);
    verifier_handout_give_back(batch->service->collateral, batch->collateral);
    free(batch->frames);
    verifier_packer_cleanup(&batch->packer);
}

/* catch_up: the endorsements as of now, and not of less. */
static enum atls_err catch_up(struct verifier_task_batch *batch, struct atls_diag *diag)
{
    struct verifier_service *s = batch->service;
    uint64_t generation = 0;
    enum atls_err err = verifier_store_generation(s->store, &generation, diag);
    if (err == ATLS_OK) {
        err = verifier_service_catch_up(s, generation, diag);
    }
    if (err == ATLS_OK) {
        pthread_mutex_lock(&s->index_lock);
        batch->generation = s->index_generation;
        pthread_mutex_unlock(&s->index_lock);
    }
    return err;
}

/* find_documents asks the index for what matches. */
static enum atls_err find_documents(struct verifier_task_batch *batch, struct verifier_task *task,
                                    struct atls_diag *diag)
{
    struct verifier_service *s = batch->service;
    uint64_t generations[VERIFIER_MAX_DOCUMENTS];
    size_t num = 0;
    forget_documents(task);
    task->asked = calloc(1, sizeof *task->asked);
    if (task->asked == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "endorsements", NULL);
    }
    pthread_mutex_lock(&s->index_lock);
    batch->generation = s->index_generation;
    const enum atls_err err = verifier_index_find(s->index, &task->report.match, generations,
                                                  VERIFIER_MAX_DOCUMENTS, &num, diag);
    pthread_mutex_unlock(&s->index_lock);
    struct verifier_evaluate *request = &task->asked->request;
    request->has_documents = true;
    request->num_documents = err == ATLS_OK ? num : 0;
    for (size_t i = 0; i < request->num_documents; i++) {
        request->documents[i].generation = generations[i];
    }
    return err;
}

/* load_one fetches the content of a document; *out_changed: it was replaced meanwhile. */
static enum atls_err load_one(struct verifier_task_batch *batch, struct verifier_task *task,
                              size_t at, bool *out_changed, struct atls_diag *diag)
{
    struct verifier_document *document = &task->asked->request.documents[at];
    struct verifier_endorsement endorsement = {.memory = NULL};
    bool found = false;
    enum atls_err err = verifier_endorsement_next(batch->service->store, &found, &endorsement,
                                                  document->generation - 1, true, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!found || endorsement.generation != document->generation) {
        *out_changed = true;
    } else {
        task->asked->contents[at] = malloc(endorsement.content.len + 1);
        if (task->asked->contents[at] == NULL) {
            err = atls_fail(diag, ATLS_ERR_MEMORY, "endorsements", NULL);
        } else {
            memcpy(task->asked->contents[at], endorsement.content.data, endorsement.content.len);
            document->content = atls_bytes_of(task->asked->contents[at], endorsement.content.len);
            document->has_content = true;
        }
    }
    verifier_endorsement_cleanup(&endorsement);
    return err;
}

/* load_documents fetches all contents. When one was replaced, what matches is found anew. */
static enum atls_err load_documents(struct verifier_task_batch *batch, struct verifier_task *task,
                                    struct atls_diag *diag)
{
    bool changed = false;
    enum atls_err err = task->asked != NULL ? ATLS_OK : find_documents(batch, task, diag);
    for (size_t i = 0; err == ATLS_OK && !changed && i < task->asked->request.num_documents; i++) {
        err = load_one(batch, task, i, &changed, diag);
    }
    if (err == ATLS_OK && changed) {
        err = catch_up(batch, diag);
        if (err == ATLS_OK) {
            err = find_documents(batch, task, diag);
        }
    }
    return err;
}

/* tell names what is handed out, and says it where the appraiser may not have it. */
static struct verifier_told tell(const struct verifier_handed *handed, bool says_it)
{
    struct verifier_told told = {.number = 0};
    if (handed != NULL) {
        told.number = handed->number;
        told.octets = handed->octets;
        told.has_octets = says_it;
    }
    return told;
}

/* pack adds a job. The first of a frame tells what an appraiser may not have. */
static void pack(struct verifier_task_batch *batch, const struct verifier_task *task,
                 struct verifier_evaluate *plain)
{
    struct verifier_evaluate *request = task->asked != NULL ? &task->asked->request : plain;
    const bool is_first = batch->packer.num == 0;
    request->revoked = tell(batch->revoked, batch->tells_revoked && is_first);
    request->collateral = tell(batch->collateral, batch->tells_collateral && is_first);
    verifier_task_fetch_say(request, batch, task);
    request->now_s = batch->now_s;
    request->generation = batch->generation;
    request->nonce = task->only_identify ? atls_bytes_of(NULL, 0)
                                         : atls_bytes_of(task->id.nonce, task->id.nonce_len);
    request->content_type = atls_bytes_text(task->content_type);
    request->body = task->body;
    verifier_pack(&batch->packer, VERIFIER_EVALUATE, verifier_put_evaluate, request);
}

static enum atls_err fail_answer(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_STATE, "appraiser", "answer");
}

/* take_reports gives each task what was said of it. */
static enum atls_err take_reports(struct verifier_task **tasks, size_t num,
                                  const struct verifier_frame *frame, struct atls_diag *diag)
{
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    size_t found = 0;
    if (frame->type != VERIFIER_BATCH ||
        verifier_unpack(items, &found, atls_bytes_of(frame->payload, frame->len)) != ATLS_OK ||
        found != num) {
        return fail_answer(diag);
    }
    for (size_t i = 0; i < num; i++) {
        struct verifier_report report;
        if (items[i].type != VERIFIER_REPORT ||
            verifier_report_read(&report, items[i].payload) != ATLS_OK) {
            return fail_answer(diag);
        }
        tasks[i]->report = report;
    }
    return ATLS_OK;
}

/* ask_together has one appraiser do the jobs. */
static enum atls_err ask_together(struct verifier_task_batch *batch, struct verifier_task **tasks,
                                  size_t num, struct atls_diag *diag)
{
    struct verifier_evaluate plain;
    struct verifier_frame frame = {.payload = NULL};
    struct verifier_crew_batch jobs = {.num = (uint32_t)num,
                                       .deadline_ms = verifier_now_ms() + VERIFIER_JOB_MS,
                                       .job_ms = num > 1 ? BATCH_JOB_MS : 0};
    plain.has_documents = false;
    verifier_pack_begin(&batch->packer);
    for (size_t i = 0; i < num; i++) {
        pack(batch, tasks[i], &plain);
    }
    enum atls_err err = verifier_pack_octets(&jobs.payload, &batch->packer);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "appraiser", "job");
    }
    err = verifier_crew_appraise(batch->service->crew, &jobs, &frame, diag);
    if (err == ATLS_OK) {
        err = take_reports(tasks, num, &frame, diag);
        if (err != ATLS_OK || verifier_tasks_keep(batch, &frame) != ATLS_OK) {
            err = err != ATLS_OK ? err : atls_fail(diag, ATLS_ERR_MEMORY, "appraiser", NULL);
            verifier_frame_cleanup(&frame);
        }
    }
    return err;
}

/* ask: when an appraiser ends with several jobs, one of them may be why. Each is tried by itself,
 * so that this one takes no other with it. */
static void ask(struct verifier_task_batch *batch, struct verifier_task **tasks, size_t num)
{
    struct atls_diag why;
    const enum atls_err err = ask_together(batch, tasks, num, &why);
    const bool was_lost = err == ATLS_ERR_STATE || err == ATLS_ERR_DEADLINE;
    for (size_t i = 0; err != ATLS_OK && i < num; i++) {
        const enum atls_err again =
            num > 1 && was_lost ? ask_together(batch, &tasks[i], 1, &why) : err;
        if (again != ATLS_OK) {
            verifier_task_fail(tasks[i], again, &why);
        }
    }
}

static bool is_pending(const struct verifier_task *task)
{
    return task->err == ATLS_OK && (task->report.kind == VERIFIER_NEEDS_DOCUMENTS ||
                                    task->report.kind == VERIFIER_NEEDS_CONTENTS ||
                                    task->report.kind == VERIFIER_NEEDS_LIST ||
                                    task->report.kind == VERIFIER_NEEDS_COLLATERAL ||
                                    task->report.kind == VERIFIER_NEEDS_FETCHED);
}

/* ask_pending sends what is to be asked in frames of a bounded size; true when there was any. */
static bool ask_pending(struct verifier_task_batch *batch, bool first)
{
    struct verifier_task *tasks[VERIFIER_MAX_BATCH];
    size_t num = 0, octets = 0;
    bool any = false;
    for (size_t i = 0; i < batch->num; i++) {
        struct verifier_task *task = batch->tasks[i];
        if (task->err != ATLS_OK || (!first && !is_pending(task))) {
            continue;
        }
        const size_t len = task->body.len + verifier_task_fetch_len(task);
        if (num > 0 && octets + len > VERIFIER_BATCH_OCTETS) {
            ask(batch, tasks, num);
            num = octets = 0;
        }
        tasks[num++] = task;
        octets += len;
        any = true;
    }
    if (num > 0) {
        ask(batch, tasks, num);
    }
    return any;
}

/* provide gives those that need something what they need. */
static void provide(struct verifier_task_batch *batch)
{
    for (size_t i = 0; i < batch->num; i++) {
        struct verifier_task *task = batch->tasks[i];
        struct atls_diag why;
        if (!is_pending(task)) {
            continue;
        }
        if (task->report.kind == VERIFIER_NEEDS_LIST ||
            task->report.kind == VERIFIER_NEEDS_COLLATERAL) {
            batch->tells_revoked |= task->report.kind == VERIFIER_NEEDS_LIST;
            batch->tells_collateral |= task->report.kind == VERIFIER_NEEDS_COLLATERAL;
            continue;
        }
        if (task->report.kind == VERIFIER_NEEDS_FETCHED) {
            verifier_task_fetch(batch, task);
            continue;
        }
        const enum atls_err err = task->report.kind == VERIFIER_NEEDS_DOCUMENTS
                                      ? find_documents(batch, task, &why)
                                      : load_documents(batch, task, &why);
        if (err != ATLS_OK) {
            verifier_task_fail(task, err, &why);
        }
    }
}

static void appraise(struct verifier_task_batch *batch)
{
    struct atls_diag why;
    const enum atls_err err = catch_up(batch, &why);
    batch->revoked = verifier_handout_take(batch->service->revoked);
    batch->collateral = verifier_handout_take(batch->service->collateral);
    for (size_t i = 0; err != ATLS_OK && i < batch->num; i++) {
        verifier_task_fail(batch->tasks[i], err, &why);
    }
    bool any = ask_pending(batch, true);
    for (int rounds = 1; any && rounds < MAX_ROUNDS; rounds++) {
        provide(batch);
        any = ask_pending(batch, false);
    }
    for (size_t i = 0; i < batch->num; i++) {
        if (is_pending(batch->tasks[i])) {
            (void)atls_fail_texts(&why, ATLS_ERR_STATE, "appraiser", "endorsements",
                                  "replaced again and again", NULL);
            verifier_task_fail(batch->tasks[i], ATLS_ERR_STATE, &why);
        }
        verifier_task_fetch_end(batch, batch->tasks[i]);
    }
}

static uint64_t now_us(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void verifier_tasks_run(struct verifier_task_batch *batch)
{
    const uint64_t began = now_us();
    batch->now_s = verifier_wall_s();
    appraise(batch);
    verifier_tasks_sign(batch);
    verifier_tasks_record(batch, now_us() - began);
}
