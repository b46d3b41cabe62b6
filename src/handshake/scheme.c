/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AttestationScheme (draft-fossati-seat-early-attestation-07, section 4.1):
 *
 *   mechanism u8   0 evidence, 1 result
 *   evidence:      typeEncoding u8, then 0: content_format u16   1: media_type<0..2^16-1>
 *   result:        verifier_identity<0..2^16-1>
 *
 * An element has no length of its own, so nothing unknown can be skipped: it ends the parse.
 */
#include "handshake/scheme.h"

#include "base/span.h"

enum { ENCODING_CONTENT_FORMAT = 0, ENCODING_MEDIA_TYPE = 1 };

static bool read_text(struct atls_reader *r, struct atls_scheme *out)
{
    return atls_read_vec16(r, 0, ATLS_MAX_SCHEME_TEXT_LEN, &out->text);
}

static bool read_evidence_type(struct atls_reader *r, struct atls_scheme *out)
{
    uint8_t encoding = 0;
    if (!atls_read_u8(r, &encoding)) {
        return false;
    }
    switch (encoding) {
    case ENCODING_CONTENT_FORMAT:
        out->by_content_format = true;
        return atls_read_u16(r, &out->content_format);
    case ENCODING_MEDIA_TYPE:
        return read_text(r, out);
    default:
        return false;
    }
}

bool atls_scheme_read(struct atls_reader *r, struct atls_scheme *out)
{
    struct atls_reader ahead = *r; /* committed only when the whole element is there */
    struct atls_scheme scheme = {0};
    uint8_t mechanism = 0;
    if (!atls_read_u8(&ahead, &mechanism)) {
        return false;
    }
    bool complete = false;
    if (mechanism == ATLS_MECHANISM_EVIDENCE) {
        scheme.mechanism = ATLS_MECHANISM_EVIDENCE;
        complete = read_evidence_type(&ahead, &scheme);
    } else if (mechanism == ATLS_MECHANISM_RESULT) {
        scheme.mechanism = ATLS_MECHANISM_RESULT;
        complete = read_text(&ahead, &scheme);
    }
    if (!complete) {
        return false;
    }
    *r = ahead;
    *out = scheme;
    return true;
}

/* refuse_number is for an octet whose value has no meaning. */
static enum atls_err refuse_number(struct atls_diag *diag, const char *step, const char *claim,
                                   size_t offset, const char *name, uint8_t value,
                                   const char *expected)
{
    atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, offset, expected);
    atls_diag_found_text(diag, name);
    atls_diag_found_int(diag, value);
    return ATLS_ERR_MALFORMED;
}

/* refuse_short is for a field that the input ends within. */
static enum atls_err refuse_short(struct atls_diag *diag, const char *step, const char *claim,
                                  const struct atls_reader *at, uint16_t len, const char *name)
{
    atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, atls_reader_offset(at), "");
    atls_diag_found_int(diag, (int64_t)at->left);
    atls_diag_found_text(diag, " octets");
    atls_diag_expected_int(diag, len);
    atls_diag_expected_text(diag, " octets of ");
    atls_diag_expected_text(diag, name);
    return ATLS_ERR_MALFORMED;
}

static enum atls_err refuse_text(struct atls_reader at, const char *step, const char *claim,
                                 const char *name, struct atls_diag *diag)
{
    struct atls_reader start = at;
    uint16_t len = 0;
    if (!atls_read_u16(&at, &len)) {
        return refuse_short(diag, step, claim, &at, 2, "length");
    }
    if (len <= ATLS_MAX_SCHEME_TEXT_LEN) {
        return refuse_short(diag, step, claim, &at, len, name);
    }
    atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, atls_reader_offset(&start), "at most ");
    atls_diag_expected_int(diag, ATLS_MAX_SCHEME_TEXT_LEN);
    atls_diag_found_text(diag, name);
    atls_diag_found_text(diag, " of ");
    atls_diag_found_int(diag, len);
    atls_diag_found_text(diag, " octets");
    return ATLS_ERR_MALFORMED;
}

enum atls_err atls_scheme_refuse(struct atls_reader at, const char *step, const char *claim,
                                 struct atls_diag *diag)
{
    const size_t start = atls_reader_offset(&at);
    uint8_t mechanism = 0;
    uint8_t encoding = 0;
    if (!atls_read_u8(&at, &mechanism)) {
        return refuse_short(diag, step, claim, &at, 1, "AttestationMechanism");
    }
    if (mechanism == ATLS_MECHANISM_RESULT) {
        return refuse_text(at, step, claim, "verifier_identity", diag);
    }
    if (mechanism != ATLS_MECHANISM_EVIDENCE) {
        return refuse_number(diag, step, claim, start, "AttestationMechanism ", mechanism,
                             "0 (evidence) or 1 (result)");
    }
    if (!atls_read_u8(&at, &encoding)) {
        return refuse_short(diag, step, claim, &at, 1, "typeEncoding");
    }
    if (encoding == ENCODING_CONTENT_FORMAT) {
        return refuse_short(diag, step, claim, &at, 2, "content_format");
    }
    if (encoding == ENCODING_MEDIA_TYPE) {
        return refuse_text(at, step, claim, "media_type", diag);
    }
    return refuse_number(diag, step, claim, start + 1, "typeEncoding ", encoding,
                         "0 (content format) or 1 (media type)");
}

static void write_text(struct atls_writer *w, struct atls_bytes text)
{
    if (text.len > ATLS_MAX_SCHEME_TEXT_LEN) {
        w->failed = true;
        return;
    }
    atls_write_vec16(w, text);
}

void atls_scheme_write(struct atls_writer *w, const struct atls_scheme *scheme)
{
    switch (scheme->mechanism) {
    case ATLS_MECHANISM_EVIDENCE:
        atls_write_u8(w, ATLS_MECHANISM_EVIDENCE);
        if (scheme->by_content_format) {
            atls_write_u8(w, ENCODING_CONTENT_FORMAT);
            atls_write_u16(w, scheme->content_format);
        } else {
            atls_write_u8(w, ENCODING_MEDIA_TYPE);
            write_text(w, scheme->text);
        }
        break;
    case ATLS_MECHANISM_RESULT:
        atls_write_u8(w, ATLS_MECHANISM_RESULT);
        write_text(w, scheme->text);
        break;
    default:
        w->failed = true;
        break;
    }
}

/* has_number is true for what is named by a number alone; everything else has a text. */
static bool has_number(const struct atls_scheme *scheme)
{
    return scheme->mechanism == ATLS_MECHANISM_EVIDENCE && scheme->by_content_format;
}

bool atls_scheme_equal(const struct atls_scheme *a, const struct atls_scheme *b)
{
    if (a->mechanism != b->mechanism || has_number(a) != has_number(b)) {
        return false;
    }
    return has_number(a) ? a->content_format == b->content_format
                         : atls_bytes_equal(a->text, b->text);
}

bool atls_scheme_is_usable(const struct atls_scheme *scheme)
{
    return has_number(scheme) || scheme->text.len != 0;
}

const struct atls_scheme *atls_scheme_find(const struct atls_scheme_list *list,
                                           const struct atls_scheme *scheme)
{
    for (size_t i = 0; i < list->count; i++) {
        if (atls_scheme_equal(&list->items[i], scheme)) {
            return &list->items[i];
        }
    }
    return NULL;
}

bool atls_scheme_in(const struct atls_scheme_list *list, const struct atls_scheme *scheme)
{
    return atls_scheme_find(list, scheme) != NULL;
}

bool atls_scheme_lists_equal(const struct atls_scheme_list *a, const struct atls_scheme_list *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++) {
        equal = atls_scheme_equal(&a->items[i], &b->items[i]);
    }
    return equal;
}

void atls_scheme_describe(struct atls_diag *diag, const struct atls_scheme *scheme)
{
    if (has_number(scheme)) {
        atls_diag_found_text(diag, "evidence of content format ");
        atls_diag_found_int(diag, scheme->content_format);
        return;
    }
    atls_diag_found_text(diag, scheme->mechanism == ATLS_MECHANISM_RESULT
                                   ? "result of Verifier \""
                                   : "evidence of media type \"");
    atls_diag_found_peer_text(diag, scheme->text);
    atls_diag_found_text(diag, "\"");
}

void atls_scheme_describe_expected(struct atls_diag *diag, const struct atls_scheme *scheme)
{
    struct atls_diag text = {0}; /* only to borrow its `found` */
    atls_scheme_describe(&text, scheme);
    atls_diag_expected_text(diag, text.found);
}

enum atls_err atls_scheme_list_read(struct atls_reader *r, struct atls_scheme_list *out,
                                    const char *step, const char *claim, struct atls_diag *diag)
{
    struct atls_reader list;
    if (!atls_read_sub16(r, 0, UINT16_MAX, &list)) {
        atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, atls_reader_offset(r),
                     "a 2-octet length and as many octets as it says");
        atls_diag_found_int(diag, (int64_t)r->left);
        atls_diag_found_text(diag, " octets that do not hold the list");
        return ATLS_ERR_MALFORMED;
    }
    while (!atls_read_end(&list)) {
        if (out->count == ATLS_MAX_SCHEMES) {
            atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, atls_reader_offset(&list),
                         "at most ");
            atls_diag_expected_int(diag, ATLS_MAX_SCHEMES);
            atls_diag_found_text(diag, "more schemes");
            return ATLS_ERR_MALFORMED;
        }
        if (!atls_scheme_read(&list, &out->items[out->count])) {
            return atls_scheme_refuse(list, step, claim, diag);
        }
        out->count++;
    }
    return ATLS_OK;
}

void atls_scheme_list_write(struct atls_writer *w, const struct atls_scheme_list *list)
{
    if (list->count > ATLS_MAX_SCHEMES) {
        w->failed = true;
        return;
    }
    const size_t token = atls_write_vec16_open(w);
    for (size_t i = 0; i < list->count; i++) {
        atls_scheme_write(w, &list->items[i]);
    }
    atls_write_vec16_close(w, token);
}
