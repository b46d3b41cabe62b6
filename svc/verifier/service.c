/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/service.h"
#include "svc/verifier/ignore.h"
#include "svc/verifier/task.h"
#include "svc/verifier/unsettled.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/file.h"
#include "json/json.h"

#include <stdlib.h>
#include <time.h>

enum { SWEPT_BY_ONE = 1000 /* rows of one call of the store */, MAX_SWEEPS = 20 };

int64_t verifier_wall_s(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

/* What a session takes: every format's own type first, then its other names, then a CMW. */
static enum atls_err list_media_types(struct verifier_service *s, struct atls_diag *diag)
{
    static const char *const wrapped[] = {"application/cmw+cbor", "application/cmw+json"};
    for (size_t i = 0; i < atls_num_formats; i++) {
        s->accept[s->num_accept++] = atls_formats[i].media_type;
        for (size_t j = 0; j < 4 && atls_formats[i].accepted_types[j] != NULL; j++) {
            s->accept[s->num_accept++] = atls_formats[i].accepted_types[j];
        }
        if (s->num_accept + 8 > VERIFIER_MAX_ACCEPT) {
            return atls_fail(diag, ATLS_ERR_BUFFER, "service", "media types");
        }
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrapped); i++) {
        s->accept[s->num_accept++] = wrapped[i];
    }
    s->media_types = json_array();
    for (size_t i = 0; i < s->num_accept; i++) {
        if (json_array_append_new(s->media_types, json_string(s->accept[i])) != 0) {
            return atls_fail(diag, ATLS_ERR_MEMORY, "service", NULL);
        }
    }
    s->accept_json = atls_json_dump(s->media_types);
    return s->accept_json != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, "service", NULL);
}

/* fetch_keys: the signer answers when it has read its keys, or why it could not. */
static enum atls_err fetch_keys(struct verifier_service *s, struct atls_diag *diag)
{
    struct verifier_frame frame = {.payload = NULL};
    struct verifier_text text;
    enum atls_err err = verifier_crew_signer(s->crew, VERIFIER_KEYS, atls_bytes_of(NULL, 0), &frame,
                                             verifier_now_ms() + 30000, diag);
    if (err == ATLS_OK &&
        (frame.type != VERIFIER_PUBLISHED ||
         verifier_text_read(&text, atls_bytes_of(frame.payload, frame.len)) != ATLS_OK)) {
        err = atls_fail(diag, ATLS_ERR_STATE, "signer", "answer");
    }
    if (err == ATLS_OK && text.why.err != ATLS_OK) {
        *diag = text.why;
        err = text.why.err;
    }
    if (err == ATLS_OK) {
        err = atls_json_parse(&s->keys, text.text, "signer", diag);
    }
    verifier_frame_cleanup(&frame);
    return err;
}

enum atls_err verifier_service_init(struct verifier_service *service, struct atls_diag *diag)
{
    pthread_mutex_init(&service->index_lock, NULL);
    service->started_s = verifier_wall_s();
    service->index = verifier_index_new();
    service->revoked = verifier_revoked_new();
    service->collateral = verifier_collateral_new();
    service->unsettled = verifier_unsettled_new();
    enum atls_err err = service->index != NULL && service->revoked != NULL &&
                                service->collateral != NULL && service->unsettled != NULL
                            ? list_media_types(service, diag)
                            : atls_fail(diag, ATLS_ERR_MEMORY, "service", NULL);
    return err == ATLS_OK ? fetch_keys(service, diag) : err;
}

void verifier_service_cleanup(struct verifier_service *service)
{
    json_decref(service->keys);
    json_decref(service->media_types);
    free(service->accept_json);
    verifier_index_free(service->index);
    verifier_handout_free(service->revoked);
    verifier_handout_free(service->collateral);
    verifier_unsettled_free(service->unsettled);
    pthread_mutex_destroy(&service->index_lock);
}

enum atls_err verifier_service_token(struct verifier_service *service, const char *path,
                                     struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    struct atls_digest digest;
    enum atls_err err = atls_file_read(&text, &len, path, 4096, diag);
    if (err != ATLS_OK) {
        return err;
    }
    size_t used = len;
    while (used > 0 && (text[used - 1] == '\n' || text[used - 1] == '\r')) {
        used--;
    }
    bool plain = used >= 16;
    for (size_t i = 0; i < used; i++) {
        plain = plain && text[i] > 0x20 && text[i] < 0x7f;
    }
    if (!plain) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, "--token", path, "another content",
                              "one line of 16 characters or more, without blanks");
    } else { /* compared as a hash: of equal length, and not kept in clear */
        err = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(text, used), &digest);
    }
    if (err == ATLS_OK) {
        memcpy(service->token_hash, digest.data, sizeof service->token_hash);
        service->takes_token = true;
    }
    atls_file_free(text, len);
    return err;
}

/* ask has an appraiser do one job whose reply is of one type. */
static enum atls_err ask(struct verifier_service *s, uint8_t type, struct verifier_octets *job,
                         enum atls_err written, uint8_t reply_type, struct verifier_frame *frame,
                         struct atls_diag *diag)
{
    enum atls_err err = written;
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "appraiser", "job");
    }
    err = verifier_crew_appraiser(s->crew, type, atls_bytes_of(job->data, job->len), frame,
                                  verifier_now_ms() + VERIFIER_JOB_MS, diag);
    free(job->data);
    if (err == ATLS_OK && frame->type != reply_type) {
        verifier_frame_cleanup(frame);
        err = atls_fail(diag, ATLS_ERR_STATE, "appraiser", "answer");
    }
    return err;
}

enum atls_err verifier_service_examine(struct verifier_service *service,
                                       struct verifier_examined *out, struct verifier_frame *frame,
                                       struct atls_bytes content, struct atls_diag *diag)
{
    const struct verifier_examine request = {.now_s = verifier_wall_s(), .content = content};
    struct verifier_octets job = {NULL, 0};
    const enum atls_err written = verifier_message_write(&job, verifier_put_examine, &request);
    enum atls_err err =
        ask(service, VERIFIER_EXAMINE, &job, written, VERIFIER_EXAMINED, frame, diag);
    if (err == ATLS_OK &&
        verifier_examined_read(out, atls_bytes_of(frame->payload, frame->len)) != ATLS_OK) {
        verifier_frame_cleanup(frame);
        err = atls_fail(diag, ATLS_ERR_STATE, "appraiser", "answer");
    }
    return err;
}

/* take_in adds one endorsement of the store to the index. What cannot be used any more (it ended,
 * its signer is no longer among those of --endorsement-key) is known and matches nothing. */
static enum atls_err take_in(struct verifier_service *s, const struct verifier_endorsement *e,
                             struct atls_diag *diag)
{
    struct verifier_examined examined = {.matches = NULL};
    struct verifier_frame frame = {.payload = NULL};
    if (e->content.len == 0) { /* withdrawn */
        verifier_index_remove(s->index, e->id);
        return ATLS_OK;
    }
    enum atls_err err = verifier_service_examine(s, &examined, &frame, e->content, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (examined.why.err != ATLS_OK) {
        verifier_log_event(s->log, "unusable", &examined.why,
                           json_pack("{s:I}", "generation", (json_int_t)e->generation));
    }
    err = verifier_index_add(s->index, e->id, e->generation, examined.matches,
                             examined.why.err == ATLS_OK ? examined.num_matches : 0, diag);
    verifier_examined_cleanup(&examined);
    verifier_frame_cleanup(&frame);
    return err;
}

static enum atls_err catch_up(struct verifier_service *s, uint64_t generation,
                              struct atls_diag *diag)
{
    bool found = true;
    while (s->index_generation < generation && found) {
        struct verifier_endorsement endorsement = {.memory = NULL};
        enum atls_err err = verifier_endorsement_next(s->store, &found, &endorsement,
                                                      s->index_generation, true, diag);
        if (err == ATLS_OK && found) {
            err = take_in(s, &endorsement, diag);
            if (err == ATLS_OK) {
                s->index_generation = endorsement.generation;
            }
            verifier_endorsement_cleanup(&endorsement);
        }
        if (err != ATLS_OK) {
            return err;
        }
    }
    if (s->index_generation < generation) {
        s->index_generation = generation; /* all that was between has been replaced */
    }
    return ATLS_OK;
}

enum atls_err verifier_service_catch_up(struct verifier_service *service, uint64_t generation,
                                        struct atls_diag *diag)
{
    pthread_mutex_lock(&service->index_lock);
    const enum atls_err err = catch_up(service, generation, diag);
    pthread_mutex_unlock(&service->index_lock);
    return err;
}

/* go_on does what the node that had a session did not come to. */
static void go_on(struct verifier_service *s, const struct verifier_session *session,
                  const struct verifier_claim *claim)
{
    struct verifier_task_batch batch = {.service = s, .num = 1};
    struct verifier_task *task = calloc(1, sizeof *task);
    if (task == NULL) {
        return; /* its lease runs out */
    }
    batch.tasks[0] = task;
    task->content_type = session->evidence_type;
    task->body = session->evidence;
    task->is_held = true;
    task->fetch_until_ms = verifier_now_ms() + VERIFIER_FETCH_ALONE_MS;
    task->cwt = session->form != 0 ? session->form == VERIFIER_FORM_CWT : s->gives_cwt;
    task->claim = *claim;
    memcpy(task->id.ticket, claim->session, sizeof task->id.ticket - 1);
    memcpy(task->id.nonce, claim->nonce, claim->nonce_len);
    task->id.nonce_len = claim->nonce_len;
    task->id.end_s = session->expiry_ms / 1000;
    verifier_tasks_run(&batch);
    verifier_tasks_cleanup(&batch);
    free(task);
}

static void take_over(struct verifier_service *s)
{
    bool found = true;
    while (found && !*s->stopping) {
        struct verifier_session session = {.memory = NULL};
        struct verifier_claim claim;
        if (verifier_session_take_over(s->store, &found, &session, &claim, VERIFIER_LEASE_MS,
                                       NULL) != ATLS_OK ||
            !found) {
            return;
        }
        atomic_fetch_add(&s->metrics.taken_over, 1);
        go_on(s, &session, &claim);
        verifier_session_cleanup(&session);
    }
}

/* note_store logs when the store goes away and when it is back, not each failure between. */
static void note_store(struct verifier_service *s, enum atls_err err, const struct atls_diag *diag)
{
    const bool away = err != ATLS_OK;
    if (away != s->store_away) {
        s->store_away = away;
        verifier_log_event(s->log, "store", away ? diag : NULL,
                           json_pack("{s:s}", "what", away ? "away" : "back"));
    }
}

/* sweep: one call removes a bounded number, and more than that may end in a second. */
static void sweep(struct verifier_service *s)
{
    uint64_t removed = SWEPT_BY_ONE;
    for (int calls = 0; calls < MAX_SWEEPS && removed >= SWEPT_BY_ONE; calls++) {
        removed = 0;
        verifier_ignore(verifier_store_sweep(s->store, &removed, NULL));
    }
}

void verifier_service_housekeep(struct verifier_service *service)
{
    struct atls_diag diag;
    uint64_t generation = 0;
    enum atls_err err = verifier_store_ping(service->store, &diag);
    if (err == ATLS_OK) {
        err = verifier_store_generation(service->store, &generation, &diag);
    }
    note_store(service, err, &diag);
    if (err == ATLS_OK) {
        verifier_unsettled_settle(service->unsettled, service->store, verifier_wall_s() * 1000);
        sweep(service);
        take_over(service);
        err = verifier_service_catch_up(service, generation, &diag);
        if (err == ATLS_OK) {
            err = verifier_service_describe(service, generation, &diag);
        }
        if (err != ATLS_OK) {
            verifier_log_event(service->log, "failure", &diag, NULL);
        }
    }
}
