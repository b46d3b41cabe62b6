/* SPDX-License-Identifier: Apache-2.0 */
#include "session/facts.h"

#include "base/span.h"
#include "codec/cbor.h"

enum { FORMAT_VERSION = 1, NUM_MEMBERS = 16, NUM_EVIDENCE_MEMBERS = 5, NUM_IDENTITY_MEMBERS = 2 };

static const char step[] = "resumption";

static bool is_same(const struct atls_identity *a, const struct atls_identity *b)
{
    return a->kind == b->kind &&
           atls_bytes_equal(atls_bytes_of(a->value, a->len), atls_bytes_of(b->value, b->len));
}

static void add_once(struct session_facts *facts, const struct atls_identity *item)
{
    for (size_t i = 0; i < facts->num_identities; i++) {
        if (is_same(&facts->identities[i], item)) {
            return;
        }
    }
    if (facts->num_identities == SESSION_MAX_FACT_IDENTITIES) {
        facts->incomplete = true;
        return;
    }
    facts->identities[facts->num_identities++] = *item;
}

void session_facts_add(struct session_facts *facts, const struct atls_identities *set)
{
    facts->incomplete = facts->incomplete || set->incomplete || set->num > ATLS_MAX_IDENTITIES;
    for (size_t i = 0; i < set->num && i < ATLS_MAX_IDENTITIES; i++) {
        add_once(facts, &set->items[i]);
    }
}

/* ---- writing ---- */

static void put_evidence(struct atls_writer *w, const struct atls_verdict_evidence *evidence)
{
    uint8_t vector[ATLS_NUM_TRUST_CLAIMS];
    for (size_t i = 0; i < sizeof vector; i++) {
        vector[i] = (uint8_t)evidence->vector.claim[i];
    }
    atls_cbor_put_array(w, NUM_EVIDENCE_MEMBERS);
    atls_cbor_put_str(w, evidence->format);
    atls_cbor_put_str(w, evidence->submod);
    atls_cbor_put_uint(w, (uint64_t)evidence->status);
    atls_cbor_put_bytes(w, atls_bytes_of(vector, sizeof vector));
    atls_cbor_put_bool(w, evidence->simulated);
}

static void put_verdict(struct atls_writer *w, const struct atls_verdict *verdict)
{
    if (verdict->peer_has_key) {
        atls_cbor_put_bytes(
            w, atls_bytes_of(verdict->peer_spki_sha256, sizeof verdict->peer_spki_sha256));
    } else {
        atls_cbor_put_null(w);
    }
    atls_cbor_put_str(w, verdict->peer_subject);
    atls_cbor_put_bool(w, verdict->pkix);
    atls_cbor_put_uint(w, (uint64_t)verdict->key_binding);
    atls_cbor_put_str(w, verdict->policy_id);
    atls_cbor_put_uint(w, verdict->policy_version);
    atls_cbor_put_str(w, verdict->verifier);
    atls_cbor_put_str(w, verdict->own_format);
    atls_cbor_put_array(w, verdict->num_evidence);
    for (size_t i = 0; i < verdict->num_evidence; i++) {
        put_evidence(w, &verdict->evidence[i]);
    }
}

enum atls_err session_facts_write(struct atls_buf out, size_t *out_len,
                                  const struct session_facts *facts, struct atls_diag *diag)
{
    if (facts->incomplete || facts->verdict.num_evidence > ATLS_MAX_SUBMODS ||
        facts->num_identities > SESSION_MAX_FACT_IDENTITIES) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, step, "facts",
                               "more to remember than is kept", "what fits into a ticket");
    }
    struct atls_writer w = atls_writer_of(out);
    size_t len = 0;
    atls_cbor_put_array(&w, NUM_MEMBERS);
    atls_cbor_put_uint(&w, FORMAT_VERSION);
    atls_cbor_put_bool(&w, facts->verdict.state == ATLS_VERDICT_ACCEPTED);
    atls_cbor_put_bytes(&w, atls_bytes_of(facts->context, sizeof facts->context));
    atls_cbor_put_bytes(&w, atls_bytes_of(facts->connection, sizeof facts->connection));
    atls_cbor_put_int(&w, facts->appraised_s);
    atls_cbor_put_int(&w, facts->not_after_s);
    put_verdict(&w, &facts->verdict);
    atls_cbor_put_array(&w, facts->num_identities);
    for (size_t i = 0; i < facts->num_identities; i++) {
        const struct atls_identity *item = &facts->identities[i];
        atls_cbor_put_array(&w, NUM_IDENTITY_MEMBERS);
        atls_cbor_put_uint(&w, item->kind);
        atls_cbor_put_bytes(&w, atls_bytes_of(item->value, item->len));
    }
    if (!atls_writer_finish(&w, &len)) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, step, "facts",
                               "more to remember than is kept", "what fits into a ticket");
    }
    *out_len = len;
    return ATLS_OK;
}

/* ---- reading: one grammar, in which the first thing that does not fit ends it ---- */

static bool read_u64(struct atls_cbor_iter *iter, uint64_t max, uint64_t *out)
{
    struct atls_cbor item;
    return atls_cbor_next(iter, &item) && atls_cbor_u64(&item, out) && *out <= max;
}

static bool read_i64(struct atls_cbor_iter *iter, int64_t *out)
{
    struct atls_cbor item;
    return atls_cbor_next(iter, &item) && atls_cbor_int(&item, out);
}

static bool read_bool(struct atls_cbor_iter *iter, bool *out)
{
    struct atls_cbor item;
    return atls_cbor_next(iter, &item) && atls_cbor_bool(&item, out);
}

static bool read_octets(struct atls_cbor_iter *iter, uint8_t *out, size_t len)
{
    struct atls_cbor item;
    struct atls_bytes octets;
    if (!atls_cbor_next(iter, &item) || !atls_cbor_bytes(&item, len, len, &octets)) {
        return false;
    }
    memcpy(out, octets.data, len);
    return true;
}

/* read_text reads one that has room, and no NUL inside, which would cut it. */
static bool read_text(struct atls_cbor_iter *iter, char *out, size_t cap)
{
    struct atls_cbor item;
    struct atls_bytes text;
    if (!atls_cbor_next(iter, &item) || !atls_cbor_text(&item, 0, cap - 1, &text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == 0) {
            return false;
        }
        out[i] = (char)text.data[i];
    }
    out[text.len] = '\0';
    return true;
}

/* read_list gives the members of an array of at most `max`. */
static bool read_list(struct atls_cbor_iter *iter, size_t max, struct atls_cbor_iter *out,
                      size_t *num)
{
    struct atls_cbor item;
    if (!atls_cbor_next(iter, &item) || item.type != ATLS_CBOR_ARRAY || item.argument > max) {
        return false;
    }
    *out = atls_cbor_members(&item);
    *num = (size_t)item.argument;
    return true;
}

static bool read_tier(struct atls_cbor_iter *iter, enum atls_tier *out)
{
    uint64_t value = 0;
    if (!read_u64(iter, ATLS_TIER_CONTRAINDICATED, &value)) {
        return false;
    }
    *out = (enum atls_tier)value;
    return value == ATLS_TIER_NONE || value == ATLS_TIER_AFFIRMING || value == ATLS_TIER_WARNING ||
           value == ATLS_TIER_CONTRAINDICATED;
}

static bool read_evidence(struct atls_cbor_iter *list, struct atls_verdict_evidence *out)
{
    struct atls_cbor_iter iter;
    uint8_t vector[ATLS_NUM_TRUST_CLAIMS];
    size_t num = 0;
    const bool ok =
        read_list(list, NUM_EVIDENCE_MEMBERS, &iter, &num) && num == NUM_EVIDENCE_MEMBERS &&
        read_text(&iter, out->format, sizeof out->format) &&
        read_text(&iter, out->submod, sizeof out->submod) && read_tier(&iter, &out->status) &&
        read_octets(&iter, vector, sizeof vector) && read_bool(&iter, &out->simulated);
    for (size_t i = 0; ok && i < sizeof vector; i++) {
        out->vector.claim[i] = (int8_t)(vector[i] < 128 ? vector[i] : vector[i] - 256);
    }
    return ok;
}

static bool read_key(struct atls_cbor_iter *iter, struct atls_verdict *out)
{
    struct atls_cbor item;
    struct atls_cbor_iter look = *iter;
    if (atls_cbor_next(&look, &item) && atls_cbor_is_null(&item)) {
        *iter = look;
        return true;
    }
    out->peer_has_key = true;
    return read_octets(iter, out->peer_spki_sha256, sizeof out->peer_spki_sha256);
}

static bool read_verdict(struct atls_cbor_iter *iter, struct atls_verdict *out)
{
    struct atls_cbor_iter list;
    uint64_t binding = 0, version = 0;
    bool ok = read_key(iter, out) && read_text(iter, out->peer_subject, sizeof out->peer_subject) &&
              read_bool(iter, &out->pkix) && read_u64(iter, ATLS_KEY_BINDING_CHALLENGE, &binding) &&
              read_text(iter, out->policy_id, sizeof out->policy_id) &&
              read_u64(iter, UINT32_MAX, &version) &&
              read_text(iter, out->verifier, sizeof out->verifier) &&
              read_text(iter, out->own_format, sizeof out->own_format) &&
              read_list(iter, ATLS_MAX_SUBMODS, &list, &out->num_evidence);
    for (size_t i = 0; ok && i < out->num_evidence; i++) {
        ok = read_evidence(&list, &out->evidence[i]);
    }
    out->key_binding = (enum atls_key_binding)binding;
    out->policy_version = (uint32_t)version;
    return ok;
}

/* What a sentence calls a thing that was looked up before, and whose name was not kept. */
static const char *what_of(uint64_t kind)
{
    static const char *const names[ATLS_NUM_REVOKED_KINDS] = {
        [ATLS_REVOKED_SPKI] = "key of the earlier appraisal",
        [ATLS_REVOKED_CERT_SERIAL] = "certificate of the earlier appraisal",
        [ATLS_REVOKED_UEID] = "machine of the earlier appraisal",
        [ATLS_REVOKED_CHIP] = "processor of the earlier appraisal",
        [ATLS_REVOKED_VERIFIER_KEY] = "Verifier of the earlier appraisal",
    };
    return names[kind];
}

static bool read_identity(struct atls_cbor_iter *list, struct atls_identity *out)
{
    struct atls_cbor_iter iter;
    struct atls_cbor item;
    struct atls_bytes value;
    uint64_t kind = 0;
    size_t num = 0;
    if (!read_list(list, NUM_IDENTITY_MEMBERS, &iter, &num) || num != NUM_IDENTITY_MEMBERS ||
        !read_u64(&iter, ATLS_NUM_REVOKED_KINDS - 1, &kind) || !atls_cbor_next(&iter, &item)) {
        return false;
    }
    const struct atls_revoked_rule *rule = atls_revoked_rule((enum atls_revoked_kind)kind);
    if (!atls_cbor_bytes(&item, rule->min_len, rule->max_len, &value)) {
        return false;
    }
    out->what = what_of(kind);
    out->kind = (uint8_t)kind;
    out->len = (uint8_t)value.len;
    memcpy(out->value, value.data, value.len);
    return true;
}

static bool read_identities(struct atls_cbor_iter *iter, struct session_facts *out)
{
    struct atls_cbor_iter list;
    bool ok = read_list(iter, SESSION_MAX_FACT_IDENTITIES, &list, &out->num_identities);
    for (size_t i = 0; ok && i < out->num_identities; i++) {
        ok = read_identity(&list, &out->identities[i]);
    }
    return ok;
}

static bool read_all(struct session_facts *out, const struct atls_cbor *whole)
{
    struct atls_cbor_iter iter = atls_cbor_members(whole);
    uint64_t version = 0;
    bool accepted = false;
    const bool ok = whole->type == ATLS_CBOR_ARRAY && whole->argument == NUM_MEMBERS &&
                    read_u64(&iter, FORMAT_VERSION, &version) && version == FORMAT_VERSION &&
                    read_bool(&iter, &accepted) &&
                    read_octets(&iter, out->context, sizeof out->context) &&
                    read_octets(&iter, out->connection, sizeof out->connection) &&
                    read_i64(&iter, &out->appraised_s) && read_i64(&iter, &out->not_after_s) &&
                    read_verdict(&iter, &out->verdict) && read_identities(&iter, out);
    /* An acceptance without a key or without Evidence is none. */
    out->verdict.state = accepted ? ATLS_VERDICT_ACCEPTED : ATLS_VERDICT_NOT_REQUIRED;
    return ok && (!accepted || (out->verdict.peer_has_key && out->verdict.num_evidence != 0 &&
                                out->num_identities != 0));
}

enum atls_err session_facts_read(struct session_facts *out, struct atls_bytes in,
                                 struct atls_diag *diag)
{
    struct atls_cbor whole;
    if (in.len <= SESSION_MAX_FACTS_LEN &&
        atls_cbor_parse(&whole, in, ATLS_CBOR_STRICT, "facts of a session", NULL) == ATLS_OK) {
        memset(out, 0, sizeof *out);
        if (read_all(out, &whole)) {
            return ATLS_OK;
        }
    }
    memset(out, 0, sizeof *out);
    return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, step, "facts",
                           in.len == 0 ? "none, with the session" : "something else",
                           "what this version of atls kept with it");
}

enum atls_err session_facts_check_revoked(const struct session_facts *facts,
                                          const struct atls_revocations *list, int64_t now_s,
                                          struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < facts->num_identities; i++) {
        struct atls_identities one = {.num = 1};
        one.items[0] = facts->identities[i];
        err = atls_revocations_check(list, &one, now_s, diag);
    }
    return err;
}
