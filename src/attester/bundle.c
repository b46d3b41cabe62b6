/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence for a passport, which must name the TLS key. Where the platform's does not, a key of our
 * own (kak) stands between: the platform attests the kak, and the kak signs a token with the nonce
 * and the TLS key (codec/kat.h). It is made for one bundle, so that a token of the platform vouches
 * for no more than that one.
 */
#include "attester/ways.h"
#include "base/span.h"
#include "codec/kat.h"
#include "crypto/key.h"

#include <stdlib.h>

static const char step[] = "attestation of a key";

/* The claims of a kat with the longest key, and the token around as much again. */
enum { MAX_CLAIMS_LEN = ATLS_MAX_SPKI_LEN + 256, MAX_KAT_LEN = 2 * MAX_CLAIMS_LEN };

const struct atls_format *atls_attester_passport_format(const struct atls_attester_ops *ops)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text(ops->format));
    if (atls_format_names_key(format)) {
        return format;
    }
    return atls_format_is_pat(format) ? atls_format_by_name(atls_bytes_text("kat")) : NULL;
}

/* What goes into a bundle. */
struct parts {
    const struct atls_crypto_ops *crypto;
    struct atls_key *kak, *identity; /* owned */
    uint8_t *claims, *kat, *pat;     /* owned */
    size_t claims_len, kat_len, pat_len;
};

static void parts_cleanup(struct parts *parts)
{
    atls_key_free(parts->kak);
    atls_key_free(parts->identity);
    free(parts->claims);
    free(parts->kat);
    free(parts->pat);
}

static enum atls_err prepare(struct parts *parts, struct atls_bytes spki, struct atls_diag *diag)
{
    parts->claims = malloc(MAX_CLAIMS_LEN);
    parts->kat = malloc(MAX_KAT_LEN);
    parts->pat = malloc(ATLS_MAX_CMW_LEN);
    if (parts->claims == NULL || parts->kat == NULL || parts->pat == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    if (atls_key_from_spki_der(&parts->identity, spki, NULL) != ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, step, "SubjectPublicKeyInfo",
                               "no key that a COSE_Key can be", "EC, EdDSA or RSA");
    }
    return atls_key_generate(&parts->kak, ATLS_CRV_P256, diag);
}

/* hash_kak gives SHA-256 of kak-pub, octet for octet as the claims have it. */
static enum atls_err hash_kak(struct atls_digest *out, const struct parts *parts,
                              const struct atls_cose_key *kak, struct atls_diag *diag)
{
    uint8_t octets[128];
    size_t len = 0;
    struct atls_writer w = atls_writer_of((struct atls_buf){octets, sizeof octets});
    atls_cose_key_put(&w, kak);
    enum atls_err err = atls_writer_finish(&w, &len) ? ATLS_OK : ATLS_ERR_BUFFER;
    if (err == ATLS_OK) {
        err = parts->crypto->hash(ATLS_ALG_SHA256, atls_bytes_of(octets, len), out);
    }
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, "kak-pub");
}

/* make_kat gives *out_link, what the platform has to vouch for. */
static enum atls_err make_kat(struct parts *parts, struct atls_digest *out_link,
                              struct atls_bytes nonce, struct atls_diag *diag)
{
    struct atls_cose_key kak;
    struct atls_kat_claims claims = {.nonce = nonce};
    atls_key_to_cose(parts->kak, &kak);
    atls_key_to_cose(parts->identity, &claims.identity);
    struct atls_writer w = atls_writer_of((struct atls_buf){parts->claims, MAX_CLAIMS_LEN});
    atls_kat_put_claims(&w, &claims, &kak);
    if (!atls_writer_finish(&w, &parts->claims_len)) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, "kat");
    }
    const enum atls_err err = hash_kak(out_link, parts, &kak, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_buf room = {parts->kat, MAX_KAT_LEN};
    return atls_cose_sign1_write(
        parts->crypto, room, &parts->kat_len, false, atls_key_default_alg(parts->kak), parts->kak,
        atls_bytes_of(NULL, 0), 0, atls_bytes_of(parts->claims, parts->claims_len), diag);
}

/* check_pat: what the attester gave must be one record or tag, in CBOR, of the row it says. */
static enum atls_err check_pat(const struct atls_attester_ops *ops, struct atls_bytes cmw,
                               struct atls_diag *diag)
{
    struct atls_cmw pat;
    const bool is_cmw = atls_cmw_parse(&pat, cmw, NULL) == ATLS_OK;
    const struct atls_format *format = is_cmw ? atls_cmw_format(&pat) : NULL;
    if (format == NULL || strcmp(format->name, ops->format) != 0) {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "Evidence",
                               "no CMW record of its own format", ops->format);
    }
    return ATLS_OK;
}

/* make_bundle: first the kat, for the pat is over its kak. */
static enum atls_err make_bundle(const struct atls_attester_ops *ops,
                                 struct atls_attester *attester, struct parts *parts,
                                 const struct atls_attest_request *request, struct atls_buf out,
                                 size_t *out_len, struct atls_diag *diag)
{
    struct atls_digest link = {.len = 0};
    enum atls_err err = prepare(parts, request->spki, diag);
    if (err == ATLS_OK) {
        err = make_kat(parts, &link, request->nonce, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_buf room = {parts->pat, ATLS_MAX_CMW_LEN};
        err = attester_attest(ops, attester, atls_digest_bytes(&link), request->spki,
                              request->timeout_ms, room, &parts->pat_len, diag);
    }
    const struct atls_bytes pat = {parts->pat, parts->pat_len};
    if (err == ATLS_OK) {
        err = check_pat(ops, pat, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_writer w = atls_writer_of(out);
    atls_kat_put_bundle(&w, atls_bytes_of(parts->kat, parts->kat_len), pat);
    return atls_writer_finish(&w, out_len) ? ATLS_OK : atls_fail(diag, ATLS_ERR_BUFFER, step, NULL);
}

static enum atls_err check_nonce(struct atls_bytes nonce, struct atls_diag *diag)
{
    if (nonce.len < ATLS_KAT_MIN_NONCE_LEN) {
        atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, step, "nonce", NULL, "8 to 64 octets");
        atls_diag_found_int(diag, (int64_t)nonce.len);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_NONCE_LENGTH;
    }
    return attester_check_outside_nonce(nonce, 0, diag);
}

enum atls_err atls_attester_for_passport(const struct atls_attester_ops *ops,
                                         struct atls_attester *attester,
                                         const struct atls_crypto_ops *crypto,
                                         struct atls_bytes nonce, struct atls_bytes spki,
                                         uint32_t timeout_ms, struct atls_buf out, size_t *out_len,
                                         struct atls_diag *diag)
{
    enum atls_err err = atls_attester_check(ops, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_format *format = atls_attester_passport_format(ops);
    if (format == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, step, "format", ops->format,
                               "Evidence that names the TLS key, or can be part of a bundle");
    }
    if (strcmp(format->name, ops->format) == 0) {
        return atls_attester_for_nonce(ops, attester, nonce, spki, timeout_ms, out, out_len, diag);
    }
    const struct atls_attest_request request = {nonce, spki, timeout_ms};
    struct parts parts = {.crypto = crypto};
    err = check_nonce(nonce, diag);
    if (err == ATLS_OK) {
        err = make_bundle(ops, attester, &parts, &request, out, out_len, diag);
    }
    parts_cleanup(&parts);
    return err;
}
