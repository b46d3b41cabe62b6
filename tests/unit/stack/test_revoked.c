/* SPDX-License-Identifier: Apache-2.0 */
/* A peer of which something is revoked: its keys, its certificates, its machine; in each
 * role, with PKIX and without, and from the moment that the list is set. */
#include "support/pair.h"

#include "atls/sim.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>

#define SINCE "2026-01-01T00:00:00Z"

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

static void put_hex(char *out, const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        snprintf(&out[2 * i], 3, "%02x", octets[i]);
    }
}

/* spki_hex gives SHA-256 of a certificate's key, serial_hex its serial number. */
static const char *spki_hex(const char *pem)
{
    static char text[65];
    uint8_t digest[32];
    unsigned char *der = NULL;
    X509 *cert = read_cert(pem);
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)len, digest, NULL), 1);
    put_hex(text, digest, sizeof digest);
    OPENSSL_free(der);
    X509_free(cert);
    return text;
}

static const char *serial_hex(const char *pem)
{
    static char text[80];
    X509 *cert = read_cert(pem);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    put_hex(text, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    X509_free(cert);
    return text;
}

static const char *list_of(const char *kind, const char *value, const char *from)
{
    static char text[300];
    snprintf(text, sizeof text, "[{\"kind\":\"%s\",\"value\":\"%s\",\"from\":\"%s\"}]", kind, value,
             from);
    return text;
}

/* The four ways to look at a peer: a client that requires attestation, with PKIX and without; one
 * that requires none; and a server that requires it. */
enum way { CLIENT, CLIENT_NO_PKIX, CLIENT_PKIX_ONLY, SERVER, NUM_WAYS };

static struct test_pair shake(enum way way, const char *revoked)
{
    const struct test_machine *peer = way == SERVER ? &world->client : &world->server;
    const struct test_spec judge = {.requires = way == CLIENT_PKIX_ONLY ? NULL : peer,
                                    .attests = way == SERVER ? &world->server : NULL,
                                    .no_pkix = way == CLIENT_NO_PKIX,
                                    .revoked = revoked};
    const struct test_spec judged = {.attests = peer};
    SSL_CTX *client = way == SERVER ? test_enabled_ctx(world, &world->client, &judged)
                                    : test_enabled_ctx(world, NULL, &judge);
    SSL_CTX *server = test_enabled_ctx(world, &world->server, way == SERVER ? &judge : &judged);
    if (way == CLIENT_NO_PKIX) {
        test_use_self_signed(server, &world->server);
    }
    if (way == CLIENT_PKIX_ONLY) {
        SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    }
    struct test_pair pair = test_pair_of(client, server);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    test_watch(&pair);
    test_shake(&pair);
    return pair;
}

static void assert_revoked(enum way way, const char *kind, const char *value, const char *what)
{
    char sentence[500];
    char *list = strdup(list_of(kind, value, SINCE));
    struct test_pair pair = shake(way, list);
    struct test_end *judge = way == SERVER ? &pair.server : &pair.client;
    snprintf(sentence, sizeof sentence,
             "revocation: what the peer, its Evidence or its Result rests on is revoked (%s: "
             "found %s %s, revoked since " SINCE ", expected one that --revoked does not name)",
             what, kind, value);
    assert_refused(judge, REVOKED, sentence);
    assert_int_equal(judge->alert_out, 40);
    test_pair_free(&pair);
    free(list);
}

static void assert_accepted(enum way way, const char *list)
{
    struct test_pair pair = shake(way, list);
    assert_open(&pair);
    test_pair_free(&pair);
}

static void a_revoked_key_of_the_peer_is_refused_in_every_way(void **state)
{
    (void)state;
    for (enum way way = CLIENT; way < NUM_WAYS; way++) {
        const struct test_machine *peer = way == SERVER ? &world->client : &world->server;
        assert_accepted(way, "[]");
        assert_accepted(way, list_of("spki", spki_hex(world->other.cert), SINCE));
        assert_revoked(way, "spki", spki_hex(peer->cert), "key of the peer");
    }
}

static void a_revoked_certificate_of_the_peer_is_refused(void **state)
{
    (void)state;
    static const char what[] = "serial number of the peer's certificate";
    assert_revoked(CLIENT, "cert-serial", serial_hex(world->server.cert), what);
    assert_revoked(CLIENT_NO_PKIX, "cert-serial", serial_hex(world->server.self_signed), what);
    assert_revoked(CLIENT_PKIX_ONLY, "cert-serial", serial_hex(world->server.cert), what);
    assert_revoked(SERVER, "cert-serial", serial_hex(world->client.cert), what);
    assert_accepted(CLIENT, list_of("cert-serial", serial_hex(world->client.cert), SINCE));
}

static void a_revoked_authority_is_refused(void **state)
{
    (void)state;
    static const enum way ways[] = {CLIENT, CLIENT_PKIX_ONLY, SERVER};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ways); i++) {
        assert_revoked(ways[i], "spki", spki_hex(world->ca),
                       "key of an authority in the peer's chain");
        assert_revoked(ways[i], "cert-serial", serial_hex(world->ca),
                       "serial number of an authority in the peer's chain");
    }
    /* Without PKIX there is no authority. */
    assert_accepted(CLIENT_NO_PKIX, list_of("spki", spki_hex(world->ca), SINCE));
}

static void a_revoked_machine_is_refused_where_attestation_is_required(void **state)
{
    (void)state;
    static const char name[] = "\"psa-instance-id\":\"";
    char ueid[67] = {0};
    /* The claims of the peer, as a verdict shows them. */
    const struct test_spec judge = {.requires = &world->server, .keep_claims = true};
    const struct test_spec judged = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &judge, &judged);
    test_shake(&pair);
    const char *claims =
        strstr(atls_openssl_verdict(pair.client.ssl)->evidence[0].claims_json, name);
    assert_non_null(claims);
    memcpy(ueid, claims + sizeof name - 1, sizeof ueid - 1);
    test_pair_free(&pair);
    assert_revoked(CLIENT, "ueid", ueid, "psa-instance-id");
    assert_revoked(CLIENT_NO_PKIX, "ueid", ueid, "psa-instance-id");
    assert_accepted(SERVER, list_of("ueid", ueid, SINCE)); /* that is us */
}

static void a_time_to_come_does_not_revoke_yet(void **state)
{
    (void)state;
    assert_accepted(CLIENT, list_of("spki", spki_hex(world->server.cert), "9999-01-01T00:00:00Z"));
}

/* connect_with runs one more handshake with the contexts that there are. */
static void connect_with(SSL_CTX *client, SSL_CTX *server, bool accepted)
{
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    if (accepted) {
        assert_open(&pair);
    } else {
        struct atls_diag diag;
        assert_err(test_outcome(&pair.client, &diag), REVOKED);
        test_assert_shut(&pair.client);
    }
    test_pair_free(&pair);
}

static void a_list_may_be_set_while_the_context_is_in_use(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct test_spec requires = {.requires = &world->server};
    const struct test_spec attests = {.attests = &world->server};
    SSL_CTX *client = test_plain_ctx(world, NULL, false);
    struct atls_context *context = test_context(world, &requires);
    assert_err(atls_openssl_enable(client, context, NULL), OK);
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &attests);
    struct test_pair open = test_pair_of(client, server);
    test_shake(&open);
    assert_open(&open);

    struct test_pair begun = test_pair_of(client, server);
    test_step(&begun.client); /* its ClientHello is out */
    const struct atls_bytes list =
        atls_bytes_text(list_of("spki", spki_hex(world->server.cert), SINCE));
    assert_err(atls_context_set_revoked(context, list, NULL), OK);
    connect_with(client, server, false);
    test_shake(&begun);
    assert_err(test_outcome(&begun.client, &diag), REVOKED);
    assert_open(&open); /* it is not appraised again */

    assert_err(atls_context_set_revoked(context, atls_bytes_text("[{}]"), &diag), REVOKED_FILE);
    connect_with(client, server, false); /* the list from before stays */
    assert_err(atls_context_set_revoked(context, atls_bytes_text("[]"), NULL), OK);
    connect_with(client, server, true);
    test_pair_free(&begun);
    test_pair_free(&open);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    atls_context_unref(context);
}

enum { THREADS = 4, HANDSHAKES = 25, CHANGES = 200 };

struct shaker {
    SSL_CTX *client, *server;
    unsigned accepted, revoked;
};

/* cmocka's assertions are not for threads: each counts what came of its handshakes. */
static void *shake_hands(void *arg)
{
    struct shaker *shaker = arg;
    for (unsigned i = 0; i < HANDSHAKES; i++) {
        struct test_pair pair = test_pair_of(shaker->client, shaker->server);
        test_shake(&pair);
        const struct atls_verdict *verdict = atls_openssl_verdict(pair.client.ssl);
        shaker->accepted += verdict->state == ATLS_VERDICT_ACCEPTED;
        shaker->revoked +=
            verdict->state == ATLS_VERDICT_REFUSED && verdict->reason.err == ATLS_ERR_REVOKED;
        test_pair_free(&pair);
    }
    ERR_clear_error();
    return NULL;
}

static void a_list_may_change_while_threads_shake_hands(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->server};
    const struct test_spec attests = {.attests = &world->server};
    SSL_CTX *client = test_plain_ctx(world, NULL, false);
    struct atls_context *context = test_context(world, &requires);
    assert_err(atls_openssl_enable(client, context, NULL), OK);
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &attests);
    struct shaker shakers[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        shakers[i] = (struct shaker){client, server, 0, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, shake_hands, &shakers[i]), 0);
    }
    const struct atls_bytes list =
        atls_bytes_text(list_of("spki", spki_hex(world->server.cert), SINCE));
    for (unsigned i = 0; i < CHANGES; i++) {
        const struct atls_bytes next = i % 2 == 0 ? list : atls_bytes_text("[]");
        assert_err(atls_context_set_revoked(context, next, NULL), OK);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(shakers[i].accepted + shakers[i].revoked, HANDSHAKES);
    }
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    atls_context_unref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revoked_key_of_the_peer_is_refused_in_every_way),
        cmocka_unit_test(a_revoked_certificate_of_the_peer_is_refused),
        cmocka_unit_test(a_revoked_authority_is_refused),
        cmocka_unit_test(a_revoked_machine_is_refused_where_attestation_is_required),
        cmocka_unit_test(a_time_to_come_does_not_revoke_yet),
        cmocka_unit_test(a_list_may_be_set_while_the_context_is_in_use),
        cmocka_unit_test(a_list_may_change_while_threads_shake_hands),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
