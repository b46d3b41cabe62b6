/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake_test.h"

#define FIRST  "remoteAttestation offer: a message or token is not well-formed "
#define CHOICE "remoteAttestation choice: a message or token is not well-formed "
#define CMW    "remoteAttestation credential: a message or token is not well-formed "

/* Bodies of the three kinds. The server list is {content format 263, result "v1"}, the client
 * list is {media type "m/x"}; the CMW is the record [64999, h'2347da55']. */
static const char *const offers[] = {
    "0009 00000107 0100027631 0000",
    "0000 0000",
    "0000 0007 00010003 6d2f78",
    "0009 00000107 0100027631 000b 00010003 6d2f78 00002713",
};
static const char *const choices[] = {"00000107", "00010003 6d2f78", "01 0002 7631", "00010000"};
static const char credential[] = "000009 8219fde7442347da55";

/* ---- writing, into blocks that live on ---- */

static struct atls_bytes offer_bytes(const struct atls_offer *offer)
{
    const struct atls_buf count = {NULL, SIZE_MAX};
    size_t len = 0;
    assert_err(atls_offer_write(count, &len, offer, NULL), OK);
    const struct atls_buf room = test_room(len);
    assert_err(atls_offer_write(room, &len, offer, NULL), OK);
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes choice_bytes(const struct atls_scheme *choice)
{
    const struct atls_buf room = test_room(4 + ATLS_MAX_SCHEME_TEXT_LEN);
    size_t len = 0;
    assert_err(atls_choice_write(room, &len, choice, NULL), OK);
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes credential_bytes(struct atls_bytes cmw)
{
    const struct atls_buf room = test_room(ATLS_MAX_EXTENSION_LEN);
    size_t len = 0;
    assert_err(atls_credential_write(room, &len, cmw, NULL), OK);
    return atls_bytes_of(room.data, len);
}

/* ---- what is well-formed ---- */

static void offer_of_two_lists_is_read(void **state)
{
    (void)state;
    const struct atls_scheme expected[] = {by_format(263), by_verifier("v1"), by_media("m/x"),
                                           by_format(10003)};
    struct atls_offer offer;
    assert_err(atls_offer_parse(&offer, test_hex(offers[3]), NULL), OK);
    assert_int_equal(offer.server.count, 2);
    assert_int_equal(offer.client.count, 2);
    assert_true(atls_scheme_equal(&offer.server.items[0], &expected[0]));
    assert_true(atls_scheme_equal(&offer.server.items[1], &expected[1]));
    assert_true(atls_scheme_equal(&offer.client.items[0], &expected[2]));
    assert_true(atls_scheme_equal(&offer.client.items[1], &expected[3]));
}

static void offer_of_two_empty_lists_is_well_formed(void **state)
{
    (void)state;
    struct atls_offer offer;
    assert_err(atls_offer_parse(&offer, test_hex("0000 0000"), NULL), OK);
    assert_int_equal(offer.server.count, 0);
    assert_int_equal(offer.client.count, 0);
}

static void whole_extension_has_the_octets_of_the_example(void **state)
{
    (void)state;
    /* Type and length in front, as TLS does: with the type of the example, 0xffa7. */
    struct atls_offer offer = {{{by_format(263), by_verifier("v1")}, 2}, {{{0}}, 0}};
    const struct atls_buf room = test_room(64);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_write_u16(&w, 0xffa7);
    atls_write_vec16(&w, offer_bytes(&offer));
    assert_true(atls_writer_finish(&w, &len));
    assert_bytes(atls_bytes_of(room.data, len),
                 test_hex("FFA7 000D 0009 00000107 0100027631 0000"));
}

static void every_message_is_written_as_it_was_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(offers); i++) {
        struct atls_offer offer;
        assert_err(atls_offer_parse(&offer, test_hex(offers[i]), NULL), OK);
        assert_bytes(offer_bytes(&offer), test_hex(offers[i]));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(choices); i++) {
        struct atls_scheme choice;
        assert_err(atls_choice_parse(&choice, test_hex(choices[i]), NULL), OK);
        assert_bytes(choice_bytes(&choice), test_hex(choices[i]));
    }
    struct atls_bytes cmw;
    assert_err(atls_credential_parse(&cmw, test_hex(credential), NULL), OK);
    assert_bytes(cmw, test_hex("8219fde7442347da55"));
    assert_bytes(credential_bytes(cmw), test_hex(credential));
}

/* ---- property: what is written is read as the same, for offers of a fixed generator ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u; /* the same numbers in each run */
    return *seed >> 8;
}

static void fill_random(struct atls_scheme_list *list, uint32_t *seed)
{
    static const char text[] = "application/eat+cwt; eat_profile=\"tag:example,2026:x\"";
    list->count = next_random(seed) % (ATLS_MAX_SCHEMES + 1);
    for (size_t i = 0; i < list->count; i++) {
        struct atls_scheme *scheme = &list->items[i];
        const uint32_t kind = next_random(seed) % 3;
        scheme->mechanism = kind == 2 ? ATLS_MECHANISM_RESULT : ATLS_MECHANISM_EVIDENCE;
        scheme->by_content_format = kind == 0;
        scheme->content_format = (uint16_t)next_random(seed);
        scheme->text = atls_bytes_of(text, next_random(seed) % sizeof text);
    }
}

static void any_offer_survives_writing_and_reading(void **state)
{
    (void)state;
    uint32_t seed = 2026;
    for (size_t round = 0; round < 500; round++) {
        struct atls_offer offer = {0};
        struct atls_offer again;
        fill_random(&offer.server, &seed);
        fill_random(&offer.client, &seed);
        const struct atls_bytes body = offer_bytes(&offer);
        assert_err(atls_offer_parse(&again, body, NULL), OK);
        assert_true(atls_scheme_lists_equal(&offer.server, &again.server));
        assert_true(atls_scheme_lists_equal(&offer.client, &again.client));
        assert_bytes(offer_bytes(&again), body);
    }
}

/* ---- what is not ---- */

static void refuses_offer(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_offer offer;
    struct atls_offer before;
    struct atls_diag diag;
    (void)at;
    (void)context;
    memset(&offer, 0x5a, sizeof offer);
    memcpy(&before, &offer, sizeof offer);
    assert_err(atls_offer_parse(&offer, mutant, &diag), MALFORMED);
    assert_memory_equal(&offer, &before, sizeof offer);
    assert_string_not_equal(diag.found, "");
    assert_string_not_equal(diag.expected, "");
    assert_in_range(diag.offset, 0, mutant.len);
}

static void refuses_choice(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_scheme choice;
    struct atls_scheme before;
    struct atls_diag diag;
    (void)at;
    (void)context;
    memset(&choice, 0x5a, sizeof choice);
    memcpy(&before, &choice, sizeof choice);
    assert_err(atls_choice_parse(&choice, mutant, &diag), MALFORMED);
    assert_memory_equal(&choice, &before, sizeof choice);
    assert_string_not_equal(diag.found, "");
    assert_in_range(diag.offset, 0, mutant.len);
}

static void refuses_credential(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_bytes cmw = {NULL, 77};
    struct atls_diag diag;
    (void)at;
    (void)context;
    assert_err(atls_credential_parse(&cmw, mutant, &diag), MALFORMED);
    assert_null(cmw.data);
    assert_int_equal(cmw.len, 77);
    assert_string_not_equal(diag.found, "");
    assert_string_not_equal(diag.expected, "");
}

static void every_truncation_of_every_message_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(offers); i++) {
        test_each_truncation(test_hex(offers[i]), refuses_offer, NULL);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(choices); i++) {
        test_each_truncation(test_hex(choices[i]), refuses_choice, NULL);
    }
    test_each_truncation(test_hex(credential), refuses_credential, NULL);
}

/* A mutant that is read at all must be read as exactly its own octets. */
static void reads_offer_literally(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_offer offer;
    if (atls_offer_parse(&offer, mutant, NULL) == ATLS_OK) {
        assert_bytes(offer_bytes(&offer), mutant);
    } else {
        refuses_offer(mutant, at, context);
    }
}

static void reads_choice_literally(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_scheme choice;
    if (atls_choice_parse(&choice, mutant, NULL) == ATLS_OK) {
        assert_bytes(choice_bytes(&choice), mutant);
    } else {
        refuses_choice(mutant, at, context);
    }
}

static void reads_credential_literally(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_bytes cmw;
    if (at < 3) { /* any other length than the right one */
        refuses_credential(mutant, at, context);
        return;
    }
    assert_err(atls_credential_parse(&cmw, mutant, NULL), OK);
    assert_bytes(credential_bytes(cmw), mutant);
}

static void every_changed_octet_is_refused_or_read_literally(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(offers); i++) {
        test_each_bit_flip(test_hex(offers[i]), reads_offer_literally, NULL);
        test_each_octet_set(test_hex(offers[i]), reads_offer_literally, NULL);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(choices); i++) {
        test_each_bit_flip(test_hex(choices[i]), reads_choice_literally, NULL);
        test_each_octet_set(test_hex(choices[i]), reads_choice_literally, NULL);
    }
    test_each_bit_flip(test_hex(credential), reads_credential_literally, NULL);
    test_each_octet_set(test_hex(credential), reads_credential_literally, NULL);
}

static void each_malformed_offer_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *sentence;
    } rows[] = {
        {"", FIRST "(server_attester_schemes: found 0 octets that do not hold the list, expected a "
                   "2-octet length and as many octets as it says)"},
        {"0005 00000107", FIRST "(server_attester_schemes: found 6 octets that do not hold the "
                                "list, expected a 2-octet length and as many octets as it says)"},
        {"0000", FIRST "(client_attester_schemes: found 0 octets that do not hold the list, "
                       "expected a 2-octet length and as many octets as it says, at octet 2)"},
        {"0000 0000 00", FIRST "(client_attester_schemes: found 1 octets more, expected the end, "
                               "at octet 4)"},
        {"0003 000001 0000", FIRST "(server_attester_schemes: found 1 octets, expected 2 octets of "
                                   "content_format, at octet 4)"},
        {"0000 0001 07", FIRST "(client_attester_schemes: found AttestationMechanism 7, expected 0 "
                               "(evidence) or 1 (result), at octet 4)"},
        /* a text that would reach beyond its list, into the next */
        {"0004 010004 61 0000 00", FIRST "(server_attester_schemes: found 1 octets, expected 4 "
                                         "octets of verifier_identity, at octet 5)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_offer offer;
        struct atls_diag diag;
        assert_err(atls_offer_parse(&offer, test_hex(rows[i].hex), &diag), MALFORMED);
        assert_sentence(&diag, rows[i].sentence);
    }
}

static void each_malformed_choice_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *sentence;
    } rows[] = {
        {"", CHOICE "(AttestationScheme: found 0 octets, expected 1 octets of "
                    "AttestationMechanism)"},
        {"00000107 00", CHOICE "(AttestationScheme: found 1 octets more, expected the end, at "
                               "octet 4)"},
        {"0009 00000107 0100027631", CHOICE "(AttestationScheme: found typeEncoding 9, expected 0 "
                                            "(content format) or 1 (media type), at octet 1)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_scheme choice;
        struct atls_diag diag;
        assert_err(atls_choice_parse(&choice, test_hex(rows[i].hex), &diag), MALFORMED);
        assert_sentence(&diag, rows[i].sentence);
    }
}

static void each_malformed_credential_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *sentence;
    } rows[] = {
        {"0000", CMW "(cmw_payload: found 2 octets, expected a 3-octet length)"},
        {"000000", CMW "(cmw_payload: found a length of 0, expected 1 to 65528)"},
        {"ffffff 00", CMW "(cmw_payload: found a length of 16777215, expected 1 to 65528)"},
        {"00fff9 00", CMW "(cmw_payload: found a length of 65529, expected 1 to 65528)"},
        {"00fff8 00", CMW "(cmw_payload: found 1 octets, expected 65528, at octet 3)"},
        {"000001 00 00", CMW "(cmw_payload: found 1 octets more, expected the end, at octet 4)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_bytes cmw;
        struct atls_diag diag;
        assert_err(atls_credential_parse(&cmw, test_hex(rows[i].hex), &diag), MALFORMED);
        assert_sentence(&diag, rows[i].sentence);
    }
}

/* ---- limits at -1, 0, +1 ---- */

static void lists_hold_up_to_32_schemes(void **state)
{
    (void)state;
    for (size_t count = ATLS_MAX_SCHEMES - 1; count <= ATLS_MAX_SCHEMES + 1; count++) {
        for (int in_client_list = 0; in_client_list <= 1; in_client_list++) {
            const struct atls_buf body = test_room(4 + 4 * count);
            memset(body.data, 0, body.cap);
            body.data[in_client_list ? 3 : 1] = (uint8_t)(4 * count);
            struct atls_offer offer;
            struct atls_diag diag = {0};
            enum atls_err err = atls_offer_parse(&offer, atls_bytes_of(body.data, body.cap), &diag);
            if (count <= ATLS_MAX_SCHEMES) {
                assert_err(err, OK);
                assert_int_equal(in_client_list ? offer.client.count : offer.server.count, count);
            } else {
                assert_err(err, MALFORMED);
                assert_string_equal(diag.found, "more schemes");
                assert_string_equal(diag.expected, "at most 32");
            }
        }
    }
}

static void longest_offer_fits_an_extension_and_survives(void **state)
{
    (void)state;
    const struct atls_buf text = test_room(ATLS_MAX_SCHEME_TEXT_LEN);
    memset(text.data, 'm', text.cap);
    struct atls_offer offer = {0};
    struct atls_offer again;
    for (size_t i = 0; i < ATLS_MAX_SCHEMES; i++) {
        offer.server.items[i].text = atls_bytes_of(text.data, text.cap);
        offer.client.items[i].text = atls_bytes_of(text.data, text.cap);
    }
    offer.server.count = ATLS_MAX_SCHEMES;
    offer.client.count = ATLS_MAX_SCHEMES;
    const struct atls_bytes body = offer_bytes(&offer);
    assert_int_equal(body.len, 2 * (2 + 32 * (4 + 512)));
    assert_in_range(body.len, 0, 65535);
    assert_err(atls_offer_parse(&again, body, NULL), OK);
    assert_true(atls_scheme_lists_equal(&again.client, &offer.client));
}

static void cmw_is_limited_to_65528_octets(void **state)
{
    (void)state;
    for (size_t len = ATLS_MAX_CMW_LEN - 1; len <= ATLS_MAX_CMW_LEN + 1; len++) {
        const bool fits = len <= ATLS_MAX_CMW_LEN;
        const struct atls_buf body = test_room(3 + len);
        memset(body.data, 0x82, body.cap);
        body.data[0] = (uint8_t)(len >> 16);
        body.data[1] = (uint8_t)(len >> 8);
        body.data[2] = (uint8_t)len;
        struct atls_bytes cmw = {NULL, 0};
        struct atls_diag diag = {0};
        const enum atls_err err =
            atls_credential_parse(&cmw, atls_bytes_of(body.data, body.cap), &diag);
        assert_int_equal(err, fits ? ATLS_OK : ATLS_ERR_MALFORMED);
        assert_int_equal(cmw.len, fits ? len : 0);

        const struct atls_buf room = test_room(3 + len);
        size_t out_len = 77;
        const enum atls_err written =
            atls_credential_write(room, &out_len, atls_bytes_of(&body.data[3], len), &diag);
        assert_int_equal(written, fits ? ATLS_OK : ATLS_ERR_ARGUMENT);
        assert_int_equal(out_len, fits ? 3 + len : 77);
    }
}

/* 65,531 octets of extension_data and the header of the Extension fill extensions<0..2^16-1>. */
static void longest_credential_fills_the_extensions_of_an_entry(void **state)
{
    (void)state;
    const struct atls_buf cmw = test_room(ATLS_MAX_CMW_LEN);
    memset(cmw.data, 0x82, cmw.cap);
    const struct atls_bytes body = credential_bytes(atls_bytes_of(cmw.data, cmw.cap));
    assert_int_equal(body.len, 65531);
    assert_int_equal(body.len, ATLS_MAX_EXTENSION_LEN);
    struct atls_writer w = atls_writer_counting();
    size_t len = 0;
    const size_t extensions = atls_write_vec16_open(&w);
    atls_write_u16(&w, ATLS_EXTENSION_TYPE);
    atls_write_vec16(&w, body);
    atls_write_vec16_close(&w, extensions);
    assert_true(atls_writer_finish(&w, &len));
    assert_int_equal(len, 2 + 65535);
}

/* ---- what cannot be written ---- */

static void too_small_buffer_stays_as_it_was(void **state)
{
    (void)state;
    struct atls_offer offer;
    struct atls_diag diag;
    const struct atls_bytes right = test_hex(offers[3]);
    const struct atls_scheme choice = by_media("m/x");
    assert_err(atls_offer_parse(&offer, right, NULL), OK);
    for (size_t cap = 0; cap < right.len; cap++) {
        const struct atls_buf room = test_room(cap);
        size_t len = 77;
        memset(room.data, 0x5a, cap);
        assert_err(atls_offer_write(room, &len, &offer, &diag), BUFFER);
        assert_int_equal(len, 77);
        for (size_t i = 0; i < cap; i++) {
            assert_int_equal(room.data[i], 0x5a);
        }
    }
    size_t len = 77;
    assert_err(atls_choice_write(test_room(6), &len, &choice, &diag), BUFFER);
    assert_sentence(&diag, "remoteAttestation choice: a buffer is too small for what is to be "
                           "written (extension_data: found room for 6 octets, expected 7)");
    assert_err(atls_credential_write(test_room(5), &len, test_hex("8219fd"), &diag), BUFFER);
    assert_int_equal(len, 77);
}

static void what_could_not_be_read_back_is_not_written(void **state)
{
    (void)state;
    struct atls_offer offer = {0};
    struct atls_scheme choice = {.mechanism = (enum atls_mechanism)2};
    struct atls_diag diag;
    size_t len = 77;
    offer.client.count = ATLS_MAX_SCHEMES + 1;
    assert_err(atls_offer_write(test_room(4096), &len, &offer, &diag), ARGUMENT);
    offer.client.count = 1;
    offer.client.items[0] = choice;
    assert_err(atls_offer_write(test_room(4096), &len, &offer, &diag), ARGUMENT);
    assert_err(atls_choice_write(test_room(4096), &len, &choice, &diag), ARGUMENT);
    assert_err(atls_credential_write(test_room(16), &len, test_hex(""), &diag), ARGUMENT);
    assert_sentence(&diag, "remoteAttestation credential: a function was called with an argument "
                           "that it does not take (cmw_payload: found a CMW of 0 octets, expected "
                           "1 to 65528)");
    assert_int_equal(len, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offer_of_two_lists_is_read),
        cmocka_unit_test(offer_of_two_empty_lists_is_well_formed),
        cmocka_unit_test(whole_extension_has_the_octets_of_the_example),
        cmocka_unit_test(every_message_is_written_as_it_was_read),
        cmocka_unit_test(any_offer_survives_writing_and_reading),
        cmocka_unit_test(every_truncation_of_every_message_is_refused),
        cmocka_unit_test(every_changed_octet_is_refused_or_read_literally),
        cmocka_unit_test(each_malformed_offer_has_its_sentence),
        cmocka_unit_test(each_malformed_choice_has_its_sentence),
        cmocka_unit_test(each_malformed_credential_has_its_sentence),
        cmocka_unit_test(lists_hold_up_to_32_schemes),
        cmocka_unit_test(longest_offer_fits_an_extension_and_survives),
        cmocka_unit_test(cmw_is_limited_to_65528_octets),
        cmocka_unit_test(longest_credential_fills_the_extensions_of_an_entry),
        cmocka_unit_test(too_small_buffer_stays_as_it_was),
        cmocka_unit_test(what_could_not_be_read_back_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
