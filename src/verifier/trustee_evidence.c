/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/trustee_evidence.h"

#include "base/span.h"
#include "codec/tsm_report.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "Evidence for Trustee";

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, step, claim, found, expected);
}

static json_t *octets(const uint8_t *data, size_t len)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < len; i++) {
        if (json_array_append_new(list, json_integer(data[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* ---- snp ---- */

/*
 * Trustee has the report as the members that its reader of it has (the crate "sev" 7), not as the
 * octets that are signed: it puts them together again before it verifies. So the whole of the
 * report is here (SEV Secure Nested Paging Firmware ABI, table 23), little-endian.
 */
enum {
    SNP_REPORT_LEN = 1184,
    SNP_CPUID = 0x188,
    SNP_TURIN = 0x1a, /* family of processors whose TCB_VERSION has another order */
};

enum snp_kind { SNP_U32, SNP_U64, SNP_OCTETS, SNP_TCB, SNP_VERSION, SNP_CPU, SNP_VECTOR };

static const struct snp_member {
    const char *name;
    uint16_t at, len;
    enum snp_kind kind;
} snp_members[] = {
    {"version", 0, 4, SNP_U32},
    {"guest_svn", 4, 4, SNP_U32},
    {"policy", 8, 8, SNP_U64},
    {"family_id", 0x10, 16, SNP_OCTETS},
    {"image_id", 0x20, 16, SNP_OCTETS},
    {"vmpl", 0x30, 4, SNP_U32},
    {"sig_algo", 0x34, 4, SNP_U32},
    {"current_tcb", 0x38, 8, SNP_TCB},
    {"plat_info", 0x40, 8, SNP_U64},
    {"key_info", 0x48, 4, SNP_U32},
    {"report_data", 0x50, 64, SNP_OCTETS},
    {"measurement", 0x90, 48, SNP_OCTETS},
    {"host_data", 0xc0, 32, SNP_OCTETS},
    {"id_key_digest", 0xe0, 48, SNP_OCTETS},
    {"author_key_digest", 0x110, 48, SNP_OCTETS},
    {"report_id", 0x140, 32, SNP_OCTETS},
    {"report_id_ma", 0x160, 32, SNP_OCTETS},
    {"reported_tcb", 0x180, 8, SNP_TCB},
    {"cpuid_fam_id", SNP_CPUID, 1, SNP_CPU},
    {"cpuid_mod_id", SNP_CPUID + 1, 1, SNP_CPU},
    {"cpuid_step", SNP_CPUID + 2, 1, SNP_CPU},
    {"chip_id", 0x1a0, 64, SNP_OCTETS},
    {"committed_tcb", 0x1e0, 8, SNP_TCB},
    {"current", 0x1e8, 3, SNP_VERSION},
    {"committed", 0x1ec, 3, SNP_VERSION},
    {"launch_tcb", 0x1f0, 8, SNP_TCB},
    {"launch_mit_vector", 0x1f8, 8, SNP_VECTOR},
    {"current_mit_vector", 0x200, 8, SNP_VECTOR},
};

static uint64_t little_endian(const uint8_t *data, size_t len)
{
    uint64_t value = 0;
    for (size_t i = len; i > 0; i--) {
        value = value << 8 | data[i - 1];
    }
    return value;
}

/* number: a value of more than 63 bits has no exact form here; NULL then. */
static json_t *number(const uint8_t *data, size_t len)
{
    const uint64_t value = little_endian(data, len);
    return value <= INT64_MAX ? json_integer((json_int_t)value) : NULL;
}

/* tcb: TCB_VERSION of processors up to family 19h, and of Turin. */
static json_t *tcb(const uint8_t *b, bool turin)
{
    static const char form[] = "{s:o,s:i,s:i,s:i,s:i}";
    return turin ? json_pack(form, "fmc", json_integer(b[0]), "bootloader", b[1], "tee", b[2],
                             "snp", b[3], "microcode", b[7])
                 : json_pack(form, "fmc", json_null(), "bootloader", b[0], "tee", b[1], "snp", b[6],
                             "microcode", b[7]);
}

static json_t *snp_value(const struct snp_member *member, const uint8_t *report)
{
    const uint8_t *at = report + member->at;
    const uint64_t version = little_endian(report, 4);
    switch (member->kind) {
    case SNP_U32:
    case SNP_U64:
        return number(at, member->len);
    case SNP_OCTETS:
        return octets(at, member->len);
    case SNP_TCB:
        return tcb(at, version >= 3 && report[SNP_CPUID] == SNP_TURIN);
    case SNP_VERSION:
        return json_pack("{s:i,s:i,s:i}", "major", at[2], "minor", at[1], "build", at[0]);
    case SNP_CPU: /* since version 3 */
        return version >= 3 ? json_integer(at[0]) : json_null();
    case SNP_VECTOR: /* since version 5 */
    default:
        return version >= 5 ? number(at, member->len) : json_null();
    }
}

static json_t *snp_report(const uint8_t *report)
{
    json_t *value = json_object();
    bool whole = value != NULL;
    for (size_t i = 0; whole && i < ATLS_ARRAY_LEN(snp_members); i++) {
        whole = json_object_set_new(value, snp_members[i].name,
                                    snp_value(&snp_members[i], report)) == 0;
    }
    json_t *signature =
        json_pack("{s:o,s:o}", "r", octets(report + 0x2a0, 72), "s", octets(report + 0x2e8, 72));
    if (!whole || json_object_set_new(value, "signature", signature) != 0) {
        json_decref(whole ? NULL : signature);
        json_decref(value);
        return NULL;
    }
    return value;
}

/* The kinds of certificates by their GUID (SEV-ES Guest-Hypervisor Communication Block, 4.1.8.1).
 * Others are of no use to Trustee. */
static const struct {
    uint8_t guid[16];
    const char *name;
} snp_certs[] = {
    {{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
      0xae},
     "ARK"},
    {{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
      0x82},
     "ASK"},
    {{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
      0xcd},
     "VCEK"},
    {{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
      0xa1},
     "VLEK"},
};

static const char *cert_name(struct atls_bytes guid)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(snp_certs); i++) {
        if (atls_bytes_equal(guid, atls_bytes_of(snp_certs[i].guid, sizeof snp_certs[i].guid))) {
            return snp_certs[i].name;
        }
    }
    return NULL;
}

/* snp_chain reads the table of certificates: entries of GUID, offset and length up to one of zeros,
 * and then the certificates. No table: null, and Trustee looks for the certificate itself. */
static enum atls_err snp_chain(json_t **out, struct atls_bytes table, struct atls_diag *diag)
{
    enum { ENTRY = 24, MAX_ENTRIES = 16 };
    static const uint8_t zeros[ENTRY];
    json_t *list = table.len != 0 ? json_array() : json_null();
    for (size_t i = 0; table.len != 0; i++) {
        const uint8_t *entry = table.data + i * ENTRY;
        if (i == MAX_ENTRIES || table.len < (i + 1) * ENTRY) {
            json_decref(list);
            return refuse("auxblob", "a table without an end", "one of at most 15 certificates",
                          diag);
        }
        if (atls_bytes_equal(atls_bytes_of(entry, ENTRY), atls_bytes_of(zeros, ENTRY))) {
            break;
        }
        const uint64_t at = little_endian(entry + 16, 4), len = little_endian(entry + 20, 4);
        if (at > table.len || len > table.len - at) {
            json_decref(list);
            return refuse("auxblob", "a certificate past its end", "one within it", diag);
        }
        const char *name = cert_name(atls_bytes_of(entry, 16));
        if (name != NULL &&
            json_array_append_new(list, json_pack("{s:s,s:o}", "cert_type", name, "data",
                                                  octets(table.data + at, (size_t)len))) != 0) {
            json_decref(list);
            return atls_fail(diag, ATLS_ERR_MEMORY, step, "auxblob");
        }
    }
    *out = list;
    return ATLS_OK;
}

static enum atls_err put_snp(json_t **out, const struct atls_tsm_report *tsm,
                             struct atls_diag *diag)
{
    json_t *chain = NULL;
    if (tsm->outblob.len != SNP_REPORT_LEN) {
        return refuse("outblob", "another length", "a report of 1184 octets", diag);
    }
    const enum atls_err err = snp_chain(&chain, tsm->auxblob, diag);
    if (err != ATLS_OK) {
        return err;
    }
    json_t *report = snp_report(tsm->outblob.data);
    if (report == NULL) {
        json_decref(chain);
        return refuse("outblob", "a number of more than 63 bits", "what its JSON can say", diag);
    }
    *out = json_pack("{s:o,s:o}", "attestation_report", report, "cert_chain", chain);
    return *out != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}

/* ---- tdx ---- */

static enum atls_err put_tdx(json_t **out, const struct atls_tsm_report *tsm,
                             struct atls_diag *diag)
{
    char *quote = atls_base64_new(tsm->outblob);
    if (quote != NULL) {
        *out = json_pack("{s:s,s:n}", "quote", quote, "cc_eventlog");
    }
    free(quote);
    return *out != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}

/* ---- all of them ---- */

static const struct row {
    const char *format;
    const char *tee;
    const char *provider; /* of the TSM report */
    enum atls_err (*put)(json_t **out, const struct atls_tsm_report *tsm, struct atls_diag *diag);
} rows[] = {
    {"snp", "snp", ATLS_TSM_SEV_GUEST, put_snp},
    {"tdx", "tdx", ATLS_TSM_TDX_GUEST, put_tdx},
};

static const struct row *row_of(const struct atls_format *format)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].format, format->name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *verifier_trustee_tee(const struct atls_format *format)
{
    const struct row *row = row_of(format);
    return row != NULL ? row->tee : NULL;
}

const struct atls_format *verifier_trustee_format(const json_t *annotated)
{
    const struct row *found = NULL;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        if (json_is_object(json_object_get(annotated, rows[i].tee))) {
            if (found != NULL) {
                return NULL;
            }
            found = &rows[i];
        }
    }
    return found != NULL ? atls_format_by_name(atls_bytes_text(found->format)) : NULL;
}

enum atls_err verifier_trustee_evidence(json_t **out, const struct atls_format *format,
                                        struct atls_bytes evidence, struct atls_diag *diag)
{
    const struct row *row = row_of(format);
    struct atls_tsm_report tsm;
    json_t *value = NULL;
    if (row == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, step, "format", format->name,
                               "a format that Trustee takes: snp, tdx");
    }
    enum atls_err err = atls_json_recode(atls_tsm_report_parse(&tsm, evidence, diag),
                                         ATLS_ERR_EVIDENCE_MALFORMED, diag);
    if (err == ATLS_OK && !atls_bytes_is_text(tsm.provider, row->provider)) {
        refuse("provider", NULL, row->provider, diag);
        atls_diag_found_peer_text(diag, tsm.provider);
        err = ATLS_ERR_EVIDENCE_MALFORMED;
    }
    if (err == ATLS_OK) {
        err = row->put(&value, &tsm, diag);
    }
    if (err == ATLS_OK) {
        *out = value;
    }
    return err;
}
