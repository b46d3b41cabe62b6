/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake of OpenSSL for each case of formal/spin/gate.pml. */
#include "models/replay.h"
#include "support/pair.h"

#include "atls/sim.h"

#include <stdio.h>

static struct test_world *world;
static char now[REPLAY_TEXT]; /* the case */

static int accept_anything(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

static void see_nothing(const SSL *ssl, int where, int ret)
{
    (void)ssl, (void)where, (void)ret;
}

static void see_no_message(int write_p, int version, int type, const void *buf, size_t len,
                           SSL *ssl, void *arg)
{
    (void)write_p, (void)version, (void)type, (void)buf, (void)len, (void)ssl, (void)arg;
}

/* take is what the application takes away at this moment. */
static void take(SSL_CTX *ctx, SSL *ssl, const unsigned at[4], unsigned moment)
{
    if (at[0] == moment) {
        SSL_set_info_callback(ssl, see_nothing);
    }
    if (at[1] == moment) {
        SSL_set_msg_callback(ssl, see_no_message);
    }
    if (at[2] == moment) {
        SSL_CTX_set_cert_verify_callback(ctx, accept_anything, NULL);
    }
    if (at[3] == moment) {
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    }
}

static void shake(const char *event, char *answer)
{
    unsigned requires = 0, at[4];
    char evidence[16];
    struct atls_diag diag;
    assert_string_equal(event, "SHAKE");
    assert_int_equal(
        sscanf(now, "%u %15s %u %u %u %u", &requires, evidence, &at[0], &at[1], &at[2], &at[3]), 6);
    const struct test_spec client = {.requires = requires != 0 ? &world->server : NULL};
    const struct test_spec server = {.attests = &world->server};
    SSL_CTX *client_ctx = test_enabled_ctx(world, NULL, &client);
    SSL_CTX *server_ctx = strcmp(evidence, "good") == 0
                              ? test_enabled_ctx(world, &world->server, &server)
                              : test_plain_ctx(world, &world->server, false);
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    take(client_ctx, pair.client.ssl, at, 1);
    test_step(&pair.client);
    take(client_ctx, pair.client.ssl, at, 2);
    test_shake(&pair);
    const bool done = pair.client.done && pair.server.done;
    const bool data =
        done && (test_send(&pair.client, &pair.server) || test_send(&pair.server, &pair.client));
    const enum atls_err err = test_outcome(&pair.client, &diag);
    snprintf(answer, REPLAY_TEXT, "%s %d", atls_err_name(err), data);
    test_pair_free(&pair);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

static void begin_at(const char *root)
{
    snprintf(now, sizeof now, "%s", root);
}

static void write_state(char *text)
{
    snprintf(text, REPLAY_TEXT, "%s", now);
}

static void openssl_ends_each_case_as_the_model(void **state)
{
    (void)state;
    static const struct replay_driver driver = {begin_at, shake, write_state};
    world = test_world(&atls_attester_sim_psa);
    assert_true(replay(&driver) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_ends_each_case_as_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
