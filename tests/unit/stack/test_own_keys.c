/* SPDX-License-Identifier: Apache-2.0 */
/* R-06 of a side with several keys: a peer that presents any of them is refused, whichever of them
 * this connection presents, and when it was chosen. */
#include "support/pair.h"

#include "atls/sim.h"
#include "crypto/cert.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <time.h>

static struct test_world *world;
static struct test_machine ed25519;

static int start(void **state)
{
    (void)state;
    static const char *const names[] = {"localhost"};
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = (int64_t)time(NULL) - 60, .days = 2};
    world = test_world(&atls_attester_sim_psa);
    assert_err(atls_key_generate(&ed25519.key, ATLS_CRV_ED25519, NULL), OK);
    assert_err(atls_ca_issue(&ed25519.cert, atls_bytes_text(world->ca), world->ca_key, ed25519.key,
                             &spec, NULL),
               OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    atls_key_free(ed25519.key);
    atls_pem_free(ed25519.cert);
    return 0;
}

static int use(SSL *ssl, const struct test_machine *machine)
{
    BIO *bio = BIO_new_mem_buf(machine->cert, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    const int ok = SSL_use_certificate(ssl, cert) == 1 &&
                   SSL_use_PrivateKey(ssl, atls_key_evp(machine->key)) == 1;
    X509_free(cert);
    BIO_free(bio);
    return ok;
}

/* pair_of gives a client that requires attestation of a server with the key of `presents`. */
static struct test_pair pair_of(const struct test_spec *client, const struct test_machine *presents,
                                const struct test_spec *server)
{
    SSL_CTX *client_ctx = test_enabled_ctx(world, NULL, client);
    SSL_CTX *server_ctx = test_enabled_ctx(world, presents, server);
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    return pair;
}

static const struct test_machine *loaded[2];

static void assert_own_key_is_refused(const struct test_machine *presented)
{
    const struct test_spec requires = {.requires = &world->server};
    const struct test_spec attests = {.attests = &world->server};
    struct test_pair pair = pair_of(&requires, presented, &attests);
    assert_true(use(pair.client.ssl, loaded[0]) && use(pair.client.ssl, loaded[1]));
    const X509 *current = SSL_get_certificate(pair.client.ssl);
    test_shake(&pair);
    assert_refused(&pair.client, REFLECTED,
                   "peer's certificate: the peer presents the key or the Evidence of this very "
                   "side (SubjectPublicKeyInfo: found our own key, expected a key of the peer's)");
    assert_ptr_equal(SSL_get_certificate(pair.client.ssl), current);
    test_pair_free(&pair);
}

static void either_of_two_loaded_keys_is_ours(void **state)
{
    (void)state;
    for (size_t last = 0; last < 2; last++) {
        loaded[last] = &world->client;
        loaded[1 - last] = &ed25519;
        assert_own_key_is_refused(&world->client);
        assert_own_key_is_refused(&ed25519);
    }
}

static void a_key_that_is_not_ours_is_taken_beside_two_of_ours(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->server};
    const struct test_spec attests = {.attests = &world->server};
    struct test_pair pair = pair_of(&requires, &world->server, &attests);
    assert_true(use(pair.client.ssl, &world->client) && use(pair.client.ssl, &ed25519));
    test_shake(&pair);
    assert_open(&pair);
    test_pair_free(&pair);
}

/* A certificate callback chooses after the server was appraised. */
static int choose_late(SSL *ssl, void *arg)
{
    (void)arg;
    return use(ssl, &world->server);
}

static void a_key_that_is_chosen_late_is_ours_too(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server, .attests = &world->client};
    const struct test_spec server = {.requires = &world->client, .attests = &world->server};
    struct test_pair pair = pair_of(&client, &world->server, &server);
    SSL_set_cert_cb(pair.client.ssl, choose_late, NULL);
    test_shake(&pair);
    assert_refused(&pair.client, REFLECTED,
                   "our certificate: the peer presents the key or the Evidence of this very side "
                   "(SubjectPublicKeyInfo: found the key that the peer presented, expected a key "
                   "of our own)");
    test_assert_shut(&pair.server);
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_of_two_loaded_keys_is_ours),
        cmocka_unit_test(a_key_that_is_not_ours_is_taken_beside_two_of_ours),
        cmocka_unit_test(a_key_that_is_chosen_late_is_ours_too),
    };
    return cmocka_run_group_tests(tests, start, end);
}
