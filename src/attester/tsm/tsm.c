/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of include/atls/tsm.h. */
#include "attester/tsm/tsm.h"

#include "attester/attester.h"
#include "attester/clock.h"
#include "attester/tsm/config.h"
#include "attester/tsm/turn.h"
#include "attester/written.h"
#include "base/span.h"
#include "codec/tsm_report.h"

#include <stdlib.h>
#include <unistd.h>

static const char step[] = "report";

struct atls_attester {
    struct atls_tsm_config config;
    const struct atls_tsm_fs *fs;
    struct atls_tsm_turns turns;
    pid_t pid;
};

static struct atls_tsm_question question_of(const struct atls_tsm_config *config,
                                            const struct atls_tsm_fs *fs)
{
    const struct atls_tsm_question question = {
        .fs = fs,
        .root = config->root,
        .provider = config->kind->provider,
        .privlevel = config->privlevel,
    };
    return question;
}

static void tsm_close(struct atls_attester *attester)
{
    if (attester != NULL) {
        atls_tsm_turns_cleanup(&attester->turns);
        free(attester);
    }
}

enum atls_err atls_tsm_open(struct atls_attester **out, struct atls_bytes config_json,
                            const struct atls_tsm_fs *fs, struct atls_diag *diag)
{
    struct atls_tsm_config config;
    enum atls_err err = atls_tsm_config_parse(&config, config_json, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_tsm_question question = question_of(&config, fs);
    err = atls_tsm_probe(&question, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_attester *attester = calloc(1, sizeof *attester);
    if (attester == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "attester");
    }
    attester->config = config;
    attester->fs = fs;
    attester->pid = getpid();
    atls_tsm_turns_init(&attester->turns, config.queue);
    *out = attester;
    return ATLS_OK;
}

static enum atls_err open_linux(struct atls_attester **out, struct atls_bytes config_json,
                                struct atls_diag *diag)
{
    return atls_tsm_open(out, config_json, &atls_tsm_linux, diag);
}

static size_t tsm_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return ATLS_TSM_INBLOB_LEN;
}

/* ---- Evidence ---- */

/* check_data refuses to send a report that is about something else, whatever the reason: the peer
 * would refuse it, and the reason is on this side. */
static enum atls_err check_data(const struct atls_tsm_kind *kind, struct atls_bytes outblob,
                                const struct atls_tsm_question *question, struct atls_diag *diag)
{
    const struct atls_bytes asked = atls_bytes_of(question->inblob, sizeof question->inblob);
    const struct atls_bytes found = kind->find_data(outblob);
    if (found.len == 0) {
        atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "outblob", NULL, "a report of ");
        atls_diag_found_int(diag, (int64_t)outblob.len);
        atls_diag_found_text(diag, " octets in another form");
        atls_diag_expected_text(diag, kind->provider);
        return ATLS_ERR_ATTESTER;
    }
    return atls_ct_equal(found, asked)
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "report data", "other octets",
                                 "those that were written into inblob");
}

static enum atls_err write_evidence(const struct atls_tsm_kind *kind, struct atls_buf out,
                                    size_t *out_len, const struct atls_tsm_answer *answer,
                                    struct atls_diag *diag)
{
    const struct atls_tsm_report report = {
        .provider = atls_bytes_text(kind->provider),
        .outblob = atls_bytes_of(answer->outblob, answer->outblob_len),
        .auxblob = atls_bytes_of(answer->auxblob, answer->auxblob_len),
    };
    struct atls_writer count = atls_writer_counting();
    atls_tsm_report_put(&count, &report);
    uint8_t *map = malloc(count.len);
    if (map == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "Evidence");
    }
    const struct atls_buf room = {map, count.len};
    struct atls_writer w = atls_writer_of(room);
    atls_tsm_report_put(&w, &report);
    const struct atls_bytes value = kind->in_map ? atls_bytes_of(map, count.len) : report.outblob;
    const enum atls_err err =
        atls_attester_put_evidence(out, out_len, kind->media_type, value, step, diag);
    free(map);
    return err;
}

static enum atls_err tsm_attest(struct atls_attester *attester, struct atls_buf out,
                                size_t *out_len, const struct atls_attest_request *request,
                                struct atls_diag *diag)
{
    if (request->nonce.len == 0 || request->nonce.len > ATLS_TSM_INBLOB_LEN) {
        atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, step, "inblob", NULL, "1 to 64 octets");
        atls_diag_found_int(diag, (int64_t)request->nonce.len);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_NONCE_LENGTH;
    }
    /* The turns may have been taken at the moment of a fork by a thread that the child has not. */
    if (attester->pid != getpid()) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "process",
                               "a child of the process that opened the attester",
                               "an attester that is opened after the fork");
    }
    struct atls_tsm_question question = question_of(&attester->config, attester->fs);
    memcpy(question.inblob, request->nonce.data, request->nonce.len);
    question.deadline_ms = atls_attester_now_ms() + request->timeout_ms;
    enum atls_err err = atls_tsm_turn_take(&attester->turns, question.deadline_ms, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_tsm_answer answer = {0};
    err = atls_tsm_report(&answer, &question, diag);
    atls_tsm_turn_give(&attester->turns);
    if (err == ATLS_OK) {
        err = check_data(attester->config.kind, atls_bytes_of(answer.outblob, answer.outblob_len),
                         &question, diag);
    }
    if (err == ATLS_OK) {
        err = write_evidence(attester->config.kind, out, out_len, &answer, diag);
    }
    atls_tsm_answer_cleanup(&answer);
    return err;
}

static enum atls_err provision_snp(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    return atls_tsm_provision(out, "snp", request, &atls_tsm_linux, diag);
}

static enum atls_err provision_tdx(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    return atls_tsm_provision(out, "tdx", request, &atls_tsm_linux, diag);
}

static enum atls_err provision_cca(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    return atls_tsm_provision(out, "cca", request, &atls_tsm_linux, diag);
}

#define TABLE(which)                                                                               \
    {                                                                                              \
        .abi = ATLS_ATTESTER_ABI, .size = (uint32_t)sizeof(struct atls_attester_ops),              \
        .name = #which, .format = #which, .simulated = false, .computes = false,                   \
        .padded_len = ATLS_TSM_INBLOB_LEN, .open = open_linux, .close = tsm_close,                 \
        .max_nonce = tsm_max_nonce, .attest = tsm_attest, .load_key = atls_attester_no_key,        \
        .provision = provision_##which,                                                            \
    }

const struct atls_attester_ops atls_attester_snp = TABLE(snp);
const struct atls_attester_ops atls_attester_tdx = TABLE(tdx);
const struct atls_attester_ops atls_attester_cca = TABLE(cca);
