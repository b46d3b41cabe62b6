/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation after the handshake that succeeds: who attests, when, and what the verdicts say; and
 * the gate, which lets nothing but the exchange through. */
#include "support/exchange.h"

#include "atls/sim.h"
#include "support/keys.h"

#include <stdlib.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static void check_accepted(const struct test_end *end, const struct test_machine *peer,
                           enum atls_timing timing)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(end->ssl);
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, test_spki(peer->key));
    assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
    assert_bytes(atls_bytes_of(verdict->peer_spki_sha256, 32), hash);
    assert_true(verdict->pkix);
    assert_int_equal(verdict->num_evidence, 1);
    assert_string_equal(verdict->evidence[0].format, "psa");
    assert_int_equal(verdict->key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(verdict->timing, timing);
    assert_int_equal(verdict->binder_len, 32);
    assert_string_equal(verdict->verifier, "in-process");
}

static void check_attested(const struct test_end *end)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(end->ssl);
    assert_int_equal(verdict->state, ATLS_VERDICT_NOT_REQUIRED);
    assert_string_equal(verdict->own_format, "psa");
}

static void check_timing(enum atls_timing timing)
{
    const struct test_spec requires_server = {.requires = &world->server, .timing = timing};
    const struct test_spec attests_server = {.attests = &world->server, .timing = timing};
    const struct test_spec requires_client = {.requires = &world->client, .timing = timing};
    const struct test_spec attests_client = {.attests = &world->client, .timing = timing};
    const struct test_spec client = {
        .attests = &world->client, .requires = &world->server, .timing = timing};
    const struct test_spec server = {
        .attests = &world->server, .requires = &world->client, .timing = timing};
    struct test_pair pair = test_pair_of_spec(world, &requires_server, &attests_server);
    test_shake(&pair);
    assert_exchanged(&pair);
    check_accepted(&pair.client, &world->server, timing);
    check_attested(&pair.server);
    test_pair_free(&pair);
    pair = test_pair_of_spec(world, &attests_client, &requires_client);
    test_shake(&pair);
    assert_exchanged(&pair);
    check_accepted(&pair.server, &world->client, timing);
    check_attested(&pair.client);
    test_pair_free(&pair);
    pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    assert_exchanged(&pair);
    check_accepted(&pair.client, &world->server, timing);
    check_accepted(&pair.server, &world->client, timing);
    test_pair_free(&pair);
}

static void each_side_and_both_attest_after_the_handshake(void **state)
{
    (void)state;
    check_timing(ATLS_TIMING_POST);
}

static void each_side_and_both_attest_in_the_handshake_and_after_it(void **state)
{
    (void)state;
    check_timing(ATLS_TIMING_BOTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_and_both_attest_after_the_handshake),
        cmocka_unit_test(each_side_and_both_attest_in_the_handshake_and_after_it),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
