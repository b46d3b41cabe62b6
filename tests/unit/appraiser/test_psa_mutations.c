/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every truncation, bit flip and octet of a signed token. A mutant is accepted only inside a
 * region that is listed here with its reason, and then with the claims of the original.
 */
#include "scene.h"

struct region {
    size_t start, len;
    const char *reason;
};

struct hunt {
    struct scene scene;
    struct atls_bytes original;
    char *claims;
    const struct region *regions;
    size_t num_regions;
    size_t num_accepted;
};

static bool is_listed(const struct hunt *hunt, size_t at)
{
    for (size_t i = 0; i < hunt->num_regions; i++) {
        if (at >= hunt->regions[i].start && at < hunt->regions[i].start + hunt->regions[i].len) {
            return true;
        }
    }
    return false;
}

static void judge_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct hunt *hunt = context;
    const enum atls_err err = appraise(&hunt->scene, &atls_appraiser_psa, mutant);
    if (err != ATLS_OK) {
        return;
    }
    hunt->num_accepted++;
    assert_true(mutant.len == hunt->original.len && is_listed(hunt, at));
    assert_string_equal(hunt->scene.submod.claims_json, hunt->claims);
}

static void hunt_all(struct hunt *hunt, const struct atls_endorsements *set,
                     struct atls_bytes original)
{
    scene_init(&hunt->scene, set, test_psa_nonce());
    hunt->scene.input.want_claims = true;
    hunt->original = original;
    assert_err(appraise(&hunt->scene, &atls_appraiser_psa, original), OK);
    hunt->claims = hunt->scene.submod.claims_json;
    hunt->scene.submod.claims_json = NULL;
    test_each_mutant(original, judge_mutant, hunt);
    scene_cleanup(&hunt->scene);
    free(hunt->claims);
}

static void nothing_of_a_plain_token_can_be_changed(void **state)
{
    (void)state;
    struct test_psa token;
    struct atls_key *key = test_key(ATLS_CRV_P256);
    test_psa_init(&token, key, 1);
    struct hunt hunt = {.num_regions = 0};
    hunt_all(&hunt, psa_endorsements(key, 1, false), test_psa_sign(&token));
    assert_int_equal(hunt.num_accepted, 0);
}

static void a_kid_outside_the_signature_changes_nothing(void **state)
{
    (void)state;
    struct test_psa token;
    struct atls_key *key = test_key(ATLS_CRV_P256);
    test_psa_init(&token, key, 1);
    test_map_set(&token.unprotected, test_cbor_int(4), test_hex("426b31"));
    /* d2 84 43 a10126 a1 04 42 6b31: the label, and the kid's two octets */
    const struct region regions[] = {
        {7, 1, "label of an unprotected header: no header but alg is ever used"},
        {8, 1, "head of the kid: an empty text or array in its place would not fit the map"},
        {9, 2, "the kid: keys are found by the instance-id that is signed"},
    };
    struct hunt hunt = {.regions = regions, .num_regions = ATLS_ARRAY_LEN(regions)};
    hunt_all(&hunt, psa_endorsements(key, 1, false), test_psa_sign(&token));
    assert_int_not_equal(hunt.num_accepted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_plain_token_can_be_changed),
        cmocka_unit_test(a_kid_outside_the_signature_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
