/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/config.h"

#include "attester/tpm2/handles.h"
#include "attester/tpm2/queue.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

#define STEP "attester.json"

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, STEP, claim, NULL, expected);
}

enum atls_err atls_tpm_kid(uint8_t out[ATLS_TPM_KID_LEN], const TPMT_PUBLIC *ak,
                           struct atls_diag *diag)
{
    uint8_t spki[ATLS_TPM_MAX_SPKI];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    enum atls_err err = atls_tpm_public_spki(room, &len, ak, diag);
    struct atls_digest digest;
    if (err == ATLS_OK) {
        err = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(spki, len), &digest);
    }
    if (err != ATLS_OK) {
        return err;
    }
    out[0] = 0x01;
    memcpy(&out[1], digest.data, 32);
    return ATLS_OK;
}

static enum atls_err take_handle(TPM2_HANDLE *out, const json_t *ak, struct atls_diag *diag)
{
    struct atls_bytes text;
    const enum atls_err err = atls_json_text(&text, ak, "handle", STEP, diag);
    if (err != ATLS_OK) {
        return err;
    }
    uint8_t octets[4];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    if (text.len != 10 || text.data[0] != '0' || text.data[1] != 'x' ||
        !atls_hex_decode(atls_bytes_of(&text.data[2], 8), room, &len)) {
        return refuse(diag, "ak.handle", "0x and eight hexadecimal digits");
    }
    const TPM2_HANDLE handle = (TPM2_HANDLE)octets[0] << 24 | (TPM2_HANDLE)octets[1] << 16 |
                               (TPM2_HANDLE)octets[2] << 8 | octets[3];
    if (handle < ATLS_TPM_PERSISTENT_FIRST || handle > ATLS_TPM_PERSISTENT_LAST) {
        return refuse(diag, "ak.handle", "a persistent handle, 0x81000000 to 0x81ffffff");
    }
    *out = handle;
    return ATLS_OK;
}

static enum atls_err take_public(struct atls_tpm_config *config, const json_t *ak,
                                 struct atls_diag *diag)
{
    struct atls_bytes text;
    const enum atls_err err = atls_json_text(&text, ak, "public", STEP, diag);
    if (err != ATLS_OK) {
        return err;
    }
    uint8_t octets[ATLS_TPM_MAX_PUBLIC];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    if (!atls_base64_decode(text, room, &len) ||
        !atls_tpm_public_decode(&config->ak, atls_bytes_of(octets, len)) ||
        !atls_tpm_public_is_ak(&config->ak)) {
        return refuse(diag, "ak.public",
                      "a TPMT_PUBLIC of a restricted ECDSA P-256 signing key, in base64");
    }
    return atls_tpm_public_name(&config->ak_name, &config->ak, diag);
}

static enum atls_err take_ak(struct atls_tpm_config *config, const json_t *root,
                             struct atls_diag *diag)
{
    static const char *const members[] = {"handle", "public", NULL};
    const json_t *ak = NULL;
    enum atls_err err = atls_json_object(&ak, root, "ak", STEP, diag);
    if (err == ATLS_OK) {
        err = atls_json_only_keys(ak, members, STEP, diag);
    }
    if (err == ATLS_OK) {
        err = take_handle(&config->ak_handle, ak, diag);
    }
    if (err == ATLS_OK) {
        err = take_public(config, ak, diag);
    }
    return err;
}

static enum atls_err take_kid(struct atls_tpm_config *config, const json_t *root,
                              struct atls_diag *diag)
{
    uint8_t wanted[ATLS_TPM_KID_LEN];
    const struct atls_buf room = {config->kid, sizeof config->kid};
    size_t len = 0;
    enum atls_err err = atls_tpm_kid(wanted, &config->ak, diag);
    if (err == ATLS_OK) {
        err = atls_json_hex(room, &len, sizeof wanted, root, "kid", STEP, diag);
    }
    if (err == ATLS_OK &&
        !atls_bytes_equal(atls_bytes_of(config->kid, len), atls_bytes_of(wanted, sizeof wanted))) {
        err = refuse(diag, "kid", "01 and the SHA-256 of the attestation key's SPKI");
    }
    return err;
}

/* take_name wants the member to be "tpm2". */
static enum atls_err take_name(const json_t *root, const char *member, struct atls_diag *diag)
{
    struct atls_bytes text;
    const enum atls_err err = atls_json_text(&text, root, member, STEP, diag);
    if (err == ATLS_OK && !atls_bytes_is_text(text, "tpm2")) {
        refuse(diag, member, "tpm2");
        atls_diag_found_peer_text(diag, text);
        return ATLS_ERR_CONFIG;
    }
    return err;
}

static enum atls_err take_tcti(struct atls_tpm_config *config, const json_t *root,
                               struct atls_diag *diag)
{
    struct atls_bytes text;
    if (!atls_json_has(root, "tcti")) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_json_text(&text, root, "tcti", STEP, diag);
    if (err == ATLS_OK) {
        config->tcti = strndup((const char *)text.data, text.len);
        return config->tcti != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, STEP, "tcti");
    }
    return err;
}

static enum atls_err take_rest(struct atls_tpm_config *config, const json_t *root,
                               struct atls_diag *diag)
{
    struct atls_bytes pcrs;
    int64_t queue = ATLS_TPM_DEFAULT_QUEUE;
    enum atls_err err = atls_json_text(&pcrs, root, "pcrs", STEP, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_pcrs_parse(&config->pcrs, pcrs, diag);
    }
    if (err == ATLS_OK && atls_json_has(root, "queue")) {
        err = atls_json_int(&queue, root, "queue", 1, ATLS_TPM_MAX_QUEUE, STEP, diag);
    }
    config->queue = (size_t)queue;
    return err == ATLS_OK ? take_tcti(config, root, diag) : err;
}

static enum atls_err take_root(struct atls_tpm_config *config, const json_t *root,
                               struct atls_diag *diag)
{
    static const char *const members[] = {"rot", "format", "tcti",  "ak",
                                          "kid", "pcrs",   "queue", NULL};
    enum atls_err err = atls_json_only_keys(root, members, STEP, diag);
    if (err == ATLS_OK) {
        err = take_name(root, "rot", diag);
    }
    if (err == ATLS_OK) {
        err = take_name(root, "format", diag);
    }
    if (err == ATLS_OK) {
        err = take_ak(config, root, diag);
    }
    if (err == ATLS_OK) {
        err = take_kid(config, root, diag);
    }
    return err == ATLS_OK ? take_rest(config, root, diag) : err;
}

enum atls_err atls_tpm_config_parse(struct atls_tpm_config *out, struct atls_bytes json,
                                    struct atls_diag *diag)
{
    json_t *root ATLS_AUTO(atls_json_cleanup) = NULL;
    struct atls_tpm_config config = {.tcti = NULL};
    enum atls_err err = atls_json_parse(&root, json, STEP, diag);
    if (err == ATLS_OK) {
        err = take_root(&config, root, diag);
    }
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    *out = config;
    return ATLS_OK;
}

void atls_tpm_config_cleanup(struct atls_tpm_config *config)
{
    free(config->tcti);
    config->tcti = NULL;
}

enum atls_err atls_tpm_config_write(char **out, const char *tcti, TPM2_HANDLE ak_handle,
                                    const TPMT_PUBLIC *ak, const char *pcrs, struct atls_diag *diag)
{
    uint8_t octets[ATLS_TPM_MAX_PUBLIC], kid[ATLS_TPM_KID_LEN];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    enum atls_err err = atls_tpm_public_encode(room, &len, ak, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_kid(kid, ak, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    char handle[11], kid_hex[ATLS_HEX_SIZE(sizeof kid)];
    snprintf(handle, sizeof handle, "0x%08x", (unsigned)ak_handle);
    char *public_area = atls_base64_new(atls_bytes_of(octets, len));
    json_t *root ATLS_AUTO(atls_json_cleanup) = NULL;
    if (public_area != NULL &&
        atls_hex_encode(atls_bytes_of(kid, sizeof kid), kid_hex, sizeof kid_hex)) {
        root = json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:s}", "rot", "tpm2", "format", "tpm2", "ak",
                         "handle", handle, "public", public_area, "kid", kid_hex, "pcrs", pcrs);
    }
    free(public_area);
    bool complete = root != NULL;
    if (complete && tcti != NULL) {
        complete = json_object_set_new(root, "tcti", json_string(tcti)) == 0;
    }
    char *text = complete ? atls_json_dump(root) : NULL;
    if (text == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_MEMORY, STEP, "JSON",
                               "no memory, or a TCTI that is not UTF-8", NULL);
    }
    *out = text;
    return ATLS_OK;
}
