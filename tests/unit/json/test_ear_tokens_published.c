/* SPDX-License-Identifier: Apache-2.0 */
/* Results that others published: what is signed verifies or does not, and every sample that its
 * publisher takes is read. */
#include "support/file.h"

#include "ear_samples.h"

#include "json/ear_token.h"
#include "result/ear_check.h"

#define PUBLISHED(name) TEST_SHARED("vectors/07-ear/" name)

static struct atls_bytes trimmed(const char *path)
{
    struct atls_bytes text = test_file(path);
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

static enum atls_err open_published(struct atls_ear_token **out, const char *token, const char *key,
                                    struct atls_diag *diag)
{
    struct atls_jwk_set keys = {0};
    assert_err(atls_jwk_set_load(&keys, test_file(key), NULL), OK);
    const enum atls_err err =
        atls_ear_open(out, trimmed(token), atls_crypto_openssl(), &keys, diag);
    atls_jwk_set_cleanup(&keys);
    return err;
}

#define VERAISON PUBLISHED("keys/veraison-ear-pub.json")

static void published_tokens_verify_by_their_keys_only(void **state)
{
    (void)state;
    static const struct {
        const char *token, *key;
        enum atls_err err;
        const char *claim;
    } rows[] = {
        {PUBLISHED("jwt/c-ear.jwt"), VERAISON, ATLS_OK, ""},
        {PUBLISHED("jwt/ear-test-full.jwt"), VERAISON, ATLS_OK, ""},
        {PUBLISHED("jwt/arc-jwk-header.jwt"), VERAISON, ATLS_OK, ""},
        {PUBLISHED("jwt/rust-ear-readme.jwt"), PUBLISHED("keys/rust-ear-pub.jwk"), ATLS_OK, ""},
        {PUBLISHED("jwt/rust-ear-readme.jwt"), VERAISON, ATLS_ERR_RESULT_SIGNATURE, "signature"},
        {PUBLISHED("jwt/trustee-cca-ear.jwt"), VERAISON, ATLS_ERR_RESULT_SIGNATURE, "signature"},
        {PUBLISHED("jwt/arc-jwk-header.jwt"), PUBLISHED("keys/rust-ear-pub.jwk"),
         ATLS_ERR_RESULT_SIGNATURE, "signature"},
        {PUBLISHED("jwt/ear-test-hs256-negative.jwt"), VERAISON, ATLS_ERR_ALGORITHM, "alg"},
        {PUBLISHED("jwt/ear-test-old-claims-negative.jwt"), VERAISON, ATLS_ERR_RESULT,
         "eat_profile"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_ear_token *token = NULL;
        struct atls_diag diag = {.err = ATLS_OK};
        const enum atls_err err = open_published(&token, rows[i].token, rows[i].key, &diag);
        if (err != rows[i].err) {
            print_message("%s\n", rows[i].token);
        }
        assert_string_equal(atls_err_name(err), atls_err_name(rows[i].err));
        assert_string_equal(diag.claim, rows[i].claim);
        atls_ear_token_free(token);
    }
}

static void a_published_token_says_what_it_says(void **state)
{
    (void)state;
    struct atls_ear_token *token = NULL;
    assert_err(open_published(&token, PUBLISHED("jwt/c-ear.jwt"), VERAISON, NULL), OK);
    const struct atls_ear *ear = atls_ear_token_get(token);
    assert_true(ear->profile == ATLS_EAR_VERAISON &&
                ear->iat_s == 1666529184); /* 1.666529184e+09 */
    assert_true(ear->has_nbf && ear->nbf_s == 1677247879 && !ear->has_exp);
    assert_int_equal(ear->jti.len, 64);
    assert_text(ear->submods[0].name, "PARSEC_TPM");
    assert_int_equal(ear->submods[0].akpub.len, 91);
    assert_int_equal(ear->submods[0].vector.claim[ATLS_TRUST_HARDWARE], 2);

    /* nbf is long after iat: between them it is not valid, and later only by its age. */
    struct atls_ear_terms terms = {.now_s = 1677247879};
    assert_err(atls_ear_check(ear, &terms, NULL), RESULT_EXPIRED);
    terms.max_age_s = 1677247879 - 1666529184;
    assert_err(atls_ear_check(ear, &terms, NULL), OK);
    terms.now_s = 1677247879 - 61;
    assert_err(atls_ear_check(ear, &terms, NULL), RESULT_EXPIRED);
    atls_ear_token_free(token);
}

static void a_trustee_token_is_read(void **state)
{
    (void)state;
    struct atls_ear_token *token = NULL;
    assert_err(
        atls_ear_open_unverified(&token, trimmed(PUBLISHED("jwt/trustee-cca-ear.jwt")), NULL), OK);
    const struct atls_ear *ear = atls_ear_token_get(token);
    struct atls_ear_terms terms = {.now_s = 1752059139};
    assert_true(ear->profile == ATLS_EAR_TRUSTEE && ear->has_exp && ear->exp_s == 1752059439);
    assert_text(ear->submods[0].name, "cpu0");
    assert_non_null(ear->submods[0].attester_claims.json);
    assert_err(atls_ear_check(ear, &terms, NULL), OK);
    atls_ear_token_free(token);
}

static void an_unknown_profile_is_for_the_terms(void **state)
{
    (void)state;
    struct atls_ear_token *token = NULL;
    struct atls_diag diag;
    static const char *const listed[] = {"test", NULL};
    assert_err(open_published(&token, PUBLISHED("jwt/rust-ear-readme.jwt"),
                              PUBLISHED("keys/rust-ear-pub.jwk"), NULL),
               OK);
    struct atls_ear_terms terms = {.now_s = 1, .max_age_s = 1};
    assert_err(atls_ear_check(atls_ear_token_get(token), &terms, &diag), RESULT);
    assert_string_equal(diag.claim, "eat_profile");
    terms.profiles = listed;
    assert_err(atls_ear_check(atls_ear_token_get(token), &terms, &diag), STATUS); /* none */
    atls_ear_token_free(token);
}

static void published_claims_are_read(void **state)
{
    (void)state;
    static const char *const files[] = {
        PUBLISHED("claims/ear-claims.json"),
        PUBLISHED("claims/ear-claims-tv-ok.json"),
        PUBLISHED("claims/ear-claims-extension-ok.json"),
        PUBLISHED("claims/ear-claims-key-attestation-ok.json"),
        PUBLISHED("draft-examples/ear-json-1.diag"),
        PUBLISHED("draft-examples/ext-teep-json-1.diag"),
        PUBLISHED("draft-examples/ext-veraison-json-1.diag"),
        PUBLISHED("draft-examples/ext-veraison-json-2.diag"),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        struct atls_ear_token *token = NULL;
        struct atls_diag diag = {.err = ATLS_OK};
        if (atls_ear_open_unverified(&token, test_file(files[i]), &diag) != ATLS_OK) {
            fail_msg("%s: %s, %s", files[i], diag.claim, diag.found);
        }
        assert_int_equal(atls_ear_check_status(atls_ear_token_get(token), NULL), ATLS_OK);
        atls_ear_token_free(token);
    }
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_tokens_verify_by_their_keys_only),
        cmocka_unit_test(a_published_token_says_what_it_says),
        cmocka_unit_test(a_trustee_token_is_read),
        cmocka_unit_test(an_unknown_profile_is_for_the_terms),
        cmocka_unit_test(published_claims_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
