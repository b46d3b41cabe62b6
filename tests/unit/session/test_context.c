/* SPDX-License-Identifier: Apache-2.0 */
/* Setting a context up: the grammar of requirements, the limits of each setter, the tables of
 * attesters, and that nothing changes once it is in use. */
#include "support/machine.h"

#include "atls/sim.h"
#include "session/context.h"
#include "support/check.h"
#include "support/gated_attester.h"

#include <stdio.h>

static struct test_world *world;
static struct atls_context *context;
static struct atls_diag diag;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static int make(void **state)
{
    (void)state;
    memset(&diag, 0, sizeof diag);
    assert_err(atls_context_new(&context, &diag), OK);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    atls_context_unref(context);
    context = NULL;
    return 0;
}

/* assert_fails compares an error and its whole sentence. */
#define assert_fails(call, name, sentence)                                                         \
    do {                                                                                           \
        assert_err((call), name);                                                                  \
        assert_string_equal(test_sentence(&diag), (sentence));                                     \
    } while (0)

/* ---- what is required ---- */

static void require_takes_names_in_the_order_of_preference(void **state)
{
    (void)state;
    static const char *const good[] = {"none", "psa", "tpm2", "psa,tpm2", "tpm2,psa"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        assert_err(atls_context_require(context, good[i], &diag), OK);
        assert_int_equal(atls_context_requires(context), i != 0);
    }
}

#define UNKNOWN(name)                                                                              \
    "--require: the configuration is not valid (name: found " name                                 \
    ", expected none, result, or of psa, tpm2, nitro, snp, tdx, sgx)"

static void names_that_nobody_knows_are_refused_with_those_that_exist(void **state)
{
    (void)state;
    assert_fails(atls_context_require(context, "tmp2", &diag), CONFIG, UNKNOWN("tmp2"));
    assert_fails(atls_context_require(context, "PSA", &diag), CONFIG, UNKNOWN("PSA"));
    assert_fails(atls_context_require(context, " psa", &diag), CONFIG, UNKNOWN(" psa"));
    assert_fails(atls_context_require(context, "psa,none", &diag), CONFIG, UNKNOWN("none"));
    assert_fails(atls_context_require(context, "none,psa", &diag), CONFIG, UNKNOWN("none"));
    assert_fails(atls_context_require(context, "psa;tpm2", &diag), CONFIG, UNKNOWN("psa;tpm2"));
    /* what is not printable is shown as '?' */
    assert_fails(atls_context_require(context, "p\x01\xff", &diag), CONFIG, UNKNOWN("p??"));
}

static void empty_names_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ",", "tpm2,", ",tpm2", "tpm2,,psa"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_fails(
            atls_context_require(context, bad[i], &diag), CONFIG,
            "--require: the configuration is not valid (name: expected none, result, or of psa, "
            "tpm2, nitro, snp, tdx, sgx)");
    }
    assert_fails(
        atls_context_require(context, "kat", &diag), CONFIG,
        "--require: the configuration is not valid (name: found kat, expected result: this is "
        "sent to a Verifier, for a passport, and never to a peer)");
    assert_fails(atls_context_require(context, NULL, &diag), ARGUMENT,
                 "--require: a function was called with an argument that it does not take (found "
                 "no text, expected \"none\")");
}

static void a_name_twice_is_refused(void **state)
{
    (void)state;
    assert_fails(atls_context_require(context, "psa,psa", &diag), CONFIG,
                 "--require: the configuration is not valid (name: found psa, expected each name "
                 "once)");
    assert_err(atls_context_require(context, "psa,tpm2,psa", &diag), CONFIG);
}

static void what_this_version_does_not_have_is_said_to_be_so(void **state)
{
    (void)state;
    assert_fails(atls_context_require(context, "tpm2+psa", &diag), NOT_BUILT,
                 "--require: not built in this version (several roots of trust at once: found "
                 "tpm2+psa)");
    assert_fails(atls_context_require(context, "psa,tpm2+psa", &diag), NOT_BUILT,
                 "--require: not built in this version (several roots of trust at once: found "
                 "tpm2+psa)");
    assert_fails(atls_context_require(context, "cca", &diag), NOT_BUILT,
                 "--require: not built in this version (name: found cca, expected none, result, or "
                 "of psa, tpm2, nitro, snp, tdx, sgx)");
}

static void a_refused_requirement_leaves_the_one_before(void **state)
{
    (void)state;
    assert_err(atls_context_require(context, "psa", &diag), OK);
    assert_err(atls_context_require(context, "tpm2,bogus", &diag), CONFIG);
    assert_true(atls_context_requires(context));
    assert_err(atls_context_require(context, "", &diag), CONFIG);
    assert_true(atls_context_requires(context));
    /* it is still psa alone: a CoRIM for psa is enough, and what tpm2 adds is not there */
    assert_err(atls_context_load_endorsements(context, world->server.corim_path, &diag), OK);
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_context_require(context, "none", &diag), STATE);
    assert_true(atls_context_requires(context));
}

/* ---- limits ---- */

#define SIZES                                                                                      \
    "context: a function was called with an argument that it does not take (workers: found "       \
    "another size, expected 1 to 64 threads and a queue of 1 to 65536 jobs)"

static void workers_have_limits(void **state)
{
    (void)state;
    assert_err(atls_context_set_workers(context, 1, 1, &diag), OK);
    assert_err(atls_context_set_workers(context, 64, 65536, &diag), OK);
    assert_fails(atls_context_set_workers(context, 0, 1, &diag), ARGUMENT, SIZES);
    assert_fails(atls_context_set_workers(context, 65, 1, &diag), ARGUMENT, SIZES);
    assert_fails(atls_context_set_workers(context, 1, 0, &diag), ARGUMENT, SIZES);
    assert_fails(atls_context_set_workers(context, 1, 65537, &diag), ARGUMENT, SIZES);
}

static void timeouts_have_limits(void **state)
{
    (void)state;
    assert_err(atls_context_set_timeout(context, 1, &diag), OK);
    assert_err(atls_context_set_timeout(context, 600000, &diag), OK);
    assert_fails(atls_context_set_timeout(context, 0, &diag), ARGUMENT,
                 "context: a function was called with an argument that it does not take (timeout: "
                 "found 0, expected 1 to 600000 milliseconds)");
    assert_fails(atls_context_set_timeout(context, 600001, &diag), ARGUMENT,
                 "context: a function was called with an argument that it does not take (timeout: "
                 "found 600001, expected 1 to 600000 milliseconds)");
}

static void eight_attesters_fit_and_a_ninth_does_not(void **state)
{
    (void)state;
    const struct atls_bytes config = atls_bytes_text(world->server.provision.config_json);
    for (int i = 0; i < 8; i++) {
        assert_err(atls_context_add_attester(context, &atls_attester_sim_psa, config, &diag), OK);
    }
    assert_fails(atls_context_add_attester(context, &atls_attester_sim_psa, config, &diag), CONFIG,
                 "context: the configuration is not valid (attesters: found a ninth, expected at "
                 "most 8)");
    assert_err(atls_context_freeze(context, &diag), OK); /* one format all the same */
}

/* ---- the table of an attester ---- */

static enum atls_err add(const struct atls_attester_ops *ops)
{
    return atls_context_add_attester(context, ops,
                                     atls_bytes_text(world->server.provision.config_json), &diag);
}

#define REFUSED_TABLE "attester: a function was called with an argument that it does not take "

static void a_table_of_another_abi_or_size_is_refused(void **state)
{
    (void)state;
    struct atls_attester_ops ops = atls_attester_sim_psa;
    char sentence[200];
    ops.abi = 2;
    assert_fails(add(&ops), ARGUMENT, REFUSED_TABLE "(abi: found 2, expected 1)");
    ops = atls_attester_sim_psa;
    ops.size--;
    snprintf(sentence, sizeof sentence, REFUSED_TABLE "(size: found %u, expected %u)",
             (unsigned)ops.size, (unsigned)ops.size + 1);
    assert_fails(add(&ops), ARGUMENT, sentence);
    assert_fails(add(NULL), ARGUMENT,
                 REFUSED_TABLE "(table: found none, expected a table of operations)");
    assert_false(atls_context_attests(context));
}

static void an_incomplete_table_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
    } entries[] = {
        {"open", offsetof(struct atls_attester_ops, open)},
        {"close", offsetof(struct atls_attester_ops, close)},
        {"max_nonce", offsetof(struct atls_attester_ops, max_nonce)},
        {"attest", offsetof(struct atls_attester_ops, attest)},
        {"load_key", offsetof(struct atls_attester_ops, load_key)},
        {"provision", offsetof(struct atls_attester_ops, provision)},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(entries); i++) {
        struct atls_attester_ops ops = atls_attester_sim_psa;
        char sentence[200];
        memset((char *)&ops + entries[i].at, 0, sizeof ops.open);
        snprintf(sentence, sizeof sentence,
                 REFUSED_TABLE "(%s: found none, expected every entry: nothing to do is a function "
                               "too)",
                 entries[i].name);
        assert_fails(add(&ops), ARGUMENT, sentence);
    }
    struct atls_attester_ops ops = atls_attester_sim_psa;
    ops.format = "";
    assert_fails(add(&ops), ARGUMENT,
                 REFUSED_TABLE "(name and format: found an empty one, expected both)");
    assert_false(atls_context_attests(context));
}

static void a_format_that_is_not_in_the_table_of_names_is_refused(void **state)
{
    (void)state;
    struct atls_attester_ops ops = atls_attester_sim_psa;
    ops.format = "quantum";
    assert_fails(add(&ops), ARGUMENT,
                 "context: a function was called with an argument that it does not take (format "
                 "of the attester: found quantum, expected a name of the table of names)");
    ops.format = "kat";
    assert_fails(add(&ops), ARGUMENT,
                 "context: a function was called with an argument that it does not take (format "
                 "of the attester: found kat, expected one for handshakes: this is sent to "
                 "Verifiers only)");
}

static void a_configuration_that_the_attester_refuses_adds_none(void **state)
{
    (void)state;
    assert_err(
        atls_context_add_attester(context, &atls_attester_sim_psa, atls_bytes_text("{}"), &diag),
        CONFIG);
    assert_string_equal(diag.step, "sim-psa");
    assert_false(atls_context_attests(context));
    assert_int_equal(atls_context_max_binder(context), SIZE_MAX);
}

static void the_shortest_nonce_of_all_attesters_counts(void **state)
{
    (void)state;
    const struct atls_attester_ops *gated = test_gated_attester(&atls_attester_sim_psa);
    test_gated.max_nonce = 34;
    assert_err(add(&atls_attester_sim_psa), OK);
    assert_int_equal(atls_context_max_binder(context), 64);
    assert_err(add(gated), OK);
    assert_int_equal(atls_context_max_binder(context), 34);
    assert_err(add(&atls_attester_sim_psa), OK); /* whatever their order */
    assert_int_equal(atls_context_max_binder(context), 34);
}

static void keys_that_no_attester_can_load_are_refused(void **state)
{
    (void)state;
    struct evp_pkey_st *key = NULL;
    const struct atls_bytes pem = atls_bytes_text("-----BEGIN TSS2 PRIVATE KEY-----\n");
    assert_fails(atls_context_load_key(context, &key, pem, &diag), KEY,
                 "TLS key: a key cannot be loaded or used (TSS2 PRIVATE KEY: found no attester "
                 "that can load it, expected --attest tpm2)");
    assert_err(add(&atls_attester_sim_psa), OK);
    assert_err(atls_context_load_key(context, &key, pem, &diag), KEY);
    assert_null(key);
}

/* ---- the whole ---- */

static void endorsements_and_policies_that_cannot_be_read_change_nothing(void **state)
{
    (void)state;
    assert_err(atls_context_require(context, "psa", &diag), OK);
    assert_err(atls_context_load_endorsements(context, "/nowhere/at/all", &diag), FILE);
    assert_err(atls_context_set_policy(context, atls_bytes_text("{"), &diag), POLICY_FILE);
    assert_err(atls_context_freeze(context, &diag), CONFIG);
    assert_err(atls_context_load_endorsements(context, world->server.corim_path, &diag), OK);
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_context_freeze(context, &diag), OK); /* once more is harmless */
}

static int64_t some_clock(void *arg)
{
    return *(const int64_t *)arg;
}

static void a_clock_can_be_set_and_taken_back(void **state)
{
    (void)state;
    const int64_t then = 12345;
    union {
        const int64_t *in;
        void *out;
    } arg = {&then};
    assert_true(atls_context_now(context) > 1600000000);
    assert_err(atls_context_set_clock(context, some_clock, arg.out, &diag), OK);
    assert_int_equal(atls_context_now(context), then);
    assert_err(atls_context_set_clock(context, NULL, NULL, &diag), OK);
    assert_true(atls_context_now(context) > 1600000000);
}

static void no_setter_works_on_a_context_in_use(void **state)
{
    (void)state;
    const struct atls_bytes policy = atls_bytes_text("{\"id\":\"x\",\"version\":1}");
    assert_err(atls_context_freeze(context, &diag), OK);
    const enum atls_err errors[] = {
        add(&atls_attester_sim_psa),
        atls_context_require(context, "psa", &diag),
        atls_context_load_endorsements(context, world->server.corim_path, &diag),
        atls_context_set_policy(context, policy, &diag),
        atls_context_allow_simulated(context, &diag),
        atls_context_keep_claims(context, &diag),
        atls_context_set_no_pkix(context, &diag),
        atls_context_set_timing(context, ATLS_TIMING_HANDSHAKE, &diag),
        atls_context_set_extension_type(context, 1234, &diag),
        atls_context_set_timeout(context, 1000, &diag),
        atls_context_set_workers(context, 1, 1, &diag),
        atls_context_set_executor(context, NULL, NULL, &diag),
        atls_context_set_clock(context, NULL, NULL, &diag),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        assert_err(errors[i], STATE);
    }
    assert_string_equal(test_sentence(&diag),
                        "context: a function was called at a moment when it cannot work (found a "
                        "context in use, expected all settings before atls_openssl_enable())");
    assert_false(atls_context_requires(context) || atls_context_attests(context));
    assert_false(atls_context_keeps_claims(context) || atls_context_is_no_pkix(context));
    assert_int_equal(atls_context_extension_type(context), 0xff5e);
}

static void references_are_counted(void **state)
{
    (void)state;
    assert_ptr_equal(atls_context_ref(context), context);
    atls_context_unref(context);
    assert_err(atls_context_require(context, "psa", &diag), OK); /* still there */
    atls_context_unref(NULL);
}

#define CONTEXT(name) cmocka_unit_test_setup_teardown(name, make, drop)

static void every_timing_is_taken_and_none_is_refused(void **state)
{
    (void)state;
    static const enum atls_timing timings[] = {ATLS_TIMING_HANDSHAKE, ATLS_TIMING_POST,
                                               ATLS_TIMING_BOTH, ATLS_TIMING_CERTIFICATE};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(timings); i++) {
        assert_err(atls_context_set_timing(context, timings[i], &diag), OK);
    }
    assert_err(atls_context_set_timing(context, ATLS_TIMING_NONE, &diag), ARGUMENT);
}

static void settings_of_authenticators_have_their_limits(void **state)
{
    (void)state;
    /* server_name, signature_algorithms, signature_algorithms_cert, ours */
    static const uint16_t taken[] = {0, 13, 50, 0xff60};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(taken); i++) {
        assert_err(atls_context_set_cmw_extension_type(context, taken[i], &diag), CONFIG);
    }
    assert_err(atls_context_set_cmw_extension_type(context, 0xffa8, &diag), OK);
    assert_err(atls_context_set_exporter_label(context, "Attestation Binding", &diag), OK);
    assert_err(atls_context_set_exporter_label(context, "Attestation", &diag), OK);
    assert_err(atls_context_set_exporter_label(context, "EXPORTER-cmw-attestation", &diag), OK);
    assert_err(atls_context_set_exporter_label(context, "EXPORTER-Attestation", &diag), CONFIG);
    assert_err(atls_context_set_own_carriage(context, &diag), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTEXT(require_takes_names_in_the_order_of_preference),
        CONTEXT(names_that_nobody_knows_are_refused_with_those_that_exist),
        CONTEXT(empty_names_are_refused),
        CONTEXT(a_name_twice_is_refused),
        CONTEXT(what_this_version_does_not_have_is_said_to_be_so),
        CONTEXT(a_refused_requirement_leaves_the_one_before),
        CONTEXT(workers_have_limits),
        CONTEXT(timeouts_have_limits),
        CONTEXT(eight_attesters_fit_and_a_ninth_does_not),
        CONTEXT(a_table_of_another_abi_or_size_is_refused),
        CONTEXT(an_incomplete_table_is_refused),
        CONTEXT(a_format_that_is_not_in_the_table_of_names_is_refused),
        CONTEXT(a_configuration_that_the_attester_refuses_adds_none),
        CONTEXT(the_shortest_nonce_of_all_attesters_counts),
        CONTEXT(keys_that_no_attester_can_load_are_refused),
        CONTEXT(endorsements_and_policies_that_cannot_be_read_change_nothing),
        CONTEXT(a_clock_can_be_set_and_taken_back),
        CONTEXT(no_setter_works_on_a_context_in_use),
        CONTEXT(references_are_counted),
        CONTEXT(every_timing_is_taken_and_none_is_refused),
        CONTEXT(settings_of_authenticators_have_their_limits),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
