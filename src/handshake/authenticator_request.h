/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CertificateRequest and ClientCertificateRequest outside of a handshake (RFC 9261, 4), which ask
 * for an authenticator, with cmw_attestation (draft-fossati-seat-expat-04) when it is to attest.
 */
#ifndef HANDSHAKE_AUTHENTICATOR_REQUEST_H
#define HANDSHAKE_AUTHENTICATOR_REQUEST_H

#include "base/diag.h"
#include "base/writer.h"
#include "handshake/negotiation.h"
#include "handshake/scheme.h"

/* The code point is not assigned by IANA: private use (RFC 9846, 12). */
#define ATLS_CMW_EXTENSION_TYPE 0xff5f

/*
 * attestation_schemes is ours, and for private use as well: schemes<2..2^16-1> that the asker
 * takes, in its order, as in one list of remoteAttestation. The drafts leave open how an attester
 * learns which formats are of use. Who does not know the extension passes it over (RFC 9261, 4).
 */
#define ATLS_SCHEMES_EXTENSION_TYPE 0xff60

/* Messages of a handshake that authenticators are made of (RFC 8446, 4; RFC 9261, 4). */
enum atls_handshake_type {
    ATLS_HS_CERTIFICATE = 11,
    ATLS_HS_CERTIFICATE_REQUEST = 13,
    ATLS_HS_CERTIFICATE_VERIFY = 15,
    ATLS_HS_CLIENT_CERTIFICATE_REQUEST = 17,
    ATLS_HS_FINISHED = 20
};

enum { ATLS_MAX_AUTHENTICATOR_SCHEMES = 32 };

/* Spans borrow the message. */
struct atls_authenticator_request {
    enum atls_role asker;      /* a server asks with type 13, a client with type 17 */
    struct atls_bytes context; /* certificate_request_context, 1 to 255 octets */
    struct atls_bytes schemes; /* content of signature_algorithms: two octets each, not none */
    /* Content of signature_algorithms_cert, for the signatures in certificates. Empty: as above. */
    struct atls_bytes cert_schemes;
    bool wants_attestation;        /* cmw_attestation was there, empty */
    bool has_server_name;          /* of a client only: which name, `server_name` says */
    struct atls_bytes server_name; /* content of the extension */
    /* Content of attestation_schemes: atls_authenticator_request_schemes reads it. Empty: none. */
    struct atls_bytes attestation_schemes;
    struct atls_bytes message; /* all of it, header included: what is hashed */
};

/*
 * atls_authenticator_request_parse reads one whole message. Extensions that are not known are
 * passed over (RFC 9261, 4). ATLS_ERR_MALFORMED; ATLS_ERR_EXTENSION_MISSING without
 * signature_algorithms; ATLS_ERR_ILLEGAL for an extension twice, an empty context, or a server name
 * in a server's request.
 */
ATLS_NODISCARD enum atls_err
atls_authenticator_request_parse(struct atls_authenticator_request *out, struct atls_bytes message,
                                 uint16_t cmw_extension, struct atls_diag *diag);

/* atls_authenticator_request_write writes one; `request->schemes` as above, `message` is not read.
 */
ATLS_NODISCARD enum atls_err
atls_authenticator_request_write(struct atls_buf out, size_t *out_len,
                                 const struct atls_authenticator_request *request,
                                 uint16_t cmw_extension, struct atls_diag *diag);

/* atls_authenticator_request_has_scheme is true when the request names this scheme. */
bool atls_authenticator_request_has_scheme(const struct atls_authenticator_request *request,
                                           uint16_t scheme);

/* atls_authenticator_request_schemes gives what the asker takes; no entry where it did not say.
 * Texts borrow the message. */
ATLS_NODISCARD enum atls_err
atls_authenticator_request_schemes(struct atls_scheme_list *out,
                                   const struct atls_authenticator_request *request,
                                   struct atls_diag *diag);

#endif
