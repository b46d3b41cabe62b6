/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of an enclave of Intel's, and the envelope that it and TCB info come in. */
#include "endorsement/intel_read.h"

#include "atls/limits.h"
#include "base/span.h"

#include <stddef.h>
#include <stdlib.h>

static const char step[] = "enclave identity";

/* The head of a block: what it is for follows, as aligned as anything needs. */
struct atls_intel_block {
    struct atls_intel_block *next;
    max_align_t memory[];
};

void *atls_intel_take(struct atls_intel_store *store, size_t num, size_t size)
{
    if (num > ATLS_MAX_FILE_LEN || size > ATLS_MAX_FILE_LEN) {
        return NULL;
    }
    struct atls_intel_block *block = calloc(1, sizeof *block + num * size);
    if (block == NULL) {
        return NULL;
    }
    block->next = store->blocks;
    store->blocks = block;
    return block->memory;
}

static void free_store(struct atls_intel_store *store)
{
    struct atls_intel_block *block = store != NULL ? store->blocks : NULL;
    while (block != NULL) {
        struct atls_intel_block *next = block->next;
        free(block);
        block = next;
    }
    if (store != NULL) {
        json_decref(store->root);
    }
    free(store);
}

void atls_intel_json_cleanup(struct atls_intel_json *json)
{
    free_store(json->storage);
    memset(json, 0, sizeof *json);
}

static enum atls_err read_id(enum atls_intel_enclave *out, const json_t *body,
                             struct atls_diag *diag)
{
    static const char *const ids[] = {
        [ATLS_INTEL_QE] = "QE", [ATLS_INTEL_TD_QE] = "TD_QE", [ATLS_INTEL_QVE] = "QVE"};
    int64_t version = 0;
    struct atls_bytes id = {NULL, 0};
    enum atls_err err = atls_json_int(&version, body, "version", 2, 2, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&id, body, "id", step, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ids); i++) {
        if (atls_bytes_is_text(id, ids[i])) {
            *out = (enum atls_intel_enclave)i;
            return ATLS_OK;
        }
    }
    atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "id", NULL, "QE, TD_QE or QVE");
    atls_diag_found_peer_text(diag, id);
    return ATLS_ERR_MALFORMED;
}

static enum atls_err read_masked(struct atls_buf value, const char *key, struct atls_buf mask,
                                 const char *mask_key, const json_t *body, struct atls_diag *diag)
{
    const enum atls_err err = atls_intel_octets(value, body, key, diag);
    return err == ATLS_OK ? atls_intel_octets(mask, body, mask_key, diag) : err;
}

enum atls_err atls_intel_identity_read(struct atls_intel_identity *out,
                                       struct atls_intel_store *store, const json_t *body,
                                       struct atls_diag *diag)
{
    const struct atls_buf misc = {out->miscselect, sizeof out->miscselect};
    const struct atls_buf misc_mask = {out->miscselect_mask, sizeof out->miscselect_mask};
    const struct atls_buf attributes = {out->attributes, sizeof out->attributes};
    const struct atls_buf attributes_mask = {out->attributes_mask, sizeof out->attributes_mask};
    const struct atls_buf signer = {out->mrsigner, sizeof out->mrsigner};
    enum atls_err err = read_id(&out->enclave, body, diag);
    if (err == ATLS_OK) {
        err = atls_intel_head(&out->dates, &out->evaluation_number, body, diag);
    }
    if (err == ATLS_OK) {
        err = read_masked(misc, "miscselect", misc_mask, "miscselectMask", body, diag);
    }
    if (err == ATLS_OK) {
        err = read_masked(attributes, "attributes", attributes_mask, "attributesMask", body, diag);
    }
    if (err == ATLS_OK) {
        err = atls_intel_octets(signer, body, "mrsigner", diag);
    }
    if (err == ATLS_OK) {
        err = atls_intel_u16(&out->isv_prod_id, body, "isvprodid", diag);
    }
    if (err == ATLS_OK) {
        err = atls_intel_levels_read(&out->levels, store, body, ATLS_LIST_ISV_SVN, diag);
    }
    return err;
}

static size_t skip_blanks(struct atls_bytes text, size_t at)
{
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t' ||
                             text.data[at] == '\r' || text.data[at] == '\n')) {
        at++;
    }
    return at;
}

/* value_len gives the octets of the JSON value that begins at `at`: jansson says where it ends. */
static size_t value_len(struct atls_bytes text, size_t at)
{
    json_error_t error;
    json_t *value = json_loadb((const char *)&text.data[at], text.len - at,
                               JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
    const bool is_value = value != NULL && error.position > 0;
    json_decref(value);
    return is_value ? (size_t)error.position : 0;
}

/*
 * find_body finds the octets of the first member, which must be the signed one. What is signed is
 * what is parsed: the octets as they came, blanks and the order of members included. `text` is
 * known to be one JSON object with members.
 */
static bool find_body(struct atls_bytes *out, struct atls_bytes text)
{
    size_t at = skip_blanks(text, skip_blanks(text, 0) + 1); /* behind '{' */
    if (at >= text.len) {
        return false;
    }
    at = skip_blanks(text, at + value_len(text, at)); /* behind the name */
    at = skip_blanks(text, at + 1);                   /* behind ':' */
    if (at >= text.len || text.data[at] != '{') {
        return false;
    }
    const size_t len = value_len(text, at);
    *out = atls_bytes_of(&text.data[at], len);
    return len != 0;
}

/* read_envelope fills kind, body and signature. */
static enum atls_err read_envelope(struct atls_intel_json *out, struct atls_intel_store *store,
                                   struct atls_bytes text, struct atls_diag *diag)
{
    static const char *const tcb_info[] = {"tcbInfo", "signature", NULL};
    static const char *const identity[] = {"enclaveIdentity", "signature", NULL};
    const struct atls_buf signature = {out->signature, sizeof out->signature};
    struct atls_bytes body = {NULL, 0};
    enum atls_err err = atls_json_parse(&store->root, text, "Intel collateral", diag);
    if (err != ATLS_OK) {
        return err;
    }
    const bool is_tcb_info = atls_json_has(store->root, "tcbInfo");
    out->kind = is_tcb_info ? ATLS_INTEL_TCB_INFO : ATLS_INTEL_IDENTITY;
    err = atls_json_only_keys(store->root, is_tcb_info ? tcb_info : identity, "Intel collateral",
                              diag);
    if (err == ATLS_OK) {
        err = atls_intel_octets(signature, store->root, "signature", diag);
    }
    if (err == ATLS_OK && !find_body(&body, text)) {
        err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, "Intel collateral",
                              is_tcb_info ? "tcbInfo" : "enclaveIdentity", "something else",
                              "an object, in front of its signature");
    }
    if (err == ATLS_OK) {
        out->body = atls_signed_octets(body);
    }
    return err;
}

enum atls_err atls_intel_json_read(struct atls_intel_json *out, struct atls_bytes text,
                                   struct atls_diag *diag)
{
    struct atls_intel_json json;
    const json_t *body = NULL;
    memset(&json, 0, sizeof json);
    struct atls_intel_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    json.storage = store;
    enum atls_err err = read_envelope(&json, store, text, diag);
    if (err == ATLS_OK && json.kind == ATLS_INTEL_TCB_INFO) {
        err = atls_json_object(&body, store->root, "tcbInfo", "Intel collateral", diag);
        err = err == ATLS_OK ? atls_intel_tcb_read(&json.as.tcb, store, body, diag) : err;
    } else if (err == ATLS_OK) {
        err = atls_json_object(&body, store->root, "enclaveIdentity", "Intel collateral", diag);
        err = err == ATLS_OK ? atls_intel_identity_read(&json.as.identity, store, body, diag) : err;
    }
    if (err != ATLS_OK) {
        atls_intel_json_cleanup(&json);
        return err;
    }
    *out = json;
    return ATLS_OK;
}
