/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/authenticator_hash.h"

#include "base/span.h"

enum atls_err atls_authenticator_hash(const struct atls_crypto_ops *ops,
                                      const struct atls_authenticator_keys *keys,
                                      const struct atls_authenticator_request *request,
                                      struct atls_bytes messages, struct atls_digest *out)
{
    struct atls_hash state = {0};
    enum atls_err err = ops->hash_init(&state, keys->hash_alg);
    if (err == ATLS_OK) {
        err = ops->hash_update(&state, atls_digest_bytes(&keys->context));
    }
    if (err == ATLS_OK) {
        err = ops->hash_update(&state, request->message);
    }
    if (err == ATLS_OK) {
        err = ops->hash_update(&state, messages);
    }
    if (err == ATLS_OK) {
        err = ops->hash_peek(&state, out);
    }
    ops->hash_cleanup(&state);
    return err;
}

enum atls_err atls_authenticator_mac(const struct atls_crypto_ops *ops,
                                     const struct atls_authenticator_keys *keys,
                                     const struct atls_authenticator_request *request,
                                     struct atls_bytes messages, struct atls_digest *out)
{
    struct atls_digest hash = {{0}, 0};
    const enum atls_err err = atls_authenticator_hash(ops, keys, request, messages, &hash);
    const struct atls_bytes part = atls_digest_bytes(&hash);
    return err == ATLS_OK
               ? ops->hmac(keys->hash_alg, atls_digest_bytes(&keys->finished), &part, 1, out)
               : err;
}

enum atls_err atls_authenticator_refusal_mac(const struct atls_crypto_ops *ops,
                                             const struct atls_authenticator_keys *keys,
                                             const struct atls_authenticator_request *request,
                                             struct atls_digest *out)
{
    enum { HEADER = 4, LENGTHS = 1 + 3 };
    uint8_t message[HEADER + LENGTHS + UINT8_MAX];
    const struct atls_buf room = {message, sizeof message};
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_write_u8(&w, ATLS_HS_CERTIFICATE);
    atls_write_u24(&w, (uint32_t)(LENGTHS + request->context.len));
    atls_write_vec8(&w, request->context);
    atls_write_u24(&w, 0);
    return atls_writer_finish(&w, &len)
               ? atls_authenticator_mac(ops, keys, request, atls_bytes_of(message, len), out)
               : ATLS_ERR_ARGUMENT;
}

size_t atls_authenticator_content(uint8_t out[ATLS_MAX_SIGNED_CONTENT],
                                  const struct atls_digest *hash)
{
    /* with the zero octet behind it, which C puts there */
    static const char label[] = "Exported Authenticator";
    enum { SPACES = 64 };
    memset(out, 0x20, SPACES);
    memcpy(&out[SPACES], label, sizeof label);
    memcpy(&out[SPACES + sizeof label], hash->data, hash->len);
    return SPACES + sizeof label + hash->len;
}
