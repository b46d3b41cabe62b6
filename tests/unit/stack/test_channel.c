/* SPDX-License-Identifier: Apache-2.0 */
/* Every suite and group, with and without HelloRetryRequest: the binder is what OpenSSL's own hash
 * and KDF make of the octets on the wire. */
#include "support/pair.h"

#include "atls/sim.h"
#include "support/keys.h"
#include "support/memory.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>

static struct test_world *world;
static SSL_CTX *client, *server;

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256",
                                     "TLS_AES_256_GCM_SHA384"};
static const char *const groups[] = {
    "X25519", "P-256", "X448", "P-384", "P-521", "X25519MLKEM768", "SecP256r1MLKEM768"};

static size_t num_groups(void)
{
    return OPENSSL_version_minor() >= 5 || OPENSSL_version_major() > 3 ? 7 : 5;
}

/* What the client saw of the hellos, in their order. */
static struct {
    uint8_t octets[8][4096];
    size_t len[8];
    size_t count;
} hellos;

static void keep_hellos(int write_p, int version, int content_type, const void *buf, size_t len,
                        SSL *ssl, void *arg)
{
    const uint8_t *octets = buf;
    if (content_type == SSL3_RT_HANDSHAKE && (octets[0] == 1 || octets[0] == 2)) {
        assert_true(hellos.count < 8 && len <= sizeof hellos.octets[0]);
        memcpy(hellos.octets[hellos.count], octets, len);
        hellos.len[hellos.count++] = len;
    }
    atls_openssl_msg_callback(write_p, version, content_type, buf, len, ssl, arg);
}

/* transcript_hash is RFC 8446, 4.4.1, written down again over OpenSSL's hash functions. */
static size_t transcript_hash(const EVP_MD *md, uint8_t out[EVP_MAX_MD_SIZE])
{
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(ctx, md, NULL), 1);
    size_t next = 0;
    if (hellos.count == 4) {
        uint8_t synthetic[4 + EVP_MAX_MD_SIZE] = {254, 0, 0, (uint8_t)EVP_MD_get_size(md)};
        assert_int_equal(EVP_Digest(hellos.octets[0], hellos.len[0], &synthetic[4], NULL, md, NULL),
                         1);
        assert_int_equal(EVP_DigestUpdate(ctx, synthetic, 4u + synthetic[3]), 1);
        next = 1;
    } else {
        assert_int_equal(hellos.count, 2);
    }
    for (; next < hellos.count; next++) {
        assert_int_equal(EVP_DigestUpdate(ctx, hellos.octets[next], hellos.len[next]), 1);
    }
    assert_int_equal(EVP_DigestFinal_ex(ctx, out, &len), 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

/* expand_label is OpenSSL's own HKDF-Expand-Label. */
static void expand_label(const char *md, uint8_t *secret, char *label, uint8_t *context, size_t len,
                         uint8_t *out)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char prefix[] = "tls13 ";
    char digest[16];
    memcpy(digest, md, strlen(md) + 1);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix, 6),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, label, strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, context, len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static struct atls_bytes binder_of(bool is_sha384, const struct test_machine *machine)
{
    const char *name = is_sha384 ? "SHA384" : "SHA256";
    const EVP_MD *md = is_sha384 ? EVP_sha384() : EVP_sha256();
    uint8_t zeros[EVP_MAX_MD_SIZE] = {0}, hash[EVP_MAX_MD_SIZE], spki_hash[EVP_MAX_MD_SIZE];
    uint8_t base[EVP_MAX_MD_SIZE], binder[EVP_MAX_MD_SIZE];
    char first[] = "attestation base", second[] = "attestation";
    const struct atls_bytes spki = test_spki(machine->key);
    const size_t len = transcript_hash(md, hash);
    assert_int_equal(EVP_Digest(spki.data, spki.len, spki_hash, NULL, md, NULL), 1);
    expand_label(name, zeros, first, hash, len, base);
    expand_label(name, base, second, spki_hash, len, binder);
    return test_copy(atls_bytes_of(binder, len));
}

static struct atls_bytes verdict_binder(const struct test_end *end)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(end->ssl);
    return atls_bytes_of(verdict->binder, verdict->binder_len);
}

/* run does one mutual handshake with `suite` and `group`; `first` is offered before it with a key
 * share that the server does not take, so that it answers with HelloRetryRequest. */
static void run(const char *suite, const char *group, const char *first)
{
    char list[64];
    struct test_pair pair = test_pair_of(client, server);
    snprintf(list, sizeof list, "%s%s%s", first != NULL ? first : "", first != NULL ? ":" : "",
             group);
    memset(&hellos, 0, sizeof hellos);
    SSL_set_msg_callback(pair.client.ssl, keep_hellos);
    assert_int_equal(SSL_set_ciphersuites(pair.client.ssl, suite), 1);
    test_use_groups(pair.client.ssl, list);
    test_use_groups(pair.server.ssl, group);
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(hellos.count, first != NULL ? 4 : 2);
    const struct test_end *ends[] = {&pair.client, &pair.server};
    const struct test_machine *peers[] = {&world->server, &world->client};
    for (size_t i = 0; i < 2; i++) {
        const struct atls_verdict *verdict = atls_openssl_verdict(ends[i]->ssl);
        assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
        assert_string_equal(verdict->suite, suite);
        assert_string_equal(verdict->group, group);
        assert_bytes(verdict_binder(ends[i]), binder_of(strcmp(suite, suites[2]) == 0, peers[i]));
    }
    test_pair_free(&pair);
}

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    client = test_enabled_ctx(
        world, &world->client,
        &(struct test_spec){.attests = &world->client, .requires = &world->server});
    server = test_enabled_ctx(
        world, &world->server,
        &(struct test_spec){.attests = &world->server, .requires = &world->client});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return 0;
}

static void every_suite_and_group_gives_the_binder_of_the_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(suites); i++) {
        for (size_t k = 0; k < num_groups(); k++) {
            run(suites[i], groups[k], NULL);
        }
    }
}

static void so_does_each_of_them_after_hello_retry_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(suites); i++) {
        for (size_t k = 0; k < num_groups(); k++) {
            run(suites[i], groups[k], k == 0 ? "P-256" : "X25519");
        }
    }
}

static void the_suites_are_taken_in_the_server_s_order(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    assert_int_equal(
        SSL_set_ciphersuites(pair.client.ssl, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"), 1);
    test_shake(&pair);
    assert_open(&pair);
    assert_string_equal(SSL_get_cipher_name(pair.client.ssl), "TLS_AES_128_GCM_SHA256");
    test_pair_free(&pair);
}

static void what_is_offered_is_what_the_protocol_lists(void **state)
{
    (void)state;
    SSL *ssl = SSL_new(client);
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_get_ciphers(ssl);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(suites); i++) {
        assert_string_equal(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, (int)i)), suites[i]);
    }
    assert_int_equal(SSL_get_min_proto_version(ssl), TLS1_3_VERSION);
    assert_int_equal(SSL_get_max_proto_version(ssl), TLS1_3_VERSION);
    assert_true((SSL_get_options(ssl) & SSL_OP_NO_TICKET) != 0);
    assert_int_equal(SSL_get_num_tickets(ssl), 0);
    assert_int_equal(SSL_get_max_early_data(ssl), 0);
    SSL_free(ssl);
    assert_int_equal(SSL_CTX_get_session_cache_mode(client), SSL_SESS_CACHE_OFF);
    assert_int_equal(SSL_CTX_get_verify_mode(client),
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_and_group_gives_the_binder_of_the_wire),
        cmocka_unit_test(so_does_each_of_them_after_hello_retry_request),
        cmocka_unit_test(the_suites_are_taken_in_the_server_s_order),
        cmocka_unit_test(what_is_offered_is_what_the_protocol_lists),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
