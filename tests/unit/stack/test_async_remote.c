/* SPDX-License-Identifier: Apache-2.0 */
/* SSL_MODE_ASYNC: while a remote Verifier works, the thread belongs to the application. */
#include "async_test.h"

#include "support/fake_verifier.h"
#include "support/keys.h"

#include <time.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static SSL_CTX *asking_ctx(void)
{
    static const struct atls_verifier_spec spec = {
        .fetcher = &test_fetcher, .url = "https://v.example", .ca_pem = {(const uint8_t *)"x", 1}};
    struct atls_context *context = NULL;
    SSL_CTX *ctx = test_plain_ctx(world, NULL, true);
    test_verifier_reset(test_key(ATLS_CRV_P256));
    test_verifier.iat_s = (int64_t)time(NULL);
    assert_err(atls_context_new(&context, NULL), OK);
    assert_err(atls_context_require(context, "psa", NULL), OK);
    assert_err(atls_context_set_timeout(context, 600000, NULL), OK);
    assert_err(atls_context_set_verifier(context, &spec, NULL), OK);
    assert_err(atls_openssl_enable(ctx, context, NULL), OK);
    atls_context_unref(context);
    make_async(ctx);
    return ctx;
}

static void the_descriptor_is_readable_when_the_result_is_there(void **state)
{
    (void)state;
    SSL_CTX *client = asking_ctx();
    SSL_CTX *server =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    struct test_pair pair = test_pair_of(client, server);
    pthread_mutex_lock(&test_verifier.gate);
    test_step(&pair.client);
    test_step(&pair.server);
    test_step(&pair.client);
    assert_int_equal(pair.client.error, SSL_ERROR_WANT_ASYNC);
    const int fd = wait_fd(pair.client.ssl);
    assert_false(is_readable(fd));
    test_step(&pair.client); /* called too early, it goes on waiting */
    assert_int_equal(pair.client.error, SSL_ERROR_WANT_ASYNC);
    pthread_mutex_unlock(&test_verifier.gate);
    assert_true(becomes_readable(fd));
    test_shake(&pair);
    SSL_clear_mode(pair.client.ssl, SSL_MODE_ASYNC);
    assert_open(&pair);
    assert_string_equal(atls_openssl_verdict(pair.client.ssl)->verifier, "https://v.example");
    assert_false(pthread_equal(test_verifier.thread, pthread_self()));
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void a_connection_that_is_freed_leaves_its_question(void **state)
{
    (void)state;
    SSL_CTX *client = asking_ctx();
    SSL_CTX *server =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    struct test_pair pair = test_pair_of(client, server);
    pthread_mutex_lock(&test_verifier.gate);
    test_step(&pair.client);
    test_step(&pair.server);
    test_step(&pair.client);
    assert_int_equal(pair.client.error, SSL_ERROR_WANT_ASYNC);
    test_pair_free(&pair);
    pthread_mutex_unlock(&test_verifier.gate);
    SSL_CTX_free(client); /* waits for the job */
    SSL_CTX_free(server);
    assert_int_equal(test_verifier.asked[TEST_STEP_DELETE], 0);
    assert_int_equal(test_verifier.closed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_is_readable_when_the_result_is_there),
        cmocka_unit_test(a_connection_that_is_freed_leaves_its_question),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
