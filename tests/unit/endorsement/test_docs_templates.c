/* SPDX-License-Identifier: Apache-2.0 */
/* The templates in docs/endorsements.md are worked examples: each pair must make a CoRIM. */
#include "templates.h"

#define MAX_BLOCKS 8

/* blocks gives the number of ```json blocks of the page. */
static size_t blocks(struct atls_bytes out[MAX_BLOCKS])
{
    static const char begin[] = "\n```json\n";
    const char *text = test_text_file(TEST_SOURCE_DIR "/docs/endorsements.md");
    size_t num = 0;
    while ((text = strstr(text, begin)) != NULL) {
        text += sizeof begin - 1;
        const char *end = strstr(text, "\n```");
        assert_non_null(end);
        assert_true(num < MAX_BLOCKS);
        out[num++] = test_copy(atls_bytes_of(text, (size_t)(end - text)));
        text = end;
    }
    return num;
}

/* assert_makes loads what a pair of templates makes, and compares the numbers. */
static void assert_makes(const struct atls_bytes pair[2], size_t keys, size_t references)
{
    uint8_t *octets = NULL;
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_corim_create(&octets, &len, pair, 2, NULL, false, &diag);
    show(err, &diag);
    assert_err(err, OK);
    struct atls_endorsements *set = new_set();
    add(set, atls_bytes_of(octets, len), "docs");
    free(octets);
    assert_int_equal(atls_endorsements_num_keys(set), keys);
    assert_int_equal(atls_endorsements_num_references(set), references);
    atls_endorsements_unref(set);
}

static void the_worked_templates_make_corim(void **state)
{
    (void)state;
    struct atls_bytes found[MAX_BLOCKS];
    assert_int_equal(blocks(found), 4);
    assert_makes(&found[0], 1, 1);
    assert_makes(&found[2], 1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_templates_make_corim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
