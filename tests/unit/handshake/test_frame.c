/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the exchange after the handshake: their octets, their limits, and what is refused. */
#include "handshake_test.h"

#include "handshake/frame.h"
#include "support/mutate.h"

static const struct limits {
    enum atls_frame_type type;
    const char *name;
    size_t min, max;
} limits[] = {
    {ATLS_FRAME_HELLO, "HELLO", 2, 64},
    {ATLS_FRAME_REQUEST, "REQUEST", 1, 32768},
    {ATLS_FRAME_AUTHENTICATOR, "AUTHENTICATOR", 1, 131072},
    {ATLS_FRAME_DONE, "DONE", 0, 0},
    {ATLS_FRAME_DATA, "DATA", 1, 16380},
    {ATLS_FRAME_CLOSE, "CLOSE", 1, 1},
};

static enum atls_err parse(size_t type, size_t len, struct atls_frame_head *out,
                           struct atls_diag *diag)
{
    const uint8_t octets[4] = {(uint8_t)type, (uint8_t)(len >> 16), (uint8_t)(len >> 8 & 0xff),
                               (uint8_t)(len & 0xff)};
    return atls_frame_head_parse(out, atls_bytes_of(octets, sizeof octets), diag);
}

static void each_type_has_its_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(limits); i++) {
        const struct limits *of = &limits[i];
        const size_t lens[] = {of->min - 1, of->min, of->max, of->max + 1, 0xffffff};
        assert_string_equal(atls_frame_name(of->type), of->name);
        for (size_t j = of->min == 0 ? 1 : 0; j < ATLS_ARRAY_LEN(lens); j++) {
            struct atls_frame_head head = {.len = 77};
            uint8_t written[4];
            const bool fits = j == 1 || j == 2;
            const enum atls_err err = parse(of->type, lens[j], &head, NULL);
            assert_string_equal(atls_err_name(err),
                                atls_err_name(fits ? ATLS_OK : ATLS_ERR_MALFORMED));
            assert_int_equal(head.len, fits ? lens[j] : 77);
            head.type = of->type;
            head.len = lens[j];
            const enum atls_err wrote = atls_frame_head_write(written, &head, NULL);
            assert_string_equal(atls_err_name(wrote),
                                atls_err_name(fits ? ATLS_OK : ATLS_ERR_ARGUMENT));
        }
    }
}

static void types_that_there_are_not_are_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    for (size_t type = 0; type < 256; type++) {
        struct atls_frame_head head;
        if (type == 0 || type > 6) {
            assert_err(parse(type, 1, &head, &diag), MALFORMED);
            assert_string_equal(diag.claim, "type");
        }
    }
    const struct atls_frame_head none = {(enum atls_frame_type)9, 1};
    uint8_t written[4];
    assert_err(atls_frame_head_write(written, &none, &diag), ARGUMENT);
    assert_string_equal(atls_frame_name((enum atls_frame_type)9), "a frame");
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    const struct atls_frame_head head = {ATLS_FRAME_AUTHENTICATOR, 0x00ff03};
    struct atls_frame_head read = {.len = 0};
    uint8_t written[4];
    assert_err(atls_frame_head_write(written, &head, NULL), OK);
    assert_bytes(atls_bytes_of(written, 4), test_hex("0300ff03"));
    assert_err(atls_frame_head_parse(&read, atls_bytes_of(written, 4), NULL), OK);
    assert_int_equal(read.type, head.type);
    assert_int_equal(read.len, head.len);
}

static void refuse_head(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at, (void)context;
    struct atls_frame_head head;
    assert_err(atls_frame_head_parse(&head, mutant, NULL), MALFORMED);
}

static void heads_of_another_length_are_refused(void **state)
{
    (void)state;
    test_each_truncation(test_hex("04000000"), refuse_head, NULL);
    refuse_head(test_hex("0400000000"), 0, NULL);
}

static void a_hello_says_who_asks_and_who_frames(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool asks, frames;
    } rows[] = {{"0100", false, false}, {"0101", true, false}, {"0102", false, true},
                {"0103", true, true},   {"01fd", true, false}, {"0100ffff", false, false}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_frame_hello hello = {.asks = !rows[i].asks};
        uint8_t written[2];
        assert_err(atls_frame_hello_parse(&hello, test_hex(rows[i].hex), NULL), OK);
        assert_true(hello.asks == rows[i].asks && hello.frames == rows[i].frames);
        atls_frame_hello_write(written, &hello);
        struct atls_frame_hello again = {.asks = !hello.asks, .frames = !hello.frames};
        assert_err(atls_frame_hello_parse(&again, atls_bytes_of(written, 2), NULL), OK);
        assert_true(hello.asks == again.asks && hello.frames == again.frames);
    }
}

static void a_hello_of_another_version_or_without_flags_is_refused(void **state)
{
    (void)state;
    struct atls_frame_hello hello = {.asks = true};
    assert_err(atls_frame_hello_parse(&hello, test_hex(""), NULL), MALFORMED);
    assert_err(atls_frame_hello_parse(&hello, test_hex("01"), NULL), MALFORMED);
    assert_err(atls_frame_hello_parse(&hello, test_hex("0000"), NULL), ILLEGAL);
    assert_err(atls_frame_hello_parse(&hello, test_hex("0200"), NULL), ILLEGAL);
    assert_true(hello.asks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_limits),
        cmocka_unit_test(types_that_there_are_not_are_refused),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(heads_of_another_length_are_refused),
        cmocka_unit_test(a_hello_says_who_asks_and_who_frames),
        cmocka_unit_test(a_hello_of_another_version_or_without_flags_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
