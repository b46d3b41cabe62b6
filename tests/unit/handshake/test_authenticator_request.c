/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for authenticators: their octets, and what is refused. */
#include "authenticator_test.h"

static void requests_of_both_sides_are_read(void **state)
{
    (void)state;
    const struct atls_authenticator_request client = test_request_of(TEST_CLIENT_ASKS);
    assert_int_equal(client.asker, ATLS_ROLE_CLIENT);
    assert_bytes(client.context, counting(16, 0xa0));
    assert_bytes(client.schemes, test_hex("0807 0403"));
    assert_true(client.wants_attestation);
    assert_false(client.has_server_name);
    assert_int_equal(client.message.len, 37);
    const struct atls_authenticator_request server = test_request_of(TEST_SERVER_ASKS);
    assert_int_equal(server.asker, ATLS_ROLE_SERVER);
    assert_false(server.wants_attestation);
    assert_int_equal(server.message.len, 33);
}

static void what_is_read_is_written_again(void **state)
{
    (void)state;
    static const char *const messages[] = {
        TEST_CLIENT_ASKS, TEST_SERVER_ASKS,
        /* a client that names a server */
        "11000018 01aa 0014 0000 0008 0006 00 0003 612e62 000d 0004 0002 0403",
        /* certificates may be signed by others: rsa_pkcs1_sha256 */
        "11000016 01aa 0012 000d 0004 0002 0403 0032 0006 0004 0403 0401",
        /* with what the asker takes: content format 263, then Results of "v1" */
        "1100001f 01aa 001b 000d 0004 0002 0403 ffa8 0000 ff60 000b 0009 00000107 0100027631"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(messages); i++) {
        const struct atls_authenticator_request request = test_request_of(messages[i]);
        const struct atls_buf room = test_room(request.message.len);
        size_t len = 0;
        assert_err(atls_authenticator_request_write(room, &len, &request, CMW_TYPE, NULL), OK);
        assert_bytes(atls_bytes_of(room.data, len), request.message);
        const struct atls_buf small = {room.data, room.cap - 1};
        assert_err(atls_authenticator_request_write(small, &len, &request, CMW_TYPE, NULL), BUFFER);
    }
}

static void what_the_asker_takes_is_read_in_its_order(void **state)
{
    (void)state;
    struct atls_scheme_list list = {.count = 9};
    const struct atls_authenticator_request silent = test_request_of(TEST_CLIENT_ASKS);
    assert_err(atls_authenticator_request_schemes(&list, &silent, NULL), OK);
    assert_int_equal(list.count, 0);
    const struct atls_authenticator_request request = test_request_of(
        "1100001f 01aa 001b 000d 0004 0002 0403 ffa8 0000 ff60 000b 0009 00000107 0100027631");
    assert_err(atls_authenticator_request_schemes(&list, &request, NULL), OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].content_format, 263);
    assert_int_equal(list.items[1].mechanism, ATLS_MECHANISM_RESULT);
    assert_text(list.items[1].text, "v1");
}

static void what_signs_certificates_signs_no_authenticator(void **state)
{
    (void)state;
    const struct atls_authenticator_request request =
        test_request_of("11000016 01aa 0012 000d 0004 0002 0403 0032 0006 0004 0403 0401");
    assert_bytes(request.schemes, test_hex("0403"));
    assert_bytes(request.cert_schemes, test_hex("0403 0401"));
    assert_false(atls_authenticator_request_has_scheme(&request, 0x0401));
}

static void schemes_are_found_whole(void **state)
{
    (void)state;
    const struct atls_authenticator_request request = test_request_of(TEST_CLIENT_ASKS);
    assert_true(atls_authenticator_request_has_scheme(&request, 0x0807));
    assert_true(atls_authenticator_request_has_scheme(&request, 0x0403));
    assert_false(atls_authenticator_request_has_scheme(&request, 0x0704)); /* across two */
    assert_false(atls_authenticator_request_has_scheme(&request, 0));
}

static void extensions_that_are_not_known_are_passed_over(void **state)
{
    (void)state;
    const struct atls_authenticator_request request =
        test_request_of("11000016 01aa 0012 0005 0002 ff00 000d 0004 0002 0403 fafa 0000");
    assert_bytes(request.schemes, test_hex("0403"));
    assert_false(request.wants_attestation);
}

struct refusal {
    const char *hex;
    const char *claim;
    enum atls_err err;
};

static void each_wrong_request_has_its_refusal(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"", "type", ATLS_ERR_MALFORMED},
        {"0b00000c 01aa 0008 000d 0004 0002 0403", "type", ATLS_ERR_MALFORMED},
        {"1100000b 01aa 0008 000d 0004 0002 0403", "length", ATLS_ERR_MALFORMED},
        {"1100000d 01aa 0008 000d 0004 0002 0403", "length", ATLS_ERR_MALFORMED},
        {"1100000b 00 0008 000d 0004 0002 0403", "certificate_request_context", ATLS_ERR_ILLEGAL},
        {"11000001 02", "certificate_request_context", ATLS_ERR_MALFORMED},
        {"11000004 01aa 0000", "extensions", ATLS_ERR_MALFORMED},
        {"1100000c 01aa 0007 000d 0004 0002 0403", "extensions", ATLS_ERR_MALFORMED},
        {"1100000d 01aa 0008 000d 0004 0002 0403 00", "extensions", ATLS_ERR_MALFORMED},
        {"11000007 01aa 0003 000d 00", "extension", ATLS_ERR_MALFORMED},
        {"1100000c 01aa 0008 000d 0005 0002 0403", "extension", ATLS_ERR_MALFORMED},
        {"11000008 01aa 0004 ffa8 0000", "signature_algorithms", ATLS_ERR_EXTENSION_MISSING},
        {"1100000a 01aa 0006 000d 0002 0000", "signature_algorithms", ATLS_ERR_MALFORMED},
        {"1100000b 01aa 0007 000d 0003 0001 04", "signature_algorithms", ATLS_ERR_MALFORMED},
        {"1100000d 01aa 0009 000d 0005 0003 040308", "signature_algorithms", ATLS_ERR_MALFORMED},
        {"1100000d 01aa 0009 000d 0005 0002 040300", "signature_algorithms", ATLS_ERR_MALFORMED},
        /* signature_algorithms_cert: no list, and by itself */
        {"11000010 01aa 000c 000d 0004 0002 0403 0032 0000", "signature_algorithms_cert",
         ATLS_ERR_MALFORMED},
        {"1100000c 01aa 0008 0032 0004 0002 0403", "signature_algorithms",
         ATLS_ERR_EXTENSION_MISSING},
        {"11000014 01aa 0010 000d 0004 0002 0403 000d 0004 0002 0403", "extensions",
         ATLS_ERR_ILLEGAL},
        {"11000011 01aa 000d 000d 0004 0002 0403 ffa8 0001 00", "cmw_attestation",
         ATLS_ERR_ILLEGAL},
        {"0d000015 01aa 0011 0000 0005 0003 00 0000 000d 0004 0002 0403", "server_name",
         ATLS_ERR_ILLEGAL},
        /* attestation_schemes: nothing; no scheme; one that is cut off; octets behind them */
        {"11000010 01aa 000c 000d 0004 0002 0403 ff60 0000", "attestation_schemes",
         ATLS_ERR_ILLEGAL},
        {"11000012 01aa 000e 000d 0004 0002 0403 ff60 0002 0000", "attestation_schemes",
         ATLS_ERR_MALFORMED},
        {"11000015 01aa 0011 000d 0004 0002 0403 ff60 0005 0003 000001", "attestation_schemes",
         ATLS_ERR_MALFORMED},
        {"11000017 01aa 0013 000d 0004 0002 0403 ff60 0007 0004 00000107 00", "attestation_schemes",
         ATLS_ERR_MALFORMED},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_authenticator_request request = {.message = {NULL, 99}};
        struct atls_diag diag;
        const enum atls_err err = atls_authenticator_request_parse(
            &request, test_copy(test_hex(rows[i].hex)), CMW_TYPE, &diag);
        assert_string_equal(atls_err_name(err), atls_err_name(rows[i].err));
        assert_string_equal(diag.claim, rows[i].claim);
        assert_int_equal(request.message.len, 99); /* untouched */
    }
}

static void thirty_two_schemes_and_extensions_are_taken_and_no_more(void **state)
{
    (void)state;
    for (unsigned num = 32; num <= 33; num++) {
        const struct atls_buf room = test_room(512);
        struct atls_writer w = atls_writer_of(room);
        size_t len = 0;
        atls_write_u8(&w, 17);
        atls_write_u24(&w, 2 + 2 + 6 + 2 * num);
        atls_write_u16(&w, 0x01aa);
        atls_write_u16(&w, (uint16_t)(6 + 2 * num));
        atls_write_u16(&w, 13);
        atls_write_u16(&w, (uint16_t)(2 + 2 * num));
        atls_write_u16(&w, (uint16_t)(2 * num));
        for (unsigned i = 0; i < num; i++) {
            atls_write_u16(&w, 0x0403);
        }
        assert_true(atls_writer_finish(&w, &len));
        struct atls_authenticator_request request;
        const enum atls_err err = atls_authenticator_request_parse(
            &request, atls_bytes_of(room.data, len), CMW_TYPE, NULL);
        assert_int_equal(err, num == 32 ? ATLS_OK : ATLS_ERR_MALFORMED);
    }
    for (unsigned num = 31; num <= 32; num++) { /* and signature_algorithms */
        const struct atls_buf room = test_room(512);
        struct atls_writer w = atls_writer_of(room);
        size_t len = 0;
        atls_write_u8(&w, 17);
        atls_write_u24(&w, 2 + 2 + 8 + 4 * num);
        atls_write_u16(&w, 0x01aa);
        atls_write_u16(&w, (uint16_t)(8 + 4 * num));
        for (unsigned i = 0; i < num; i++) {
            atls_write_u16(&w, (uint16_t)(0x1000 + i));
            atls_write_u16(&w, 0);
        }
        atls_write_u16(&w, 13);
        atls_write_u16(&w, 4);
        atls_write_u16(&w, 2);
        atls_write_u16(&w, 0x0403);
        assert_true(atls_writer_finish(&w, &len));
        struct atls_authenticator_request request;
        const enum atls_err err = atls_authenticator_request_parse(
            &request, atls_bytes_of(room.data, len), CMW_TYPE, NULL);
        assert_int_equal(err, num == 31 ? ATLS_OK : ATLS_ERR_MALFORMED);
    }
}

static void refuse_truncated(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_authenticator_request request;
    assert_err(atls_authenticator_request_parse(&request, mutant, CMW_TYPE, NULL), MALFORMED);
}

static void no_prefix_of_a_request_is_one(void **state)
{
    (void)state;
    test_each_truncation(test_hex(TEST_CLIENT_ASKS), refuse_truncated, NULL);
}

static void requests_without_context_or_schemes_are_not_written(void **state)
{
    (void)state;
    struct atls_authenticator_request request = test_request_of(TEST_CLIENT_ASKS);
    const struct atls_buf room = test_room(64);
    size_t len = 0;
    request.context.len = 0;
    assert_err(atls_authenticator_request_write(room, &len, &request, CMW_TYPE, NULL), ARGUMENT);
    request = test_request_of(TEST_CLIENT_ASKS);
    request.schemes.len = 0;
    assert_err(atls_authenticator_request_write(room, &len, &request, CMW_TYPE, NULL), ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_both_sides_are_read),
        cmocka_unit_test(what_is_read_is_written_again),
        cmocka_unit_test(what_the_asker_takes_is_read_in_its_order),
        cmocka_unit_test(what_signs_certificates_signs_no_authenticator),
        cmocka_unit_test(schemes_are_found_whole),
        cmocka_unit_test(extensions_that_are_not_known_are_passed_over),
        cmocka_unit_test(each_wrong_request_has_its_refusal),
        cmocka_unit_test(thirty_two_schemes_and_extensions_are_taken_and_no_more),
        cmocka_unit_test(no_prefix_of_a_request_is_one),
        cmocka_unit_test(requests_without_context_or_schemes_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
