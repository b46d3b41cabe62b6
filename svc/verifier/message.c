/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/message.h"

#include "base/span.h"
#include "svc/verifier/message_parts.h"

#include <stdlib.h>

/* `put` runs twice: to count, and into memory of that size. */
enum atls_err verifier_message_write(struct verifier_octets *out, verifier_put_function *put,
                                     const void *message)
{
    struct atls_writer count = atls_writer_counting();
    size_t len = 0;
    put(&count, message);
    if (!atls_writer_finish(&count, &len) || len > VERIFIER_MAX_FRAME_LEN) {
        return ATLS_ERR_BUFFER;
    }
    uint8_t *data = malloc(len + 1);
    if (data == NULL) {
        return ATLS_ERR_MEMORY;
    }
    const struct atls_buf room = {data, len};
    struct atls_writer w = atls_writer_of(room);
    put(&w, message);
    if (!atls_writer_finish(&w, &len)) {
        free(data);
        return ATLS_ERR_BUFFER;
    }
    out->data = data;
    out->len = len;
    return ATLS_OK;
}

static enum atls_err read_end(const struct atls_reader *r, bool ok)
{
    return ok && atls_read_end(r) ? ATLS_OK : ATLS_ERR_MALFORMED;
}

static void put_told(struct atls_writer *w, const struct verifier_told *told)
{
    atls_write_u64(w, told->number);
    atls_write_u8(w, told->has_octets);
    if (told->has_octets) {
        verifier_put_long(w, told->octets);
    }
}

void verifier_put_evaluate(struct atls_writer *w, const void *message)
{
    const struct verifier_evaluate *m = message;
    atls_write_u64(w, (uint64_t)m->now_s);
    atls_write_u64(w, m->generation);
    put_told(w, &m->revoked);
    put_told(w, &m->collateral);
    atls_write_u8(w, m->asks);
    atls_write_u64(w, m->renewals);
    atls_write_u8(w, m->has_fetched);
    if (m->has_fetched) {
        verifier_put_fetched(w, &m->fetched);
    }
    atls_write_vec8(w, m->nonce);
    atls_write_vec16(w, m->content_type);
    verifier_put_long(w, m->body);
    atls_write_u8(w, m->has_documents);
    if (!m->has_documents) {
        return;
    }
    atls_write_u16(w, (uint16_t)m->num_documents);
    for (size_t i = 0; i < m->num_documents; i++) {
        const struct verifier_document *document = &m->documents[i];
        atls_write_u64(w, document->generation);
        atls_write_u8(w, document->has_content);
        if (document->has_content) {
            verifier_put_long(w, document->content);
        }
    }
}

static bool get_document(struct atls_reader *r, struct verifier_document *out)
{
    uint8_t has_content = 0;
    memset(out, 0, sizeof *out);
    if (!atls_read_u64(r, &out->generation) || !atls_read_u8(r, &has_content) || has_content > 1) {
        return false;
    }
    out->has_content = has_content == 1;
    return !out->has_content || verifier_get_long(r, &out->content);
}

static bool get_documents(struct atls_reader *r, struct verifier_evaluate *out)
{
    uint8_t has_documents = 0;
    uint16_t num = 0;
    if (!atls_read_u8(r, &has_documents) || has_documents > 1) {
        return false;
    }
    out->has_documents = has_documents == 1;
    bool ok = !out->has_documents || (atls_read_u16(r, &num) && num <= VERIFIER_MAX_DOCUMENTS);
    for (size_t i = 0; ok && i < num; i++) {
        ok = get_document(r, &out->documents[i]);
    }
    out->num_documents = num;
    return ok;
}

static bool get_told(struct atls_reader *r, struct verifier_told *out)
{
    uint8_t has_octets = 0;
    if (!atls_read_u64(r, &out->number) || !atls_read_u8(r, &has_octets) || has_octets > 1) {
        return false;
    }
    out->has_octets = has_octets == 1;
    return !out->has_octets || verifier_get_long(r, &out->octets);
}

static bool get_bool(struct atls_reader *r, bool *out)
{
    uint8_t octet = 0;
    if (!atls_read_u8(r, &octet) || octet > 1) {
        return false;
    }
    *out = octet == 1;
    return true;
}

static bool get_fetched(struct atls_reader *r, struct verifier_evaluate *out)
{
    return get_bool(r, &out->asks) && atls_read_u64(r, &out->renewals) &&
           get_bool(r, &out->has_fetched) &&
           (!out->has_fetched || verifier_get_fetched(r, &out->fetched));
}

enum atls_err verifier_evaluate_read(struct verifier_evaluate *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    uint64_t now = 0;
    const bool ok = atls_read_u64(&r, &now) && now <= INT64_MAX &&
                    atls_read_u64(&r, &out->generation) && get_told(&r, &out->revoked) &&
                    get_told(&r, &out->collateral) && get_fetched(&r, out) &&
                    atls_read_vec8(&r, 0, ATLS_MAX_NONCE_LEN, &out->nonce) &&
                    atls_read_vec16(&r, 0, ATLS_MAX_SCHEME_TEXT_LEN, &out->content_type) &&
                    verifier_get_long(&r, &out->body) && get_documents(&r, out);
    out->now_s = (int64_t)now;
    return read_end(&r, ok);
}

void verifier_put_report(struct atls_writer *w, const void *message)
{
    const struct verifier_report *m = message;
    atls_write_u8(w, (uint8_t)m->kind);
    verifier_put_diag(w, &m->why);
    atls_write_vec16(w, m->media_type);
    verifier_put_long(w, m->value);
    verifier_put_match(w, &m->match);
    atls_write_u16(w, m->num_documents);
    if (m->fresh != NULL) {
        struct atls_writer count = atls_writer_counting();
        size_t len = 0;
        verifier_put_outcome(&count, m->fresh);
        w->failed = w->failed || !atls_writer_finish(&count, &len) || len > VERIFIER_MAX_FRAME_LEN;
        atls_write_u32(w, (uint32_t)len);
        verifier_put_outcome(w, m->fresh);
    } else {
        verifier_put_long(w, m->outcome);
    }
    atls_write_u8(w, m->holds);
    if (m->kind == VERIFIER_NEEDS_FETCHED) {
        verifier_put_wanted(w, &m->wanted);
        atls_write_u64(w, m->useless);
    }
}

enum atls_err verifier_report_read(struct verifier_report *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct verifier_report m = {.fresh = NULL};
    uint8_t kind = 0;
    const bool ok = atls_read_u8(&r, &kind) && kind <= VERIFIER_NEEDS_FETCHED &&
                    verifier_get_diag(&r, &m.why) &&
                    atls_read_vec16(&r, 0, ATLS_MAX_SCHEME_TEXT_LEN, &m.media_type) &&
                    verifier_get_long(&r, &m.value) && verifier_get_match(&r, &m.match) &&
                    atls_read_u16(&r, &m.num_documents) && verifier_get_long(&r, &m.outcome) &&
                    get_bool(&r, &m.holds) &&
                    (kind != VERIFIER_NEEDS_FETCHED ||
                     (verifier_get_wanted(&r, &m.wanted) && atls_read_u64(&r, &m.useless)));
    m.kind = (enum verifier_report_kind)kind;
    const bool appraised = m.kind == VERIFIER_APPRAISED;
    if (read_end(&r, ok) != ATLS_OK || appraised != (m.outcome.len != 0) ||
        (m.holds && !appraised) || (m.kind != VERIFIER_IDENTIFIED && m.why.err != ATLS_OK)) {
        return ATLS_ERR_MALFORMED;
    }
    *out = m;
    return ATLS_OK;
}

void verifier_put_whole_outcome(struct atls_writer *w, const void *message)
{
    verifier_put_outcome(w, message);
}

static enum atls_err read_outcome(struct verifier_outcome *out, struct atls_bytes octets,
                                  bool with_claims)
{
    struct atls_reader r = atls_reader_of(octets);
    if (!verifier_get_outcome(&r, out, with_claims)) {
        return ATLS_ERR_MALFORMED;
    }
    if (!atls_read_end(&r)) {
        verifier_outcome_cleanup(out);
        return ATLS_ERR_MALFORMED;
    }
    return ATLS_OK;
}

enum atls_err verifier_outcome_read(struct verifier_outcome *out, struct atls_bytes octets)
{
    return read_outcome(out, octets, true);
}

enum atls_err verifier_outcome_read_verdict(struct verifier_outcome *out, struct atls_bytes octets)
{
    return read_outcome(out, octets, false);
}

void verifier_put_examine(struct atls_writer *w, const void *message)
{
    const struct verifier_examine *m = message;
    atls_write_u64(w, (uint64_t)m->now_s);
    verifier_put_long(w, m->content);
}

enum atls_err verifier_examine_read(struct verifier_examine *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    uint64_t now = 0;
    struct atls_bytes content;
    const bool ok = atls_read_u64(&r, &now) && now <= INT64_MAX && verifier_get_long(&r, &content);
    const enum atls_err err = read_end(&r, ok);
    if (err == ATLS_OK) {
        out->now_s = (int64_t)now;
        out->content = content;
    }
    return err;
}

void verifier_put_examined(struct atls_writer *w, const void *message)
{
    const struct verifier_examined *m = message;
    verifier_put_diag(w, &m->why);
    atls_write_vec16(w, m->id);
    atls_write_u64(w, m->version);
    atls_write_u8(w, m->is_signed);
    atls_write_vec16(w, m->endorser);
    atls_write_u64(w, (uint64_t)m->until_s);
    atls_write_vec16(w, m->profile);
    atls_write_u32(w, (uint32_t)m->num_matches);
    for (size_t i = 0; i < m->num_matches; i++) {
        verifier_put_match(w, &m->matches[i]);
        atls_write_vec8(w, m->matches[i].key);
    }
}

static bool get_key(struct atls_reader *r, struct verifier_match *match)
{
    return atls_read_vec8(r, 0, 32, &match->key) && (match->key.len == 0 || match->key.len == 32);
}

/* Four octets at least are in a match: that bounds the array before it is allocated. */
static bool get_matches(struct atls_reader *r, struct verifier_examined *m)
{
    uint32_t num = 0;
    if (!atls_read_u32(r, &num) || num > VERIFIER_MAX_MATCHES || num > r->left / 4) {
        return false;
    }
    m->matches = calloc(num + 1u, sizeof *m->matches);
    bool ok = m->matches != NULL;
    for (size_t i = 0; ok && i < num; i++) {
        ok = verifier_get_match(r, &m->matches[i]) && m->matches[i].format != NULL &&
             get_key(r, &m->matches[i]);
    }
    m->num_matches = num;
    return ok;
}

/* get_endorser: an appraiser says so, so it is looked at before it is kept or shown. */
static bool get_endorser(struct atls_reader *r, struct verifier_examined *m)
{
    uint64_t until = 0;
    bool ok = atls_read_vec16(r, 0, VERIFIER_MAX_SIGNED_BY_LEN, &m->endorser) &&
              atls_read_u64(r, &until) && until <= INT64_MAX;
    for (size_t i = 0; ok && i < m->endorser.len; i++) {
        ok = m->endorser.data[i] >= 0x20 && m->endorser.data[i] < 0x7f;
    }
    m->until_s = (int64_t)until;
    return ok;
}

enum atls_err verifier_examined_read(struct verifier_examined *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct verifier_examined m = {.matches = NULL};
    uint8_t is_signed = 0;
    const bool ok = verifier_get_diag(&r, &m.why) && atls_read_vec16(&r, 0, 512, &m.id) &&
                    atls_read_u64(&r, &m.version) && m.version <= INT64_MAX &&
                    atls_read_u8(&r, &is_signed) && is_signed <= 1 && get_endorser(&r, &m) &&
                    atls_read_vec16(&r, 0, 512, &m.profile) && get_matches(&r, &m);
    const enum atls_err err = read_end(&r, ok);
    if (err != ATLS_OK) {
        verifier_examined_cleanup(&m);
        return err;
    }
    m.is_signed = is_signed == 1;
    *out = m;
    return ATLS_OK;
}

void verifier_examined_cleanup(struct verifier_examined *examined)
{
    free(examined->matches);
    if (examined->free_memory != NULL) {
        examined->free_memory(examined->memory);
    }
    memset(examined, 0, sizeof *examined);
}

void verifier_put_open(struct atls_writer *w, const void *message)
{
    const struct verifier_open *m = message;
    atls_write_u8(w, m->nonce_len);
    atls_write_vec8(w, m->nonce);
    atls_write_u32(w, m->ttl_s);
}

enum atls_err verifier_open_read(struct verifier_open *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct verifier_open m;
    const bool ok = atls_read_u8(&r, &m.nonce_len) &&
                    atls_read_vec8(&r, 0, ATLS_MAX_NONCE_LEN, &m.nonce) &&
                    atls_read_u32(&r, &m.ttl_s);
    const enum atls_err err = read_end(&r, ok);
    if (err == ATLS_OK) {
        *out = m;
    }
    return err;
}

void verifier_put_opened(struct atls_writer *w, const void *message)
{
    const struct verifier_opened *m = message;
    verifier_put_diag(w, &m->why);
    atls_write_vec8(w, m->id);
    atls_write_vec8(w, m->nonce);
}

enum atls_err verifier_opened_read(struct verifier_opened *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct verifier_opened m;
    const bool ok = verifier_get_diag(&r, &m.why) &&
                    atls_read_vec8(&r, 0, VERIFIER_MAX_SESSION_ID_LEN, &m.id) &&
                    atls_read_vec8(&r, 0, ATLS_MAX_NONCE_LEN, &m.nonce);
    const enum atls_err err = read_end(&r, ok);
    if (err == ATLS_OK) {
        *out = m;
    }
    return err;
}

void verifier_put_sign(struct atls_writer *w, const void *message)
{
    const struct verifier_sign *m = message;
    atls_write_vec8(w, m->id);
    atls_write_vec8(w, m->nonce);
    verifier_put_long(w, m->outcome);
    atls_write_u8(w, m->cwt);
}

enum atls_err verifier_sign_read(struct verifier_sign *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct verifier_sign m;
    uint8_t cwt = 0;
    const bool ok = atls_read_vec8(&r, 1, VERIFIER_MAX_SESSION_ID_LEN, &m.id) &&
                    atls_read_vec8(&r, 8, ATLS_MAX_NONCE_LEN, &m.nonce) &&
                    verifier_get_long(&r, &m.outcome) && atls_read_u8(&r, &cwt) && cwt <= 1;
    const enum atls_err err = read_end(&r, ok);
    m.cwt = cwt == 1;
    if (err == ATLS_OK) {
        *out = m;
    }
    return err;
}

void verifier_put_check(struct atls_writer *w, const void *message)
{
    const struct verifier_check *m = message;
    atls_write_vec8(w, m->id);
    atls_write_vec8(w, m->nonce);
}

enum atls_err verifier_check_read(struct verifier_check *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct verifier_check m;
    const bool ok = atls_read_vec8(&r, 1, VERIFIER_MAX_SESSION_ID_LEN, &m.id) &&
                    atls_read_vec8(&r, 8, ATLS_MAX_NONCE_LEN, &m.nonce);
    const enum atls_err err = read_end(&r, ok);
    if (err == ATLS_OK) {
        *out = m;
    }
    return err;
}

void verifier_put_text(struct atls_writer *w, const void *message)
{
    const struct verifier_text *m = message;
    verifier_put_diag(w, &m->why);
    verifier_put_long(w, m->text);
}

enum atls_err verifier_text_read(struct verifier_text *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct verifier_text m;
    const bool ok = verifier_get_diag(&r, &m.why) && verifier_get_long(&r, &m.text);
    const enum atls_err err = read_end(&r, ok);
    if (err == ATLS_OK) {
        *out = m;
    }
    return err;
}
