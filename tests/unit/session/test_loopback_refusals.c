/* SPDX-License-Identifier: Apache-2.0 */
/* What a session refuses, over the loopback: attacks that a TLS library would not let anybody try,
 * and calls in the wrong order. A refusal is for good. */
#include "loopback.h"

#include "atls/sim.h"
#include "support/gated_attester.h"
#include "support/mutate.h"

static struct test_world *world;
static struct loop loop;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static int make(void **state)
{
    (void)state;
    const struct test_spec client = {.attests = &world->client, .requires = &world->server};
    const struct test_spec server = {.attests = &world->server, .requires = &world->client};
    memset(&loop, 0, sizeof loop);
    loop.asks = true;
    open_end(&loop.client, test_context(world, &client), ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, test_context(world, &server), ATLS_ROLE_SERVER, &world->server);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    close_end(&loop.client);
    close_end(&loop.server);
    return 0;
}

/* up_to_certificate leaves the server's credential in loop.server_cmw, and unread. */
static void up_to_certificate(void)
{
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
    assert_err(loop_credential(&loop.server, &loop.has_server_cmw, &loop.server_cmw), OK);
    assert_true(loop.has_server_cmw);
}

static enum atls_err read_and_appraise(struct atls_bytes cmw, const struct atls_channel *channel,
                                       const struct atls_peer *peer)
{
    enum atls_err err = atls_session_read_certificate(loop.client.session, 0, cmw);
    return err == ATLS_OK ? atls_session_appraise(loop.client.session, channel, peer) : err;
}

static struct atls_peer good_peer(void)
{
    static struct atls_bytes own;
    own = spki_of(&world->client);
    const struct atls_peer peer = {.spki = spki_of(&world->server),
                                   .own_spkis = &own,
                                   .num_own_spkis = 1,
                                   .subject = "CN=loopback",
                                   .pkix_ok = true};
    return peer;
}

static void assert_closed(struct end *end)
{
    assert_false(opens(end));
    assert_false(atls_verdict_opens(atls_session_verdict(end->session)));
}

/* four legs, and only all of them open the gate. */
static void only_all_four_legs_together_open_the_gate(void **state)
{
    (void)state;
    for (unsigned legs = 0; legs < 16; legs++) {
        const bool identity = (legs & 1) != 0, evidence = (legs & 2) != 0;
        const bool key = (legs & 4) != 0, bound = (legs & 8) != 0;
        struct atls_peer peer = good_peer();
        struct atls_channel channel = good_channel;
        up_to_certificate();
        struct atls_bytes cmw = loop.server_cmw;
        uint8_t *broken = test_room(cmw.len).data;
        memcpy(broken, cmw.data, cmw.len);
        broken[cmw.len - 2] ^= 1; /* in the signature */
        peer.pkix_ok = identity;
        peer.spki = key ? peer.spki : spki_of(&world->other);
        channel.group_listed = bound;
        const enum atls_err err =
            read_and_appraise(evidence ? cmw : atls_bytes_of(broken, cmw.len), &channel, &peer);
        assert_int_equal(err == ATLS_OK, legs == 15);
        assert_int_equal(atls_session_finish(loop.client.session, &channel), legs == 15);
    }
}

static void evidence_of_another_connection_is_refused(void **state)
{
    (void)state;
    up_to_certificate();
    const struct atls_bytes old = loop.server_cmw;
    begin_handshake(&loop);
    loop.retry = true; /* other hellos */
    up_to_certificate();
    const struct atls_peer peer = good_peer();
    assert_err(read_and_appraise(old, &good_channel, &peer), FRESHNESS);
    assert_reason(&loop.client, FRESHNESS);
    assert_closed(&loop.client);
}

/* somebody between the two has changed a hello. */
static void sides_that_saw_other_hellos_do_not_agree(void **state)
{
    (void)state;
    begin_handshake(&loop);
    assert_err(loop_client_hello(&loop, 0x11), OK);
    atls_session_message(loop.client.session, toy_hello(2, 0x22));
    atls_session_message(loop.server.session, toy_hello(2, 0x23));
    assert_err(loop_choices(&loop), OK);
    assert_err(loop_server_certificate(&loop), FRESHNESS);
    assert_closed(&loop.client);
}

/* genuine Evidence, and a certificate with another key. */
static void evidence_about_another_key_is_refused(void **state)
{
    (void)state;
    up_to_certificate();
    struct atls_peer peer = good_peer();
    peer.spki = spki_of(&world->other);
    assert_err(read_and_appraise(loop.server_cmw, &good_channel, &peer), FRESHNESS);
    assert_closed(&loop.client);
}

/* */
static void our_own_key_and_our_own_evidence_are_refused(void **state)
{
    (void)state;
    up_to_certificate();
    struct atls_peer peer = good_peer();
    peer.spki = peer.own_spkis[0];
    assert_err(read_and_appraise(loop.server_cmw, &good_channel, &peer), REFLECTED);
    assert_closed(&loop.client);
    up_to_certificate();
    assert_err(loop_server_certificate(&loop), OK);
    /* the client hands the server's Evidence back, under a key of its own */
    assert_err(atls_session_read_certificate(loop.server.session, 0, loop.server_cmw), OK);
    assert_err(loop_appraise(&loop.server, &world->client), REFLECTED);
    assert_string_equal(atls_session_verdict(loop.server.session)->reason.found,
                        "our own Evidence");
    assert_closed(&loop.server);
}

static void each_fault_of_the_channel_is_named(void **state)
{
    (void)state;
    const struct atls_peer peer = good_peer();
    struct atls_channel channels[4] = {good_channel, good_channel, good_channel, good_channel};
    static const char *const errors[] = {"PROTOCOL_VERSION", "RESUMED", "CHANNEL", "CHANNEL"};
    static const char *const claims[] = {"version", "session", "cipher suite", "group"};
    channels[0].is_tls13 = false;
    channels[1].resumed = true;
    channels[2].suite_listed = false;
    channels[3].group_listed = false;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(channels); i++) {
        up_to_certificate();
        const enum atls_err err = read_and_appraise(loop.server_cmw, &channels[i], &peer);
        assert_string_equal(atls_err_name(err), errors[i]);
        const struct atls_diag *reason = &atls_session_verdict(loop.client.session)->reason;
        assert_string_equal(reason->step, "channel");
        assert_string_equal(reason->claim, claims[i]);
        assert_closed(&loop.client);
    }
}

static void a_channel_that_changed_after_the_appraisal_is_refused(void **state)
{
    (void)state;
    struct atls_channel channel = good_channel;
    channel.resumed = true;
    assert_err(loop_run(&loop), OK);
    assert_false(atls_session_finish(loop.client.session, &channel));
    assert_reason(&loop.client, RESUMED);
}

static void a_key_of_unusable_length_is_refused(void **state)
{
    (void)state;
    bool send = false;
    struct atls_bytes out;
    struct atls_peer peer = good_peer();
    const struct atls_bytes lengths[] = {{NULL, 0}, {test_room(8193).data, 8193}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        up_to_certificate();
        peer.spki = lengths[i];
        assert_err(read_and_appraise(loop.server_cmw, &good_channel, &peer), KEY_BINDING);
        assert_closed(&loop.client);
        assert_err(loop_hellos(&loop), OK);
        assert_err(loop_choices(&loop), OK);
        assert_err(atls_session_write_certificate(loop.server.session, ATLS_ALG_SHA256, lengths[i],
                                                  &send, &out),
                   KEY);
        assert_closed(&loop.server);
    }
}

static void a_refusal_is_for_good_and_makes_no_evidence(void **state)
{
    (void)state;
    bool send = true;
    struct atls_bytes out;
    drop(NULL);
    const struct atls_attester_ops *gated = test_gated_attester(&atls_attester_sim_psa);
    const struct test_spec client = {
        .attests = &world->client, .requires = &world->server, .ops = gated};
    const struct test_spec server = {.attests = &world->server, .requires = &world->client};
    open_end(&loop.client, test_context(world, &client), ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, test_context(world, &server), ATLS_ROLE_SERVER, &world->server);
    up_to_certificate();
    struct atls_peer peer = good_peer();
    peer.pkix_ok = false;
    const enum atls_err reason = read_and_appraise(loop.server_cmw, &good_channel, &peer);
    assert_err(reason, PKIX);
    /* whatever comes now, and were it all that was missing */
    struct atls_session *session = loop.client.session;
    peer.pkix_ok = true;
    assert_err(atls_session_appraise(session, &good_channel, &peer), PKIX);
    assert_err(atls_session_read_certificate(session, 0, loop.server_cmw), PKIX);
    assert_err(atls_session_read_certificate_request(session, loop.client_choice), PKIX);
    assert_err(atls_session_read_encrypted_extensions(session, loop.server_choice), PKIX);
    assert_err(atls_session_write_client_hello(session, &send, &out), PKIX);
    assert_err(atls_session_write_certificate(session, ATLS_ALG_SHA256, spki_of(&world->client),
                                              &send, &out),
               PKIX);
    assert_int_equal(test_gate_passed(), 0);
    struct atls_diag later = {.err = ATLS_ERR_MEMORY};
    atls_session_refuse(session, &later); /* the first reason stays */
    assert_reason(&loop.client, PKIX);
    assert_closed(&loop.client);
}

static void a_server_that_refused_says_nothing_more(void **state)
{
    (void)state;
    bool send = false;
    struct atls_bytes out;
    begin_handshake(&loop);
    struct atls_session *session = loop.server.session;
    assert_err(atls_session_read_client_hello(session, test_hex("00")), MALFORMED);
    assert_err(atls_session_read_client_hello(session, test_hex("0000 0000")), MALFORMED);
    assert_err(atls_session_write_encrypted_extensions(session, &send, &out), MALFORMED);
    assert_err(atls_session_write_certificate_request(session, &send, &out), MALFORMED);
    assert_err(atls_session_write_certificate(session, ATLS_ALG_SHA256, spki_of(&world->server),
                                              &send, &out),
               MALFORMED);
    assert_false(send);
    assert_closed(&loop.server);
}

static void calls_before_the_beginning_are_our_own_mistake(void **state)
{
    (void)state;
    bool send = false;
    struct atls_bytes out;
    assert_false(atls_session_has_begun(loop.client.session));
    assert_err(atls_session_write_client_hello(loop.client.session, &send, &out), STATE);
    assert_closed(&loop.client);
    assert_err(atls_session_write_certificate_request(loop.server.session, &send, &out), STATE);
    assert_closed(&loop.server);
}

static void evidence_before_server_hello_is_refused_with_the_advice_to_chain(void **state)
{
    (void)state;
    begin_handshake(&loop);
    assert_err(loop_client_hello(&loop, 0x11), OK);
    assert_err(loop_choices(&loop), OK);
    assert_err(loop_credential(&loop.server, &loop.has_server_cmw, &loop.server_cmw), TRANSCRIPT);
    assert_non_null(strstr(atls_session_verdict(loop.server.session)->reason.expected,
                           "must chain atls_openssl_msg_callback"));
    assert_closed(&loop.server);
}

static void hellos_out_of_order_are_refused(void **state)
{
    (void)state;
    begin_handshake(&loop);
    atls_session_message(loop.client.session, toy_hello(2, 0x22));
    assert_reason(&loop.client, TRANSCRIPT);
    both_see(&loop, toy_hello(1, 0x11));
    assert_reason(&loop.client, TRANSCRIPT);
    both_see(&loop, toy_hello(2, 0x22));
    both_see(&loop, toy_hello(1, 0x33)); /* after ServerHello */
    assert_reason(&loop.server, TRANSCRIPT);
}

/* ---- after the handshake ---- */

static void a_second_certificate_must_show_the_key_that_was_appraised(void **state)
{
    (void)state;
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.server));
    assert_err(loop_appraise(&loop.server, &world->client), OK);
    assert_int_equal(atls_session_verdict(loop.server.session)->state, ATLS_VERDICT_ACCEPTED);
    assert_err(loop_appraise(&loop.server, &world->other), KEY_BINDING);
    assert_reason(&loop.server, KEY_BINDING);
}

static void nothing_is_chosen_or_attested_after_the_handshake(void **state)
{
    (void)state;
    bool send = true;
    struct atls_bytes out;
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.client) && opens(&loop.server));
    assert_err(atls_session_write_certificate_request(loop.server.session, &send, &out), OK);
    assert_false(send);
    send = true;
    assert_err(atls_session_write_certificate(loop.client.session, ATLS_ALG_SHA256,
                                              spki_of(&world->client), &send, &out),
               OK);
    assert_false(send);
    assert_int_equal(atls_session_verdict(loop.client.session)->state, ATLS_VERDICT_ACCEPTED);
    assert_err(atls_session_read_certificate_request(loop.client.session, loop.client_choice),
               ILLEGAL);
    assert_reason(&loop.client, ILLEGAL);
    assert_err(atls_session_read_certificate(loop.server.session, 0, loop.client_cmw), ILLEGAL);
    assert_reason(&loop.server, ILLEGAL);
}

/* ---- every change of what the server sends ---- */

static void refuse_choice(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at, (void)context;
    if (atls_bytes_equal(mutant, loop.server_choice)) {
        return;
    }
    assert_err(loop_hellos(&loop), OK);
    assert_true(atls_session_read_encrypted_extensions(loop.client.session, mutant) != ATLS_OK);
    assert_closed(&loop.client);
}

static void every_change_of_a_choice_is_refused(void **state)
{
    (void)state;
    up_to_certificate();
    test_each_mutant(loop.server_choice, refuse_choice, NULL);
}

/* is_other_case: names of media types and parameters have no case (RFC 6838, 4.2). */
static bool is_other_case(struct atls_bytes mutant, size_t at)
{
    const uint8_t was = loop.server_cmw.data[at];
    return mutant.len == loop.server_cmw.len && was >= 'a' && was <= 'z' &&
           mutant.data[at] == was - 0x20;
}

static void refuse_credential(struct atls_bytes mutant, size_t at, void *context)
{
    const struct atls_peer peer = good_peer();
    bool send = false;
    struct atls_bytes out;
    assert_err(loop_hellos(&loop), OK);
    assert_err(atls_session_write_encrypted_extensions(loop.server.session, &send, &out), OK);
    assert_err(atls_session_read_encrypted_extensions(loop.client.session, loop.server_choice), OK);
    if (read_and_appraise(mutant, &good_channel, &peer) != ATLS_OK) {
        assert_closed(&loop.client);
    } else {
        assert_true(is_other_case(mutant, at));
        ++*(unsigned *)context;
    }
}

static void every_cut_and_every_flipped_bit_of_a_credential_is_refused(void **state)
{
    (void)state;
    up_to_certificate();
    unsigned accepted = 0;
    test_each_truncation(loop.server_cmw, refuse_credential, &accepted);
    test_each_bit_flip(loop.server_cmw, refuse_credential, &accepted);
    /* "application", "eat+cwt", "eat_profile", and nothing of the value behind it */
    assert_int_equal(accepted, 11 + 6 + 10);
    /* and unchanged it is taken: the hellos are the same each time */
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
    const struct atls_peer peer = good_peer();
    assert_err(read_and_appraise(loop.server_cmw, &good_channel, &peer), OK);
}

#define LOOP(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP(only_all_four_legs_together_open_the_gate),
        LOOP(evidence_of_another_connection_is_refused),
        LOOP(sides_that_saw_other_hellos_do_not_agree),
        LOOP(evidence_about_another_key_is_refused),
        LOOP(our_own_key_and_our_own_evidence_are_refused),
        LOOP(each_fault_of_the_channel_is_named),
        LOOP(a_channel_that_changed_after_the_appraisal_is_refused),
        LOOP(a_key_of_unusable_length_is_refused),
        LOOP(a_refusal_is_for_good_and_makes_no_evidence),
        LOOP(a_server_that_refused_says_nothing_more),
        LOOP(calls_before_the_beginning_are_our_own_mistake),
        LOOP(evidence_before_server_hello_is_refused_with_the_advice_to_chain),
        LOOP(hellos_out_of_order_are_refused),
        LOOP(a_second_certificate_must_show_the_key_that_was_appraised),
        LOOP(nothing_is_chosen_or_attested_after_the_handshake),
        LOOP(every_change_of_a_choice_is_refused),
        LOOP(every_cut_and_every_flipped_bit_of_a_credential_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
