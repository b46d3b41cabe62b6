/* SPDX-License-Identifier: Apache-2.0 */
/* Files that want to be endless: what is shown of them is bounded, and says so. */
#include "inspect_test.h"

#include "atls/limits.h"
#include "inspect/node.h"

/* check inspects, and gives how long the text is. */
static size_t check(struct atls_bytes input, const char *part)
{
    struct said said;
    say(&said, input);
    const size_t len = said.text_len;
    assert_int_equal(said.err, ATLS_ERR_MALFORMED);
    if (strstr(said.text, part) == NULL) {
        print_error("\"%s\" is not in:\n%.2000s", part, said.text);
        fail();
    }
    free(said.text);
    return len;
}

/* room_for gives room for {10: ...}, what follows at *at. */
static struct atls_buf room_for(size_t len, size_t *at)
{
    const struct atls_buf room = test_room(len);
    room.data[0] = 0xa1;
    room.data[1] = 10;
    *at = 2;
    return room;
}

static void a_long_list_shows_its_first_members(void **state)
{
    size_t at = 0;
    const struct atls_buf room = room_for(100005, &at);
    (void)state;
    const uint8_t head[] = {0x9a, 0x00, 0x01, 0x86, 0x9e}; /* 99998 integers */
    memcpy(&room.data[at], head, sizeof head);
    memset(&room.data[at + sizeof head], 0, room.cap - at - sizeof head);
    struct said said;
    say(&said, atls_bytes_of(room.data, room.cap));
    assert_non_null(strstr(said.text, "eat_nonce [10]: array of 99998 (only the first 512 are"));
    assert_true(said.text_len < 200000);
    free(said.text);
}

/* 512 lists of 512 would be 262144 fields. */
static void the_number_of_fields_is_bounded(void **state)
{
    size_t at = 0;
    const struct atls_buf room = room_for(2 + 3 + (size_t)512 * (3 + 512), &at);
    (void)state;
    const uint8_t head[] = {0x99, 0x02, 0x00};
    memcpy(&room.data[at], head, sizeof head);
    at += sizeof head;
    for (size_t i = 0; i < 512; i++) {
        memcpy(&room.data[at], head, sizeof head);
        memset(&room.data[at + sizeof head], 1, 512);
        at += sizeof head + 512;
    }
    assert_int_equal(at, room.cap);
    const struct atls_bytes input = atls_bytes_of(room.data, room.cap);
    assert_true(check(input, "more than 20000 fields") < 4000000);
}

static void nesting_is_bounded(void **state)
{
    size_t at = 0;
    const struct atls_buf room = room_for(62, &at);
    (void)state;
    memset(&room.data[at], 0x81, room.cap - at - 1);
    room.data[room.cap - 1] = 0;
    (void)check(atls_bytes_of(room.data, room.cap), "nested too deep");
    (void)check(atls_bytes_of(room.data, room.cap), "CBOR: ");
}

static void tags_around_tags_are_bounded(void **state)
{
    size_t at = 0;
    const struct atls_buf room = room_for(40, &at);
    (void)state;
    memset(&room.data[at], 0xc5, room.cap - at - 1);
    room.data[room.cap - 1] = 0;
    (void)check(atls_bytes_of(room.data, room.cap), "wrapped too often");
}

/* A JSON string in a JSON string in ...: base64 of base64 shrinks, and depth is bounded anyway. */
static void a_collection_inside_itself_ends(void **state)
{
    static const char part[] = "{\"__cmwc_t\":\"a:b\",\"x\":";
    const struct atls_buf room = test_room(200 * (sizeof part - 1));
    (void)state;
    for (size_t i = 0; i < 200; i++) {
        memcpy(&room.data[i * (sizeof part - 1)], part, sizeof part - 1);
    }
    (void)check(atls_bytes_of(room.data, room.cap), "nested too deep");
}

static void long_values_are_cut_and_say_so(void **state)
{
    const struct atls_buf room = test_room(2 + 3 + 5000);
    struct inspect *in = NULL;
    (void)state;
    const uint8_t head[] = {0xa1, 10, 0x59, 0x13, 0x88};
    memset(room.data, 0x5a, room.cap);
    memcpy(room.data, head, sizeof head);
    assert_int_equal(atls_inspect(&in, atls_bytes_of(room.data, room.cap), NULL), ATLS_OK);
    json_t *result = atls_inspect_json(in);
    const json_t *root = json_array_get(json_object_get(result, "fields"), 0);
    const json_t *nonce = json_array_get(json_object_get(root, "fields"), 0);
    assert_int_equal(json_string_length(json_object_get(nonce, "value")), 2 * 4096);
    assert_true(json_is_true(json_object_get(nonce, "cut")));
    assert_int_equal(json_integer_value(json_object_get(nonce, "length")), 5003);
    json_decref(result);
    atls_inspect_free(in);
    (void)check(atls_bytes_of(room.data, room.cap), "5a5a... 5000 octets");
}

static void a_file_that_is_too_long_is_our_own_side(void **state)
{
    struct inspect *in = NULL;
    struct atls_diag diag;
    const struct atls_buf room = test_room((size_t)ATLS_MAX_FILE_LEN + 1);
    (void)state;
    memset(room.data, 0, room.cap);
    assert_err(atls_inspect(&in, atls_bytes_of(room.data, room.cap), &diag), FILE);
    assert_err(diag.err, FILE);
    assert_null(in);
    assert_err(atls_inspect(&in, atls_bytes_of(room.data, room.cap - 1), &diag), MALFORMED);
}

static void nothing_is_refused(void **state)
{
    struct inspect *in = NULL;
    struct atls_diag diag;
    (void)state;
    assert_err(atls_inspect(&in, atls_bytes_of(NULL, 0), &diag), MALFORMED);
    assert_string_equal(diag.found, "nothing");
    atls_inspect_free(NULL);
}

/* Large files of one octet: time is what this one would lose. */
static void large_files_of_one_octet_end_soon(void **state)
{
    static const uint8_t fill[] = {0x00, 0x7b, 0x81, 0xa1, 0x30, 0x2d, 'A', '[', '"', 0xff, 0xd2};
    const struct atls_buf room = test_room(ATLS_MAX_FILE_LEN / 8);
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(fill); i++) {
        memset(room.data, fill[i], room.cap);
        struct said said;
        say(&said, atls_bytes_of(room.data, room.cap));
        assert_true(said.err == ATLS_ERR_MALFORMED);
        assert_true(said.text_len < 100000);
        free(said.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_list_shows_its_first_members),
        cmocka_unit_test(the_number_of_fields_is_bounded),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(tags_around_tags_are_bounded),
        cmocka_unit_test(a_collection_inside_itself_ends),
        cmocka_unit_test(long_values_are_cut_and_say_so),
        cmocka_unit_test(a_file_that_is_too_long_is_our_own_side),
        cmocka_unit_test(nothing_is_refused),
        cmocka_unit_test(large_files_of_one_octet_end_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
