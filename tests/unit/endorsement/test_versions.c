/* SPDX-License-Identifier: Apache-2.0 */
/* Several files of one CoRIM id: the highest version counts, in whatever order they come. */
#include "signed.h"

/* The version stands behind the tag-id, in the first CoMID of psa.diag. */
#define TAG_ID "6a7265666572656e63657301"

static struct atls_bytes version(const char *name, unsigned number)
{
    char to[sizeof TAG_ID + 2];
    assert_true(number < 24);
    snprintf(to, sizeof to, "%s%02x", TAG_ID, number);
    return edited(kat(name), test_hex(TAG_ID "02"), test_hex(to));
}

/* has_other_key says whose key the set has: that of psa-good-other-key, or of psa-good. */
static bool has_other_key(const struct atls_endorsements *set)
{
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_non_null(anchor);
    return anchor->source[0] == 'o';
}

static void the_highest_version_counts_in_any_order(void **state)
{
    (void)state;
    for (unsigned old = 1; old < 4; old++) {
        struct atls_endorsements *set = new_set();
        add(set, version("psa-good-other-key", old), "old");
        add(set, version("psa-good", 4), "new");
        assert_false(has_other_key(set));
        assert_int_equal(atls_endorsements_num_keys(set), 1);
        atls_endorsements_unref(set);
        set = new_set();
        add(set, version("psa-good", 4), "new");
        add(set, version("psa-good-other-key", old), "old"); /* a rollback */
        assert_false(has_other_key(set));
        assert_int_equal(atls_endorsements_num_keys(set), 1);
        assert_int_equal(atls_endorsements_num_references(set), 2);
        /* What came later than the one that counts, and is older, does not come back. */
        add(set, kat("tpm2-good"), "tpm2");
        assert_false(has_other_key(set));
        assert_int_equal(atls_endorsements_num_keys(set), 2);
        atls_endorsements_unref(set);
    }
}

/* A newer file that says nothing of the simulation does not make its key a real one. */
static void the_mark_of_a_simulation_outlives_its_file(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    add(set, version("psa-good-simulated", 2), "old");
    add(set, version("psa-good", 3), "new");
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_non_null(anchor);
    assert_string_equal(anchor->source, "new");
    assert_true(anchor->simulated);
    atls_endorsements_unref(set);
}

static void references_of_an_older_version_are_gone(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    add(set, version("psa-good-references-that-differ-in-one-place", 2), "many");
    assert_int_equal(atls_endorsements_num_references(set), 6);
    add(set, version("psa-good", 3), "few");
    assert_int_equal(atls_endorsements_num_references(set), 2);
    atls_endorsements_unref(set);
}

static void what_another_id_says_too_stays(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    add(set, renamed(kat("psa-good"), "another-file"), "first");
    add(set, version("psa-good-references-that-differ-in-one-place", 2), "many");
    assert_int_equal(atls_endorsements_num_references(set), 6);
    /* The next version of the second no longer has the key and the components of the first. */
    const struct atls_bytes other =
        edited(version("psa-good", 3), psa_class(),
               test_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
    add(set, other, "less");
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_non_null(anchor);
    assert_string_equal(anchor->source, "first");
    size_t cursor = 0;
    assert_non_null(atls_endorsements_next_reference(set, psa(), psa_class(), &cursor));
    atls_endorsements_unref(set);
}

static void one_version_with_two_contents_is_refused(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    add(set, kat("psa-good"), "first.corim");
    assert_err(
        atls_endorsements_add_corim(set, kat("psa-good-other-key"), "second.corim", NOW, &diag),
        ENDORSEMENT);
    assert_says(&diag, "two contents of version 2");
    assert_says(&diag, "first.corim");
    assert_says(&diag, "second.corim");
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    assert_int_equal(atls_endorsements_num_references(set), 2);
    /* The set works as before, and takes a higher one of either. */
    add(set, version("psa-good-other-key", 3), "other");
    assert_true(has_other_key(set));
    atls_endorsements_unref(set);
}

static void a_merge_that_fails_leaves_the_older_version(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    add(set, renamed(kat("psa-good"), "another-file"), "first");
    add(set, version("psa-good", 1), "two");
    /* A higher version with a second key for the instance that "first" has: refused as a whole. */
    assert_err(
        atls_endorsements_add_corim(set, version("psa-good-other-key", 9), "other", NOW, NULL),
        ENDORSEMENT);
    add(set, kat("tpm2-good"), "tpm2");
    assert_int_equal(atls_endorsements_num_keys(set), 2);
    assert_int_equal(atls_endorsements_num_references(set), 4);
    assert_false(has_other_key(set));
    atls_endorsements_unref(set);
}

static void a_signature_makes_no_other_content(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    struct atls_corim_signing signing = signing_by(key);
    struct atls_endorsements *set = set_of(key);
    add(set, sign(kat("psa-good"), &signing), "one");
    signing.signer = "another name";
    add(set, sign(kat("psa-good"), &signing), "two");
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    atls_endorsements_unref(set);
}

/* A maker signs the same CoRIM again before its signature ends; either may be loaded first. */
static void the_signature_that_ends_last_counts(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    static const int64_t ends[][2] = {{NOW + 100, NOW + 9000}, {NOW + 9000, NOW + 100}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ends); i++) {
        struct atls_corim_signing signing = signing_by(key);
        struct atls_endorsements *set = set_of(key);
        for (size_t j = 0; j < 2; j++) {
            signing.not_after_s = ends[i][j];
            add(set, sign(kat("psa-good"), &signing), "signed");
        }
        const struct atls_trust_anchor *anchor =
            atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
        assert_non_null(anchor);
        assert_int_equal(anchor->not_after_s, NOW + 9000);
        size_t cursor = 0;
        assert_int_equal(
            atls_endorsements_next_reference(set, psa(), psa_class(), &cursor)->not_after_s,
            NOW + 9000);
        atls_endorsements_unref(set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_version_counts_in_any_order),
        cmocka_unit_test(the_mark_of_a_simulation_outlives_its_file),
        cmocka_unit_test(references_of_an_older_version_are_gone),
        cmocka_unit_test(what_another_id_says_too_stays),
        cmocka_unit_test(one_version_with_two_contents_is_refused),
        cmocka_unit_test(a_merge_that_fails_leaves_the_older_version),
        cmocka_unit_test(a_signature_makes_no_other_content),
        cmocka_unit_test(the_signature_that_ends_last_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
