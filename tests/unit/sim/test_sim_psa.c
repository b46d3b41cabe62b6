/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated PSA root of trust from provisioning to a verdict: one way, always marked. */
#include "atls/sim.h"

#include "appraiser/appraiser.h"
#include "attester/attester.h"
#include "codec/cmw.h"
#include "crypto/crypto.h"
#include "json/json.h"
#include "support/check.h"
#include "support/endorse.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const struct atls_attester_ops *const ops = &atls_attester_sim_psa;

/* One machine: provisioned, opened, endorsed. */
struct machine {
    struct atls_provision provision;
    struct atls_attester *attester;
    struct atls_endorsements *set;
    struct atls_diag diag;
};

static enum atls_err machine_make(struct machine *m, const char *const *claims, size_t num)
{
    memset(m, 0, sizeof *m);
    const struct atls_provision_request request = {NULL, NULL, claims, num};
    return ops->provision(&m->provision, &request, &m->diag);
}

static void machine_open(struct machine *m, const char *const *claims, size_t num)
{
    assert_err(machine_make(m, claims, num), OK);
    assert_err(ops->open(&m->attester, atls_bytes_text(m->provision.config_json), &m->diag), OK);
    m->set = test_endorsements();
    test_add_comid(m->set, m->provision.comid_json, "tag:arm.com,2025:psa#1.0.0",
                   m->provision.simulated);
}

static void machine_close(struct machine *m)
{
    ops->close(m->attester);
    atls_provision_cleanup(&m->provision);
}

/* attest gives the CMW over a nonce. */
static struct atls_bytes attest(struct machine *m, struct atls_bytes nonce)
{
    const struct atls_attest_request request = {nonce, {NULL, 0}, 1000};
    const struct atls_buf room = test_room(16384);
    size_t len = 0;
    assert_err(ops->attest(m->attester, room, &len, &request, &m->diag), OK);
    return test_copy(atls_bytes_of(room.data, len));
}

static enum atls_err appraise(struct atls_submod *out, const struct atls_endorsements *set,
                              struct atls_bytes cmw_octets, struct atls_bytes nonce)
{
    struct atls_cmw cmw;
    assert_err(atls_cmw_parse(&cmw, cmw_octets, NULL), OK);
    assert_int_equal(cmw.kind, ATLS_CMW_RECORD);
    assert_int_equal(cmw.ind, ATLS_CMW_EVIDENCE);
    struct atls_appraisal_input input;
    memset(&input, 0, sizeof input);
    input.crypto = atls_crypto_openssl();
    input.endorsements = set;
    input.evidence = cmw.value;
    input.media_type = cmw.media_type;
    input.expected_nonce = nonce;
    return atls_appraiser_psa.appraise(out, &input, NULL);
}

static struct atls_bytes nonce_of(size_t len)
{
    const struct atls_buf room = test_room(len);
    memset(room.data, 0x4e, len);
    return atls_bytes_of(room.data, len);
}

static void the_tables_are_complete(void **state)
{
    (void)state;
    const struct atls_attester_ops *const tables[] = {
        &atls_attester_sim_psa,          &atls_attester_sim_replay_psa,
        &atls_attester_sim_replay_tpm2,  &atls_attester_sim_nitro,
        &atls_attester_sim_replay_nitro, &atls_attester_sim_snp,
        &atls_attester_sim_replay_snp};
    static const char *const names[] = {"sim-psa",       "sim-replay-psa",   "sim-replay-tpm2",
                                        "sim-nitro",     "sim-replay-nitro", "sim-snp",
                                        "sim-replay-snp"};
    static const char *const formats[] = {"psa", "psa", "tpm2", "nitro", "nitro", "snp", "snp"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tables); i++) {
        assert_err(atls_attester_check(tables[i], NULL), OK);
        assert_string_equal(tables[i]->name, names[i]);
        assert_string_equal(tables[i]->format, formats[i]);
        assert_true(tables[i]->simulated);
    }
}

static void a_new_machine_attests_and_is_a_simulation_with_known_software(void **state)
{
    (void)state;
    struct machine m;
    machine_open(&m, NULL, 0);
    assert_true(m.provision.simulated);
    assert_null(m.provision.key_pem);
    assert_int_equal(ops->max_nonce(m.attester), 64);
    static const size_t lengths[] = {32, 48, 64};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        struct atls_submod submod;
        const struct atls_bytes nonce = nonce_of(lengths[i]);
        assert_err(appraise(&submod, m.set, attest(&m, nonce), nonce), OK);
        assert_true(submod.simulated);
        assert_int_equal(submod.vector.claim[ATLS_TRUST_HARDWARE], ATLS_HARDWARE_UNSAFE);
        assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES],
                         ATLS_EXECUTABLES_APPROVED_BOOT);
        assert_int_equal(submod.vector.claim[ATLS_TRUST_CONFIGURATION], ATLS_CONFIG_APPROVED);
        assert_err(submod.reason.err, SIMULATED);
        assert_int_equal(submod.num_measurements, 2);
    }
    machine_close(&m);
}

static void every_token_is_made_anew(void **state)
{
    (void)state;
    struct machine m;
    machine_open(&m, NULL, 0);
    const struct atls_bytes first = attest(&m, nonce_of(32));
    const struct atls_bytes second = attest(&m, nonce_of(32));
    assert_false(atls_bytes_equal(first, second)); /* ECDSA takes fresh randomness */
    struct atls_submod submod;
    assert_err(appraise(&submod, m.set, first, nonce_of(48)), FRESHNESS);
    machine_close(&m);
}

static void two_machines_do_not_speak_for_each_other(void **state)
{
    (void)state;
    struct machine a;
    struct machine b;
    struct atls_submod submod;
    machine_open(&a, NULL, 0);
    machine_open(&b, NULL, 0);
    assert_err(appraise(&submod, b.set, attest(&a, nonce_of(32)), nonce_of(32)), NOT_ENDORSED);
    machine_close(&a);
    machine_close(&b);
}

static void a_nonce_of_another_length_is_refused(void **state)
{
    (void)state;
    struct machine m;
    machine_open(&m, NULL, 0);
    for (size_t len = 1; len <= 65; len++) {
        const struct atls_attest_request request = {nonce_of(len), {NULL, 0}, 1000};
        const struct atls_buf room = test_room(4096);
        size_t out_len = 77;
        const enum atls_err err = ops->attest(m.attester, room, &out_len, &request, &m.diag);
        if (len == 32 || len == 48 || len == 64) {
            assert_err(err, OK);
        } else {
            assert_err(err, NONCE_LENGTH);
            assert_int_equal(out_len, 77);
        }
    }
    machine_close(&m);
}

static void settings_show_in_the_token_and_in_what_is_endorsed(void **state)
{
    (void)state;
    static const char *const claims[] = {
        "implementation-id=0101010101010101010101010101010101010101010101010101010101010101",
        "instance-id=010202020202020202020202020202020202020202020202020202020202020202",
        "security-lifecycle=0x4000",
        "client-id=-5",
        "boot-seed=0303030303030303",
        "certification-reference=1234567890123-12345",
        "vsi=verifier.example",
        "sw.BL=0404040404040404040404040404040404040404040404040404040404040404",
        "sw.BL.version=7",
        "sw.BL.signer=0505050505050505050505050505050505050505050505050505050505050505",
        "sw.PRoT=none",
        "sw.my.app.version=8",
        "sw.plain.signer=0606060606060606060606060606060606060606060606060606060606060606",
    };
    struct machine m;
    machine_open(&m, claims, ATLS_ARRAY_LEN(claims));
    struct atls_cmw cmw;
    const struct atls_bytes octets = attest(&m, nonce_of(32));
    assert_err(atls_cmw_parse(&cmw, octets, NULL), OK);
    struct atls_appraisal_input input;
    struct atls_submod submod;
    memset(&input, 0, sizeof input);
    input.crypto = atls_crypto_openssl();
    input.endorsements = m.set;
    input.evidence = cmw.value;
    input.media_type = cmw.media_type;
    input.expected_nonce = nonce_of(32);
    input.want_claims = true;
    assert_err(atls_appraiser_psa.appraise(&submod, &input, NULL), OK);
    static const char *const shown[] = {
        "\"psa-implementation-id\":\"0101",
        "\"psa-instance-id\":\"010202",
        "\"psa-security-lifecycle\":16384",
        "\"psa-client-id\":-5",
        "\"psa-boot-seed\":\"0303030303030303\"",
        "\"psa-certification-reference\":\"1234567890123-12345\"",
        "\"psa-verification-service-indicator\":\"verifier.example\"",
        "\"measurement-type\":\"BL\",\"measurement-value\":\"0404",
        "\"version\":\"7\",\"signer-id\":\"0505",
        "\"measurement-type\":\"my.app\"",
        "\"measurement-type\":\"plain\"",
        "\"version\":\"8\""};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(shown); i++) {
        assert_non_null(strstr(submod.claims_json, shown[i]));
    }
    assert_null(strstr(submod.claims_json, "PRoT"));
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_APPROVED_BOOT);
    assert_true(submod.debug);
    free(submod.claims_json);
    machine_close(&m);
}

static void a_machine_whose_software_changed_is_not_recognised(void **state)
{
    (void)state;
    struct machine m;
    machine_open(&m, NULL, 0);
    const char *value = strstr(m.provision.config_json, "\"value\":\"");
    assert_non_null(value);
    struct machine tampered = m;
    tampered.provision.config_json = strdup(m.provision.config_json);
    char *digit = &tampered.provision.config_json[value - m.provision.config_json + 9];
    *digit = *digit == '0' ? '1' : '0';
    assert_err(ops->open(&tampered.attester, atls_bytes_text(tampered.provision.config_json), NULL),
               OK);
    struct atls_submod submod;
    assert_err(appraise(&submod, m.set, attest(&tampered, nonce_of(32)), nonce_of(32)), OK);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_UNRECOGNISED);
    assert_err(submod.reason.err, REFERENCE_VALUES);
    ops->close(tampered.attester);
    free(tampered.provision.config_json);
    machine_close(&m);
}

/* Benchmarks want tokens of a size. */
static void a_long_indicator_makes_a_token_as_large_as_wanted(void **state)
{
    (void)state;
    char setting[2000];
    memset(setting, 'x', sizeof setting);
    memcpy(setting, "vsi=", 4);
    setting[sizeof setting - 1] = '\0';
    const char *const claims[] = {setting};
    struct machine m;
    machine_open(&m, claims, 1);
    const struct atls_bytes octets = attest(&m, nonce_of(32));
    assert_true(octets.len > 2048 && octets.len < 3000);
    struct atls_submod submod;
    assert_err(appraise(&submod, m.set, octets, nonce_of(32)), OK);
    const struct atls_attest_request request = {nonce_of(32), {NULL, 0}, 1000};
    for (size_t cap = 0; cap < octets.len; cap += cap < octets.len - 3 ? 97 : 1) {
        const struct atls_buf room = test_room(cap);
        size_t len = 77;
        assert_err(ops->attest(m.attester, room, &len, &request, &m.diag), BUFFER);
        assert_int_equal(len, 77);
    }
    machine_close(&m);
}

static void settings_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    char too_long[5000];
    memset(too_long, 'x', sizeof too_long);
    memcpy(too_long, "vsi=", 4);
    too_long[sizeof too_long - 1] = '\0';
    char too_many[12 + 2 * 65 + 1];
    memset(too_many, '0', sizeof too_many);
    memcpy(too_many, "instance-id=", 12);
    too_many[sizeof too_many - 1] = '\0';
    const char *const wrong[] = {"",
                                 "vsi",
                                 "nonce=00",
                                 "client-id=",
                                 "client-id=x",
                                 "client-id=1x",
                                 "client-id=99999999999999999999",
                                 "implementation-id=0",
                                 "implementation-id=zz",
                                 "sw.=00",
                                 "sw.BL=0",
                                 "sw.BL.signer=zz",
                                 "sw=00",
                                 too_long,
                                 too_many};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        struct machine m;
        assert_err(machine_make(&m, &wrong[i], 1), ARGUMENT);
        assert_string_not_equal(m.diag.expected, "");
        assert_null(m.provision.config_json);
    }
    char names[17][16];
    const char *many[17];
    for (size_t i = 0; i < 17; i++) {
        snprintf(names[i], sizeof names[i], "sw.c%zu=00", i);
        many[i] = names[i];
    }
    struct machine m;
    assert_err(machine_make(&m, many, 17), ARGUMENT);
}

static void configurations_that_are_not_ours_are_refused(void **state)
{
    (void)state;
    struct machine m;
    assert_err(machine_make(&m, NULL, 0), OK);
    struct atls_attester *attester = NULL;
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"rot\":\"sim-psa\",\"format\":\"psa\",\"key\":1,\"claims\":{}}",
        "{\"rot\":\"sim-psa\",\"format\":\"psa\",\"key\":\"\",\"claims\":{}}",
        "{\"rot\":\"sim-psa\",\"format\":\"psa\",\"key\":\"\",\"claims\":1}",
        "{\"rot\":\"sim-psa\",\"more\":1}"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_err(ops->open(&attester, atls_bytes_text(wrong[i]), &m.diag), CONFIG);
        assert_null(attester);
    }
    /* Each member in turn is left out, or of another type. */
    json_t *root = NULL;
    assert_err(atls_json_parse(&root, atls_bytes_text(m.provision.config_json), "test", NULL), OK);
    json_t *claims = json_object_get(root, "claims");
    static const char *const members[] = {
        "client-id",   "security-lifecycle", "implementation-id",
        "instance-id", "boot-seed",          "certification-reference",
        "vsi",         "components"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        for (int kind = 0; kind < 2; kind++) {
            json_t *old = json_incref(json_object_get(claims, members[i]));
            assert_non_null(old);
            if (kind == 0) {
                json_object_del(claims, members[i]);
            } else {
                json_object_set_new(claims, members[i], json_true());
            }
            char *text = atls_json_dump(root);
            assert_err(ops->open(&attester, atls_bytes_text(text), &m.diag), CONFIG);
            assert_null(attester);
            free(text);
            json_object_set_new(claims, members[i], old);
        }
    }
    json_object_set_new(claims, "more", json_true());
    char *text = atls_json_dump(root);
    assert_err(ops->open(&attester, atls_bytes_text(text), &m.diag), CONFIG);
    free(text);
    json_decref(root);
    atls_provision_cleanup(&m.provision);
}

static void it_keeps_no_tls_key(void **state)
{
    (void)state;
    struct machine m;
    struct evp_pkey_st *key = NULL;
    machine_open(&m, NULL, 0);
    assert_err(ops->load_key(m.attester, &key, atls_bytes_text("x"), &m.diag), KEY);
    assert_null(key);
    machine_close(&m);
    ops->close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_complete),
        cmocka_unit_test(a_new_machine_attests_and_is_a_simulation_with_known_software),
        cmocka_unit_test(every_token_is_made_anew),
        cmocka_unit_test(two_machines_do_not_speak_for_each_other),
        cmocka_unit_test(a_nonce_of_another_length_is_refused),
        cmocka_unit_test(settings_show_in_the_token_and_in_what_is_endorsed),
        cmocka_unit_test(a_machine_whose_software_changed_is_not_recognised),
        cmocka_unit_test(a_long_indicator_makes_a_token_as_large_as_wanted),
        cmocka_unit_test(settings_that_make_no_sense_are_refused),
        cmocka_unit_test(configurations_that_are_not_ours_are_refused),
        cmocka_unit_test(it_keeps_no_tls_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
