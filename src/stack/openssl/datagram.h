/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange over DTLS: its stream in records, each the application data of one datagram. */
#ifndef STACK_OPENSSL_DATAGRAM_H
#define STACK_OPENSSL_DATAGRAM_H

#include "handshake/datagram.h"
#include "stack/openssl/adapter.h"

/* openssl_datagram_check refuses what an exporter without the extended master secret would bind to,
 * which is no transcript (RFC 7627; RFC 9261, 1). OpenSSL tells it when the handshake is over. */
ATLS_NODISCARD enum atls_err openssl_datagram_check(SSL *ssl, struct atls_diag *diag);

/* openssl_datagram_new derives the marks from a finished connection; NULL: it could not, or without
 * memory. */
struct atls_datagram *openssl_datagram_new(SSL *ssl);
/* openssl_datagram_free is for NULL, too. */
void openssl_datagram_free(struct atls_datagram *d);

/* openssl_datagram_send sends what is due. What does not go is lost, as a datagram may be. */
void openssl_datagram_send(SSL *ssl, struct atls_datagram *d, int64_t now_ms);
/*
 * openssl_datagram_turn sends what is due, and reads one datagram: 1 when one came, else what
 * SSL_get_error(3) wants. What has not the mark is the application's: with `open`, which says that
 * the exchange has ended here, it is left where it is, and shows that it has ended there as well;
 * else the peer has sent it before time or it has overtaken the exchange, and it is dropped.
 */
int openssl_datagram_turn(SSL *ssl, struct atls_datagram *d, bool open, int64_t now_ms);

#endif
