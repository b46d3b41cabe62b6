/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticators that we make. */
#include "handshake/authenticator_hash.h"

#include "base/span.h"

static const char step[] = "authenticator";

enum atls_err atls_authenticator_scheme(uint16_t *out,
                                        const struct atls_authenticator_request *request,
                                        const struct atls_tls_signature_ops *signatures,
                                        const struct atls_tls_key *key, struct atls_diag *diag)
{
    for (size_t i = 0; i + 1 < request->schemes.len; i += 2) {
        const uint16_t scheme =
            (uint16_t)((unsigned)request->schemes.data[i] << 8 | request->schemes.data[i + 1]);
        if (signatures->takes(scheme, key)) {
            *out = scheme;
            return ATLS_OK;
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_KEY, step, "signature_algorithms",
                           "none that our key can sign with", "one of them");
}

/* put_entry writes a CertificateEntry; only the first may carry a CMW. */
static void put_entry(struct atls_writer *w, struct atls_bytes cert, struct atls_bytes cmw,
                      uint16_t cmw_extension)
{
    atls_write_vec24(w, cert);
    const size_t extensions = atls_write_vec16_open(w);
    if (cmw.len != 0) {
        atls_write_u16(w, cmw_extension);
        const size_t body = atls_write_vec16_open(w);
        atls_write_vec16(w, cmw); /* opaque cmw_data<1..2^16-1> */
        atls_write_vec16_close(w, body);
    }
    atls_write_vec16_close(w, extensions);
}

static void put_list(struct atls_writer *w, const struct atls_authenticator_identity *identity,
                     struct atls_bytes cmw, uint16_t cmw_extension)
{
    const struct atls_bytes none = {NULL, 0};
    for (size_t i = 0; i < identity->num_certs; i++) {
        put_entry(w, identity->chain[i], i == 0 ? cmw : none, cmw_extension);
    }
}

static void put_certificate(struct atls_writer *w, const struct atls_authenticator_request *request,
                            const struct atls_authenticator_identity *identity,
                            struct atls_bytes cmw, uint16_t cmw_extension)
{
    enum { LENGTHS = 1 + 3 };
    struct atls_writer count = atls_writer_counting();
    put_list(&count, identity, cmw, cmw_extension);
    if (count.failed || count.len > 0xffffff - LENGTHS - UINT8_MAX) {
        w->failed = true;
        return;
    }
    atls_write_u8(w, ATLS_HS_CERTIFICATE);
    atls_write_u24(w, (uint32_t)(LENGTHS + request->context.len + count.len));
    atls_write_vec8(w, request->context);
    atls_write_u24(w, (uint32_t)count.len);
    put_list(w, identity, cmw, cmw_extension);
}

static enum atls_err put_verify(const struct atls_crypto_ops *ops, struct atls_writer *w,
                                const struct atls_authenticator_keys *keys,
                                const struct atls_authenticator_request *request,
                                const struct atls_authenticator_identity *identity,
                                struct atls_diag *diag)
{
    struct atls_digest hash = {{0}, 0};
    uint8_t content[ATLS_MAX_SIGNED_CONTENT];
    uint8_t signature[ATLS_MAX_TLS_SIGNATURE_LEN];
    const struct atls_buf room = {signature, sizeof signature};
    size_t len = 0;
    enum atls_err err =
        atls_authenticator_hash(ops, keys, request, atls_bytes_of(w->data, w->len), &hash);
    if (err == ATLS_OK) {
        const size_t content_len = atls_authenticator_content(content, &hash);
        err = identity->signatures->sign(identity->scheme, identity->key,
                                         atls_bytes_of(content, content_len), room, &len);
    }
    if (err != ATLS_OK) {
        return atls_fail_texts(diag, err, step, "CertificateVerify", "no signature",
                               "one by the key of the certificate");
    }
    enum { SCHEME = 2, LENGTH = 2 };
    atls_write_u8(w, ATLS_HS_CERTIFICATE_VERIFY);
    atls_write_u24(w, (uint32_t)(SCHEME + LENGTH + len));
    atls_write_u16(w, identity->scheme);
    atls_write_vec16(w, atls_bytes_of(signature, len));
    return ATLS_OK;
}

static void put_finished(struct atls_writer *w, const struct atls_digest *mac)
{
    atls_write_u8(w, ATLS_HS_FINISHED);
    atls_write_u24(w, (uint32_t)mac->len);
    atls_write_bytes(w, atls_digest_bytes(mac));
}

static enum atls_err finish(const struct atls_writer *w, size_t *out_len, struct atls_diag *diag)
{
    return atls_writer_finish(w, out_len) ? ATLS_OK
                                          : atls_fail_texts(diag, ATLS_ERR_BUFFER, step, "message",
                                                            "more octets", "what the buffer has");
}

/* check_asked: an attestation that was not asked for is not given (draft-fossati-seat-expat). */
static enum atls_err check_asked(const struct atls_authenticator_request *request,
                                 const struct atls_authenticator_identity *identity,
                                 struct atls_bytes cmw, struct atls_diag *diag)
{
    if (cmw.len != 0 && !request->wants_attestation) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "cmw_attestation", "a CMW",
                               "a request that asks for one");
    }
    if (identity->num_certs == 0 || identity->num_certs > ATLS_MAX_AUTHENTICATOR_CERTS) {
        atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "chain", NULL, "1 to 10 certificates");
        atls_diag_found_int(diag, (int64_t)identity->num_certs);
        return ATLS_ERR_ARGUMENT;
    }
    if (!atls_authenticator_request_has_scheme(request, identity->scheme)) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "scheme",
                               "one that was not asked for", "one of the request's");
    }
    return ATLS_OK;
}

enum atls_err atls_authenticator_make(const struct atls_crypto_ops *ops, struct atls_buf out,
                                      size_t *out_len, const struct atls_authenticator_keys *keys,
                                      const struct atls_authenticator_request *request,
                                      const struct atls_authenticator_identity *identity,
                                      struct atls_bytes cmw, uint16_t cmw_extension,
                                      struct atls_diag *diag)
{
    enum atls_err err = check_asked(request, identity, cmw, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_writer w = atls_writer_of(out);
    struct atls_digest mac = {{0}, 0};
    put_certificate(&w, request, identity, cmw, cmw_extension);
    if (w.failed) { /* what is not whole must not be signed */
        return finish(&w, out_len, diag);
    }
    err = put_verify(ops, &w, keys, request, identity, diag);
    if (err != ATLS_OK || w.failed) {
        return err != ATLS_OK ? err : finish(&w, out_len, diag);
    }
    err = atls_authenticator_mac(ops, keys, request, atls_bytes_of(w.data, w.len), &mac);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "Finished");
    }
    put_finished(&w, &mac);
    return finish(&w, out_len, diag);
}

enum atls_err atls_authenticator_refuse(const struct atls_crypto_ops *ops, struct atls_buf out,
                                        size_t *out_len, const struct atls_authenticator_keys *keys,
                                        const struct atls_authenticator_request *request,
                                        struct atls_diag *diag)
{
    struct atls_digest mac = {{0}, 0};
    const enum atls_err err = atls_authenticator_refusal_mac(ops, keys, request, &mac);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "Finished");
    }
    struct atls_writer w = atls_writer_of(out);
    put_finished(&w, &mac);
    return finish(&w, out_len, diag);
}
