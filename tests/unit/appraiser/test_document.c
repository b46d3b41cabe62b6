/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/appraisal.md: its tables of vectors are those of the appraisers, row by row, and each row is
 * what an appraiser does with Evidence in which that one thing is wrong.
 * `unit_appraiser_test_document --write` makes the tables of the document anew.
 */
#include "document_quotes.h"
#include "scene.h"

#include "appraiser/outcome.h"
#include "json/base64.h"
#include "support/file.h"
#include "support/snp_maker.h"

#include <stdio.h>

static struct atls_key *key;
static struct test_tpm machine;
static const struct atls_bytes none = {NULL, 0};

struct psa_case {
    const char *what;
    int64_t lifecycle;
    bool other_software, nothing_measured, no_references, no_nonce, simulated, revoked;
    bool endorsed;
};

static const struct psa_case psa_cases[] = {
    {"secured, every component known", .lifecycle = 0x3000},
    {"lifecycle unknown", .lifecycle = 0x0000},
    {"lifecycle assembly-and-test", .lifecycle = 0x1000},
    {"lifecycle psa-rot-provisioning", .lifecycle = 0x2000},
    {"lifecycle non-psa-rot-debug", .lifecycle = 0x4000},
    {"lifecycle recoverable-psa-rot-debug", .lifecycle = 0x5000},
    {"lifecycle decommissioned", .lifecycle = 0x6000},
    {"a component that no reference value matches", 0x3000, .other_software = true},
    {"the claim of the first profile that nothing was measured", 0x3000, .nothing_measured = true},
    {"no reference values for the implementation-id", 0x3000, .no_references = true},
    {"no nonce to compare", 0x3000, .no_nonce = true},
    {"a simulated trust anchor", 0x3000, .simulated = true},
    {"the machine, or a key that the Evidence rests on, is revoked", 0x3000, .revoked = true},
    {"an endorser says that it is open for debugging, or not secure", 0x3000, .endorsed = true},
};

/* revoke is what the verifier does where a list names an identity of the Evidence. */
static void revoke(struct scene *s)
{
    struct atls_diag why;
    atls_fail(&why, ATLS_ERR_REVOKED, "revocation", "key");
    atls_outcome_revoke(&s->submod, &why);
}

static void first_profile(struct test_psa *token)
{
    psa_of_the_first_profile(token, key);
    test_psa_drop(token, -75006);
    test_psa_set(token, -75007, test_cbor_int(1));
}

/* endorse adds an endorsed value: class of the environment, and whether by UUID or by octets. */
static void endorse(struct atls_endorsements *set, const char *type, const char *class_id,
                    const char *profile)
{
    char comid[600];
    snprintf(comid, sizeof comid,
             "{\"tag-identity\":{\"id\":\"e\"},\"triples\":{\"endorsed-values\":[{\"environment\":{"
             "\"class\":{\"id\":{\"type\":\"%s\",\"value\":\"%s\"}}},\"measurements\":[{\"value\":{"
             "\"flags\":{\"is-secure\":false}}}]}]}}",
             type, class_id);
    test_add_comid(set, comid, profile, false);
}

static void appraise_psa_case(struct scene *s, const struct psa_case *c)
{
    struct test_psa token;
    test_psa_init(&token, key, 1);
    test_psa_set(&token, TEST_PSA_LIFECYCLE, test_cbor_int(c->lifecycle));
    if (c->nothing_measured) {
        first_profile(&token);
    }
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
    if (c->endorsed) {
        char *implementation = atls_base64_new(test_psa_implementation());
        endorse(set, "bytes", implementation, "psa");
        free(implementation);
    }
    scene_init(s, set, c->no_nonce ? none : test_psa_nonce());
    s->input.no_nonce = c->no_nonce;
    s->input.media_type =
        c->nothing_measured ? atls_bytes_text("application/psa-attestation-token") : none;
    assert_err(appraise(s, &atls_appraiser_psa, test_psa_sign(&token)), OK);
    if (c->revoked) {
        revoke(s);
    }
}

struct tpm_case {
    const char *what;
    uint32_t pcrs;
    uint16_t bank;
    bool other_value, no_references, too_many, no_nonce, simulated, revoked, endorsed;
};

static const struct tpm_case tpm_cases[] = {
    {"the PCRs are as expected", 0x83, ATLS_TPM_SHA256, .simulated = false},
    {"other PCRs are selected", 0x87, ATLS_TPM_SHA256, .simulated = false},
    {"the SHA-1 bank, several banks, or one without reference values", 0x83, ATLS_TPM_SHA1,
     .simulated = false},
    {"a PCR has another value", 0x83, ATLS_TPM_SHA256, .other_value = true},
    {"no reference values for the class", 0x83, ATLS_TPM_SHA256, .no_references = true},
    {"more alternative reference values than are tried", 0x83, ATLS_TPM_SHA256, .too_many = true},
    {"no nonce to compare", 0x83, ATLS_TPM_SHA256, .no_nonce = true},
    {"a simulated trust anchor", 0x83, ATLS_TPM_SHA256, .simulated = true},
    {"the machine, or a key that the Evidence rests on, is revoked", 0x83, ATLS_TPM_SHA256,
     .revoked = true},
    {"an endorser says that it is open for debugging, or not secure", 0x83, ATLS_TPM_SHA256,
     .endorsed = true},
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
    for (uint8_t alternative = 0; c->too_many && alternative < 9; alternative++) {
        test_add_pcr(set, TPM_CLASS, 0, test_fill(alternative, 32));
    }
    if (c->endorsed) {
        endorse(set, "uuid", TPM_CLASS, "tpm2");
    }
    scene_init(s, set, c->no_nonce ? none : test_tpm_nonce());
    s->input.no_nonce = c->no_nonce;
    assert_err(appraise(s, &atls_appraiser_tpm2, test_tpm_evidence(&tpm)), OK);
    if (c->revoked) {
        revoke(s);
    }
}

struct snp_case {
    const char *what;
    const char *setting; /* of the report; NULL: none */
    const char
        *endorsed; /* reference values of another release than the report's; NULL: the same */
    bool other_launch, no_list, no_references, no_nonce, simulated, revoked, flagged;
};

static const struct snp_case snp_cases[] = {
    {"genuine, current, as the reference values say", NULL, NULL, .revoked = false},
    {"POLICY lets the host debug the guest", "policy=0xb0000", NULL, .revoked = false},
    {"POLICY lets a migration agent have the guest, which no reference value states",
     "policy=0x70000", "guest_svn=0", .revoked = false},
    {"VMPL is not 0, which no reference value states", "vmpl=1", "guest_svn=0", .revoked = false},
    {"firmware that is not committed, which no reference value states", "current_version=ff3701",
     NULL, .revoked = false},
    {"no list of the certificates that AMD has revoked", NULL, NULL, .no_list = true},
    {"a launch measurement that no reference value names", NULL, NULL, .other_launch = true},
    {"GUEST_SVN is not that of the reference value", NULL, "guest_svn=9", .revoked = false},
    {"a field of policy, platform or identity is not that of the reference value", NULL,
     "policy=0x20000", .revoked = false},
    {"firmware or microcode below the reference value", NULL, "tcb=05000000000018db",
     .revoked = false},
    {"no reference values", NULL, NULL, .no_references = true},
    {"no nonce to compare", NULL, NULL, .no_nonce = true},
    {"a simulated trust anchor", NULL, NULL, .simulated = true},
    {"the machine, or a key that the Evidence rests on, is revoked", NULL, NULL, .revoked = true},
    {"an endorser says that it is open for debugging, or not secure", NULL, NULL, .flagged = true},
};

/* snp_references: a reference value of the guest SVN alone, or the values of another release. */
static struct atls_endorsements *snp_references(const struct test_snp *snp,
                                                const struct snp_case *c)
{
    struct atls_endorsements *set = test_endorsements();
    struct test_snp other = *snp;
    test_snp_add_root(set, snp, "Milan", c->simulated);
    if (c->no_references) {
        return set;
    }
    if (c->endorsed != NULL && strcmp(c->endorsed, "guest_svn=0") == 0) {
        test_snp_add_reference(set, snp,
                               "[{\"key\":{\"type\":\"uint\",\"value\":1},\"value\":{\"svn\":{"
                               "\"type\":\"min-value\",\"value\":0}}}]");
        return set;
    }
    const char *settings[] = {c->other_launch       ? "measurement="
                                                      "0000000000000000000000000000000000000000000000"
                                                      "00000000000000000000000000000000000000000000000001"
                              : c->endorsed != NULL ? c->endorsed
                                                    : c->setting,
                              NULL};
    test_snp_init(&other, settings);
    test_snp_add_references(set, &other);
    return set;
}

static void appraise_snp_case(struct scene *s, const struct snp_case *c)
{
    struct test_snp snp;
    const char *settings[] = {c->setting, NULL};
    test_snp_init(&snp, settings);
    struct atls_endorsements *set = snp_references(&snp, c);
    if (c->flagged) {
        endorse(set, "oid", "1.3.6.1.4.1.3704.3.1", "tag:amd.com,2024:snp-corim-profile");
    }
    snp.maker.parts = c->no_list ? 7u : ATLS_SIM_SNP_ALL_PARTS;
    scene_init(s, set, c->no_nonce ? none : test_snp_nonce());
    s->input.no_nonce = c->no_nonce;
    assert_err(appraise(s, &atls_appraiser_snp, test_snp_evidence(&snp)), OK);
    if (c->revoked) {
        revoke(s);
    }
}

/* vector_of is the first row of a table, made worse by another one: what the document shows. */
static struct atls_trust_vector vector_of(const struct atls_appraiser_ops *ops, size_t row)
{
    struct atls_trust_vector vector = ops->rules[0].vector;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const int8_t value = ops->rules[row].vector.claim[i];
        vector.claim[i] = value != ATLS_TRUST_NONE ? value : vector.claim[i];
    }
    return vector;
}

static void write_row(char *out, size_t cap, const struct atls_appraiser_ops *ops, size_t row)
{
    const struct atls_trust_vector vector = vector_of(ops, row);
    const int8_t *v = vector.claim;
    assert_int_equal(v[ATLS_TRUST_FILE_SYSTEM], 0);
    assert_int_equal(v[ATLS_TRUST_SOURCED_DATA], 0);
    const int len =
        snprintf(out, cap, "| %s | %d | %d | %d | %d | %d | %d | %s |\n", ops->rules[row].what,
                 v[ATLS_TRUST_INSTANCE_IDENTITY], v[ATLS_TRUST_CONFIGURATION],
                 v[ATLS_TRUST_EXECUTABLES], v[ATLS_TRUST_HARDWARE], v[ATLS_TRUST_RUNTIME_OPAQUE],
                 v[ATLS_TRUST_STORAGE_OPAQUE], atls_err_name(ops->rules[row].reason));
    assert_true(len > 0 && (size_t)len < cap);
}

static const char *table_of(const struct atls_appraiser_ops *ops)
{
    static char table[8192];
    snprintf(table, sizeof table,
             "| what | instance-identity | configuration | executables | hardware | "
             "runtime-opaque | storage-opaque | reason |\n"
             "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < ops->num_rules; i++) {
        const size_t used = strlen(table);
        write_row(&table[used], sizeof table - used, ops, i);
    }
    return table;
}

static const char path[] = TEST_SOURCE_DIR "/docs/appraisal.md";

/* find_table gives where the table of a format starts and ends in the document. */
static void find_table(const char *document, const char *format, const char **out_start,
                       const char **out_end)
{
    char marker[64];
    snprintf(marker, sizeof marker, "<!-- vectors: %s -->", format);
    const char *at = strstr(document, marker);
    assert_non_null(at);
    *out_start = strstr(at, "| what |");
    assert_non_null(*out_start);
    *out_end = strstr(*out_start, "\n\n");
    assert_non_null(*out_end);
    (*out_end)++;
}

/* has_table: what comes of a bundle is in the tables of its parts. */
static bool has_table(size_t format)
{
    return atls_formats[format].collection_type == NULL;
}

static const struct atls_appraiser_ops *ops_of(size_t format)
{
    const struct atls_appraiser_ops *ops = atls_appraiser_for(&atls_formats[format]);
    assert_non_null(ops);
    return ops;
}

static void the_document_has_the_tables_of_the_appraisers(void **state)
{
    (void)state;
    const char *document = test_text_file(path);
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (!has_table(i)) {
            continue;
        }
        const char *start = NULL, *end = NULL;
        char found[8192] = {0};
        find_table(document, atls_formats[i].name, &start, &end);
        assert_true((size_t)(end - start) < sizeof found);
        memcpy(found, start, (size_t)(end - start));
        assert_string_equal(found, table_of(ops_of(i)));
    }
}

static void every_table_ends_in_the_rules_that_all_formats_have(void **state)
{
    (void)state;
    const struct atls_appraiser_rule *const common[] = {&atls_rule_not_fresh, &atls_rule_simulated,
                                                        &atls_rule_revoked, &atls_rule_endorsed};
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (!has_table(i)) {
            continue;
        }
        const struct atls_appraiser_ops *ops = ops_of(i);
        assert_true(ops->num_rules > ATLS_ARRAY_LEN(common));
        assert_err(ops->rules[0].reason, OK);
        for (size_t j = 0; j < ATLS_ARRAY_LEN(common); j++) {
            const size_t at = ops->num_rules - ATLS_ARRAY_LEN(common) + j;
            assert_string_equal(ops->rules[at].what, common[j]->what);
            assert_int_equal(ops->rules[at].reason, common[j]->reason);
            assert_memory_equal(&ops->rules[at].vector, &common[j]->vector,
                                sizeof common[j]->vector);
        }
    }
}

/* assert_row wants what came out to be row `at`, which the case must name. */
static void assert_row(const struct scene *s, const struct atls_appraiser_ops *ops, size_t at,
                       const char *what)
{
    const struct atls_trust_vector expected = vector_of(ops, at);
    assert_string_equal(ops->rules[at].what, what);
    assert_memory_equal(&s->submod.vector, &expected, sizeof expected);
    assert_string_equal(atls_err_name(s->submod.reason.err), atls_err_name(ops->rules[at].reason));
    assert_int_equal(s->submod.status, atls_vector_status(&expected));
}

static void every_row_of_psa_is_what_the_appraiser_does(void **state)
{
    (void)state;
    assert_int_equal(ATLS_ARRAY_LEN(psa_cases), atls_appraiser_psa.num_rules);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(psa_cases); i++) {
        struct scene s;
        appraise_psa_case(&s, &psa_cases[i]);
        assert_row(&s, &atls_appraiser_psa, i, psa_cases[i].what);
    }
}

static void every_row_of_tpm2_is_what_the_appraiser_does(void **state)
{
    (void)state;
    assert_int_equal(ATLS_ARRAY_LEN(tpm_cases), atls_appraiser_tpm2.num_rules);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tpm_cases); i++) {
        struct scene s;
        appraise_tpm_case(&s, &tpm_cases[i]);
        assert_row(&s, &atls_appraiser_tpm2, i, tpm_cases[i].what);
    }
}

static void every_row_of_snp_is_what_the_appraiser_does(void **state)
{
    (void)state;
    assert_int_equal(ATLS_ARRAY_LEN(snp_cases), atls_appraiser_snp.num_rules);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(snp_cases); i++) {
        struct scene s;
        appraise_snp_case(&s, &snp_cases[i]);
        assert_row(&s, &atls_appraiser_snp, i, snp_cases[i].what);
    }
}

static void every_row_of_tdx_is_what_the_appraiser_does(void **state)
{
    (void)state;
    assert_int_equal(ATLS_ARRAY_LEN(tdx_cases), atls_appraiser_tdx.num_rules);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tdx_cases); i++) {
        struct scene s;
        appraise_quote_case(&s, &tdx_cases[i], true);
        assert_row(&s, &atls_appraiser_tdx, i, tdx_cases[i].what);
        scene_cleanup(&s);
    }
}

/* Trust domains alone are relaunched: their two rows are in the table that both share. */
static void every_row_of_sgx_is_what_the_appraiser_does(void **state)
{
    (void)state;
    assert_int_equal(ATLS_ARRAY_LEN(sgx_cases), atls_appraiser_sgx.num_rules);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(sgx_cases); i++) {
        if (strstr(sgx_cases[i].what, "Relaunch") != NULL) {
            continue;
        }
        struct scene s;
        appraise_quote_case(&s, &sgx_cases[i], false);
        assert_row(&s, &atls_appraiser_sgx, i, sgx_cases[i].what);
        scene_cleanup(&s);
    }
}

/* write_document replaces each table. */
static int write_document(void)
{
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (!has_table(i)) {
            continue;
        }
        const char *document = test_text_file(path);
        const char *start = NULL, *end = NULL;
        find_table(document, atls_formats[i].name, &start, &end);
        FILE *file = fopen(path, "w");
        if (file == NULL) {
            return 1;
        }
        fprintf(file, "%.*s%s%s", (int)(start - document), document, table_of(ops_of(i)), end);
        if (fclose(file) != 0) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        return write_document();
    }
    key = test_key(ATLS_CRV_P256);
    test_tpm_init(&machine, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_the_tables_of_the_appraisers),
        cmocka_unit_test(every_table_ends_in_the_rules_that_all_formats_have),
        cmocka_unit_test(every_row_of_psa_is_what_the_appraiser_does),
        cmocka_unit_test(every_row_of_tpm2_is_what_the_appraiser_does),
        cmocka_unit_test(every_row_of_snp_is_what_the_appraiser_does),
        cmocka_unit_test(every_row_of_tdx_is_what_the_appraiser_does),
        cmocka_unit_test(every_row_of_sgx_is_what_the_appraiser_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
