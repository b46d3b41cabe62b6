/* SPDX-License-Identifier: Apache-2.0 */
/* Frames over a connection, octet by octet: what the exchange after the handshake, and rounds and
 * data behind it, are carried in (PROTOCOL.md, section 11). */
#ifndef STACK_OPENSSL_FRAMES_H
#define STACK_OPENSSL_FRAMES_H

#include "handshake/exchange.h"
#include "stack/openssl/datagram.h"

#include <openssl/async.h>

struct openssl_framed;

struct openssl_prelude {
    struct atls_exchange exchange;
    int64_t deadline_ms;
    struct atls_datagram *datagram; /* DTLS; NULL on TLS */
    struct atls_diag why;           /* of a failure */
    bool failed;
    /* With SSL_MODE_ASYNC: the fiber that waits for a job, and what for. */
    ASYNC_JOB *job;
    ASYNC_WAIT_CTX *waits;
    bool cancelled; /* it does not go on, and touches the SSL no more */
    /* What comes: a head, then its body. */
    uint8_t head_octets[ATLS_FRAME_HEAD_LEN];
    struct atls_frame_head head;
    uint8_t *body;
    size_t head_got, body_got;
    bool whole;
    /* What goes: one frame, head and body. */
    uint8_t *out;
    size_t out_len, out_sent;
    struct openssl_framed *framed; /* once it is open, where data are framed; else NULL */
};

enum openssl_io { IO_DONE, IO_WANT_READ, IO_WANT_WRITE, IO_FAILED, IO_ENDED };

/* openssl_frame_queue puts one frame where nothing waits to go (p->out_len 0). */
ATLS_NODISCARD enum atls_err openssl_frame_queue(struct openssl_prelude *p,
                                                 enum atls_frame_type type, struct atls_bytes body,
                                                 struct atls_diag *diag);
/* openssl_frame_flush sends what waits. */
enum openssl_io openssl_frame_flush(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag);
/* openssl_frame_receive reads one frame; its body is not waited for before its head has met the
 * limits. IO_ENDED, with a diag: close_notify where a frame would begin. */
enum openssl_io openssl_frame_receive(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag);
/* openssl_frame_check_time: IO_DONE before the deadline of the exchange, and once it has ended. */
enum openssl_io openssl_frame_check_time(const struct openssl_prelude *p, struct atls_diag *diag);
/* openssl_frame_turn, over DTLS, sends what is due, and takes a datagram. */
enum openssl_io openssl_frame_turn(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag);
void openssl_frame_forget(struct openssl_prelude *p);

/* openssl_take_close gives the peer's reason of a CLOSE that has come. */
enum atls_err openssl_take_close(SSL *ssl, const struct openssl_prelude *p, struct atls_diag *diag);
/* openssl_say_why sends CLOSE with the alert of a refusal, if that goes at once and between two
 * frames. */
void openssl_say_why(SSL *ssl, struct openssl_prelude *p, enum atls_err err);

/* openssl_io_failed is IO_FAILED, where the diag has the error. */
enum openssl_io openssl_io_failed(enum atls_err err);
/* openssl_shut_for_application makes SSL_read(3) and SSL_write(3) give nothing. */
void openssl_shut_for_application(SSL *ssl);
int64_t openssl_now_ms(void);

/* framed.c: the state of a connection whose data are framed, from the open gate on. */
ATLS_NODISCARD enum atls_err openssl_framed_begin(SSL *ssl, struct openssl_prelude *p,
                                                  struct atls_diag *diag);
void openssl_framed_free(struct openssl_framed *framed);
/* openssl_framed_set_clock replaces the clock of one connection, for tests. */
void openssl_framed_set_clock(SSL *ssl, int64_t (*clock_ms)(void));

#endif
