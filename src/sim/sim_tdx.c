/* SPDX-License-Identifier: Apache-2.0 */
/* sim-tdx and sim-sgx: a quoting enclave made of a file. It has the form of one, and none of its
 * worth. */
#include "atls/sim.h"

#include "base/formats.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/tsm_report.h"
#include "json/base64.h"
#include "json/json.h"
#include "sim/sim_comid.h"
#include "sim/sim_intel.h"

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
    struct atls_bytes pem = {NULL, 0};
    const json_t *claims = NULL;
    const struct atls_buf room = {self->certification, sizeof self->certification};
    enum atls_err err = atls_json_only_keys(root, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&pem, root, "key", step, diag);
    }
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
    if (err == ATLS_OK) {
        err = atls_key_from_pem(&self->key, pem, diag);
    }
    if (err == ATLS_OK && atls_key_default_alg(self->key) != ATLS_ALG_ES256) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "key", "another key", "one for ES256");
    }
    return err;
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
    struct atls_writer w = atls_writer_of(out);
    atls_cmw_put_record_media(&w, format->media_type, atls_bytes_of(room.data, evidence.len),
                              ATLS_CMW_EVIDENCE);
    return !evidence.failed && atls_writer_finish(&w, out_len)
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_BUFFER, step, "Evidence");
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

static enum atls_err sim_load_key(struct atls_attester *attester, struct evp_pkey_st **out,
                                  struct atls_bytes pem, struct atls_diag *diag)
{
    (void)attester;
    (void)out;
    (void)pem;
    return atls_fail_texts(diag, ATLS_ERR_KEY, step, "key", "a TLS key of this attester",
                           "a key in an ordinary file: a simulation keeps none");
}

static json_t *base64_json(const uint8_t *octets, size_t len)
{
    char *text = atls_base64_new(atls_bytes_of(octets, len));
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

static json_t *digest_json(const uint8_t *octets, size_t len)
{
    char *text = atls_base64_new(atls_bytes_of(octets, len));
    json_t *value =
        text != NULL ? json_sprintf("%s;%s", len == 48 ? "sha-384" : "sha-256", text) : NULL;
    free(text);
    return value;
}

/* What of a trust domain tells one from another: all that is measured, and its attributes. */
static json_t *td_values(const struct atls_sim_td *td)
{
    json_t *registers = json_object();
    for (int i = 0; registers != NULL && i < 4; i++) {
        const char name[] = {(char)('0' + i), '\0'};
        json_t *digests = json_pack("{s:s, s:[o]}", "key-type", "uint", "value",
                                    digest_json(td->rtmr[i], sizeof td->rtmr[i]));
        if (json_object_set_new(registers, name, digests) != 0) {
            json_decref(registers);
            registers = NULL;
        }
    }
    return json_pack("{s:[o], s:o, s:o}", "mrtee", digest_json(td->mr_td, sizeof td->mr_td),
                     "attributes", base64_json(td->attributes, sizeof td->attributes),
                     "integrity-registers", registers);
}

static json_t *enclave_values(const struct atls_sim_enclave *e)
{
    return json_pack("{s:[o], s:[o], s:I, s:{s:s, s:I}}", "mrtee",
                     digest_json(e->mr_enclave, sizeof e->mr_enclave), "mrsigner",
                     digest_json(e->mr_signer, sizeof e->mr_signer), "isvprodid",
                     (json_int_t)e->prod_id, "isvsvn", "operator", "ge", "value",
                     (json_int_t)e->svn);
}

/* The class of a reference value is a label: the OID of the profile. */
static json_t *environment_json(bool is_td)
{
    return json_pack("{s:{s:{s:s, s:s}, s:s, s:s}}", "class", "id", "type", "oid", "value",
                     "2.16.840.1.113741.1.16.1", "vendor", "Intel Corporation", "model",
                     is_td ? "TDX" : "SGX");
}

static enum atls_err write_comid(char **out, const struct atls_sim_quote *quote,
                                 const struct atls_sim_intel *intel, struct atls_diag *diag)
{
    json_t *values = quote->is_td ? td_values(&quote->td) : enclave_values(&quote->enclave);
    json_t *triples = json_pack("{s:[{s:o, s:[{s:s, s:s}]}], s:[{s:o, s:[{s:o}]}]}",
                                "attester-verification-keys", "environment",
                                json_pack("{s:{s:s, s:s}}", "class", "vendor", "Intel Corporation",
                                          "model", quote->is_td ? "TDX" : "SGX"),
                                "verification-keys", "type", "pkix-base64-cert", "value",
                                intel->root_pem, "reference-values", "environment",
                                environment_json(quote->is_td), "measurements", "value", values);
    return atls_sim_comid_of(out, triples, step, diag);
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
        *out = root != NULL ? atls_json_dump(root) : NULL;
        json_decref(root);
        free(certification);
        err = *out != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, "attester.json");
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
    .load_key = sim_load_key,
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
    .load_key = sim_load_key,
    .provision = provision_sgx,
};
