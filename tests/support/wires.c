/* SPDX-License-Identifier: Apache-2.0 */
#include "support/wires.h"

#include <sys/socket.h>
#include <unistd.h>

enum { MAX_ON_ITS_WAY = 10 };

static SSL *datagram_ssl(SSL_CTX *ctx, int fds[2])
{
    SSL *ssl = SSL_new(ctx);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_non_null(ssl);
    BIO *bio = BIO_new_socket(fds[0], BIO_NOCLOSE);
    assert_non_null(bio);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(ssl, 1200);
    SSL_CTX_free(ctx);
    return ssl;
}

void test_wires_join(struct test_wires *w, SSL_CTX *client, SSL_CTX *server)
{
    int fds[2];
    memset(w, 0, sizeof *w);
    w->lose = ~0u;
    w->pair.client.ssl = datagram_ssl(client, fds);
    w->ends[0] = fds[0];
    w->net[0] = fds[1];
    w->pair.server.ssl = datagram_ssl(server, fds);
    w->ends[1] = fds[0];
    w->net[1] = fds[1];
    SSL_set_connect_state(w->pair.client.ssl);
    SSL_set_accept_state(w->pair.server.ssl);
}

void test_wires_free(struct test_wires *w)
{
    test_pair_free(&w->pair);
    for (size_t i = 0; i < 2; i++) {
        close(w->ends[i]);
        close(w->net[i]);
    }
}

/* deliver gives datagrams to an end as the network does. */
static void deliver(struct test_wires *w, int to, unsigned char (*datagrams)[TEST_MAX_WIRE_LEN],
                    const size_t *len, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const size_t at = w->backwards ? num - 1 - i : i;
        const unsigned copies = w->carried++ == w->lose ? 0 : w->twice ? 2 : 1;
        for (unsigned n = 0; n < copies; n++) {
            assert_int_equal(send(to, datagrams[at], len[at], 0), len[at]);
        }
    }
}

bool test_wires_carry(struct test_wires *w)
{
    bool any = false;
    for (size_t i = 0; i < 2; i++) {
        unsigned char datagrams[MAX_ON_ITS_WAY][TEST_MAX_WIRE_LEN];
        size_t len[MAX_ON_ITS_WAY], num = 0;
        ssize_t got = 0;
        while (num < MAX_ON_ITS_WAY &&
               (got = recv(w->net[i], datagrams[num], TEST_MAX_WIRE_LEN, 0)) >= 0) {
            len[num++] = (size_t)got;
        }
        deliver(w, w->net[1 - i], datagrams, len, num);
        any = any || num != 0;
    }
    return any;
}
