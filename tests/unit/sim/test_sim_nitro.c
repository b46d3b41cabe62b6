/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated enclave from provisioning to a verdict: one way, always marked. */
#include "atls/sim.h"

#include "appraiser/appraiser.h"
#include "codec/cmw.h"
#include "crypto/crypto.h"
#include "json/json.h"
#include "support/check.h"
#include "support/endorse.h"
#include "support/keys.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct atls_attester_ops *const ops = &atls_attester_sim_nitro;

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
    test_add_comid(m->set, m->provision.comid_json, "tag:atls,2026:nitro", m->provision.simulated);
}

static void machine_close(struct machine *m)
{
    ops->close(m->attester);
    atls_provision_cleanup(&m->provision);
}

static struct atls_bytes attest(struct machine *m, struct atls_bytes spki)
{
    const struct atls_attest_request request = {test_hex("4e4e"), spki, 1000};
    const struct atls_buf room = test_room(16384);
    size_t len = 0;
    assert_err(ops->attest(m->attester, room, &len, &request, &m->diag), OK);
    return test_copy(atls_bytes_of(room.data, len));
}

static enum atls_err appraise(struct atls_submod *out, struct machine *m, struct atls_bytes octets,
                              struct atls_bytes spki, int64_t now_s)
{
    struct atls_cmw cmw;
    struct atls_appraisal_input input;
    assert_err(atls_cmw_parse(&cmw, octets, NULL), OK);
    memset(&input, 0, sizeof input);
    input.crypto = atls_crypto_openssl();
    input.endorsements = m->set;
    input.evidence = cmw.value;
    input.media_type = cmw.media_type;
    input.expected_nonce = test_hex("4e4e");
    input.tls_spki = spki;
    input.now_s = now_s;
    return atls_appraiser_nitro.appraise(out, &input, &m->diag);
}

static void a_new_enclave_attests_and_is_a_simulation_with_a_known_image(void **state)
{
    (void)state;
    struct machine m;
    struct atls_submod submod;
    const struct atls_bytes spki = test_spki(test_key(ATLS_CRV_P256));
    machine_open(&m, NULL, 0);
    assert_true(m.provision.simulated);
    assert_null(m.provision.key_pem);
    assert_int_equal(ops->max_nonce(m.attester), 64);
    const struct atls_bytes evidence = attest(&m, spki);
    assert_err(appraise(&submod, &m, evidence, spki, (int64_t)time(NULL)), OK);
    assert_true(submod.simulated);
    assert_false(submod.debug);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], 3);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_HARDWARE], 32);
    assert_int_equal(submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(submod.attested_key.len, 32);
    machine_close(&m);
}

/* The certificate of the enclave is made once in its time, so that those who check can keep it. */
static void two_documents_have_one_certificate(void **state)
{
    (void)state;
    struct machine m;
    struct atls_submod first, second;
    const struct atls_bytes none = {NULL, 0};
    machine_open(&m, NULL, 0);
    assert_err(appraise(&first, &m, attest(&m, none), none, (int64_t)time(NULL)), OK);
    assert_err(appraise(&second, &m, attest(&m, none), none, (int64_t)time(NULL)), OK);
    assert_memory_equal(first.identities.items[1].value, second.identities.items[1].value, 32);
    assert_string_equal(first.identities.items[1].what, "key of the document");
    machine_close(&m);
}

static void settings_show_in_what_it_says(void **state)
{
    (void)state;
    static const char *const claims[] = {"module-id=i-9-enc9", "timestamp=1790000000000",
                                         "user-data=0102",
                                         ("pcr.8=080808080808080808080808080808080808080808080808"
                                          "080808080808080808080808080808080808080808080808"),
                                         "pcr.15=none"};
    struct machine m;
    struct atls_submod submod;
    const struct atls_bytes none = {NULL, 0};
    machine_open(&m, claims, ATLS_ARRAY_LEN(claims));
    assert_err(appraise(&submod, &m, attest(&m, none), none, 1790000030), OK);
    assert_text(submod.machine, "i-9-enc9");
    assert_int_equal(submod.num_measurements, 15);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], 3);
    assert_bytes(submod.measurements[8].value,
                 test_hex("080808080808080808080808080808080808080808"
                          "0808080808080808080808080808080808080808080"
                          "80808080808"));
    assert_err(appraise(&submod, &m, attest(&m, none), none, 1790020000), CHAIN);
    machine_close(&m);
}

static void debug_mode_measures_nothing_and_the_image_stays_endorsed(void **state)
{
    (void)state;
    static const char *const claims[] = {"debug=true"};
    struct machine m;
    struct atls_submod submod;
    const struct atls_bytes none = {NULL, 0};
    machine_open(&m, claims, 1);
    assert_err(appraise(&submod, &m, attest(&m, none), none, (int64_t)time(NULL)), OK);
    assert_true(submod.debug);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], 33);
    assert_non_null(strstr(m.provision.comid_json, "reference-values"));
    machine_close(&m);
}

static void settings_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "module-id",    "module-id=", "other=1",      "timestamp=-1", "timestamp=x",
        "debug=1",      "pcr.=00",    "pcr.32=none",  "pcr.0=00",     "pcr.x=none",
        "user-data=zz", "pcr.0none",  "pcr.100=none", "timestamp=1 "};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(settings); i++) {
        struct machine m;
        assert_err(machine_make(&m, &settings[i], 1), ARGUMENT);
        assert_null(m.provision.config_json);
    }
    char long_id[80] = "module-id=";
    memset(&long_id[10], 'i', 64);
    const char *setting = long_id;
    struct machine m;
    assert_err(machine_make(&m, &setting, 1), ARGUMENT);
}

static const char *const good_members[] = {"rot", "format", "key", "cabundle", "claims"};

static void configurations_that_are_none_are_refused(void **state)
{
    (void)state;
    struct machine m;
    assert_err(machine_make(&m, NULL, 0), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good_members); i++) {
        struct atls_attester *attester = NULL;
        ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
        assert_err(atls_json_parse(&root, atls_bytes_text(m.provision.config_json), "config", NULL),
                   OK);
        assert_int_equal(json_object_set_new(root, good_members[i], json_integer(1)), 0);
        char *text = atls_json_dump(root);
        const enum atls_err err = ops->open(&attester, atls_bytes_text(text), &m.diag);
        free(text);
        if (i >= 2) { /* rot and format are read by whoever chooses the attester */
            assert_err(err, CONFIG);
            assert_null(attester);
        } else {
            assert_err(err, OK);
            ops->close(attester);
        }
    }
    static const char *const others[] = {"", "{}", "[]", "{\"rot\":\"sim-nitro\",\"more\":1}"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct atls_attester *attester = NULL;
        assert_err(ops->open(&attester, atls_bytes_text(others[i]), &m.diag), CONFIG);
    }
    atls_provision_cleanup(&m.provision);
    ops->close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_enclave_attests_and_is_a_simulation_with_a_known_image),
        cmocka_unit_test(two_documents_have_one_certificate),
        cmocka_unit_test(settings_show_in_what_it_says),
        cmocka_unit_test(debug_mode_measures_nothing_and_the_image_stays_endorsed),
        cmocka_unit_test(settings_that_are_none_are_refused),
        cmocka_unit_test(configurations_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
