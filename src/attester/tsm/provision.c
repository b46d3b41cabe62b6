/* SPDX-License-Identifier: Apache-2.0 */
/* A new attester: its configuration, and what its guest measures now. */
#include "attester/clock.h"
#include "attester/tsm/config.h"
#include "attester/tsm/tsm.h"
#include "attester/written.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "report";

enum { PROVISION_TIMEOUT_MS = 60000 };

/* set takes "path=FOLDER" or "privlevel=DIGIT" into the configuration. */
static enum atls_err set(json_t *root, const char *setting, struct atls_diag *diag)
{
    static const char path[] = "path=";
    static const char level[] = "privlevel=";
    int failed = 1;
    if (strncmp(setting, path, sizeof path - 1) == 0) {
        failed = json_object_set_new(root, "path", json_string(&setting[sizeof path - 1]));
    } else if (strncmp(setting, level, sizeof level - 1) == 0) {
        const char *digit = &setting[sizeof level - 1];
        const bool is_digit = digit[0] >= '0' && digit[0] <= '9' && digit[1] == '\0';
        failed =
            is_digit ? json_object_set_new(root, "privlevel", json_integer(digit[0] - '0')) : 1;
    }
    if (failed != 0) {
        atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "setting", NULL,
                        "path=FOLDER, or privlevel=0 to 3");
        atls_diag_found_peer_text(diag, atls_bytes_text(setting));
        return ATLS_ERR_CONFIG;
    }
    return ATLS_OK;
}

static enum atls_err write_config(char **out, const char *name,
                                  const struct atls_provision_request *request,
                                  struct atls_diag *diag)
{
    json_t *root = json_pack("{s:s, s:s}", "rot", name, "format", name);
    enum atls_err err =
        root != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, "attester.json");
    for (size_t i = 0; err == ATLS_OK && i < request->num_claims; i++) {
        err = set(root, request->claims[i], diag);
    }
    if (err != ATLS_OK) {
        json_decref(root);
        return err;
    }
    return atls_attester_config_text(out, root, step, diag);
}

/* measure takes a report about random octets, and what it says of the guest. */
static enum atls_err measure(char **out, const struct atls_tsm_config *config,
                             const struct atls_tsm_fs *fs, struct atls_diag *diag)
{
    struct atls_tsm_question question = {
        .fs = fs,
        .root = config->root,
        .provider = config->kind->provider,
        .privlevel = config->privlevel,
        .deadline_ms = atls_attester_now_ms() + PROVISION_TIMEOUT_MS,
    };
    const struct atls_buf inblob = {question.inblob, sizeof question.inblob};
    struct atls_tsm_answer answer = {0};
    enum atls_err err = atls_random(inblob);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "inblob");
    }
    err = atls_tsm_report(&answer, &question, diag);
    if (err == ATLS_OK) {
        err =
            config->kind->make_comid(out, atls_bytes_of(answer.outblob, answer.outblob_len), diag);
    }
    atls_tsm_answer_cleanup(&answer);
    return err;
}

enum atls_err atls_tsm_provision(struct atls_provision *out, const char *name,
                                 const struct atls_provision_request *request,
                                 const struct atls_tsm_fs *fs, struct atls_diag *diag)
{
    struct atls_provision made = {.simulated = false};
    struct atls_tsm_config config;
    enum atls_err err = write_config(&made.config_json, name, request, diag);
    if (err == ATLS_OK) {
        err = atls_tsm_config_parse(&config, atls_bytes_text(made.config_json), diag);
    }
    if (err == ATLS_OK) {
        err = measure(&made.comid_json, &config, fs, diag);
    }
    if (err != ATLS_OK) {
        atls_provision_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}
