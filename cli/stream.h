/* SPDX-License-Identifier: Apache-2.0 */
/* Application data of a connection, in frames or not, and the rounds among them. */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include "atls/post.h"

/* Who wants to know of rounds on a connection; belongs to its SSL by SSL_set_app_data(3). */
struct cli_rounds {
    void (*before)(void *arg, SSL *ssl);   /* before anything moves; may be NULL */
    void (*accepted)(void *arg, SSL *ssl); /* after a round in which the peer was accepted */
    void *arg;
    uint64_t num_accepted;
};

/* The three give an SSL_ERROR_ number as SSL_get_error(3); SSL_ERROR_SSL for a framed connection
 * that has failed, about which cli_stream_run tells. */
int cli_stream_read(SSL *ssl, void *into, size_t len, size_t *out_len);
int cli_stream_write(SSL *ssl, const void *data, size_t len, size_t *out_len);
int cli_stream_end(SSL *ssl);

/* cli_stream_run moves rounds on, and gives why the connection has failed, if it has. */
ATLS_NODISCARD enum atls_err cli_stream_run(SSL *ssl, struct atls_diag *diag);
/* cli_stream_wait_ms gives how long to wait at most, `wait_ms` (negative: without end) or less. */
int cli_stream_wait_ms(const SSL *ssl, int wait_ms);

#endif
