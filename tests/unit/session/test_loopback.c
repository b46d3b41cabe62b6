/* SPDX-License-Identifier: Apache-2.0 */
/* Whole handshakes over the loopback: who attests, what the verdicts hold, and how one begins
 * again. */
#include "loopback.h"

#include "atls/sim.h"
#include "crypto/crypto.h"
#include "handshake/binder.h"
#include "session/session_internal.h"
#include "support/gated_attester.h"

#include <pthread.h>

static struct test_world *world;
static struct loop loop;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static void open_loop(struct test_spec client, struct test_spec server)
{
    memset(&loop, 0, sizeof loop);
    loop.asks = true;
    open_end(&loop.client, test_context(world, &client), ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, test_context(world, &server), ATLS_ROLE_SERVER, &world->server);
}

static void open_mutual(void)
{
    open_loop((struct test_spec){.attests = &world->client, .requires = &world->server},
              (struct test_spec){.attests = &world->server, .requires = &world->client});
}

static int end(void **state)
{
    (void)state;
    test_gate_open();
    close_end(&loop.client);
    close_end(&loop.server);
    return 0;
}

/* binder_for computes it from the toy hellos with the functions of the handshake room. */
static struct atls_bytes binder_for(const struct test_machine *machine, bool retry)
{
    const struct atls_crypto_ops *crypto = atls_crypto_openssl();
    struct atls_hash hash = {0};
    struct atls_digest transcript, binder;
    const struct atls_bytes first = toy_hello(1, 0x11);
    assert_err(crypto->hash_init(&hash, ATLS_ALG_SHA256), OK);
    if (retry) {
        static const uint8_t header[] = {254, 0, 0, 32};
        assert_err(crypto->hash_update(&hash, atls_bytes_of(header, 4)), OK);
        assert_err(crypto->hash_update(&hash, test_hash(ATLS_ALG_SHA256, first)), OK);
        assert_err(crypto->hash_update(&hash, toy_retry()), OK);
    }
    assert_err(crypto->hash_update(&hash, retry ? toy_hello(1, 0x12) : first), OK);
    assert_err(crypto->hash_update(&hash, toy_hello(2, 0x22)), OK);
    assert_err(crypto->hash_peek(&hash, &transcript), OK);
    crypto->hash_cleanup(&hash);
    assert_err(atls_binder(crypto, ATLS_ALG_SHA256, &transcript, spki_of(machine), &binder, NULL),
               OK);
    return test_copy(atls_digest_bytes(&binder));
}

static void assert_accepted(struct end *judge, const struct test_machine *peer)
{
    const struct atls_verdict *verdict = atls_session_verdict(judge->session);
    assert_int_equal(verdict->state, ATLS_VERDICT_NONE); /* not before Finished */
    assert_true(opens(judge));
    assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
    assert_bytes(atls_bytes_of(verdict->binder, verdict->binder_len), binder_for(peer, loop.retry));
    assert_bytes(atls_bytes_of(verdict->peer_spki_sha256, 32),
                 test_hash(ATLS_ALG_SHA256, spki_of(peer)));
    assert_string_equal(verdict->suite, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(verdict->group, "X25519");
    assert_string_equal(verdict->peer_subject, "CN=loopback");
    assert_string_equal(verdict->evidence[0].format, "psa");
}

static void both_attest_without_any_tls_library(void **state)
{
    (void)state;
    open_mutual();
    assert_err(loop_run(&loop), OK);
    assert_accepted(&loop.client, &world->server);
    assert_accepted(&loop.server, &world->client);
    assert_int_equal(loop.client.waits + loop.server.waits, 0); /* all in place */
}

static void hello_retry_request_is_in_the_binder(void **state)
{
    (void)state;
    open_mutual();
    loop.retry = true;
    assert_err(loop_run(&loop), OK);
    assert_accepted(&loop.client, &world->server);
    assert_accepted(&loop.server, &world->client);
}

static void one_side_attests(void **state)
{
    (void)state;
    open_loop((struct test_spec){.requires = &world->server},
              (struct test_spec){.attests = &world->server});
    assert_err(loop_run(&loop), OK);
    assert_accepted(&loop.client, &world->server);
    assert_true(opens(&loop.server));
    assert_int_equal(atls_session_verdict(loop.server.session)->state, ATLS_VERDICT_NOT_REQUIRED);
    assert_false(loop.has_client_cmw);
}

static void what_is_offered_is_each_format_once_by_number_and_by_name(void **state)
{
    (void)state;
    struct atls_offer offer;
    open_loop((struct test_spec){.requires = NULL}, (struct test_spec){.requires = NULL});
    const struct test_spec spec = {.attests = &world->client, .requires = &world->server};
    struct atls_context *context = test_context(world, &spec);
    /* a second attester of the same format is one more way to the same offer */
    assert_err(atls_context_add_attester(context, &atls_attester_sim_psa,
                                         atls_bytes_text(world->other.provision.config_json), NULL),
               OK);
    close_end(&loop.client);
    open_end(&loop.client, context, ATLS_ROLE_CLIENT, &world->client);
    begin_handshake(&loop);
    assert_err(loop_client_hello(&loop, 0x11), OK);
    assert_err(atls_offer_parse(&offer, loop.client_body, NULL), OK);
    const struct atls_scheme_list *lists[] = {&offer.server, &offer.client};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lists); i++) {
        assert_int_equal(lists[i]->count, 2);
        assert_true(lists[i]->items[0].by_content_format);
        assert_int_equal(lists[i]->items[0].content_format, 10003);
        assert_text(lists[i]->items[1].text,
                    "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    }
}

static void nobody_attests_and_nothing_is_sent(void **state)
{
    (void)state;
    open_loop((struct test_spec){.requires = NULL}, (struct test_spec){.attests = &world->server});
    assert_err(loop_run(&loop), OK);
    assert_false(loop.has_client_body || loop.has_server_cmw || loop.has_client_choice);
    assert_true(opens(&loop.client) && opens(&loop.server));
    assert_false(atls_session_was_negotiated(loop.client.session));
}

/* Appraisal reads the clock on the thread that it runs on. */
static pthread_t clock_thread;

static int64_t noting_clock(void *arg)
{
    (void)arg;
    clock_thread = pthread_self();
    return 1790000000;
}

static void work_goes_to_the_pool_where_the_stack_can_pause(void **state)
{
    (void)state;
    struct atls_attester_ops computes = *test_gated_attester(&atls_attester_sim_psa);
    computes.computes = true; /* off a fiber it would run in place */
    for (int may_pause = 0; may_pause < 2; may_pause++) {
        open_loop((struct test_spec){.requires = NULL},
                  (struct test_spec){.attests = &world->server, .ops = &computes});
        struct atls_context *judge =
            test_context(world, &(struct test_spec){.requires = &world->server});
        assert_err(atls_context_set_clock(judge, noting_clock, NULL, NULL), OK);
        close_end(&loop.client);
        open_end(&loop.client, judge, ATLS_ROLE_CLIENT, &world->client);
        loop.client.may_pause = may_pause != 0;
        loop.server.may_pause = may_pause != 0;
        assert_err(loop_run(&loop), OK);
        assert_accepted(&loop.client, &world->server);
        assert_int_equal(test_gate_other_thread(), may_pause);
        assert_int_equal(pthread_equal(clock_thread, pthread_self()) == 0, may_pause);
        end(NULL);
    }
}

static void an_open_connection_keeps_nothing_but_its_verdict(void **state)
{
    (void)state;
    open_mutual();
    assert_err(loop_run(&loop), OK);
    struct end *ends[] = {&loop.client, &loop.server};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ends); i++) {
        const struct atls_session *session = ends[i]->session;
        assert_non_null(session->written);
        assert_true(opens(ends[i]));
        assert_null(session->written);
        assert_null(session->client_hello_body);
        assert_null(session->peer_cmw);
        assert_int_equal(session->transcript.state, ATLS_TRANSCRIPT_START);
        assert_int_equal(session->negotiation.peer.server.count, 0);
        assert_int_equal(session->negotiation.peer.client.count, 0);
        assert_int_equal(session->verdict.num_evidence, 1);
    }
}

static void a_second_handshake_begins_from_nothing(void **state)
{
    (void)state;
    open_mutual();
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.client) && opens(&loop.server));
    assert_true(atls_session_has_finished(loop.client.session));
    begin_handshake(&loop);
    assert_false(atls_session_has_finished(loop.client.session));
    const struct atls_verdict *verdict = atls_session_verdict(loop.client.session);
    assert_int_equal(verdict->state, ATLS_VERDICT_NONE);
    assert_int_equal(verdict->binder_len, 0);
    assert_int_equal(verdict->num_evidence, 0);
    /* the credential of the first does not count in the second */
    assert_false(opens(&loop.client));
    assert_reason(&loop.client, NO_VERDICT);
    assert_err(loop_run(&loop), OK);
    assert_accepted(&loop.client, &world->server);
    assert_accepted(&loop.server, &world->client);
}

static void a_handshake_may_begin_with_another_context(void **state)
{
    (void)state;
    open_mutual();
    assert_err(loop_run(&loop), OK);
    struct atls_context *none = test_context(world, &(struct test_spec){.requires = NULL});
    assert_err(atls_context_freeze(none, NULL), OK);
    atls_session_begin(loop.client.session, none, ATLS_ROLE_CLIENT);
    assert_ptr_equal(atls_session_context(loop.client.session), none);
    atls_context_unref(none); /* the session has a reference of its own */
    bool send = true;
    struct atls_bytes out;
    assert_err(atls_session_write_client_hello(loop.client.session, &send, &out), OK);
    assert_false(send);
}

/* ---- going over to another context, as a server does by SNI ---- */

static struct atls_context *other_context(const struct test_spec *spec)
{
    struct atls_context *context = test_context(world, spec);
    assert_err(atls_context_freeze(context, NULL), OK);
    return context;
}

static void a_server_goes_over_to_the_context_that_attests(void **state)
{
    (void)state;
    open_loop((struct test_spec){.requires = &world->other}, (struct test_spec){.requires = NULL});
    struct atls_context *other = other_context(&(struct test_spec){.attests = &world->other});
    loop.retry = true;
    assert_err(loop_hellos(&loop), OK);
    assert_err(atls_session_rebind(loop.server.session, other), OK);
    assert_err(atls_session_rebind(loop.server.session, other), OK); /* once more is harmless */
    atls_context_unref(other);
    loop.server.machine = &world->other;
    assert_err(loop_choices(&loop), OK);
    assert_err(loop_server_certificate(&loop), OK);
    assert_accepted(&loop.client, &world->other);
}

static void after_a_choice_no_context_is_taken(void **state)
{
    (void)state;
    open_mutual();
    struct atls_context *other = other_context(&(struct test_spec){.attests = &world->other});
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
    assert_err(atls_session_rebind(loop.server.session, other), STATE);
    assert_reason(&loop.server, STATE);
    assert_string_equal(
        test_sentence(&atls_session_verdict(loop.server.session)->reason),
        "SNI: a function was called at a moment when it cannot work (found a switch of contexts, "
        "expected no switch after EncryptedExtensions)");
    assert_ptr_not_equal(atls_session_context(loop.server.session), other);
    assert_false(opens(&loop.server));
    atls_context_unref(other);
}

static void neither_is_one_after_the_end_nor_by_a_client(void **state)
{
    (void)state;
    open_mutual();
    struct atls_context *none = other_context(&(struct test_spec){.requires = NULL});
    assert_err(loop_hellos(&loop), OK);
    assert_err(atls_session_rebind(loop.client.session, none), STATE);
    assert_reason(&loop.client, STATE);
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.server));
    assert_err(atls_session_rebind(loop.server.session, none), STATE);
    assert_reason(&loop.server, STATE);
    atls_context_unref(none);
}

static void an_offer_that_was_dropped_after_retry_is_noticed_across_a_switch(void **state)
{
    (void)state;
    bool send = false;
    struct atls_bytes out;
    open_loop((struct test_spec){.requires = &world->other}, (struct test_spec){.requires = NULL});
    struct atls_context *other = other_context(&(struct test_spec){.attests = &world->other});
    begin_handshake(&loop);
    assert_err(loop_client_hello(&loop, 0x11), OK);
    both_see(&loop, toy_retry());
    assert_err(atls_session_rebind(loop.server.session, other), OK);
    both_see(&loop, toy_hello(1, 0x12)); /* without the extension */
    both_see(&loop, toy_hello(2, 0x22));
    assert_err(atls_session_write_encrypted_extensions(loop.server.session, &send, &out), ILLEGAL);
    assert_reason(&loop.server, ILLEGAL);
    atls_context_unref(other);
}

#define LOOP(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP(both_attest_without_any_tls_library),
        LOOP(hello_retry_request_is_in_the_binder),
        LOOP(one_side_attests),
        LOOP(what_is_offered_is_each_format_once_by_number_and_by_name),
        LOOP(nobody_attests_and_nothing_is_sent),
        LOOP(work_goes_to_the_pool_where_the_stack_can_pause),
        LOOP(an_open_connection_keeps_nothing_but_its_verdict),
        LOOP(a_second_handshake_begins_from_nothing),
        LOOP(a_handshake_may_begin_with_another_context),
        LOOP(a_server_goes_over_to_the_context_that_attests),
        LOOP(after_a_choice_no_context_is_taken),
        LOOP(neither_is_one_after_the_end_nor_by_a_client),
        LOOP(an_offer_that_was_dropped_after_retry_is_noticed_across_a_switch),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
