/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attester of an AWS Nitro Enclave: attestation documents of its NSM. The binder is the nonce,
 * and the TLS key stands in public_key, so that a Verifier of passports can name it in its Result.
 */
#include "attester/nitro/nitro.h"

#include "atls/limits.h"
#include "atls/nitro.h"
#include "attester/attester.h"
#include "attester/written.h"
#include "base/formats.h"
#include "base/span.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "nitro attester";

#define MAX_PATH_LEN 256

struct nitro {
    const struct atls_nsm_device *device;
    char path[MAX_PATH_LEN];
};

/* Each implementation defines its own struct atls_attester; here it is only ever a pointer to
 * this one. */
static const struct nitro *self_of(const struct atls_attester *attester)
{
    return (const struct nitro *)(const void *)attester;
}

static void nitro_close(struct atls_attester *attester)
{
    free(attester);
}

static enum atls_err take_path(char out[MAX_PATH_LEN], struct atls_bytes path, enum atls_err err,
                               struct atls_diag *diag)
{
    if (path.len == 0 || path.len >= MAX_PATH_LEN || path.data[0] != '/' ||
        memchr(path.data, 0, path.len) != NULL) {
        return atls_fail_texts(diag, err, step, "device", NULL,
                               "an absolute path, " ATLS_NSM_DEVICE);
    }
    memcpy(out, path.data, path.len);
    out[path.len] = '\0';
    return ATLS_OK;
}

static enum atls_err read_config(struct nitro *self, const json_t *root, struct atls_diag *diag)
{
    static const char *const names[] = {"rot", "format", "device", NULL};
    struct atls_bytes path = {NULL, 0};
    enum atls_err err = atls_json_only_keys(root, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&path, root, "device", step, diag);
    }
    return err == ATLS_OK ? take_path(self->path, path, ATLS_ERR_CONFIG, diag) : err;
}

enum atls_err atls_nitro_open_with(struct atls_attester **out, struct atls_bytes config_json,
                                   const struct atls_nsm_device *device, struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, config_json, "attester.json", diag);
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    struct nitro *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    self->device = device;
    err = atls_json_recode(read_config(self, root, diag), ATLS_ERR_CONFIG, diag);
    if (err != ATLS_OK) {
        free(self);
        return err;
    }
    *out = (struct atls_attester *)(void *)self;
    return ATLS_OK;
}

static enum atls_err nitro_open(struct atls_attester **out, struct atls_bytes config_json,
                                struct atls_diag *diag)
{
    return atls_nitro_open_with(out, config_json, &atls_nsm_linux, diag);
}

static size_t nitro_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return ATLS_MAX_NONCE_LEN; /* the NSM takes 512 octets and more */
}

/* A key that is too long for public_key is bound by the binder all the same. */
static enum atls_err nitro_attest(struct atls_attester *attester, struct atls_buf out,
                                  size_t *out_len, const struct atls_attest_request *request,
                                  struct atls_diag *diag)
{
    static const struct atls_bytes none = {NULL, 0};
    const struct nitro *self = self_of(attester);
    const struct atls_buf room = {malloc(ATLS_NSM_MAX_RESPONSE), ATLS_NSM_MAX_RESPONSE};
    struct atls_bytes document;
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const bool fits = request->spki.len <= ATLS_NSM_MAX_PUBLIC_KEY;
    enum atls_err err = atls_nsm_attest(&document, room, self->device, self->path, request->nonce,
                                        fits ? request->spki : none, diag);
    if (err == ATLS_OK) {
        err = atls_attester_put_evidence(out, out_len,
                                         atls_format_by_name(atls_bytes_text("nitro"))->media_type,
                                         document, step, diag);
    }
    free(room.data);
    return err;
}

static enum atls_err take_settings(char path[MAX_PATH_LEN],
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    static const char name[] = "device=";
    enum atls_err err = take_path(path, atls_bytes_text(ATLS_NSM_DEVICE), ATLS_ERR_CONFIG, diag);
    for (size_t i = 0; err == ATLS_OK && i < request->num_claims; i++) {
        const char *setting = request->claims[i];
        if (strncmp(setting, name, sizeof name - 1) != 0) {
            err = atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "setting", NULL, "device=PATH");
            atls_diag_found_peer_text(diag, atls_bytes_text(setting));
            return err;
        }
        err = take_path(path, atls_bytes_text(&setting[sizeof name - 1]), ATLS_ERR_ARGUMENT, diag);
    }
    return err;
}

static enum atls_err write_config(char **out, const char *path, struct atls_diag *diag)
{
    json_t *root = json_pack("{s:s, s:s, s:s}", "rot", "nitro", "format", "nitro", "device", path);
    return atls_attester_config_text(out, root, step, diag);
}

/* The reference values are what this enclave measures now: who hands them on vouches for it. */
enum atls_err atls_nitro_provision_with(struct atls_provision *out,
                                        const struct atls_provision_request *request,
                                        const struct atls_nsm_device *device,
                                        struct atls_diag *diag)
{
    static const struct atls_bytes none = {NULL, 0};
    struct atls_provision made = {.simulated = false};
    char path[MAX_PATH_LEN];
    struct atls_bytes document;
    const struct atls_buf room = {malloc(ATLS_NSM_MAX_RESPONSE), ATLS_NSM_MAX_RESPONSE};
    enum atls_err err = room.data != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = take_settings(path, request, diag);
    }
    if (err == ATLS_OK) {
        err = atls_nsm_attest(&document, room, device, path, none, none, diag);
    }
    if (err == ATLS_OK) {
        err = atls_nitro_comid(&made.comid_json, document, diag);
    }
    if (err == ATLS_OK) {
        err = write_config(&made.config_json, path, diag);
    }
    free(room.data);
    if (err != ATLS_OK) {
        atls_provision_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

static enum atls_err nitro_provision(struct atls_provision *out,
                                     const struct atls_provision_request *request,
                                     struct atls_diag *diag)
{
    return atls_nitro_provision_with(out, request, &atls_nsm_linux, diag);
}

const struct atls_attester_ops atls_attester_nitro = {
    .abi = ATLS_ATTESTER_ABI,
    .size = (uint32_t)sizeof(struct atls_attester_ops),
    .name = "nitro",
    .format = "nitro",
    .simulated = false,
    .computes = false,
    .open = nitro_open,
    .close = nitro_close,
    .max_nonce = nitro_max_nonce,
    .attest = nitro_attest,
    .load_key = atls_attester_no_key,
    .provision = nitro_provision,
};
