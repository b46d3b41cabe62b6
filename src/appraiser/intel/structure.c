/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structure of a quote: header, body, and signature data with the certification data of types
 * 5 (PCK chain) and 6 (report of the quoting enclave, with another one inside). Every length is
 * that of its field, and what follows must fill the field exactly.
 */
#include "appraiser/intel/unverified.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/reader.h"
#include "base/span.h"

#include <stdlib.h>

/* Intel's quoting enclaves: 939A7233-F79C-4CA9-940A-0DB3957F0607. */
static const uint8_t vendor_id[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                      0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

enum { KEY_ECDSA_P256 = 2 };
enum { BODY_ENCLAVE = 1, BODY_TD_1_0 = 2, BODY_TD_1_5 = 3 };
enum { TD_1_0_LEN = 584, TD_1_5_LEN = 648 };
enum { CERTIFICATION_PCK_CHAIN = 5, CERTIFICATION_QE_REPORT = 6 };

void atls_quote_parsed_free(struct atls_quote_parsed *parsed)
{
    free(parsed);
}

void atls_quote_parsed_cleanup(struct atls_quote_parsed **parsed)
{
    atls_quote_parsed_free(*parsed);
}

static bool read_le16(struct atls_reader *r, uint16_t *out)
{
    struct atls_bytes octets;
    if (!atls_read_bytes(r, 2, &octets)) {
        return false;
    }
    *out = (uint16_t)(octets.data[0] | octets.data[1] << 8);
    return true;
}

static bool read_le32(struct atls_reader *r, uint32_t *out)
{
    uint16_t low = 0;
    uint16_t high = 0;
    struct atls_reader ahead = *r;
    if (!read_le16(&ahead, &low) || !read_le16(&ahead, &high)) {
        return false;
    }
    *out = (uint32_t)high << 16 | low;
    *r = ahead;
    return true;
}

static uint64_t le64(struct atls_bytes octets)
{
    uint64_t value = 0;
    for (size_t i = octets.len; i > 0; i--) {
        value = value << 8 | octets.data[i - 1];
    }
    return value;
}

static enum atls_err too_short(const struct atls_reader *r, const char *claim,
                               struct atls_diag *diag)
{
    return atls_fail_at(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, claim,
                        atls_reader_offset(r), "more octets than there are");
}

static enum atls_err bad_number(enum atls_err err, const char *claim, uint64_t found,
                                const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, err, ATLS_STEP_STRUCTURE, claim, NULL, expected);
    atls_diag_found_int(diag, (int64_t)found);
    return err;
}

/* What stands in the header, of all versions. */
struct header {
    uint16_t version;
    uint16_t key_type;
    uint32_t tee; /* versions 4 and 5; in version 3 data of the key, 0 */
    struct atls_bytes vendor;
};

static bool read_header(struct atls_reader *r, struct header *out)
{
    struct atls_bytes skipped;
    /* 4 octets: SVNs in version 3, reserved since (Intel's own readers disagree): in the report of
     * the quoting enclave is the one that counts. 20 octets of user data are the enclave's own. */
    return read_le16(r, &out->version) && read_le16(r, &out->key_type) && read_le32(r, &out->tee) &&
           atls_read_bytes(r, 4, &skipped) && atls_read_bytes(r, sizeof vendor_id, &out->vendor) &&
           atls_read_bytes(r, 20, &skipped);
}

bool atls_quote_has_head(struct atls_bytes octets, enum atls_tee *out_tee)
{
    struct atls_reader r = atls_reader_of(octets);
    struct header head = {.version = 0};
    const bool is_known =
        read_header(&r, &head) && head.version >= 3 && head.version <= 5 &&
        (head.version == 3 || head.tee == ATLS_TEE_SGX || head.tee == ATLS_TEE_TDX);
    if (is_known) {
        *out_tee = head.version != 3 && head.tee == ATLS_TEE_TDX ? ATLS_TEE_TDX : ATLS_TEE_SGX;
    }
    return is_known;
}

static enum atls_err check_header(const struct header *header, enum atls_tee tee,
                                  struct atls_diag *diag)
{
    if (header->version < 3 || header->version > 5) {
        return bad_number(ATLS_ERR_EVIDENCE_MALFORMED, "quote.version", header->version,
                          "3, 4 or 5", diag);
    }
    if (!atls_bytes_equal(header->vendor, atls_bytes_of(vendor_id, sizeof vendor_id))) {
        atls_fail(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, "quote.qe_vendor_id");
        atls_diag_found_bytes(diag, header->vendor);
        atls_diag_expected_bytes(diag, atls_bytes_of(vendor_id, sizeof vendor_id));
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    if (header->tee != ATLS_TEE_SGX && (header->tee != ATLS_TEE_TDX || header->version == 3)) {
        return bad_number(ATLS_ERR_EVIDENCE_MALFORMED, "quote.tee_type", header->tee,
                          "0 (SGX), or since version 4 129 (TDX)", diag);
    }
    if (header->tee != (uint32_t)tee) {
        return bad_number(ATLS_ERR_EVIDENCE_TYPE, "quote.tee_type", header->tee,
                          tee == ATLS_TEE_TDX ? "129, a trust domain" : "0, an enclave", diag);
    }
    if (header->key_type != KEY_ECDSA_P256) {
        return bad_number(ATLS_ERR_ALGORITHM, "quote.att_key_type", header->key_type,
                          "2, ECDSA with P-256", diag);
    }
    return ATLS_OK;
}

static bool read_enclave(struct atls_reader *r, struct atls_enclave *out)
{
    struct atls_bytes reserved;
    return atls_read_bytes(r, ATLS_QUOTE_SVN_LEN, &out->cpu_svn) &&
           atls_read_bytes(r, 4, &out->misc_select) && atls_read_bytes(r, 12, &reserved) &&
           atls_read_bytes(r, 16, &out->ext_prod_id) && atls_read_bytes(r, 16, &out->attributes) &&
           atls_read_bytes(r, 32, &out->mr_enclave) && atls_read_bytes(r, 32, &reserved) &&
           atls_read_bytes(r, 32, &out->mr_signer) && atls_read_bytes(r, 32, &reserved) &&
           atls_read_bytes(r, 64, &out->config_id) && read_le16(r, &out->prod_id) &&
           read_le16(r, &out->svn) && read_le16(r, &out->config_svn) &&
           atls_read_bytes(r, 42, &reserved) && atls_read_bytes(r, 16, &out->family_id) &&
           atls_read_bytes(r, 64, &out->report_data);
}

static bool read_rtmrs(struct atls_reader *r, struct atls_trust_domain *out)
{
    for (size_t i = 0; i < ATLS_QUOTE_NUM_RTMRS; i++) {
        if (!atls_read_bytes(r, 48, &out->rtmr[i])) {
            return false;
        }
    }
    return true;
}

static bool read_td(struct atls_reader *r, struct atls_trust_domain *out)
{
    const bool whole =
        atls_read_bytes(r, ATLS_QUOTE_SVN_LEN, &out->tee_tcb_svn) &&
        atls_read_bytes(r, 48, &out->mr_seam) && atls_read_bytes(r, 48, &out->mr_signer_seam) &&
        atls_read_bytes(r, 8, &out->seam_attributes) &&
        atls_read_bytes(r, 8, &out->attributes_octets) &&
        atls_read_bytes(r, 8, &out->xfam_octets) && atls_read_bytes(r, 48, &out->mr_td) &&
        atls_read_bytes(r, 48, &out->mr_config_id) && atls_read_bytes(r, 48, &out->mr_owner) &&
        atls_read_bytes(r, 48, &out->mr_owner_config) && read_rtmrs(r, out) &&
        atls_read_bytes(r, 64, &out->report_data);
    if (!whole || (out->is_1_5 && !(atls_read_bytes(r, ATLS_QUOTE_SVN_LEN, &out->tee_tcb_svn2) &&
                                    atls_read_bytes(r, 48, &out->mr_service_td)))) {
        return false;
    }
    out->attributes = le64(out->attributes_octets);
    out->xfam = le64(out->xfam_octets);
    return true;
}

/* read_descriptor is for version 5: type and length of the body, which must agree. */
static enum atls_err read_descriptor(struct atls_reader *r, struct atls_quote_body *body,
                                     struct atls_diag *diag)
{
    uint16_t type = 0;
    uint32_t len = 0;
    if (!read_le16(r, &type) || !read_le32(r, &len)) {
        return too_short(r, "quote.body", diag);
    }
    const bool is_td = body->tee == ATLS_TEE_TDX;
    if (is_td ? type != BODY_TD_1_0 && type != BODY_TD_1_5 : type != BODY_ENCLAVE) {
        return bad_number(ATLS_ERR_EVIDENCE_MALFORMED, "quote.body_type", type,
                          is_td ? "2 or 3, a trust domain" : "1, an enclave", diag);
    }
    body->td.is_1_5 = type == BODY_TD_1_5;
    const uint32_t expected = type == BODY_ENCLAVE  ? ATLS_QUOTE_REPORT_LEN
                              : type == BODY_TD_1_0 ? TD_1_0_LEN
                                                    : TD_1_5_LEN;
    return len == expected ? ATLS_OK
                           : bad_number(ATLS_ERR_EVIDENCE_MALFORMED, "quote.body_size", len,
                                        "the length that this type of body has", diag);
}

static enum atls_err read_body(struct atls_reader *r, struct atls_quote_body *body,
                               struct atls_diag *diag)
{
    if (body->version == 5) {
        const enum atls_err err = read_descriptor(r, body, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    const bool whole =
        body->tee == ATLS_TEE_TDX ? read_td(r, &body->td) : read_enclave(r, &body->enclave);
    return whole ? ATLS_OK : too_short(r, "quote.body", diag);
}

/* Type and octets of certification data, with its own length in front. */
static enum atls_err read_certification(struct atls_reader *r, uint16_t wanted,
                                        struct atls_reader *out, struct atls_diag *diag)
{
    uint16_t type = 0;
    uint32_t len = 0;
    struct atls_bytes octets;
    if (!read_le16(r, &type) || !read_le32(r, &len)) {
        return too_short(r, "quote.certification_data", diag);
    }
    if (type != wanted) {
        return bad_number(ATLS_ERR_EVIDENCE_MALFORMED, "quote.certification_data_type", type,
                          wanted == CERTIFICATION_PCK_CHAIN
                              ? "5, the chain of the PCK certificate"
                              : "6, the report of the quoting enclave",
                          diag);
    }
    if (len > ATLS_MAX_CERTIFICATION_LEN) {
        return bad_number(ATLS_ERR_EVIDENCE_MALFORMED, "quote.certification_data_size", len,
                          "at most 65536 octets", diag);
    }
    const size_t base = atls_reader_offset(r);
    if (!atls_read_bytes(r, len, &octets)) {
        return too_short(r, "quote.certification_data", diag);
    }
    *out = atls_reader_of(octets);
    out->base = base;
    return ATLS_OK;
}

static enum atls_err must_end(const struct atls_reader *r, const char *claim,
                              struct atls_diag *diag)
{
    if (atls_read_end(r)) {
        return ATLS_OK;
    }
    return atls_fail_at(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, claim,
                        atls_reader_offset(r), "nothing behind it");
}

/* read_qe: report of the quoting enclave, its signature, its own data, and the PCK chain. */
static enum atls_err read_qe(struct atls_reader *r, struct atls_quote_parsed *out,
                             struct atls_diag *diag)
{
    uint16_t auth_len = 0;
    if (!atls_read_bytes(r, ATLS_QUOTE_REPORT_LEN, &out->qe_report) ||
        !atls_read_bytes(r, 64, &out->qe_signature) || !read_le16(r, &auth_len) ||
        !atls_read_bytes(r, auth_len, &out->qe_auth)) {
        return too_short(r, "quote.qe_report", diag);
    }
    struct atls_reader report = atls_reader_of(out->qe_report);
    struct atls_reader chain;
    if (!read_enclave(&report, &out->qe)) {
        return too_short(r, "quote.qe_report", diag);
    }
    enum atls_err err = read_certification(r, CERTIFICATION_PCK_CHAIN, &chain, diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->pck_chain = atls_bytes_of(chain.data, chain.left);
    return must_end(r, "quote.certification_data", diag);
}

static enum atls_err read_signature_data(struct atls_reader *r, struct atls_quote_parsed *out,
                                         struct atls_diag *diag)
{
    if (!atls_read_bytes(r, 64, &out->signature) || !atls_read_bytes(r, 64, &out->key)) {
        return too_short(r, "quote.signature", diag);
    }
    if (out->body.version == 3) {
        return read_qe(r, out, diag);
    }
    struct atls_reader inner;
    enum atls_err err = read_certification(r, CERTIFICATION_QE_REPORT, &inner, diag);
    if (err == ATLS_OK) {
        err = must_end(r, "quote.signature", diag);
    }
    return err == ATLS_OK ? read_qe(&inner, out, diag) : err;
}

/* The length in front of the signature data says where the quote ends; what the driver's buffer
 * has behind that is zero (0, 70 and 3065 octets were seen). */
static enum atls_err read_tail(struct atls_reader *r, struct atls_quote_parsed *out,
                               struct atls_diag *diag)
{
    uint32_t len = 0;
    struct atls_bytes octets;
    if (!read_le32(r, &len)) {
        return too_short(r, "quote.signature_len", diag);
    }
    struct atls_reader data = *r;
    if (!atls_read_bytes(r, len, &octets)) {
        return too_short(r, "quote.signature", diag);
    }
    data.left = len;
    if (!atls_is_zero(atls_bytes_of(r->data, r->left))) {
        return atls_fail_at(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, "quote",
                            atls_reader_offset(r), "zeros only, behind the quote");
    }
    return read_signature_data(&data, out, diag);
}

static enum atls_err read_quote(struct atls_quote_parsed *out, enum atls_tee tee,
                                struct atls_bytes quote, struct atls_diag *diag)
{
    struct header header;
    struct atls_reader r = atls_reader_of(quote);
    if (quote.len > ATLS_MAX_QUOTE_LEN) {
        return bad_number(ATLS_ERR_EVIDENCE_MALFORMED, "quote", quote.len, "at most 131072 octets",
                          diag);
    }
    if (!read_header(&r, &header)) {
        return too_short(&r, "quote.header", diag);
    }
    enum atls_err err = check_header(&header, tee, diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->body.version = header.version;
    out->body.tee = tee;
    err = read_body(&r, &out->body, diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->covered = atls_bytes_of(quote.data, atls_reader_offset(&r));
    return read_tail(&r, out, diag);
}

enum atls_err atls_quote_parse(struct atls_quote_parsed **out, enum atls_tee tee,
                               struct atls_bytes quote, struct atls_diag *diag)
{
    struct atls_quote_parsed *parsed = calloc(1, sizeof *parsed);
    if (parsed == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "quote");
    }
    const enum atls_err err = read_quote(parsed, tee, quote, diag);
    if (err != ATLS_OK) {
        atls_quote_parsed_free(parsed);
        return err;
    }
    *out = parsed;
    return ATLS_OK;
}
