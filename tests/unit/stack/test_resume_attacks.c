/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that must not be resumed: of another policy, name, certificate or server, of what is
 * revoked since, of what was refused, with early data, without a key exchange. Where there is a
 * choice the handshake is a full one, so that everything is appraised anew; else it is refused.
 */
#include "script.h"

#include "resume_test.h"

#include "stack/openssl/adapter.h"
#include "support/keys.h"

#define RESUMED_AT_HELLO                                                                           \
    "ClientHello: the session was resumed, and attestation does not carry over (session: found "   \
    "one to resume, expected a full handshake)"

/* offered_once: a session of `from` is used with `to`. True when it was resumed; the handshake has
 * to end well in either case. */
static bool resumes_with(const struct sides *from, const struct sides *to)
{
    first_session(from);
    SSL_SESSION *session = take_kept();
    const bool resumed = connect_with(to, session);
    SSL_SESSION_free(session);
    return resumed;
}

static void another_configuration_of_the_client_is_another_appraisal(void **state)
{
    (void)state;
    struct test_spec specs[5];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(specs); i++) {
        specs[i] = resuming(false, 's');
    }
    specs[1].policy = "{\"version\":1,\"id\":\"other\"}";
    specs[2].policy = "{\"version\":1,\"id\":\"other\",\"key_binding\":[\"challenge\"]}";
    specs[3].attests = &world->client;
    specs[4].requires = NULL;
    struct sides first = sides_of('s');
    for (size_t i = 0; i < ATLS_ARRAY_LEN(specs); i++) {
        struct sides other = {resuming_ctx(false, &specs[i]), first.server};
        num_psk_offers = 0;
        /* What we attest with ourselves is nothing that was appraised: 0 and 3 are the control. */
        assert_true(resumes_with(&first, &other) == (i == 0 || i == 3));
        assert_int_equal(num_psk_offers, i == 0 || i == 3);
        SSL_CTX_free(other.client);
    }
    sides_free(&first);
}

static void a_simulation_that_is_taken_no_longer_is_refused_anew(void **state)
{
    (void)state;
    struct sides first = sides_of('s');
    struct test_spec strict = resuming(false, 's');
    strict.no_simulated = true;
    struct sides other = {resuming_ctx(false, &strict), first.server};
    first_session(&first);
    SSL_SESSION *session = take_kept();
    struct test_pair pair = begin_with(&other, session);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), SIMULATED);
    assert_int_equal(num_psk_offers, 0);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
    SSL_SESSION_free(session);
    SSL_CTX_free(other.client);
    sides_free(&first);
}

/* ---- who is revoked in between ---- */

static void revoke(SSL *ssl, const struct test_machine *machine)
{
    char json[200];
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, test_spki(machine->key));
    int at = snprintf(json, sizeof json, "[{\"kind\":\"spki\",\"value\":\"");
    for (size_t i = 0; i < hash.len; i++) {
        at += snprintf(&json[at], sizeof json - (size_t)at, "%02x", hash.data[i]);
    }
    snprintf(&json[at], sizeof json - (size_t)at, "\",\"from\":\"2026-01-01T00:00:00Z\"}]");
    struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(ssl));
    assert_err(atls_context_set_revoked(context, atls_bytes_text(json), NULL), OK);
}

static void what_is_revoked_since_is_not_resumed_and_refused(void **state)
{
    (void)state;
    for (const char *who = "sc"; *who != '\0'; who++) {
        const bool by_client = *who == 's';
        struct sides sides = sides_of(*who);
        first_session(&sides);
        SSL_SESSION *session = take_kept();
        struct test_pair pair = begin_with(&sides, session);
        struct test_end *end = by_client ? &pair.client : &pair.server;
        revoke(end->ssl, by_client ? &world->server : &world->client);
        test_shake(&pair);
        struct atls_diag diag;
        assert_err(test_outcome(end, &diag), REVOKED);
        test_assert_shut(end);
        assert_int_equal(num_psk_offers, by_client ? 0 : 1);
        assert_int_equal(SSL_session_reused(end->ssl), 0);
        test_pair_free(&pair);
        SSL_SESSION_free(session);
        sides_free(&sides);
    }
}

/* Between the ticket and the gate: nothing can be declined any more, so it is refused. */
static void what_lapses_during_the_handshake_is_refused_at_the_gate(void **state)
{
    (void)state;
    struct sides sides = sides_of('c');
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    struct test_pair pair = begin_with(&sides, session);
    test_step(&pair.client);
    test_step(&pair.server);
    assert_int_equal(SSL_session_reused(pair.server.ssl), 1);
    server_skew_s = 400;
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.server, &diag), RESUMPTION);
    assert_non_null(strstr(test_sentence(&diag), "resumption: an earlier appraisal does not hold "
                                                 "for this connection (end of the appraisal: "));
    test_assert_shut(&pair.server);
    assert_false(test_send(&pair.client, &pair.server));
    test_pair_free(&pair);
    pair = begin_with(&sides, NULL);
    server_skew_s = 0;
    test_pair_free(&pair);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

/* ---- tickets that are not ours ---- */

static void a_ticket_of_another_server_is_declined(void **state)
{
    (void)state;
    struct sides first = sides_of('b');
    const struct test_spec spec = resuming(true, 'b');
    struct sides other = {first.client, resuming_ctx(true, &spec)};
    assert_false(resumes_with(&first, &other));
    assert_int_equal(num_psk_offers, 1);
    SSL_CTX_free(other.server);
    sides_free(&first);
}

static void every_part_of_a_ticket_is_sealed(void **state)
{
    (void)state;
    struct sides sides = sides_of('c');
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    const unsigned char *ticket = NULL;
    size_t len = 0;
    SSL_SESSION_get0_ticket(session, &ticket, &len);
    assert_in_range(len, 64, 8192);
    for (size_t at = 0; at < len; at += 1 + len / 24) {
        SSL_SESSION *forged = SSL_SESSION_dup(session);
        SSL_SESSION_get0_ticket(forged, &ticket, &len);
        ((unsigned char *)(uintptr_t)ticket)[at] ^= 0x01;
        num_psk_offers = 0;
        assert_false(connect_with(&sides, forged));
        assert_int_equal(num_psk_offers, 1);
        SSL_SESSION_free(forged);
    }
    assert_true(connect_with(&sides, session)); /* the control */
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static void what_a_client_keeps_is_whole_or_nothing(void **state)
{
    (void)state;
    struct sides sides = sides_of('s');
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    void *facts = NULL;
    size_t len = 0;
    assert_int_equal(SSL_SESSION_get0_ticket_appdata(session, &facts, &len), 1);
    for (size_t cut = 0; cut < 3; cut++) {
        SSL_SESSION *other = SSL_SESSION_dup(session);
        assert_int_equal(SSL_SESSION_set1_ticket_appdata(other, facts, cut == 0 ? 0 : len - cut),
                         1);
        assert_false(connect_with(&sides, other));
        assert_int_equal(num_psk_offers, 0);
        SSL_SESSION_free(other);
    }
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static void a_connection_that_was_refused_leaves_no_session(void **state)
{
    (void)state;
    for (const char *who = "sc"; *who != '\0'; who++) {
        struct test_spec client = resuming(false, *who), server = resuming(true, *who);
        *(*who == 's' ? &client.requires : &server.requires) = &world->other;
        struct sides sides = {resuming_ctx(false, &client), resuming_ctx(true, &server)};
        struct test_pair pair = begin_with(&sides, NULL);
        test_shake(&pair);
        (void)test_read(&pair.client);
        struct atls_diag diag;
        assert_err(test_outcome(*who == 's' ? &pair.client : &pair.server, &diag), NOT_ENDORSED);
        assert_int_equal(num_tickets, 0);
        assert_null(kept);
        test_pair_free(&pair);
        sides_free(&sides);
    }
}

/* ---- early data, and no key exchange ---- */

static void a_ticket_with_early_data_is_declined(void **state)
{
    (void)state;
    size_t wrote = 0;
    char got[16];
    const struct test_spec spec = resuming(true, '-');
    struct sides sides = {test_plain_ctx(world, NULL, true), resuming_ctx(true, &spec)};
    SSL_CTX_set_session_cache_mode(sides.client,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(sides.client, keep_session);
    struct test_pair pair = begin_with(&sides, NULL);
    /* what an application does that knows better */
    assert_int_equal(SSL_set_max_early_data(pair.server.ssl, 1024), 1);
    test_shake(&pair);
    assert_true(test_send(&pair.server, &pair.client));
    end_well(&pair);
    SSL_SESSION *session = take_kept();
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    assert_int_equal(SSL_SESSION_set_max_early_data(session, 1024), 1);
    pair = begin_with(&sides, session);
    assert_int_equal(SSL_set_max_early_data(pair.server.ssl, 1024), 1);
    assert_int_equal(SSL_set_recv_max_early_data(pair.server.ssl, 1024), 1);
    SSL_set_options(pair.server.ssl, SSL_OP_NO_ANTI_REPLAY); /* else OpenSSL declines by itself */
    assert_int_equal(SSL_write_early_data(pair.client.ssl, "attack", 6, &wrote), 1);
    assert_int_not_equal(SSL_read_early_data(pair.server.ssl, got, sizeof got, &wrote),
                         SSL_READ_EARLY_DATA_SUCCESS);
    ERR_clear_error();
    test_shake(&pair);
    assert_int_equal(SSL_session_reused(pair.server.ssl), 0);
    end_well(&pair);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static void a_client_that_resumes_sends_no_early_data(void **state)
{
    (void)state;
    size_t wrote = 0;
    struct sides sides = sides_of('s');
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    assert_int_equal(SSL_SESSION_set_max_early_data(session, 1024), 1);
    struct test_pair pair = begin_with(&sides, session);
    assert_int_equal(SSL_write_early_data(pair.client.ssl, "secret", 6, &wrote), 0);
    ERR_clear_error();
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), NO_VERDICT);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static void a_psk_without_key_exchange_opens_nothing(void **state)
{
    (void)state;
    struct sides sides = sides_of('b');
    assert_int_equal(SSL_CTX_get_options(sides.client) & SSL_OP_ALLOW_NO_DHE_KEX, 0);
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    /* what an application does that knows better */
    SSL_CTX_set_options(sides.client, SSL_OP_ALLOW_NO_DHE_KEX);
    SSL_CTX_set_options(sides.server, SSL_OP_ALLOW_NO_DHE_KEX);
    struct test_pair pair = begin_with(&sides, session);
    test_use_groups(pair.client.ssl, "X25519"); /* no group in common: only the PSK is left */
    test_use_groups(pair.server.ssl, "P-384");
    test_shake(&pair);
    static const char sentence[] =
        "channel: the channel is not one that attestation may be bound to (group: found none: a "
        "PSK alone, expected a group of PROTOCOL.md)";
    assert_refused(&pair.client, CHANNEL, sentence);
    test_pair_free(&pair);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

/* ---- what is negotiated ---- */

static void a_choice_in_a_resumed_handshake_is_illegal(void **state)
{
    (void)state;
    struct script script = {.client_hello = NULL};
    struct test_spec spec = resuming(false, '-');
    spec.attests = &world->client;
    struct sides sides = {resuming_ctx(false, &spec), test_plain_ctx(world, &world->server, false)};
    assert_int_equal(SSL_CTX_set_num_tickets(sides.server, 1), 1);
    script_put(sides.server, &script);
    struct test_pair pair = begin_with(&sides, NULL);
    test_shake(&pair);
    assert_true(test_send(&pair.server, &pair.client));
    end_well(&pair);
    SSL_SESSION *session = take_kept();
    script.encrypted_extensions = SCHEME_PSA;
    pair = begin_with(&sides, session);
    test_watch(&pair);
    test_shake(&pair);
    assert_refused(&pair.client, ILLEGAL,
                   "EncryptedExtensions: a message says something that is illegal at this place "
                   "(remoteAttestation: found a choice, and the session is resumed, expected none, "
                   "since no Certificate follows)");
    assert_int_equal(pair.client.alert_out, 47);
    test_pair_free(&pair);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

static void without_resumption_a_session_is_still_refused(void **state)
{
    (void)state;
    struct sides sides = sides_of('s');
    first_session(&sides);
    SSL_SESSION *session = take_kept();
    struct test_spec spec = resuming(false, 's');
    spec.resume = false;
    struct sides other = {resuming_ctx(false, &spec), sides.server};
    struct test_pair pair = begin_with(&other, session);
    test_shake(&pair);
    assert_refused(&pair.client, RESUMED, RESUMED_AT_HELLO);
    test_pair_free(&pair);
    SSL_CTX_free(other.client);
    SSL_SESSION_free(session);
    sides_free(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_configuration_of_the_client_is_another_appraisal),
        cmocka_unit_test(a_simulation_that_is_taken_no_longer_is_refused_anew),
        cmocka_unit_test(what_is_revoked_since_is_not_resumed_and_refused),
        cmocka_unit_test(what_lapses_during_the_handshake_is_refused_at_the_gate),
        cmocka_unit_test(a_ticket_of_another_server_is_declined),
        cmocka_unit_test(every_part_of_a_ticket_is_sealed),
        cmocka_unit_test(what_a_client_keeps_is_whole_or_nothing),
        cmocka_unit_test(a_connection_that_was_refused_leaves_no_session),
        cmocka_unit_test(a_ticket_with_early_data_is_declined),
        cmocka_unit_test(a_client_that_resumes_sends_no_early_data),
        cmocka_unit_test(a_psk_without_key_exchange_opens_nothing),
        cmocka_unit_test(a_choice_in_a_resumed_handshake_is_illegal),
        cmocka_unit_test(without_resumption_a_session_is_still_refused),
    };
    return cmocka_run_group_tests(tests, resume_start, resume_stop);
}
