/* SPDX-License-Identifier: Apache-2.0 */
/* atls_openssl_enable: what it refuses, and the code point of the extension. */
#include "support/pair.h"

#include "atls/sim.h"

#include <openssl/err.h>
#include <stdio.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

/* assert_enable enables a fresh SSL_CTX with a context that the test has made, and gives that
 * up. */
static void assert_enable(struct atls_context *context, const char *err, const char *sentence)
{
    struct atls_diag diag = {.err = ATLS_OK};
    SSL_CTX *ctx = test_plain_ctx(world, &world->server, false);
    const enum atls_err found = atls_openssl_enable(ctx, context, &diag);
    assert_string_equal(test_sentence(&diag), sentence);
    assert_string_equal(atls_err_name(found), err);
    assert_int_equal(ERR_peek_error(), 0);
    atls_context_unref(context);
    SSL_CTX_free(ctx);
}

static struct atls_context *empty(void)
{
    return test_context(world, &(struct test_spec){.requires = NULL});
}

static void one_ssl_ctx_is_enabled_once(void **state)
{
    (void)state;
    struct atls_diag diag;
    SSL_CTX *ctx = test_plain_ctx(world, NULL, false);
    struct atls_context *first = empty(), *second = empty();
    assert_err(atls_openssl_enable(ctx, first, NULL), OK);
    assert_err(atls_openssl_enable(ctx, second, &diag), STATE);
    assert_string_equal(test_sentence(&diag),
                        "OpenSSL: a function was called at a moment when it cannot work (SSL_CTX: "
                        "found atls enabled already, expected one atls_openssl_enable() for an "
                        "SSL_CTX)");
    assert_err(atls_openssl_enable(ctx, first, &diag), STATE);
    atls_context_unref(first);
    atls_context_unref(second);
    SSL_CTX_free(ctx);
}

static void one_context_serves_many_ssl_ctx_and_lives_as_long_as_they_do(void **state)
{
    (void)state;
    struct atls_context *context =
        test_context(world, &(struct test_spec){.attests = &world->server});
    SSL_CTX *servers[3];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(servers); i++) {
        servers[i] = test_plain_ctx(world, &world->server, false);
        assert_err(atls_openssl_enable(servers[i], context, NULL), OK);
    }
    atls_context_unref(context);
    SSL_CTX_free(servers[0]);
    SSL_CTX *client =
        test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    for (size_t i = 1; i < ATLS_ARRAY_LEN(servers); i++) {
        struct test_pair pair = test_pair_of(client, servers[i]);
        SSL_CTX_free(servers[i]); /* the connection keeps it */
        test_shake(&pair);
        assert_open(&pair);
        test_pair_free(&pair);
    }
    SSL_CTX_free(client);
}

static void a_context_that_cannot_work_is_refused(void **state)
{
    (void)state;
    struct atls_context *context = empty();
    assert_err(atls_context_set_no_pkix(context, NULL), OK);
    assert_enable(context, "CONFIG",
                  "context: the configuration is not valid (no PKIX: found no requirement: nothing "
                  "would identify the peer, expected --require with --no-pkix)");
    context = empty();
    assert_err(atls_context_require(context, "psa", NULL), OK);
    assert_enable(context, "CONFIG",
                  "context: the configuration is not valid (endorsements: found a requirement, and "
                  "no endorsement: nobody could be accepted, expected --endorsements with a "
                  "CoRIM, or --verifier)");
    context = empty();
    assert_err(atls_context_load_endorsements(context, world->server.corim_path, NULL), OK);
    assert_enable(context, "CONFIG",
                  "context: the configuration is not valid (endorsements: found endorsements, and "
                  "nothing required of the peer, expected --require)");
    context = empty();
    assert_err(
        atls_context_set_policy(context, atls_bytes_text("{\"id\":\"x\",\"version\":1}"), NULL),
        OK);
    assert_enable(context, "CONFIG",
                  "context: the configuration is not valid (policy: found a policy, and nothing "
                  "required of the peer, expected --require)");
}

static void code_points_of_openssl_s_own_are_refused(void **state)
{
    (void)state;
    static const uint16_t types[] = {0, 10, 13, 16, 41, 43, 45, 51};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        char sentence[200];
        snprintf(sentence, sizeof sentence,
                 "extension: the configuration is not valid (code point: found %u, expected one "
                 "that OpenSSL does not handle itself)",
                 (unsigned)types[i]);
        struct atls_context *context = empty();
        assert_err(atls_context_set_extension_type(context, types[i], NULL), OK);
        assert_enable(context, "CONFIG", sentence);
    }
}

/* A taken code point is another mistake of the same kind: the application has put an extension of
 * its own there. */
static int add_nothing(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
                       size_t *out_len, X509 *cert, size_t chain_index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)out, (void)out_len, (void)cert;
    (void)chain_index, (void)alert, (void)arg;
    return 0;
}

static void a_code_point_that_the_application_uses_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    SSL_CTX *ctx = test_plain_ctx(world, NULL, false);
    struct atls_context *context = empty();
    assert_int_equal(SSL_CTX_add_custom_ext(ctx, 0xff5e, SSL_EXT_CLIENT_HELLO, add_nothing, NULL,
                                            NULL, NULL, NULL),
                     1);
    assert_err(atls_openssl_enable(ctx, context, &diag), CONFIG);
    assert_string_equal(diag.found, "65374");
    assert_int_equal(ERR_peek_error(), 0);
    atls_context_unref(context);
    SSL_CTX_free(ctx);
}

static void another_code_point_works_where_both_use_it(void **state)
{
    (void)state;
    static const uint16_t types[] = {0xffa7, 0xff00, 0xffff, 0x1234, 66};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        const struct test_spec client = {.requires = &world->server, .extension_type = types[i]};
        const struct test_spec server = {.attests = &world->server, .extension_type = types[i]};
        struct test_pair pair = test_pair_of_spec(world, &client, &server);
        test_shake(&pair);
        assert_open(&pair);
        test_pair_free(&pair);
    }
}

static void two_code_points_are_two_extensions(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server, .extension_type = 0xffa7};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    assert_refused(&pair.client, NOT_ATTESTED,
                   "EncryptedExtensions: the peer did not attest (chosen_server_scheme: found no "
                   "remoteAttestation, expected attestation of the peer, which is required)");
    test_pair_free(&pair);
}

static void a_connection_that_atls_was_not_enabled_on_has_no_verdict(void **state)
{
    (void)state;
    struct atls_diag diag;
    SSL_CTX *plain = test_plain_ctx(world, &world->server, false);
    struct test_pair pair = test_pair_of(plain, plain);
    SSL_set_info_callback(pair.client.ssl, atls_openssl_info_callback);
    SSL_set_msg_callback(pair.client.ssl, atls_openssl_msg_callback);
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    assert_null(atls_openssl_verdict(pair.client.ssl));
    assert_true(test_send(&pair.client, &pair.server) && test_send(&pair.server, &pair.client));
    assert_err(atls_openssl_outcome(pair.client.ssl, 1, &diag), NO_VERDICT);
    assert_string_equal(test_sentence(&diag),
                        "gate: the handshake ended without an appraisal of the peer");
    test_pair_free(&pair);
    SSL_CTX_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_ssl_ctx_is_enabled_once),
        cmocka_unit_test(one_context_serves_many_ssl_ctx_and_lives_as_long_as_they_do),
        cmocka_unit_test(a_context_that_cannot_work_is_refused),
        cmocka_unit_test(code_points_of_openssl_s_own_are_refused),
        cmocka_unit_test(a_code_point_that_the_application_uses_is_refused),
        cmocka_unit_test(another_code_point_works_where_both_use_it),
        cmocka_unit_test(two_code_points_are_two_extensions),
        cmocka_unit_test(a_connection_that_atls_was_not_enabled_on_has_no_verdict),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
