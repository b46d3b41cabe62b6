/* SPDX-License-Identifier: Apache-2.0 */
/* docs/appraisal.md: every row of its tables of vectors is what the code does, and none is left
 * out. */
#include "scene.h"

#include "support/file.h"

#include <stdio.h>

static struct atls_key *key;
static struct test_tpm machine;
static const struct atls_bytes none = {NULL, 0};

struct psa_case {
    const char *what;
    int64_t lifecycle;
    bool other_software, no_references, no_nonce, simulated;
};

static const struct psa_case psa_cases[] = {
    {"secured, every component known", 0x3000, false, false, false, false},
    {"lifecycle unknown", 0x0000, false, false, false, false},
    {"lifecycle assembly-and-test", 0x1000, false, false, false, false},
    {"lifecycle psa-rot-provisioning", 0x2000, false, false, false, false},
    {"lifecycle non-psa-rot-debug", 0x4000, false, false, false, false},
    {"lifecycle recoverable-psa-rot-debug", 0x5000, false, false, false, false},
    {"lifecycle decommissioned", 0x6000, false, false, false, false},
    {"a component that no reference value matches", 0x3000, true, false, false, false},
    {"no reference values for the implementation-id", 0x3000, false, true, false, false},
    {"no nonce to compare", 0x3000, false, false, true, false},
    {"a simulated trust anchor", 0x3000, false, false, false, true},
};

static void appraise_psa_case(struct scene *s, const struct psa_case *c)
{
    struct test_psa token;
    test_psa_init(&token, key, 1);
    test_psa_set(&token, TEST_PSA_LIFECYCLE, test_cbor_int(c->lifecycle));
    if (c->other_software) {
        const struct atls_bytes other =
            test_psa_component("BL", "1.0.0", test_fill(0xb9, 32), test_fill(0x51, 32));
        test_psa_set(&token, TEST_PSA_COMPONENTS, test_array_encode(&other, 1));
    }
    struct atls_endorsements *set = psa_endorsements(key, 1, c->simulated);
    if (c->no_references) {
        set = test_endorsements();
        test_add_psa_key(set, test_psa_implementation(), test_psa_instance(1), key, false);
    }
    scene_init(s, set, c->no_nonce ? none : test_psa_nonce());
    s->input.no_nonce = c->no_nonce;
    assert_err(appraise(s, &atls_appraiser_psa, test_psa_sign(&token)), OK);
}

struct tpm_case {
    const char *what;
    uint32_t pcrs;
    uint16_t bank;
    bool other_value, no_references, no_nonce, simulated;
};

static const struct tpm_case tpm_cases[] = {
    {"the PCRs are as expected", 0x83, ATLS_TPM_SHA256, false, false, false, false},
    {"other PCRs are selected", 0x87, ATLS_TPM_SHA256, false, false, false, false},
    {"the SHA-1 bank, or several banks", 0x83, ATLS_TPM_SHA1, false, false, false, false},
    {"a PCR has another value", 0x83, ATLS_TPM_SHA256, true, false, false, false},
    {"no reference values for the class", 0x83, ATLS_TPM_SHA256, false, true, false, false},
    {"no nonce to compare", 0x83, ATLS_TPM_SHA256, false, false, true, false},
    {"a simulated trust anchor", 0x83, ATLS_TPM_SHA256, false, false, false, true},
};

static void appraise_tpm_case(struct scene *s, const struct tpm_case *c)
{
    struct test_tpm tpm = machine;
    tpm.quote.pcrs[0] = c->pcrs;
    tpm.quote.banks[0] = c->bank;
    tpm.quote.pcr_digest =
        c->other_value ? test_fill(0, 32) : test_tpm_pcr_digest(c->pcrs, 32, ATLS_ALG_SHA256);
    struct atls_endorsements *set = tpm_endorsements(&machine, c->simulated);
    if (c->no_references) {
        set = test_endorsements();
        test_add_tpm2_key(set, TPM_CLASS, machine.kid, machine.ak, false);
    }
    scene_init(s, set, c->no_nonce ? none : test_tpm_nonce());
    s->input.no_nonce = c->no_nonce;
    assert_err(appraise(s, &atls_appraiser_tpm2, test_tpm_evidence(&tpm)), OK);
}

/* row_of writes the row of the document for what came out. */
static void row_of(char *out, size_t cap, const char *what, const struct scene *s)
{
    const int8_t *v = s->submod.vector.claim;
    assert_int_equal(v[ATLS_TRUST_FILE_SYSTEM], 0);
    assert_int_equal(v[ATLS_TRUST_SOURCED_DATA], 0);
    snprintf(out, cap, "| %s | %d | %d | %d | %d | %d | %d | %s |\n", what,
             v[ATLS_TRUST_INSTANCE_IDENTITY], v[ATLS_TRUST_CONFIGURATION],
             v[ATLS_TRUST_EXECUTABLES], v[ATLS_TRUST_HARDWARE], v[ATLS_TRUST_RUNTIME_OPAQUE],
             v[ATLS_TRUST_STORAGE_OPAQUE], atls_err_name(s->submod.reason.err));
}

static const char header[] =
    "| what | instance-identity | configuration | executables | hardware | runtime-opaque | "
    "storage-opaque | reason |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";

/* assert_table wants the document to have exactly these rows behind the marker. */
static void assert_table(const char *marker, const char *rows)
{
    const char *document = test_text_file(TEST_SOURCE_DIR "/docs/appraisal.md");
    const char *at = strstr(document, marker);
    assert_non_null(at);
    at = strstr(at, "| what |");
    assert_non_null(at);
    const char *end = strstr(at, "\n\n");
    assert_non_null(end);
    char expected[8192];
    snprintf(expected, sizeof expected, "%s%s", header, rows);
    const struct atls_bytes found = atls_bytes_of(at, (size_t)(end - at) + 1);
    char text[8192] = {0};
    assert_true(found.len < sizeof text);
    memcpy(text, found.data, found.len);
    assert_string_equal(text, expected);
}

static void the_vectors_of_psa_are_those_of_the_document(void **state)
{
    (void)state;
    char rows[4096] = {0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(psa_cases); i++) {
        struct scene s;
        appraise_psa_case(&s, &psa_cases[i]);
        const size_t used = strlen(rows);
        row_of(&rows[used], sizeof rows - used, psa_cases[i].what, &s);
    }
    assert_table("<!-- vectors: psa -->", rows);
}

static void the_vectors_of_tpm2_are_those_of_the_document(void **state)
{
    (void)state;
    char rows[4096] = {0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tpm_cases); i++) {
        struct scene s;
        appraise_tpm_case(&s, &tpm_cases[i]);
        const size_t used = strlen(rows);
        row_of(&rows[used], sizeof rows - used, tpm_cases[i].what, &s);
    }
    assert_table("<!-- vectors: tpm2 -->", rows);
}

int main(void)
{
    key = test_key(ATLS_CRV_P256);
    test_tpm_init(&machine, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_psa_are_those_of_the_document),
        cmocka_unit_test(the_vectors_of_tpm2_are_those_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
