/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed CoRIM (draft-ietf-rats-corim-11, 4.2): COSE_Sign1 around a CoRIM. Who signed it, and until
 * when that holds, is in the protected header: corim-meta (8), CWT claims (15), or the same in
 * both.
 *
 * Headers that are not critical and not known say nothing that is acted upon (RFC 9052, 3.1). The
 * hash envelope is refused by name, for there the payload is not the CoRIM.
 */
#include "endorsement/signer.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "endorsement/corim.h"

static const char step[] = "endorsement";
static const char claim_signature[] = "signature";

/* A signed file while it is read. */
struct reading {
    struct atls_corim corim; /* for the readers of maps: only source and diag are of use */
    struct atls_corim_source source;
    struct atls_cose_sign1 message;
    struct atls_corim_signature out;
};

/* The pair of tags that the dialect before 2025 puts in front: corim (500), signed-corim (502). */
static const uint8_t old_wrapper[6] = {0xd9, 0x01, 0xf4, 0xd9, 0x01, 0xf6};

static bool starts_with(struct atls_bytes octets, const uint8_t *start, size_t len)
{
    return octets.len >= len &&
           atls_bytes_equal(atls_bytes_of(octets.data, len), atls_bytes_of(start, len));
}

bool atls_corim_is_signed(struct atls_bytes octets)
{
    /* Tag 18 around an array of four; either tag of the wrapper. */
    static const uint8_t sign1[2] = {0xd2, 0x84};
    return starts_with(octets, sign1, sizeof sign1) || starts_with(octets, old_wrapper, 3) ||
           starts_with(octets, &old_wrapper[3], 3);
}

static enum atls_err refuse(const struct reading *r, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(r->corim.diag, ATLS_ERR_ENDORSEMENT_SIGNATURE, step, claim, found,
                           expected);
}

/* recode makes one error of all that a signed file can do wrong; what went wrong on our side stays
 * what it is. */
static enum atls_err recode(enum atls_err err, struct atls_diag *diag)
{
    if (err == ATLS_OK || err == ATLS_ERR_MEMORY || err == ATLS_ERR_CRYPTO) {
        return err;
    }
    if (diag != NULL) {
        diag->err = ATLS_ERR_ENDORSEMENT_SIGNATURE;
        if (diag->found[0] == '\0') {
            atls_diag_found_text(diag, "something else");
        }
        if (diag->expected[0] == '\0') {
            atls_diag_expected_text(diag, "a signed CoRIM");
        }
    }
    return ATLS_ERR_ENDORSEMENT_SIGNATURE;
}

/* check_content_type: header 3, or the three that stand for a hash (4.2.3). */
static enum atls_err check_content_type(const struct reading *r)
{
    struct atls_cbor value;
    for (int64_t label = 258; label <= 260; label++) {
        if (atls_cbor_get(&r->message.headers, label, &value)) {
            return refuse(r, "protected header", "a hash envelope (headers 258 to 260)",
                          "the CoRIM itself as payload: hash envelopes are not taken");
        }
    }
    if (!atls_cbor_get(&r->message.headers, ATLS_CORIM_HEADER_CONTENT_TYPE, &value)) {
        return refuse(r, "content type (header 3)", "none", ATLS_CORIM_CONTENT_TYPE);
    }
    if (!atls_cbor_is_text(&value, ATLS_CORIM_CONTENT_TYPE)) {
        enum atls_err err = refuse(r, "content type (header 3)", NULL, ATLS_CORIM_CONTENT_TYPE);
        if (value.type == ATLS_CBOR_TEXT) {
            atls_corim_found_text(&r->corim, value.content);
        } else {
            atls_diag_found_text(r->corim.diag, "a number");
        }
        return err;
    }
    return ATLS_OK;
}

static enum atls_err read_signer(struct reading *r, const struct atls_cbor *map)
{
    static const struct atls_corim_field fields[] = {
        {0, "signer-name (key 0)", ATLS_CORIM_REQUIRED},
        {1, "signer-uri (key 1)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    enum atls_err err =
        atls_corim_fields(&r->corim, map, "signer", fields, ATLS_ARRAY_LEN(fields), value);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_cbor_text(&value[0], 1, SIZE_MAX, &r->out.signer)) {
        return atls_corim_refuse_item(&r->corim, &value[0], "signer-name", "a text");
    }
    struct atls_cbor uri;
    if (atls_corim_has(&value[1]) && !(atls_cbor_tag(&value[1], ATLS_TAG_URI, &uri) &&
                                       atls_cbor_text(&uri, 0, SIZE_MAX, &r->out.signer_uri))) {
        return atls_corim_refuse_item(&r->corim, &value[1], "signer-uri", "tag 32 with a URI");
    }
    return ATLS_OK;
}

/* read_meta reads header 8: octets that hold a corim-meta-map (4.2.2.1). */
static enum atls_err read_meta(struct reading *r, const struct atls_cbor *item,
                               struct atls_corim_dates *out)
{
    static const struct atls_corim_field fields[] = {
        {0, "signer (key 0)", ATLS_CORIM_REQUIRED},
        {1, "signature-validity (key 1)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_cbor map;
    struct atls_bytes octets;
    if (!atls_cbor_bytes(item, 1, SIZE_MAX, &octets)) {
        return atls_corim_refuse_item(&r->corim, item, "corim-meta (header 8)",
                                      "octets that hold a map");
    }
    enum atls_err err = atls_corim_parse(&r->corim, octets, "corim-meta", &map);
    if (err == ATLS_OK) {
        err =
            atls_corim_fields(&r->corim, &map, "corim-meta", fields, ATLS_ARRAY_LEN(fields), value);
    }
    if (err == ATLS_OK) {
        err = read_signer(r, &value[0]);
    }
    if (err == ATLS_OK && atls_corim_has(&value[1])) {
        err = atls_corim_validity(&r->corim, &value[1], "signature-validity", out);
    }
    return err;
}

static enum atls_err read_numeric_date(const struct reading *r, const struct atls_cbor *item,
                                       const char *claim, int64_t *out)
{
    return !atls_corim_has(item) || atls_cbor_int(item, out)
               ? ATLS_OK
               : atls_corim_refuse_item(&r->corim, item, claim, "an integer (NumericDate)");
}

/* read_cwt reads header 15: CWT claims (RFC 9597), a map and not octets. */
static enum atls_err read_cwt(const struct reading *r, const struct atls_cbor *map,
                              struct atls_bytes *out_iss, struct atls_corim_dates *out)
{
    static const struct atls_corim_field fields[] = {
        {1, "iss (1)", ATLS_CORIM_REQUIRED}, {2, "sub (2)", ATLS_CORIM_OPTIONAL},
        {4, "exp (4)", ATLS_CORIM_OPTIONAL}, {5, "nbf (5)", ATLS_CORIM_OPTIONAL},
        {6, "iat (6)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_bytes text;
    enum atls_err err = atls_corim_fields(&r->corim, map, "CWT claims (header 15)", fields,
                                          ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK && !atls_cbor_text(&value[0], 1, SIZE_MAX, out_iss)) {
        err = atls_corim_refuse_item(&r->corim, &value[0], "iss", "a text");
    }
    if (err == ATLS_OK && atls_corim_has(&value[1]) &&
        !atls_cbor_text(&value[1], 0, SIZE_MAX, &text)) {
        err = atls_corim_refuse_item(&r->corim, &value[1], "sub", "a text");
    }
    if (err == ATLS_OK) {
        err = read_numeric_date(r, &value[2], "exp", &out->not_after_s);
    }
    return err == ATLS_OK ? read_numeric_date(r, &value[3], "nbf", &out->not_before_s) : err;
}

/* read_statement takes signer and dates from header 8, from 15, or from both, which must agree. */
static enum atls_err read_statement(struct reading *r)
{
    struct atls_cbor meta;
    struct atls_cbor cwt;
    struct atls_bytes iss = {NULL, 0};
    struct atls_corim_dates by_meta = {INT64_MIN, INT64_MAX};
    struct atls_corim_dates by_cwt = {INT64_MIN, INT64_MAX};
    enum atls_err err = ATLS_OK;
    const bool has_meta = atls_cbor_get(&r->message.headers, ATLS_CORIM_HEADER_META, &meta);
    const bool has_cwt = atls_cbor_get(&r->message.headers, ATLS_CORIM_HEADER_CWT, &cwt);
    if (!has_meta && !has_cwt) {
        return refuse(r, "protected header", "neither corim-meta (8) nor CWT claims (15)",
                      "one of them: who signed");
    }
    if (has_meta) {
        err = read_meta(r, &meta, &by_meta);
    }
    if (err == ATLS_OK && has_cwt) {
        err = read_cwt(r, &cwt, &iss, &by_cwt);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (has_meta && has_cwt && !atls_bytes_equal(iss, r->out.signer)) {
        err = refuse(r, "iss", NULL, "the signer-name of corim-meta");
        atls_corim_found_text(&r->corim, iss);
        return err;
    }
    if (has_meta && has_cwt &&
        (by_meta.not_before_s != by_cwt.not_before_s ||
         by_meta.not_after_s != by_cwt.not_after_s)) {
        return refuse(r, "exp and nbf", "other dates than in corim-meta",
                      "the same dates in headers 8 and 15");
    }
    const struct atls_corim_dates *dates = has_meta ? &by_meta : &by_cwt;
    r->out.signer = has_meta ? r->out.signer : iss;
    r->out.not_before_s = dates->not_before_s;
    r->out.not_after_s = dates->not_after_s;
    return ATLS_OK;
}

/* read_chain reads x5chain: one certificate, or an array of them (RFC 9360, 2). */
static enum atls_err read_chain(struct reading *r)
{
    static const char claim[] = "x5chain (header 33)";
    struct atls_cbor value;
    struct atls_cbor item;
    if (!atls_cbor_get(&r->message.headers, ATLS_CORIM_HEADER_X5CHAIN, &value) &&
        !atls_cbor_get(&r->message.unprotected, ATLS_CORIM_HEADER_X5CHAIN, &value)) {
        return ATLS_OK;
    }
    if (atls_cbor_bytes(&value, 1, SIZE_MAX, &r->out.chain[0])) {
        r->out.chain_len = 1;
        return ATLS_OK;
    }
    if (value.type != ATLS_CBOR_ARRAY || value.argument == 0 ||
        value.argument > ATLS_MAX_CERT_PATH) {
        return atls_corim_refuse_item(&r->corim, &value, claim, "1 to 8 certificates");
    }
    struct atls_cbor_iter items = atls_cbor_members(&value);
    while (atls_cbor_next(&items, &item)) {
        if (!atls_cbor_bytes(&item, 1, SIZE_MAX, &r->out.chain[r->out.chain_len])) {
            return atls_corim_refuse_item(&r->corim, &item, claim, "certificates as octets");
        }
        r->out.chain_len++;
    }
    return ATLS_OK;
}

/* check_payload: what a signed CoRIM holds is a CoRIM; more of it is read when it is verified. */
static enum atls_err check_payload(struct reading *r)
{
    static const uint8_t tag[3] = {0xd9, 0x01, 0xf5};
    const struct atls_bytes payload = r->message.payload;
    const bool is_map = payload.len > 0 && payload.data[0] >= 0xa0 && payload.data[0] <= 0xbb;
    if (r->message.detached || !(is_map || starts_with(payload, tag, sizeof tag))) {
        return refuse(r, "payload", r->message.detached ? "none" : "something else",
                      "a CoRIM, which starts with octets d9 01 f5");
    }
    r->out.payload = payload;
    return ATLS_OK;
}

static enum atls_err read_structure(struct reading *r, struct atls_bytes octets,
                                    struct atls_diag *diag)
{
    memset(r, 0, sizeof *r);
    r->source.data = (uint8_t *)(uintptr_t)octets.data;
    r->source.len = octets.len;
    r->corim.source = &r->source;
    r->corim.diag = diag;
    if (starts_with(octets, old_wrapper, sizeof old_wrapper)) {
        octets.data += sizeof old_wrapper;
        octets.len -= sizeof old_wrapper;
    }
    enum atls_err err =
        atls_cose_sign1_parse(&r->message, octets, ATLS_COSE_TAGGED, "signed CoRIM", diag);
    if (err == ATLS_OK) {
        err = check_content_type(r);
    }
    if (err == ATLS_OK) {
        err = read_statement(r);
    }
    if (err == ATLS_OK) {
        err = read_chain(r);
    }
    if (err == ATLS_OK) {
        err = check_payload(r);
    }
    r->out.alg = r->message.alg;
    r->out.kid = r->message.kid;
    return recode(err, diag);
}

enum atls_err atls_corim_signature_peek(struct atls_corim_signature *out, struct atls_bytes octets,
                                        struct atls_diag *diag)
{
    struct reading r;
    const enum atls_err err = read_structure(&r, octets, diag);
    if (err == ATLS_OK) {
        *out = r.out;
    }
    return err;
}

static bool verifies(const struct reading *r, const struct atls_key *key)
{
    const struct atls_bytes none = {NULL, 0};
    return key != NULL && atls_key_takes_alg(key, r->message.alg) &&
           atls_cose_sign1_verify(atls_crypto_openssl(), key, &r->message, none, none, step,
                                  NULL) == ATLS_OK;
}

/* refuse_signer says who claims to have signed. */
static enum atls_err refuse_signer(const struct reading *r)
{
    enum atls_err err = refuse(r, claim_signature, "none by a given key; it names the signer ",
                               "a signature by a key or certificate that was given");
    atls_corim_found_text(&r->corim, r->out.signer);
    return err;
}

static enum atls_err check_certificate_dates(const struct reading *r,
                                             const struct atls_signer *signer, int64_t now_s)
{
    if (signer->cert.len != 0 && (now_s < signer->not_before_s || now_s > signer->not_after_s)) {
        return refuse(r, claim_signature, "one by a certificate outside its dates",
                      "a certificate that is valid today");
    }
    return ATLS_OK;
}

/* check_chain: the x5chain is a claim like others, until it leads to a certificate that was given.
 */
static enum atls_err check_chain(const struct reading *r, const struct atls_signers *signers,
                                 int64_t now_s)
{
    struct atls_bytes anchors[ATLS_MAX_SIGNERS];
    size_t num_anchors = 0;
    for (size_t i = 0; i < signers->count; i++) {
        if (signers->items[i].cert.len != 0) {
            anchors[num_anchors++] = signers->items[i].cert;
        }
    }
    if (num_anchors == 0 || r->out.chain_len == 0) {
        return refuse_signer(r);
    }
    struct atls_key *key = NULL;
    enum atls_err err = atls_cert_path_check(&key, r->out.chain, r->out.chain_len, anchors,
                                             num_anchors, now_s, r->corim.diag);
    if (err == ATLS_OK && !verifies(r, key)) {
        err = refuse(r, claim_signature, "one that the first certificate of x5chain did not make",
                     "a signature by its key");
    }
    atls_key_free(key);
    return err;
}

static enum atls_err check_signature(const struct reading *r, const struct atls_signers *signers,
                                     int64_t now_s)
{
    for (size_t i = 0; i < signers->count; i++) {
        if (verifies(r, signers->items[i].key)) {
            return check_certificate_dates(r, &signers->items[i], now_s);
        }
    }
    return check_chain(r, signers, now_s);
}

enum atls_err atls_corim_signature_verify(struct atls_corim_signature *out,
                                          struct atls_bytes octets,
                                          const struct atls_signers *signers, int64_t now_s,
                                          struct atls_diag *diag)
{
    struct reading r;
    enum atls_err err = read_structure(&r, octets, diag);
    if (err == ATLS_OK) {
        err = check_signature(&r, signers, now_s);
    }
    if (err == ATLS_OK) {
        const struct atls_corim_dates dates = {r.out.not_before_s, r.out.not_after_s};
        r.corim.check_time = true;
        r.corim.now_s = now_s;
        err = atls_corim_check_dates(&r.corim, &r.message.headers, &dates);
    }
    if (err == ATLS_OK) {
        *out = r.out;
    }
    return recode(err, diag);
}
