/* SPDX-License-Identifier: Apache-2.0 */
/* What a Relying Party demands of a Result: for each rule what passes, what does not, the code and
 * the claim of the refusal. */
#include "support/check.h"
#include "support/memory.h"

#include "result/ear_check.h"
#include "result/vector.h"

#include <stdio.h>

#define NOW 1780000000

static uint8_t nonce[32];

/* base gives a Result and terms that fit each other. */
static struct atls_ear base(struct atls_ear_terms *terms)
{
    struct atls_ear ear;
    memset(&ear, 0, sizeof ear);
    memset(terms, 0, sizeof *terms);
    for (size_t i = 0; i < sizeof nonce; i++) {
        nonce[i] = (uint8_t)i;
    }
    ear.profile = ATLS_EAR_VERAISON;
    ear.profile_text = atls_bytes_text("tag:github.com,2023:veraison/ear");
    ear.iat_s = NOW;
    ear.has_exp = true;
    ear.exp_s = NOW + 300;
    ear.issuer = atls_bytes_text("https://v.example");
    ear.developer = atls_bytes_text("https://v.example");
    ear.build = atls_bytes_text("t1");
    ear.nonce = atls_bytes_of(nonce, sizeof nonce);
    ear.num_submods = 2;
    for (size_t i = 0; i < 2; i++) {
        ear.submods[i].name = atls_bytes_text(i == 0 ? "A" : "B");
        ear.submods[i].status = ATLS_TIER_AFFIRMING;
        ear.submods[i].vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE;
    }
    terms->now_s = NOW;
    return ear;
}

static void assert_check(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                         enum atls_err expected, const char *claim)
{
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_ear_check(ear, terms, &diag);
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    if (expected != ATLS_OK) {
        assert_string_equal(atls_err_name(diag.err), atls_err_name(expected));
        assert_string_equal(diag.claim, claim);
        assert_true(diag.found[0] != '\0' && diag.expected[0] != '\0');
        assert_int_equal(atls_ear_check(ear, terms, NULL), expected);
    }
}

static void what_fits_passes(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    assert_check(&ear, &terms, ATLS_OK, "");
    terms.nonce = atls_bytes_of(nonce, sizeof nonce);
    terms.issuer = "https://v.example";
    terms.developer = "https://v.example";
    terms.build = "t1";
    terms.max_age_s = 300;
    terms.least = ATLS_TIER_AFFIRMING;
    assert_check(&ear, &terms, ATLS_OK, "");
    ear.has_status = true;
    ear.status = ATLS_TIER_AFFIRMING;
    assert_check(&ear, &terms, ATLS_OK, "");
    ear.status = ATLS_TIER_NONE; /* says nothing of the whole */
    assert_check(&ear, &terms, ATLS_OK, "");
}

static void times_are_held_to_the_clock(void **state)
{
    (void)state;
    static const struct {
        int64_t iat, nbf, exp; /* after now; nbf, exp 0: none */
        uint32_t max_age;
        const char *claim; /* NULL: passes */
    } rows[] = {
        {60, 0, 300, 0, NULL},       {61, 0, 300, 0, "iat"},         {0, 60, 300, 0, NULL},
        {0, 61, 300, 0, "nbf"},      {0, -9, 300, 0, NULL},          {-100, 0, -59, 0, NULL},
        {-100, 0, -60, 0, "exp"},    {-100, 0, -61, 0, "exp"},       {0, 0, 0, 0, "exp"},
        {0, 0, 0, 1, NULL},          {-61, 0, 0, 1, NULL},           {-62, 0, 0, 1, "iat"},
        {-360, 0, 300, 300, NULL},   {-361, 0, 300, 300, "iat"},     {-86400, 0, 300, 0, NULL},
        {86400, 0, 90000, 0, "iat"}, {-NOW, 0, 0, 4294967295, NULL}, {-NOW, 0, 300, 300, "iat"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_ear_terms terms;
        struct atls_ear ear = base(&terms);
        ear.iat_s = NOW + rows[i].iat;
        ear.has_nbf = rows[i].nbf != 0;
        ear.nbf_s = NOW + rows[i].nbf;
        ear.has_exp = rows[i].exp != 0;
        ear.exp_s = NOW + rows[i].exp;
        terms.max_age_s = rows[i].max_age;
        assert_check(&ear, &terms, rows[i].claim == NULL ? ATLS_OK : ATLS_ERR_RESULT_EXPIRED,
                     rows[i].claim);
    }
    struct atls_ear_terms terms;
    const struct atls_ear ear = base(&terms);
    terms.now_s = 0; /* a clock that nobody set */
    assert_check(&ear, &terms, ATLS_ERR_RESULT_EXPIRED, "iat");
}

static void the_nonce_is_that_of_the_exchange(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    uint8_t other[33] = {0};
    memcpy(other, nonce, sizeof nonce);
    terms.nonce = atls_bytes_of(other, 32);
    assert_check(&ear, &terms, ATLS_OK, "");
    for (size_t bit = 0; bit < 256; bit++) {
        other[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_check(&ear, &terms, ATLS_ERR_FRESHNESS, "eat_nonce");
        other[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 1; len <= sizeof other; len++) {
        terms.nonce.len = len;
        assert_check(&ear, &terms, len == 32 ? ATLS_OK : ATLS_ERR_FRESHNESS, "eat_nonce");
    }
    terms.nonce.len = 32;
    ear.submods[0].nonce = ear.nonce;
    ear.nonce.len = 0; /* of two submods neither speaks for the whole */
    assert_check(&ear, &terms, ATLS_ERR_FRESHNESS, "eat_nonce");
    ear.num_submods = 1;
    assert_check(&ear, &terms, ATLS_OK, "");
    ear.submods[0].nonce.len = 0;
    assert_check(&ear, &terms, ATLS_ERR_FRESHNESS, "eat_nonce");
}

static void evidence_with_another_nonce_is_not_fresh(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    const uint8_t other[32] = {1};
    terms.nonce = ear.nonce;
    for (size_t i = 0; i < ear.num_submods; i++) {
        struct atls_ear_submod *submod = &ear.submods[i];
        char claim[80];
        snprintf(claim, sizeof claim, "%.*s eat_nonce", (int)submod->name.len,
                 (const char *)submod->name.data);
        submod->nonce = atls_bytes_of(other, sizeof other);
        assert_check(&ear, &terms, ATLS_ERR_FRESHNESS, claim);
        submod->nonce = atls_bytes_of(nonce, sizeof nonce - 1);
        assert_check(&ear, &terms, ATLS_ERR_FRESHNESS, claim);
        submod->nonce = ear.nonce;
        assert_check(&ear, &terms, ATLS_OK, "");
    }
    ear.submods[0].nonce = atls_bytes_of(other, sizeof other);
    terms.nonce.len = 0; /* nobody ran an exchange */
    assert_check(&ear, &terms, ATLS_OK, "");
}

static void the_verifier_is_the_expected_one(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    terms.issuer = "https://v.example/";
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "iss");
    terms.issuer = "https://v.example";
    ear.issuer.len = 0;
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "iss");
    terms.issuer = ""; /* an empty expectation is met by nothing */
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "iss");
    terms.issuer = NULL;
    terms.developer = "https://w.example";
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "ear_verifier_id developer");
    terms.developer = NULL;
    terms.build = "t2";
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "ear_verifier_id build");
}

static void a_profile_is_known_or_listed(void **state)
{
    (void)state;
    static const char *const listed[] = {"first", "test", NULL};
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    for (enum atls_ear_profile profile = ATLS_EAR_VERAISON; profile <= ATLS_EAR_DRAFT_04;
         profile++) {
        ear.profile = profile;
        assert_check(&ear, &terms, ATLS_OK, "");
    }
    ear.profile = ATLS_EAR_OTHER;
    ear.profile_text = atls_bytes_text("test");
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "eat_profile");
    terms.profiles = listed;
    assert_check(&ear, &terms, ATLS_OK, "");
    ear.profile_text = atls_bytes_text("tests");
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "eat_profile");
    ear.profile_text.len = 0; /* an OID */
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "eat_profile");
    terms.any_profile = true;
    assert_check(&ear, &terms, ATLS_OK, "");
}

static void every_submod_has_the_tier_that_is_demanded(void **state)
{
    (void)state;
    static const enum atls_tier tiers[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                           ATLS_TIER_CONTRAINDICATED};
    static const enum atls_tier demands[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                             ATLS_TIER_CONTRAINDICATED, (enum atls_tier)1};
    for (size_t d = 0; d < ATLS_ARRAY_LEN(demands); d++) {
        for (size_t t = 0; t < ATLS_ARRAY_LEN(tiers); t++) {
            struct atls_ear_terms terms;
            struct atls_ear ear = base(&terms);
            terms.least = demands[d];
            memset(&ear.submods[1].vector, 0, sizeof ear.submods[1].vector);
            ear.submods[1].status = tiers[t];
            const bool passes = (tiers[t] == ATLS_TIER_AFFIRMING && d < 3) ||
                                (tiers[t] == ATLS_TIER_WARNING && d == 2);
            assert_check(&ear, &terms, passes ? ATLS_OK : ATLS_ERR_STATUS,
                         d < 3 ? "B ear_status" : "A ear_status");
        }
    }
}

/* Every value of every claim against every status: no status may be better than a claim. */
static void a_status_is_recomputed_from_the_vector(void **state)
{
    (void)state;
    static const enum atls_tier tiers[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                           ATLS_TIER_CONTRAINDICATED};
    for (size_t claim = 0; claim < ATLS_NUM_TRUST_CLAIMS; claim++) {
        for (int value = -128; value <= 127; value++) {
            for (size_t t = 0; t < ATLS_ARRAY_LEN(tiers); t++) {
                struct atls_ear_terms terms;
                struct atls_ear ear = base(&terms);
                ear.submods[0].status = tiers[t];
                memset(&ear.submods[0].vector, 0, sizeof ear.submods[0].vector);
                ear.submods[0].vector.claim[claim] = (int8_t)value;
                const unsigned least = (unsigned)atls_tier_of((int8_t)value);
                const bool lies = (unsigned)tiers[t] < least;
                const bool passes = !lies && tiers[t] == ATLS_TIER_AFFIRMING;
                assert_check(&ear, &terms,
                             lies     ? ATLS_ERR_RESULT
                             : passes ? ATLS_OK
                                      : ATLS_ERR_STATUS,
                             "A ear_status");
                assert_int_equal(atls_ear_check_status(&ear, NULL),
                                 lies ? ATLS_ERR_RESULT : ATLS_OK);
            }
        }
    }
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    ear.submods[0].status = (enum atls_tier)3;
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "A ear_status");
}

static void the_whole_is_no_better_than_its_parts(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    terms.least = ATLS_TIER_WARNING;
    ear.has_status = true;
    ear.submods[1].status = ATLS_TIER_WARNING;
    ear.status = ATLS_TIER_AFFIRMING;
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "ear_status");
    ear.status = ATLS_TIER_WARNING;
    assert_check(&ear, &terms, ATLS_OK, "");
    ear.status = ATLS_TIER_CONTRAINDICATED; /* worse than any part: the Verifier knows more */
    assert_check(&ear, &terms, ATLS_ERR_STATUS, "ear_status");
    ear = base(&terms);
    ear.has_status = true;
    ear.status = ATLS_TIER_WARNING;
    assert_check(&ear, &terms, ATLS_ERR_STATUS, "ear_status");
}

static void a_simulation_is_taken_only_knowingly(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    struct atls_ear_submod *submod = &ear.submods[0];
    submod->simulated = true;
    assert_check(&ear, &terms, ATLS_ERR_SIMULATED, "A simulated"); /* even if it says genuine */
    submod->vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE;
    submod->status = ATLS_TIER_WARNING;
    assert_check(&ear, &terms, ATLS_ERR_SIMULATED, "A simulated");
    terms.least = ATLS_TIER_WARNING;
    assert_check(&ear, &terms, ATLS_ERR_SIMULATED, "A simulated");
    terms.least = ATLS_TIER_AFFIRMING;
    terms.simulated = true;
    submod->vector.claim[ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_BOOT;
    assert_check(&ear, &terms, ATLS_OK, "");
    ear.has_status = true; /* and the whole is as warned of as that one part */
    ear.status = ATLS_TIER_WARNING;
    assert_check(&ear, &terms, ATLS_OK, "");
    ear.has_status = false;

    /* Nothing else is set aside. */
    submod->vector.claim[ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED;
    assert_check(&ear, &terms, ATLS_ERR_STATUS, "A ear_status");
    submod->vector.claim[ATLS_TRUST_EXECUTABLES] = 0;
    submod->vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE + 1;
    assert_check(&ear, &terms, ATLS_ERR_STATUS, "A ear_status");
    submod->vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE;
    submod->status = ATLS_TIER_CONTRAINDICATED; /* not explained by the vector */
    assert_check(&ear, &terms, ATLS_ERR_STATUS, "A ear_status");
    submod->status = ATLS_TIER_WARNING;
    submod->simulated = false; /* hardware of which this is said is no simulation */
    assert_check(&ear, &terms, ATLS_ERR_STATUS, "A ear_status");
}

static void the_verifier_s_problem_is_in_the_sentence(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    struct atls_diag diag;
    ear.submods[1].status = ATLS_TIER_CONTRAINDICATED;
    ear.submods[1].problem = atls_bytes_text("no trust anchor\n");
    assert_err(atls_ear_check(&ear, &terms, &diag), STATUS);
    assert_string_equal(diag.found, "contraindicated, since \"no trust anchor?\"");

    /* What is too long is cut, and says so, with its end. */
    char longer[162];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ear.submods[1].problem = atls_bytes_text(longer);
    assert_err(atls_ear_check(&ear, &terms, &diag), STATUS);
    assert_string_equal(&diag.found[strlen(diag.found) - 6], "aa...\"");
    longer[sizeof longer - 2] = '\0';
    ear.submods[1].problem = atls_bytes_text(longer);
    assert_err(atls_ear_check(&ear, &terms, &diag), STATUS);
    assert_string_equal(&diag.found[strlen(diag.found) - 3], "aa\"");
}

static void a_result_of_nothing_is_none(void **state)
{
    (void)state;
    struct atls_ear_terms terms;
    struct atls_ear ear = base(&terms);
    ear.num_submods = 0;
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "submods");
    ear.num_submods = ATLS_MAX_SUBMODS + 1;
    assert_check(&ear, &terms, ATLS_ERR_RESULT, "submods");
    memset(&ear, 0, sizeof ear);
    assert_int_equal(atls_ear_check(&ear, &terms, NULL), ATLS_ERR_RESULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_passes),
        cmocka_unit_test(times_are_held_to_the_clock),
        cmocka_unit_test(the_nonce_is_that_of_the_exchange),
        cmocka_unit_test(evidence_with_another_nonce_is_not_fresh),
        cmocka_unit_test(the_verifier_is_the_expected_one),
        cmocka_unit_test(a_profile_is_known_or_listed),
        cmocka_unit_test(every_submod_has_the_tier_that_is_demanded),
        cmocka_unit_test(a_status_is_recomputed_from_the_vector),
        cmocka_unit_test(the_whole_is_no_better_than_its_parts),
        cmocka_unit_test(a_simulation_is_taken_only_knowingly),
        cmocka_unit_test(the_verifier_s_problem_is_in_the_sentence),
        cmocka_unit_test(a_result_of_nothing_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
