/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes of one thread whose signatures are made in a TPM: under SSL_MODE_ASYNC none of them
 * holds up the others, or the thread. */
#include "tls_test.h"

#include "support/fake_tpm.h"

#include <openssl/async.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>

#define NUM_PAIRS 4

/* A TPM that can be stopped: while `closed`, commands wait. */
struct gate {
    struct test_fake_tpm *fake;
    atomic_bool closed;
};

static struct machine machine;
static struct test_fake_tpm fake;
static struct gate gate;
static X509 *cert;
static SSL_CTX *server, *client;

static long through_gate(void *context, struct atls_bytes command, struct atls_buf answer)
{
    struct gate *at = context;
    while (atomic_load(&at->closed)) {
        test_sleep_ms(1);
    }
    return test_fake_forward(at->fake, command, answer);
}

static int start(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof machine);
    test_swtpm_start(&machine.swtpm);
    gate.fake = &fake;
    test_fake_start(&fake, through_gate, &gate, machine.swtpm.socket);
    machine.identity = provision(fake.tcti, NULL, NULL, 0);
    machine.attester = open_attester(machine.identity.config_json);
    machine.key = load_key(machine.attester, machine.identity.key_pem);
    cert = self_signed(machine.key, EVP_sha256());
    server = server_context(machine.key, cert);
    client = client_context(cert);
    SSL_CTX_set_mode(server, SSL_MODE_ASYNC);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(cert);
    EVP_PKEY_free(machine.key);
    tpm2->close(machine.attester);
    atls_provision_cleanup(&machine.identity);
    test_fake_stop(&fake);
    test_swtpm_stop(&machine.swtpm);
    return 0;
}

static OSSL_ASYNC_FD wait_fd(SSL *ssl)
{
    OSSL_ASYNC_FD fds[4];
    size_t num = ATLS_ARRAY_LEN(fds);
    assert_int_equal(SSL_get_all_async_fds(ssl, NULL, &num), 1);
    assert_int_equal(num, 1);
    assert_int_equal(SSL_get_all_async_fds(ssl, fds, &num), 1);
    return fds[0];
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd ready = {fd, POLLIN, 0};
    return poll(&ready, 1, timeout_ms) == 1;
}

/* run_to_the_wait lets the server come to its signature. */
static void run_to_the_wait(const struct pair *pair)
{
    int error = 0;
    assert_false(step(pair->client, &error));
    assert_int_equal(error, SSL_ERROR_WANT_READ);
    assert_false(step(pair->server, &error));
    assert_int_equal(error, SSL_ERROR_WANT_ASYNC);
}

/* finish runs a pair to the end, polling the descriptor as an application does. */
static bool finish(const struct pair *pair)
{
    bool server_done = false, client_done = false;
    for (int i = 0; i < 1000 && !(server_done && client_done); i++) {
        int error = 0;
        server_done = server_done || step(pair->server, &error);
        if (error == SSL_ERROR_WANT_ASYNC) {
            (void)is_readable(wait_fd(pair->server), 1000);
        } else if (error == SSL_ERROR_SSL) {
            return false;
        }
        client_done = client_done || step(pair->client, &error);
        if (error == SSL_ERROR_SSL) {
            return false;
        }
    }
    return server_done && client_done;
}

static void two_connections_of_one_thread_wait_at_once_and_both_finish(void **state)
{
    (void)state;
    struct pair first = pair_new(server, client), second = pair_new(server, client);
    atomic_store(&gate.closed, true);
    run_to_the_wait(&first);
    run_to_the_wait(&second);
    /* neither goes on while the TPM is silent, and neither blocks */
    assert_false(is_readable(wait_fd(first.server), 0));
    assert_false(is_readable(wait_fd(second.server), 0));
    int error = 0;
    assert_false(step(first.server, &error));
    assert_int_equal(error, SSL_ERROR_WANT_ASYNC);
    atomic_store(&gate.closed, false);
    assert_true(is_readable(wait_fd(first.server), 60000));
    assert_true(is_readable(wait_fd(second.server), 60000));
    assert_true(finish(&second)); /* in another order */
    assert_true(finish(&first));
    pair_free(&first);
    pair_free(&second);
}

static void many_connections_of_one_thread_finish(void **state)
{
    (void)state;
    struct pair pairs[NUM_PAIRS];
    atomic_store(&gate.closed, true);
    for (int i = 0; i < NUM_PAIRS; i++) {
        pairs[i] = pair_new(server, client);
        run_to_the_wait(&pairs[i]);
    }
    atomic_store(&gate.closed, false);
    for (int i = 0; i < NUM_PAIRS; i++) {
        assert_true(finish(&pairs[i]));
        pair_free(&pairs[i]);
    }
}

static void a_connection_signs_again_after_another_wait(void **state)
{
    (void)state;
    /* one descriptor serves a connection for its whole life: here, a client's too */
    SSL_CTX *mutual = client_context(cert);
    SSL_CTX_set_mode(mutual, SSL_MODE_ASYNC);
    assert_int_equal(SSL_CTX_use_certificate(mutual, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(mutual, machine.key), 1);
    SSL_CTX *asking = server_context(machine.key, cert);
    SSL_CTX_set_mode(asking, SSL_MODE_ASYNC);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(asking), cert), 1);
    SSL_CTX_set_verify(asking, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    for (int round = 0; round < 3; round++) {
        struct pair pair = pair_new(asking, mutual);
        bool server_done = false, client_done = false;
        for (int i = 0; i < 60000 && !(server_done && client_done); i++) {
            int error = 0;
            client_done = client_done || step(pair.client, &error);
            server_done = server_done || step(pair.server, &error);
            test_sleep_ms(1);
        }
        assert_true(server_done && client_done);
        pair_free(&pair);
    }
    SSL_CTX_free(asking);
    SSL_CTX_free(mutual);
}

static void a_blocking_connection_waits_beside_a_paused_one(void **state)
{
    (void)state;
    struct pair paused = pair_new(server, client), blocking = pair_new(server, client);
    SSL_clear_mode(blocking.server, SSL_MODE_ASYNC);
    atomic_store(&gate.closed, true);
    run_to_the_wait(&paused);
    atomic_store(&gate.closed, false);
    assert_true(shake_hands(&blocking));
    assert_true(finish(&paused));
    pair_free(&paused);
    pair_free(&blocking);
}

/* A connection that is freed while the TPM works on it. OpenSSL itself leaks the fiber, so this
 * happens in a process of its own, which does not look for leaks. */
static void free_while_waiting(void)
{
    struct machine own;
    machine_start(&own);
    X509 *own_cert = self_signed(own.key, EVP_sha256());
    SSL_CTX *own_server = server_context(own.key, own_cert);
    SSL_CTX *own_client = client_context(own_cert);
    SSL_CTX_set_mode(own_server, SSL_MODE_ASYNC);
    for (int i = 0; i < 20; i++) {
        struct pair pair = pair_new(own_server, own_client);
        run_to_the_wait(&pair);
        if (i % 2 != 0) {
            test_sleep_ms(3); /* some answers come before, some after */
        }
        pair_free(&pair);
    }
    struct pair pair = pair_new(own_server, own_client);
    assert_true(finish(&pair));
    pair_free(&pair);
    test_swtpm_stop(&own.swtpm);
}

static void a_connection_may_be_freed_while_its_signature_is_made(void **state)
{
    (void)state;
    if (TEST_UNDER_TSAN) {
        puts("skipped: ThreadSanitizer does not follow threads behind a fork");
        skip();
    }
    assert_int_equal(in_child(free_while_waiting), 0);
}

/* block_around_signature forbids the fiber to pause between Certificate and CertificateVerify. */
static void block_around_signature(int write, int version, int type, const void *octets, size_t len,
                                   SSL *ssl, void *argument)
{
    (void)version;
    (void)ssl;
    (void)argument;
    const uint8_t *message = octets;
    if (write == 0 || type != SSL3_RT_HANDSHAKE || len == 0) {
        return;
    }
    if (message[0] == SSL3_MT_CERTIFICATE) {
        ASYNC_block_pause();
    } else if (message[0] == SSL3_MT_CERTIFICATE_VERIFY) {
        ASYNC_unblock_pause();
    }
}

static void a_fiber_that_must_not_pause_blocks(void **state)
{
    (void)state;
    struct pair pair = pair_new(server, client);
    SSL_set_msg_callback(pair.server, block_around_signature);
    int error = 0;
    assert_false(step(pair.client, &error));
    assert_false(step(pair.server, &error));
    assert_int_equal(error, SSL_ERROR_WANT_READ); /* its whole flight went out */
    assert_true(finish(&pair));
    pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_connections_of_one_thread_wait_at_once_and_both_finish),
        cmocka_unit_test(many_connections_of_one_thread_finish),
        cmocka_unit_test(a_connection_signs_again_after_another_wait),
        cmocka_unit_test(a_blocking_connection_waits_beside_a_paused_one),
        cmocka_unit_test(a_connection_may_be_freed_while_its_signature_is_made),
        cmocka_unit_test(a_fiber_that_must_not_pause_blocks),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
