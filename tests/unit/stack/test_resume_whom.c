/* SPDX-License-Identifier: Apache-2.0 */
/* For whom a session was: one name, one certificate of ours, one context. For another it is not
 * offered, declined, or refused at the gate. */
#include "resume_test.h"

#include "stack/openssl/adapter.h"

#include <openssl/pem.h>
#include <stdio.h>

static void a_session_for_another_name_is_not_offered(void **state)
{
    (void)state;
    struct sides sides = sides_of('s');
    struct test_pair pair = begin_with(&sides, NULL);
    assert_int_equal(SSL_set1_host(pair.client.ssl, "localhost"), 1);
    test_shake(&pair);
    assert_open(&pair);
    end_well(&pair);
    SSL_SESSION *session = take_kept();
    pair = begin_with(&sides, session); /* no name: anybody of this authority */
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(num_psk_offers, 0);
    end_well(&pair);
    SSL_SESSION_free(session);
    session = take_kept();
    pair = begin_with(&sides, session);
    assert_int_equal(SSL_set1_host(pair.client.ssl, "other.example"), 1);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), PKIX);
    assert_int_equal(num_psk_offers, 0);
    test_pair_free(&pair);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

/* A client that checks nothing offers it for another host; the server declines. */
static void a_ticket_for_another_host_is_declined(void **state)
{
    (void)state;
    static const char *const names[] = {"one.example", "two.example", "two.example",
                                        "one.example", NULL,          NULL};
    const struct test_spec spec = resuming(true, 'c');
    struct test_spec loose = {.attests = &world->client}; /* does not resume: OpenSSL does */
    struct sides sides = {resuming_ctx(false, &loose), resuming_ctx(true, &spec)};
    SSL_CTX_set_session_cache_mode(sides.client,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_SESSION *session = NULL;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        struct test_pair pair = begin_with(&sides, session);
        char name[32];
        if (names[i] != NULL) {
            snprintf(name, sizeof name, "%s", names[i]);
            assert_int_equal(SSL_set_tlsext_host_name(pair.client.ssl, name), 1);
        }
        test_shake(&pair);
        assert_open(&pair);
        assert_int_equal(num_psk_offers, session != NULL);
        /* the same name, or none, as before */
        assert_int_equal(atls_openssl_verdict(pair.server.ssl)->resumed,
                         i != 0 && names[i] == names[i - 1]);
        end_well(&pair);
        SSL_SESSION_free(session);
        session = take_kept();
    }
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static SSL_CTX *switch_to;

static int on_servername(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    if (switch_to != NULL) {
        assert_ptr_equal(SSL_set_SSL_CTX(ssl, switch_to), switch_to);
    }
    return SSL_TLSEXT_ERR_OK;
}

/* The ticket was opened by the context before the switch; what the next one demands holds. */
static void the_context_that_sni_brings_takes_no_session_of_another(void **state)
{
    (void)state;
    static const enum atls_err expected[] = {ATLS_ERR_RESUMED, ATLS_ERR_RESUMPTION};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(expected); i++) {
        struct sides sides = sides_of('c');
        struct test_spec spec = resuming(true, 'c');
        spec.resume = i != 0;
        spec.policy = "{\"version\":1,\"id\":\"strict\"}";
        SSL_CTX *strict = resuming_ctx(true, &spec);
        SSL_CTX_set_tlsext_servername_callback(sides.server, on_servername);
        first_session(&sides);
        SSL_SESSION *session = take_kept();
        struct test_pair pair = begin_with(&sides, session);
        switch_to = strict;
        test_shake(&pair);
        switch_to = NULL;
        struct atls_diag diag;
        const enum atls_err err = test_outcome(&pair.server, &diag);
        assert_string_equal(atls_err_name(err), atls_err_name(expected[i]));
        assert_int_equal(SSL_session_reused(pair.server.ssl), 1);
        test_assert_shut(&pair.server);
        test_pair_free(&pair);
        SSL_SESSION_free(session);
        SSL_CTX_free(strict);
        sides_free(&sides);
    }
}

/* The same atls context, and an SSL_CTX that trusts one authority more. */
static void a_switch_to_another_trust_store_is_noticed(void **state)
{
    (void)state;
    struct sides sides = sides_of('c');
    SSL_CTX *other = test_plain_ctx(world, &world->server, false);
    BIO *bio = BIO_new_mem_buf(world->other.self_signed, -1);
    X509 *more = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(other), more), 1);
    assert_err(atls_openssl_enable(other, openssl_context_of(sides.server), NULL), OK);
    SSL_CTX_set_tlsext_servername_callback(sides.server, on_servername);
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    struct test_pair pair = begin_with(&sides, session);
    switch_to = other;
    test_shake(&pair);
    switch_to = NULL;
    struct atls_diag diag;
    assert_err(test_outcome(&pair.server, &diag), RESUMPTION);
    assert_string_equal(diag.claim, "connection");
    test_assert_shut(&pair.server);
    test_pair_free(&pair);
    X509_free(more);
    BIO_free(bio);
    SSL_SESSION_free(session);
    SSL_CTX_free(other);
    sides_free(&sides);
}

/* trust_nobody gives the client another store: 's' for its SSL, 'c' for its SSL_CTX. */
static void trust_nobody(struct sides *sides, SSL *ssl, char whose)
{
    X509_STORE *nobody = X509_STORE_new();
    assert_non_null(nobody);
    if (whose == 's') {
        assert_int_equal(SSL_set1_verify_cert_store(ssl, nobody), 1);
    } else {
        SSL_CTX_set1_cert_store(sides->client, nobody);
    }
    X509_STORE_free(nobody);
}

static void a_session_is_not_offered_by_whom_another_store_verifies(void **state)
{
    (void)state;
    for (const char *whose = "sc"; *whose != '\0'; whose++) {
        struct sides sides = sides_of('s');
        struct atls_diag diag;
        struct test_pair pair = begin_with(&sides, NULL);
        test_shake(&pair);
        assert_open(&pair);
        end_well(&pair);
        SSL_SESSION *session = take_kept();
        pair = begin_with(&sides, session);
        trust_nobody(&sides, pair.client.ssl, *whose);
        test_shake(&pair);
        assert_int_equal(num_psk_offers, 0);
        assert_err(test_outcome(&pair.client, &diag), PKIX);
        test_assert_shut(&pair.client);
        test_pair_free(&pair);
        SSL_SESSION_free(session);
        sides_free(&sides);
    }
}

/* new_crl is a list of the world's authority that names `machine`'s certificate, or nobody. */
static X509_CRL *new_crl(const struct test_machine *machine)
{
    BIO *bio = BIO_new_mem_buf(world->ca, -1);
    X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, machine != NULL ? -30 : -60),
              *next = X509_gmtime_adj(NULL, 3600);
    BIO_free(bio);
    assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2) &
                         X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) &
                         X509_CRL_set1_lastUpdate(crl, now) & X509_CRL_set1_nextUpdate(crl, next),
                     1);
    if (machine != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();
        bio = BIO_new_mem_buf(machine->cert, -1);
        X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        assert_int_equal(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert)) &
                             X509_REVOKED_set_revocationDate(entry, now) &
                             X509_CRL_add0_revoked(crl, entry),
                         1);
        X509_free(cert);
        BIO_free(bio);
    }
    assert_true(X509_CRL_sign(crl, atls_key_evp(world->ca_key), EVP_sha256()) > 0);
    /* read as from a file: OpenSSL tells only such lists apart */
    unsigned char *der = NULL;
    const int len = i2d_X509_CRL(crl, &der);
    const unsigned char *at = der;
    X509_CRL *again = d2i_X509_CRL(NULL, &at, len);
    assert_non_null(again);
    OPENSSL_free(der);
    X509_CRL_free(crl);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_free(ca);
    return again;
}

static void add_crl(SSL_CTX *ctx, const struct test_machine *machine)
{
    X509_CRL *crl = new_crl(machine);
    assert_int_equal(X509_STORE_add_crl(SSL_CTX_get_cert_store(ctx), crl), 1);
    X509_CRL_free(crl);
}

/* what a list says that is added to the same store afterwards, and that lists count at all.
 */
static void a_list_that_is_added_to_the_store_later_ends_a_session(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) { /* bit 0: the server is named; bit 1: only lists count now */
        struct sides sides = sides_of('s');
        X509_STORE *store = SSL_CTX_get_cert_store(sides.client);
        struct atls_diag diag;
        add_crl(sides.client, NULL);
        if ((i & 2) == 0) {
            assert_int_equal(X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK), 1);
        }
        first_session(&sides);
        SSL_SESSION *session = take_kept();
        SSL *ssl = SSL_new(sides.client);
        assert_err(atls_openssl_check_session(ssl, session, &diag), OK);
        if ((i & 1) != 0) {
            add_crl(sides.client, &world->server);
        }
        if ((i & 2) != 0) {
            assert_int_equal(X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK), 1);
        }
        const bool changed = i != 0;
        assert_int_equal(atls_openssl_check_session(ssl, session, &diag),
                         changed ? ATLS_ERR_RESUMPTION : ATLS_OK);
        SSL_free(ssl);
        struct test_pair pair = begin_with(&sides, session);
        test_shake(&pair);
        assert_int_equal(num_psk_offers, changed ? 0 : 1);
        if (i == 3) { /* the full handshake looks at it */
            assert_err(test_outcome(&pair.client, &diag), PKIX);
            test_assert_shut(&pair.client);
        }
        test_pair_free(&pair);
        SSL_SESSION_free(session);
        sides_free(&sides);
    }
}

/* A client that offers no attestation: no callback of the extension sees the switch, and the facts
 * were taken by a context that requires nothing. */
static void the_demand_of_the_context_that_sni_brings_holds_at_the_gate(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct test_spec open = resuming(true, '-');
        struct test_spec spec = resuming(true, 'c');
        spec.resume = i != 0;
        struct sides sides = {test_plain_ctx(world, &world->client, true),
                              resuming_ctx(true, &open)};
        SSL_CTX *strict = resuming_ctx(true, &spec);
        SSL_CTX_set_session_cache_mode(sides.client,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(sides.client, keep_session);
        SSL_CTX_set_tlsext_servername_callback(sides.server, on_servername);
        struct test_pair pair = begin_with(&sides, NULL);
        test_shake(&pair);
        assert_outcome(&pair.server, OK, "no error");
        assert_true(test_send(&pair.server, &pair.client));
        end_well(&pair);
        SSL_SESSION *session = take_kept();
        pair = begin_with(&sides, session);
        switch_to = strict;
        test_shake(&pair);
        switch_to = NULL;
        struct atls_diag diag;
        assert_err(test_outcome(&pair.server, &diag), RESUMPTION);
        assert_int_equal(SSL_session_reused(pair.server.ssl), 1);
        test_assert_shut(&pair.server);
        test_pair_free(&pair);
        SSL_SESSION_free(session);
        SSL_CTX_free(strict);
        sides_free(&sides);
    }
}

static void a_session_of_another_certificate_of_ours_is_not_offered(void **state)
{
    (void)state;
    struct sides sides = sides_of('b');
    const struct test_spec spec = {.resume = true,
                                   .attests = &world->other,
                                   .requires = &world->server,
                                   .clock = skewed_clock,
                                   .clock_arg = &client_skew_s};
    SSL_CTX *client = test_enabled_ctx(world, &world->other, &spec);
    keep_on(client);
    const struct sides other = {client, sides.server};
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    struct test_pair pair = begin_with(&other, session);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.server, &diag), NOT_ENDORSED); /* it is nobody's friend here */
    assert_int_equal(num_psk_offers, 0);
    test_pair_free(&pair);
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    sides_free(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_for_another_name_is_not_offered),
        cmocka_unit_test(a_ticket_for_another_host_is_declined),
        cmocka_unit_test(the_context_that_sni_brings_takes_no_session_of_another),
        cmocka_unit_test(a_switch_to_another_trust_store_is_noticed),
        cmocka_unit_test(a_session_is_not_offered_by_whom_another_store_verifies),
        cmocka_unit_test(a_list_that_is_added_to_the_store_later_ends_a_session),
        cmocka_unit_test(the_demand_of_the_context_that_sni_brings_holds_at_the_gate),
        cmocka_unit_test(a_session_of_another_certificate_of_ours_is_not_offered),
    };
    return cmocka_run_group_tests(tests, resume_start, resume_stop);
}
