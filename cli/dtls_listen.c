/* SPDX-License-Identifier: Apache-2.0 */
#include "dtls_listen.h"

#include "base/diag.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "udp_bio.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    cookie_len = 32,
    cookie_life_ms = 30000, /* one is good in its own period and in the next */
    max_strays = 16,
    queue_at_most = 4096, /* datagrams that the kernel keeps for a socket */
    first_message = 13,   /* behind the head of the record (RFC 6347, 4.1) */
    least_hello = first_message + 12
};

struct cli_cookies {
    unsigned char key[32]; /* of this process */
};

struct cli_dtls_listener {
    int fd;
    struct cli_cookies cookies;
    SSL *ssl;                /* that of the next client */
    struct cli_datagram now; /* what it reads */
    /* What came to the socket of a connection before that was connected to its peer. */
    struct cli_datagram strays[max_strays];
    size_t num_strays;
};

/* ---- cookies ---- */

/* make_cookie is over the address, and over the time, since an address has other users later. */
static bool make_cookie(unsigned char out[cookie_len], const struct cli_udp *udp, int64_t period)
{
    struct atls_digest digest;
    const struct atls_bytes parts[] = {atls_bytes_of(&udp->peer.storage, udp->peer.len),
                                       atls_bytes_of(&period, sizeof period)};
    const struct atls_bytes key = atls_bytes_of(udp->cookies->key, sizeof udp->cookies->key);
    if (atls_crypto_openssl()->hmac(ATLS_ALG_SHA256, key, parts, ATLS_ARRAY_LEN(parts), &digest) !=
        ATLS_OK) {
        return false;
    }
    memcpy(out, digest.data, cookie_len);
    return true;
}

static int give_cookie(SSL *ssl, unsigned char *out, unsigned *out_len)
{
    const struct cli_udp *udp = cli_udp_of(ssl);
    if (udp == NULL || udp->cookies == NULL ||
        !make_cookie(out, udp, cli_now_ms() / cookie_life_ms)) {
        return 0;
    }
    *out_len = cookie_len;
    return 1;
}

/* check_cookie is asked twice: by the listener, and again when the handshake takes the same
 * message. */
static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
    const struct cli_udp *udp = cli_udp_of(ssl);
    unsigned char wanted[cookie_len];
    const int64_t period = cli_now_ms() / cookie_life_ms;
    if (udp == NULL || udp->cookies == NULL) {
        return 0;
    }
    if (udp->proven) {
        return 1;
    }
    for (int64_t past = 0; past < 2; past++) {
        if (make_cookie(wanted, udp, period - past) &&
            atls_ct_equal(atls_bytes_of(cookie, len), atls_bytes_of(wanted, cookie_len))) {
            return 1;
        }
    }
    return 0;
}

void cli_dtls_cookies(SSL_CTX *ctx)
{
    SSL_CTX_set_cookie_generate_cb(ctx, give_cookie);
    SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
}

/* ---- the listener ---- */

enum atls_err cli_dtls_listener_new(struct cli_dtls_listener **out, int fd, struct atls_diag *diag)
{
    struct cli_dtls_listener *l = calloc(1, sizeof *l);
    if (l == NULL || RAND_priv_bytes(l->cookies.key, sizeof l->cookies.key) != 1) {
        free(l);
        close(fd);
        return atls_fail(diag, ATLS_ERR_MEMORY, "listen", "cookies");
    }
    l->fd = fd;
    *out = l;
    return ATLS_OK;
}

void cli_dtls_listener_free(struct cli_dtls_listener *l)
{
    if (l != NULL) {
        SSL_free(l->ssl);
        close(l->fd);
        atls_wipe(l, sizeof *l);
        free(l);
    }
}

bool cli_dtls_has_more(const struct cli_dtls_listener *l)
{
    return l->num_strays != 0;
}

/* renew has an SSL of `ctx` ready, which a SIGHUP may have exchanged. */
static bool renew(struct cli_dtls_listener *l, SSL_CTX *ctx)
{
    if (l->ssl != NULL && SSL_get_SSL_CTX(l->ssl) == ctx) {
        return true;
    }
    SSL_free(l->ssl);
    l->ssl = SSL_new(ctx);
    BIO *bio = cli_udp_bio(l->fd, true);
    if (l->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        SSL_free(l->ssl);
        l->ssl = NULL;
        return false;
    }
    SSL_set_bio(l->ssl, bio, bio);
    SSL_set_options(l->ssl, SSL_OP_COOKIE_EXCHANGE);
    SSL_set_accept_state(l->ssl);
    return true;
}

/* next moves a datagram to l->now. */
static bool next(struct cli_dtls_listener *l)
{
    if (l->num_strays != 0) {
        l->now = l->strays[--l->num_strays];
        return true;
    }
    return cli_udp_receive(l->fd, &l->now);
}

/* is_hello looks at what is cheap to look at, before OpenSSL does at the rest. */
static bool is_hello(const struct cli_datagram *d)
{
    return d->len >= least_hello && d->data[0] == SSL3_RT_HANDSHAKE &&
           d->data[first_message] == SSL3_MT_CLIENT_HELLO;
}

enum cli_dtls_taken cli_dtls_take(struct cli_dtls_listener *l, SSL_CTX *ctx,
                                  const struct cli_address **out)
{
    if (!next(l)) {
        return CLI_DTLS_NOTHING;
    }
    if (!is_hello(&l->now) || !renew(l, ctx)) {
        return CLI_DTLS_DROPPED;
    }
    BIO_ADDR *ignored = BIO_ADDR_new();
    struct cli_udp *udp = cli_udp_of(l->ssl);
    udp->only = &l->now;
    udp->read_it = false;
    udp->cookies = &l->cookies;
    udp->peer = l->now.from;
    udp->proven = false;
    ERR_clear_error();
    const int listened = ignored != NULL ? DTLSv1_listen(l->ssl, ignored) : 0;
    ERR_clear_error();
    BIO_ADDR_free(ignored);
    if (listened < 0) { /* in no state that is known */
        SSL_free(l->ssl);
        l->ssl = NULL;
    }
    if (listened <= 0) {
        return CLI_DTLS_DROPPED;
    }
    udp->proven = true;
    *out = &l->now.from;
    return CLI_DTLS_CLIENT;
}

/* keep_strays: until it is connected a socket gets what others send to the address, too, and all of
 * that is in front of what comes later. What the peer itself has sent meanwhile it sends again. */
static void keep_strays(struct cli_dtls_listener *l, int fd)
{
    struct cli_datagram stray;
    for (int i = 0; i < queue_at_most && cli_udp_receive(fd, &stray); i++) {
        if (!cli_address_equal(&stray.from, &l->now.from) && l->num_strays < max_strays) {
            l->strays[l->num_strays++] = stray;
        }
    }
}

enum atls_err cli_dtls_accept(struct cli_dtls_listener *l, SSL **out, int *out_fd,
                              struct atls_diag *diag)
{
    int fd = -1;
    const enum atls_err err = cli_udp_connect(&fd, &l->now.to, &l->now.from, diag);
    if (err != ATLS_OK) {
        return err;
    }
    keep_strays(l, fd);
    struct cli_udp *udp = cli_udp_of(l->ssl);
    udp->fd = fd;
    udp->only = NULL;
    *out = l->ssl;
    *out_fd = fd;
    l->ssl = NULL;
    return ATLS_OK;
}
