/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/psk_import.h"

#include "base/span.h"
#include "base/writer.h"

static const char step[] = "PSK importer";

enum {
    MIN_KEY_LEN = 16,
    MAX_TEXT_LEN = 65535,
    /* HkdfLabel (RFC 8446, 7.1): length u16, "tls13 derived psk", a hash of up to 48 octets */
    MAX_LABEL_LEN = 2 + 1 + 17 + 1 + 48
};

static size_t kdf_len(uint16_t kdf)
{
    return kdf == ATLS_PSK_KDF_HKDF_SHA256 ? 32u : kdf == ATLS_PSK_KDF_HKDF_SHA384 ? 48u : 0u;
}

static enum atls_err check(const struct atls_external_psk *psk, uint16_t protocol, uint16_t kdf,
                           struct atls_diag *diag)
{
    if (psk->identity.len == 0 || psk->identity.len > MAX_TEXT_LEN ||
        psk->context.len > MAX_TEXT_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "identity or context",
                               "one of unusable length",
                               "1 to 65535 octets of identity, and as many of context at most");
    }
    if (psk->key.len < MIN_KEY_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "key", "a shorter one",
                               "16 octets at least");
    }
    if (protocol != ATLS_PSK_TLS13 && protocol != ATLS_PSK_DTLS13) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "target_protocol", "another",
                               "TLS 1.3 or DTLS 1.3");
    }
    if (psk->hash_alg != ATLS_ALG_SHA256 && psk->hash_alg != ATLS_ALG_SHA384) {
        return atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "hash", "another",
                               "SHA-256 or SHA-384");
    }
    return kdf_len(kdf) != 0 ? ATLS_OK
                             : atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "target_kdf",
                                               "another", "HKDF_SHA256 or HKDF_SHA384");
}

static enum atls_err write_identity(const struct atls_external_psk *psk, uint16_t protocol,
                                    uint16_t kdf, struct atls_buf out, size_t *out_len,
                                    struct atls_diag *diag)
{
    struct atls_writer w = atls_writer_of(out);
    atls_write_vec16(&w, psk->identity);
    atls_write_vec16(&w, psk->context);
    atls_write_u16(&w, protocol);
    atls_write_u16(&w, kdf);
    return atls_writer_finish(&w, out_len)
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_BUFFER, step, "ImportedIdentity");
}

/* expand is HKDF-Expand-Label to `len` octets, which may be more than one block of the hash: the
 * external key may have another one than the protocol that it is for. */
static enum atls_err expand(const struct atls_crypto_ops *ops, int32_t alg,
                            struct atls_bytes secret, struct atls_bytes context, size_t len,
                            struct atls_digest *out)
{
    uint8_t octets[MAX_LABEL_LEN];
    size_t label_len = 0;
    struct atls_digest block = {.len = 0};
    struct atls_writer w = atls_writer_of((struct atls_buf){octets, sizeof octets});
    atls_write_u16(&w, (uint16_t)len);
    atls_write_vec8(&w, atls_bytes_text("tls13 derived psk"));
    atls_write_vec8(&w, context);
    enum atls_err err = atls_writer_finish(&w, &label_len) ? ATLS_OK : ATLS_ERR_BUFFER;
    out->len = 0;
    for (uint8_t counter = 1; err == ATLS_OK && out->len < len; counter++) {
        const struct atls_bytes parts[] = {atls_digest_bytes(&block),
                                           atls_bytes_of(octets, label_len),
                                           atls_bytes_of(&counter, 1)};
        struct atls_digest next;
        err = ops->hmac(alg, secret, parts, ATLS_ARRAY_LEN(parts), &next);
        if (err == ATLS_OK) {
            block = next;
            const size_t left = len - out->len;
            const size_t take = block.len < left ? block.len : left;
            memcpy(&out->data[out->len], block.data, take);
            out->len += take;
        }
        atls_wipe(&next, sizeof next);
    }
    atls_wipe(&block, sizeof block);
    return err;
}

static enum atls_err derive(const struct atls_crypto_ops *ops, const struct atls_external_psk *psk,
                            struct atls_bytes identity, size_t len, struct atls_digest *out,
                            struct atls_diag *diag)
{
    static const uint8_t zeros[ATLS_MAX_HASH_LEN];
    struct atls_digest extracted = {.len = 0}, hash = {.len = 0};
    const struct atls_bytes salt = atls_bytes_of(zeros, atls_hash_len(psk->hash_alg));
    enum atls_err err = ops->hash(psk->hash_alg, identity, &hash);
    if (err == ATLS_OK) {
        err = ops->hmac(psk->hash_alg, salt, &psk->key, 1, &extracted);
    }
    if (err == ATLS_OK) {
        err = expand(ops, psk->hash_alg, atls_digest_bytes(&extracted), atls_digest_bytes(&hash),
                     len, out);
    }
    atls_wipe(&extracted, sizeof extracted);
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, "HKDF");
}

enum atls_err atls_psk_import(const struct atls_crypto_ops *ops,
                              const struct atls_external_psk *psk, uint16_t target_protocol,
                              uint16_t target_kdf, struct atls_buf identity,
                              size_t *out_identity_len, struct atls_digest *out_key,
                              struct atls_diag *diag)
{
    size_t len = 0;
    struct atls_digest key = {.len = 0};
    enum atls_err err = check(psk, target_protocol, target_kdf, diag);
    if (err == ATLS_OK) {
        err = write_identity(psk, target_protocol, target_kdf, identity, &len, diag);
    }
    if (err == ATLS_OK) {
        err = derive(ops, psk, atls_bytes_of(identity.data, len), kdf_len(target_kdf), &key, diag);
    }
    if (err == ATLS_OK) {
        *out_identity_len = len;
        *out_key = key;
    }
    atls_wipe(&key, sizeof key);
    return err;
}
