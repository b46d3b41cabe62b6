/* SPDX-License-Identifier: Apache-2.0 */
/* Every format that has an appraiser can be looked up, by what its appraiser looks up. */
#include "support/check.h"

#include "appraiser/appraiser.h"
#include "appraiser/lookup.h"
#include "base/formats.h"
#include "json/file.h"
#include "support/mutate.h"

#include <stdio.h>
#include <stdlib.h>

static void every_appraiser_has_a_lookup(void **state)
{
    (void)state;
    for (size_t i = 0; i < atls_num_formats; i++) {
        struct atls_lookup out;
        const enum atls_err err = atls_lookup_read(&out, &atls_formats[i], atls_bytes_of(NULL, 0),
                                                   atls_bytes_of(NULL, 0), NULL);
        assert_int_equal(err == ATLS_ERR_EVIDENCE_TYPE,
                         atls_appraiser_for(&atls_formats[i]) == NULL);
        assert_int_not_equal(err, ATLS_OK);
    }
    struct atls_lookup out;
    assert_err(atls_lookup_read(&out, NULL, atls_bytes_of(NULL, 0), atls_bytes_of(NULL, 0), NULL),
               EVIDENCE_TYPE);
}

static void read_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_lookup out;
    (void)at;
    if (atls_lookup_read(&out, context, mutant, atls_bytes_of(NULL, 0), NULL) == ATLS_OK) {
        assert_true(out.instance.data >= mutant.data &&
                    out.instance.data + out.instance.len <= mutant.data + mutant.len);
        atls_lookup_cleanup(&out);
    }
}

static void look_up(const char *format_name, const char *endorsed_as, const char *file,
                    size_t class_len)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text(format_name));
    uint8_t *data = NULL;
    size_t len = 0;
    struct atls_lookup out;
    assert_err(atls_file_read(&data, &len, file, ATLS_MAX_FILE_LEN, NULL), OK);
    struct atls_cmw cmw;
    assert_err(atls_cmw_parse(&cmw, atls_bytes_of(data, len), NULL), OK);
    assert_err(atls_lookup_read(&out, format, atls_cmw_evidence(&cmw), cmw.media_type, NULL), OK);
    assert_string_equal(out.format->name, endorsed_as);
    assert_int_equal(out.instance.len, 33);
    assert_int_equal(out.class_id.len, class_len);
    atls_lookup_cleanup(&out);
    test_each_truncation(atls_cmw_evidence(&cmw), read_mutant, (void *)(uintptr_t)format);
    test_each_bit_flip(atls_cmw_evidence(&cmw), read_mutant, (void *)(uintptr_t)format);
    free(data);
}

static void the_ids_of_a_psa_token_are_found(void **state)
{
    (void)state;
    look_up("psa", "psa", TEST_SOURCE_DIR "/tests/kat/psa/plain.cmw", 32);
}

static void the_kid_of_a_tpm_is_found(void **state)
{
    (void)state;
    look_up("tpm2", "tpm2", TEST_SOURCE_DIR "/tests/kat/tpm2/plain.cmw", 0);
}

static void the_ids_of_a_bundle_are_those_of_its_platform(void **state)
{
    (void)state;
    look_up("kat", "psa", TEST_SOURCE_DIR "/tests/kat/kat/plain.cmw", 32);
}

/* What these look up is of the whole format, and without the format nothing is found. */
static void makers_of_platforms_are_looked_up_by_format(void **state)
{
    (void)state;
    static const char *const names[] = {"snp", "tdx", "sgx"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        char file[200];
        snprintf(file, sizeof file, "%s/tests/kat/%s/plain.cmw", TEST_SOURCE_DIR, names[i]);
        uint8_t *data = NULL;
        size_t len = 0;
        struct atls_cmw cmw;
        struct atls_lookup out = {.instance = atls_bytes_text("of another")};
        assert_err(atls_file_read(&data, &len, file, ATLS_MAX_FILE_LEN, NULL), OK);
        assert_err(atls_cmw_parse(&cmw, atls_bytes_of(data, len), NULL), OK);
        assert_err(atls_lookup_read(&out, atls_format_by_name(atls_bytes_text(names[i])),
                                    atls_cmw_evidence(&cmw), cmw.media_type, NULL),
                   OK);
        assert_non_null(out.format);
        assert_string_equal(out.format->name, names[i]);
        assert_int_equal(out.instance.len, 0);
        assert_int_equal(out.class_id.len, 0);
        atls_lookup_cleanup(&out);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_appraiser_has_a_lookup),
        cmocka_unit_test(the_ids_of_a_psa_token_are_found),
        cmocka_unit_test(the_kid_of_a_tpm_is_found),
        cmocka_unit_test(the_ids_of_a_bundle_are_those_of_its_platform),
        cmocka_unit_test(makers_of_platforms_are_looked_up_by_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
