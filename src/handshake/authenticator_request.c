/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/authenticator_request.h"

#include "base/reader.h"
#include "base/span.h"

static const char step[] = "authenticator request";

/* Extensions of a request that mean something here (RFC 8446, 4.2). */
enum {
    SERVER_NAME = 0,
    SIGNATURE_ALGORITHMS = 13,
    SIGNATURE_ALGORITHMS_CERT = 50,
    MAX_EXTENSIONS = 32
};

static enum atls_err malformed(const struct atls_reader *r, const char *claim, const char *expected,
                               struct atls_diag *diag)
{
    return atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, atls_reader_offset(r), expected);
}

static enum atls_err illegal(const char *claim, const char *found, const char *expected,
                             struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, claim, found, expected);
}

/* take_schemes reads a SignatureSchemeList, of either extension that has one (RFC 8446, 4.2.3). */
static enum atls_err take_schemes(struct atls_bytes *out, struct atls_bytes body, const char *claim,
                                  struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(body);
    const size_t most = (size_t)2 * ATLS_MAX_AUTHENTICATOR_SCHEMES;
    struct atls_bytes schemes;
    if (!atls_read_vec16(&r, 2, most, &schemes) || !atls_read_end(&r) || schemes.len % 2 != 0) {
        return malformed(&r, claim, "1 to 32 schemes of two octets", diag);
    }
    *out = schemes;
    return ATLS_OK;
}

static enum atls_err take_server_name(struct atls_authenticator_request *request,
                                      struct atls_bytes body, struct atls_diag *diag)
{
    if (request->asker != ATLS_ROLE_CLIENT) {
        return illegal("server_name", "one in the request of a server",
                       "none: only a client may name a server", diag);
    }
    request->has_server_name = true;
    request->server_name = body;
    return ATLS_OK;
}

enum atls_err atls_authenticator_request_schemes(struct atls_scheme_list *out,
                                                 const struct atls_authenticator_request *request,
                                                 struct atls_diag *diag)
{
    static const char claim[] = "attestation_schemes";
    struct atls_reader r = atls_reader_of(request->attestation_schemes);
    struct atls_scheme_list list = {.count = 0};
    if (!atls_read_end(&r)) {
        const enum atls_err err = atls_scheme_list_read(&r, &list, step, claim, diag);
        if (err != ATLS_OK) {
            return err;
        }
        if (list.count == 0 || !atls_read_end(&r)) {
            return malformed(&r, claim, "1 to 32 schemes, and nothing behind them", diag);
        }
    }
    *out = list;
    return ATLS_OK;
}

/* take_attestation_schemes reads them once, so that a request that was parsed is well-formed. */
static enum atls_err take_attestation_schemes(struct atls_authenticator_request *request,
                                              struct atls_bytes body, struct atls_diag *diag)
{
    struct atls_scheme_list list;
    request->attestation_schemes = body;
    if (body.len == 0) {
        return illegal("attestation_schemes", "nothing in it", "1 to 32 schemes", diag);
    }
    return atls_authenticator_request_schemes(&list, request, diag);
}

static enum atls_err take_extension(struct atls_authenticator_request *request, uint16_t type,
                                    struct atls_bytes body, uint16_t cmw_extension,
                                    struct atls_diag *diag)
{
    if (type == SIGNATURE_ALGORITHMS) {
        return take_schemes(&request->schemes, body, "signature_algorithms", diag);
    }
    if (type == SIGNATURE_ALGORITHMS_CERT) {
        return take_schemes(&request->cert_schemes, body, "signature_algorithms_cert", diag);
    }
    if (type == SERVER_NAME) {
        return take_server_name(request, body, diag);
    }
    if (type == cmw_extension) {
        request->wants_attestation = true;
        return body.len == 0
                   ? ATLS_OK
                   : illegal("cmw_attestation", "octets in it", "an empty extension", diag);
    }
    return type == ATLS_SCHEMES_EXTENSION_TYPE ? take_attestation_schemes(request, body, diag)
                                               : ATLS_OK;
}

/* is_new keeps the types that were there: none may come twice (RFC 8446, 4.2). */
static bool is_new(uint16_t seen[MAX_EXTENSIONS], size_t *num_seen, uint16_t type)
{
    for (size_t i = 0; i < *num_seen; i++) {
        if (seen[i] == type) {
            return false;
        }
    }
    seen[(*num_seen)++] = type;
    return true;
}

static enum atls_err take_extensions(struct atls_authenticator_request *request,
                                     struct atls_reader *r, uint16_t cmw_extension,
                                     struct atls_diag *diag)
{
    uint16_t seen[MAX_EXTENSIONS];
    size_t num_seen = 0;
    while (!atls_read_end(r)) {
        uint16_t type = 0;
        struct atls_bytes body;
        if (num_seen == MAX_EXTENSIONS) {
            return malformed(r, "extensions", "at most 32", diag);
        }
        if (!atls_read_u16(r, &type) || !atls_read_vec16(r, 0, UINT16_MAX, &body)) {
            return malformed(r, "extension", "a type of two octets and a vector", diag);
        }
        if (!is_new(seen, &num_seen, type)) {
            return illegal("extensions", "one of a type that was there", "each type once", diag);
        }
        const enum atls_err err = take_extension(request, type, body, cmw_extension, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    /* mandatory (RFC 9261, 7.1), so missing_extension (RFC 8446, 6.2) */
    return request->schemes.len != 0
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_EXTENSION_MISSING, step, "signature_algorithms",
                                 "none", "the schemes that the asker takes");
}

/* read_header gives the body of a message of one of the two types, with nothing behind it. */
static enum atls_err read_header(struct atls_authenticator_request *request, struct atls_reader *r,
                                 struct atls_diag *diag)
{
    uint8_t type = 0;
    uint32_t len = 0;
    if (!atls_read_u8(r, &type) ||
        (type != ATLS_HS_CERTIFICATE_REQUEST && type != ATLS_HS_CLIENT_CERTIFICATE_REQUEST)) {
        return malformed(r, "type", "13 (CertificateRequest) or 17 (ClientCertificateRequest)",
                         diag);
    }
    request->asker = type == ATLS_HS_CERTIFICATE_REQUEST ? ATLS_ROLE_SERVER : ATLS_ROLE_CLIENT;
    if (!atls_read_u24(r, &len) || len != r->left) {
        return malformed(r, "length", "as many octets as follow", diag);
    }
    return ATLS_OK;
}

enum atls_err atls_authenticator_request_parse(struct atls_authenticator_request *out,
                                               struct atls_bytes message, uint16_t cmw_extension,
                                               struct atls_diag *diag)
{
    struct atls_authenticator_request request = {.message = message};
    struct atls_reader r = atls_reader_of(message);
    struct atls_reader extensions;
    enum atls_err err = read_header(&request, &r, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_read_vec8(&r, 0, UINT8_MAX, &request.context)) {
        return malformed(&r, "certificate_request_context", "a vector of at most 255 octets", diag);
    }
    if (request.context.len == 0) {
        return illegal("certificate_request_context", "none", "1 to 255 octets", diag);
    }
    if (!atls_read_sub16(&r, 2, UINT16_MAX, &extensions) || !atls_read_end(&r)) {
        return malformed(&r, "extensions", "a vector, and nothing behind it", diag);
    }
    err = take_extensions(&request, &extensions, cmw_extension, diag);
    if (err == ATLS_OK) {
        *out = request;
    }
    return err;
}

static void put_extension(struct atls_writer *w, uint16_t type, struct atls_bytes body)
{
    atls_write_u16(w, type);
    atls_write_vec16(w, body);
}

static void put_schemes(struct atls_writer *w, uint16_t type, struct atls_bytes schemes)
{
    atls_write_u16(w, type);
    const size_t list = atls_write_vec16_open(w);
    atls_write_vec16(w, schemes);
    atls_write_vec16_close(w, list);
}

static void put_body(struct atls_writer *w, const struct atls_authenticator_request *request,
                     uint16_t cmw_extension)
{
    const struct atls_bytes nothing = {NULL, 0};
    atls_write_vec8(w, request->context);
    const size_t all = atls_write_vec16_open(w);
    if (request->has_server_name) {
        put_extension(w, SERVER_NAME, request->server_name);
    }
    put_schemes(w, SIGNATURE_ALGORITHMS, request->schemes);
    if (request->cert_schemes.len != 0) {
        put_schemes(w, SIGNATURE_ALGORITHMS_CERT, request->cert_schemes);
    }
    if (request->wants_attestation) {
        put_extension(w, cmw_extension, nothing);
    }
    if (request->attestation_schemes.len != 0) {
        put_extension(w, ATLS_SCHEMES_EXTENSION_TYPE, request->attestation_schemes);
    }
    atls_write_vec16_close(w, all);
}

enum atls_err atls_authenticator_request_write(struct atls_buf out, size_t *out_len,
                                               const struct atls_authenticator_request *request,
                                               uint16_t cmw_extension, struct atls_diag *diag)
{
    struct atls_writer count = atls_writer_counting();
    put_body(&count, request, cmw_extension);
    struct atls_writer w = atls_writer_of(out);
    atls_write_u8(&w, request->asker == ATLS_ROLE_CLIENT ? ATLS_HS_CLIENT_CERTIFICATE_REQUEST
                                                         : ATLS_HS_CERTIFICATE_REQUEST);
    atls_write_u24(&w, (uint32_t)count.len);
    put_body(&w, request, cmw_extension);
    const bool has_both = request->context.len != 0 && request->schemes.len != 0;
    if (!has_both) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "request", "one without",
                               "a context and schemes");
    }
    return atls_writer_finish(&w, out_len) ? ATLS_OK
                                           : atls_fail(diag, ATLS_ERR_BUFFER, step, "request");
}

bool atls_authenticator_request_has_scheme(const struct atls_authenticator_request *request,
                                           uint16_t scheme)
{
    for (size_t i = 0; i + 1 < request->schemes.len; i += 2) {
        if (((unsigned)request->schemes.data[i] << 8 | request->schemes.data[i + 1]) == scheme) {
            return true;
        }
    }
    return false;
}
