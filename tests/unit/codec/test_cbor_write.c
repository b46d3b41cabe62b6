/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of CBOR: RFC 8949, appendix A, in the other direction. */
#include "support/check.h"
#include "support/memory.h"

#include "codec/cbor.h"

#define ROOM 64

static struct atls_bytes finished(const struct atls_writer *w)
{
    size_t len = 0;
    assert_true(atls_writer_finish(w, &len));
    return atls_bytes_of(w->data, len);
}

static void numbers_are_written_in_the_shortest_form(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {{0, "00"},
                 {23, "17"},
                 {24, "1818"},
                 {255, "18ff"},
                 {256, "190100"},
                 {65535, "19ffff"},
                 {65536, "1a00010000"},
                 {4294967295, "1affffffff"},
                 {4294967296, "1b0000000100000000"},
                 {INT64_MAX, "1b7fffffffffffffff"},
                 {-1, "20"},
                 {-24, "37"},
                 {-25, "3818"},
                 {-256, "38ff"},
                 {-257, "390100"},
                 {INT64_MIN, "3b7fffffffffffffff"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_writer w = atls_writer_of(test_room(ROOM));
        atls_cbor_put_int(&w, cases[i].value);
        assert_bytes(finished(&w), test_hex(cases[i].hex));
        if (cases[i].value >= 0) {
            struct atls_writer u = atls_writer_of(test_room(ROOM));
            atls_cbor_put_uint(&u, (uint64_t)cases[i].value);
            assert_bytes(finished(&u), test_hex(cases[i].hex));
        }
    }
    struct atls_writer w = atls_writer_of(test_room(ROOM));
    atls_cbor_put_uint(&w, UINT64_MAX);
    assert_bytes(finished(&w), test_hex("1bffffffffffffffff"));
}

static void every_type_is_written(void **state)
{
    (void)state;
    struct atls_writer w = atls_writer_of(test_room(ROOM));
    atls_cbor_put_map(&w, 5);
    atls_cbor_put_int(&w, 1);
    atls_cbor_put_bytes(&w, test_hex("010203"));
    atls_cbor_put_int(&w, -1);
    atls_cbor_put_str(&w, "abc");
    atls_cbor_put_str(&w, "");
    atls_cbor_put_text(&w, test_hex("c3bc"));
    atls_cbor_put_int(&w, 2);
    atls_cbor_put_array(&w, 3);
    atls_cbor_put_bool(&w, false);
    atls_cbor_put_bool(&w, true);
    atls_cbor_put_null(&w);
    atls_cbor_put_int(&w, 3);
    atls_cbor_put_tag(&w, 601);
    atls_cbor_put_encoded(&w, test_hex("a0"));
    assert_bytes(finished(&w),
                 test_hex("a501 43010203 20 63616263 60 62c3bc 02 83f4f5f6 03 d90259 a0"));
    struct atls_cbor item;
    assert_err(atls_cbor_parse(&item, finished(&w), ATLS_CBOR_STRICT, "t", NULL), OK);
}

static void head_of_a_byte_string_is_written_alone(void **state)
{
    (void)state;
    struct atls_writer w = atls_writer_of(test_room(ROOM));
    atls_cbor_put_bytes_head(&w, 300);
    assert_bytes(finished(&w), test_hex("59012c"));
}

static void item_that_does_not_fit_fails_the_writer(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 7; cap++) {
        struct atls_writer w = atls_writer_of(test_room(cap));
        atls_cbor_put_uint(&w, 65536);
        atls_cbor_put_str(&w, "a");
        size_t len = 99;
        assert_false(atls_writer_finish(&w, &len));
        assert_int_equal(len, 99);
    }
}

static void counting_gives_the_length_that_is_written(void **state)
{
    (void)state;
    struct atls_writer count = atls_writer_counting();
    atls_cbor_put_array(&count, 2);
    atls_cbor_put_bytes(&count, test_hex("00112233"));
    atls_cbor_put_int(&count, -70000);
    size_t len = 0;
    assert_true(atls_writer_finish(&count, &len));
    assert_int_equal(len, 1 + 5 + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_in_the_shortest_form),
        cmocka_unit_test(every_type_is_written),
        cmocka_unit_test(head_of_a_byte_string_is_written_alone),
        cmocka_unit_test(item_that_does_not_fit_fails_the_writer),
        cmocka_unit_test(counting_gives_the_length_that_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
