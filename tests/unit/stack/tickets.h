/* SPDX-License-Identifier: Apache-2.0 */
/* What goes over the wire for resumption: tickets, and sessions that are offered; and the newest
 * session that a client got. */
#ifndef UNIT_STACK_TICKETS_H
#define UNIT_STACK_TICKETS_H

#include "support/pair.h"

static SSL_SESSION *kept;
static unsigned num_tickets, num_psk_offers;

static inline int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

/* has_psk looks for pre_shared_key, which is the last extension of a ClientHello that has it. */
static inline bool has_psk(const uint8_t *hello, size_t len)
{
    size_t at = 4 + 2 + 32;
    at += 1u + hello[at];
    at += 2u + (size_t)(hello[at] << 8 | hello[at + 1]);
    at += 1u + hello[at] + 2u;
    while (at + 4 <= len) {
        const unsigned type = (unsigned)(hello[at] << 8 | hello[at + 1]);
        if (type == 41) {
            return true;
        }
        at += 4u + (size_t)(hello[at + 2] << 8 | hello[at + 3]);
    }
    return false;
}

static inline void count_messages(int write_p, int version, int content_type, const void *buf,
                                  size_t len, SSL *ssl, void *arg)
{
    const uint8_t *message = buf;
    if (content_type == SSL3_RT_HANDSHAKE) {
        num_tickets += message[0] == 4;
        num_psk_offers += message[0] == 1 && has_psk(message, len);
    }
    atls_openssl_msg_callback(write_p, version, content_type, buf, len, ssl, arg);
}

#endif
