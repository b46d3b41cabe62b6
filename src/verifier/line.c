/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/line.h"

#include "base/span.h"
#include "json/json.h"

#include <stdlib.h>
#include <time.h>

static const char step[] = "Verifier";

enum { MAX_QUESTIONS = 3, FIRST_PAUSE_MS = 100 };

static int64_t time_left(const struct verifier_line *line)
{
    return line->wait->deadline_ms - atls_verifier_clock_ms();
}

static void found_origin(struct atls_diag *diag, const struct verifier_line *line)
{
    atls_diag_found_peer_text(diag, atls_bytes_of(line->url->base, line->url->origin_len));
}

static enum atls_err fail_timeout(const struct verifier_line *line, const char *what,
                                  const char *found, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_VERIFIER_TIMEOUT, step, what, found,
                    "all of it before the deadline");
    found_origin(diag, line);
    return ATLS_ERR_VERIFIER_TIMEOUT;
}

static enum atls_err fail_detail(enum atls_err err, const struct verifier_line *line,
                                 const char *what, const struct atls_fetch_answer *answer,
                                 const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, err, step, what, NULL, expected);
    found_origin(diag, line);
    atls_diag_found_text(diag, ": ");
    atls_diag_found_peer_text(diag, atls_bytes_text(answer->detail));
    return err;
}

/* judge turns the outcome of one exchange into an error; only an answer is none. */
static enum atls_err judge(const struct verifier_line *line, const char *what,
                           const struct atls_fetch_answer *answer, struct atls_diag *diag)
{
    switch (answer->outcome) {
    case ATLS_FETCH_ANSWERED:
        return ATLS_OK;
    case ATLS_FETCH_TIMEOUT:
        return fail_timeout(line, what, "no whole answer of ", diag);
    case ATLS_FETCH_UNTRUSTED:
        return fail_detail(ATLS_ERR_VERIFIER_IDENTITY, line, "certificate", answer,
                           "the name, and a chain to --verifier-ca", diag);
    case ATLS_FETCH_OVERSIZED:
        return fail_detail(ATLS_ERR_VERIFIER_ANSWER, line, what, answer, "a shorter one", diag);
    case ATLS_FETCH_MALFORMED:
        return fail_detail(ATLS_ERR_VERIFIER_ANSWER, line, what, answer, "an answer of HTTP", diag);
    case ATLS_FETCH_UNREACHABLE:
    case ATLS_FETCH_NONE:
    default:
        return fail_detail(ATLS_ERR_VERIFIER_UNREACHABLE, line, what, answer, "an answer", diag);
    }
}

static bool is_busy(const struct atls_fetch_answer *answer)
{
    const unsigned status = answer->outcome == ATLS_FETCH_ANSWERED ? answer->status : 0;
    return status == 429 || status == 502 || status == 503 || status == 504;
}

/* may_repeat: what broke off is repeated where that is safe, and what never left always is. */
static bool may_repeat(const struct atls_fetch_answer *answer, enum verifier_repeat repeat)
{
    if (answer->outcome == ATLS_FETCH_UNREACHABLE) {
        return repeat == VERIFIER_ASK_AGAIN || !answer->sent;
    }
    return repeat == VERIFIER_ASK_AGAIN && is_busy(answer);
}

static int64_t pause_before(const struct atls_fetch_answer *answer, unsigned question)
{
    const int64_t own = (int64_t)FIRST_PAUSE_MS << question;
    const int64_t asked = answer->has_retry_after ? (int64_t)answer->retry_after_s * 1000 : 0;
    return asked > own ? asked : own;
}

static void sleep_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                                   .tv_nsec = (long)(ms % 1000 * 1000000)};
    (void)nanosleep(&pause, NULL);
}

enum atls_err verifier_pause(const struct verifier_line *line, const char *what, int64_t pause_ms,
                             struct atls_diag *diag)
{
    if (pause_ms >= time_left(line)) {
        return fail_timeout(line, what, "a wait that is longer than there is time, for ", diag);
    }
    const int64_t end = atls_verifier_clock_ms() + pause_ms;
    for (int64_t left = pause_ms; left > 0; left = end - atls_verifier_clock_ms()) {
        if (line->wait->is_cancelled(line->wait->arg)) {
            return atls_fail(diag, ATLS_ERR_CANCELLED, step, what);
        }
        sleep_ms(left < FIRST_PAUSE_MS ? left : FIRST_PAUSE_MS);
    }
    return ATLS_OK;
}

static enum atls_err ask_once(struct atls_fetch_answer *out, const struct verifier_line *line,
                              const char *what, const struct atls_fetch_request *request,
                              struct atls_diag *diag)
{
    const int64_t left = time_left(line);
    struct atls_fetch_request timed = *request;
    if (line->wait->is_cancelled(line->wait->arg)) {
        return atls_fail(diag, ATLS_ERR_CANCELLED, step, what);
    }
    if (left <= 0) {
        return fail_timeout(line, what, "no time left to ask ", diag);
    }
    timed.timeout_ms = left < INT32_MAX ? (uint32_t)left : INT32_MAX;
    return line->ops->fetch(line->fetcher, out, &timed, diag);
}

enum atls_err verifier_ask(struct atls_fetch_answer *out, const struct verifier_line *line,
                           const char *what, const struct atls_fetch_request *request,
                           enum verifier_repeat repeat, struct atls_diag *diag)
{
    struct atls_fetch_answer answer;
    memset(&answer, 0, sizeof answer);
    for (unsigned question = 0;; question++) {
        enum atls_err err = ask_once(&answer, line, what, request, diag);
        if (err != ATLS_OK) {
            return err;
        }
        const int64_t pause_ms = pause_before(&answer, question);
        const bool last = question + 1 == MAX_QUESTIONS || pause_ms >= time_left(line);
        if (last || !may_repeat(&answer, repeat)) {
            break;
        }
        free(answer.body);
        memset(&answer, 0, sizeof answer);
        err = verifier_pause(line, what, pause_ms, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    const enum atls_err err = judge(line, what, &answer, diag);
    if (err != ATLS_OK) {
        free(answer.body);
        return err;
    }
    *out = answer;
    return ATLS_OK;
}

/* found_problem appends title and detail of problem details; nothing when there are none. */
static void found_problem(struct atls_diag *diag, const struct atls_fetch_answer *answer)
{
    static const char *const members[] = {"title", "detail"};
    ATLS_AUTO(atls_json_cleanup) json_t *problem = NULL;
    struct atls_bytes text;
    if (answer->body_len == 0 ||
        atls_json_parse(&problem, atls_bytes_of(answer->body, answer->body_len), step, NULL) !=
            ATLS_OK) {
        return;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        if (atls_json_text_of(json_object_get(problem, members[i]), &text)) {
            atls_diag_found_text(diag, ", ");
            atls_diag_found_peer_text(diag, text);
        }
    }
}

enum atls_err verifier_refuse_status(const struct atls_fetch_answer *answer, const char *what,
                                     const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, what, "HTTP status ", expected);
    atls_diag_found_int(diag, answer->status);
    found_problem(diag, answer);
    if (answer->has_retry_after) {
        atls_diag_found_text(diag, ", to be asked again in seconds: ");
        atls_diag_found_int(diag, answer->retry_after_s);
    }
    return ATLS_ERR_VERIFIER_ANSWER;
}
