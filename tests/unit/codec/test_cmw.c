/* SPDX-License-Identifier: Apache-2.0 */
/* The CBOR forms of a CMW. */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "atls/limits.h"
#include "codec/cmw.h"

#include <stdio.h>

#define RECORD "82 19fde7 4401020304"
/* {"__cmwc_t": "tag:x", 0: record, "b": tag of ct 64999} */
#define COLLECTION "a3 685f5f636d77635f74 657461673a78 00" RECORD "6162 da6374ffe6 4105"

static enum atls_err parse(struct atls_cmw *out, const char *hex, struct atls_diag *diag)
{
    return atls_cmw_parse(out, test_hex(hex), diag);
}

static void assert_refused(const char *hex, const char *claim, const char *found)
{
    struct atls_cmw cmw = {.ind = 99};
    struct atls_diag diag = {0};
    if (parse(&cmw, hex, &diag) == ATLS_OK) {
        fail_msg("%s: accepted", hex);
    }
    assert_err(diag.err, MALFORMED);
    assert_string_equal(diag.step, "CMW");
    assert_string_equal(diag.claim, claim);
    assert_string_equal(diag.found, found);
    assert_true(diag.expected[0] != '\0');
    assert_int_equal(cmw.ind, 99);
}

static void record_by_content_format_is_read(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    assert_err(parse(&cmw, RECORD, NULL), OK);
    assert_int_equal(cmw.kind, ATLS_CMW_RECORD);
    assert_true(cmw.by_content_format);
    assert_int_equal(cmw.content_format, 64999);
    assert_bytes(cmw.value, test_hex("01020304"));
    assert_int_equal(cmw.ind, 0);
    assert_int_equal(cmw.media_type.len, 0);
    assert_err(parse(&cmw, "82 00 40", NULL), OK);
    assert_int_equal(cmw.content_format, 0);
    assert_err(parse(&cmw, "83 19ffff 40 04", NULL), OK);
    assert_int_equal(cmw.content_format, 65535);
    assert_int_equal(cmw.ind, ATLS_CMW_EVIDENCE);
}

static void record_by_media_type_is_read(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    assert_err(parse(&cmw, "83 63612f62 4101 1affffffff", NULL), OK);
    assert_int_equal(cmw.kind, ATLS_CMW_RECORD);
    assert_false(cmw.by_content_format);
    assert_text(cmw.media_type, "a/b");
    assert_bytes(cmw.value, test_hex("01"));
    assert_true(cmw.ind == 0xffffffff); /* bits without a meaning are not judged */
}

static void tag_is_read(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    assert_err(parse(&cmw, "da 6374ffe6 4105", NULL), OK);
    assert_int_equal(cmw.kind, ATLS_CMW_TAG);
    assert_true(cmw.by_content_format);
    assert_int_equal(cmw.content_format, 64999);
    assert_bytes(cmw.value, test_hex("05"));
    assert_int_equal(cmw.ind, 0);
}

static void empty_value_is_a_value(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    assert_err(parse(&cmw, "82 00 40", NULL), OK);
    assert_err(parse(&cmw, "82 63612f62 40", NULL), OK);
    assert_err(parse(&cmw, "da 6374ffe6 40", NULL), OK);
    assert_int_equal(cmw.value.len, 0);
}

static void collection_is_read(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    struct atls_cmw member;
    assert_err(parse(&cmw, COLLECTION, NULL), OK);
    assert_int_equal(cmw.kind, ATLS_CMW_COLLECTION);
    assert_text(cmw.collection_type, "tag:x");
    assert_int_equal(cmw.collection.argument, 3);
    assert_true(atls_cmw_find(&cmw, "b", &member));
    assert_int_equal(member.kind, ATLS_CMW_TAG);
    assert_bytes(member.value, test_hex("05"));
    assert_false(atls_cmw_find(&cmw, "c", &member));
    assert_false(atls_cmw_find(&cmw, "__cmwc_t", &member));
    assert_false(atls_cmw_find(&member, "b", &member));
    assert_err(parse(&cmw, "a1 20" RECORD, NULL), OK);
    assert_int_equal(cmw.collection_type.len, 0);
}

static void member_by_number_is_read_as_an_item(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    struct atls_cmw member;
    struct atls_cbor value;
    assert_err(parse(&cmw, COLLECTION, NULL), OK);
    assert_true(atls_cbor_get(&cmw.collection, 0, &value));
    assert_err(atls_cmw_parse_item(&member, &value, NULL), OK);
    assert_int_equal(member.kind, ATLS_CMW_RECORD);
    assert_int_equal(member.content_format, 64999);
}

static void record_that_is_malformed_is_refused(void **state)
{
    (void)state;
    static const char number[] = "another number of members";
    static const char neither[] = "neither";
    assert_refused("80", "record", number);
    assert_refused("81 00", "record", number);
    assert_refused("84 00 40 04 04", "record", number);
    assert_refused("82 1a00010000 40", "type", "a number beyond 65535");
    assert_refused("82 1b0000000100000000 40", "type", "a number beyond 65535");
    assert_refused("82 20 40", "type", neither);
    assert_refused("82 43612f62 40", "type", neither);
    assert_refused("82 6161 40", "type", neither);
    assert_refused("82 60 40", "type", neither);
    assert_refused("82 65612f62 3b20 40", "type", neither);
    assert_refused("82 f6 40", "type", neither);
    assert_refused("82 00 60", "value", "another type");
    assert_refused("82 00 a0", "value", "another type");
    assert_refused("82 00 f6", "value", "another type");
    static const char ind[] = "another value";
    assert_refused("83 00 40 00", "ind", ind);
    assert_refused("83 00 40 1b0000000100000000", "ind", ind);
    assert_refused("83 00 40 20", "ind", ind);
    assert_refused("83 00 40 f6", "ind", ind);
    assert_refused("83 00 40 4104", "ind", ind);
}

static void tag_that_is_malformed_is_refused(void **state)
{
    (void)state;
    static const char another[] = "another tag";
    assert_refused("da 63740100 40", "tag", another);
    assert_refused("da 63740200 40", "tag", another);
    assert_refused("da 6374ff00 40", "tag", another);
    assert_refused("da 63750001 40", "tag", another);
    assert_refused("da 63750000 40", "tag", another);
    assert_refused("da 637400ff 40", "tag", another);
    assert_refused("db 0000000163740101 40", "tag", another);
    assert_refused("d2 40", "tag", another);
    assert_refused("da 6374ffe6 60", "value", "another type");
    assert_refused("da 6374ffe6 82 00 40", "value", "another type");
}

static void collection_that_is_malformed_is_refused(void **state)
{
    (void)state;
    assert_refused("a0", "collection", "no member");
    assert_refused("a1 685f5f636d77635f74 657461673a78", "collection", "no member");
    assert_refused("a2 685f5f636d77635f74 01 00" RECORD, "__cmwc_t", "neither");
    assert_refused("a2 685f5f636d77635f74 60 00" RECORD, "__cmwc_t", "neither");
    assert_refused("a2 685f5f636d77635f74 6161 00" RECORD, "__cmwc_t", "neither");
    assert_refused("a2 685f5f636d77635f74 457461673a78 00" RECORD, "__cmwc_t", "neither");
    assert_refused("a1 4100" RECORD, "label", "another type");
    assert_refused("a1 f5" RECORD, "label", "another type");
    assert_refused("a1 1b8000000000000000" RECORD, "label", "another type");
    assert_refused("a2 00" RECORD "00" RECORD, "CBOR", "a map key that occurs twice");
    assert_refused("a1 00 00", "CMW", "another type");
    assert_refused("a1 00 4101", "CMW", "another type");
    assert_refused("a1 00 6161", "CMW", "another type");
    assert_refused("a1 00 82 00 60", "value", "another type");
    assert_refused("a1 00 a0", "collection", "no member");
    assert_refused("a2 01" RECORD "00 a1 00 82 20 40", "type", "neither");
}

static void other_types_are_refused(void **state)
{
    (void)state;
    static const char *const others[] = {"00", "20", "4101", "6161", "f6", "f93c00"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        assert_refused(others[i], "CMW", "another type");
    }
}

static void cbor_that_is_not_strict_is_refused(void **state)
{
    (void)state;
    assert_refused("9f 19fde7 4401020304 ff", "CBOR", "an indefinite length");
    assert_refused("bf 00" RECORD "ff", "CBOR", "an indefinite length");
    assert_refused("82 1800 40", "CBOR", "a number or length in a longer form");
    assert_refused(RECORD "00", "CBOR", "octets after the item");
}

static void first_octets_of_the_other_forms_are_refused(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    assert_err(parse(&cmw, "5b2261225d", NULL), MALFORMED);               /* JSON record */
    assert_err(parse(&cmw, "7b7d", NULL), MALFORMED);                     /* JSON collection */
    assert_err(parse(&cmw, "d284 43a10126 a0 40 4101", NULL), MALFORMED); /* signed */
}

/* levels collections around one record, by the label 0 */
static void nest(char *hex, size_t cap, int levels)
{
    hex[0] = '\0';
    for (int i = 0; i < levels; i++) {
        strncat(hex, "a100", cap - strlen(hex) - 1);
    }
    strncat(hex, RECORD, cap - strlen(hex) - 1);
}

static void collections_are_nested_up_to_the_limit(void **state)
{
    (void)state;
    char hex[128];
    struct atls_cmw cmw;
    nest(hex, sizeof hex, ATLS_MAX_COLLECTION_DEPTH - 1);
    assert_err(parse(&cmw, hex, NULL), OK);
    nest(hex, sizeof hex, ATLS_MAX_COLLECTION_DEPTH);
    assert_err(parse(&cmw, hex, NULL), OK);
    nest(hex, sizeof hex, ATLS_MAX_COLLECTION_DEPTH + 1);
    assert_refused(hex, "collection", "nesting that is too deep");
}

static void leaf_after_a_nested_collection_is_checked_too(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    assert_err(parse(&cmw, "a3 00 a1 00" RECORD "01 a1 00" RECORD "02" RECORD, NULL), OK);
    assert_refused("a3 00 a1 00" RECORD "01 a1 00" RECORD "02 82 00 60", "value", "another type");
    assert_refused("a3 00 a1 00" RECORD "01 a1 00 f6 02" RECORD, "CMW", "another type");
}

static void collection_has_members_up_to_the_limit(void **state)
{
    (void)state;
    for (uint64_t num = ATLS_MAX_COLLECTION_ITEMS - 1; num <= ATLS_MAX_COLLECTION_ITEMS + 1;
         num++) {
        const struct atls_buf room = test_room(400);
        struct atls_writer w = atls_writer_of(room);
        atls_cbor_put_map(&w, num + 1);
        atls_cbor_put_str(&w, "__cmwc_t"); /* not a member */
        atls_cbor_put_str(&w, "tag:x");
        for (uint64_t i = 0; i < num; i++) {
            atls_cbor_put_uint(&w, i);
            atls_cmw_put_record_cf(&w, 60, test_hex("00"), 0);
        }
        size_t len = 0;
        assert_true(atls_writer_finish(&w, &len));
        struct atls_cmw cmw;
        assert_int_equal(atls_cmw_parse(&cmw, atls_bytes_of(room.data, len), NULL),
                         num <= ATLS_MAX_COLLECTION_ITEMS ? ATLS_OK : ATLS_ERR_MALFORMED);
    }
}

static void tags_are_those_of_the_registry(void **state)
{
    (void)state;
    static const struct {
        uint16_t content_format;
        uint32_t tag;
    } cases[] = {{0, 1668546817},     {254, 0x637401ff},   {255, 0x63740201},  {263, 1668547081},
                 {273, 1668547091},   {276, 1668547094},   {601, 1668547420},  {10003, 1668556859},
                 {10571, 1668557429}, {64999, 1668612070}, {65024, 1668612095}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        uint32_t tag = 0;
        assert_true(atls_cmw_tag_of(cases[i].content_format, &tag));
        assert_int_equal(tag, cases[i].tag);
    }
}

static void every_content_format_comes_back_from_its_tag(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (uint32_t content_format = 0; content_format <= UINT16_MAX; content_format++) {
        uint32_t tag = 0;
        uint16_t back = 0;
        const bool has_tag = atls_cmw_tag_of((uint16_t)content_format, &tag);
        assert_int_equal(has_tag, content_format <= 65024);
        if (!has_tag) {
            continue;
        }
        assert_true(tag > last && tag % 256 != 0);
        last = tag;
        assert_true(atls_cmw_tag_inverse(tag, &back));
        assert_int_equal(back, content_format);
    }
    assert_int_equal(last, 0x6374ffff);
}

static void tag_without_content_format_has_no_inverse(void **state)
{
    (void)state;
    uint16_t content_format = 99;
    for (uint64_t tag = 0x63740000; tag <= 0x63750010; tag++) {
        const bool expected = tag >= 0x63740101 && tag <= 0x6374ffff && tag % 256 != 0;
        assert_int_equal(atls_cmw_tag_inverse(tag, &content_format), expected);
    }
    content_format = 99;
    assert_false(atls_cmw_tag_inverse(0, &content_format));
    assert_false(atls_cmw_tag_inverse(UINT64_MAX, &content_format));
    assert_false(atls_cmw_tag_inverse(0x163740101, &content_format));
    assert_int_equal(content_format, 99);
}

static void every_form_is_written(void **state)
{
    (void)state;
    const struct atls_bytes value = test_hex("01020304");
    const struct atls_buf room = test_room(64);
    struct atls_writer w = atls_writer_of(room);
    atls_cmw_put_record_cf(&w, 64999, value, 0);
    assert_bytes(atls_bytes_of(room.data, w.len), test_hex(RECORD));
    w = atls_writer_of(room);
    atls_cmw_put_record_cf(&w, 263, value, ATLS_CMW_EVIDENCE);
    assert_bytes(atls_bytes_of(room.data, w.len), test_hex("83 190107 4401020304 04"));
    w = atls_writer_of(room);
    atls_cmw_put_record_media(&w, "a/b", value, ATLS_CMW_REFERENCE_VALUES | ATLS_CMW_ENDORSEMENTS);
    assert_bytes(atls_bytes_of(room.data, w.len), test_hex("83 63612f62 4401020304 03"));
    w = atls_writer_of(room);
    atls_cmw_put_record_media(&w, "a/b", value, 0);
    assert_bytes(atls_bytes_of(room.data, w.len), test_hex("82 63612f62 4401020304"));
    w = atls_writer_of(room);
    assert_true(atls_cmw_put_tag(&w, 64999, value));
    assert_bytes(atls_bytes_of(room.data, w.len), test_hex("da 6374ffe6 4401020304"));
    w = atls_writer_of(room);
    assert_false(atls_cmw_put_tag(&w, 65025, value));
    assert_int_equal(w.len, 0);
}

static void expect_refusal(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    struct atls_cmw cmw;
    if (atls_cmw_parse(&cmw, mutant, NULL) == ATLS_OK) {
        fail_msg("accepted when cut to %zu octets", at);
    }
}

static void only_parse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_cmw cmw = {.ind = 0};
    const struct atls_cmw before = cmw;
    if (atls_cmw_parse(&cmw, mutant, NULL) != ATLS_OK) {
        assert_memory_equal(&cmw, &before, sizeof cmw);
        return;
    }
    assert_true(cmw.kind >= ATLS_CMW_RECORD && cmw.kind <= ATLS_CMW_COLLECTION);
    assert_true(cmw.kind != ATLS_CMW_COLLECTION || cmw.collection.argument > 0);
    assert_true(cmw.kind == ATLS_CMW_COLLECTION ||
                cmw.by_content_format == (cmw.media_type.len == 0));
}

static void every_mutant_is_judged(void **state)
{
    (void)state;
    static const char *const originals[] = {RECORD, "83 63612f62 4101 04", "da 6374ffe6 4105",
                                            COLLECTION, ("a1 00 a1 01 a1 02" RECORD)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(originals); i++) {
        test_each_truncation(test_hex(originals[i]), expect_refusal, NULL);
        test_each_mutant(test_hex(originals[i]), only_parse, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_by_content_format_is_read),
        cmocka_unit_test(record_by_media_type_is_read),
        cmocka_unit_test(tag_is_read),
        cmocka_unit_test(empty_value_is_a_value),
        cmocka_unit_test(collection_is_read),
        cmocka_unit_test(member_by_number_is_read_as_an_item),
        cmocka_unit_test(record_that_is_malformed_is_refused),
        cmocka_unit_test(tag_that_is_malformed_is_refused),
        cmocka_unit_test(collection_that_is_malformed_is_refused),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(cbor_that_is_not_strict_is_refused),
        cmocka_unit_test(first_octets_of_the_other_forms_are_refused),
        cmocka_unit_test(collections_are_nested_up_to_the_limit),
        cmocka_unit_test(leaf_after_a_nested_collection_is_checked_too),
        cmocka_unit_test(collection_has_members_up_to_the_limit),
        cmocka_unit_test(tags_are_those_of_the_registry),
        cmocka_unit_test(every_content_format_comes_back_from_its_tag),
        cmocka_unit_test(tag_without_content_format_has_no_inverse),
        cmocka_unit_test(every_form_is_written),
        cmocka_unit_test(every_mutant_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
