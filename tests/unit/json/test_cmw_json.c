/* SPDX-License-Identifier: Apache-2.0 */
#include "json/cmw_json.h"

#include "atls/limits.h"

#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include <stdio.h>
#include <stdlib.h>

/* cbor_of gives the CBOR form of a JSON CMW. */
static struct atls_bytes cbor_of(const char *json)
{
    uint8_t *data = NULL;
    size_t len = 0;
    assert_err(atls_cmw_json_parse(&data, &len, test_copy(atls_bytes_text(json)), NULL), OK);
    const struct atls_bytes copy = test_copy(atls_bytes_of(data, len));
    free(data);
    return copy;
}

static void a_record_becomes_the_same_record_in_cbor(void **state)
{
    (void)state;
    assert_bytes(cbor_of("[\"application/vnd.example.rats-conceptual-msg\",\"I0faVQ\"]"),
                 test_hex("82 782b 6170706c69636174696f6e2f766e642e6578616d706c652e726174732d"
                          "636f6e6365707475616c2d6d7367 44 2347da55"));
    assert_bytes(cbor_of("[ \"application/eat+cwt\" , \"I0faVQ\" , 4 ]"),
                 test_hex("83 73 6170706c69636174696f6e2f6561742b637774 44 2347da55 04"));
    assert_bytes(cbor_of("[\"application/eat+cwt\",\"AA\",4294967295]"),
                 test_hex("83 73 6170706c69636174696f6e2f6561742b637774 41 00 1affffffff"));
}

static void a_type_with_a_parameter_keeps_it(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    assert_err(
        atls_cmw_parse(&cmw,
                       cbor_of("[\"application/eat+cwt; "
                               "eat_profile=\\\"tag:psacertified.org,2023:psa#tfm\\\"\",\"AA\"]"),
                       NULL),
        OK);
    assert_text(cmw.media_type,
                "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
}

static void a_collection_becomes_the_same_collection_in_cbor(void **state)
{
    (void)state;
    struct atls_cmw cmw;
    struct atls_cmw member;
    struct atls_cmw inner;
    const struct atls_bytes cbor =
        cbor_of("{\"__cmwc_t\":\"tag:example.com,2024:another-composite-attester\","
                "\"attester A\":[\"application/eat-ucs+json\",\"e30K\",4],"
                "\"nested\":{\"x\":[\"application/eat-ucs+cbor\",\"oA\"]}}");
    assert_err(atls_cmw_parse(&cmw, cbor, NULL), OK);
    assert_int_equal(cmw.kind, ATLS_CMW_COLLECTION);
    assert_text(cmw.collection_type, "tag:example.com,2024:another-composite-attester");
    assert_true(atls_cmw_find(&cmw, "attester A", &member));
    assert_text(member.value, "{}\n");
    assert_int_equal(member.ind, 4);
    assert_true(atls_cmw_find(&cmw, "nested", &member));
    assert_int_equal(member.kind, ATLS_CMW_COLLECTION);
    assert_true(atls_cmw_find(&member, "x", &inner));
    assert_bytes(inner.value, test_hex("a0"));
}

static void refused(struct atls_bytes json)
{
    uint8_t *data = (uint8_t *)0x10;
    size_t len = 77;
    struct atls_diag diag = {0};
    assert_err(atls_cmw_json_parse(&data, &len, json, &diag), MALFORMED);
    assert_ptr_equal(data, (uint8_t *)0x10);
    assert_int_equal(len, 77);
    assert_int_equal(diag.err, ATLS_ERR_MALFORMED);
}

static void what_is_no_cmw_in_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "\"application/eat+cwt\"",
        "[\"application/eat+cwt\"]",
        "[\"application/eat+cwt\",\"AA\",4,5]",
        "[263,\"AA\"]",
        "[null,\"AA\"]",
        "[\"\",\"AA\"]",
        "[\"eat\",\"AA\"]",
        "[\"application/eat+cwt\",\"\"]",
        "[\"application/eat+cwt\",\"AA==\"]",
        "[\"application/eat+cwt\",\"AB\"]",
        "[\"application/eat+cwt\",\"+//+\"]",
        "[\"application/eat+cwt\",\"A\"]",
        "[\"application/eat+cwt\",1]",
        "[\"application/eat+cwt\",\"AA\",0]",
        "[\"application/eat+cwt\",\"AA\",-1]",
        "[\"application/eat+cwt\",\"AA\",4.0]",
        "[\"application/eat+cwt\",\"AA\",\"4\"]",
        "[\"application/eat+cwt\",\"AA\",null]",
        "[\"application/eat+cwt\",\"AA\",4294967296]",
        "[\"application/eat+cwt\",\"AA\"] []",
        "{\"__cmwc_t\":\"tag:example.com,2024:x\"}",
        "{\"__cmwc_t\":1,\"a\":[\"a/b\",\"AA\"]}",
        "{\"__cmwc_t\":\"no uri\",\"a\":[\"a/b\",\"AA\"]}",
        "{\"__cmwc_t\":[\"a/b\",\"AA\"],\"a\":[\"a/b\",\"AA\"]}",
        "{\"a\":[\"a/b\",\"AA\"],\"a\":[\"a/b\",\"AA\"]}",
        "{\"a\":\"AA\"}",
        "{\"a\":null}",
        "{\"a\":{}}",
        "{\"a\":[]}",
        "{\"a\":{\"__cmwc_t\":\"tag:example.com,2024:x\"}}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(test_copy(atls_bytes_text(bad[i])));
    }
}

static void nesting_is_taken_up_to_four_levels(void **state)
{
    (void)state;
    assert_true(cbor_of("{\"a\":{\"a\":{\"a\":{\"a\":[\"a/b\",\"AA\"]}}}}").len > 0);
    refused(atls_bytes_text("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[\"a/b\",\"AA\"]}}}}}"));
}

/* collection_of writes {"m0":["a/b","AA"],...} with `count` members. */
static struct atls_bytes collection_of(size_t count)
{
    const struct atls_buf room = test_room(count * 24 + 2);
    size_t at = 0;
    room.data[at++] = '{';
    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf((char *)&room.data[at], room.cap - at, "%s\"m%zu\":[\"a/b\",\"AA\"]",
                               i > 0 ? "," : "", i);
    }
    room.data[at++] = '}';
    return atls_bytes_of(room.data, at);
}

static void the_number_of_members_is_bounded(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t len = 0;
    assert_err(atls_cmw_json_parse(&data, &len, collection_of(ATLS_MAX_COLLECTION_ITEMS), NULL),
               OK);
    free(data);
    refused(collection_of(ATLS_MAX_COLLECTION_ITEMS + 1));
}

static void refused_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    refused(mutant);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    test_each_truncation(
        atls_bytes_text("{\"__cmwc_t\":\"tag:example.com,2024:x\",\"a\":[\"a/b\",\"AA\",4]}"),
        refused_mutant, NULL);
}

static void read_or_refused(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    uint8_t *data = NULL;
    size_t len = 0;
    if (atls_cmw_json_parse(&data, &len, mutant, NULL) == ATLS_OK) {
        struct atls_cmw cmw;
        assert_err(atls_cmw_parse(&cmw, atls_bytes_of(data, len), NULL), OK);
    } else {
        assert_null(data);
    }
    free(data);
}

static void a_bit_flip_gives_a_cmw_or_nothing(void **state)
{
    (void)state;
    test_each_bit_flip(
        atls_bytes_text("{\"__cmwc_t\":\"tag:example.com,2024:x\",\"a\":[\"a/b\",\"AA\",4]}"),
        read_or_refused, NULL);
}

static void check_written(struct atls_bytes cbor, const char *expected)
{
    struct atls_cmw cmw;
    char *json = NULL;
    assert_err(atls_cmw_parse(&cmw, cbor, NULL), OK);
    assert_err(atls_cmw_json_write(&json, &cmw, NULL), OK);
    assert_string_equal(json, expected);
    free(json);
}

static void what_is_read_is_written_again(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[\"application/eat+cwt\",\"I0faVQ\"]",
        "[\"application/eat+cwt; eat_profile=\\\"x\\\"\",\"I0faVQ\",4]",
        "{\"__cmwc_t\":\"tag:example.com,2024:x\",\"a\":[\"a/b\",\"AA\",3],"
        "\"\xc3\xa9\":{\"x\":[\"a/b\",\"_w\"],\"y\":{\"z\":[\"a/b\",\"_w\"]}},\"b\":[\"a/"
        "b\",\"_w\"]}",
        "{\"2.999.1\":{\"__cmwc_t\":\"2.999.1\",\"x\":[\"a/b\",\"_w\"]}}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        check_written(cbor_of(texts[i]), texts[i]);
    }
}

static void content_formats_and_tags_are_written_as_media_types(void **state)
{
    (void)state;
    check_written(test_hex("83 190107 41aa 04"), "[\"application/eat+cwt\",\"qg\",4]");
    check_written(test_hex("da 63740214 41aa"), "[\"application/cmw+json\",\"qg\"]");
    check_written(test_hex("82 192713 41aa"),
                  "[\"application/eat+cwt; "
                  "eat_profile=\\\"tag:psacertified.org,2023:psa#tfm\\\"\",\"qg\"]");
}

static void cannot_be_written(struct atls_bytes cbor)
{
    struct atls_cmw cmw;
    char *json = (char *)0x10;
    struct atls_diag diag = {0};
    assert_err(atls_cmw_parse(&cmw, cbor, NULL), OK);
    assert_err(atls_cmw_json_write(&json, &cmw, &diag), ARGUMENT);
    assert_ptr_equal(json, (char *)0x10);
    assert_int_equal(diag.err, ATLS_ERR_ARGUMENT);
}

static void what_has_no_json_form_is_not_written(void **state)
{
    (void)state;
    cannot_be_written(test_hex("82 19fde7 442347da55"));        /* no media type for 64999 */
    cannot_be_written(test_hex("a1 61 61 82 19fde7 41aa"));     /* the same inside */
    cannot_be_written(test_hex("a1 00 82 190107 41aa"));        /* an integer label */
    cannot_be_written(test_hex("a1 63 610062 82 190107 41aa")); /* a NUL in a label */
    cannot_be_written(test_hex("82 190107 40"));                /* no octet */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_becomes_the_same_record_in_cbor),
        cmocka_unit_test(a_type_with_a_parameter_keeps_it),
        cmocka_unit_test(a_collection_becomes_the_same_collection_in_cbor),
        cmocka_unit_test(what_is_no_cmw_in_json_is_refused),
        cmocka_unit_test(nesting_is_taken_up_to_four_levels),
        cmocka_unit_test(the_number_of_members_is_bounded),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_bit_flip_gives_a_cmw_or_nothing),
        cmocka_unit_test(what_is_read_is_written_again),
        cmocka_unit_test(content_formats_and_tags_are_written_as_media_types),
        cmocka_unit_test(what_has_no_json_form_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
