/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tsm/config.h"

#include "attester/tsm/comid.h"
#include "attester/tsm/data.h"
#include "base/span.h"
#include "codec/tsm_report.h"
#include "json/json.h"

static const char step[] = "attester.json";

enum { DEFAULT_QUEUE = 64, MAX_QUEUE = 4096, MAX_PRIVLEVEL = 3 };

#define MEDIA_TYPE(provider) ATLS_TSM_MEDIA_TYPE "; provider=\"" provider "\""

static enum atls_err no_comid(char **out, struct atls_bytes report, struct atls_diag *diag)
{
    (void)report;
    (void)diag;
    *out = NULL;
    return ATLS_OK;
}

static const struct atls_tsm_kind kinds[] = {
    {
        .name = "snp",
        .provider = ATLS_TSM_SEV_GUEST,
        .media_type = MEDIA_TYPE(ATLS_TSM_SEV_GUEST),
        .in_map = true,
        .has_privlevel = true,
        .find_data = atls_tsm_snp_data,
        .make_comid = atls_tsm_snp_comid,
    },
    {
        .name = "tdx",
        .provider = ATLS_TSM_TDX_GUEST,
        .media_type = MEDIA_TYPE(ATLS_TSM_TDX_GUEST),
        .in_map = true,
        .has_privlevel = false,
        .find_data = atls_tsm_tdx_data,
        .make_comid = atls_tsm_tdx_comid,
    },
    {
        .name = "cca",
        .provider = ATLS_TSM_CCA_GUEST,
        .media_type = ATLS_CCA_MEDIA_TYPE,
        .in_map = false,
        .has_privlevel = false,
        .find_data = atls_tsm_cca_data,
        .make_comid = no_comid,
    },
};

static enum atls_err take_kind(struct atls_tsm_config *out, const json_t *root,
                               struct atls_diag *diag)
{
    struct atls_bytes rot, format;
    enum atls_err err = atls_json_text(&rot, root, "rot", step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&format, root, "format", step, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        if (atls_bytes_is_text(rot, kinds[i].name) && atls_bytes_equal(rot, format)) {
            out->kind = &kinds[i];
            return ATLS_OK;
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "rot and format", "another pair",
                           "snp, tdx or cca, the same in both");
}

static enum atls_err take_path(struct atls_tsm_config *out, const json_t *root,
                               struct atls_diag *diag)
{
    struct atls_bytes text = atls_bytes_text(ATLS_TSM_ROOT);
    if (atls_json_has(root, "path")) {
        const enum atls_err err = atls_json_text(&text, root, "path", step, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    if (text.len == 0 || text.len >= sizeof out->root) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "path", "none, or a long one",
                               "a folder, by a path of at most 255 octets");
    }
    memcpy(out->root, text.data, text.len);
    out->root[text.len] = '\0';
    return ATLS_OK;
}

static enum atls_err take_numbers(struct atls_tsm_config *out, const json_t *root,
                                  struct atls_diag *diag)
{
    int64_t level = ATLS_TSM_NO_PRIVLEVEL;
    int64_t queue = DEFAULT_QUEUE;
    enum atls_err err = ATLS_OK;
    if (atls_json_has(root, "privlevel") && !out->kind->has_privlevel) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "privlevel", "one",
                               "none: only snp has levels");
    }
    if (atls_json_has(root, "privlevel")) {
        err = atls_json_int(&level, root, "privlevel", 0, MAX_PRIVLEVEL, step, diag);
    }
    if (err == ATLS_OK && atls_json_has(root, "queue")) {
        err = atls_json_int(&queue, root, "queue", 1, MAX_QUEUE, step, diag);
    }
    out->privlevel = (int)level;
    out->queue = (size_t)queue;
    return err;
}

enum atls_err atls_tsm_config_parse(struct atls_tsm_config *out, struct atls_bytes json,
                                    struct atls_diag *diag)
{
    static const char *const members[] = {"rot", "format", "path", "privlevel", "queue", NULL};
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    struct atls_tsm_config config = {0};
    enum atls_err err = atls_json_parse(&root, json, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_only_keys(root, members, step, diag);
    }
    if (err == ATLS_OK) {
        err = take_kind(&config, root, diag);
    }
    if (err == ATLS_OK) {
        err = take_path(&config, root, diag);
    }
    if (err == ATLS_OK) {
        err = take_numbers(&config, root, diag);
    }
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    *out = config;
    return ATLS_OK;
}
