/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying and signing COSE_Sign1 (RFC 9052, 4.4). */
#include "codec/cose.h"

#include "base/diag.h"
#include "base/span.h"

enum { LABEL_ALG = 1 };
enum { TAG_SIGN1 = 18 };

/* A head of at most 9 octets, after at most 12 octets of array head and context string. */
#define MAX_HEAD_LEN 32
/* The longest signature that we make: RSA of 8192 bits. */
#define MAX_OWN_SIGNATURE_LEN 1024

/*
 * Sig_structure (RFC 9052, 4.4) as the octets between its variable parts, so that nothing is
 * copied: ["Signature1", protected, external_aad, payload].
 */
struct sig_structure {
    uint8_t heads[3][MAX_HEAD_LEN];
    struct atls_bytes parts[6];
};

/* head_of writes the head of a byte string of `len` octets; always in MAX_HEAD_LEN. */
static struct atls_bytes head_of(uint8_t *room, const char *context, size_t len)
{
    struct atls_buf buf = {room, MAX_HEAD_LEN};
    struct atls_writer w = atls_writer_of(buf);
    if (context != NULL) {
        atls_cbor_put_array(&w, 4);
        atls_cbor_put_str(&w, context);
    }
    atls_cbor_put_bytes_head(&w, len);
    return atls_bytes_of(room, w.len);
}

static void make_sig_structure(struct sig_structure *s, struct atls_bytes protect,
                               struct atls_bytes external_aad, struct atls_bytes payload)
{
    s->parts[0] = head_of(s->heads[0], "Signature1", protect.len);
    s->parts[1] = protect;
    s->parts[2] = head_of(s->heads[1], NULL, external_aad.len);
    s->parts[3] = external_aad;
    s->parts[4] = head_of(s->heads[2], NULL, payload.len);
    s->parts[5] = payload;
}

/* choose_payload gives what is signed: the one inside, or the detached one, never either. */
static enum atls_err choose_payload(struct atls_bytes *out, const struct atls_cose_sign1 *message,
                                    struct atls_bytes detached_payload, const char *what,
                                    struct atls_diag *diag)
{
    if (message->detached && detached_payload.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, what, "payload", "null",
                               "a payload inside");
    }
    if (!message->detached && detached_payload.len != 0) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, what, "payload", "one inside",
                               "null: it is detached here");
    }
    *out = message->detached ? detached_payload : message->payload;
    return ATLS_OK;
}

enum atls_err atls_cose_sign1_verify(const struct atls_crypto_ops *ops, const struct atls_key *key,
                                     const struct atls_cose_sign1 *message,
                                     struct atls_bytes external_aad,
                                     struct atls_bytes detached_payload, const char *what,
                                     struct atls_diag *diag)
{
    struct atls_bytes payload = {NULL, 0};
    enum atls_err err = choose_payload(&payload, message, detached_payload, what, diag);
    if (err != ATLS_OK) {
        return err;
    }
    /* RFC 9052, 4.4, step 2: an empty map counts as the zero-length string however it came. */
    const struct atls_bytes none = {NULL, 0};
    const bool is_empty = message->headers.argument == 0;
    struct sig_structure s;
    make_sig_structure(&s, is_empty ? none : message->protect, external_aad, payload);
    err = ops->verify(message->alg, key, s.parts, ATLS_ARRAY_LEN(s.parts), message->signature);
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, what, "signature");
}

/* put_message writes all but the signature; *out_protect is where its protected map lies. */
static enum atls_err put_message(struct atls_writer *w, struct atls_bytes *out_protect, bool tagged,
                                 int32_t alg, struct atls_bytes extra_headers, uint64_t num_extra,
                                 struct atls_bytes payload)
{
    struct atls_writer count = atls_writer_counting();
    atls_cbor_put_map(&count, 1 + num_extra);
    atls_cbor_put_uint(&count, LABEL_ALG);
    atls_cbor_put_int(&count, alg);
    const size_t protect_len = count.len + extra_headers.len;

    if (tagged) {
        atls_cbor_put_tag(w, TAG_SIGN1);
    }
    atls_cbor_put_array(w, 4);
    atls_cbor_put_bytes_head(w, protect_len);
    const size_t start = w->len;
    atls_cbor_put_map(w, 1 + num_extra);
    atls_cbor_put_uint(w, LABEL_ALG);
    atls_cbor_put_int(w, alg);
    atls_cbor_put_encoded(w, extra_headers);
    size_t end = 0;
    if (!atls_writer_finish(w, &end)) {
        return ATLS_ERR_BUFFER;
    }
    *out_protect = atls_bytes_of(&w->data[start], end - start);
    atls_cbor_put_map(w, 0);
    atls_cbor_put_bytes(w, payload);
    return ATLS_OK;
}

enum atls_err atls_cose_sign1_write(const struct atls_crypto_ops *ops, struct atls_buf out,
                                    size_t *out_len, bool tagged, int32_t alg,
                                    const struct atls_key *key, struct atls_bytes extra_headers,
                                    uint64_t num_extra, struct atls_bytes payload,
                                    struct atls_diag *diag)
{
    static const char step[] = "signing a token";
    struct atls_writer w = atls_writer_of(out);
    struct atls_bytes protect;
    enum atls_err err = put_message(&w, &protect, tagged, alg, extra_headers, num_extra, payload);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "COSE_Sign1");
    }
    const struct atls_bytes none = {NULL, 0};
    struct sig_structure s;
    make_sig_structure(&s, protect, none, payload);
    uint8_t signature[MAX_OWN_SIGNATURE_LEN];
    const struct atls_buf room = {signature, sizeof signature};
    size_t signature_len = 0;
    err = ops->sign(alg, key, s.parts, ATLS_ARRAY_LEN(s.parts), room, &signature_len);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "signature");
    }
    atls_cbor_put_bytes(&w, atls_bytes_of(signature, signature_len));
    if (!atls_writer_finish(&w, out_len)) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, "COSE_Sign1");
    }
    return ATLS_OK;
}
