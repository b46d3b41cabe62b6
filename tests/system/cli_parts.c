/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the program that are hard to reach from its command line: who is one source of
 * connections, that a connection over which nothing happens ends, and what the kernel gives a
 * socket of UDP before it is connected. */
#include "support/pair.h"

#include "atls/sim.h"
#include "dtls_listen.h"
#include "net.h"
#include "rate.h"
#include "renewal.h"
#include "tls.h"
#include "udp_bio.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static struct cli_rate *rate_of(const char *text)
{
    struct cli_rate *rate = NULL;
    assert_err(cli_rate_new(&rate, text, NULL), OK);
    return rate;
}

static bool allows(struct cli_rate *rate, const char *text, int64_t now_ms)
{
    struct sockaddr_storage address;
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address;
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
    }
    return cli_rate_allows(rate, (const struct sockaddr *)&address, now_ms);
}

static void an_ipv4_address_is_a_source(void **state)
{
    (void)state;
    struct cli_rate *rate = rate_of("1/s");
    assert_true(allows(rate, "192.0.2.1", 1000));
    assert_false(allows(rate, "192.0.2.1", 1000));
    assert_true(allows(rate, "192.0.2.2", 1000));
    assert_false(allows(rate, "::ffff:192.0.2.1", 1000)); /* the same one, on an IPv6 socket */
    assert_true(allows(rate, "192.0.2.1", 2000));
    cli_rate_free(rate);
}

static void all_addresses_of_one_64_are_a_source(void **state)
{
    (void)state;
    struct cli_rate *rate = rate_of("2/s");
    assert_true(allows(rate, "2001:db8:0:1::1", 1000));
    assert_true(allows(rate, "2001:db8:0:1::2", 1000));
    assert_false(allows(rate, "2001:db8:0:1:ffff:ffff:ffff:ffff", 1000));
    assert_true(allows(rate, "2001:db8:0:2::1", 1000));
    assert_true(allows(rate, "2001:db8:1:1::1", 1000));
    assert_true(allows(rate, "c000:201::", 1000)); /* the octets of 192.0.2.1 in another family */
    assert_true(allows(rate, "192.0.2.1", 1000));
    cli_rate_free(rate);
}

static void without_a_bound_everybody_comes(void **state)
{
    (void)state;
    struct cli_rate *rate = NULL;
    assert_err(cli_rate_new(&rate, NULL, NULL), OK);
    for (int i = 0; i < 100; i++) {
        assert_true(allows(rate, "192.0.2.1", 1000));
    }
}

static void a_port_out_of_range_is_named(void **state)
{
    (void)state;
    struct cli_endpoint at;
    struct atls_diag diag;
    assert_err(cli_endpoint_parse(&at, "localhost:65535", "HOST:PORT", &diag), OK);
    assert_string_equal(at.port, "65535");
    static const char *const wrong[] = {"localhost:65536", "[::1]:99999", "localhost:123456789012"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_err(cli_endpoint_parse(&at, wrong[i], "HOST:PORT", &diag), CONFIG);
        assert_true(strncmp(diag.found, "port ", 5) == 0);
        assert_string_equal(diag.found + 5, strrchr(wrong[i], ':') + 1);
        assert_string_equal(diag.expected, "0 to 65535");
    }
    assert_err(cli_endpoint_parse(&at, "localhost:x", "HOST:PORT", &diag), CONFIG);
    assert_string_equal(diag.expected, "HOST:PORT, or [IPV6]:PORT");
}

/* Two ends over a socket pair; a thread runs the client's part of the handshake. */
struct ends {
    SSL *client, *server;
    int fd[2];
};

static void *connect_client(void *arg)
{
    SSL *ssl = arg;
    return SSL_connect(ssl) == 1 ? arg : NULL;
}

static struct ends joined(void)
{
    struct ends ends;
    pthread_t thread;
    void *connected = NULL;
    const struct test_world *world = test_world(&atls_attester_sim_psa);
    SSL_CTX *client = test_plain_ctx(world, NULL, false);
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    SSL_CTX_set_num_tickets(server, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.fd), 0);
    ends.client = SSL_new(client);
    ends.server = SSL_new(server);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    assert_int_equal(SSL_set_fd(ends.client, ends.fd[0]), 1);
    assert_int_equal(SSL_set_fd(ends.server, ends.fd[1]), 1);
    assert_int_equal(pthread_create(&thread, NULL, connect_client, ends.client), 0);
    assert_int_equal(SSL_accept(ends.server), 1);
    assert_int_equal(pthread_join(thread, &connected), 0);
    assert_non_null(connected);
    assert_int_equal(fcntl(ends.fd[1], F_SETFL, O_NONBLOCK), 0);
    SSL_set_mode(ends.server, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ends;
}

static void assert_told_and_free(struct ends *ends)
{
    char octet = 0;
    size_t len = 0;
    assert_int_equal(SSL_read_ex(ends->client, &octet, 1, &len), 0);
    assert_int_equal(SSL_get_error(ends->client, 0), SSL_ERROR_ZERO_RETURN); /* close_notify */
    SSL_free(ends->client);
    SSL_free(ends->server);
    close(ends->fd[0]);
    close(ends->fd[1]);
}

static void an_echo_that_hears_nothing_ends(void **state)
{
    (void)state;
    for (int sends = 0; sends < 2; sends++) {
        struct ends ends = joined();
        struct cli_counts counts = {0, 0};
        struct atls_diag diag;
        char octets[4];
        size_t len = 0;
        if (sends != 0) {
            assert_int_equal(SSL_write_ex(ends.client, "data", 4, &len), 1);
        }
        assert_err(cli_echo(ends.server, 30, &counts, &diag), TIMEOUT);
        assert_string_equal(diag.found, "none in either direction");
        assert_int_equal(counts.received, sends != 0 ? 4 : 0);
        if (sends != 0) {
            assert_int_equal(SSL_read_ex(ends.client, octets, sizeof octets, &len), 1);
            assert_memory_equal(octets, "data", 4);
        }
        assert_told_and_free(&ends);
    }
}

static void a_relay_between_two_who_say_nothing_ends(void **state)
{
    (void)state;
    struct ends ends = joined();
    int far_fd[2];
    struct cli_counts counts = {0, 0};
    struct atls_diag diag;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, far_fd), 0);
    const struct cli_far_side far = {.in_fd = far_fd[0], .out_fd = far_fd[0], .idle_ms = 30};
    assert_err(cli_relay(ends.server, &far, &counts, &diag), TIMEOUT);
    assert_string_equal(diag.claim, "data");
    assert_told_and_free(&ends);
    close(far_fd[0]);
    close(far_fd[1]);
}

static atomic_bool is_over;

/* drip writes octets of a record that never ends until the other side has given up. */
static void *drip(void *arg)
{
    const int fd = *(const int *)arg;
    const uint8_t octet = 0xaa;
    while (!atomic_load(&is_over) && send(fd, &octet, 1, MSG_NOSIGNAL) == 1) {
        (void)poll(NULL, 0, 5);
    }
    return NULL;
}

/* They are no data: were they, this would not end. */
static void pieces_of_a_record_do_not_put_it_off(void **state)
{
    (void)state;
    pthread_t thread;
    struct ends ends = joined();
    struct cli_counts counts = {0, 0};
    struct atls_diag diag;
    static const uint8_t start[] = {0x17, 0x03, 0x03, 0x40, 0x00, 0xaa};
    assert_int_equal(write(ends.fd[0], start, sizeof start), (ssize_t)sizeof start);
    assert_int_equal(pthread_create(&thread, NULL, drip, &ends.fd[0]), 0);
    assert_err(cli_echo(ends.server, 30, &counts, &diag), TIMEOUT);
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(counts.received, 0);
    assert_told_and_free(&ends);
}

/* ---- datagrams ---- */

enum { STRANGERS = 16 };

/* A client of DTLS, as far as its ClientHello. */
struct hello {
    SSL *ssl;
    int fd;
};

static struct hello strangers[STRANGERS];
static size_t num_strangers; /* who send when the next socket is to be connected */

int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    const size_t num = num_strangers;
    num_strangers = 0;
    for (size_t i = 0; i < num; i++) {
        assert_true(SSL_do_handshake(strangers[i].ssl) <= 0);
    }
    return __real_connect(fd, address, len);
}

static struct hello hello_to(SSL_CTX *ctx, const struct cli_endpoint *at)
{
    struct hello hello = {.ssl = SSL_new(ctx), .fd = -1};
    assert_non_null(hello.ssl);
    assert_err(cli_udp_dial(&hello.fd, at, 0, NULL), OK);
    BIO *bio = cli_udp_bio(hello.fd, true);
    assert_non_null(bio);
    SSL_set_bio(hello.ssl, bio, bio);
    SSL_set_connect_state(hello.ssl);
    return hello;
}

static void hello_free(struct hello *hello)
{
    SSL_free(hello->ssl);
    close(hello->fd);
}

/* has_datagram: also the loopback device may take its time, where a machine is busy. */
static bool has_datagram(int fd, int wait_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, wait_ms) == 1;
}

/* answer_all takes what has come, and what is still on its way, until all strangers are answered.
 */
static void answer_all(struct cli_dtls_listener *listener, SSL_CTX *server, int fd)
{
    const struct cli_address *from = NULL;
    for (size_t i = 0; i < STRANGERS;) {
        if (has_datagram(strangers[i].fd, 0)) {
            i++;
        } else if (cli_dtls_take(listener, server, &from) != CLI_DTLS_DROPPED) {
            struct pollfd either[2] = {{.fd = fd, .events = POLLIN},
                                       {.fd = strangers[i].fd, .events = POLLIN}};
            assert_true(poll(either, 2, 60000) > 0);
        }
    }
}

static void what_others_send_to_a_socket_that_is_not_connected_yet_is_theirs(void **state)
{
    (void)state;
    struct cli_endpoint at = {.host = "127.0.0.1", .port = "0"};
    struct cli_dtls_listener *listener = NULL;
    const struct cli_address *from = NULL;
    char address[80], octet = 0;
    SSL *ssl = NULL;
    int fd = -1, listens = -1;
    SSL_CTX *server = SSL_CTX_new(DTLS_server_method()),
            *client = SSL_CTX_new(DTLS_client_method());
    cli_dtls_cookies(server);
    assert_err(cli_udp_listen(&listens, address, sizeof address, &at, NULL), OK);
    assert_err(cli_dtls_listener_new(&listener, listens, NULL), OK);
    assert_err(cli_endpoint_parse(&at, address, "address", NULL), OK);
    for (size_t i = 0; i < STRANGERS; i++) {
        strangers[i] = hello_to(client, &at);
    }
    struct hello one = hello_to(client, &at);
    assert_int_equal(cli_dtls_take(listener, server, &from), CLI_DTLS_NOTHING);
    assert_true(SSL_do_handshake(one.ssl) <= 0);
    assert_true(has_datagram(listens, 60000));
    assert_int_equal(cli_dtls_take(listener, server, &from), CLI_DTLS_DROPPED);
    assert_true(has_datagram(one.fd, 60000));
    assert_true(SSL_do_handshake(one.ssl) <= 0); /* with the cookie */
    assert_true(has_datagram(listens, 60000));
    assert_int_equal(cli_dtls_take(listener, server, &from), CLI_DTLS_CLIENT);
    num_strangers = STRANGERS;
    assert_err(cli_dtls_accept(listener, &ssl, &fd, NULL), OK);
    assert_int_equal(recv(fd, &octet, 1, MSG_DONTWAIT), -1); /* nothing of theirs is left there */
    answer_all(listener, server, listens);
    for (size_t i = 0; i < STRANGERS; i++) {
        hello_free(&strangers[i]);
    }
    assert_false(has_datagram(one.fd, 0));
    hello_free(&one);
    SSL_free(ssl);
    close(fd);
    cli_dtls_listener_free(listener);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void who_reads_a_flood_comes_back_now_and_then(void **state)
{
    (void)state;
    int fds[2];
    unsigned back = 0, got = 0;
    char octets[8];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
    BIO *bio = cli_udp_bio(fds[0], true);
    assert_non_null(bio);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(send(fds[1], "x", 1, 0), 1); /* there is always one more */
        const int len = BIO_read(bio, octets, sizeof octets);
        if (len < 0) {
            assert_true(BIO_should_read(bio) && BIO_should_retry(bio));
            assert_int_equal(BIO_read(bio, octets, sizeof octets), 1);
            back++;
        }
        got++;
    }
    assert_int_equal(got, 200);
    assert_in_range(back, 2, 4);
    BIO_free(bio);
    close(fds[0]);
    close(fds[1]);
}

static void a_passport_is_renewed_between_half_and_three_quarters_of_its_life(void **state)
{
    (void)state;
    static const int64_t lives[] = {4, 8, 300, 86400};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lives); i++) {
        int64_t least = lives[i], most = 0;
        for (uint32_t chance = 0; chance < 50000; chance++) {
            const int64_t wait_s = cli_renewal_wait(lives[i], chance);
            least = wait_s < least ? wait_s : least;
            most = wait_s > most ? wait_s : most;
        }
        assert_int_equal(least, lives[i] / 2);
        assert_int_equal(most, lives[i] * 3 / 4);
        assert_in_range(cli_renewal_wait(lives[i], UINT32_MAX), least, most);
    }
    assert_int_equal(cli_renewal_wait(0, 5), 0);
    assert_true(cli_renewal_wait(-300, 5) <= 0); /* at once */
}

static void what_failed_is_tried_again_and_less_and_less_often(void **state)
{
    (void)state;
    int64_t retry_s = CLI_FIRST_RETRY_S;
    static const int64_t least[] = {2, 4, 8, 16, 32, 60, 60};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(least); i++) {
        int64_t again_s = retry_s;
        assert_int_equal(cli_renewal_retry(&again_s, 0), least[i]);
        assert_int_equal(cli_renewal_retry(&retry_s, (uint32_t)least[i]), 2 * least[i]);
    }
}

/* A peer says its last words and ends; what is sent to it then comes back as an error, which the
 * kernel tells first. */
static void the_last_words_of_a_peer_come_before_what_the_network_says(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET}, own = at;
    socklen_t len = sizeof at;
    char octets[8];
    at.sin_addr.s_addr = own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int peer = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(peer, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(peer, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, len), 0);
    assert_int_equal(__real_connect(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    BIO *bio = cli_udp_bio(fd, false);
    assert_non_null(bio);
    assert_int_equal(sendto(peer, "bye", 3, 0, (struct sockaddr *)&own, len), 3);
    assert_true(has_datagram(fd, 60000));
    close(peer);
    for (int i = 0; i < 2; i++) { /* the second finds the error of the first */
        struct pollfd failed = {.fd = fd};
        assert_int_equal(BIO_write(bio, "x", 1), 1);
        assert_int_equal(poll(&failed, 1, 60000), 1);
    }
    assert_int_equal(BIO_read(bio, octets, sizeof octets), 3);
    assert_int_equal(BIO_write(bio, "x", 1), 1);
    assert_int_equal(BIO_read(bio, octets, sizeof octets), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_false(BIO_should_retry(bio));
    BIO_free(bio);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address_is_a_source),
        cmocka_unit_test(all_addresses_of_one_64_are_a_source),
        cmocka_unit_test(without_a_bound_everybody_comes),
        cmocka_unit_test(a_port_out_of_range_is_named),
        cmocka_unit_test(an_echo_that_hears_nothing_ends),
        cmocka_unit_test(a_relay_between_two_who_say_nothing_ends),
        cmocka_unit_test(pieces_of_a_record_do_not_put_it_off),
        cmocka_unit_test(what_others_send_to_a_socket_that_is_not_connected_yet_is_theirs),
        cmocka_unit_test(who_reads_a_flood_comes_back_now_and_then),
        cmocka_unit_test(the_last_words_of_a_peer_come_before_what_the_network_says),
        cmocka_unit_test(a_passport_is_renewed_between_half_and_three_quarters_of_its_life),
        cmocka_unit_test(what_failed_is_tried_again_and_less_and_less_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
