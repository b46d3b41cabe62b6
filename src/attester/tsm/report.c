/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tsm/report.h"

#include "attester/clock.h"
#include "attester/tsm/reason.h"
#include "base/span.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char step[] = "report";

/*
 * Somebody who writes into our objects all the time must not hold us up for ever: after so
 * many tries it is over. A provider that is at work for somebody else is asked until the deadline.
 */
enum { MAX_TRIES = 8, FIRST_PAUSE_MS = 2, LONGEST_PAUSE_MS = 50, MAX_NUMBER_LEN = 24 };

/* What one try comes to. */
enum outcome { TAKEN, AGAIN, BUSY, REFUSED };

struct object {
    const struct atls_tsm_question *question;
    char path[ATLS_TSM_MAX_PATH];
    uint64_t num_written; /* what `generation` must say: it starts at 0 */
};

static bool attribute_path(char out[ATLS_TSM_MAX_PATH], const struct object *object,
                           const char *attribute)
{
    const int len = snprintf(out, ATLS_TSM_MAX_PATH, "%s/%s", object->path, attribute);
    return len > 0 && len < ATLS_TSM_MAX_PATH;
}

static int write_attribute(struct object *object, const char *attribute, struct atls_bytes value)
{
    const struct atls_tsm_fs *fs = object->question->fs;
    char path[ATLS_TSM_MAX_PATH];
    if (!attribute_path(path, object, attribute)) {
        return ENAMETOOLONG;
    }
    const int error = fs->write(fs->arg, path, value);
    if (error == 0) {
        object->num_written++;
    }
    return error;
}

static int read_attribute(const struct object *object, const char *attribute, struct atls_buf out,
                          size_t *out_len)
{
    const struct atls_tsm_fs *fs = object->question->fs;
    char path[ATLS_TSM_MAX_PATH];
    return attribute_path(path, object, attribute) ? fs->read(fs->arg, path, out, out_len)
                                                   : ENAMETOOLONG;
}

/* ---- making and removing ---- */

/* make gives the object a name that no other process and no earlier try of ours has. */
static int make(struct object *object)
{
    const struct atls_tsm_fs *fs = object->question->fs;
    uint8_t random[8];
    const struct atls_buf room = {random, sizeof random};
    if (atls_random(room) != ATLS_OK) {
        return EAGAIN;
    }
    char name[2 * sizeof random + 1];
    for (size_t i = 0; i < sizeof random; i++) {
        (void)snprintf(&name[2 * i], 3, "%02x", random[i]);
    }
    const int len = snprintf(object->path, sizeof object->path, "%s/atls-%ld-%s",
                             object->question->root, (long)getpid(), name);
    if (len <= 0 || (size_t)len >= sizeof object->path) {
        return ENAMETOOLONG;
    }
    object->num_written = 0;
    return fs->make(fs->arg, object->path);
}

/* An object that stays behind holds memory of the kernel, so it is worth a second try; a
 * report that was taken is good all the same. */
static void remove_object(const struct object *object)
{
    const struct atls_tsm_fs *fs = object->question->fs;
    if (fs->remove(fs->arg, object->path) == EINTR) {
        (void)fs->remove(fs->arg, object->path);
    }
}

/* ---- one try ---- */

/* outcome_of tells what another process, a signal or a fork brings about from what stays. */
static enum outcome outcome_of(int error)
{
    switch (error) {
    case 0:
        return TAKEN;
    case EBUSY:
        return BUSY;
    case EINTR:
    case EAGAIN:
    case EEXIST:
        return AGAIN;
    default:
        return REFUSED;
    }
}

static enum outcome refuse(const char *attribute, int error, struct atls_diag *diag)
{
    atls_tsm_refuse(attribute, error, diag);
    return outcome_of(error);
}

/* check_provider compares what the kernel says, without its newline. */
static enum outcome check_provider(const struct object *object, struct atls_diag *diag)
{
    char text[ATLS_TSM_MAX_PROVIDER];
    const struct atls_buf room = {(uint8_t *)text, sizeof text};
    size_t len = 0;
    const int error = read_attribute(object, "provider", room, &len);
    if (error != 0) {
        return refuse("provider", error, diag);
    }
    if (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    if (!atls_bytes_is_text(atls_bytes_of(text, len), object->question->provider)) {
        atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "provider", NULL,
                        object->question->provider);
        atls_diag_found_peer_text(diag, atls_bytes_of(text, len));
        return REFUSED;
    }
    return TAKEN;
}

static enum outcome ask(struct object *object, struct atls_diag *diag)
{
    const struct atls_tsm_question *question = object->question;
    const struct atls_bytes inblob = atls_bytes_of(question->inblob, sizeof question->inblob);
    const char *attribute = "inblob";
    int error = write_attribute(object, attribute, inblob);
    if (error == 0 && question->privlevel != ATLS_TSM_NO_PRIVLEVEL) {
        const uint8_t digit = (uint8_t)('0' + question->privlevel);
        attribute = "privlevel";
        error = write_attribute(object, attribute, atls_bytes_of(&digit, 1));
    }
    return error == 0 ? TAKEN : refuse(attribute, error, diag);
}

static int read_generation(const struct object *object, uint64_t *out)
{
    char text[MAX_NUMBER_LEN + 1] = "";
    const struct atls_buf room = {(uint8_t *)text, MAX_NUMBER_LEN};
    size_t len = 0;
    const int error = read_attribute(object, "generation", room, &len);
    if (error != 0) {
        return error;
    }
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    const bool whole = end != text && errno == 0 && (*end == '\0' || *end == '\n');
    if (!whole || text[0] < '0' || text[0] > '9') {
        return EPROTO;
    }
    *out = value;
    return 0;
}

/*
 * check_generation tells whether the report is about what we wrote, all of it and nothing else. A
 * value counts when its last descriptor is closed, which a child that was forked meanwhile may
 * delay: then the report is of nothing, or of less.
 */
static enum outcome check_generation(const struct object *object, struct atls_diag *diag)
{
    uint64_t generation = 0;
    const int error = read_generation(object, &generation);
    if (error != 0) {
        return refuse("generation", error, diag);
    }
    if (generation == object->num_written) {
        return TAKEN;
    }
    atls_fail(diag, ATLS_ERR_ATTESTER, step, "generation");
    atls_diag_found_int(diag, generation <= INT64_MAX ? (int64_t)generation : INT64_MAX);
    atls_diag_expected_int(diag, (int64_t)object->num_written);
    atls_diag_expected_text(diag, ": somebody else writes into the object");
    return AGAIN;
}

static enum outcome read_blobs(struct atls_tsm_answer *out, const struct object *object,
                               struct atls_diag *diag)
{
    const struct atls_buf outblob = {out->outblob, ATLS_TSM_MAX_OUTBLOB};
    int error = read_attribute(object, "outblob", outblob, &out->outblob_len);
    if (error == EINVAL && check_generation(object, diag) == AGAIN) {
        return AGAIN; /* it has no inblob yet */
    }
    if (error != 0) {
        return refuse("outblob", error, diag);
    }
    const struct atls_buf auxblob = {out->auxblob, ATLS_TSM_MAX_AUXBLOB};
    error = read_attribute(object, "auxblob", auxblob, &out->auxblob_len);
    if (error == ENOENT) { /* tdx_guest shows none */
        out->auxblob_len = 0;
        error = 0;
    }
    return error == 0 ? TAKEN : refuse("auxblob", error, diag);
}

static enum outcome use_object(struct atls_tsm_answer *out, struct object *object,
                               struct atls_diag *diag)
{
    enum outcome outcome = check_provider(object, diag);
    if (outcome == TAKEN) {
        outcome = ask(object, diag);
    }
    if (outcome == TAKEN) {
        outcome = read_blobs(out, object, diag);
    }
    if (outcome == TAKEN) {
        outcome = check_generation(object, diag);
    }
    if (outcome == TAKEN && out->outblob_len == 0) {
        atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "outblob", "nothing", "a report");
        outcome = REFUSED;
    }
    return outcome;
}

static enum outcome try_once(struct atls_tsm_answer *out, const struct atls_tsm_question *question,
                             struct atls_diag *diag)
{
    struct object object = {.question = question};
    const int error = make(&object);
    if (error != 0) {
        return refuse("object", error, diag);
    }
    const enum outcome outcome = use_object(out, &object, diag);
    remove_object(&object);
    return outcome;
}

/* ---- all tries ---- */

enum atls_err atls_tsm_probe(const struct atls_tsm_question *question, struct atls_diag *diag)
{
    struct object object = {.question = question};
    const int error = make(&object);
    if (error != 0) {
        return atls_tsm_refuse("object", error, diag);
    }
    const enum outcome outcome = check_provider(&object, diag);
    remove_object(&object);
    return outcome == TAKEN ? ATLS_OK : ATLS_ERR_ATTESTER;
}

void atls_tsm_answer_cleanup(struct atls_tsm_answer *answer)
{
    free(answer->outblob);
    memset(answer, 0, sizeof *answer);
}

/* pause_for gives false when the deadline comes first. */
static bool pause_for(unsigned ms, int64_t deadline_ms)
{
    if (atls_attester_now_ms() + ms >= deadline_ms) {
        return false;
    }
    const struct timespec length = {0, (long)ms * 1000000};
    (void)nanosleep(&length, NULL);
    return true;
}

/* These leave in `diag` what the last try found. */
static enum atls_err end_of_tries(struct atls_diag *diag)
{
    atls_diag_found_text(diag, ", at each of ");
    atls_diag_found_int(diag, MAX_TRIES);
    atls_diag_found_text(diag, " tries");
    return ATLS_ERR_ATTESTER;
}

static enum atls_err end_of_time(struct atls_diag *diag)
{
    atls_diag_found_text(diag, ", until the deadline");
    if (diag != NULL) {
        diag->err = ATLS_ERR_DEADLINE;
    }
    return ATLS_ERR_DEADLINE;
}

static enum atls_err try_often(struct atls_tsm_answer *out,
                               const struct atls_tsm_question *question, struct atls_diag *diag)
{
    unsigned tries = 0;
    unsigned pause_ms = FIRST_PAUSE_MS;
    while (true) {
        const enum outcome outcome = try_once(out, question, diag);
        if (outcome == TAKEN || outcome == REFUSED) {
            return outcome == TAKEN ? ATLS_OK : ATLS_ERR_ATTESTER;
        }
        tries += outcome == AGAIN ? 1 : 0;
        if (tries == MAX_TRIES) {
            return end_of_tries(diag);
        }
        if (!pause_for(pause_ms, question->deadline_ms)) {
            return end_of_time(diag);
        }
        pause_ms = 2 * pause_ms < LONGEST_PAUSE_MS ? 2 * pause_ms : LONGEST_PAUSE_MS;
    }
}

enum atls_err atls_tsm_report(struct atls_tsm_answer *out, const struct atls_tsm_question *question,
                              struct atls_diag *diag)
{
    struct atls_tsm_answer answer = {0};
    answer.outblob = malloc(ATLS_TSM_MAX_OUTBLOB + ATLS_TSM_MAX_AUXBLOB);
    if (answer.outblob == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "outblob");
    }
    answer.auxblob = &answer.outblob[ATLS_TSM_MAX_OUTBLOB];
    const enum atls_err err = try_often(&answer, question, diag);
    if (err != ATLS_OK) {
        atls_tsm_answer_cleanup(&answer);
        return err;
    }
    *out = answer;
    return ATLS_OK;
}
