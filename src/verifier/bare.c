/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/bare.h"

#include "appraiser/intel/quote.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/cose.h"
#include "codec/kat.h"
#include "codec/tsm_report.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "bare Evidence";

enum { SNP_REPORT_LEN = 1184 };

/* A map of CBOR begins with one of these, and neither a quote nor a report does. */
static bool is_map(struct atls_bytes evidence)
{
    return evidence.len != 0 && evidence.data[0] >= 0xa0 && evidence.data[0] <= 0xbf;
}

/* A report of configfs-tsm in JSON, octets in base64url, as Veraison's tools write it. */
struct json_report {
    json_t *root;  /* owned */
    uint8_t *room; /* owned: what the spans point to */
    struct atls_tsm_report report;
};

static void json_cleanup(struct json_report *read)
{
    json_decref(read->root);
    free(read->room);
}

static enum atls_err read_json(struct json_report *read, struct atls_bytes json,
                               struct atls_diag *diag)
{
    static const char *const names[] = {"provider", "outblob", "auxblob", NULL};
    struct atls_tsm_report *report = &read->report;
    struct atls_buf room = {malloc(2 * json.len), json.len};
    read->room = room.data;
    enum atls_err err = room.data != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = atls_json_parse(&read->root, json, step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_only_keys(read->root, names, step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_text(&report->provider, read->root, "provider", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_base64url(room, &report->outblob.len, 1, read->root, "outblob", step, diag);
        report->outblob.data = room.data;
    }
    if (err == ATLS_OK && json_object_get(read->root, "auxblob") != NULL) {
        room.data = &room.data[json.len];
        err = atls_json_base64url(room, &report->auxblob.len, 1, read->root, "auxblob", step, diag);
        report->auxblob.data = room.data;
    }
    while (err == ATLS_OK && report->provider.len != 0 &&
           report->provider.data[report->provider.len - 1] == '\n') {
        report->provider.len--; /* as the kernel puts it there */
    }
    return err;
}

static bool is_json(struct atls_bytes evidence)
{
    return evidence.len != 0 && evidence.data[0] == '{';
}

/* An SEV-SNP report has its version in four octets; a quote a type of key behind two. */
static bool is_snp_report(struct atls_bytes evidence)
{
    return evidence.len == SNP_REPORT_LEN && evidence.data[0] < 0x10 &&
           atls_is_zero(atls_bytes_of(&evidence.data[1], 3));
}

static const char *name_of_provider(struct atls_bytes provider)
{
    return atls_bytes_is_text(provider, ATLS_TSM_SEV_GUEST)   ? "snp"
           : atls_bytes_is_text(provider, ATLS_TSM_TDX_GUEST) ? "tdx"
                                                              : NULL;
}

static const char *name_of_json(struct atls_bytes evidence)
{
    struct json_report read = {.root = NULL};
    const char *name =
        read_json(&read, evidence, NULL) == ATLS_OK ? name_of_provider(read.report.provider) : NULL;
    json_cleanup(&read);
    return name;
}

/* name_of_map tells maps apart by their members. */
static const char *name_of_map(struct atls_bytes evidence)
{
    struct atls_tsm_report report;
    struct atls_cbor map;
    struct atls_cbor member;
    struct atls_kat_bundle bundle;
    if (atls_tsm_report_parse(&report, evidence, NULL) == ATLS_OK) {
        return name_of_provider(report.provider);
    }
    if (atls_kat_bundle_parse(&bundle, evidence, NULL) == ATLS_OK) {
        return "kat";
    }
    if (atls_cbor_parse(&map, evidence, ATLS_CBOR_STRICT, step, NULL) != ATLS_OK) {
        return NULL;
    }
    if (atls_cbor_get_text(&map, "quote", &member)) {
        return "sgx";
    }
    return atls_cbor_get_text(&map, "kat", &member) && atls_cbor_get_text(&map, "pat", &member)
               ? "tpm2"
               : NULL;
}

/* name_of_message: an NSM's document names its module; a PSA token has the tag. */
static const char *name_of_message(struct atls_bytes evidence)
{
    struct atls_cose_sign1 message;
    struct atls_cbor payload;
    struct atls_cbor module;
    if (atls_cose_sign1_parse(&message, evidence, ATLS_COSE_ANY, step, NULL) == ATLS_OK &&
        atls_cbor_parse(&payload, message.payload, ATLS_CBOR_ALLOW_INDEFINITE, step, NULL) ==
            ATLS_OK &&
        atls_cbor_get_text(&payload, "module_id", &module)) {
        return "nitro";
    }
    return evidence.len > 1 && evidence.data[0] == 0xd2 && evidence.data[1] == 0x84 ? "psa" : NULL;
}

const struct atls_format *atls_bare_format(struct atls_bytes evidence)
{
    enum atls_tee tee = ATLS_TEE_SGX;
    const char *name = NULL;
    if (is_map(evidence)) {
        name = name_of_map(evidence);
    } else if (is_json(evidence)) {
        name = name_of_json(evidence);
    } else if (is_snp_report(evidence)) {
        name = "snp";
    } else if (atls_quote_has_head(evidence, &tee)) {
        name = tee == ATLS_TEE_TDX ? "tdx" : "sgx";
    } else {
        name = name_of_message(evidence);
    }
    return name != NULL ? atls_format_by_name(atls_bytes_text(name)) : NULL;
}

/* has_map is true for a format that has a map around what a device gives. */
static bool has_map(const struct atls_format *format)
{
    return strcmp(format->name, "snp") == 0 || strcmp(format->name, "tdx") == 0 ||
           strcmp(format->name, "sgx") == 0;
}

static void put_map(struct atls_writer *w, const struct atls_format *format,
                    const struct atls_tsm_report *report)
{
    if (strcmp(format->name, "sgx") == 0) {
        atls_cbor_put_map(w, 1);
        atls_cbor_put_str(w, "quote");
        atls_cbor_put_bytes(w, report->outblob);
    } else {
        atls_tsm_report_put(w, report);
    }
}

static enum atls_err put_record(uint8_t **out, size_t *out_len, const struct atls_format *format,
                                struct atls_bytes value, struct atls_diag *diag)
{
    /* The loosest of a format's types: which of its profiles it has is for the appraiser. */
    const char *type = format->tsm_provider == NULL && format->accepted_types[0] != NULL
                           ? format->accepted_types[0]
                           : format->media_type;
    const struct atls_buf room = {malloc(value.len + 256), value.len + 256};
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    struct atls_writer w = atls_writer_of(room);
    if (format->collection_type != NULL) {
        atls_write_bytes(&w, value);
    } else {
        atls_cmw_put_record_media(&w, type, value, ATLS_CMW_EVIDENCE);
    }
    if (!atls_writer_finish(&w, out_len)) {
        free(room.data);
        return atls_fail(diag, ATLS_ERR_BUFFER, step, NULL);
    }
    *out = room.data;
    return ATLS_OK;
}

static enum atls_err wrap_map(uint8_t **out, size_t *out_len, const struct atls_format *format,
                              const struct atls_tsm_report *report, struct atls_diag *diag)
{
    struct atls_writer count = atls_writer_counting();
    put_map(&count, format, report);
    uint8_t *map = malloc(count.len);
    if (map == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    struct atls_writer w = atls_writer_of((struct atls_buf){map, count.len});
    put_map(&w, format, report);
    const enum atls_err err = put_record(out, out_len, format, atls_bytes_of(map, count.len), diag);
    free(map);
    return err;
}

enum atls_err atls_bare_wrap_raw(uint8_t **out, size_t *out_len, const struct atls_format *format,
                                 struct atls_bytes raw, struct atls_diag *diag)
{
    const bool is_snp = strcmp(format->name, "snp") == 0;
    const struct atls_tsm_report report = {
        .provider = atls_bytes_text(is_snp ? ATLS_TSM_SEV_GUEST : ATLS_TSM_TDX_GUEST),
        .outblob = raw};
    return wrap_map(out, out_len, format, &report, diag);
}

static enum atls_err wrap_json(uint8_t **out, size_t *out_len, const struct atls_format *format,
                               struct atls_bytes json, struct atls_diag *diag)
{
    struct json_report read = {.root = NULL};
    enum atls_err err =
        atls_json_recode(read_json(&read, json, diag), ATLS_ERR_EVIDENCE_MALFORMED, diag);
    if (err == ATLS_OK) {
        err = wrap_map(out, out_len, format, &read.report, diag);
    }
    json_cleanup(&read);
    return err;
}

enum atls_err atls_bare_wrap(uint8_t **out, size_t *out_len, const struct atls_format *format,
                             struct atls_bytes evidence, struct atls_diag *diag)
{
    if (!has_map(format) || is_map(evidence)) {
        return put_record(out, out_len, format, evidence, diag);
    }
    return is_json(evidence) && strcmp(format->name, "sgx") != 0
               ? wrap_json(out, out_len, format, evidence, diag)
               : atls_bare_wrap_raw(out, out_len, format, evidence, diag);
}
