/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM from what a machine says of itself: claims in, reference values and key out. */
#include "samples.h"

#include "crypto/key.h"
#include "endorsement/corim_create.h"
#include "endorsement/corim_from.h"
#include "endorsement/statement.h"
#include "json/json.h"
#include "support/keys.h"
#include "support/mutate.h"

#include <stdlib.h>

#define D32 "1111111111111111111111111111111111111111111111111111111111111111"
#define S32 "2222222222222222222222222222222222222222222222222222222222222222"
#define D48 D32 "11111111111111111111111111111111"
#define PSA_IDS                                                                                    \
    "\"psa-implementation-id\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
    "\",\"psa-instance-id\":"                                                                      \
    "\"01a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf\""
#define COMPONENT "{\"measurement-value\":\"" D32 "\",\"signer-id\":\"" S32 "\"}"
#define NAMED                                                                                      \
    "{\"measurement-type\":\"BL\",\"measurement-value\":\"" D48                                    \
    "\",\"version\":\"1.2\",\"signer-id\":\"IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\"}"
#define PSA "{" PSA_IDS ",\"psa-software-components\":[" COMPONENT "," NAMED "]}"

/* SHA-256 over PCR 0 = 32 x aa and PCR 7 = 32 x bb is put in where %s stands. */
#define TPM2                                                                                       \
    "{\"kid\":\"01c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf\","             \
    "\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[0,7]}],\"pcrDigest\":\"%s\"}}"
#define AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PCRS                                                                                       \
    "  sha1:\n    0 : 0x0000\n  sha256:\n    0 : 0x" AA "\n    3 : 0x" AA "\n    7 : 0x" BB "\n"

static enum atls_err try(char **out, const struct atls_format *format, const char *claims_text,
                         const struct atls_key *ak, const char *pcrs, struct atls_diag *diag)
{
    json_t *claims = NULL;
    assert_err(atls_json_parse(&claims, atls_bytes_text(claims_text), "claims", NULL), OK);
    const struct atls_corim_facts facts = {.format = format,
                                           .claims = claims,
                                           .ak = ak,
                                           .class_uuid = "cd1f0e55-26f9-460d-b9d8-f7fde171787c",
                                           .pcr_values = atls_bytes_text(pcrs)};
    const enum atls_err err = atls_corim_from_claims(out, &facts, diag);
    json_decref(claims);
    return err;
}

/* made gives the set of what was made. */
static struct atls_endorsements *made(const struct atls_format *format, const char *claims,
                                      const struct atls_key *ak, const char *pcrs)
{
    char *text = NULL;
    uint8_t *corim = NULL;
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    enum atls_err err = try(&text, format, claims, ak, pcrs, &diag);
    show(err, &diag);
    assert_err(err, OK);
    const struct atls_bytes template = atls_bytes_text(text);
    err = atls_corim_create(&corim, &len, &template, 1, format->corim_profile, false, &diag);
    show(err, &diag);
    assert_err(err, OK);
    struct atls_endorsements *set = new_set();
    add(set, atls_bytes_of(corim, len), "made");
    free(corim);
    free(text);
    return set;
}

static void refused(const struct atls_format *format, const char *claims, const struct atls_key *ak,
                    const char *pcrs, const char *part)
{
    char *text = NULL;
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(try(&text, format, claims, ak, pcrs, &diag), ENDORSEMENT);
    assert_says(&diag, part);
    assert_null(text);
}

static void components_of_a_token_become_reference_values(void **state)
{
    (void)state;
    struct atls_endorsements *set = made(psa(), PSA, NULL, "");
    size_t cursor = 0;
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    assert_int_equal(atls_endorsements_num_references(set), 2);
    const struct atls_reference *plain =
        atls_endorsements_next_reference(set, psa(), psa_class(), &cursor);
    const struct atls_reference *named =
        atls_endorsements_next_reference(set, psa(), psa_class(), &cursor);
    assert_bytes(plain->digests[0].value, test_hex(D32));
    assert_bytes(plain->signer_id, test_hex(S32));
    assert_int_equal(plain->name.len, 0);
    assert_text(named->name, "BL");
    assert_text(named->version, "1.2");
    assert_int_equal(named->digests[0].alg, ATLS_ALG_SHA384);
    assert_bytes(named->digests[0].value, test_hex(D48));
    assert_int_equal(named->signer_id.len, 32); /* it came as base64 */
    atls_endorsements_unref(set);
}

static void the_key_is_that_of_the_instance(void **state)
{
    (void)state;
    const struct atls_key *ak = test_key(ATLS_CRV_P256);
    struct atls_endorsements *set = made(psa(), PSA, ak, "");
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_non_null(anchor);
    assert_true(atls_key_equal(anchor->key, ak));
    atls_endorsements_unref(set);
}

static const char *tpm2_claims(struct atls_bytes digest)
{
    static char text[1000];
    char hex[200] = "";
    for (size_t i = 0; i < digest.len; i++) {
        snprintf(&hex[2 * i], 3, "%02x", digest.data[i]);
    }
    snprintf(text, sizeof text, TPM2, hex);
    return text;
}

static void pcr_values_that_give_the_digest_become_reference_values(void **state)
{
    (void)state;
    const struct atls_key *ak = test_key(ATLS_CRV_P256);
    const struct atls_bytes both = test_hex(AA BB);
    const char *claims = tpm2_claims(test_hash(ATLS_ALG_SHA256, both));
    struct atls_endorsements *set = made(tpm2(), claims, ak, PCRS);
    size_t cursor = 0;
    assert_int_equal(atls_endorsements_num_references(set), 2);
    assert_int_equal(atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor)->key_uint,
                     0);
    const struct atls_reference *seventh =
        atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor);
    assert_int_equal(seventh->key_uint, 7);
    assert_bytes(seventh->digests[0].value, test_hex(BB));
    assert_non_null(atls_endorsements_find_key(set, tpm2(), tpm2_instance(), tpm2_class()));
    atls_endorsements_unref(set);
    /* Without values: the key alone. Without either: nothing. */
    set = made(tpm2(), claims, ak, "");
    assert_int_equal(atls_endorsements_num_references(set), 0);
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    atls_endorsements_unref(set);
    refused(tpm2(), claims, NULL, "", "--pcr-values FILE or --ak FILE");
}

static void pcr_values_of_another_state_are_refused(void **state)
{
    (void)state;
    const char *claims = tpm2_claims(test_hash(ATLS_ALG_SHA256, test_hex(BB AA)));
    refused(tpm2(), claims, NULL, PCRS, "another digest than the PCR values give");
    claims = tpm2_claims(test_hash(ATLS_ALG_SHA256, test_hex(AA BB)));
    refused(tpm2(), claims, NULL, "sha256:\n0 : 0x" AA "\n", "not all that the quote selects");
    refused(tpm2(), claims, NULL, "sha384:\n", "not all that the quote selects");
    refused(tpm2(), tpm2_claims(test_hex("00")), NULL, PCRS, "pcrDigest");
}

static void claims_that_do_not_give_it_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        const char *part;
    } psa_cases[] = {
        {"{}", "psa-implementation-id: found none"},
        {"{\"psa-implementation-id\":\"00\"}", "psa-implementation-id: found another length"},
        {"{\"psa-implementation-id\":3}", "psa-implementation-id: found another length"},
        {"{" PSA_IDS "}", "psa-software-components"},
        {"{" PSA_IDS ",\"psa-software-components\":[]}", "psa-software-components"},
        {"{" PSA_IDS ",\"psa-software-components\":[1]}", "measurement-value: found none"},
        {"{" PSA_IDS ",\"psa-software-components\":[{\"measurement-value\":\"" D32 "\"}]}",
         "signer-id: found none"},
        {"{" PSA_IDS ",\"psa-software-components\":[{\"measurement-value\":\"11\"}]}",
         "measurement-value: found another length"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(psa_cases); i++) {
        refused(psa(), psa_cases[i].claims, NULL, "", psa_cases[i].part);
    }
    static const char *const tpm2_cases[] = {
        "{}",
        "{\"attestInfo\":{\"pcrSelect\":[]}}",
        "{\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha1\",\"pcrs\":[0]}]}}",
        "{\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[]}]}}",
        "{\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[32]}]}}",
        "{\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[-1]}]}}",
        "{\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[\"0\"]}]}}",
        "{\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[0]}]}}",
        ("{\"attestInfo\":{\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[0]},"
         "{\"hash\":\"sha384\",\"pcrs\":[0]}]}}"),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tpm2_cases); i++) {
        refused(tpm2(), tpm2_cases[i], NULL, PCRS, "");
    }
    const struct atls_key *ak = test_key(ATLS_CRV_P256);
    refused(tpm2(), "{}", ak, "", "kid: found none");
}

static void texts_of_pcrs_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0 : 0x" AA,
        "sha256:\n0 " AA,
        "sha256:\n0 : " AA,
        "sha256:\n0 : 0x" AA "aa",
        "sha256:\n0 : 0xaa",
        "sha256:\n0 : 0x",
        "sha256:\n32 : 0x" AA,
        "sha256:\n-1 : 0x" AA,
        "sha256:\n0x : 0x" AA,
        "sha256:\n: 0x" AA,
        "sha256:\n0 : 0x" AA "\n0 : 0x" AA,
        "sha384:\n0 : 0x" AA,
        "md5:\n",
        "hello",
    };
    struct atls_pcr_values values = {.banks = {{.present = 7}}};
    struct atls_diag diag;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_err(atls_pcr_values_read(&values, test_copy(atls_bytes_text(bad[i])), &diag),
                   ENDORSEMENT);
        assert_int_equal(values.banks[0].present, 7);
    }
    assert_err(atls_pcr_values_read(&values, test_copy(atls_bytes_text(PCRS)), NULL), OK);
    assert_int_equal(values.banks[0].present, 0x89);
    assert_int_equal(values.banks[1].present, 0);
    assert_err(atls_pcr_values_read(&values, no_octets(), NULL), OK);
    assert_int_equal(values.banks[0].present, 0);
}

static void read_or_refuse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_pcr_values values;
    const enum atls_err err = atls_pcr_values_read(&values, mutant, NULL);
    assert_true(err == ATLS_OK || err == ATLS_ERR_ENDORSEMENT);
}

static void mutants_of_the_text_are_read_or_refused(void **state)
{
    (void)state;
    test_each_mutant(atls_bytes_text(PCRS), read_or_refuse, NULL);
}

#define SNP(measurement, policy, tcb, rest)                                                        \
    "{\"measurement\":\"" measurement "\",\"policy\":\"" policy                                    \
    "\",\"reported_tcb\":{\"octets\":\"" tcb "\"}," rest "}"
#define SNP_REST "\"guest_svn\":1,\"vmpl\":0,\"committed_version\":\"1.55.29\""
#define SNP_TCB  "04000000000018db"

static void a_report_becomes_reference_values_of_its_launch(void **state)
{
    (void)state;
    const struct atls_format *snp = atls_format_by_name(atls_bytes_text("snp"));
    struct atls_endorsements *set = made(snp, SNP(D48, "0x30000", SNP_TCB, SNP_REST), NULL, "");
    assert_int_equal(atls_endorsements_num_statements(set), 1);
    atls_endorsements_unref(set);
    static const char *const bad[] = {
        SNP(D32, "0x30000", SNP_TCB, SNP_REST),
        SNP(D48, "30000", SNP_TCB, SNP_REST),
        SNP(D48, "0x3000g", SNP_TCB, SNP_REST),
        SNP(D48, "0x30000", "04", SNP_REST),
        SNP(D48, "0x30000", SNP_TCB, "\"guest_svn\":-1,\"vmpl\":0,\"committed_version\":\"1.2.3\""),
        SNP(D48, "0x30000", SNP_TCB, "\"guest_svn\":1,\"vmpl\":4,\"committed_version\":\"1.2.3\""),
        SNP(D48, "0x30000", SNP_TCB, "\"guest_svn\":1,\"vmpl\":0"),
        "{}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        char *text = NULL;
        struct atls_diag diag = {.err = ATLS_OK};
        assert_err(try(&text, snp, bad[i], NULL, "", &diag), ENDORSEMENT);
        assert_string_not_equal(diag.claim, "");
        assert_null(text);
    }
}

#define D8 "0000001000000000"
#define Z48                                                                                        \
    "000000000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"
#define TD(mr_td, rtmr3, attributes, config_id)                                                    \
    "{\"mr_td\":\"" mr_td "\",\"rtmr0\":\"" D48 "\",\"rtmr1\":\"" D48 "\",\"rtmr2\":\"" D48        \
    "\",\"rtmr3\":\"" rtmr3 "\",\"td_attributes\":\"" attributes                                   \
    "\",\"mr_config_id\":\"" config_id "\",\"mr_owner\":\"" Z48 "\",\"mr_owner_config\":\"" Z48    \
    "\"}"
#define ENCLAVE(mr_enclave, svn, config_id, config_svn)                                            \
    "{\"mr_enclave\":\"" mr_enclave "\",\"mr_signer\":\"" S32                                      \
    "\",\"attributes\":\"05000000000000000300000000000000\",\"config_id\":\"" config_id            \
    "\",\"isv_family_id\":\"00000000000000000000000000000000\",\"isv_ext_prod_id\":"               \
    "\"00000000000000000000000000000000\",\"isv_prod_id\":7,\"isv_svn\":" svn                      \
    ",\"config_svn\":" config_svn "}"
#define Z64 Z48 "00000000000000000000000000000000"
#define D64 D32 S32

/* statement_of gives the one statement, of a set that the caller unrefs. */
static const struct atls_statement *statement_of(const struct atls_endorsements *set,
                                                 const char *format)
{
    size_t cursor = 0;
    assert_int_equal(atls_endorsements_num_statements(set), 1);
    const struct atls_statement *statement =
        atls_endorsements_next_statement(set, format, ATLS_TRIPLE_REFERENCE, 0, &cursor);
    assert_non_null(statement);
    return statement;
}

/* named finds the measurement under a key. */
static bool named(const struct atls_statement *statement, const char *key,
                  struct atls_measurement_map *out)
{
    for (size_t i = 0; atls_statement_measurement(statement, i, out); i++) {
        if (out->mkey.kind == ATLS_MKEY_TEXT && atls_bytes_is_text(out->mkey.text, key)) {
            return true;
        }
    }
    return false;
}

static void a_td_becomes_reference_values_of_all_that_is_measured(void **state)
{
    (void)state;
    const struct atls_format *tdx = atls_format_by_name(atls_bytes_text("tdx"));
    struct atls_measurement_map map;
    struct atls_endorsements *set = made(tdx, TD(D48, D48, D8, Z48), NULL, "");
    const struct atls_statement *statement = statement_of(set, "tdx");
    assert_text(statement->environment.model, "TDX");
    assert_true(atls_statement_measurement(statement, 0, &map));
    assert_true((map.values.has & ATLS_HAS_REGISTERS) != 0);
    assert_false(atls_statement_measurement(statement, 1, &map)); /* zeros are left open */
    atls_endorsements_unref(set);
    set = made(tdx, TD(D48, D48, D8, D48), NULL, "");
    statement = statement_of(set, "tdx");
    assert_true(named(statement, "mr_config_id", &map));
    assert_bytes(map.values.raw, test_hex(D48));
    assert_false(named(statement, "mr_owner", &map));
    atls_endorsements_unref(set);
    static const struct {
        const char *claims;
        const char *part;
    } bad[] = {
        {TD(D32, D48, D8, Z48), "mr_td: found another length"},
        {TD(D48, "", D8, Z48), "rtmr3: found another length"},
        {TD(D48, D48, "00", Z48), "td_attributes: found another length"},
        {TD(D48, D48, D8, "0"), "mr_config_id: found another length"},
        {"{\"mr_td\":3}", "mr_td: found another length or form"},
        {"{}", "mr_td: found none"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(tdx, bad[i].claims, NULL, "", bad[i].part);
    }
}

static void an_enclave_becomes_reference_values_of_its_code_and_signer(void **state)
{
    (void)state;
    const struct atls_format *sgx = atls_format_by_name(atls_bytes_text("sgx"));
    struct atls_measurement_map map;
    struct atls_endorsements *set = made(sgx, ENCLAVE(D32, "3", Z64, "0"), NULL, "");
    const struct atls_statement *statement = statement_of(set, "sgx");
    assert_text(statement->environment.model, "SGX");
    assert_true(atls_statement_measurement(statement, 0, &map));
    assert_false(atls_statement_measurement(statement, 1, &map));
    atls_endorsements_unref(set);
    set = made(sgx, ENCLAVE(D32, "3", D64, "9"), NULL, "");
    statement = statement_of(set, "sgx");
    assert_true(named(statement, "config_id", &map));
    assert_bytes(map.values.raw, test_hex(D64));
    assert_true(named(statement, "config_svn", &map));
    assert_true(map.values.svn_is_min);
    assert_int_equal(map.values.svn, 9);
    atls_endorsements_unref(set);
    static const struct {
        const char *claims;
        const char *part;
    } bad[] = {
        {ENCLAVE(D48, "3", Z64, "0"), "mr_enclave: found another length"},
        {ENCLAVE(D32, "65536", Z64, "0"), "isv_svn: found another value"},
        {ENCLAVE(D32, "-1", Z64, "0"), "isv_svn: found another value"},
        {ENCLAVE(D32, "true", Z64, "0"), "isv_svn: found another value or form"},
        {ENCLAVE(D32, "3", D32, "0"), "config_id: found another length"},
        {ENCLAVE(D32, "3", Z64, "\"1\""), "config_svn: found another value or form"},
        {"{}", "mr_enclave: found none"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(sgx, bad[i].claims, NULL, "", bad[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_of_a_token_become_reference_values),
        cmocka_unit_test(the_key_is_that_of_the_instance),
        cmocka_unit_test(pcr_values_that_give_the_digest_become_reference_values),
        cmocka_unit_test(pcr_values_of_another_state_are_refused),
        cmocka_unit_test(claims_that_do_not_give_it_are_refused),
        cmocka_unit_test(a_report_becomes_reference_values_of_its_launch),
        cmocka_unit_test(a_td_becomes_reference_values_of_all_that_is_measured),
        cmocka_unit_test(an_enclave_becomes_reference_values_of_its_code_and_signer),
        cmocka_unit_test(texts_of_pcrs_are_read_strictly),
        cmocka_unit_test(mutants_of_the_text_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
