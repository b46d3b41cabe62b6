/* SPDX-License-Identifier: Apache-2.0 */
/* The accessors of CBOR. */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "codec/cbor.h"
#include "codec/cbor_item.h"

static struct atls_cbor parsed_as(const char *hex, unsigned flags)
{
    struct atls_cbor item;
    assert_err(atls_cbor_parse(&item, test_hex(hex), flags, "test input", NULL), OK);
    return item;
}

static struct atls_cbor parsed(const char *hex)
{
    return parsed_as(hex, ATLS_CBOR_STRICT);
}

static void integers_come_with_their_value(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int64_t value;
    } cases[] = {{"00", 0},
                 {"17", 23},
                 {"1818", 24},
                 {"18ff", 255},
                 {"190100", 256},
                 {"19ffff", 65535},
                 {"1a00010000", 65536},
                 {"1affffffff", 4294967295},
                 {"1b0000000100000000", 4294967296},
                 {"1b7fffffffffffffff", INT64_MAX},
                 {"20", -1},
                 {"37", -24},
                 {"3818", -25},
                 {"3a00012480", -74881},
                 {"3b7fffffffffffffff", INT64_MIN}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_cbor item = parsed(cases[i].hex);
        int64_t value = 99;
        assert_true(atls_cbor_int(&item, &value));
        assert_true(value == cases[i].value);
        uint64_t magnitude = 99;
        assert_int_equal(atls_cbor_u64(&item, &magnitude), cases[i].value >= 0);
        assert_true(magnitude == (cases[i].value >= 0 ? (uint64_t)cases[i].value : 99));
    }
}

static void integers_beyond_int64_are_out_of_its_range(void **state)
{
    (void)state;
    static const char *const cases[] = {"1b8000000000000000", "1bffffffffffffffff",
                                        "3b8000000000000000", "3bffffffffffffffff"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_cbor item = parsed(cases[i]);
        int64_t value = 99;
        assert_false(atls_cbor_int(&item, &value));
        assert_int_equal(value, 99);
    }
    const struct atls_cbor largest = parsed("1bffffffffffffffff");
    uint64_t value = 0;
    assert_true(atls_cbor_u64(&largest, &value));
    assert_true(value == UINT64_MAX);
}

/* One item of each type; each getter must take exactly those in its column. */
static void getters_refuse_every_other_type(void **state)
{
    (void)state;
    enum { U64 = 1, INT = 2, BOOL = 4, BYTES = 8, TEXT = 16, NIL = 32 };
    static const struct {
        const char *hex;
        unsigned taken_by;
    } cases[] = {{"15", U64 | INT}, {"34", INT},   {"41f5", BYTES}, {"6161", TEXT},
                 {"8114", 0},       {"a11415", 0}, {"d416", 0},     {"f4", BOOL},
                 {"f5", BOOL},      {"f6", NIL},   {"f7", 0},       {"f0", 0},
                 {"f8ff", 0},       {"f90014", 0}, {"f90015", 0},   {"fa00000016", 0}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_cbor item = parsed(cases[i].hex);
        uint64_t u64 = 0;
        int64_t number = 0;
        bool flag = false;
        struct atls_bytes octets;
        unsigned taken = 0;
        taken |= atls_cbor_u64(&item, &u64) ? (unsigned)U64 : 0;
        taken |= atls_cbor_int(&item, &number) ? (unsigned)INT : 0;
        taken |= atls_cbor_bool(&item, &flag) ? (unsigned)BOOL : 0;
        taken |= atls_cbor_bytes(&item, 0, SIZE_MAX, &octets) ? (unsigned)BYTES : 0;
        taken |= atls_cbor_text(&item, 0, SIZE_MAX, &octets) ? (unsigned)TEXT : 0;
        taken |= atls_cbor_is_null(&item) ? (unsigned)NIL : 0;
        if (taken != cases[i].taken_by) {
            fail_msg("%s: taken by %u, not by %u", cases[i].hex, taken, cases[i].taken_by);
        }
    }
}

static void bool_comes_with_its_value(void **state)
{
    (void)state;
    const struct atls_cbor no = parsed("f4");
    const struct atls_cbor yes = parsed("f5");
    bool value = true;
    assert_true(atls_cbor_bool(&no, &value));
    assert_false(value);
    assert_true(atls_cbor_bool(&yes, &value));
    assert_true(value);
}

static void string_outside_of_its_lengths_is_refused(void **state)
{
    (void)state;
    const struct atls_cbor octets = parsed("43010203");
    const struct atls_cbor text = parsed("63616263");
    struct atls_bytes out = {NULL, 99};
    assert_false(atls_cbor_bytes(&octets, 4, 9, &out));
    assert_false(atls_cbor_bytes(&octets, 0, 2, &out));
    assert_false(atls_cbor_text(&text, 4, 9, &out));
    assert_false(atls_cbor_text(&text, 0, 2, &out));
    assert_int_equal(out.len, 99);
    assert_true(atls_cbor_bytes(&octets, 3, 3, &out));
    assert_bytes(out, test_hex("010203"));
    assert_true(atls_cbor_text(&text, 3, 3, &out));
    assert_text(out, "abc");
}

static void text_is_compared_whole(void **state)
{
    (void)state;
    const struct atls_cbor text = parsed("63616263");
    const struct atls_cbor octets = parsed("43616263");
    const struct atls_cbor with_nul = parsed("6461626300");
    assert_true(atls_cbor_is_text(&text, "abc"));
    assert_false(atls_cbor_is_text(&text, "ab"));
    assert_false(atls_cbor_is_text(&text, "abcd"));
    assert_false(atls_cbor_is_text(&text, "abd"));
    assert_false(atls_cbor_is_text(&octets, "abc"));
    assert_false(atls_cbor_is_text(&with_nul, "abc"));
}

static void floats_keep_their_width_and_bits(void **state)
{
    (void)state;
    const struct atls_cbor half = parsed("f93c00");
    const struct atls_cbor single = parsed("fa47c35000");
    const struct atls_cbor wide = parsed("fb3ff199999999999a");
    assert_int_equal(half.float_width, 2);
    assert_true(half.argument == 0x3c00);
    assert_int_equal(single.float_width, 4);
    assert_true(single.argument == 0x47c35000);
    assert_int_equal(wide.float_width, 8);
    assert_true(wide.argument == 0x3ff199999999999a);
    assert_int_equal(wide.type, ATLS_CBOR_SIMPLE);
}

static void tag_gives_what_is_inside_only_for_its_own_number(void **state)
{
    (void)state;
    const struct atls_cbor item = parsed("d2820102");
    struct atls_cbor inside = {.argument = 99};
    assert_false(atls_cbor_tag(&item, 17, &inside));
    assert_int_equal(inside.argument, 99);
    assert_true(atls_cbor_tag(&item, 18, &inside));
    assert_int_equal(inside.type, ATLS_CBOR_ARRAY);
    assert_bytes(inside.encoded, test_hex("820102"));
    assert_false(atls_cbor_tag(&inside, 18, &inside));
}

static void members_of_an_array_come_in_order_and_end(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        unsigned flags;
    } forms[] = {{"8501820203f5430405066161", ATLS_CBOR_STRICT},
                 {"9f01820203f5430405066161ff", ATLS_CBOR_ALLOW_INDEFINITE},
                 {"9f019f0203fff5430405066161ff", ATLS_CBOR_ALLOW_INDEFINITE},
                 {"9805180182180203f558030405067801 61", ATLS_CBOR_ALLOW_LONG_FORM}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forms); i++) {
        const struct atls_cbor array = parsed_as(forms[i].hex, forms[i].flags);
        assert_int_equal(array.argument, 5);
        struct atls_cbor_iter iter = atls_cbor_members(&array);
        struct atls_cbor member;
        uint64_t number = 0;
        assert_true(atls_cbor_next(&iter, &member) && atls_cbor_u64(&member, &number));
        assert_int_equal(number, 1);
        assert_true(atls_cbor_next(&iter, &member));
        assert_int_equal(member.type, ATLS_CBOR_ARRAY);
        assert_int_equal(member.argument, 2);
        bool flag = false;
        assert_true(atls_cbor_next(&iter, &member) && atls_cbor_bool(&member, &flag) && flag);
        assert_true(atls_cbor_next(&iter, &member));
        assert_bytes(member.content, test_hex("040506"));
        assert_true(atls_cbor_next(&iter, &member) && atls_cbor_is_text(&member, "a"));
        assert_int_equal(iter.left, 0);
        assert_false(atls_cbor_next(&iter, &member));
        assert_true(atls_cbor_is_text(&member, "a")); /* untouched */
    }
}

static void member_is_found_by_index(void **state)
{
    (void)state;
    const struct atls_cbor array = parsed("831820820203f5");
    struct atls_cbor member;
    uint64_t number = 0;
    bool flag = false;
    assert_true(atls_cbor_at(&array, 0, &member) && atls_cbor_u64(&member, &number));
    assert_int_equal(number, 32);
    assert_true(atls_cbor_at(&array, 2, &member) && atls_cbor_bool(&member, &flag));
    assert_false(atls_cbor_at(&array, 3, &member));
    assert_false(atls_cbor_at(&array, UINT64_MAX, &member));
    const struct atls_cbor map = parsed("a10102");
    assert_false(atls_cbor_at(&map, 0, &member));
    const struct atls_cbor empty = parsed("80");
    assert_false(atls_cbor_at(&empty, 0, &member));
}

static void pairs_of_a_map_come_in_order_and_end(void **state)
{
    (void)state;
    static const char *const forms[] = {"a2016161820203a0", "bf016161820203a0ff"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forms); i++) {
        const struct atls_cbor map = parsed_as(forms[i], ATLS_CBOR_ALLOW_INDEFINITE);
        assert_int_equal(map.argument, 2);
        struct atls_cbor_iter iter = atls_cbor_members(&map);
        assert_int_equal(iter.left, 4);
        struct atls_cbor key;
        struct atls_cbor value;
        uint64_t number = 0;
        assert_true(atls_cbor_next_pair(&iter, &key, &value));
        assert_true(atls_cbor_u64(&key, &number) && number == 1);
        assert_true(atls_cbor_is_text(&value, "a"));
        assert_true(atls_cbor_next_pair(&iter, &key, &value));
        assert_bytes(key.encoded, test_hex("820203"));
        assert_bytes(value.encoded, test_hex("a0"));
        assert_false(atls_cbor_next_pair(&iter, &key, &value));
    }
}

static void half_a_pair_is_not_read(void **state)
{
    (void)state;
    const struct atls_cbor array = parsed("83010203");
    struct atls_cbor_iter iter = atls_cbor_members(&array);
    struct atls_cbor key;
    struct atls_cbor value;
    assert_true(atls_cbor_next_pair(&iter, &key, &value));
    const struct atls_cbor_iter before = iter;
    assert_false(atls_cbor_next_pair(&iter, &key, &value));
    assert_int_equal(iter.left, before.left);
    assert_ptr_equal(iter.rest.data, before.rest.data);
}

static void scalars_have_no_members(void **state)
{
    (void)state;
    static const char *const scalars[] = {"05", "25", "450102030405", "6161", "c100", "f5"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(scalars); i++) {
        const struct atls_cbor item = parsed(scalars[i]);
        struct atls_cbor_iter iter = atls_cbor_members(&item);
        struct atls_cbor member;
        assert_false(atls_cbor_next(&iter, &member));
        assert_false(atls_cbor_get(&item, 1, &member));
        assert_false(atls_cbor_get_text(&item, "a", &member));
    }
}

static void labels_are_looked_up_by_value_and_type(void **state)
{
    (void)state;
    const struct atls_cbor map =
        parsed("a801 0a 20 0b 6131 0c 4101 0d 1b8000000000000000 0e 3b7fffffffffffffff 0f 8101 10 "
               "c1 01 11");
    static const struct {
        int64_t label;
        uint64_t value;
    } cases[] = {{1, 10}, {-1, 11}, {INT64_MIN, 15}};
    struct atls_cbor value;
    uint64_t number = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        assert_true(atls_cbor_get(&map, cases[i].label, &value));
        assert_true(atls_cbor_u64(&value, &number));
        assert_int_equal(number, cases[i].value);
    }
    assert_true(atls_cbor_get_text(&map, "1", &value) && atls_cbor_u64(&value, &number));
    assert_int_equal(number, 12);
    assert_false(atls_cbor_get(&map, 0, &value));
    assert_false(atls_cbor_get(&map, 2, &value));
    assert_false(atls_cbor_get_text(&map, "2", &value));
    assert_false(atls_cbor_get_text(&map, "", &value));
}

static void labels_of_an_array_are_not_looked_up(void **state)
{
    (void)state;
    const struct atls_cbor array = parsed("84010a61610b");
    struct atls_cbor value;
    assert_false(atls_cbor_get(&array, 1, &value));
    assert_false(atls_cbor_get_text(&array, "a", &value));
}

static void value_of_an_inner_map_is_not_found_in_the_outer_one(void **state)
{
    (void)state;
    const struct atls_cbor map = parsed("a201a1020302a10304");
    struct atls_cbor value;
    assert_false(atls_cbor_get(&map, 3, &value));
    assert_true(atls_cbor_get(&map, 2, &value));
    assert_bytes(value.encoded, test_hex("a10304"));
}

static void encoded_are_the_octets_as_received(void **state)
{
    (void)state;
    const struct atls_cbor map =
        parsed_as("bf011801029f02ffff", ATLS_CBOR_ALLOW_INDEFINITE | ATLS_CBOR_ALLOW_LONG_FORM);
    assert_bytes(map.encoded, test_hex("bf011801029f02ffff"));
    assert_bytes(map.content, test_hex("011801029f02ff"));
    struct atls_cbor value;
    assert_true(atls_cbor_get(&map, 1, &value));
    assert_bytes(value.encoded, test_hex("1801"));
    assert_true(atls_cbor_get(&map, 2, &value));
    assert_bytes(value.encoded, test_hex("9f02ff"));
    assert_bytes(value.content, test_hex("02"));
}

/* The accessors promise no more than safety on octets that no parse has checked. */
static void try_accessors(struct atls_bytes octets, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_reader r = atls_reader_of(octets);
    struct atls_cbor item = {.type = ATLS_CBOR_UINT};
    if (!atls_cbor_item_read(&r, &item)) {
        assert_int_equal(r.left, octets.len);
        return;
    }
    assert_ptr_equal(item.encoded.data, octets.data);
    assert_int_equal(item.encoded.len + r.left, octets.len);
    assert_true(item.encoded.len > 0 && item.content.len < item.encoded.len);
    struct atls_cbor_iter iter = atls_cbor_members(&item);
    struct atls_cbor member;
    size_t seen = 0;
    while (atls_cbor_next(&iter, &member)) {
        seen += member.encoded.len;
    }
    assert_true(seen <= item.content.len);
}

static void accessors_are_safe_on_unchecked_octets(void **state)
{
    (void)state;
    static const char *const inputs[] = {
        "a50163616263024401020304038201820203049f0102ff05d903e8fb3ff199999999999a",
        "bf01bf02bf03ff04ffff",
        "9f9f9fff",
        "83018202",
        "ff",
        "81ff",
        "9fff",
        "c1ff",
        "bf01ff",
        "5f4100ff",
        "5bffffffffffffffff00",
        "815bffffffffffffffff00",
        "9bffffffffffffffff0000",
        "bb80000000000000000000",
        "bbffffffffffffffff0000",
        "819bffffffffffffffff0000",
        "8181818181818181818181818181818181818181818100",
        "9f81818181818181818181818181818181818181818100ff",
        "1c",
        "811c",
        "9f1cff",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(inputs); i++) {
        try_accessors(test_hex(inputs[i]), 0, NULL);
        test_each_mutant(test_hex(inputs[i]), try_accessors, NULL);
    }
}

static void unchecked_item_that_has_no_end_is_not_given(void **state)
{
    (void)state;
    static const char *const inputs[] = {"",
                                         "ff",
                                         "1c",
                                         "18",
                                         "8301",
                                         "83018202",
                                         "9f9f9fff",
                                         "81ff",
                                         "c1ff",
                                         "4201",
                                         "9f",
                                         "bf01",
                                         "815bffffffffffffffff00",
                                         "8181818181818181818181818181818181818181818100"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(inputs); i++) {
        struct atls_reader r = atls_reader_of(test_hex(inputs[i]));
        struct atls_cbor item;
        if (atls_cbor_item_read(&r, &item)) {
            fail_msg("given: %s", inputs[i]);
        }
    }
}

static void broken_item_in_an_unchecked_container_is_not_given(void **state)
{
    (void)state;
    const struct atls_cbor array = {
        .type = ATLS_CBOR_ARRAY, .argument = 3, .content = test_hex("018102ff")};
    const struct atls_cbor tag = {.type = ATLS_CBOR_TAG, .argument = 1, .content = test_hex("ff")};
    struct atls_cbor_iter iter = atls_cbor_members(&array);
    struct atls_cbor member;
    assert_true(atls_cbor_next(&iter, &member));
    assert_true(atls_cbor_next(&iter, &member));
    assert_false(atls_cbor_next(&iter, &member));
    assert_false(atls_cbor_at(&array, 2, &member));
    assert_false(atls_cbor_tag(&tag, 1, &member));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_come_with_their_value),
        cmocka_unit_test(integers_beyond_int64_are_out_of_its_range),
        cmocka_unit_test(getters_refuse_every_other_type),
        cmocka_unit_test(bool_comes_with_its_value),
        cmocka_unit_test(string_outside_of_its_lengths_is_refused),
        cmocka_unit_test(text_is_compared_whole),
        cmocka_unit_test(floats_keep_their_width_and_bits),
        cmocka_unit_test(tag_gives_what_is_inside_only_for_its_own_number),
        cmocka_unit_test(members_of_an_array_come_in_order_and_end),
        cmocka_unit_test(member_is_found_by_index),
        cmocka_unit_test(pairs_of_a_map_come_in_order_and_end),
        cmocka_unit_test(half_a_pair_is_not_read),
        cmocka_unit_test(scalars_have_no_members),
        cmocka_unit_test(labels_are_looked_up_by_value_and_type),
        cmocka_unit_test(labels_of_an_array_are_not_looked_up),
        cmocka_unit_test(value_of_an_inner_map_is_not_found_in_the_outer_one),
        cmocka_unit_test(encoded_are_the_octets_as_received),
        cmocka_unit_test(accessors_are_safe_on_unchecked_octets),
        cmocka_unit_test(unchecked_item_that_has_no_end_is_not_given),
        cmocka_unit_test(broken_item_in_an_unchecked_container_is_not_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
