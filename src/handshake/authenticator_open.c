/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticators that the other side made. */
#include "handshake/authenticator_hash.h"

#include "base/reader.h"
#include "base/span.h"

static const char step[] = "authenticator";

static enum atls_err malformed(const struct atls_reader *r, const char *claim, const char *expected,
                               struct atls_diag *diag)
{
    return atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, atls_reader_offset(r), expected);
}

/* read_message takes a message of this type; `body` counts its offsets in the whole. */
static bool read_message(struct atls_reader *r, uint8_t type, struct atls_reader *body)
{
    const struct atls_reader start = *r;
    uint8_t found = 0;
    struct atls_bytes octets;
    if (!atls_read_u8(r, &found) || found != type || !atls_read_vec24(r, 0, 0xffffff, &octets)) {
        *r = start;
        return false;
    }
    *body = atls_reader_of(octets);
    body->base = start.base + 4;
    return true;
}

/* ---- Certificate ---- */

static enum atls_err take_cmw(struct atls_authenticator *out, struct atls_bytes body,
                              struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(body);
    return atls_read_vec16(&r, 1, UINT16_MAX, &out->cmw) && atls_read_end(&r)
               ? ATLS_OK
               : malformed(&r, "cmw_attestation", "cmw_data of at least one octet, and no more",
                           diag);
}

/* take_extensions: only what was asked for (RFC 9261, 5.2.1), and a CMW only in the first entry. */
static enum atls_err take_extensions(struct atls_authenticator *out,
                                     const struct atls_authenticator_request *request,
                                     struct atls_reader *r, uint16_t cmw_extension,
                                     struct atls_diag *diag)
{
    while (!atls_read_end(r)) {
        uint16_t type = 0;
        struct atls_bytes body;
        if (!atls_read_u16(r, &type) || !atls_read_vec16(r, 0, UINT16_MAX, &body)) {
            return malformed(r, "extension", "a type of two octets and a vector", diag);
        }
        if (type != cmw_extension || !request->wants_attestation) {
            atls_fail_texts(diag, ATLS_ERR_UNSOLICITED, step, "extension", "type ",
                            "only those of the request");
            atls_diag_found_int(diag, type);
            return ATLS_ERR_UNSOLICITED;
        }
        if (out->num_certs != 0 || out->cmw.len != 0) {
            return atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, "cmw_attestation",
                                   out->num_certs != 0 ? "one in a later entry" : "a second one",
                                   "one, in the first CertificateEntry");
        }
        const enum atls_err err = take_cmw(out, body, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return ATLS_OK;
}

static enum atls_err take_entries(struct atls_authenticator *out,
                                  const struct atls_authenticator_request *request,
                                  struct atls_reader *r, uint16_t cmw_extension,
                                  struct atls_diag *diag)
{
    while (!atls_read_end(r)) {
        struct atls_bytes cert;
        struct atls_reader extensions;
        if (out->num_certs == ATLS_MAX_AUTHENTICATOR_CERTS) {
            return malformed(r, "certificate_list", "at most 10 certificates", diag);
        }
        if (!atls_read_vec24(r, 1, 0xffffff, &cert) ||
            !atls_read_sub16(r, 0, UINT16_MAX, &extensions)) {
            return malformed(r, "CertificateEntry", "a certificate and its extensions", diag);
        }
        const enum atls_err err = take_extensions(out, request, &extensions, cmw_extension, diag);
        if (err != ATLS_OK) {
            return err;
        }
        out->certs[out->num_certs++] = cert;
    }
    return out->num_certs != 0
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, "certificate_list", "none",
                                 "certificates, or Finished alone for a refusal");
}

static enum atls_err take_certificate(struct atls_authenticator *out,
                                      const struct atls_authenticator_request *request,
                                      struct atls_reader *r, uint16_t cmw_extension,
                                      struct atls_diag *diag)
{
    struct atls_bytes context, list;
    if (!atls_read_vec8(r, 0, UINT8_MAX, &context)) {
        return malformed(r, "certificate_request_context", "a vector of at most 255 octets", diag);
    }
    if (!atls_ct_equal(context, request->context)) {
        return atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, "certificate_request_context",
                               "another one", "that of the request");
    }
    const size_t at = atls_reader_offset(r) + 3;
    if (!atls_read_vec24(r, 0, 0xffffff, &list) || !atls_read_end(r)) {
        return malformed(r, "certificate_list", "a vector, and nothing behind it", diag);
    }
    struct atls_reader entries = atls_reader_of(list);
    entries.base = at;
    return take_entries(out, request, &entries, cmw_extension, diag);
}

/* ---- CertificateVerify and Finished ---- */

static enum atls_err take_verify(struct atls_authenticator *out,
                                 const struct atls_authenticator_request *request,
                                 struct atls_reader *r, struct atls_diag *diag)
{
    if (!atls_read_u16(r, &out->scheme) || !atls_read_vec16(r, 0, UINT16_MAX, &out->signature) ||
        !atls_read_end(r)) {
        return malformed(r, "CertificateVerify", "a scheme and a signature", diag);
    }
    if (!atls_authenticator_request_has_scheme(request, out->scheme)) {
        atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, "SignatureScheme", NULL,
                        "one of the request's");
        atls_diag_found_int(diag, out->scheme);
        return ATLS_ERR_ILLEGAL;
    }
    return ATLS_OK;
}

/* read_finished: the last message, with nothing behind it. */
static enum atls_err read_finished(struct atls_reader *r, size_t len, struct atls_bytes *mac,
                                   struct atls_diag *diag)
{
    struct atls_reader body;
    if (!read_message(r, ATLS_HS_FINISHED, &body) || !atls_read_bytes(&body, len, mac) ||
        !atls_read_end(&body) || !atls_read_end(r)) {
        return malformed(r, "Finished", "verify_data of Hash.length, and nothing behind it", diag);
    }
    return ATLS_OK;
}

static enum atls_err compare_mac(struct atls_bytes found, const struct atls_digest *expected,
                                 struct atls_diag *diag)
{
    return atls_ct_equal(found, atls_digest_bytes(expected))
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_AUTHENTICATOR, step, "Finished", "another MAC",
                                 "that of this connection, this request and the other side");
}

static enum atls_err open_refusal(const struct atls_crypto_ops *ops, struct atls_authenticator *out,
                                  const struct atls_authenticator_keys *keys,
                                  const struct atls_authenticator_request *request,
                                  struct atls_reader *r, struct atls_diag *diag)
{
    struct atls_bytes mac;
    struct atls_digest expected = {{0}, 0};
    enum atls_err err = read_finished(r, atls_hash_len(keys->hash_alg), &mac, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = atls_authenticator_refusal_mac(ops, keys, request, &expected);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "Finished");
    }
    out->refused = true;
    return compare_mac(mac, &expected, diag);
}

/* ---- all of it ---- */

static enum atls_err open_answer(const struct atls_crypto_ops *ops, struct atls_authenticator *out,
                                 const struct atls_authenticator_keys *keys,
                                 const struct atls_authenticator_request *request,
                                 struct atls_reader *r, struct atls_bytes message,
                                 uint16_t cmw_extension, struct atls_diag *diag)
{
    struct atls_reader body;
    struct atls_bytes mac;
    struct atls_digest hash = {{0}, 0}, expected = {{0}, 0};
    if (!read_message(r, ATLS_HS_CERTIFICATE, &body)) {
        return malformed(r, "Certificate", "a whole message of type 11, or 20 for a refusal", diag);
    }
    enum atls_err err = take_certificate(out, request, &body, cmw_extension, diag);
    const struct atls_bytes certificate = atls_bytes_of(message.data, atls_reader_offset(r));
    if (err == ATLS_OK && !read_message(r, ATLS_HS_CERTIFICATE_VERIFY, &body)) {
        err = malformed(r, "CertificateVerify", "a whole message of type 15", diag);
    }
    if (err == ATLS_OK) {
        err = take_verify(out, request, &body, diag);
    }
    const struct atls_bytes both = atls_bytes_of(message.data, atls_reader_offset(r));
    if (err == ATLS_OK) {
        err = read_finished(r, atls_hash_len(keys->hash_alg), &mac, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    err = atls_authenticator_mac(ops, keys, request, both, &expected);
    if (err == ATLS_OK) {
        err = atls_authenticator_hash(ops, keys, request, certificate, &hash);
    }
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "Finished");
    }
    out->content_len = atls_authenticator_content(out->content, &hash);
    return compare_mac(mac, &expected, diag);
}

enum atls_err atls_authenticator_open(const struct atls_crypto_ops *ops,
                                      struct atls_authenticator *out,
                                      const struct atls_authenticator_keys *keys,
                                      const struct atls_authenticator_request *request,
                                      struct atls_bytes message, uint16_t cmw_extension,
                                      struct atls_diag *diag)
{
    struct atls_authenticator authenticator = {.refused = false};
    struct atls_reader r = atls_reader_of(message);
    const bool refusal = message.len != 0 && message.data[0] == ATLS_HS_FINISHED;
    const enum atls_err err =
        refusal ? open_refusal(ops, &authenticator, keys, request, &r, diag)
                : open_answer(ops, &authenticator, keys, request, &r, message, cmw_extension, diag);
    if (err == ATLS_OK) {
        *out = authenticator;
    }
    return err;
}

enum atls_err atls_authenticator_verify(const struct atls_authenticator *authenticator,
                                        const struct atls_tls_signature_ops *signatures,
                                        const struct atls_tls_key *key, struct atls_diag *diag)
{
    if (authenticator->refused || authenticator->content_len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "CertificateVerify",
                               "a refusal, or nothing that was opened", "an answer");
    }
    const enum atls_err err =
        signatures->verify(authenticator->scheme, key,
                           atls_bytes_of(authenticator->content, authenticator->content_len),
                           authenticator->signature);
    if (err == ATLS_ERR_SIGNATURE) {
        /* decrypt_error (RFC 8446, 4.4.3): also what comes of another connection (RFC 9261, 5.2.2)
         */
        return atls_fail_texts(diag, ATLS_ERR_AUTHENTICATOR, step, "CertificateVerify",
                               "a signature that does not verify",
                               "one of this connection by the key of the certificate");
    }
    return err == ATLS_OK ? ATLS_OK
                          : atls_fail_texts(diag, err, step, "CertificateVerify",
                                            err == ATLS_ERR_ALGORITHM
                                                ? "a scheme that the certificate's key has not"
                                                : "a signature that could not be verified",
                                            "one by the key of the certificate");
}
