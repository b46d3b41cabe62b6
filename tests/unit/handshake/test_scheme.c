/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake_test.h"

/* The encodings, each worked out by hand from the presentation language of the draft. */
static const char *const examples[] = {
    "00 00 0107",                                        /* evidence, content format 263 */
    "00 00 0111",                                        /* evidence, content format 273 */
    "00 00 0000",                                        /* evidence, content format 0 */
    "00 01 0013 6170706C69636174696F6E2F6561742B637774", /* evidence, "application/eat+cwt" */
    "00 01 0000",                                        /* evidence, empty media type */
    "01 0002 7631",                                      /* result, Verifier "v1" */
    "01 0000",                                           /* result, empty Verifier identity */
};

static bool read_whole(struct atls_bytes input, struct atls_scheme *out)
{
    struct atls_reader r = atls_reader_of(input);
    return atls_scheme_read(&r, out) && atls_read_end(&r);
}

/* written gives the octets of a scheme in a block that lives on. */
static struct atls_bytes written(const struct atls_scheme *scheme)
{
    const struct atls_buf room = test_room(4 + ATLS_MAX_SCHEME_TEXT_LEN);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_scheme_write(&w, scheme);
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static void examples_are_read_as_what_they_say(void **state)
{
    (void)state;
    struct atls_scheme expected[ATLS_ARRAY_LEN(examples)] = {
        by_format(263), by_format(273),    by_format(0),    by_media("application/eat+cwt"),
        by_media(""),   by_verifier("v1"), by_verifier(""),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(examples); i++) {
        const struct atls_bytes input = test_hex(examples[i]);
        struct atls_scheme scheme;
        assert_true(read_whole(input, &scheme));
        assert_int_equal(scheme.mechanism, expected[i].mechanism);
        assert_int_equal(scheme.by_content_format, expected[i].by_content_format);
        assert_int_equal(scheme.content_format, expected[i].content_format);
        assert_true(atls_bytes_equal(scheme.text, expected[i].text));
        assert_true(atls_scheme_equal(&scheme, &expected[i]));
    }
}

static void what_was_read_is_written_back_octet_for_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(examples); i++) {
        const struct atls_bytes input = test_hex(examples[i]);
        struct atls_scheme scheme;
        assert_true(read_whole(input, &scheme));
        assert_bytes(written(&scheme), input);
    }
}

static void refuses_prefix(struct atls_bytes prefix, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_reader r = atls_reader_of(prefix);
    struct atls_scheme scheme;
    struct atls_scheme before;
    struct atls_diag diag;
    memset(&scheme, 0x5a, sizeof scheme);
    memcpy(&before, &scheme, sizeof scheme);
    assert_false(atls_scheme_read(&r, &scheme));
    assert_int_equal(r.left, prefix.len);
    assert_memory_equal(&scheme, &before, sizeof scheme);
    assert_int_equal(atls_scheme_refuse(r, "step", "claim", &diag), ATLS_ERR_MALFORMED);
    assert_string_not_equal(diag.found, "");
    assert_string_not_equal(diag.expected, "");
    assert_in_range(diag.offset, 0, prefix.len);
}

static void every_truncation_is_refused_and_moves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(examples); i++) {
        const struct atls_bytes input = test_hex(examples[i]);
        test_each_truncation(input, refuses_prefix, NULL);
    }
}

static void is_refused_or_another(struct atls_bytes mutant, size_t at, void *context)
{
    const struct atls_scheme *original = context;
    struct atls_reader r = atls_reader_of(mutant);
    struct atls_scheme scheme;
    (void)at;
    if (atls_scheme_read(&r, &scheme)) {
        assert_bytes(written(&scheme), atls_bytes_of(mutant.data, mutant.len - r.left));
        assert_false(atls_scheme_equal(&scheme, original));
    }
}

static void every_bit_flip_is_refused_or_is_another_scheme(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(examples); i++) {
        const struct atls_bytes input = test_hex(examples[i]);
        struct atls_scheme scheme;
        assert_true(read_whole(input, &scheme));
        test_each_bit_flip(input, is_refused_or_another, &scheme);
    }
}

static void text_is_limited_to_512_octets(void **state)
{
    (void)state;
    for (size_t len = ATLS_MAX_SCHEME_TEXT_LEN - 1; len <= ATLS_MAX_SCHEME_TEXT_LEN + 1; len++) {
        const bool fits = len <= ATLS_MAX_SCHEME_TEXT_LEN;
        const struct atls_buf input = test_room(4 + len);
        input.data[0] = 0;
        input.data[1] = 1;
        input.data[2] = (uint8_t)(len >> 8);
        input.data[3] = (uint8_t)len;
        memset(&input.data[4], 'm', len);
        struct atls_scheme scheme = by_format(1);
        assert_int_equal(read_whole(atls_bytes_of(input.data, input.cap), &scheme), fits);
        assert_int_equal(scheme.text.len, fits ? len : 0);

        struct atls_scheme long_one = {.mechanism = ATLS_MECHANISM_RESULT,
                                       .text = atls_bytes_of(&input.data[4], len)};
        struct atls_writer w = atls_writer_counting();
        size_t out_len = 0;
        atls_scheme_write(&w, &long_one);
        assert_int_equal(atls_writer_finish(&w, &out_len), fits);
    }
}

static void each_malformed_element_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *sentence;
    } rows[] = {
        {"",
         "offer: a message or token is not well-formed (list: found 0 octets, expected 1 octets "
         "of AttestationMechanism)"},
        {"02", "offer: a message or token is not well-formed (list: found AttestationMechanism 2, "
               "expected 0 (evidence) or 1 (result))"},
        {"ff",
         "offer: a message or token is not well-formed (list: found AttestationMechanism 255, "
         "expected 0 (evidence) or 1 (result))"},
        {"00", "offer: a message or token is not well-formed (list: found 0 octets, expected 1 "
               "octets of typeEncoding, at octet 1)"},
        {"00 02 0000", "offer: a message or token is not well-formed (list: found typeEncoding 2, "
                       "expected 0 (content format) or 1 (media type), at octet 1)"},
        {"00 00 01", "offer: a message or token is not well-formed (list: found 1 octets, expected "
                     "2 octets of content_format, at octet 2)"},
        {"00 01 00", "offer: a message or token is not well-formed (list: found 1 octets, expected "
                     "2 octets of length, at octet 2)"},
        {"00 01 0003 6162", "offer: a message or token is not well-formed (list: found 2 octets, "
                            "expected 3 octets of media_type, at octet 4)"},
        {"01 0003 6162", "offer: a message or token is not well-formed (list: found 2 octets, "
                         "expected 3 octets of verifier_identity, at octet 3)"},
        {"01 0201 6162", "offer: a message or token is not well-formed (list: found "
                         "verifier_identity of 513 octets, expected at most 512, at octet 1)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct atls_bytes input = test_hex(rows[i].hex);
        struct atls_reader r = atls_reader_of(input);
        struct atls_scheme scheme;
        struct atls_diag diag;
        assert_false(atls_scheme_read(&r, &scheme));
        assert_int_equal(atls_scheme_refuse(r, "offer", "list", &diag), ATLS_ERR_MALFORMED);
        assert_sentence(&diag, rows[i].sentence);
        assert_int_equal(atls_scheme_refuse(r, "offer", "list", NULL), ATLS_ERR_MALFORMED);
    }
}

static void unknown_mechanism_cannot_be_written(void **state)
{
    (void)state;
    struct atls_scheme scheme = {.mechanism = (enum atls_mechanism)2};
    struct atls_writer w = atls_writer_counting();
    size_t len = 0;
    atls_scheme_write(&w, &scheme);
    assert_false(atls_writer_finish(&w, &len));
}

static void equality_is_literal(void **state)
{
    (void)state;
    const struct atls_scheme all[] = {
        by_format(263),
        by_format(264),
        by_media("application/eat+cwt"),
        by_media("application/EAT+cwt"),
        by_media("application/eat+cwt "),
        by_media(""),
        by_verifier("application/eat+cwt"),
        by_verifier(""),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(all); i++) {
        for (size_t j = 0; j < ATLS_ARRAY_LEN(all); j++) {
            assert_int_equal(atls_scheme_equal(&all[i], &all[j]), i == j);
        }
    }
}

static void fields_that_do_not_count_make_no_difference(void **state)
{
    (void)state;
    struct atls_scheme a = by_format(263);
    struct atls_scheme b = by_format(263);
    b.text = atls_bytes_text("ignored");
    assert_true(atls_scheme_equal(&a, &b));
    a = by_verifier("v1");
    b = by_verifier("v1");
    b.by_content_format = true;
    b.content_format = 7;
    assert_true(atls_scheme_equal(&a, &b));
    assert_true(atls_scheme_equal(&b, &a));
}

static void only_empty_names_are_unusable(void **state)
{
    (void)state;
    const struct atls_scheme usable[] = {by_format(0), by_media("a"), by_verifier("v")};
    const struct atls_scheme unusable[] = {by_media(""), by_verifier("")};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(usable); i++) {
        assert_true(atls_scheme_is_usable(&usable[i]));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(unusable); i++) {
        assert_false(atls_scheme_is_usable(&unusable[i]));
    }
}

static void lists_are_searched_and_compared_in_order(void **state)
{
    (void)state;
    const struct atls_scheme_list a = {{by_format(1), by_media("m")}, 2};
    const struct atls_scheme_list reversed = {{by_media("m"), by_format(1)}, 2};
    const struct atls_scheme_list shorter = {{by_format(1), by_media("m")}, 1};
    const struct atls_scheme_list empty = {{{0}}, 0};
    const struct atls_scheme first = by_format(1);
    const struct atls_scheme second = by_media("m");
    const struct atls_scheme zero = by_format(0);
    assert_true(atls_scheme_in(&a, &second));
    assert_ptr_equal(atls_scheme_find(&reversed, &first), &reversed.items[1]);
    assert_false(atls_scheme_in(&shorter, &second)); /* beyond its count */
    assert_false(atls_scheme_in(&empty, &zero));
    assert_true(atls_scheme_lists_equal(&a, &a));
    assert_false(atls_scheme_lists_equal(&a, &reversed));
    assert_false(atls_scheme_lists_equal(&a, &shorter));
    assert_false(atls_scheme_lists_equal(&shorter, &a));
    assert_true(atls_scheme_lists_equal(&empty, &empty));
}

static void descriptions_show_no_control_characters(void **state)
{
    (void)state;
    const struct {
        struct atls_scheme scheme;
        const char *text;
    } rows[] = {
        {by_format(10003), "evidence of content format 10003"},
        {by_media("application/eat+cwt"), "evidence of media type \"application/eat+cwt\""},
        {by_verifier("urn:\x1b[2J\n"), "result of Verifier \"urn:?[2J?\""},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_diag diag = {0};
        atls_scheme_describe(&diag, &rows[i].scheme);
        atls_scheme_describe_expected(&diag, &rows[i].scheme);
        assert_string_equal(diag.found, rows[i].text);
        assert_string_equal(diag.expected, rows[i].text);
        atls_scheme_describe(NULL, &rows[i].scheme);
        atls_scheme_describe_expected(NULL, &rows[i].scheme);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_read_as_what_they_say),
        cmocka_unit_test(what_was_read_is_written_back_octet_for_octet),
        cmocka_unit_test(every_truncation_is_refused_and_moves_nothing),
        cmocka_unit_test(every_bit_flip_is_refused_or_is_another_scheme),
        cmocka_unit_test(text_is_limited_to_512_octets),
        cmocka_unit_test(each_malformed_element_has_its_sentence),
        cmocka_unit_test(unknown_mechanism_cannot_be_written),
        cmocka_unit_test(equality_is_literal),
        cmocka_unit_test(fields_that_do_not_count_make_no_difference),
        cmocka_unit_test(only_empty_names_are_unusable),
        cmocka_unit_test(lists_are_searched_and_compared_in_order),
        cmocka_unit_test(descriptions_show_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
