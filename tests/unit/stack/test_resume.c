/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation-aware resumption, as it should be: what was appraised carries over to a session that
 * is resumed while it holds, and the verdict says that it did. When it holds no longer, by either
 * side's clock, the handshake is a full one, and nobody is refused for it.
 */
#include "resume_test.h"

static void assert_same_evidence(const struct atls_verdict *a, const struct atls_verdict *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->peer_has_key, b->peer_has_key);
    assert_memory_equal(a->peer_spki_sha256, b->peer_spki_sha256, sizeof a->peer_spki_sha256);
    assert_int_equal(a->pkix, b->pkix);
    assert_int_equal(a->num_evidence, b->num_evidence);
    for (size_t i = 0; i < a->num_evidence; i++) {
        assert_string_equal(a->evidence[i].format, b->evidence[i].format);
        assert_int_equal(a->evidence[i].status, b->evidence[i].status);
        assert_int_equal(a->evidence[i].simulated, b->evidence[i].simulated);
        assert_memory_equal(&a->evidence[i].vector, &b->evidence[i].vector,
                            sizeof a->evidence[i].vector);
    }
    assert_int_equal(a->key_binding, b->key_binding);
    assert_int_equal(a->timing, b->timing);
    assert_int_equal(a->policy_version, b->policy_version);
    assert_string_equal(a->policy_id, b->policy_id);
    assert_string_equal(a->verifier, b->verifier);
    assert_string_equal(a->own_format, b->own_format);
}

static void check_who(char who)
{
    struct sides sides = sides_of(who);
    struct test_pair full = begin_with(&sides, NULL);
    test_shake(&full);
    assert_open(&full);
    assert_int_equal(num_tickets, 1);
    client_skew_s = server_skew_s = 7;
    SSL_SESSION *session = take_kept();
    struct test_pair pair = begin_with(&sides, session);
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(num_psk_offers, 1);
    const struct test_end *ends[] = {&pair.client, &pair.server};
    const struct test_end *before[] = {&full.client, &full.server};
    for (size_t i = 0; i < 2; i++) {
        const struct atls_verdict *verdict = atls_openssl_verdict(ends[i]->ssl);
        assert_true(verdict->resumed);
        assert_int_equal(verdict->binder_len, 0); /* that was of another connection */
        assert_in_range(verdict->age_s, 7, 60);
        assert_in_range(verdict->appraised_s, time(NULL) - 60, time(NULL));
        assert_same_evidence(verdict, atls_openssl_verdict(before[i]->ssl));
        assert_string_not_equal(verdict->suite, "");
        assert_string_not_equal(verdict->group, "");
    }
    assert_int_equal(num_tickets, 2); /* one more, for the next time */
    end_well(&pair);
    end_well(&full);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static void what_was_appraised_carries_over_to_a_resumed_session(void **state)
{
    (void)state;
    for (const char *who = "scb-"; *who != '\0'; who++) {
        check_who(*who);
    }
}

static void a_chain_of_resumptions_ends_when_the_first_appraisal_does(void **state)
{
    (void)state;
    static const struct {
        char who;
        int64_t serves_s;
        bool client_knows; /* by its own clock, that it has lapsed */
    } rows[] = {{'b', 300, true}, {'-', 86400, true}, {'-', 86400, false}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct sides sides = sides_of(rows[i].who);
        first_session(&sides);
        for (int64_t third = 1; third < 3; third++) {
            SSL_SESSION *session = take_kept();
            server_skew_s = third * rows[i].serves_s / 3;
            client_skew_s = rows[i].client_knows ? server_skew_s : 0;
            assert_true(connect_with(&sides, session));
            SSL_SESSION_free(session);
        }
        SSL_SESSION *session = take_kept();
        server_skew_s = rows[i].serves_s + 1;
        client_skew_s = rows[i].client_knows ? server_skew_s : 0;
        assert_false(connect_with(&sides, session));
        assert_int_equal(num_psk_offers, !rows[i].client_knows);
        SSL_SESSION_free(session);
        session = take_kept(); /* of the full handshake: its time begins anew */
        server_skew_s = rows[i].serves_s + 200;
        client_skew_s = rows[i].client_knows ? server_skew_s : 0;
        assert_true(connect_with(&sides, session));
        SSL_SESSION_free(session);
        sides_free(&sides);
    }
}

/* What the server tells of a ticket is how long the first appraisal still holds. */
static void a_ticket_says_how_long_it_serves(void **state)
{
    (void)state;
    struct sides sides = sides_of('b');
    first_session(&sides);
    assert_in_range(SSL_SESSION_get_ticket_lifetime_hint(kept), 240, 300);
    SSL_SESSION *session = take_kept();
    client_skew_s = server_skew_s = 200;
    assert_true(connect_with(&sides, session));
    assert_in_range(SSL_SESSION_get_ticket_lifetime_hint(kept), 40, 100);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

/* The client believes that it holds; the server declines, and both shake hands in full. */
static void a_server_declines_what_has_lapsed_by_its_clock(void **state)
{
    (void)state;
    for (const char *who = "scb"; *who != '\0'; who++) {
        struct sides sides = sides_of(*who);
        first_session(&sides);
        SSL_SESSION *session = take_kept();
        server_skew_s = *who == 's' ? 86401 : 301; /* a day where nothing is required */
        assert_false(connect_with(&sides, session));
        assert_int_equal(num_psk_offers, 1);
        SSL_SESSION_free(session);
        sides_free(&sides);
    }
}

static void a_client_does_not_offer_what_has_lapsed_or_is_to_come(void **state)
{
    (void)state;
    static const int64_t skews[] = {301, -100};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(skews); i++) {
        struct sides sides = sides_of('s');
        first_session(&sides);
        SSL_SESSION *session = take_kept();
        client_skew_s = skews[i];
        assert_false(connect_with(&sides, session));
        assert_int_equal(num_psk_offers, 0);
        SSL_SESSION_free(session);
        sides_free(&sides);
    }
}

static void the_policy_says_how_long_a_session_serves(void **state)
{
    (void)state;
    struct test_spec client = resuming(false, 's'), server = resuming(true, 's');
    client.policy = "{\"version\":1,\"id\":\"short\",\"max_result_age_s\":10}";
    struct sides sides = {resuming_ctx(false, &client), resuming_ctx(true, &server)};
    first_session(&sides);
    client_skew_s = 5;
    SSL_SESSION *session = take_kept();
    struct test_pair pair = begin_with(&sides, session);
    test_shake(&pair);
    assert_open(&pair);
    assert_true(atls_openssl_verdict(pair.client.ssl)->resumed);
    assert_string_equal(atls_openssl_verdict(pair.client.ssl)->policy_id, "short");
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->policy_version, 1);
    end_well(&pair);
    SSL_SESSION_free(session);
    session = take_kept();
    client_skew_s = 10;
    assert_false(connect_with(&sides, session));
    SSL_SESSION_free(session);
    sides_free(&sides);
}

/* What a client keeps is all in its SSL_SESSION, so it may be written down. */
static void a_session_that_was_written_down_is_resumed(void **state)
{
    (void)state;
    struct sides sides = sides_of('b');
    first_session(&sides);
    unsigned char *der = NULL;
    const int len = i2d_SSL_SESSION(kept, &der);
    assert_true(len > 0);
    forget_session();
    const unsigned char *at = der;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, len);
    assert_non_null(session);
    assert_true(connect_with(&sides, session));
    SSL_SESSION_free(session);
    OPENSSL_free(der);
    sides_free(&sides);
}

static void a_session_serves_once(void **state)
{
    (void)state;
    struct sides sides = sides_of('s');
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    assert_true(connect_with(&sides, session));
    num_psk_offers = 0;
    assert_false(connect_with(&sides, session));
    assert_int_equal(num_psk_offers, 0);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static void a_resumed_handshake_may_have_a_second_client_hello(void **state)
{
    (void)state;
    struct sides sides = sides_of('b');
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    struct test_pair pair = begin_with(&sides, session);
    test_use_groups(pair.client.ssl, "X25519:P-384");
    test_use_groups(pair.server.ssl, "P-384");
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(num_psk_offers, 2);
    assert_true(atls_openssl_verdict(pair.client.ssl)->resumed);
    assert_string_equal(atls_openssl_verdict(pair.server.ssl)->group, "P-384");
    end_well(&pair);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

/* Each side has to ask for it: with one that does not, every handshake is a full one. */
static void resumption_takes_both_sides(void **state)
{
    (void)state;
    for (int quiet = 0; quiet < 2; quiet++) {
        struct test_spec client = resuming(false, 'b'), server = resuming(true, 'b');
        client.resume = quiet != 0;
        server.resume = quiet != 1;
        struct sides sides = {resuming_ctx(false, &client), resuming_ctx(true, &server)};
        SSL_CTX_set_session_cache_mode(sides.client, SSL_SESS_CACHE_CLIENT);
        assert_false(connect_with(&sides, NULL));
        assert_int_equal(num_tickets, quiet == 0 ? 1 : 0);
        num_psk_offers = 0;
        assert_false(connect_with(&sides, NULL));
        assert_int_equal(num_psk_offers, 0);
        sides_free(&sides);
    }
}

static void check_session_says_why_a_session_would_not_be_offered(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct sides sides = sides_of('s');
    first_session(&sides);
    SSL *ssl = SSL_new(sides.client);
    assert_err(atls_openssl_check_session(ssl, kept, &diag), OK);
    client_skew_s = 400;
    assert_err(atls_openssl_check_session(ssl, kept, &diag), RESUMPTION);
    assert_non_null(strstr(test_sentence(&diag), "end of the appraisal: found "));
    client_skew_s = 0;
    assert_int_equal(SSL_set1_host(ssl, "localhost"), 1);
    assert_err(atls_openssl_check_session(ssl, kept, &diag), RESUMPTION);
    assert_string_equal(
        test_sentence(&diag),
        "resumption: an earlier appraisal does not hold for this connection (connection: found a "
        "session with another name, trust or certificate of ours, expected those of now)");
    SSL_free(ssl);
    SSL_CTX *plain = test_plain_ctx(world, NULL, false);
    ssl = SSL_new(plain);
    assert_err(atls_openssl_check_session(ssl, kept, &diag), STATE);
    SSL_free(ssl);
    SSL_CTX_free(plain);
    struct test_spec without = resuming(false, 's');
    without.resume = false;
    SSL_CTX *full = resuming_ctx(false, &without);
    ssl = SSL_new(full);
    assert_err(atls_openssl_check_session(ssl, kept, &diag), RESUMED);
    SSL_free(ssl);
    SSL_CTX_free(full);
    sides_free(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_appraised_carries_over_to_a_resumed_session),
        cmocka_unit_test(a_ticket_says_how_long_it_serves),
        cmocka_unit_test(a_chain_of_resumptions_ends_when_the_first_appraisal_does),
        cmocka_unit_test(a_server_declines_what_has_lapsed_by_its_clock),
        cmocka_unit_test(a_client_does_not_offer_what_has_lapsed_or_is_to_come),
        cmocka_unit_test(the_policy_says_how_long_a_session_serves),
        cmocka_unit_test(a_session_that_was_written_down_is_resumed),
        cmocka_unit_test(a_session_serves_once),
        cmocka_unit_test(a_resumed_handshake_may_have_a_second_client_hello),
        cmocka_unit_test(resumption_takes_both_sides),
        cmocka_unit_test(check_session_says_why_a_session_would_not_be_offered),
    };
    return cmocka_run_group_tests(tests, resume_start, resume_stop);
}
