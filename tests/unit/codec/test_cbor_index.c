/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a map finds what atls_cbor_get finds, whatever is in the map. */
#include "codec/cbor_index.h"

#include "support/check.h"

static uint8_t octets[512];

/* map_of writes `num` pairs: label i * 7 - 20 with the value i, and a text for a label now and
 * then. */
static struct atls_cbor map_of(unsigned num, bool with_texts)
{
    const struct atls_buf room = {octets, sizeof octets};
    struct atls_writer w = atls_writer_of(room);
    struct atls_cbor map;
    size_t len = 0;
    atls_cbor_put_map(&w, num + (with_texts ? (num + 2) / 3 : 0));
    for (unsigned i = 0; i < num; i++) {
        if (with_texts && i % 3 == 0) {
            atls_cbor_put_text(&w, atls_bytes_of("abcdefgh", 1 + i / 3));
            atls_cbor_put_uint(&w, 1000);
        }
        atls_cbor_put_int(&w, (int64_t)i * 7 - 20);
        atls_cbor_put_uint(&w, i);
    }
    assert_true(atls_writer_finish(&w, &len));
    assert_err(atls_cbor_parse(&map, atls_bytes_of(octets, len), ATLS_CBOR_STRICT, "test", NULL),
               OK);
    return map;
}

static void assert_same(const struct atls_cbor *map)
{
    struct atls_cbor_index index;
    atls_cbor_index_read(&index, map);
    for (int64_t label = -30; label < 150; label++) {
        struct atls_cbor expected = {.argument = 77}, found = {.argument = 77};
        assert_int_equal(atls_cbor_index_get(&index, label, &found),
                         atls_cbor_get(map, label, &expected));
        assert_int_equal(found.argument, expected.argument);
        assert_ptr_equal(found.encoded.data, expected.encoded.data);
    }
}

static void every_label_is_found_and_no_other(void **state)
{
    (void)state;
    for (unsigned num = 0; num <= ATLS_MAX_CBOR_INDEX + 4; num++) {
        struct atls_cbor map = map_of(num, false);
        assert_same(&map);
        map = map_of(num, true);
        assert_same(&map);
    }
}

static void what_is_no_map_has_no_members(void **state)
{
    (void)state;
    struct atls_cbor item;
    static const uint8_t array[] = {0x82, 0x01, 0x02};
    assert_err(atls_cbor_parse(&item, atls_bytes_of(array, sizeof array), 0, "test", NULL), OK);
    assert_same(&item);
    assert_err(atls_cbor_parse(&item, atls_bytes_of(&array[1], 1), 0, "test", NULL), OK);
    assert_same(&item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_label_is_found_and_no_other),
        cmocka_unit_test(what_is_no_map_has_no_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
