/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include "base/diag.h"

#include <limits.h>
#include <openssl/err.h>

static int number_of(enum atls_post_step step)
{
    switch (step) {
    case ATLS_POST_DONE:
        return SSL_ERROR_NONE;
    case ATLS_POST_WANT_WRITE:
        return SSL_ERROR_WANT_WRITE;
    case ATLS_POST_ENDED:
        return SSL_ERROR_ZERO_RETURN;
    case ATLS_POST_FAILED:
        return SSL_ERROR_SSL;
    case ATLS_POST_WANT_READ:
    case ATLS_POST_WANT_ASYNC:
    case ATLS_POST_LATE:
        break;
    }
    return SSL_ERROR_WANT_READ;
}

int cli_stream_read(SSL *ssl, void *into, size_t len, size_t *out_len)
{
    if (atls_post_is_framed(ssl)) {
        return number_of(atls_post_read(ssl, into, len, out_len, NULL));
    }
    ERR_clear_error();
    const int ok = SSL_read_ex(ssl, into, len, out_len);
    return ok == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, ok);
}

int cli_stream_write(SSL *ssl, const void *data, size_t len, size_t *out_len)
{
    if (atls_post_is_framed(ssl)) {
        return number_of(atls_post_write(ssl, data, len, out_len, NULL));
    }
    ERR_clear_error();
    const int ok = SSL_write_ex(ssl, data, len, out_len);
    return ok == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, ok);
}

int cli_stream_end(SSL *ssl)
{
    if (atls_post_is_framed(ssl)) {
        return number_of(atls_post_end(ssl, NULL));
    }
    ERR_clear_error();
    const int ok = SSL_shutdown(ssl);
    return ok >= 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, ok);
}

enum atls_err cli_stream_run(SSL *ssl, struct atls_diag *diag)
{
    uint64_t accepted = 0, answered = 0;
    struct cli_rounds *rounds = SSL_get_app_data(ssl);
    if (!atls_post_is_framed(ssl)) {
        return ATLS_OK;
    }
    if (rounds != NULL && rounds->before != NULL) {
        rounds->before(rounds->arg, ssl);
    }
    const enum atls_post_step step = atls_post_run(ssl, diag);
    atls_post_rounds(ssl, &accepted, &answered);
    if (rounds != NULL && accepted > rounds->num_accepted) {
        if (rounds->num_accepted != 0 && rounds->accepted != NULL) {
            rounds->accepted(rounds->arg, ssl); /* the first was told with the handshake */
        }
        rounds->num_accepted = accepted;
    }
    return step == ATLS_POST_FAILED ? diag->err : ATLS_OK;
}

int cli_stream_wait_ms(const SSL *ssl, int wait_ms)
{
    const int64_t next_ms = atls_post_next_ms(ssl);
    if (next_ms < 0 || (wait_ms >= 0 && wait_ms <= next_ms)) {
        return wait_ms;
    }
    return next_ms > INT_MAX ? INT_MAX : (int)next_ms;
}
