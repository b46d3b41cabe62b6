/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation binder (draft-fossati-seat-early-attestation-07, section 5.1.1; R-01):
 *
 *   attest_base = HKDF-Expand-Label(0^Hash.length, "attestation base",
 *                                   Transcript-Hash(ClientHello..ServerHello), Hash.length)
 *   binder      = HKDF-Expand-Label(attest_base, "attestation", Hash(SPKI), Hash.length)
 *
 * No secret of TLS goes in: it is a binding, not a MAC. Every field of HkdfLabel has its length in
 * front or is of fixed size, so that two ways to split the same octets never meet. No other
 * use of HKDF-Expand-Label has these labels, which keeps early attestation apart from
 * authenticators and exporters.
 */
#include "handshake/binder.h"

#include "base/span.h"

static const char step[] = "binder";
static const char label_prefix[] = "tls13 ";
static const char base_label[] = "attestation base";
static const char binder_label[] = "attestation";

/*
 * HKDF-Expand (RFC 5869, 2.3) is T(1) | T(2) | ... cut to `len`, where T(1) = HMAC(secret,
 * info | 0x01) has the length of the hash. RFC 8446 never asks for more than that here: len is at
 * most Hash.length, so T(1) is all there is and no later block is ever made.
 */
static enum atls_err expand_one_block(const struct atls_crypto_ops *ops, int32_t hash_alg,
                                      struct atls_bytes secret, struct atls_bytes label,
                                      struct atls_bytes context, size_t len,
                                      struct atls_digest *out)
{
    const size_t prefix_len = sizeof label_prefix - 1;
    const uint8_t head[3] = {(uint8_t)(len / 256), (uint8_t)len, (uint8_t)(prefix_len + label.len)};
    const uint8_t context_len = (uint8_t)context.len;
    const uint8_t counter = 1;
    const struct atls_bytes parts[] = {
        atls_bytes_of(head, sizeof head), /* uint16 length, and the length of the label */
        atls_bytes_of(label_prefix, prefix_len),
        label,
        atls_bytes_of(&context_len, 1),
        context,
        atls_bytes_of(&counter, 1),
    };
    /*@ calls formal_hmac; */
    return ops->hmac(hash_alg, secret, parts, ATLS_ARRAY_LEN(parts), out);
}

enum atls_err atls_hkdf_expand_label(const struct atls_crypto_ops *ops, int32_t hash_alg,
                                     struct atls_bytes secret, const char *label,
                                     struct atls_bytes context, size_t len, struct atls_digest *out)
{
    const size_t hash_len = atls_hash_len(hash_alg);
    const struct atls_bytes label_text = atls_bytes_text(label);
    const size_t longest_label = UINT8_MAX - (sizeof label_prefix - 1);
    if (hash_len == 0) {
        return ATLS_ERR_ALGORITHM;
    }
    /* opaque label<7..255>, opaque context<0..255> */
    if (len == 0 || len > hash_len || label_text.len == 0 || label_text.len > longest_label ||
        context.len > UINT8_MAX) {
        return ATLS_ERR_ARGUMENT;
    }
    struct atls_digest block = {0};
    enum atls_err err = expand_one_block(ops, hash_alg, secret, label_text, context, len, &block);
    if (err == ATLS_OK && block.len != hash_len) {
        err = ATLS_ERR_CRYPTO;
    }
    if (err == ATLS_OK) {
        memcpy(out->data, block.data, len);
        out->len = len;
    }
    atls_wipe(&block, sizeof block); /* in other uses than the binder the output is a key */
    return err;
}

/* check_inputs: a suite's hash, a transcript hash of its length, and a key. */
static enum atls_err check_inputs(int32_t hash_alg, const struct atls_digest *transcript_hash,
                                  struct atls_bytes spki, struct atls_diag *diag)
{
    if (hash_alg != ATLS_ALG_SHA256 && hash_alg != ATLS_ALG_SHA384) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "hash of the cipher suite", "COSE ",
                        "SHA-256 (COSE -16) or SHA-384 (COSE -43)");
        atls_diag_found_int(diag, hash_alg);
        return ATLS_ERR_ALGORITHM;
    }
    if (transcript_hash->len != atls_hash_len(hash_alg)) {
        atls_fail(diag, ATLS_ERR_ARGUMENT, step, "Transcript-Hash(ClientHello..ServerHello)");
        atls_diag_found_int(diag, (int64_t)transcript_hash->len);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_int(diag, (int64_t)atls_hash_len(hash_alg));
        return ATLS_ERR_ARGUMENT;
    }
    if (spki.len == 0 || spki.len > ATLS_MAX_SPKI_LEN) {
        atls_fail(diag, ATLS_ERR_KEY, step, "SubjectPublicKeyInfo");
        atls_diag_found_int(diag, (int64_t)spki.len);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_text(diag, "1 to ");
        atls_diag_expected_int(diag, ATLS_MAX_SPKI_LEN);
        return ATLS_ERR_KEY;
    }
    return ATLS_OK;
}

static enum atls_err derive(const struct atls_crypto_ops *ops, int32_t hash_alg,
                            const struct atls_digest *transcript_hash, struct atls_bytes spki,
                            struct atls_digest *out)
{
    static const uint8_t zeros[ATLS_MAX_BINDER_LEN];
    const size_t len = atls_hash_len(hash_alg);
    struct atls_digest base;
    struct atls_digest key_hash;
    enum atls_err err = atls_hkdf_expand_label(ops, hash_alg, atls_bytes_of(zeros, len), base_label,
                                               atls_digest_bytes(transcript_hash), len, &base);
    if (err == ATLS_OK) {
        /*@ calls formal_hash; */
        err = ops->hash(hash_alg, spki, &key_hash);
    }
    if (err == ATLS_OK) {
        err = atls_hkdf_expand_label(ops, hash_alg, atls_digest_bytes(&base), binder_label,
                                     atls_digest_bytes(&key_hash), len, out);
    }
    return err;
}

enum atls_err atls_binder(const struct atls_crypto_ops *ops, int32_t hash_alg,
                          const struct atls_digest *transcript_hash, struct atls_bytes spki,
                          struct atls_digest *out, struct atls_diag *diag)
{
    enum atls_err err = check_inputs(hash_alg, transcript_hash, spki, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = derive(ops, hash_alg, transcript_hash, spki, out);
    if (err != ATLS_OK) {
        return atls_fail_texts(diag, err, step, "HKDF-Expand-Label",
                               "a hash or HMAC function that failed", "the binder");
    }
    return ATLS_OK;
}
