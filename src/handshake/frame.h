/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of the exchange that follows a handshake (PROTOCOL.md, section 11): type u8, length u24,
 * body. Each type has its own limits, which its head already meets: a body is neither waited for
 * nor kept before.
 */
#ifndef HANDSHAKE_FRAME_H
#define HANDSHAKE_FRAME_H

#include "atls/bytes.h"
#include "base/diag.h"

enum atls_frame_type {
    ATLS_FRAME_HELLO = 1,         /* version u8, flags u8; what follows is for later versions */
    ATLS_FRAME_REQUEST = 2,       /* CertificateRequest or ClientCertificateRequest (RFC 9261, 4) */
    ATLS_FRAME_AUTHENTICATOR = 3, /* an authenticator, or the empty one */
    ATLS_FRAME_DONE = 4,          /* what the sender asked for is accepted; empty */
    ATLS_FRAME_DATA = 5,          /* application data, where both sides said that they frame it */
    ATLS_FRAME_CLOSE = 6          /* the sender refuses; its alert u8 (RFC 8446, 6) */
};

enum {
    ATLS_FRAME_HEAD_LEN = 4,
    ATLS_FRAME_VERSION = 1,
    ATLS_FRAME_ASKS = 1,   /* flag: a request of mine comes before my first DONE */
    ATLS_FRAME_FRAMES = 2, /* flag: application data may come in frames */
    ATLS_FRAME_HELLO_LEN = 2,
    ATLS_MAX_FRAME_HELLO_LEN = 64,
    ATLS_MAX_FRAME_REQUEST_LEN = 32768,
    ATLS_MAX_FRAME_AUTHENTICATOR_LEN = 131072,
    ATLS_MAX_FRAME_DATA_LEN = 16380 /* with its head a TLS record */
};

struct atls_frame_head {
    enum atls_frame_type type;
    size_t len; /* of the body */
};

struct atls_frame_hello {
    bool asks, frames;
};

/* atls_frame_head_parse reads the first four octets of a frame. ATLS_ERR_MALFORMED for a type that
 * there is not, and for a length that its type has not. */
ATLS_NODISCARD enum atls_err atls_frame_head_parse(struct atls_frame_head *out,
                                                   struct atls_bytes octets,
                                                   struct atls_diag *diag);
/* atls_frame_head_write writes them. ATLS_ERR_ARGUMENT for what would not be read back. */
ATLS_NODISCARD enum atls_err atls_frame_head_write(uint8_t out[ATLS_FRAME_HEAD_LEN],
                                                   const struct atls_frame_head *head,
                                                   struct atls_diag *diag);

/* atls_frame_hello_parse reads the body of HELLO. Flags that are not known mean nothing; another
 * version is ATLS_ERR_ILLEGAL, since ALPN has named this one. */
ATLS_NODISCARD enum atls_err atls_frame_hello_parse(struct atls_frame_hello *out,
                                                    struct atls_bytes body, struct atls_diag *diag);
void atls_frame_hello_write(uint8_t out[ATLS_FRAME_HELLO_LEN],
                            const struct atls_frame_hello *hello);

/* atls_frame_name gives "HELLO", ...; "a frame" for a number that is none. */
const char *atls_frame_name(enum atls_frame_type type);

#endif
