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
    static const char *const planned[] = {"cca", "tpm2-quote", "nvidia"};
    static const char *const others[] = {"",     "sn",  "snpp",   "snp", "psa",
                                         "tpm2", "kat", "result", "none"};
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
        assert_true(row->name != NULL && row->media_type != NULL && row->binder_field != NULL);
        /* A collection has the submods and profiles of its parts. */
        assert_int_equal(row->submod == NULL, row->collection_type != NULL);
        assert_int_equal(row->corim_profile == NULL, row->collection_type != NULL);
        assert_null(row->accepted_types[ATLS_ARRAY_LEN(row->accepted_types) - 1]);
        for (size_t j = 0; j < i; j++) {
            const struct atls_format *other = &atls_formats[j];
            assert_string_not_equal(row->name, other->name);
            assert_string_not_equal(row->media_type, other->media_type);
            if (row->submod != NULL && other->submod != NULL) {
                assert_string_not_equal(row->submod, other->submod);
            }
            assert_false(row->has_content_format && other->has_content_format &&
                         row->content_format == other->content_format);
        }
    }
}

/* Evidence that names the TLS key by itself needs no bundle, and a bundle is no part of one. */
static void only_platforms_that_name_no_key_are_parts_of_a_bundle(void **state)
{
    (void)state;
    assert_true(atls_format_is_pat(atls_format_by_name(atls_bytes_text("psa"))));
    assert_false(atls_format_is_pat(atls_format_by_name(atls_bytes_text("tpm2"))));
    assert_false(atls_format_is_pat(atls_format_by_name(atls_bytes_text("kat"))));
    assert_false(atls_format_is_pat(NULL));
    for (size_t i = 0; i < atls_num_formats; i++) {
        assert_false(atls_format_is_pat(&atls_formats[i]) &&
                     atls_format_names_key(&atls_formats[i]));
    }
    assert_true(atls_format_names_key(atls_format_by_name(atls_bytes_text("tpm2"))));
    assert_false(atls_format_names_key(atls_format_by_name(atls_bytes_text("psa"))));
    assert_false(atls_format_names_key(NULL));
    assert_true(atls_format_by_name(atls_bytes_text("kat"))->outside_only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_its_name),
        cmocka_unit_test(other_names_are_not_found),
        cmocka_unit_test(names_of_later_versions_are_known_and_not_built),
        cmocka_unit_test(every_row_is_complete_and_unlike_the_others),
        cmocka_unit_test(only_platforms_that_name_no_key_are_parts_of_a_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
