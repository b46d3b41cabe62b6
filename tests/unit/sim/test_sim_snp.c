/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated SEV-SNP guest from provisioning to a verdict; settings and configurations that are
 * none. */
#include "atls/sim.h"

#include "appraiser/appraiser.h"
#include "codec/cmw.h"
#include "crypto/crypto.h"
#include "json/json.h"
#include "sim/sim_snp_report.h"
#include "support/cbor.h"
#include "support/check.h"
#include "support/endorse.h"
#include "support/keys.h"
#include "support/memory.h"

#include <stdlib.h>
#include <time.h>

static const struct atls_attester_ops *const ops = &atls_attester_sim_snp;

/* One machine for all tests: RSA keys take long to make. */
static struct atls_provision made;

static enum atls_err provision(struct atls_provision *out, const char *const *claims, size_t num)
{
    struct atls_diag diag;
    const struct atls_provision_request request = {NULL, NULL, claims, num};
    memset(out, 0, sizeof *out);
    return ops->provision(out, &request, &diag);
}

static struct atls_attester *open_made(void)
{
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    assert_err(ops->open(&attester, atls_bytes_text(made.config_json), &diag), OK);
    return attester;
}

static enum atls_err attest(struct atls_bytes *out, struct atls_attester *attester,
                            struct atls_bytes nonce, size_t cap)
{
    struct atls_diag diag;
    const struct atls_attest_request request = {nonce, {NULL, 0}, 1000};
    const struct atls_buf room = test_room(cap);
    size_t len = 0;
    const enum atls_err err = ops->attest(attester, room, &len, &request, &diag);
    *out = atls_bytes_of(room.data, len);
    return err;
}

static void a_new_guest_attests_and_is_a_simulation_with_a_known_measurement(void **state)
{
    (void)state;
    struct atls_submod submod;
    struct atls_bytes octets;
    struct atls_cmw cmw;
    struct atls_diag diag;
    struct atls_attester *attester = open_made();
    struct atls_endorsements *set = test_endorsements();
    assert_true(made.simulated);
    assert_null(made.key_pem);
    assert_int_equal(ops->max_nonce(attester), 64);
    test_add_comid(set, made.comid_json, "tag:amd.com,2024:snp-corim-profile", made.simulated);
    assert_err(attest(&octets, attester, test_hex("4e4e"), 16384), OK);
    assert_err(atls_cmw_parse(&cmw, octets, NULL), OK);
    const struct atls_appraisal_input input = {
        .crypto = atls_crypto_openssl(),
        .endorsements = set,
        .evidence = cmw.value,
        .media_type = cmw.media_type,
        .expected_nonce = test_hex("4e4e"),
        .tls_spki = test_spki(test_key(ATLS_CRV_P256)),
        .now_s = (int64_t)time(NULL),
    };
    assert_err(atls_appraiser_snp.appraise(&submod, &input, &diag), OK);
    assert_true(submod.simulated);
    assert_false(submod.debug);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_INSTANCE_IDENTITY], 2);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], 3);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_HARDWARE], 32);
    assert_int_equal(submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    ops->close(attester);
}

static void nonces_and_rooms_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct atls_bytes octets;
    const struct atls_bytes none = {NULL, 0};
    struct atls_attester *attester = open_made();
    assert_err(attest(&octets, attester, none, 16384), NONCE_LENGTH);
    assert_err(attest(&octets, attester, test_fill(0x4e, 65), 16384), NONCE_LENGTH);
    assert_err(attest(&octets, attester, test_fill(0x4e, 64), 16384), OK);
    assert_err(attest(&octets, attester, test_fill(0x4e, 64), 4096), BUFFER);
    assert_int_equal(octets.len, 0);
    ops->close(attester);
}

static void a_guest_keeps_no_key_of_tls(void **state)
{
    (void)state;
    struct evp_pkey_st *key = NULL;
    struct atls_diag diag;
    struct atls_attester *attester = open_made();
    assert_err(ops->load_key(attester, &key, atls_bytes_text("-----BEGIN"), &diag), KEY);
    assert_null(key);
    ops->close(attester);
    ops->close(NULL);
}

static void settings_show_in_the_report(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "product=Turin",        "version=5",
        "policy=0xb0000",       "vmpl=3",
        "tcb=0202020500000049", "cpuid=1a0202",
        "launch_mit_vector=7",  "certificate.tcb=0101010400000048"};
    struct atls_sim_snp snp;
    struct atls_diag diag;
    assert_err(atls_sim_snp_init(&snp, settings, ATLS_ARRAY_LEN(settings), &diag), OK);
    assert_bytes(atls_sim_snp_field(&snp, "version"), test_hex("05000000"));
    assert_bytes(atls_sim_snp_field(&snp, "policy"), test_hex("00000b0000000000"));
    assert_bytes(atls_sim_snp_field(&snp, "vmpl"), test_hex("03000000"));
    assert_bytes(atls_sim_snp_field(&snp, "current_tcb"), test_hex("0202020500000049"));
    assert_bytes(atls_sim_snp_field(&snp, "launch_tcb"), test_hex("0202020500000049"));
    assert_bytes(atls_sim_snp_field(&snp, "cpuid"), test_hex("1a0202"));
    assert_bytes(atls_sim_snp_field(&snp, "launch_mit_vector"), test_hex("0700000000000000"));
    assert_bytes(atls_bytes_of(snp.cert_tcb, 8), test_hex("0101010400000048"));
    assert_int_equal(atls_sim_snp_field(&snp, "no-such").len, 0);
    /* Turin has 8 octets of CHIP_ID. */
    assert_bytes(atls_bytes_of(&atls_sim_snp_field(&snp, "chip_id").data[8], 56), test_fill(0, 56));
}

static void what_a_version_or_a_key_has_no_field_for_is_zero(void **state)
{
    (void)state;
    static const char *const settings[] = {"version=2", "signing_key=vlek"};
    struct atls_sim_snp snp;
    struct atls_diag diag;
    assert_err(atls_sim_snp_init(&snp, settings, ATLS_ARRAY_LEN(settings), &diag), OK);
    assert_true(atls_sim_snp_is_vlek(&snp));
    assert_bytes(atls_sim_snp_field(&snp, "cpuid"), test_fill(0, 3));
    assert_bytes(atls_sim_snp_field(&snp, "chip_id"), test_fill(0, 64));
    static const char *const vcek[] = {"signing_key=vcek"};
    assert_err(atls_sim_snp_init(&snp, vcek, 1, &diag), OK);
    assert_false(atls_sim_snp_is_vlek(&snp));
    assert_bytes(atls_sim_snp_field(&snp, "cpuid"), test_hex("190101"));
}

/* As long as it has to be: what the nonce fills is nobody's to set. */
#define ZEROS_16    "00000000000000000000000000000000"
#define REPORT_DATA "report_data=" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16

static void settings_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const settings[] = {"",
                                           "policy",
                                           "=1",
                                           "other=1",
                                           "product=Rome",
                                           "product=milan",
                                           "signing_key=",
                                           "signing_key=ark",
                                           REPORT_DATA,
                                           "version=",
                                           "version=x",
                                           "version=-1",
                                           "version= 3",
                                           "version=3 ",
                                           "version=0x100000000",
                                           "policy=0x10000000000000000",
                                           "measurement=00",
                                           "measurement=zz",
                                           "cpuid=19010101",
                                           "tcb=04",
                                           "certificate.tcb=040000",
                                           "certificate.chip_id=00",
                                           "certificate.product=",
                                           "certificate.product=MilanMilanMilanM",
                                           "certificate.subject=SEV-VCEK-SEV-VCEK-SEV-VC",
                                           "certificate.issuer=SEV-Milan-SEV-Milan-SEV-",
                                           "certificate.other=00"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(settings); i++) {
        struct atls_provision none;
        if (provision(&none, &settings[i], 1) != ATLS_ERR_ARGUMENT) {
            fail_msg("\"%s\" is taken", settings[i]);
        }
        assert_null(none.config_json);
        assert_null(none.comid_json);
    }
}

/* open_with opens the configuration with a member in place of its own; NULL: without it. */
static enum atls_err open_with(const char *member, json_t *value)
{
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    assert_err(atls_json_parse(&root, atls_bytes_text(made.config_json), "config", NULL), OK);
    if (value == NULL) {
        assert_int_equal(json_object_del(root, member), 0);
    } else {
        assert_int_equal(json_object_set_new(root, member, value), 0);
    }
    char *text = atls_json_dump(root);
    const enum atls_err err = ops->open(&attester, atls_bytes_text(text), &diag);
    free(text);
    assert_true((err == ATLS_OK) == (attester != NULL));
    ops->close(attester);
    return err;
}

static void configurations_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const members[] = {"key", "report", "certificates"};
    static const char *const others[] = {"", "{}", "[]", "{\"rot\":\"sim-snp\",\"more\":1}"};
    assert_err(open_with("rot", json_string("sim-snp")), OK);
    assert_err(open_with("more", json_string("x")), CONFIG);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        assert_err(open_with(members[i], NULL), CONFIG);
        assert_err(open_with(members[i], json_integer(1)), CONFIG);
    }
    assert_err(open_with("key", json_string("?")), KEY);
    assert_err(open_with("report", json_string("?")), CONFIG);
    assert_err(open_with("certificates", json_string("?")), CONFIG);
    assert_err(open_with("report", json_string("00")), CONFIG);
    char *pem = NULL;
    struct atls_diag diag;
    assert_err(atls_key_to_private_pem(&pem, test_key(ATLS_CRV_P256), &diag), OK);
    assert_err(open_with("key", json_string(pem)), CONFIG); /* signs ES256 */
    atls_pem_free(pem);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct atls_attester *attester = NULL;
        assert_err(ops->open(&attester, atls_bytes_text(others[i]), &diag), CONFIG);
        assert_null(attester);
    }
}

int main(void)
{
    assert_err(provision(&made, NULL, 0), OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_guest_attests_and_is_a_simulation_with_a_known_measurement),
        cmocka_unit_test(nonces_and_rooms_that_do_not_fit_are_refused),
        cmocka_unit_test(a_guest_keeps_no_key_of_tls),
        cmocka_unit_test(settings_show_in_the_report),
        cmocka_unit_test(what_a_version_or_a_key_has_no_field_for_is_zero),
        cmocka_unit_test(settings_that_are_none_are_refused),
        cmocka_unit_test(configurations_that_are_none_are_refused),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    atls_provision_cleanup(&made);
    return failures;
}
