/* SPDX-License-Identifier: Apache-2.0 */
/* sim-tdx and sim-sgx: a quoting enclave made of a file. It has the form of one, and none of its
 * worth. */
#include "atls/sim.h"

#include "attester/attester.h"
#include "attester/written.h"
#include "base/formats.h"
#include "base/span.h"
#include "codec/cbor.h"
#include "codec/tsm_report.h"
#include "json/base64.h"
#include "json/comid_json.h"
#include "json/json.h"
#include "json/references.h"
#include "sim/sim_intel.h"
#include "sim/sim_key.h"

#include <stdlib.h>

static const char step[] = "simulated quote";

#define REPORT_DATA_LEN 64
/* Header, body, lengths and signature of a quote; TSM report or map, and CMW around it. */
#define ENVELOPE_LEN 1024
/* The key, and certification data with a chain of three certificates. */
#define MAX_CERTIFICATION_LEN 8192

struct sim_intel {
    struct atls_key *key;
    struct atls_sim_quote quote;
    uint8_t certification[MAX_CERTIFICATION_LEN];
    size_t certification_len;
};

static struct sim_intel *self_of(struct atls_attester *attester)
{
    return (struct sim_intel *)(void *)attester;
}

static void sim_close(struct atls_attester *attester)
{
    if (attester != NULL) {
        atls_key_free(self_of(attester)->key);
        free(attester);
    }
}

static enum atls_err read_config(struct sim_intel *self, const json_t *root, struct atls_diag *diag)
{
    static const char *const names[] = {"rot", "format", "key", "certification", "claims", NULL};
    const json_t *claims = NULL;
    const struct atls_buf room = {self->certification, sizeof self->certification};
    enum atls_err err = atls_json_only_keys(root, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_base64url(room, &self->certification_len, 1, root, "certification", step,
                                  diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_object(&claims, root, "claims", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_sim_quote_from_json(&self->quote, claims, diag);
    }
    return err == ATLS_OK ? atls_sim_key_read(&self->key, root, ATLS_ALG_ES256, step, diag) : err;
}

static enum atls_err open_as(struct atls_attester **out, bool is_td, struct atls_bytes config_json,
                             struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, config_json, "attester.json", diag);
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    struct sim_intel *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "attester");
    }
    struct atls_attester *attester = (struct atls_attester *)(void *)self;
    self->quote.is_td = is_td;
    err = atls_json_recode(read_config(self, root, diag), ATLS_ERR_CONFIG, diag);
    if (err != ATLS_OK) {
        sim_close(attester);
        return err;
    }
    *out = attester;
    return ATLS_OK;
}

static enum atls_err open_tdx(struct atls_attester **out, struct atls_bytes config_json,
                              struct atls_diag *diag)
{
    return open_as(out, true, config_json, diag);
}

static enum atls_err open_sgx(struct atls_attester **out, struct atls_bytes config_json,
                              struct atls_diag *diag)
{
    return open_as(out, false, config_json, diag);
}

static size_t sim_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return REPORT_DATA_LEN;
}

/* wrap writes the quote as the formats have it, and that as a CMW record. */
static enum atls_err wrap(struct atls_buf out, size_t *out_len, bool is_td, struct atls_buf room,
                          struct atls_bytes quote, struct atls_diag *diag)
{
    const struct atls_tsm_report report = {.provider = atls_bytes_text(ATLS_TSM_TDX_GUEST),
                                           .outblob = quote};
    const struct atls_format *format = atls_format_by_name(atls_bytes_text(is_td ? "tdx" : "sgx"));
    struct atls_writer evidence = atls_writer_of(room);
    if (is_td) {
        atls_tsm_report_put(&evidence, &report);
    } else {
        atls_cbor_put_map(&evidence, 1);
        atls_cbor_put_str(&evidence, "quote");
        atls_cbor_put_bytes(&evidence, quote);
    }
    return evidence.failed
               ? atls_fail(diag, ATLS_ERR_BUFFER, step, "Evidence")
               : atls_attester_put_evidence(out, out_len, format->media_type,
                                            atls_bytes_of(room.data, evidence.len), step, diag);
}

static enum atls_err sim_attest(struct atls_attester *attester, struct atls_buf out,
                                size_t *out_len, const struct atls_attest_request *request,
                                struct atls_diag *diag)
{
    const struct sim_intel *self = self_of(attester);
    uint8_t report_data[REPORT_DATA_LEN] = {0};
    if (request->nonce.len == 0 || request->nonce.len > sizeof report_data) {
        atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, step, "report_data", NULL, "1 to 64 octets");
        atls_diag_found_int(diag, (int64_t)request->nonce.len);
        return ATLS_ERR_NONCE_LENGTH;
    }
    memcpy(report_data, request->nonce.data, request->nonce.len);
    const size_t cap = self->certification_len + ENVELOPE_LEN;
    uint8_t *room = malloc(2 * cap);
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "Evidence");
    }
    const struct atls_buf first = {room, cap};
    const struct atls_buf second = {&room[cap], cap};
    struct atls_writer w = atls_writer_of(first);
    enum atls_err err = atls_sim_quote_sign(
        &w, &self->quote, self->key, atls_bytes_of(self->certification, self->certification_len),
        atls_bytes_of(report_data, sizeof report_data), diag);
    if (err == ATLS_OK) {
        err = wrap(out, out_len, self->quote.is_td, second, atls_bytes_of(room, w.len), diag);
    }
    free(room);
    return err;
}

static json_t *td_references(const struct atls_sim_td *td)
{
    struct atls_td_references references = {
        .mr_td = atls_bytes_of(td->mr_td, sizeof td->mr_td),
        .attributes = atls_bytes_of(td->attributes, sizeof td->attributes),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(td->rtmr); i++) {
        references.rtmr[i] = atls_bytes_of(td->rtmr[i], sizeof td->rtmr[i]);
    }
    return atls_references_td(&references);
}

static json_t *enclave_references(const struct atls_sim_enclave *e)
{
    const struct atls_enclave_references references = {
        .mr_enclave = atls_bytes_of(e->mr_enclave, sizeof e->mr_enclave),
        .mr_signer = atls_bytes_of(e->mr_signer, sizeof e->mr_signer),
        .prod_id = (uint16_t)e->prod_id,
        .svn = (uint16_t)e->svn,
    };
    return atls_references_enclave(&references);
}

static enum atls_err write_comid(char **out, const struct atls_sim_quote *quote,
                                 const struct atls_sim_intel *intel, struct atls_diag *diag)
{
    json_t *references =
        quote->is_td ? td_references(&quote->td) : enclave_references(&quote->enclave);
    json_t *triples =
        json_pack("{s:[{s:{s:{s:s, s:s}}, s:[{s:s, s:s}]}], s:o}", "attester-verification-keys",
                  "environment", "class", "vendor", "Intel Corporation", "model",
                  quote->is_td ? "TDX" : "SGX", "verification-keys", "type", "pkix-base64-cert",
                  "value", intel->root_pem, "reference-values", references);
    return atls_comid_of(out, triples, step, diag);
}

static enum atls_err write_config(char **out, const struct atls_sim_quote *quote,
                                  const struct atls_sim_intel *intel, const struct atls_key *key,
                                  struct atls_diag *diag)
{
    uint8_t *room = malloc(MAX_CERTIFICATION_LEN);
    char *pem = NULL;
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "attester.json");
    }
    const struct atls_buf buf = {room, MAX_CERTIFICATION_LEN};
    struct atls_writer w = atls_writer_of(buf);
    enum atls_err err = atls_sim_certification(&w, intel, quote, key, diag);
    if (err == ATLS_OK && w.failed) {
        err = atls_fail(diag, ATLS_ERR_BUFFER, step, "certification");
    }
    if (err == ATLS_OK) {
        err = atls_key_to_private_pem(&pem, key, diag);
    }
    if (err == ATLS_OK) {
        char *certification = atls_base64url_new(atls_bytes_of(room, w.len));
        json_t *root =
            json_pack("{s:s, s:s, s:s, s:s, s:o}", "rot", quote->is_td ? "sim-tdx" : "sim-sgx",
                      "format", quote->is_td ? "tdx" : "sgx", "key", pem, "certification",
                      certification, "claims", atls_sim_quote_to_json(quote));
        free(certification);
        err = atls_attester_config_text(out, root, step, diag);
    }
    atls_pem_free(pem);
    free(room);
    return err;
}

static enum atls_err provision_with(struct atls_provision *out, struct atls_sim_quote *quote,
                                    const struct atls_provision_request *request,
                                    struct atls_diag *diag)
{
    struct atls_provision made = {.simulated = true};
    struct atls_sim_intel intel;
    ATLS_AUTO(atls_key_cleanup) struct atls_key *key = NULL;
    memset(&intel, 0, sizeof intel);
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < request->num_claims; i++) {
        err = atls_sim_quote_set(quote, request->claims[i], diag);
    }
    if (err == ATLS_OK) {
        err = atls_key_generate(&key, ATLS_CRV_P256, diag);
    }
    if (err == ATLS_OK) {
        err = atls_sim_intel_make(&intel, quote, diag);
    }
    if (err == ATLS_OK) {
        err = write_config(&made.config_json, quote, &intel, key, diag);
    }
    if (err == ATLS_OK) {
        err = write_comid(&made.comid_json, quote, &intel, diag);
    }
    made.collateral_json = intel.collateral;
    intel.collateral = NULL;
    atls_sim_intel_cleanup(&intel);
    if (err != ATLS_OK) {
        atls_provision_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

static enum atls_err provision_as(struct atls_provision *out, bool is_td,
                                  const struct atls_provision_request *request,
                                  struct atls_diag *diag)
{
    struct atls_sim_quote *quote = calloc(1, sizeof *quote);
    if (quote == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "claims");
    }
    enum atls_err err = atls_sim_quote_init(quote, is_td, diag);
    if (err == ATLS_OK) {
        err = provision_with(out, quote, request, diag);
    }
    free(quote);
    return err;
}

static enum atls_err provision_tdx(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    return provision_as(out, true, request, diag);
}

static enum atls_err provision_sgx(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    return provision_as(out, false, request, diag);
}

const struct atls_attester_ops atls_attester_sim_tdx = {
    .abi = ATLS_ATTESTER_ABI,
    .size = (uint32_t)sizeof(struct atls_attester_ops),
    .name = "sim-tdx",
    .format = "tdx",
    .simulated = true,
    .computes = true,
    .padded_len = REPORT_DATA_LEN,
    .open = open_tdx,
    .close = sim_close,
    .max_nonce = sim_max_nonce,
    .attest = sim_attest,
    .load_key = atls_attester_no_key,
    .provision = provision_tdx,
};

const struct atls_attester_ops atls_attester_sim_sgx = {
    .abi = ATLS_ATTESTER_ABI,
    .size = (uint32_t)sizeof(struct atls_attester_ops),
    .name = "sim-sgx",
    .format = "sgx",
    .simulated = true,
    .computes = true,
    .padded_len = REPORT_DATA_LEN,
    .open = open_sgx,
    .close = sim_close,
    .max_nonce = sim_max_nonce,
    .attest = sim_attest,
    .load_key = atls_attester_no_key,
    .provision = provision_sgx,
};
