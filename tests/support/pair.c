/* SPDX-License-Identifier: Apache-2.0 */
#include "support/pair.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>

enum { PIPE_LEN = 262144 };

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    /* OpenSSL decodes the extensions when they are first asked for, by whatever thread that is; in
     * a library without instrumentation ThreadSanitizer does not see how it orders that. */
    (void)X509_check_purpose(cert, -1, 0);
    return cert;
}

static void use_cert(SSL_CTX *ctx, const char *pem, const struct atls_key *key)
{
    X509 *cert = read_cert(pem);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, atls_key_evp(key)), 1);
    X509_free(cert);
}

SSL_CTX *test_plain_ctx(const struct test_world *world, const struct test_machine *machine,
                        bool verifies)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    assert_non_null(ctx);
    X509 *ca = read_cert(world->ca);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca), 1);
    X509_free(ca);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_CTX_set_num_tickets(ctx, 0), 1);
    if (machine != NULL) {
        use_cert(ctx, machine->cert, machine->key);
    }
    if (verifies) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

void test_use_self_signed(SSL_CTX *ctx, const struct test_machine *machine)
{
    use_cert(ctx, machine->self_signed, machine->key);
}

SSL_CTX *test_enabled_ctx(const struct test_world *world, const struct test_machine *machine,
                          const struct test_spec *spec)
{
    struct atls_diag diag = {.err = ATLS_OK};
    SSL_CTX *ctx = test_plain_ctx(world, machine, false);
    assert_int_equal(SSL_CTX_set_num_tickets(ctx, 2), 1); /* OpenSSL's default */
    struct atls_context *context = test_context(world, spec);
    if (spec->psk != NULL) {
        assert_err(atls_openssl_set_psk(ctx, spec->psk, &diag), OK);
    }
    const enum atls_err err = atls_openssl_enable(ctx, context, &diag);
    if (err != ATLS_OK) {
        print_error("%s\n", test_sentence(&diag));
    }
    assert_err(err, OK);
    atls_context_unref(context);
    return ctx;
}

void test_pair_join(struct test_pair *pair)
{
    BIO *client = NULL, *server = NULL;
    assert_int_equal(BIO_new_bio_pair(&client, PIPE_LEN, &server, PIPE_LEN), 1);
    SSL_set_bio(pair->client.ssl, client, client);
    SSL_set_bio(pair->server.ssl, server, server);
    SSL_set_connect_state(pair->client.ssl);
    SSL_set_accept_state(pair->server.ssl);
    struct test_end *ends[] = {&pair->client, &pair->server};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ends); i++) {
        SSL *ssl = ends[i]->ssl;
        memset(ends[i], 0, sizeof *ends[i]);
        ends[i]->ssl = ssl;
    }
}

struct test_pair test_pair_of(SSL_CTX *client, SSL_CTX *server)
{
    struct test_pair pair = {.client.ssl = SSL_new(client), .server.ssl = SSL_new(server)};
    assert_true(pair.client.ssl != NULL && pair.server.ssl != NULL);
    test_pair_join(&pair);
    return pair;
}

struct test_pair test_pair_of_spec(const struct test_world *world, const struct test_spec *client,
                                   const struct test_spec *server)
{
    SSL_CTX *client_ctx = test_enabled_ctx(world, &world->client, client);
    SSL_CTX *server_ctx = test_enabled_ctx(world, &world->server, server);
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    return pair;
}

void test_pair_free(struct test_pair *pair)
{
    SSL_free(pair->client.ssl);
    SSL_free(pair->server.ssl);
    memset(pair, 0, sizeof *pair);
}

void test_use_groups(SSL *ssl, const char *list)
{
    char copy[128]; /* OpenSSL's macro takes no const */
    snprintf(copy, sizeof copy, "%s", list);
    assert_int_equal(SSL_set1_groups_list(ssl, copy), 1);
}

static void note_alert(const SSL *ssl, int where, int ret)
{
    struct test_end *end = SSL_get_app_data(ssl);
    if ((where & SSL_CB_ALERT) != 0 && (ret >> 8) == SSL3_AL_FATAL) {
        *((where & SSL_CB_READ) != 0 ? &end->alert_in : &end->alert_out) = ret & 0xff;
    }
    atls_openssl_info_callback(ssl, where, ret);
}

void test_watch(struct test_pair *pair)
{
    assert_int_equal(SSL_set_app_data(pair->client.ssl, &pair->client), 1);
    assert_int_equal(SSL_set_app_data(pair->server.ssl, &pair->server), 1);
    SSL_set_info_callback(pair->client.ssl, note_alert);
    SSL_set_info_callback(pair->server.ssl, note_alert);
}

void test_step(struct test_end *end)
{
    if (end->done || end->failed) {
        return;
    }
    ERR_clear_error();
    end->ret = SSL_do_handshake(end->ssl);
    end->error = SSL_get_error(end->ssl, end->ret);
    end->done = end->ret == 1;
    end->failed = !end->done && end->error != SSL_ERROR_WANT_READ &&
                  end->error != SSL_ERROR_WANT_WRITE && end->error != SSL_ERROR_WANT_ASYNC;
    if (end->failed) {
        end->failed_with = atls_openssl_outcome(end->ssl, end->ret, &end->diag);
    }
    if (ERR_peek_error() != 0) {
        /* what is left behind here would mislead the application's next SSL_get_error */
        fail_msg("the error queue is not empty: %s", ERR_reason_error_string(ERR_peek_error()));
    }
}

/* wait_async waits a while for the descriptor of a paused end. */
static void wait_async(SSL *ssl)
{
    OSSL_ASYNC_FD fds[4];
    size_t num = 0;
    if (SSL_get_all_async_fds(ssl, NULL, &num) == 1 && num >= 1 && num <= ATLS_ARRAY_LEN(fds) &&
        SSL_get_all_async_fds(ssl, fds, &num) == 1) {
        struct pollfd ready = {fds[0], POLLIN, 0};
        (void)poll(&ready, 1, 100);
    }
}

static bool can_go_on(struct test_end *end)
{
    if (end->done || end->failed) {
        return false;
    }
    if (end->error == SSL_ERROR_WANT_ASYNC) {
        wait_async(end->ssl);
        return true;
    }
    return BIO_ctrl_pending(SSL_get_rbio(end->ssl)) != 0;
}

void test_shake(struct test_pair *pair)
{
    do {
        test_step(&pair->client);
        test_step(&pair->server);
    } while (can_go_on(&pair->client) || can_go_on(&pair->server));
}

bool test_send(struct test_end *from, struct test_end *to)
{
    const char sent = 'x';
    char got = '\0';
    return SSL_write(from->ssl, &sent, 1) == 1 && SSL_read(to->ssl, &got, 1) == 1 && got == sent;
}

int test_read(struct test_end *end)
{
    char octet = '\0';
    ERR_clear_error();
    const int ret = SSL_read(end->ssl, &octet, 1);
    if (ret <= 0) {
        end->ret = ret;
        end->error = SSL_get_error(end->ssl, ret);
        end->failed = end->error != SSL_ERROR_WANT_READ;
        end->failed_with = atls_openssl_outcome(end->ssl, ret, &end->diag);
    }
    return ret;
}

enum atls_err test_outcome(struct test_end *end, struct atls_diag *diag)
{
    if (end->failed) {
        *diag = end->diag;
        return end->failed_with;
    }
    const enum atls_err err = atls_openssl_outcome(end->ssl, end->ret, diag);
    assert_int_equal(ERR_peek_error(), 0);
    return err;
}

void test_assert_shut(struct test_end *end)
{
    char octet = 'x';
    assert_true(SSL_read(end->ssl, &octet, 1) <= 0); /* this may still send an alert */
    assert_true(SSL_peek(end->ssl, &octet, 1) <= 0);
    BIO *wbio = SSL_get_wbio(end->ssl);
    const uint64_t before = wbio != NULL ? BIO_number_written(wbio) : 0;
    assert_true(SSL_write(end->ssl, &octet, 1) <= 0);
    assert_int_equal(wbio != NULL ? BIO_number_written(wbio) : 0, before);
    assert_false(atls_verdict_opens(atls_openssl_verdict(end->ssl)));
    ERR_clear_error();
}
