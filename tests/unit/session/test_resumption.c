/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resumption as a context sees it: which settings make another appraisal, how long one serves, the
 * keys of tickets, and that facts are taken by the same context for the same connection only.
 */
#include "loopback.h"

#include "atls/sim.h"
#include "endorsement/corim_create.h"
#include "session/context_internal.h"
#include "session/resumption.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW 1790000000

static struct test_world *world;
static struct loop loop;
static int64_t now_s;
static struct atls_diag diag;
static const uint8_t connection[ATLS_CONNECTION_DIGEST_LEN] = {1, 2, 3};

static int64_t clock_of_test(void *arg)
{
    (void)arg;
    return now_s;
}

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    now_s = NOW;
    memset(&loop, 0, sizeof loop);
    return 0;
}

static int end(void **state)
{
    (void)state;
    close_end(&loop.client);
    close_end(&loop.server);
    return 0;
}

static struct test_spec spec_of(bool requires)
{
    return (struct test_spec){
        .resume = true, .requires = requires ? &world->server : NULL, .clock = clock_of_test};
}

/* ---- the digest of the settings ---- */

static const char policy_a[] = "{\"version\":1,\"id\":\"a\"}";
static const char policy_b[] = "{\"version\":1,\"id\":\"b\"}";

/* changed makes a context in which one thing, `which`, is not as in number 0. */
static struct atls_context *changed(unsigned which)
{
    struct test_spec spec = spec_of(which != 1);
    spec.policy = which == 1 ? NULL : which == 2 ? policy_b : policy_a;
    spec.no_simulated = which == 3;
    spec.no_pkix = which == 4;
    struct atls_context *context = test_context(world, &spec);
    if (which == 5) {
        assert_err(atls_context_load_endorsements(context, world->other.corim_path, &diag), OK);
    }
    if (which == 6) {
        assert_err(atls_context_require(context, "psa,tpm2", &diag), OK);
    }
    if (which == 7) {
        char *pem = NULL;
        assert_err(atls_context_require(context, "psa,result", &diag), OK);
        assert_err(atls_key_to_public_pem(&pem, world->ca_key, NULL), OK);
        assert_err(
            atls_context_trust_verifier(context, "https://v.example", atls_bytes_text(pem), &diag),
            OK);
        atls_pem_free(pem);
    }
    assert_err(atls_context_freeze(context, &diag), OK);
    return context;
}

static void every_setting_that_decides_is_in_the_digest(void **state)
{
    (void)state;
    enum { num = 8 };
    struct atls_context *contexts[num + 1];
    for (unsigned i = 0; i < num; i++) {
        contexts[i] = changed(i);
    }
    contexts[num] = changed(0);
    assert_bytes(atls_context_digest(contexts[num]), atls_context_digest(contexts[0]));
    for (unsigned i = 0; i < num; i++) {
        for (unsigned k = i + 1; k < num; k++) {
            assert_false(atls_bytes_equal(atls_context_digest(contexts[i]),
                                          atls_context_digest(contexts[k])));
        }
    }
    for (unsigned i = 0; i <= num; i++) {
        atls_context_unref(contexts[i]);
    }
}

static void what_decides_over_nobody_is_not_in_it(void **state)
{
    (void)state;
    struct test_spec spec = spec_of(true);
    struct atls_context *plain = test_context(world, &spec);
    spec.attests = &world->client;
    spec.keep_claims = true;
    spec.timeout_ms = 77;
    struct atls_context *other = test_context(world, &spec);
    assert_err(atls_context_freeze(plain, &diag), OK);
    assert_err(atls_context_freeze(other, &diag), OK);
    assert_bytes(atls_context_digest(plain), atls_context_digest(other));
    atls_context_unref(plain);
    atls_context_unref(other);
}

static void resumption_goes_with_the_handshake_only(void **state)
{
    (void)state;
    static const char after[] =
        "context: the configuration is not valid (resumption: found timing \"post\" or \"both\", "
        "expected timing \"handshake\": draft-fossati-seat-expat forbids tickets)";
    static const char certificate[] =
        "context: the configuration is not valid (resumption: found timing \"certificate\", "
        "expected timing \"handshake\": a certificate is looked at each time)";
    struct test_spec spec = spec_of(true);
    struct atls_context *context = test_context(world, &spec);
    const enum atls_timing timings[] = {ATLS_TIMING_POST, ATLS_TIMING_BOTH,
                                        ATLS_TIMING_CERTIFICATE};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(timings); i++) {
        assert_err(atls_context_set_timing(context, timings[i], &diag), OK);
        assert_err(atls_context_freeze(context, &diag), CONFIG);
        assert_string_equal(test_sentence(&diag), i < 2 ? after : certificate);
    }
    assert_err(atls_context_set_timing(context, ATLS_TIMING_HANDSHAKE, &diag), OK);
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_context_set_resume(context, &diag), STATE);
    atls_context_unref(context);
}

static void the_policy_bounds_it_and_a_day_does(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        uint32_t lifetime_s;
    } rows[] = {
        {NULL, 300},
        {"{\"version\":1,\"id\":\"x\",\"max_result_age_s\":1}", 1},
        {"{\"version\":1,\"id\":\"x\",\"max_result_age_s\":86399}", 86399},
        {"{\"version\":1,\"id\":\"x\",\"max_result_age_s\":31536000}", 86400},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct test_spec spec = spec_of(true);
        spec.policy = rows[i].policy;
        struct atls_context *context = test_context(world, &spec);
        assert_int_equal(atls_context_session_lifetime_s(context), rows[i].lifetime_s);
        atls_context_unref(context);
    }
    struct test_spec spec = spec_of(false);
    struct atls_context *context = test_context(world, &spec);
    assert_int_equal(atls_context_session_lifetime_s(context), 86400);
    atls_context_unref(context);
}

/* ---- the keys of tickets ---- */

static bool is_known(struct atls_context *context, const struct atls_ticket_key *key)
{
    struct atls_ticket_key found;
    const bool known = atls_context_find_ticket_key(context, key->name, &found);
    if (known) {
        assert_memory_equal(&found, key, sizeof found);
    }
    return known;
}

static void keys_are_replaced_and_open_one_lifetime_longer(void **state)
{
    (void)state;
    struct test_spec spec = spec_of(true);
    struct atls_context *context = test_context(world, &spec), *other = test_context(world, &spec);
    struct atls_ticket_key keys[3], again;
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_context_freeze(other, &diag), OK);
    for (size_t i = 0; i < 3; i++) {
        assert_err(atls_context_ticket_key(context, &keys[i], &diag), OK);
        now_s += 299;
        assert_err(atls_context_ticket_key(context, &again, &diag), OK);
        assert_memory_equal(&again, &keys[i], sizeof again);
        assert_true(is_known(context, &keys[i]));
        assert_false(is_known(other, &keys[i]));
        assert_true(i == 0 || is_known(context, &keys[i - 1]));
        now_s += 1;
    }
    for (size_t i = 0; i < 2; i++) {
        assert_memory_not_equal(keys[i].name, keys[i + 1].name, sizeof keys[i].name);
        assert_memory_not_equal(keys[i].cipher_key, keys[i + 1].cipher_key, 32);
        assert_memory_not_equal(keys[i].mac_key, keys[i + 1].mac_key, 32);
        assert_memory_not_equal(keys[i].mac_key, keys[i].cipher_key, 32);
    }
    assert_false(is_known(context, &keys[0])); /* made 900 s ago */
    assert_true(is_known(context, &keys[2]));
    now_s = NOW + 600 + 599;
    assert_true(is_known(context, &keys[2]));
    now_s++; /* nobody asked for a new one meanwhile */
    assert_false(is_known(context, &keys[2]));
    now_s = NOW - 1; /* a clock that was set back */
    assert_false(is_known(context, &keys[2]));
    atls_context_unref(context);
    atls_context_unref(other);
}

/* ---- facts ---- */

/* kept_of runs a connection whose server attests, and has this certificate, and gives what the
 * client keeps of it. */
static struct atls_bytes kept_of(struct atls_context *client,
                                 const struct atls_peer_certificate *seen,
                                 struct session_facts *out)
{
    const struct test_spec spec = {.attests = &world->server};
    const struct atls_buf room = test_room(SESSION_MAX_FACTS_LEN);
    size_t len = 0;
    open_end(&loop.client, client, ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, test_context(world, &spec), ATLS_ROLE_SERVER, &world->server);
    loop.client.seen = seen;
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.client));
    assert_true(atls_session_may_be_resumed(loop.client.session));
    assert_err(atls_session_write_facts(loop.client.session,
                                        atls_bytes_of(connection, sizeof connection), room, &len,
                                        &diag),
               OK);
    assert_err(session_facts_read(out, atls_bytes_of(room.data, len), &diag), OK);
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes kept(struct atls_context *client, struct session_facts *out)
{
    return kept_of(client, NULL, out);
}

static void facts_are_of_one_context_connection_and_time(void **state)
{
    (void)state;
    struct session_facts facts;
    const struct test_spec spec = spec_of(true);
    const struct atls_bytes octets = kept(test_context(world, &spec), &facts);
    const struct atls_bytes same = atls_bytes_of(connection, sizeof connection);
    static const uint8_t other[ATLS_CONNECTION_DIGEST_LEN] = {1, 2, 4};
    struct atls_context *context = atls_session_context(loop.client.session);
    assert_int_equal(facts.appraised_s, NOW);
    assert_int_equal(facts.not_after_s, NOW + 300);
    assert_int_equal(facts.num_identities, 3); /* the peer's key, the machine, its key */
    assert_err(atls_context_check_facts(context, octets, same, &diag), OK);
    assert_err(atls_context_check_facts(context, octets, atls_bytes_of(other, sizeof other), &diag),
               RESUMPTION);
    assert_string_equal(diag.claim, "connection");
    static const struct {
        int64_t at_s;
        const char *claim;
    } times[] = {{NOW - 1, "time of the appraisal"},
                 {NOW, NULL},
                 {NOW + 299, NULL},
                 {NOW + 300, "end of the appraisal"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(times); i++) {
        now_s = times[i].at_s;
        const enum atls_err err = atls_context_check_facts(context, octets, same, &diag);
        assert_int_equal(err == ATLS_OK, times[i].claim == NULL);
        if (err != ATLS_OK) {
            assert_err(err, RESUMPTION);
            assert_string_equal(diag.claim, times[i].claim);
        }
    }
    now_s = NOW;
    struct atls_context *strangers[] = {changed(2), changed(1)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(strangers); i++) {
        assert_err(atls_context_check_facts(strangers[i], octets, same, &diag), RESUMPTION);
        assert_string_equal(diag.claim, "policy");
        atls_context_unref(strangers[i]);
    }
}

/* Facts of another lifetime are bounded by that of now: who keeps them may be older than we. */
static void facts_that_promise_more_are_bounded_all_the_same(void **state)
{
    (void)state;
    struct session_facts facts;
    const struct test_spec spec = spec_of(true);
    (void)kept(test_context(world, &spec), &facts);
    facts.not_after_s = INT64_MAX;
    const struct atls_buf room = test_room(SESSION_MAX_FACTS_LEN);
    size_t len = 0;
    assert_err(session_facts_write(room, &len, &facts, &diag), OK);
    now_s = NOW + 300;
    assert_err(atls_context_check_facts(atls_session_context(loop.client.session),
                                        atls_bytes_of(room.data, len),
                                        atls_bytes_of(connection, sizeof connection), &diag),
               RESUMPTION);
}

static void facts_end_with_the_first_endorsement_that_does(void **state)
{
    (void)state;
    static const char until[] = "{\"corim-id\":\"ends\",\"validity\":{\"not-after\":"
                                "\"2026-09-21T15:00:00Z\"}}";
    struct session_facts facts;
    uint8_t *corim = NULL;
    size_t len = 0;
    char path[] = "/tmp/atls-test-XXXXXX";
    const struct atls_bytes texts[] = {atls_bytes_text(world->other.provision.comid_json),
                                       atls_bytes_text(until)};
    assert_err(atls_corim_create(&corim, &len, texts, 2, "tag:arm.com,2025:psa#1.0.0", true, &diag),
               OK);
    const int fd = mkstemp(path);
    assert_int_equal(write(fd, corim, len), len);
    close(fd);
    free(corim);
    now_s = 1790002800 - 20; /* 15:00:00 less 20 s */
    const struct test_spec spec = spec_of(true);
    struct atls_context *context = test_context(world, &spec);
    struct atls_endorsements *set = context->endorsements;
    assert_err(atls_endorsements_load_at(set, path, now_s, &diag), OK);
    unlink(path);
    assert_true(atls_endorsements_next_end(set, now_s) == 1790002800);
    assert_true(atls_endorsements_next_end(set, now_s + 81) == INT64_MAX);
    (void)kept(context, &facts);
    assert_int_equal(facts.not_after_s, 1790002800);
}

static void facts_end_with_the_certificate_of_the_peer(void **state)
{
    (void)state;
    struct session_facts facts;
    const struct test_spec spec = spec_of(true);
    const struct atls_peer_certificate seen = {.spki = spki_of(&world->server),
                                               .serial = atls_bytes_text("serial"),
                                               .not_after_s = NOW + 17};
    (void)kept_of(test_context(world, &spec), &seen, &facts);
    assert_int_equal(facts.not_after_s, NOW + 17);
    assert_int_equal(facts.num_identities, 4); /* its number, too */
}

static void a_handshake_that_has_not_ended_keeps_nothing(void **state)
{
    (void)state;
    struct session_facts facts;
    const struct test_spec spec = spec_of(true);
    const struct atls_buf room = test_room(SESSION_MAX_FACTS_LEN);
    size_t len = 0;
    (void)kept(test_context(world, &spec), &facts);
    atls_session_begin(loop.client.session, atls_session_context(loop.client.session),
                       ATLS_ROLE_CLIENT);
    assert_err(atls_session_write_facts(loop.client.session,
                                        atls_bytes_of(connection, sizeof connection), room, &len,
                                        &diag),
               RESUMPTION);
    assert_int_equal(len, 0);
}

static void a_session_that_does_not_resume_keeps_nothing(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server},
                           server = {.attests = &world->server};
    open_end(&loop.client, test_context(world, &client), ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, test_context(world, &server), ATLS_ROLE_SERVER, &world->server);
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.client));
    assert_false(atls_session_may_be_resumed(loop.client.session));
    assert_err(atls_context_check_facts(atls_session_context(loop.client.session),
                                        atls_bytes_of(NULL, 0),
                                        atls_bytes_of(connection, sizeof connection), &diag),
               RESUMPTION);
}

/* An adapter that shows facts although the handshake was a full one: nothing was appraised in it.
 */
static void facts_open_no_full_handshake(void **state)
{
    (void)state;
    struct session_facts facts;
    const struct test_spec spec = spec_of(true);
    const struct atls_bytes octets = kept(test_context(world, &spec), &facts);
    for (unsigned resumed = 0; resumed < 2; resumed++) {
        struct atls_channel channel = good_channel;
        channel.resumed = resumed != 0;
        atls_session_begin(loop.client.session, atls_session_context(loop.client.session),
                           ATLS_ROLE_CLIENT);
        atls_session_resume(loop.client.session, octets,
                            atls_bytes_of(connection, sizeof connection));
        assert_int_equal(atls_session_finish(loop.client.session, &channel), resumed != 0);
        if (resumed == 0) {
            assert_reason(&loop.client, RESUMPTION);
            assert_string_equal(atls_session_verdict(loop.client.session)->reason.found,
                                "a full handshake with the facts of an earlier one");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_that_decides_is_in_the_digest),
        cmocka_unit_test(what_decides_over_nobody_is_not_in_it),
        cmocka_unit_test(resumption_goes_with_the_handshake_only),
        cmocka_unit_test(the_policy_bounds_it_and_a_day_does),
        cmocka_unit_test_setup(keys_are_replaced_and_open_one_lifetime_longer, begin),
        cmocka_unit_test_setup_teardown(facts_are_of_one_context_connection_and_time, begin, end),
        cmocka_unit_test_setup_teardown(facts_that_promise_more_are_bounded_all_the_same, begin,
                                        end),
        cmocka_unit_test_setup_teardown(facts_end_with_the_first_endorsement_that_does, begin, end),
        cmocka_unit_test_setup_teardown(facts_end_with_the_certificate_of_the_peer, begin, end),
        cmocka_unit_test_setup_teardown(a_handshake_that_has_not_ended_keeps_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_session_that_does_not_resume_keeps_nothing, begin, end),
        cmocka_unit_test_setup_teardown(facts_open_no_full_handshake, begin, end),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
