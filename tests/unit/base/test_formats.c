/* SPDX-License-Identifier: Apache-2.0 */
/* The table of names: what a row must have, and that no two rows are alike. */
#include "support/check.h"

#include "base/formats.h"

static void every_row_is_found_by_its_name(void **state)
{
    (void)state;
    assert_true(atls_num_formats > 0);
    for (size_t i = 0; i < atls_num_formats; i++) {
        assert_ptr_equal(atls_format_by_name(atls_bytes_text(atls_formats[i].name)),
                         &atls_formats[i]);
    }
}

static void other_names_are_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {"", "ps", "psaa", "PSA", "tpm", "null", "none"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        assert_null(atls_format_by_name(atls_bytes_text(names[i])));
    }
}

static void names_of_later_versions_are_known_and_not_built(void **state)
{
    (void)state;
    static const char *const planned[] = {"cca", "snp", "sgx", "tpm2-quote", "kat"};
    static const char *const others[] = {"", "sn", "snpp", "psa", "tpm2", "result", "none"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(planned); i++) {
        assert_true(atls_format_is_planned(atls_bytes_text(planned[i])));
        assert_null(atls_format_by_name(atls_bytes_text(planned[i])));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        assert_false(atls_format_is_planned(atls_bytes_text(others[i])));
    }
}

static void every_row_is_complete_and_unlike_the_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < atls_num_formats; i++) {
        const struct atls_format *row = &atls_formats[i];
        assert_true(row->name != NULL && row->media_type != NULL && row->submod != NULL);
        assert_true(row->corim_profile != NULL && row->binder_field != NULL);
        assert_null(row->accepted_types[ATLS_ARRAY_LEN(row->accepted_types) - 1]);
        for (size_t j = 0; j < i; j++) {
            const struct atls_format *other = &atls_formats[j];
            assert_string_not_equal(row->name, other->name);
            assert_string_not_equal(row->media_type, other->media_type);
            assert_string_not_equal(row->submod, other->submod);
            assert_false(row->has_content_format && other->has_content_format &&
                         row->content_format == other->content_format);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_its_name),
        cmocka_unit_test(other_names_are_not_found),
        cmocka_unit_test(names_of_later_versions_are_known_and_not_built),
        cmocka_unit_test(every_row_is_complete_and_unlike_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
