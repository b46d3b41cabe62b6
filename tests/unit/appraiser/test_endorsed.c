/* SPDX-License-Identifier: Apache-2.0 */
/* What endorsers add to accepted claims: shown in the verified claims, and able to make a verdict
 * worse, never better. And reference values that only some keys may claim. */
#include "scene.h"

#include "appraiser/outcome.h"
#include "crypto/key.h"
#include "json/base64.h"

#include <stdio.h>

static struct atls_key *key;
static struct test_tpm machine;

#define PSA_ENV "\"environment\":{\"class\":{\"id\":{\"type\":\"bytes\",\"value\":\"#\"}}}"
#define TPM_ENV                                                                                    \
    "\"environment\":{\"class\":{\"id\":{\"type\":\"uuid\",\"value\":\"" TPM_CLASS "\"}}}"
#define NOTE "{\"key\":{\"type\":\"string\",\"value\":\"note\"},\"value\":{#}}"
#define BL                                                                                         \
    "{\"key\":{\"type\":\"string\",\"value\":\"psa.software-component\"},\"value\":{\"name\":"     \
    "\"BL\"}}"

/* text_of puts two texts where a template has '#', one after the other. */
static const char *text_of(const char *form, const char *a, const char *b)
{
    const struct atls_buf room = test_room(strlen(form) + strlen(a) + strlen(b) + 1);
    const char *next[] = {a, b};
    size_t len = 0;
    size_t used = 0;
    for (; *form != '\0'; form++) {
        const bool is_place = *form == '#' && used < ATLS_ARRAY_LEN(next);
        const char *text = is_place ? next[used++] : form;
        const size_t more = is_place ? strlen(text) : 1;
        memcpy(&room.data[len], text, more);
        len += more;
    }
    room.data[len] = '\0';
    return (const char *)room.data;
}

/* implementation gives the implementation-id of the tokens here as base64. */
static const char *implementation(void)
{
    char *text = atls_base64_new(test_psa_implementation());
    const char *copy = text_of("##", text, "");
    free(text);
    return copy;
}

/* endorse_psa adds one endorsed value for every PSA token of the implementation. */
static void endorse_psa(struct atls_endorsements *set, const char *values)
{
    const char *format =
        "{\"tag-identity\":{\"id\":\"endorsed\"},\"triples\":{\"endorsed-values\":[{" PSA_ENV
        ",\"measurements\":[" NOTE "]}]}}";
    test_add_comid(set, text_of(format, implementation(), values), "psa", false);
}

static void appraise_psa(struct scene *s, struct atls_endorsements *set)
{
    struct test_psa token;
    test_psa_init(&token, key, 1);
    scene_init(s, set, test_psa_nonce());
    s->input.want_claims = true;
    assert_err(appraise(s, &atls_appraiser_psa, test_psa_sign(&token)), OK);
}

static void an_endorsed_value_is_in_the_verified_claims(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *set = psa_endorsements(key, 1, false);
    appraise_psa(&s, set);
    assert_null(strstr(s.submod.claims_json, "\"endorsed\""));
    scene_cleanup(&s);
    endorse_psa(set, "\"name\":\"reviewed\"");
    appraise_psa(&s, set);
    assert_non_null(strstr(s.submod.claims_json, "\"endorsed\":[{"));
    assert_non_null(strstr(s.submod.claims_json, "\"name\":\"reviewed\""));
    assert_non_null(strstr(s.submod.claims_json, "\"by\":\"endorsed-triples\""));
    /* It changes no value. */
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    scene_cleanup(&s);
}

static void an_endorser_can_make_a_verdict_worse_only(void **state)
{
    (void)state;
    static const struct {
        const char *values;
        bool lowered, debug;
    } rows[] = {
        {"\"flags\":{\"is-debug\":true}", true, true},
        {"\"flags\":{\"is-secure\":false}", true, false},
        {"\"flags\":{\"is-secure\":false,\"is-debug\":true}", true, true},
        {"\"flags\":{\"is-secure\":true,\"is-debug\":false}", false, false},
        {"\"flags\":{\"is-recovery\":true}", false, false},
        {"\"svn\":5", false, false},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct scene s;
        struct atls_endorsements *set = psa_endorsements(key, 1, false);
        endorse_psa(set, rows[i].values);
        appraise_psa(&s, set);
        assert_int_equal(s.submod.vector.claim[ATLS_TRUST_CONFIGURATION],
                         rows[i].lowered ? ATLS_CONFIG_UNSAFE : ATLS_CONFIG_APPROVED);
        assert_int_equal(s.submod.debug, rows[i].debug);
        assert_int_equal(s.submod.reason.err, rows[i].lowered ? ATLS_ERR_LIFECYCLE : ATLS_OK);
        scene_cleanup(&s);
    }
}

static void nothing_is_endorsed_of_what_no_reference_value_names(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *set = test_endorsements();
    test_add_psa_key(set, test_psa_implementation(), test_psa_instance(1), key, false);
    endorse_psa(set, "\"name\":\"reviewed\",\"flags\":{\"is-secure\":true}");
    appraise_psa(&s, set);
    assert_null(strstr(s.submod.claims_json, "\"endorsed\""));
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_UNRECOGNISED);
    scene_cleanup(&s);
}

static void a_condition_is_compared_with_the_component(void **state)
{
    (void)state;
    static const char format[] =
        "{\"tag-identity\":{\"id\":\"c\"},\"triples\":{\"conditional-endorsements\":[{"
        "\"conditions\":[{" PSA_ENV ",\"measurements\":[" BL
        "]}],\"endorsements\":[{\"environment\":{\"class\":{\"id\":"
        "{\"type\":\"bytes\",\"value\":\"#\"}}},\"measurements\":[{\"key\":{\"type\":\"string\","
        "\"value\":\"psa.certification\"},\"value\":{\"psa-cert-num\":\"1234567890123-12345\"}}]}]}"
        "]}}";
    struct scene s;
    struct atls_endorsements *set = psa_endorsements(key, 1, false);
    test_add_comid(set, text_of(format, implementation(), implementation()), "psa", false);
    appraise_psa(&s, set);
    assert_non_null(strstr(s.submod.claims_json, "\"psa-cert-num\":\"1234567890123-12345\""));
    assert_non_null(strstr(s.submod.claims_json, "\"by\":\"conditional-endorsement-triples\""));
    scene_cleanup(&s);
}

/* authorized gives reference values of both components, the first for `holder` only. */
static struct atls_endorsements *authorized(struct atls_key *holder)
{
    static const char format[] =
        "{\"tag-identity\":{\"id\":\"a\"},\"triples\":{\"reference-values\":[{" PSA_ENV
        ",\"measurements\":[#]}]}}";
    struct atls_endorsements *set = test_endorsements();
    char *pem = NULL;
    assert_err(atls_key_to_public_pem(&pem, holder, NULL), OK);
    char *digest = atls_base64_new(test_fill(0xb1, 32));
    char *signer = atls_base64_new(test_fill(0x51, 32));
    const struct atls_buf escaped = test_room(1000);
    size_t len = 0;
    for (const char *c = pem; *c != '\0'; c++) {
        if (*c == '\n') {
            escaped.data[len++] = '\\';
        }
        escaped.data[len++] = (uint8_t)(*c == '\n' ? 'n' : *c);
    }
    escaped.data[len] = '\0';
    const struct atls_buf room = test_room(2000);
    snprintf((char *)room.data, room.cap,
             "{\"key\":{\"type\":\"string\",\"value\":\"psa.software-component\"},\"value\":{"
             "\"digests\":[\"sha-256;%s\"],\"cryptokeys\":[{\"type\":\"bytes\",\"value\":\"%s\"}]},"
             "\"authorized-by\":[{\"type\":\"pkix-base64-key\",\"value\":\"%s\"}]}",
             digest, signer, (const char *)escaped.data);
    test_add_comid(set, text_of(format, implementation(), (const char *)room.data), "psa", false);
    test_add_psa_key(set, test_psa_implementation(), test_psa_instance(1), key, false);
    test_add_psa_component(set, test_psa_implementation(), "PRoT", NULL, test_fill(0xb2, 48),
                           test_fill(0x52, 32));
    atls_pem_free(pem);
    free(digest);
    free(signer);
    return set;
}

static void a_reference_value_counts_for_those_who_may_claim_it(void **state)
{
    (void)state;
    struct scene s;
    appraise_psa(&s, authorized(key));
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_APPROVED_BOOT);
    scene_cleanup(&s);
    appraise_psa(&s, authorized(machine.ak));
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_UNRECOGNISED);
    scene_cleanup(&s);
}

static void appraise_tpm(struct scene *s, struct atls_endorsements *set)
{
    scene_init(s, set, test_tpm_nonce());
    s->input.want_claims = true;
    assert_err(appraise(s, &atls_appraiser_tpm2, test_tpm_evidence(&machine)), OK);
}

static void a_condition_is_compared_with_the_pcrs_of_a_quote(void **state)
{
    (void)state;
    static const char format[] =
        "{\"tag-identity\":{\"id\":\"t\"},\"triples\":{\"conditional-endorsement-series\":[{"
        "\"condition\":{" TPM_ENV "},\"series\":[{\"selection\":[{\"key\":{\"type\":\"uint\","
        "\"value\":7},\"value\":{\"digests\":[\"sha-256;#\"]}}],\"addition\":[" NOTE "]}]}]}}";
    struct scene s;
    struct atls_endorsements *set = tpm_endorsements(&machine, false);
    char *pcr_7 = atls_base64_new(test_tpm_pcr(7, 32));
    /* Alternatives: of PCR 0 the second is what was quoted, of PCR 7 the first. */
    test_add_pcr(set, TPM_CLASS, 0, test_fill(0x00, 32));
    test_add_pcr(set, TPM_CLASS, 7, test_fill(0xff, 32));
    test_add_comid(set, text_of(format, pcr_7, "\"flags\":{\"is-debug\":true}"), "tpm2", false);
    appraise_tpm(&s, set);
    assert_non_null(strstr(s.submod.claims_json, "\"is-debug\":true"));
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_CONFIGURATION], ATLS_CONFIG_UNSAFE);
    assert_true(s.submod.debug);
    scene_cleanup(&s);
    /* Another value of that PCR: the series does not apply. */
    set = tpm_endorsements(&machine, false);
    char *other = atls_base64_new(test_tpm_pcr(8, 32));
    test_add_comid(set, text_of(format, other, "\"flags\":{\"is-debug\":true}"), "tpm2", false);
    appraise_tpm(&s, set);
    assert_null(strstr(s.submod.claims_json, "\"endorsed\""));
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_CONFIGURATION], ATLS_TRUST_NONE);
    scene_cleanup(&s);
    free(pcr_7);
    free(other);
}

int main(void)
{
    key = test_key(ATLS_CRV_P256);
    test_tpm_init(&machine, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endorsed_value_is_in_the_verified_claims),
        cmocka_unit_test(an_endorser_can_make_a_verdict_worse_only),
        cmocka_unit_test(nothing_is_endorsed_of_what_no_reference_value_names),
        cmocka_unit_test(a_condition_is_compared_with_the_component),
        cmocka_unit_test(a_reference_value_counts_for_those_who_may_claim_it),
        cmocka_unit_test(a_condition_is_compared_with_the_pcrs_of_a_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
