/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm2_test.h"

#include "attester/tpm2/comid.h"
#include "endorsement/corim_create.h"
#include "json/json.h"

static struct test_swtpm swtpm;

static int start(void **state)
{
    (void)state;
    test_swtpm_start(&swtpm);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_swtpm_stop(&swtpm);
    return 0;
}

static json_t *parse(const char *text)
{
    json_t *root = NULL;
    struct atls_diag diag;
    assert_done(atls_json_parse(&root, atls_bytes_text(text), "test", &diag), &diag);
    return root;
}

/* text_at follows members and array indices to a text. */
static const char *text_at(json_t *value, const char *const *path)
{
    for (; *path != NULL; path++) {
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(*path))
                                     : json_object_get(value, *path);
        assert_non_null(value);
    }
    return json_string_value(value);
}

#define TEXT_AT(root, ...) text_at(root, (const char *const[]){__VA_ARGS__, NULL})

static void config_names_the_tpm_the_key_and_the_pcrs(void **state)
{
    (void)state;
    struct atls_provision made = provision(swtpm.tcti, "sha256:0,7", NULL, 0);
    json_t *config = parse(made.config_json);
    assert_string_equal(TEXT_AT(config, "rot"), "tpm2");
    assert_string_equal(TEXT_AT(config, "format"), "tpm2");
    assert_string_equal(TEXT_AT(config, "tcti"), swtpm.tcti);
    assert_string_equal(TEXT_AT(config, "ak", "handle"), "0x81010100");
    assert_string_equal(TEXT_AT(config, "pcrs"), "sha256:0,7");
    assert_int_equal(strlen(TEXT_AT(config, "kid")), 66);
    assert_memory_equal(TEXT_AT(config, "kid"), "01", 2);
    assert_false(made.simulated);
    json_decref(config);
    atls_provision_cleanup(&made);
}

static void provisioning_again_reuses_the_ak_and_makes_a_new_tls_key(void **state)
{
    (void)state;
    struct atls_provision first = provision(swtpm.tcti, NULL, NULL, 0);
    struct atls_provision second = provision(swtpm.tcti, NULL, NULL, 0);
    assert_string_equal(first.config_json, second.config_json);
    assert_string_not_equal(first.key_pem, second.key_pem);
    atls_provision_cleanup(&first);
    atls_provision_cleanup(&second);
}

static void ak_new_makes_a_key_of_its_own(void **state)
{
    (void)state;
    static const char *const claims[] = {"ak=new"};
    struct atls_provision shared = provision(swtpm.tcti, NULL, NULL, 0);
    struct atls_provision own = provision(swtpm.tcti, NULL, claims, 1);
    json_t *a = parse(shared.config_json), *b = parse(own.config_json);
    assert_string_not_equal(TEXT_AT(a, "kid"), TEXT_AT(b, "kid"));
    assert_string_not_equal(TEXT_AT(a, "ak", "handle"), TEXT_AT(b, "ak", "handle"));
    tpm2->close(open_attester(shared.config_json));
    tpm2->close(open_attester(own.config_json));
    json_decref(a);
    json_decref(b);
    atls_provision_cleanup(&shared);
    atls_provision_cleanup(&own);
}

static void comid_names_the_key_and_each_pcr(void **state)
{
    (void)state;
    static const char *const claims[] = {"class=00112233-4455-6677-8899-aabbccddeeff"};
    struct atls_provision made = provision(swtpm.tcti, "sha256:0,7,16", claims, 1);
    json_t *comid = parse(made.comid_json);
    json_t *triples = json_object_get(comid, "triples");
    json_t *keys = json_object_get(triples, "attester-verification-keys");
    json_t *references = json_object_get(triples, "reference-values");
    assert_int_equal(json_array_size(keys), 1);
    assert_int_equal(json_array_size(references), 1);
    const char *uuid = "00112233-4455-6677-8899-aabbccddeeff";
    assert_string_equal(TEXT_AT(keys, "0", "environment", "class", "id", "type"), "uuid");
    assert_string_equal(TEXT_AT(keys, "0", "environment", "class", "id", "value"), uuid);
    assert_string_equal(TEXT_AT(keys, "0", "environment", "instance", "type"), "bytes");
    assert_int_equal(strlen(TEXT_AT(keys, "0", "environment", "instance", "value")), 44);
    assert_string_equal(TEXT_AT(keys, "0", "verification-keys", "0", "type"), "pkix-base64-key");
    assert_non_null(strstr(TEXT_AT(keys, "0", "verification-keys", "0", "value"), "PUBLIC KEY"));
    assert_string_equal(TEXT_AT(references, "0", "environment", "class", "id", "value"), uuid);
    json_t *list = json_object_get(json_array_get(references, 0), "measurements");
    static const json_int_t pcrs[] = {0, 7, 16};
    assert_int_equal(json_array_size(list), ATLS_ARRAY_LEN(pcrs));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(pcrs); i++) {
        json_t *one = json_array_get(list, i);
        json_t *key = json_object_get(one, "key");
        assert_string_equal(TEXT_AT(key, "type"), "uint");
        assert_int_equal(json_integer_value(json_object_get(key, "value")), pcrs[i]);
        /* 32 zero octets: nothing was measured in a TPM that just started */
        assert_string_equal(TEXT_AT(one, "value", "digests", "0"),
                            "sha-256;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    }
    json_decref(comid);
    atls_provision_cleanup(&made);
}

static void comid_becomes_a_corim(void **state)
{
    (void)state;
    struct atls_provision made = provision(swtpm.tcti, NULL, NULL, 0);
    const struct atls_bytes template = atls_bytes_text(made.comid_json);
    uint8_t *corim = NULL;
    size_t len = 0;
    struct atls_diag diag;
    assert_done(atls_corim_create(&corim, &len, &template, 1,
                                  "tag:github.com/parallaxsecond,2023-03-03:tpm", false, &diag),
                &diag);
    free(corim);
    atls_provision_cleanup(&made);
}

static void all_pcrs_of_the_larger_bank_are_read(void **state)
{
    (void)state;
    const char *all = "sha384:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23";
    struct atls_provision made = provision(swtpm.tcti, all, NULL, 0);
    json_t *comid = parse(made.comid_json);
    json_t *references = json_object_get(json_object_get(comid, "triples"), "reference-values");
    json_t *list = json_object_get(json_array_get(references, 0), "measurements");
    assert_int_equal(json_array_size(list), 24);
    for (size_t i = 0; i < 24; i++) {
        const char *text = TEXT_AT(json_array_get(list, i), "value", "digests", "0");
        assert_int_equal(strncmp(text, "sha-384;", 8), 0);
        assert_int_equal(strlen(text), 8 + 64);
        assert_int_equal(text[8], i >= 17 && i <= 22 ? '/' : 'A'); /* ff without a D-RTM, else 00 */
    }
    json_decref(comid);
    atls_provision_cleanup(&made);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "class",
                                        "class=",
                                        "class=00112233-4455-6677-8899-aabbccddeef",
                                        "class=00112233-4455-6677-8899-aabbccddeeff0",
                                        "class=00112233-4455-6677-8899-AABBCCDDEEFF",
                                        "class=00112233x4455-6677-8899-aabbccddeeff",
                                        "class=0011223304455-6677-8899-aabbccddeeff",
                                        "class=0011223--4455-6677-8899-aabbccddeeff",
                                        "ak=old",
                                        "ak=",
                                        "debug=true"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        const struct atls_provision_request request = {swtpm.tcti, NULL, &wrong[i], 1};
        struct atls_provision made = {.simulated = false};
        struct atls_diag diag;
        assert_err(tpm2->provision(&made, &request, &diag), CONFIG);
        assert_string_equal(diag.claim, "setting");
        assert_null(made.config_json);
    }
}

static void wrong_selections_are_refused(void **state)
{
    (void)state;
    const struct atls_provision_request request = {swtpm.tcti, "sha1:0", NULL, 0};
    struct atls_provision made = {.simulated = false};
    struct atls_diag diag;
    assert_err(tpm2->provision(&made, &request, &diag), CONFIG);
    assert_string_equal(diag.claim, "pcrs");
    assert_null(made.config_json);
}

static void no_tpm_is_said_so(void **state)
{
    (void)state;
    static const struct {
        const char *tcti;
        const char *err;
    } cases[] = {
        {"swtpm:path=/nonexistent/socket", "TPM"}, {"swtpm:host=127.0.0.1,port=1", "TPM"},
        {"device:/nonexistent/tpm", "TPM"},        {"nonesuch:", "TPM"},
        {"swtpm:host=tpm.example,port=1", "TPM"},  {"swtpm:sort=1", "CONFIG"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_provision_request request = {cases[i].tcti, NULL, NULL, 0};
        struct atls_provision made = {.simulated = false};
        struct atls_diag diag;
        assert_string_equal(atls_err_name(tpm2->provision(&made, &request, &diag)), cases[i].err);
        assert_null(made.config_json);
    }
}

static void no_tpm_at_the_default_place_is_said_so(void **state)
{
    (void)state;
    if (access("/dev/tpmrm0", F_OK) == 0) {
        return; /* this machine has one, and it is not ours to write into */
    }
    const struct atls_provision_request request = {NULL, NULL, NULL, 0};
    struct atls_provision made = {.simulated = false};
    struct atls_diag diag;
    assert_err(tpm2->provision(&made, &request, &diag), TPM);
    assert_string_equal(diag.claim, "/dev/tpmrm0");
    assert_string_equal(diag.found, "no such device");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_names_the_tpm_the_key_and_the_pcrs),
        cmocka_unit_test(provisioning_again_reuses_the_ak_and_makes_a_new_tls_key),
        cmocka_unit_test(ak_new_makes_a_key_of_its_own),
        cmocka_unit_test(comid_names_the_key_and_each_pcr),
        cmocka_unit_test(comid_becomes_a_corim),
        cmocka_unit_test(all_pcrs_of_the_larger_bank_are_read),
        cmocka_unit_test(wrong_settings_are_refused),
        cmocka_unit_test(wrong_selections_are_refused),
        cmocka_unit_test(no_tpm_is_said_so),
        cmocka_unit_test(no_tpm_at_the_default_place_is_said_so),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
