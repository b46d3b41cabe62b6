/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_test.h"

#include "attester/tpm2/provider.h"
#include "crypto/crypto.h"
#include "crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static struct machine machine;

static int start(void **state)
{
    (void)state;
    machine_start(&machine);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    machine_stop(&machine);
    return 0;
}

/* public_half gives the key as software knows it. */
static EVP_PKEY *public_half(void)
{
    const unsigned char *at = machine.spki;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)machine.spki_len);
    assert_non_null(key);
    return key;
}

static void the_key_says_what_it_is(void **state)
{
    (void)state;
    char group[32];
    size_t len = 0;
    assert_true(EVP_PKEY_is_a(machine.key, "EC"));
    assert_int_equal(EVP_PKEY_get_base_id(machine.key), EVP_PKEY_EC);
    assert_int_equal(EVP_PKEY_get_bits(machine.key), 256);
    assert_int_equal(EVP_PKEY_get_security_bits(machine.key), 128);
    assert_int_equal(EVP_PKEY_get_size(machine.key), 72);
    assert_int_equal(EVP_PKEY_get_group_name(machine.key, group, sizeof group, &len), 1);
    assert_string_equal(group, "prime256v1");
    int nid = NID_undef;
    assert_int_equal(EVP_PKEY_get_default_digest_nid(machine.key, &nid), 1);
    assert_int_equal(nid, NID_sha256);
    assert_int_equal(EVP_PKEY_get_ec_point_conv_form(machine.key), POINT_CONVERSION_UNCOMPRESSED);
}

static void the_public_half_is_equal_both_ways(void **state)
{
    (void)state;
    EVP_PKEY *half = public_half();
    EVP_PKEY *other = EVP_EC_gen("P-256");
    EVP_PKEY *longer = EVP_EC_gen("P-384");
    EVP_PKEY *again = load_key(machine.attester, machine.identity.key_pem);
    assert_int_equal(EVP_PKEY_eq(machine.key, half), 1);
    assert_int_equal(EVP_PKEY_eq(half, machine.key), 1);
    assert_int_equal(EVP_PKEY_eq(machine.key, again), 1);
    assert_int_not_equal(EVP_PKEY_eq(machine.key, other), 1);
    assert_int_not_equal(EVP_PKEY_eq(other, machine.key), 1);
    assert_int_not_equal(EVP_PKEY_eq(machine.key, longer), 1);
    assert_int_not_equal(EVP_PKEY_eq(longer, machine.key), 1);
    EVP_PKEY_free(half);
    EVP_PKEY_free(other);
    EVP_PKEY_free(longer);
    EVP_PKEY_free(again);
}

static void the_private_half_does_not_come_out(void **state)
{
    (void)state;
    BIGNUM *scalar = NULL;
    assert_int_not_equal(EVP_PKEY_get_bn_param(machine.key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar), 1);
    assert_null(scalar);
    BIO *out = BIO_new(BIO_s_mem());
    assert_int_not_equal(PEM_write_bio_PrivateKey(out, machine.key, NULL, NULL, 0, NULL, NULL), 1);
    BIO_free(out);
    OSSL_PARAM *params = NULL;
    assert_int_not_equal(EVP_PKEY_todata(machine.key, EVP_PKEY_KEYPAIR, &params), 1);
    assert_int_equal(EVP_PKEY_todata(machine.key, EVP_PKEY_PUBLIC_KEY, &params), 1);
    OSSL_PARAM_free(params);
    ERR_clear_error();
}

static void certificates_and_requests_are_signed(void **state)
{
    (void)state;
    X509 *cert = self_signed(machine.key, EVP_sha256());
    EVP_PKEY *half = public_half();
    assert_int_equal(X509_verify(cert, half), 1);
    assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA256);
    assert_int_equal(X509_check_private_key(cert, machine.key), 1);

    X509_REQ *request = X509_REQ_new();
    assert_int_equal(X509_REQ_set_version(request, X509_REQ_VERSION_1), 1);
    assert_int_equal(X509_REQ_set_pubkey(request, machine.key), 1);
    assert_true(X509_REQ_sign(request, machine.key, EVP_sha256()) > 0);
    assert_int_equal(X509_REQ_verify(request, half), 1);
    X509_REQ_free(request);
    EVP_PKEY_free(half);
    X509_free(cert);
}

static void a_hash_that_the_key_was_not_made_for_is_refused(void **state)
{
    (void)state;
    X509 *cert = X509_new();
    assert_int_equal(X509_set_pubkey(cert, machine.key), 1);
    assert_true(X509_sign(cert, machine.key, EVP_sha384()) <= 0);
    assert_true(X509_sign(cert, machine.key, EVP_md5()) <= 0);
    assert_true(X509_sign(cert, machine.key, EVP_sha3_256()) <= 0);
    X509_free(cert);
    ERR_clear_error();
}

static void a_digest_is_signed_as_it_is(void **state)
{
    (void)state;
    uint8_t digest[32], signature[80];
    memset(digest, 0x5a, sizeof digest);
    size_t len = sizeof signature;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, machine.key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, NULL, &len, digest, sizeof digest), 1);
    assert_int_equal(len, 72);
    assert_int_equal(EVP_PKEY_sign(ctx, signature, &len, digest, sizeof digest), 1);
    size_t other_len = sizeof signature;
    uint8_t other[80];
    assert_int_not_equal(EVP_PKEY_sign(ctx, other, &other_len, digest, sizeof digest - 1), 1);
    EVP_PKEY_CTX_free(ctx);

    EVP_PKEY *half = public_half();
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, half, NULL);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    assert_int_equal(EVP_PKEY_verify(ctx, signature, len, digest, sizeof digest), 1);
    digest[0] ^= 1;
    assert_int_not_equal(EVP_PKEY_verify(ctx, signature, len, digest, sizeof digest), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(half);
    ERR_clear_error();
}

static void a_signature_room_that_is_too_small_is_refused(void **state)
{
    (void)state;
    uint8_t digest[32] = {1}, signature[40];
    size_t len = sizeof signature;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, machine.key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_not_equal(EVP_PKEY_sign(ctx, signature, &len, digest, sizeof digest), 1);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
}

/* sign_message is EVP_DigestSign in pieces, as many as there are. */
static void check_pieces(size_t piece)
{
    uint8_t message[1000], signature[80];
    memset(message, 0x77, sizeof message);
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, machine.key), 1);
    for (size_t at = 0; at < sizeof message; at += piece) {
        assert_int_equal(EVP_DigestSignUpdate(ctx, &message[at], piece), 1);
    }
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    assert_int_equal(EVP_MD_CTX_copy_ex(copy, ctx), 1);
    assert_int_equal(EVP_DigestSignFinal(ctx, signature, &len), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY *half = public_half();
    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, half), 1);
    assert_int_equal(EVP_DigestVerify(ctx, signature, len, message, sizeof message), 1);
    /* the copy goes on by itself */
    assert_int_equal(EVP_DigestSignUpdate(copy, "x", 1), 1);
    len = sizeof signature;
    assert_int_equal(EVP_DigestSignFinal(copy, signature, &len), 1);
    assert_int_equal(EVP_MD_CTX_reset(ctx), 1);
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, half), 1);
    assert_int_not_equal(EVP_DigestVerify(ctx, signature, len, message, sizeof message), 1);
    EVP_MD_CTX_free(copy);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(half);
    ERR_clear_error();
}

static void a_message_is_signed_in_pieces(void **state)
{
    (void)state;
    check_pieces(1000);
    check_pieces(1);
    check_pieces(125);
}

static void the_key_verifies_what_it_signed(void **state)
{
    (void)state;
    uint8_t message[] = "message", signature[80], digest[32] = {3};
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, machine.key), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, message, sizeof message), 1);
    assert_int_equal(EVP_MD_CTX_reset(ctx), 1);
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, machine.key), 1);
    assert_int_equal(EVP_DigestVerify(ctx, signature, len, message, sizeof message), 1);
    message[0] ^= 1;
    assert_int_equal(EVP_MD_CTX_reset(ctx), 1);
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, machine.key), 1);
    assert_int_not_equal(EVP_DigestVerify(ctx, signature, len, message, sizeof message), 1);
    EVP_MD_CTX_free(ctx);

    EVP_PKEY_CTX *raw = EVP_PKEY_CTX_new_from_pkey(NULL, machine.key, NULL);
    len = sizeof signature;
    assert_int_equal(EVP_PKEY_sign_init(raw), 1);
    assert_int_equal(EVP_PKEY_sign(raw, signature, &len, digest, sizeof digest), 1);
    assert_int_equal(EVP_PKEY_verify_init(raw), 1);
    assert_int_equal(EVP_PKEY_verify(raw, signature, len, digest, sizeof digest), 1);
    digest[0] ^= 1;
    assert_int_not_equal(EVP_PKEY_verify(raw, signature, len, digest, sizeof digest), 1);
    EVP_PKEY_CTX_free(raw);
    ERR_clear_error();
}

static void a_public_key_of_somebody_else_cannot_sign(void **state)
{
    (void)state;
    /* what OpenSSL makes when it compares a certificate's key with ours */
    EVP_PKEY *other = EVP_EC_gen("P-256");
    OSSL_PARAM *params = NULL;
    assert_int_equal(EVP_PKEY_todata(other, EVP_PKEY_PUBLIC_KEY, &params), 1);
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_from_name(atls_tpm_provider_context(), "EC", "provider=atls-tpm2");
    EVP_PKEY *half = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &half, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    ctx = EVP_PKEY_CTX_new_from_pkey(atls_tpm_provider_context(), half, "provider=atls-tpm2");
    uint8_t digest[32] = {1}, signature[80];
    size_t len = sizeof signature;
    assert_true(EVP_PKEY_sign_init(ctx) != 1 ||
                EVP_PKEY_sign(ctx, signature, &len, digest, sizeof digest) != 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(half);
    EVP_PKEY_free(other);
    ERR_clear_error();
}

static void the_crypto_room_takes_the_key(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    struct atls_diag diag;
    uint8_t spki[128], signature[64];
    const struct atls_buf spki_room = {spki, sizeof spki};
    const struct atls_buf room = {signature, sizeof signature};
    size_t len = 0;
    assert_done(atls_key_wrap_evp(&key, machine.key, &diag), &diag);
    assert_int_equal(atls_key_spki(key, spki_room, &len), ATLS_OK);
    assert_bytes(atls_bytes_of(spki, len), spki_of(&machine));
    const struct atls_bytes part = atls_bytes_text("message");
    const struct atls_crypto_ops *crypto = atls_crypto_openssl();
    assert_int_equal(crypto->sign(ATLS_ALG_ES256, key, &part, 1, room, &len), ATLS_OK);
    assert_int_equal(crypto->verify(ATLS_ALG_ES256, key, &part, 1, atls_bytes_of(signature, len)),
                     ATLS_OK);
    atls_key_free(key);
}

static void other_keys_of_the_process_are_not_ours(void **state)
{
    (void)state;
    EVP_PKEY *soft = EVP_EC_gen("P-256");
    assert_non_null(soft);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(soft)), "default");
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(machine.key)), "atls-tpm2");
    assert_int_equal(OSSL_PROVIDER_available(NULL, "atls-tpm2"), 0);
    X509 *cert = self_signed(soft, EVP_sha256());
    assert_int_equal(X509_verify(cert, soft), 1);
    X509_free(cert);
    EVP_PKEY_free(soft);
}

static void a_tls_handshake_is_signed(void **state)
{
    (void)state;
    X509 *cert = self_signed(machine.key, EVP_sha256());
    SSL_CTX *server = server_context(machine.key, cert), *client = client_context(cert);
    struct pair pair = pair_new(server, client);
    assert_true(shake_hands(&pair));
    assert_string_equal(SSL_get_version(pair.client), "TLSv1.3");
    assert_int_equal(SSL_get_verify_result(pair.client), X509_V_OK);
    int nid = NID_undef;
    assert_int_equal(SSL_get_peer_signature_nid(pair.client, &nid), 1);
    assert_int_equal(nid, NID_sha256);
    pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(cert);
}

static void a_client_signs_too(void **state)
{
    (void)state;
    X509 *cert = self_signed(machine.key, EVP_sha256());
    SSL_CTX *server = server_context(machine.key, cert), *client = client_context(cert);
    assert_int_equal(SSL_CTX_use_certificate(client, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(client, machine.key), 1);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(server), cert), 1);
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    struct pair pair = pair_new(server, client);
    assert_true(shake_hands(&pair));
    X509 *seen = SSL_get1_peer_certificate(pair.server);
    assert_int_equal(X509_cmp(seen, cert), 0);
    X509_free(seen);
    pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(cert);
}

struct caller {
    pthread_t thread;
    SSL_CTX *ctx;
    int fd;
};

static void *connect_once(void *argument)
{
    const struct caller *caller = argument;
    SSL *ssl = SSL_new(caller->ctx);
    SSL_set_fd(ssl, caller->fd);
    const bool good = SSL_connect(ssl) == 1;
    SSL_free(ssl);
    return good ? argument : NULL;
}

static void a_handshake_over_a_socket_works(void **state)
{
    (void)state;
    X509 *cert = self_signed(machine.key, EVP_sha256());
    SSL_CTX *server = server_context(machine.key, cert), *client = client_context(cert);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct caller caller = {.ctx = client, .fd = fds[1]};
    assert_int_equal(pthread_create(&caller.thread, NULL, connect_once, &caller), 0);
    SSL *ssl = SSL_new(server);
    SSL_set_fd(ssl, fds[0]);
    assert_int_equal(SSL_accept(ssl), 1);
    void *good = NULL;
    pthread_join(caller.thread, &good);
    assert_non_null(good);
    SSL_free(ssl);
    close(fds[0]);
    close(fds[1]);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(cert);
}

/* ---- many at once ---- */

#define NUM_THREADS 8
#define NUM_ROUNDS  10

struct worker {
    pthread_t thread;
    EVP_PKEY *half;
    unsigned number;
    unsigned good;
};

static bool sign_and_verify(EVP_PKEY *half, unsigned number)
{
    uint8_t message[64], signature[80];
    memset(message, (int)number, sizeof message);
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool made = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, machine.key) == 1 &&
                      EVP_DigestSign(ctx, signature, &len, message, sizeof message) == 1;
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    const bool good = made && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, half) == 1 &&
                      EVP_DigestVerify(ctx, signature, len, message, sizeof message) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    uint8_t octets[2048], nonce[32];
    const struct atls_buf room = {octets, sizeof octets};
    for (unsigned i = 0; i < NUM_ROUNDS; i++) {
        for (size_t at = 0; at < sizeof nonce; at++) {
            nonce[at] = (uint8_t)(at * 5 + worker->number * NUM_ROUNDS + i);
        }
        size_t len = 0;
        struct atls_diag diag;
        const bool signed_well = sign_and_verify(worker->half, worker->number);
        const bool attested = attest(&machine, room, &len, atls_bytes_of(nonce, sizeof nonce),
                                     60000, &diag) == ATLS_OK;
        /* the nonce of this very thread is in its Evidence, twice */
        unsigned found = 0;
        for (size_t at = 0; attested && at + sizeof nonce <= len; at++) {
            found += memcmp(&octets[at], nonce, sizeof nonce) == 0 ? 1 : 0;
        }
        worker->good += signed_well && found == 2 ? 1 : 0;
    }
    return NULL;
}

static void many_threads_sign_and_attest_at_once(void **state)
{
    (void)state;
    struct worker workers[NUM_THREADS];
    EVP_PKEY *half = public_half();
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        workers[i] = (struct worker){.half = half, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(workers[i].good, NUM_ROUNDS);
    }
    EVP_PKEY_free(half);
}

static void three_keys_share_two_slots(void **state)
{
    (void)state;
    struct atls_provision identities[3];
    EVP_PKEY *keys[3];
    for (int i = 0; i < 3; i++) {
        identities[i] = provision(machine.swtpm.tcti, NULL, NULL, 0);
        keys[i] = load_key(machine.attester, identities[i].key_pem);
    }
    for (int round = 0; round < 12; round++) {
        EVP_PKEY *key = keys[round * 5 % 3];
        X509 *cert = self_signed(key, EVP_sha256());
        assert_int_equal(X509_verify(cert, key), 1);
        X509_free(cert);
    }
    for (int i = 0; i < 3; i++) {
        EVP_PKEY_free(keys[i]);
        atls_provision_cleanup(&identities[i]);
    }
}

static void a_key_outlives_its_attester(void **state)
{
    (void)state;
    struct atls_attester *brief = open_attester(machine.identity.config_json);
    struct atls_provision identity = provision(machine.swtpm.tcti, NULL, NULL, 0);
    EVP_PKEY *key = load_key(brief, identity.key_pem);
    tpm2->close(brief);
    X509 *cert = self_signed(key, EVP_sha256());
    assert_int_equal(X509_verify(cert, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    atls_provision_cleanup(&identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_says_what_it_is),
        cmocka_unit_test(the_public_half_is_equal_both_ways),
        cmocka_unit_test(the_private_half_does_not_come_out),
        cmocka_unit_test(certificates_and_requests_are_signed),
        cmocka_unit_test(a_hash_that_the_key_was_not_made_for_is_refused),
        cmocka_unit_test(a_digest_is_signed_as_it_is),
        cmocka_unit_test(a_signature_room_that_is_too_small_is_refused),
        cmocka_unit_test(a_message_is_signed_in_pieces),
        cmocka_unit_test(the_key_verifies_what_it_signed),
        cmocka_unit_test(a_public_key_of_somebody_else_cannot_sign),
        cmocka_unit_test(the_crypto_room_takes_the_key),
        cmocka_unit_test(other_keys_of_the_process_are_not_ours),
        cmocka_unit_test(a_tls_handshake_is_signed),
        cmocka_unit_test(a_client_signs_too),
        cmocka_unit_test(a_handshake_over_a_socket_works),
        cmocka_unit_test(many_threads_sign_and_attest_at_once),
        cmocka_unit_test(three_keys_share_two_slots),
        cmocka_unit_test(a_key_outlives_its_attester),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
