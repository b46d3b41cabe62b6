/* SPDX-License-Identifier: Apache-2.0 */
/* A remote Verifier in a session: in the pool, within a deadline, and whoever leaves first. */
#include "loopback.h"

#include "atls/sim.h"
#include "atls/verifier.h"
#include "session/context_internal.h"
#include "session/resumption.h"
#include "support/fake_verifier.h"

#include <stdlib.h>
#include <time.h>

static struct test_world *world;
static struct loop loop;
static struct atls_diag diag;
static bool resumes;

static const struct atls_verifier_spec spec = {
    .fetcher = &test_fetcher, .url = "https://v.example", .ca_pem = {(const uint8_t *)"x", 1}};

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static struct atls_context *asking(uint32_t timeout_ms)
{
    struct atls_context *context = NULL;
    assert_err(atls_context_new(&context, &diag), OK);
    assert_err(atls_context_require(context, "psa", &diag), OK);
    assert_err(atls_context_set_timeout(context, timeout_ms, &diag), OK);
    assert_err(atls_context_set_verifier(context, &spec, &diag), OK);
    if (resumes) {
        assert_err(atls_context_set_resume(context, &diag), OK);
    }
    return context;
}

/* open_loop runs up to the server's Certificate, which the client has read. */
static void open_loop(uint32_t timeout_ms)
{
    const struct test_spec server = {.attests = &world->server};
    test_verifier_reset(test_key(ATLS_CRV_P256));
    test_verifier.iat_s = (int64_t)time(NULL);
    memset(&loop, 0, sizeof loop);
    open_end(&loop.client, asking(timeout_ms), ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, test_context(world, &server), ATLS_ROLE_SERVER, &world->server);
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
    assert_err(loop_credential(&loop.server, &loop.has_server_cmw, &loop.server_cmw), OK);
    assert_err(atls_session_read_certificate(loop.client.session, 0, loop.server_cmw), OK);
}

static int drop(void **state)
{
    (void)state;
    close_end(&loop.client);
    close_end(&loop.server);
    return 0;
}

static void let_it_answer(void)
{
    pthread_mutex_unlock(&test_verifier.gate);
}

static void a_remote_appraisal_runs_in_the_pool(void **state)
{
    (void)state;
    open_loop(60000);
    pthread_mutex_lock(&test_verifier.gate); /* it answers when somebody waits */
    loop.client.at_wait = let_it_answer;
    assert_err(loop_appraise(&loop.client, &world->server), OK);
    assert_false(pthread_equal(test_verifier.thread, pthread_self()));
    assert_true(loop.client.waits >= 1);
    assert_true(opens(&loop.client));
    const struct atls_verdict *verdict = atls_session_verdict(loop.client.session);
    assert_string_equal(verdict->verifier, "https://v.example");
    assert_int_equal(verdict->evidence[0].status, ATLS_TIER_AFFIRMING);
    assert_int_equal(verdict->key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(test_verifier.asked[TEST_STEP_EVIDENCE], 1);
}

/* What a Verifier says is relied on no longer than the policy lets a Result be old. */
static void what_is_kept_ends_with_the_result_of_the_verifier(void **state)
{
    (void)state;
    static const uint8_t connection[ATLS_CONNECTION_DIGEST_LEN];
    struct session_facts facts;
    const struct atls_buf room = test_room(SESSION_MAX_FACTS_LEN);
    size_t len = 0;
    resumes = true;
    open_loop(60000);
    resumes = false;
    test_verifier.iat_s -= 200;
    assert_err(loop_appraise(&loop.client, &world->server), OK);
    assert_true(opens(&loop.client));
    assert_err(atls_session_write_facts(loop.client.session,
                                        atls_bytes_of(connection, sizeof connection), room, &len,
                                        &diag),
               OK);
    assert_err(session_facts_read(&facts, atls_bytes_of(room.data, len), &diag), OK);
    assert_int_equal(facts.not_after_s, test_verifier.iat_s + 300);
    assert_string_equal(facts.verdict.verifier, "https://v.example");
}

static void what_the_verifier_finds_the_policy_decides(void **state)
{
    (void)state;
    open_loop(60000);
    test_verifier.vector = "{\"instance-identity\":2,\"hardware\":2}";
    assert_err(loop_appraise(&loop.client, &world->server), STATUS);
    assert_reason(&loop.client, STATUS);
    assert_false(opens(&loop.client));
}

static void a_verifier_that_hangs_is_left_at_the_deadline(void **state)
{
    (void)state;
    open_loop(50);
    pthread_mutex_lock(&test_verifier.gate);
    const enum atls_err err = loop_appraise(&loop.client, &world->server);
    /* on a busy machine the time may have gone before the Evidence did */
    assert_true(err == ATLS_ERR_DEADLINE || err == ATLS_ERR_VERIFIER_TIMEOUT);
    assert_false(opens(&loop.client));
    pthread_mutex_unlock(&test_verifier.gate);
}

/* The fiber of a connection that is freed meanwhile never comes back; here the wait fails. */
static void a_connection_that_ends_leaves_its_question(void **state)
{
    (void)state;
    open_loop(60000);
    pthread_mutex_lock(&test_verifier.gate);
    loop.client.wait_fails_with = ATLS_ERR_CANCELLED;
    assert_err(loop_appraise(&loop.client, &world->server), CANCELLED);
    pthread_mutex_unlock(&test_verifier.gate);
    close_end(&loop.client);
    /* the context has waited for its job, which asked nothing more after Evidence */
    assert_true(test_verifier.asked[TEST_STEP_EVIDENCE] <= 1);
    assert_int_equal(test_verifier.asked[TEST_STEP_DELETE], 0);
    assert_int_equal(test_verifier.closed, 1);
}

static void evidence_without_a_connection_is_appraised_by_it_too(void **state)
{
    (void)state;
    open_loop(60000);
    struct atls_verdict verdict;
    struct atls_context *context = atls_session_context(loop.client.session);
    uint8_t nonce[32] = {1};
    const struct atls_bytes cmw = atls_bytes_of(loop.server_cmw.data + 3, loop.server_cmw.len - 3);
    assert_err(atls_context_appraise(context, &verdict, cmw, atls_bytes_of(nonce, 32), &diag),
               FRESHNESS);
    assert_string_equal(verdict.verifier, "https://v.example");
    assert_int_equal(verdict.state, ATLS_VERDICT_REFUSED);
    assert_string_equal(test_verifier.order, "");
    atls_verdict_cleanup(&verdict);
}

static void settings_that_do_not_go_together_are_refused(void **state)
{
    (void)state;
    struct atls_context *context = NULL;
    const struct atls_bytes keys = atls_bytes_text("{}");
    test_verifier_reset(test_key(ATLS_CRV_P256));
    memset(&loop, 0, sizeof loop);
    assert_err(atls_context_new(&context, &diag), OK);
    assert_err(atls_context_set_verifier(context, &spec, &diag), OK);
    assert_err(atls_context_set_verifier(context, &spec, &diag), STATE);
    assert_err(atls_context_trust_verifier(context, "a:b", keys, &diag), STATE);
    assert_err(atls_context_trust_verifier_at(context, "a:b", "https://x", &diag), STATE);
    assert_err(atls_context_freeze(context, &diag), CONFIG);
    assert_string_equal(diag.claim, "Verifier");
    assert_err(atls_context_require(context, "psa", &diag), OK);
    assert_err(atls_context_load_endorsements(context, world->server.corim_path, &diag), OK);
    assert_err(atls_context_freeze(context, &diag), CONFIG);
    assert_string_equal(diag.claim, "endorsements");
    atls_context_unref(context);

    assert_err(atls_context_new(&context, &diag), OK);
    assert_err(atls_context_require(context, "psa", &diag), OK);
    assert_err(atls_context_trust_verifier_at(context, "a:b", "https://x", &diag), OK);
    assert_err(atls_context_freeze(context, &diag), CONFIG);
    assert_string_equal(diag.claim, "trusted Verifiers");
    const struct atls_verifier_spec no_ca = {.fetcher = &test_fetcher, .url = "https://v.example"};
    assert_err(atls_context_set_verifier(context, &no_ca, &diag), CONFIG);
    assert_err(atls_context_set_verifier(context, &spec, &diag), OK);
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_context_set_verifier(context, &spec, &diag), STATE);
    atls_context_unref(context);
    assert_int_equal(test_verifier.opened, test_verifier.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_remote_appraisal_runs_in_the_pool, drop),
        cmocka_unit_test_teardown(what_is_kept_ends_with_the_result_of_the_verifier, drop),
        cmocka_unit_test_teardown(what_the_verifier_finds_the_policy_decides, drop),
        cmocka_unit_test_teardown(a_verifier_that_hangs_is_left_at_the_deadline, drop),
        cmocka_unit_test_teardown(a_connection_that_ends_leaves_its_question, drop),
        cmocka_unit_test_teardown(evidence_without_a_connection_is_appraised_by_it_too, drop),
        cmocka_unit_test(settings_that_do_not_go_together_are_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
