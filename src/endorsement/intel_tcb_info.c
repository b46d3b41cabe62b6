/* SPDX-License-Identifier: Apache-2.0 */
/* TCB info of PCS API version 4: version 3, and version 2 of SGX, which old caches still hold. */
#include "endorsement/intel_read.h"

#include "base/span.h"
#include "json/base64.h"

static const char step[] = "TCB info";

static enum atls_err refuse(const char *claim, struct atls_bytes found, const char *expected,
                            struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, NULL, expected);
    atls_diag_found_peer_text(diag, found);
    return ATLS_ERR_MALFORMED;
}

/* read_version says what the levels look like. */
static enum atls_err read_version(struct atls_intel_tcb_info *out, enum atls_intel_list *list,
                                  const json_t *body, struct atls_diag *diag)
{
    int64_t version = 0;
    struct atls_bytes id = {NULL, 0};
    enum atls_err err = atls_json_int(&version, body, "version", 2, 3, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->version = (unsigned)version;
    if (version == 2) {
        *list = ATLS_LIST_SGX_2;
        return atls_json_has(body, "id") ? atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "id",
                                                           "one", "none, in version 2")
                                         : ATLS_OK;
    }
    err = atls_json_text(&id, body, "id", step, diag);
    if (err == ATLS_OK && !atls_bytes_is_text(id, "SGX") && !atls_bytes_is_text(id, "TDX")) {
        err = refuse("id", id, "SGX or TDX", diag);
    }
    out->tee = atls_bytes_is_text(id, "TDX") ? ATLS_INTEL_TDX : ATLS_INTEL_SGX;
    *list = out->tee == ATLS_INTEL_TDX ? ATLS_LIST_TDX_3 : ATLS_LIST_SGX_3;
    return err;
}

static enum atls_err read_platform(struct atls_intel_tcb_info *out, const json_t *body,
                                   struct atls_diag *diag)
{
    const struct atls_buf fmspc = {out->fmspc, sizeof out->fmspc};
    const struct atls_buf pce_id = {out->pce_id, sizeof out->pce_id};
    int64_t type = 0;
    enum atls_err err = atls_intel_head(&out->dates, &out->evaluation_number, body, diag);
    if (err == ATLS_OK) {
        err = atls_intel_octets(fmspc, body, "fmspc", diag);
    }
    out->has_pce_id = out->version != 2 || atls_json_has(body, "pceId");
    if (err == ATLS_OK && out->has_pce_id) {
        err = atls_intel_octets(pce_id, body, "pceId", diag);
    }
    /* 0: SVNs are compared one by one, the only way that there is. */
    if (err == ATLS_OK) {
        err = atls_json_int(&type, body, "tcbType", 0, 0, step, diag);
    }
    return err;
}

/* "TDX_03": two hexadecimal digits (Intel's library takes either case). */
static enum atls_err read_module_id(struct atls_intel_module *out, const json_t *object,
                                    struct atls_diag *diag)
{
    struct atls_bytes id = {NULL, 0};
    size_t len = 0;
    const struct atls_buf room = {&out->version, 1};
    const enum atls_err err = atls_json_text(&id, object, "id", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const bool has_head = id.len == 6 && atls_bytes_is_text(atls_bytes_of(id.data, 4), "TDX_");
    if (!has_head || !atls_hex_decode(atls_bytes_of(&id.data[4], 2), room, &len) || len != 1) {
        return refuse("tdxModuleIdentities.id", id, "TDX_ and two hexadecimal digits", diag);
    }
    return ATLS_OK;
}

static enum atls_err read_module(struct atls_intel_module *out, const json_t *object,
                                 struct atls_diag *diag)
{
    const struct atls_buf signer = {out->mrsigner, sizeof out->mrsigner};
    const struct atls_buf attributes = {out->attributes, sizeof out->attributes};
    const struct atls_buf mask = {out->attributes_mask, sizeof out->attributes_mask};
    enum atls_err err = atls_intel_octets(signer, object, "mrsigner", diag);
    if (err == ATLS_OK) {
        err = atls_intel_octets(attributes, object, "attributes", diag);
    }
    if (err == ATLS_OK) {
        err = atls_intel_octets(mask, object, "attributesMask", diag);
    }
    return err;
}

static enum atls_err read_identity(struct atls_intel_module *out, struct atls_intel_store *store,
                                   const json_t *object, struct atls_diag *diag)
{
    if (!json_is_object(object)) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "tdxModuleIdentities",
                               atls_json_type_name(object), "objects");
    }
    enum atls_err err = read_module_id(out, object, diag);
    if (err == ATLS_OK) {
        err = read_module(out, object, diag);
    }
    if (err == ATLS_OK) {
        err = atls_intel_levels_read(&out->levels, store, object, ATLS_LIST_ISV_SVN, diag);
    }
    return err;
}

/* is_among: two entries of one version would leave open which of them counts. */
static bool is_among(const struct atls_intel_module *modules, size_t num, uint8_t version)
{
    for (size_t i = 0; i < num; i++) {
        if (modules[i].version == version) {
            return true;
        }
    }
    return false;
}

static enum atls_err read_identities(struct atls_intel_tcb_info *out,
                                     struct atls_intel_store *store, const json_t *body,
                                     struct atls_diag *diag)
{
    const json_t *list = NULL;
    if (!atls_json_has(body, "tdxModuleIdentities")) {
        return ATLS_OK;
    }
    enum atls_err err = atls_json_array(&list, body, "tdxModuleIdentities", step, diag);
    if (err != ATLS_OK || json_array_size(list) == 0) {
        return err;
    }
    const size_t num = json_array_size(list);
    if (num > ATLS_INTEL_MAX_MODULES) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "tdxModuleIdentities",
                               "more than 32", "at most 32");
    }
    struct atls_intel_module *modules = atls_intel_take(store, num, sizeof *modules);
    if (modules == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "tdxModuleIdentities");
    }
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = read_identity(&modules[i], store, json_array_get(list, i), diag);
        if (err == ATLS_OK && is_among(modules, i, modules[i].version)) {
            err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "tdxModuleIdentities.id",
                                  "a version twice", "each version once");
        }
    }
    out->modules = modules;
    out->num_modules = num;
    return err;
}

enum atls_err atls_intel_tcb_read(struct atls_intel_tcb_info *out, struct atls_intel_store *store,
                                  const json_t *body, struct atls_diag *diag)
{
    enum atls_intel_list list = ATLS_LIST_SGX_2;
    const json_t *module = NULL;
    enum atls_err err = read_version(out, &list, body, diag);
    if (err == ATLS_OK) {
        err = read_platform(out, body, diag);
    }
    if (err == ATLS_OK) {
        err = atls_intel_levels_read(&out->levels, store, body, list, diag);
    }
    if (err != ATLS_OK || out->tee != ATLS_INTEL_TDX) {
        return err;
    }
    out->has_module = true;
    err = atls_json_object(&module, body, "tdxModule", step, diag);
    if (err == ATLS_OK) {
        err = read_module(&out->module, module, diag);
    }
    return err == ATLS_OK ? read_identities(out, store, body, diag) : err;
}
