/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim-replay: plays Evidence from a file, whatever nonce and key it is asked for. What a replaying
 * attacker does, for demonstrations and for attack tests; the relying side must refuse it.
 */
#include "atls/sim.h"

#include "atls/limits.h"
#include "attester/attester.h"
#include "base/span.h"
#include "json/file.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "sim-replay";

struct sim_replay {
    uint8_t *cmw;
    size_t cmw_len;
};

static struct sim_replay *self_of(struct atls_attester *attester)
{
    return (struct sim_replay *)(void *)attester;
}

static void replay_close(struct atls_attester *attester)
{
    if (attester != NULL) {
        atls_file_free(self_of(attester)->cmw, self_of(attester)->cmw_len);
        free(attester);
    }
}

static enum atls_err read_path(char out[4096], const json_t *root, struct atls_diag *diag)
{
    static const char *const names[] = {"rot", "format", "file", NULL};
    struct atls_bytes path = {NULL, 0};
    enum atls_err err = atls_json_only_keys(root, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&path, root, "file", step, diag);
    }
    if (err == ATLS_OK && (path.len == 0 || path.len >= 4096)) {
        err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "file", "another length", "a path");
    }
    if (err == ATLS_OK) {
        memcpy(out, path.data, path.len);
        out[path.len] = '\0';
    }
    return err;
}

static enum atls_err load(struct sim_replay *self, struct atls_bytes config_json,
                          struct atls_diag *diag)
{
    char path[4096];
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, config_json, "attester.json", diag);
    if (err == ATLS_OK) {
        err = read_path(path, root, diag);
    }
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    err = atls_file_read(&self->cmw, &self->cmw_len, path, ATLS_MAX_CMW_LEN, diag);
    if (err == ATLS_OK && self->cmw_len == 0) {
        err = atls_fail_texts(diag, ATLS_ERR_FILE, step, "file", "no octets", "a CMW");
    }
    return err;
}

static enum atls_err replay_open(struct atls_attester **out, struct atls_bytes config_json,
                                 struct atls_diag *diag)
{
    struct sim_replay *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "attester");
    }
    struct atls_attester *attester = (struct atls_attester *)(void *)self;
    enum atls_err err = load(self, config_json, diag);
    if (err != ATLS_OK) {
        replay_close(attester);
        return err;
    }
    *out = attester;
    return ATLS_OK;
}

static size_t replay_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return ATLS_MAX_NONCE_LEN;
}

static enum atls_err replay_attest(struct atls_attester *attester, struct atls_buf out,
                                   size_t *out_len, const struct atls_attest_request *request,
                                   struct atls_diag *diag)
{
    (void)request;
    const struct sim_replay *self = self_of(attester);
    if (self->cmw_len > out.cap) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, "Evidence");
    }
    memcpy(out.data, self->cmw, self->cmw_len);
    *out_len = self->cmw_len;
    return ATLS_OK;
}

/* There is nothing to make: what a replay needs is somebody else's Evidence. */
static enum atls_err replay_provision(struct atls_provision *out,
                                      const struct atls_provision_request *request,
                                      struct atls_diag *diag)
{
    (void)out;
    (void)request;
    return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "provision", "a wish for new keys",
                           "attester.json written by hand: {\"rot\":NAME,\"format\":NAME,"
                           "\"file\":PATH}");
}

#define REPLAY(NAME, FORMAT)                                                                       \
    {                                                                                              \
        .abi = ATLS_ATTESTER_ABI, .size = (uint32_t)sizeof(struct atls_attester_ops),              \
        .name = (NAME), .format = (FORMAT), .simulated = true, .computes = true,                   \
        .open = replay_open, .close = replay_close, .max_nonce = replay_max_nonce,                 \
        .attest = replay_attest, .load_key = atls_attester_no_key, .provision = replay_provision,  \
    }

const struct atls_attester_ops atls_attester_sim_replay_psa = REPLAY("sim-replay-psa", "psa");
const struct atls_attester_ops atls_attester_sim_replay_tpm2 = REPLAY("sim-replay-tpm2", "tpm2");
const struct atls_attester_ops atls_attester_sim_replay_nitro = REPLAY("sim-replay-nitro", "nitro");
const struct atls_attester_ops atls_attester_sim_replay_snp = REPLAY("sim-replay-snp", "snp");
