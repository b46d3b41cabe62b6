/* SPDX-License-Identifier: Apache-2.0 */
/* Map keys: duplicates are found in any order, within a bound, and keys are always strict. */
#include "cbor_cases.h"

#include "atls/limits.h"

static void map_with_the_same_key_twice_is_refused(void **state)
{
    (void)state;
    static const char found[] = "a map key that occurs twice";
    assert_refused("a201000100", ATLS_CBOR_STRICT, found, 3);
    assert_refused("a3616100616200616100", ATLS_CBOR_STRICT, found, 7);
    assert_refused("a241aa0041aa01", ATLS_CBOR_STRICT, found, 4);
    assert_refused("a2820102008201020f", ATLS_CBOR_STRICT, found, 5);
    assert_refused("bf01000100ff", ATLS_CBOR_ALLOW_INDEFINITE, found, 3);
    assert_refused("81a201000100", ATLS_CBOR_STRICT, found, 4);
    assert_refused("a1a20100010000", ATLS_CBOR_STRICT, found, 4);
    assert_refused("a201a20100010002f6", ATLS_CBOR_STRICT, found, 5);
}

static void equal_keys_of_different_maps_or_types_are_accepted(void **state)
{
    (void)state;
    assert_accepted("82a10100a10100", ATLS_CBOR_STRICT);
    assert_accepted("a101a101a10100", ATLS_CBOR_STRICT);
    assert_accepted("a401002000416100616100", ATLS_CBOR_STRICT);
    assert_accepted("a301a20100020002a2010002000300", ATLS_CBOR_STRICT);
}

static void map_keys_are_strict_whatever_the_flags(void **state)
{
    (void)state;
    const unsigned all = ATLS_CBOR_ALLOW_INDEFINITE | ATLS_CBOR_ALLOW_LONG_FORM;
    assert_accepted("a1011801", all);
    assert_refused("a1180101", all, "a number or length in a longer form", 1);
    assert_refused("a20100180100", all, "a number or length in a longer form", 3);
}

static void long_form_inside_a_composite_key_is_refused(void **state)
{
    (void)state;
    const unsigned all = ATLS_CBOR_ALLOW_INDEFINITE | ATLS_CBOR_ALLOW_LONG_FORM;
    assert_refused("a18118010f", all, "a number or length in a longer form", 2);
    assert_refused("a19f01ff0f", all, "an indefinite length", 1);
    assert_refused("a1a1001801f6", all, "a number or length in a longer form", 3);
    assert_accepted("a18101811801", all);
}

/* A map of `pairs` pairs whose keys are two octets each, descending when `descending`. */
static struct atls_bytes wide_map(size_t pairs, bool descending)
{
    const struct atls_buf room = test_room(3 + 4 * pairs);
    struct atls_writer w = atls_writer_of(room);
    atls_cbor_put_map(&w, pairs);
    for (size_t i = 0; i < pairs; i++) {
        atls_cbor_put_uint(&w, 1000 + (descending ? pairs - i : i));
        atls_cbor_put_null(&w);
    }
    size_t len = 0;
    assert_true(atls_writer_finish(&w, &len));
    return test_copy(atls_bytes_of(room.data, len));
}

static void map_with_as_many_pairs_as_the_limit_is_accepted_and_one_more_is_refused(void **state)
{
    (void)state;
    for (int descending = 0; descending < 2; descending++) {
        struct atls_cbor item;
        struct atls_diag diag;
        for (size_t pairs = ATLS_MAX_CBOR_KEYS - 1; pairs <= ATLS_MAX_CBOR_KEYS; pairs++) {
            assert_err(atls_cbor_parse(&item, wide_map(pairs, descending != 0), 0, "t", &diag), OK);
            assert_int_equal(item.argument, pairs);
        }
        assert_err(atls_cbor_parse(&item, wide_map(ATLS_MAX_CBOR_KEYS + 1, descending != 0), 0, "t",
                                   &diag),
                   MALFORMED);
        assert_string_equal(diag.found, "maps with too many pairs");
    }
}

/* shuffled fills `out` with 0 to num - 1 in an order that `seed` decides. */
static void shuffled(uint8_t *out, size_t num, uint32_t seed)
{
    for (size_t i = 0; i < num; i++) {
        out[i] = (uint8_t)i;
    }
    for (size_t i = num; i > 1; i--) {
        seed = seed * 1664525 + 1013904223;
        const size_t other = (seed >> 16) % i;
        const uint8_t last = out[i - 1];
        out[i - 1] = out[other];
        out[other] = last;
    }
}

/* parse_map_of parses {keys: null}, each key two octets long. */
static enum atls_err parse_map_of(const uint8_t *keys, size_t num, struct atls_diag *diag)
{
    const struct atls_buf room = test_room(3 + 3 * num);
    struct atls_writer w = atls_writer_of(room);
    atls_cbor_put_map(&w, num);
    for (size_t i = 0; i < num; i++) {
        atls_cbor_put_uint(&w, 24u + keys[i]);
        atls_cbor_put_null(&w);
    }
    struct atls_cbor item;
    return atls_cbor_parse(&item, test_copy(atls_bytes_of(room.data, w.len)), 0, "t", diag);
}

static void distinct_keys_are_accepted_in_any_order(void **state)
{
    (void)state;
    uint8_t keys[200];
    for (uint32_t seed = 0; seed < 400; seed++) {
        const size_t num = 1 + seed % sizeof keys;
        shuffled(keys, num, seed);
        assert_err(parse_map_of(keys, num, NULL), OK);
    }
}

static void duplicate_is_found_wherever_its_two_keys_are(void **state)
{
    (void)state;
    uint8_t keys[40];
    uint32_t seed = 0;
    for (size_t first = 0; first < sizeof keys; first++) {
        for (size_t second = first + 1; second < sizeof keys; second++) {
            struct atls_diag diag = {0};
            shuffled(keys, sizeof keys, seed++);
            keys[second] = keys[first];
            assert_err(parse_map_of(keys, sizeof keys, &diag), MALFORMED);
            assert_string_equal(diag.found, "a map key that occurs twice");
            assert_int_equal(diag.offset, 2 + 3 * second);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_with_the_same_key_twice_is_refused),
        cmocka_unit_test(equal_keys_of_different_maps_or_types_are_accepted),
        cmocka_unit_test(map_keys_are_strict_whatever_the_flags),
        cmocka_unit_test(long_form_inside_a_composite_key_is_refused),
        cmocka_unit_test(map_with_as_many_pairs_as_the_limit_is_accepted_and_one_more_is_refused),
        cmocka_unit_test(distinct_keys_are_accepted_in_any_order),
        cmocka_unit_test(duplicate_is_found_wherever_its_two_keys_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
