/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation after the handshake over DTLS 1.2, on a network that loses what the test says; and
 * what of DTLS is refused. */
#include "support/exchange.h"

#include "atls/sim.h"
#include "support/keys.h"
#include "support/wires.h"

#include <poll.h>
#include <sys/socket.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static SSL_CTX *datagram_ctx(const struct test_machine *machine)
{
    SSL_CTX *from = test_plain_ctx(world, machine, false), *ctx = SSL_CTX_new(DTLS_method());
    assert_non_null(ctx);
    SSL_CTX_set1_cert_store(ctx, SSL_CTX_get_cert_store(from));
    assert_int_equal(SSL_CTX_use_certificate(ctx, SSL_CTX_get0_certificate(from)), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, SSL_CTX_get0_privatekey(from)), 1);
    SSL_CTX_free(from);
    return ctx;
}

static SSL_CTX *enabled_ctx(const struct test_machine *machine, const struct test_spec *spec)
{
    struct atls_diag diag = {.err = ATLS_OK};
    SSL_CTX *ctx = datagram_ctx(machine);
    struct atls_context *context = test_context(world, spec);
    if (atls_openssl_enable(ctx, context, &diag) != ATLS_OK) {
        fail_msg("%s", test_sentence(&diag));
    }
    atls_context_unref(context);
    return ctx;
}

static void shake(struct test_wires *w)
{
    for (unsigned quiet = 0; quiet < 2;) {
        test_step(&w->pair.client);
        (void)test_wires_carry(w);
        test_step(&w->pair.server);
        quiet = test_wires_carry(w) ? 0 : quiet + 1;
    }
    w->carried = 0;
}

static bool goes_on(const struct test_exchange *x)
{
    return x->step == ATLS_POST_WANT_READ || x->step == ATLS_POST_WANT_WRITE;
}

/* exchange runs both ends to their ends. Who is open reads as an application does. */
static void exchange(struct test_wires *w, struct test_exchange *client,
                     struct test_exchange *server)
{
    memset(client, 0, sizeof *client);
    memset(server, 0, sizeof *server);
    client->step = server->step = ATLS_POST_WANT_READ;
    while (goes_on(client) || goes_on(server)) {
        struct test_end *ends[] = {&w->pair.client, &w->pair.server};
        struct test_exchange *sides[] = {client, server};
        int64_t wait_ms = 10000;
        for (size_t i = 0; i < 2; i++) {
            unsigned char octets[2000];
            test_exchange_step(ends[i], sides[i]);
            while (sides[i]->step == ATLS_POST_DONE) {
                const int len = SSL_read(ends[i]->ssl, octets, sizeof octets);
                if (len <= 0) {
                    break;
                }
                assert_true(atls_post_is_late(ends[i]->ssl, octets, (size_t)len));
            }
            const int64_t own_ms = atls_post_wait_ms(ends[i]->ssl);
            assert_int_equal(own_ms == -1, !goes_on(sides[i]));
            wait_ms = own_ms >= 0 && own_ms < wait_ms ? own_ms : wait_ms;
        }
        if (!test_wires_carry(w) && (goes_on(client) || goes_on(server))) {
            (void)poll(NULL, 0, (int)wait_ms);
        }
    }
    (void)test_wires_carry(w);
}

static bool passes(struct test_wires *w, struct test_end *from, struct test_end *to)
{
    unsigned char octets[2000];
    int len = 0;
    if (SSL_write(from->ssl, "data", 4) != 4) {
        return false;
    }
    (void)test_wires_carry(w);
    do {
        len = SSL_read(to->ssl, octets, sizeof octets);
    } while (len > 0 && atls_post_is_late(to->ssl, octets, (size_t)len));
    return len == 4 && memcmp(octets, "data", 4) == 0;
}

static void check_open(struct test_wires *w, struct test_exchange *client,
                       struct test_exchange *server)
{
    if (client->step != ATLS_POST_DONE || server->step != ATLS_POST_DONE) {
        print_error("client: %s\n", test_sentence(&client->diag));
        print_error("server: %s\n", test_sentence(&server->diag));
    }
    assert_int_equal(client->step, ATLS_POST_DONE);
    assert_int_equal(server->step, ATLS_POST_DONE);
    assert_true(passes(w, &w->pair.client, &w->pair.server));
    assert_true(passes(w, &w->pair.server, &w->pair.client));
}

static const struct test_spec *spec_of(struct test_spec *out, const struct test_machine *attests,
                                       const struct test_machine *requires)
{
    memset(out, 0, sizeof *out);
    out->attests = attests;
    out->requires = requires;
    out->timing = ATLS_TIMING_POST;
    return out;
}

/* join makes a pair in which the sides attest as it is said, after a handshake. */
static void join(struct test_wires *w, bool client_attests, bool server_attests)
{
    struct test_spec client, server;
    const struct test_machine *of_client = client_attests ? &world->client : NULL;
    const struct test_machine *of_server = server_attests ? &world->server : NULL;
    SSL_CTX *client_ctx = enabled_ctx(&world->client, spec_of(&client, of_client, of_server));
    test_wires_join(w, client_ctx,
                    enabled_ctx(&world->server, spec_of(&server, of_server, of_client)));
    shake(w);
    if (!w->pair.client.done || !w->pair.server.done) {
        print_error("client: %s\n", test_sentence(&w->pair.client.diag));
        print_error("server: %s\n", test_sentence(&w->pair.server.diag));
    }
    assert_true(w->pair.client.done && w->pair.server.done);
}

static void each_side_and_both_attest_over_datagrams(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits < 4; bits++) {
        struct test_wires w;
        struct test_exchange client, server;
        const bool client_attests = (bits & 1) != 0, server_attests = (bits & 2) != 0;
        join(&w, client_attests, server_attests);
        exchange(&w, &client, &server);
        check_open(&w, &client, &server);
        const struct atls_verdict *of_client = atls_openssl_verdict(w.pair.client.ssl);
        const struct atls_verdict *of_server = atls_openssl_verdict(w.pair.server.ssl);
        assert_int_equal(of_client->state,
                         server_attests ? ATLS_VERDICT_ACCEPTED : ATLS_VERDICT_NOT_REQUIRED);
        assert_int_equal(of_server->state,
                         client_attests ? ATLS_VERDICT_ACCEPTED : ATLS_VERDICT_NOT_REQUIRED);
        assert_int_equal(SSL_version(w.pair.client.ssl), DTLS1_2_VERSION);
        test_wires_free(&w);
    }
}

static void any_datagram_of_the_exchange_may_be_lost(void **state)
{
    (void)state;
    struct test_wires whole;
    struct test_exchange client, server;
    join(&whole, false, true);
    exchange(&whole, &client, &server);
    const unsigned num = whole.carried;
    test_wires_free(&whole);
    assert_in_range(num, 3, 12);
    for (unsigned lose = 0; lose < num; lose++) {
        struct test_wires w;
        join(&w, false, true);
        w.lose = lose;
        exchange(&w, &client, &server);
        check_open(&w, &client, &server);
        test_wires_free(&w);
    }
}

static void datagrams_that_come_twice_or_in_another_order_change_nothing(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits < 4; bits++) {
        struct test_wires w;
        struct test_exchange client, server;
        join(&w, true, true);
        w.twice = (bits & 1) != 0;
        w.backwards = (bits & 2) != 0;
        exchange(&w, &client, &server);
        w.twice = w.backwards = false;
        check_open(&w, &client, &server);
        test_wires_free(&w);
    }
}

/* The server is open, and says its end at once; that it has the client's last record is lost. */
static void an_end_behind_the_exchange_says_that_the_peer_was_open(void **state)
{
    (void)state;
    struct test_wires w;
    struct test_exchange client = {.step = ATLS_POST_WANT_READ}, server = client;
    unsigned char octets[TEST_MAX_WIRE_LEN];
    join(&w, false, true);
    while (goes_on(&server)) {
        test_exchange_step(&w.pair.client, &client);
        (void)test_wires_carry(&w);
        test_exchange_step(&w.pair.server, &server);
        if (goes_on(&server)) {
            (void)test_wires_carry(&w);
        }
    }
    assert_int_equal(server.step, ATLS_POST_DONE);
    while (recv(w.net[1], octets, sizeof octets, 0) >= 0) { /* all that is on its way is lost */
    }
    test_exchange_step(&w.pair.client, &client);
    assert_true(goes_on(&client));
    assert_int_equal(SSL_shutdown(w.pair.server.ssl), 0);
    (void)test_wires_carry(&w);
    test_exchange_step(&w.pair.client, &client);
    assert_int_equal(client.step, ATLS_POST_DONE);
    assert_int_equal(SSL_read(w.pair.client.ssl, octets, sizeof octets), 0);
    assert_int_equal(SSL_get_error(w.pair.client.ssl, 0), SSL_ERROR_ZERO_RETURN);
    test_wires_free(&w);
}

static void the_gate_is_shut_until_the_exchange_has_ended(void **state)
{
    (void)state;
    struct test_wires w;
    struct test_exchange client, server;
    unsigned char octet = 0;
    join(&w, true, true);
    SSL *const sides[] = {w.pair.client.ssl, w.pair.server.ssl};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(sides); i++) {
        assert_true(atls_post_is_due(sides[i]));
        assert_true(SSL_write(sides[i], "x", 1) <= 0);
        assert_true(SSL_read(sides[i], &octet, 1) <= 0);
        assert_true(SSL_peek(sides[i], &octet, 1) <= 0);
    }
    assert_false(test_wires_carry(&w)); /* nothing left a side */
    assert_int_equal(atls_post_step(w.pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    assert_true(SSL_write(w.pair.client.ssl, "x", 1) <= 0);
    assert_true(SSL_read(w.pair.client.ssl, &octet, 1) <= 0);
    exchange(&w, &client, &server);
    check_open(&w, &client, &server);
    test_wires_free(&w);
}

static void a_record_that_comes_late_is_not_the_applications(void **state)
{
    (void)state;
    struct test_wires w;
    struct test_exchange client, server;
    join(&w, false, true);
    exchange(&w, &client, &server);
    check_open(&w, &client, &server);
    assert_false(atls_post_is_late(w.pair.client.ssl, "data", 4));
    assert_false(atls_post_is_late(w.pair.client.ssl, "data that is longer than a mark", 31));
    assert_int_equal(atls_post_wait_ms(w.pair.client.ssl), -1);
    assert_int_equal(atls_post_step(w.pair.client.ssl, NULL), ATLS_POST_DONE);
    test_wires_free(&w);
}

static void a_peer_that_is_not_right_is_refused_on_both_sides(void **state)
{
    (void)state;
    struct test_wires w;
    struct test_spec client, server;
    struct test_exchange of_client, of_server;
    SSL_CTX *client_ctx = enabled_ctx(&world->client, spec_of(&client, NULL, &world->client));
    test_wires_join(&w, client_ctx,
                    enabled_ctx(&world->server, spec_of(&server, &world->server, NULL)));
    shake(&w);
    exchange(&w, &of_client, &of_server);
    assert_int_equal(of_client.step, ATLS_POST_FAILED);
    assert_int_equal(of_server.step, ATLS_POST_FAILED);
    assert_err(of_server.diag.err, PEER_REFUSED);
    assert_true(SSL_write(w.pair.client.ssl, "x", 1) <= 0);
    assert_true(SSL_write(w.pair.server.ssl, "x", 1) <= 0);
    test_wires_free(&w);
}

/* ---- the channel ---- */

static void check_channel_refused(SSL_CTX *client, SSL_CTX *server, bool at_client)
{
    struct test_wires w;
    struct atls_diag diag = {.err = ATLS_OK};
    test_wires_join(&w, client, server);
    shake(&w);
    SSL *ssl = at_client ? w.pair.client.ssl : w.pair.server.ssl;
    assert_int_equal(atls_post_step(ssl, &diag), ATLS_POST_FAILED);
    assert_string_equal(test_sentence(&diag),
                        "channel: the channel is not one that attestation may be bound to (master "
                        "secret: found one that is bound to no transcript, expected the extended "
                        "master secret of RFC 7627)");
    assert_int_equal(atls_openssl_verdict(ssl)->state, ATLS_VERDICT_REFUSED);
    assert_false(atls_post_is_due(ssl));
    assert_true(SSL_write(ssl, "x", 1) <= 0);
    test_wires_free(&w);
}

/* take_any lets plain OpenSSL offer and take the exchange, to get as far as the channel. */
static int take_any(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                    const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl, (void)in_len, (void)arg;
    *out = in + 1;
    *out_len = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static void without_the_extended_master_secret_nobody_goes_on(void **state)
{
    (void)state;
    struct test_spec spec;
    static const unsigned char offer[] = "\x06"
                                         "atls/1";
    for (unsigned requires = 0; requires < 2; requires ++) {
        SSL_CTX *plain = datagram_ctx(&world->server);
        SSL_CTX_set_options(plain, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        SSL_CTX_set_alpn_select_cb(plain, take_any, NULL);
        const struct test_machine *peer = requires != 0 ? &world->server : NULL;
        const struct test_machine *own = requires != 0 ? NULL : &world->client;
        check_channel_refused(enabled_ctx(&world->client, spec_of(&spec, own, peer)), plain, true);
        plain = datagram_ctx(&world->client);
        SSL_CTX_set_options(plain, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        assert_int_equal(SSL_CTX_set_alpn_protos(plain, offer, sizeof offer - 1), 0);
        check_channel_refused(plain, enabled_ctx(&world->server, spec_of(&spec, own, peer)), false);
    }
}

static void a_session_is_not_resumed(void **state)
{
    (void)state;
    struct test_spec spec;
    struct test_wires w;
    SSL_CTX *plain = datagram_ctx(&world->server);
    SSL_CTX_set_alpn_select_cb(plain, take_any, NULL);
    SSL_CTX_set_options(plain, SSL_OP_NO_TICKET); /* a session that the server keeps */
    assert_int_equal(SSL_CTX_set_session_id_context(plain, (const unsigned char *)"s", 1), 1);
    SSL_CTX *client = enabled_ctx(&world->client, spec_of(&spec, NULL, &world->server));
    assert_int_equal(SSL_CTX_up_ref(plain), 1);
    SSL_CTX *first = datagram_ctx(&world->client);
    test_wires_join(&w, first, plain);
    shake(&w);
    SSL_SESSION *session = SSL_get1_session(w.pair.client.ssl);
    (void)SSL_shutdown(w.pair.client.ssl); /* else it is no session to resume */
    (void)SSL_shutdown(w.pair.server.ssl);
    test_wires_free(&w);
    test_wires_join(&w, client, plain);
    assert_int_equal(SSL_SESSION_is_resumable(session), 1);
    assert_int_equal(SSL_set_session(w.pair.client.ssl, session), 1);
    shake(&w);
    assert_false(w.pair.client.done && SSL_session_reused(w.pair.client.ssl) == 1);
    assert_int_equal(atls_openssl_verdict(w.pair.client.ssl)->reason.err, ATLS_ERR_RESUMED);
    test_wires_free(&w);
    SSL_SESSION_free(session);
}

static void check_not_enabled(const struct test_spec *spec, const char *claim, const char *sentence)
{
    struct atls_diag diag = {.err = ATLS_OK};
    SSL_CTX *ctx = datagram_ctx(&world->server);
    struct atls_context *context = test_context(world, spec);
    assert_err(atls_openssl_enable(ctx, context, &diag), CONFIG);
    assert_string_equal(diag.claim, claim);
    assert_string_equal(test_sentence(&diag), sentence);
    SSL_CTX_free(ctx);
    atls_context_unref(context);
}

static void another_timing_than_post_is_refused(void **state)
{
    (void)state;
    static const enum atls_timing timings[] = {ATLS_TIMING_HANDSHAKE, ATLS_TIMING_BOTH};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(timings); i++) {
        const struct test_spec spec = {.attests = &world->server, .timing = timings[i]};
        check_not_enabled(&spec, "timing",
                          "OpenSSL: the configuration is not valid (timing: found DTLS, and "
                          "another timing than post, expected attestation after the handshake "
                          "where it is DTLS)");
    }
}

static void sessions_framed_data_and_own_carriage_are_refused(void **state)
{
    (void)state;
    struct test_spec spec;
    spec_of(&spec, &world->server, NULL);
    spec.resume = true;
    check_not_enabled(&spec, "resumption",
                      "OpenSSL: the configuration is not valid (resumption: found DTLS, and "
                      "sessions that are resumed, expected full handshakes on DTLS)");
    spec_of(&spec, &world->server, NULL);
    spec.framed = true;
    check_not_enabled(&spec, "framing",
                      "OpenSSL: the configuration is not valid (framing: found DTLS, and data that "
                      "are framed, expected data as datagrams on DTLS)");
    spec_of(&spec, &world->server, NULL);
    spec.own_carriage = true;
    check_not_enabled(
        &spec, "carriage",
        "OpenSSL: the configuration is not valid (carriage: found DTLS, and no frames "
        "of atls, expected one side or both that attest, in frames of atls)");
}

static void only_ephemeral_keys_and_aead_are_offered(void **state)
{
    (void)state;
    struct test_spec spec;
    SSL_CTX *ctx = enabled_ctx(&world->server, spec_of(&spec, &world->server, NULL));
    SSL *ssl = SSL_new(ctx);
    assert_non_null(ssl);
    STACK_OF(SSL_CIPHER) *ciphers = SSL_get1_supported_ciphers(ssl);
    assert_true(sk_SSL_CIPHER_num(ciphers) > 0);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        assert_int_equal(SSL_CIPHER_get_kx_nid(cipher), NID_kx_ecdhe);
        assert_int_equal(SSL_CIPHER_is_aead(cipher), 1);
    }
    assert_int_equal(SSL_get_min_proto_version(ssl), DTLS1_2_VERSION);
    assert_true((SSL_get_options(ssl) & SSL_OP_NO_RENEGOTIATION) != 0);
    assert_true((SSL_get_options(ssl) & SSL_OP_NO_TICKET) != 0);
    sk_SSL_CIPHER_free(ciphers);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

/* Who sends data has all that the other side has said, whatever became of its acknowledgements. */
static void data_say_that_the_rest_has_arrived(void **state)
{
    (void)state;
    struct test_wires w;
    struct test_exchange sides[2] = {{.step = ATLS_POST_WANT_READ}, {.step = ATLS_POST_WANT_READ}};
    unsigned char octets[2000];
    size_t first = 2;
    join(&w, false, true);
    struct test_end *ends[] = {&w.pair.client, &w.pair.server};
    for (size_t i = 0; first == 2; i = 1 - i) {
        test_exchange_step(ends[i], &sides[i]);
        if (sides[i].step == ATLS_POST_DONE) {
            first = i;
        } else {
            assert_true(goes_on(&sides[i]));
            (void)test_wires_carry(&w);
        }
    }
    assert_true(goes_on(&sides[1 - first]));
    while (recv(w.net[first], octets, sizeof octets, 0) >= 0) { /* which are lost */
    }
    assert_int_equal(SSL_write(ends[first]->ssl, "data", 4), 4);
    (void)test_wires_carry(&w);
    test_exchange_step(ends[1 - first], &sides[1 - first]);
    assert_int_equal(sides[1 - first].step, ATLS_POST_DONE);
    assert_int_equal(SSL_read(ends[1 - first]->ssl, octets, sizeof octets), 4);
    assert_memory_equal(octets, "data", 4);
    test_wires_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_and_both_attest_over_datagrams),
        cmocka_unit_test(any_datagram_of_the_exchange_may_be_lost),
        cmocka_unit_test(datagrams_that_come_twice_or_in_another_order_change_nothing),
        cmocka_unit_test(an_end_behind_the_exchange_says_that_the_peer_was_open),
        cmocka_unit_test(the_gate_is_shut_until_the_exchange_has_ended),
        cmocka_unit_test(data_say_that_the_rest_has_arrived),
        cmocka_unit_test(a_record_that_comes_late_is_not_the_applications),
        cmocka_unit_test(a_peer_that_is_not_right_is_refused_on_both_sides),
        cmocka_unit_test(without_the_extended_master_secret_nobody_goes_on),
        cmocka_unit_test(a_session_is_not_resumed),
        cmocka_unit_test(another_timing_than_post_is_refused),
        cmocka_unit_test(sessions_framed_data_and_own_carriage_are_refused),
        cmocka_unit_test(only_ephemeral_keys_and_aead_are_offered),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
