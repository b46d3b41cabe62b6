/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/kat.h"

#include "base/diag.h"
#include "base/span.h"

static const char step[] = "KAT bundle";
static const char kat_type[] = "application/eat+cwt";

enum { KAT_CONTENT_FORMAT = 263 }; /* RFC 9782 */
enum { CLAIM_AUD = 3, CLAIM_EXP = 4, CLAIM_NBF = 5, CLAIM_CNF = 8, CLAIM_NONCE = 10 };
enum { CLAIM_KAK_PUB = 2500 }; /* of the draft; not registered */
enum { CNF_COSE_KEY = 1 };     /* RFC 8747, 3.1 */

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, found, expected);
}

/* is_evidence: the indicator is optional; bits that are not registered are ignored (RFC 9999). */
static bool is_evidence(const struct atls_cmw *cmw)
{
    const uint32_t known = ATLS_CMW_REFERENCE_VALUES | ATLS_CMW_ENDORSEMENTS | ATLS_CMW_EVIDENCE |
                           ATLS_CMW_RESULTS | ATLS_CMW_POLICY;
    return cmw->ind == 0 || (cmw->ind & known) == ATLS_CMW_EVIDENCE;
}

static enum atls_err find_part(struct atls_cmw *out, const struct atls_cmw *collection,
                               const char *label, struct atls_diag *diag)
{
    if (!atls_cmw_find(collection, label, out)) {
        return refuse(diag, label, "none", "a record or a tag");
    }
    if (out->kind == ATLS_CMW_COLLECTION) {
        return refuse(diag, label, "a collection", "a record or a tag");
    }
    if (!is_evidence(out)) {
        return refuse(diag, label, "an indicator of something else", "Evidence");
    }
    return ATLS_OK;
}

static enum atls_err parse_collection(struct atls_cmw *out_kat, struct atls_cmw *out_pat,
                                      struct atls_bytes input, struct atls_diag *diag)
{
    struct atls_cmw cmw;
    enum atls_err err = atls_cmw_parse(&cmw, input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (cmw.kind != ATLS_CMW_COLLECTION ||
        !atls_bytes_is_text(cmw.collection_type, ATLS_KAT_COLLECTION_TYPE)) {
        return refuse(diag, "__cmwc_t", "none, or another", ATLS_KAT_COLLECTION_TYPE);
    }
    if (cmw.collection.argument != 3) {
        return refuse(diag, "collection", "another number of members", "kat, pat and the type");
    }
    err = find_part(out_kat, &cmw, "kat", diag);
    return err == ATLS_OK ? find_part(out_pat, &cmw, "pat", diag) : err;
}

static bool is_kat_type(const struct atls_cmw *kat)
{
    return kat->by_content_format ? kat->content_format == KAT_CONTENT_FORMAT
                                  : atls_media_type_is(kat->media_type, kat_type);
}

static enum atls_err parse_token(struct atls_kat_bundle *bundle, const struct atls_cmw *kat,
                                 struct atls_diag *diag)
{
    if (!is_kat_type(kat)) {
        return refuse(diag, "type of the kat", "another", kat_type);
    }
    enum atls_err err = atls_cose_sign1_parse(&bundle->kat, kat->value, ATLS_COSE_ANY, "kat", diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (bundle->kat.detached) {
        return refuse(diag, "payload of the kat", "none", "the claims inside the token");
    }
    err = atls_cbor_parse(&bundle->claims, bundle->kat.payload, ATLS_CBOR_STRICT,
                          "payload of the kat", diag);
    if (err == ATLS_OK && bundle->claims.type != ATLS_CBOR_MAP) {
        err = refuse(diag, "payload of the kat", "another type", "a map of claims");
    }
    return err;
}

enum atls_err atls_kat_bundle_parse(struct atls_kat_bundle *out, struct atls_bytes input,
                                    struct atls_diag *diag)
{
    struct atls_kat_bundle bundle;
    struct atls_cmw kat;
    struct atls_cbor key;
    enum atls_err err = parse_collection(&kat, &bundle.pat, input, diag);
    if (err == ATLS_OK) {
        err = parse_token(&bundle, &kat, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_cbor_get(&bundle.claims, CLAIM_KAK_PUB, &key)) {
        return refuse(diag, "kak-pub", "none", "a COSE_Key");
    }
    err = atls_cose_key_parse(&bundle.kak, &key, "kak-pub", diag);
    if (err == ATLS_OK) {
        bundle.kak_octets = key.encoded;
        *out = bundle;
    }
    return err;
}

/* check_limits: a token that ends, or is for somebody, is not taken as if it were not. */
static enum atls_err check_limits(const struct atls_cbor *claims, struct atls_diag *diag)
{
    static const struct {
        int64_t label;
        const char *name;
    } limits[] = {{CLAIM_AUD, "aud"}, {CLAIM_EXP, "exp"}, {CLAIM_NBF, "nbf"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(limits); i++) {
        struct atls_cbor value;
        if (atls_cbor_get(claims, limits[i].label, &value)) {
            return refuse(diag, limits[i].name, "one", "none: a kat is as fresh as its nonce");
        }
    }
    return ATLS_OK;
}

static enum atls_err parse_cnf(struct atls_kat_claims *out, const struct atls_cbor *claims,
                               struct atls_diag *diag)
{
    struct atls_cbor cnf;
    struct atls_cbor key;
    if (!atls_cbor_get(claims, CLAIM_CNF, &cnf)) {
        return refuse(diag, "cnf", "none", "a map with one COSE_Key");
    }
    /* RFC 8747, 3.1: one key, and no more. */
    if (cnf.type != ATLS_CBOR_MAP || cnf.argument != 1 ||
        !atls_cbor_get(&cnf, CNF_COSE_KEY, &key)) {
        return refuse(diag, "cnf", "another confirmation", "a map with one COSE_Key");
    }
    return atls_cose_key_parse(&out->identity, &key, "cnf", diag);
}

enum atls_err atls_kat_claims_parse(struct atls_kat_claims *out, const struct atls_cbor *claims,
                                    struct atls_diag *diag)
{
    struct atls_kat_claims found = {.nonce = {NULL, 0}};
    struct atls_cbor nonce;
    enum atls_err err = check_limits(claims, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_cbor_get(claims, CLAIM_NONCE, &nonce) ||
        !atls_cbor_bytes(&nonce, ATLS_KAT_MIN_NONCE_LEN, ATLS_KAT_MAX_NONCE_LEN, &found.nonce)) {
        return refuse(diag, "eat_nonce", "none such", "a byte string of 8 to 64 octets");
    }
    err = parse_cnf(&found, claims, diag);
    if (err == ATLS_OK) {
        *out = found;
    }
    return err;
}

void atls_kat_put_claims(struct atls_writer *w, const struct atls_kat_claims *claims,
                         const struct atls_cose_key *kak)
{
    atls_cbor_put_map(w, 3);
    atls_cbor_put_uint(w, CLAIM_CNF);
    atls_cbor_put_map(w, 1);
    atls_cbor_put_uint(w, CNF_COSE_KEY);
    atls_cose_key_put(w, &claims->identity);
    atls_cbor_put_uint(w, CLAIM_NONCE);
    atls_cbor_put_bytes(w, claims->nonce);
    atls_cbor_put_uint(w, CLAIM_KAK_PUB);
    atls_cose_key_put(w, kak);
}

void atls_kat_put_bundle(struct atls_writer *w, struct atls_bytes kat, struct atls_bytes pat)
{
    atls_cbor_put_map(w, 3);
    atls_cbor_put_str(w, "kat");
    atls_cmw_put_record_media(w, kat_type, kat, ATLS_CMW_EVIDENCE);
    atls_cbor_put_str(w, "pat");
    atls_cbor_put_encoded(w, pat);
    atls_cbor_put_str(w, "__cmwc_t");
    atls_cbor_put_str(w, ATLS_KAT_COLLECTION_TYPE);
}
