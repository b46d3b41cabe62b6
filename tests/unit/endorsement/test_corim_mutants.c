/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with an error at every place. A prefix is never accepted. A flipped bit may be: in a
 * digest, a name or an instance it makes another CoRIM, which is as good as the first; so here only
 * the sanitizers and the sizes of the set are looked at.
 */
#include "samples.h"

#include "endorsement/statement.h"
#include "support/mutate.h"

static const char *const files[] = {"psa-good",          "tpm2-good",     "old-psa-good",
                                    "psa-good-cose-key", "any-good",      "psa-good-endorsed",
                                    "nitro-good",        "intel-good",    "cots-good",
                                    "cca-platform-good", "cca-realm-good"};

static void refuse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    struct atls_diag diag = {.err = ATLS_OK};
    struct atls_endorsements *set = context;
    assert_err(atls_endorsements_add_corim(set, mutant, "mutant", NOW, &diag), ENDORSEMENT);
    assert_says(&diag, "mutant");
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    assert_int_equal(atls_endorsements_num_references(set), 0);
    assert_int_equal(atls_endorsements_num_statements(set), 0);
    assert_int_equal(atls_endorsements_num_authorities(set), 0);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        test_each_truncation(kat(files[i]), refuse, set);
    }
    atls_endorsements_unref(set);
}

struct counts {
    size_t accepted;
    size_t refused;
};

static void read_or_refuse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    struct counts *counts = context;
    struct atls_diag diag = {.err = ATLS_OK};
    struct atls_endorsements *set = new_set();
    const enum atls_err err = atls_endorsements_add_corim(set, mutant, "mutant", NOW, &diag);
    if (err == ATLS_OK) {
        assert_true(atls_endorsements_num_keys(set) <= 1);
        assert_true(atls_endorsements_num_references(set) <= 2);
        assert_true(atls_endorsements_num_statements(set) <= 9);
        assert_true(atls_endorsements_num_authorities(set) <= 3);
        counts->accepted++;
    } else {
        assert_err(err, ENDORSEMENT);
        assert_err(diag.err, ENDORSEMENT);
        assert_int_equal(atls_endorsements_num_keys(set), 0);
        counts->refused++;
    }
    atls_endorsements_unref(set);
}

static void every_flipped_bit_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        struct counts counts = {0, 0};
        test_each_bit_flip(kat(files[i]), read_or_refuse, &counts);
        print_message("%s: %zu other files, %zu refused\n", files[i], counts.accepted,
                      counts.refused);
        assert_true(counts.refused > counts.accepted / 4);
    }
}

static void every_octet_at_its_limits_is_read_or_refused(void **state)
{
    (void)state;
    struct counts counts = {0, 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        test_each_octet_set(kat(files[i]), read_or_refuse, &counts);
    }
    assert_true(counts.refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_flipped_bit_is_read_or_refused),
        cmocka_unit_test(every_octet_at_its_limits_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
