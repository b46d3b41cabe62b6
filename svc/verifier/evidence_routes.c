/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence for sessions, as many as wait together. The order of the checks is that of the field. */
#include "svc/verifier/service.h"

#include "base/span.h"
#include "svc/verifier/query.h"
#include "svc/verifier/result_form.h"
#include "svc/verifier/session_page.h"
#include "svc/verifier/task.h"

#include <stdio.h>
#include <stdlib.h>

/* One request whose body is looked at. */
struct submission {
    struct verifier_task task;
    struct verifier_response *out;
    struct verifier_form form;
    char type[ATLS_MAX_SCHEME_TEXT_LEN + 1];
    bool is_id; /* the path ends in one, as far as its form goes */
};

/* not_of_ours: 415, with what is taken, as the field has it. */
static void not_of_ours(const struct verifier_service *s, const char *type,
                        struct verifier_response *out)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    char list[2048] = "";
    size_t len = 0;
    for (size_t i = 0; i < s->num_accept && len < sizeof list; i++) {
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i == 0 ? "" : ", ",
                                s->accept[i]);
    }
    (void)snprintf(
        sentence, sizeof sentence,
        type[0] != '\0'
            ? "this Verifier takes no Evidence of type %s; Accept has those that it takes"
            : "there is no Content-Type; Accept has those that this Verifier takes%s",
        type);
    verifier_problem(out, 415, sentence);
    verifier_respond_header(out, "Accept", list);
}

/* begin answers what is wrong before the body is; false then. */
static bool begin(struct submission *submission, const struct verifier_service *s,
                  const struct verifier_pair *pair)
{
    const struct verifier_request *request = pair->request;
    struct atls_bytes id;
    const char *type = request->content_type != NULL ? request->content_type : "";
    if (!verifier_form_read(&submission->form, request->accept)) {
        verifier_problem(pair->out, 406, "the response is of type " VERIFIER_SESSION_TYPE);
    } else if (!verifier_path_below(request->path, VERIFIER_SESSION_PATH, &id)) {
        verifier_problem(pair->out, 404, "there is no such resource");
    } else if (request->body.len == 0) {
        verifier_problem(pair->out, 400, "the body is empty");
    } else if (!verifier_type_quote(submission->type, sizeof submission->type, type)) {
        not_of_ours(s, "more characters than any has", pair->out);
    } else {
        submission->out = pair->out;
        submission->is_id = verifier_session_id_read(&submission->task.id, id);
        submission->task.only_identify =
            !submission->is_id || verifier_wall_s() >= submission->task.id.end_s;
        submission->task.content_type = submission->type;
        submission->task.body = request->body;
        submission->task.peer = request->peer;
        submission->task.fetch_until_ms = pair->fetch_until_ms;
        submission->task.cwt = verifier_form_is_cwt(&submission->form, s->gives_cwt);
        return true;
    }
    return false;
}

/* not_taken answers for a body that is no Evidence of ours. */
static void not_taken(const struct verifier_service *s, const struct atls_diag *why,
                      struct verifier_response *out)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    if (why->err == ATLS_ERR_EVIDENCE_TYPE) {
        not_of_ours(s, why->found, out);
        return;
    }
    (void)atls_diag_sentence(sentence, sizeof sentence, why);
    verifier_problem(out, why->err == ATLS_ERR_EVIDENCE_MALFORMED ? 400 : 500, sentence);
}

static void answer(const struct verifier_service *s, const struct submission *submission)
{
    const struct verifier_task *task = &submission->task;
    const struct verifier_report *report = &task->report;
    if (task->is_parked) {
        submission->out->is_parked = true;
    } else if (task->err != ATLS_OK) {
        verifier_problem_of(submission->out, &task->why);
    } else if (report->why.err != ATLS_OK) {
        not_taken(s, &report->why, submission->out);
    } else if (!submission->is_id) {
        verifier_problem(submission->out, 400, "this is not the id of a session");
    } else if (task->only_identify) {
        verifier_problem(submission->out, 404, "there is no such session, or it has ended");
    } else if (submission->form.bare) {
        verifier_respond_result(submission->out, &submission->form, task->result);
    } else {
        const struct verifier_shown shown = {
            .status = verifier_session_state_name(VERIFIER_SESSION_COMPLETE),
            .nonce = atls_bytes_of(task->id.nonce, task->id.nonce_len),
            .expiry_ms = task->id.end_s * 1000,
            .evidence_type = report->media_type,
            .evidence = report->value,
            .result = task->result,
        };
        verifier_show(submission->out, 200, s, &shown);
    }
}

void verifier_take_evidence(struct verifier_service *s, const struct verifier_pair *pairs,
                            size_t num)
{
    struct verifier_task_batch batch = {.service = s};
    struct submission *submissions = calloc(num, sizeof *submissions);
    for (size_t i = 0; i < num && i < VERIFIER_MAX_BATCH; i++) {
        if (submissions == NULL) {
            verifier_problem(pairs[i].out, 500, "there is not enough memory");
        } else if (begin(&submissions[batch.num], s, &pairs[i])) {
            batch.tasks[batch.num] = &submissions[batch.num].task;
            batch.num++;
        }
    }
    if (batch.num != 0) {
        verifier_tasks_run(&batch);
    }
    for (size_t i = 0; i < batch.num; i++) {
        answer(s, &submissions[i]);
    }
    verifier_tasks_cleanup(&batch);
    free(submissions);
}
