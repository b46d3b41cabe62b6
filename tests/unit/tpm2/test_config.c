/* SPDX-License-Identifier: Apache-2.0 */
#include "key_samples.h"

#include "attester/tpm2/config.h"
#include "attester/tpm2/queue.h"
#include "support/mutate.h"

#include <stdio.h>
#include <stdlib.h>

static TPMT_PUBLIC sample_ak(void)
{
    TPMT_PUBLIC ak = atls_tpm_ak_template;
    set_point(&ak, P256_X, P256_Y);
    return ak;
}

static char *write_config(const char *tcti)
{
    const TPMT_PUBLIC ak = sample_ak();
    char *json = NULL;
    assert_int_equal(atls_tpm_config_write(&json, tcti, 0x81010100, &ak, "sha256:0,1,2,7", NULL),
                     ATLS_OK);
    return json;
}

static enum atls_err parse(struct atls_tpm_config *out, struct atls_bytes json,
                           struct atls_diag *diag)
{
    memset(out, 0xa5, sizeof *out);
    struct atls_tpm_config before;
    memcpy(&before, out, sizeof before);
    const enum atls_err err = atls_tpm_config_parse(out, json, diag);
    if (err != ATLS_OK) {
        assert_memory_equal(out, &before, sizeof before);
    }
    return err;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    const TPMT_PUBLIC ak = sample_ak();
    TPM2B_NAME name;
    uint8_t kid[ATLS_TPM_KID_LEN];
    assert_int_equal(atls_tpm_public_name(&name, &ak, NULL), ATLS_OK);
    assert_int_equal(atls_tpm_kid(kid, &ak, NULL), ATLS_OK);
    char *json = write_config("swtpm:path=/run/tpm");
    struct atls_tpm_config config;
    assert_err(parse(&config, atls_bytes_text(json), NULL), OK);
    assert_string_equal(config.tcti, "swtpm:path=/run/tpm");
    assert_int_equal(config.ak_handle, 0x81010100);
    assert_int_equal(config.pcrs.bank, TPM2_ALG_SHA256);
    assert_int_equal(config.pcrs.bits, 0x87);
    assert_int_equal(config.queue, ATLS_TPM_DEFAULT_QUEUE);
    assert_bytes(atls_bytes_of(config.kid, sizeof config.kid), atls_bytes_of(kid, sizeof kid));
    assert_bytes(atls_bytes_of(config.ak_name.name, config.ak_name.size),
                 atls_bytes_of(name.name, name.size));
    atls_tpm_config_cleanup(&config);
    free(json);
}

static void the_tcti_may_be_left_out(void **state)
{
    (void)state;
    char *json = write_config(NULL);
    assert_null(strstr(json, "tcti"));
    struct atls_tpm_config config;
    assert_err(parse(&config, atls_bytes_text(json), NULL), OK);
    assert_null(config.tcti);
    atls_tpm_config_cleanup(&config);
    free(json);
}

/* with writes the configuration with one text in place of another. */
static char *with(const char *json, const char *old, const char *new)
{
    const char *at = strstr(json, old);
    assert_non_null(at);
    const size_t cap = strlen(json) + strlen(new) + 1;
    char *changed = malloc(cap);
    assert_non_null(changed);
    snprintf(changed, cap, "%.*s%s%s", (int)(at - json), json, new, &at[strlen(old)]);
    return changed;
}

static void a_queue_length_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t queue;
    } cases[] = {{"\"queue\":1,", 1},    {"\"queue\":4096,", 4096}, {"\"queue\":0,", 0},
                 {"\"queue\":4097,", 0}, {"\"queue\":-1,", 0},      {"\"queue\":\"1\",", 0},
                 {"\"queue\":1.5,", 0}};
    char *json = write_config(NULL);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "{%s", cases[i].text);
        char *changed = with(json, "{", text);
        struct atls_tpm_config config;
        const enum atls_err err = parse(&config, atls_bytes_text(changed), NULL);
        assert_string_equal(atls_err_name(err), cases[i].queue != 0 ? "OK" : "CONFIG");
        if (err == ATLS_OK) {
            assert_int_equal(config.queue, cases[i].queue);
            atls_tpm_config_cleanup(&config);
        }
        free(changed);
    }
    free(json);
}

static void what_keygen_did_not_write_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new;
    } cases[] = {
        {"{", "[{"},
        {"\"rot\":\"tpm2\"", "\"rot\":\"sim-tpm2\""},
        {"\"rot\":\"tpm2\"", "\"rot\":2"},
        {"\"rot\":\"tpm2\",", ""},
        {"\"rot\":\"tpm2\",", "\"rot\":\"tpm2\",\"rot\":\"tpm2\","},
        {"\"format\":\"tpm2\"", "\"format\":\"psa\""},
        {"\"format\":\"tpm2\",", ""},
        {"{", "{\"extra\":1,"},
        {"\"handle\"", "\"extra\":1,\"handle\""},
        {"\"0x81010100\"", "\"0x01010100\""},
        {"\"0x81010100\"", "\"0x8101010\""},
        {"\"0x81010100\"", "\"0x810101000\""},
        {"\"0x81010100\"", "\"81010100\""},
        {"\"0x81010100\"", "\"0x8101010g\""},
        {"\"0x81010100\"", "2164326656"},
        {"\"public\":\"", "\"public\":\"A"},
        {"\"public\":\"", "\"public\":\"AAAA"},
        {"\"public\"", "\"privat\""},
        {"\"kid\":\"01", "\"kid\":\"02"},
        {"\"kid\":\"01", "\"kid\":\"0101"},
        {"\"kid\":\"01", "\"kid\":\""},
        {"sha256:0,1,2,7", "sha1:0,1,2,7"},
        {"sha256:0,1,2,7", ""},
        {"\"pcrs\"", "\"PCRs\""},
        {"}", ""},
        {"}}", "}"},
    };
    char *json = write_config(NULL);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        if (strcmp(cases[i].old, "}}") == 0 && strstr(json, "}}") == NULL) {
            continue;
        }
        char *changed = with(json, cases[i].old, cases[i].new);
        struct atls_tpm_config config;
        struct atls_diag diag;
        assert_err(parse(&config, atls_bytes_text(changed), &diag), CONFIG);
        assert_string_not_equal(diag.step, "");
        free(changed);
    }
    free(json);
}

static void an_ak_that_is_no_ak_is_refused(void **state)
{
    (void)state;
    TPMT_PUBLIC keys[4] = {sample_ak(), sample_ak(), sample_ak(), sample_ak()};
    keys[0].objectAttributes &= ~TPMA_OBJECT_RESTRICTED; /* would sign anything */
    keys[1].objectAttributes &= ~TPMA_OBJECT_FIXEDTPM;
    keys[2].objectAttributes |= TPMA_OBJECT_DECRYPT;
    keys[3].parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA1;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        char *json = NULL;
        assert_int_equal(atls_tpm_config_write(&json, NULL, 0x81010100, &keys[i], "sha256:0", NULL),
                         ATLS_OK);
        struct atls_tpm_config config;
        struct atls_diag diag;
        assert_err(parse(&config, atls_bytes_text(json), &diag), CONFIG);
        assert_string_equal(diag.claim, "ak.public");
        free(json);
    }
}

static void refuse_or_same_key(struct atls_bytes mutant, size_t at, void *context)
{
    const struct atls_tpm_config *good = context;
    struct atls_tpm_config config;
    (void)at;
    const enum atls_err err = parse(&config, mutant, NULL);
    if (err != ATLS_OK) {
        assert_true(err == ATLS_ERR_CONFIG || err == ATLS_ERR_KEY);
        return;
    }
    /* What may differ is what one may choose: the place of the TPM and of the key, the PCRs. */
    assert_bytes(atls_bytes_of(config.kid, sizeof config.kid),
                 atls_bytes_of(good->kid, sizeof good->kid));
    assert_bytes(atls_bytes_of(config.ak_name.name, config.ak_name.size),
                 atls_bytes_of(good->ak_name.name, good->ak_name.size));
    atls_tpm_config_cleanup(&config);
}

static void no_mutant_names_another_key(void **state)
{
    (void)state;
    char *json = write_config("device:/dev/tpmrm0");
    struct atls_tpm_config good;
    assert_err(parse(&good, atls_bytes_text(json), NULL), OK);
    test_each_mutant(atls_bytes_text(json), refuse_or_same_key, &good);
    atls_tpm_config_cleanup(&good);
    free(json);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    char *json = write_config("device:/dev/tpmrm0");
    for (size_t len = 0; len < strlen(json); len++) {
        struct atls_tpm_config config;
        assert_err(parse(&config, test_copy(atls_bytes_of(json, len)), NULL), CONFIG);
    }
    free(json);
}

static void a_tcti_that_is_no_utf8_is_not_written(void **state)
{
    (void)state;
    const TPMT_PUBLIC ak = sample_ak();
    char *json = NULL;
    assert_int_not_equal(
        atls_tpm_config_write(&json, "device:/dev/\xff", 0x81010100, &ak, "sha256:0", NULL),
        ATLS_OK);
    assert_null(json);
}

int main(void)
{
    setenv("TSS2_LOG", "all+none", 0); /* tpm2-tss reports what it refuses, bit by bit */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_tcti_may_be_left_out),
        cmocka_unit_test(a_queue_length_is_taken),
        cmocka_unit_test(what_keygen_did_not_write_is_refused),
        cmocka_unit_test(an_ak_that_is_no_ak_is_refused),
        cmocka_unit_test(no_mutant_names_another_key),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_tcti_that_is_no_utf8_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
