/* SPDX-License-Identifier: Apache-2.0 */
#include "json/output.h"

#include "base/diag.h"

#include "support/check.h"

#include <stdlib.h>

/* printed gives the one line that `value` becomes; takes it. */
static char *printed(json_t *value)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    assert_err(atls_output_print(stream, value), OK);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void assert_printed(json_t *value, const char *expected)
{
    char *text = printed(value);
    assert_string_equal(text, expected);
    free(text);
}

static void success_is_an_envelope_with_the_result(void **state)
{
    (void)state;
    assert_printed(atls_output_envelope("version", NULL, json_pack("{s:s}", "a", "b")),
                   "{\"atls\":1,\"verb\":\"version\",\"ok\":true,\"exit\":0,\"error\":null,"
                   "\"result\":{\"a\":\"b\"}}\n");
    const struct atls_diag none = {0};
    assert_printed(atls_output_envelope("version", &none, NULL),
                   "{\"atls\":1,\"verb\":\"version\",\"ok\":true,\"exit\":0,\"error\":null,"
                   "\"result\":{}}\n");
}

static void a_refusal_names_step_claim_found_and_expected(void **state)
{
    (void)state;
    struct atls_diag diag;
    atls_fail_texts(&diag, ATLS_ERR_FRESHNESS, "evidence", "psa-nonce", "aa", "bb");
    assert_printed(atls_output_envelope("connect", &diag, NULL),
                   "{\"atls\":1,\"verb\":\"connect\",\"ok\":false,\"exit\":2,\"error\":{\"code\":"
                   "\"FRESHNESS\",\"step\":\"evidence\",\"claim\":\"psa-nonce\",\"found\":\"aa\","
                   "\"expected\":\"bb\",\"sentence\":\"evidence: the Evidence is not shown to be "
                   "fresh (psa-nonce: found aa, expected bb)\"},\"result\":{}}\n");
}

static void the_exit_status_is_that_of_the_fault(void **state)
{
    (void)state;
    static const struct {
        enum atls_err err;
        int exit_status;
    } rows[] = {
        {ATLS_ERR_FILE, 1}, {ATLS_ERR_MALFORMED, 2}, {ATLS_ERR_STATUS, 2}, {ATLS_ERR_TIMEOUT, 3}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct atls_diag diag = {.err = rows[i].err};
        json_t *value = atls_output_envelope("x", &diag, NULL);
        assert_int_equal(json_integer_value(json_object_get(value, "exit")), rows[i].exit_status);
        assert_true(json_is_false(json_object_get(value, "ok")));
        json_decref(value);
    }
}

static void an_event_has_its_name(void **state)
{
    (void)state;
    assert_printed(atls_output_event("serve", "listening", NULL, NULL),
                   "{\"atls\":1,\"verb\":\"serve\",\"event\":\"listening\",\"ok\":true,\"exit\":0,"
                   "\"error\":null,\"result\":{}}\n");
}

static void text_that_is_no_utf8_is_made_printable(void **state)
{
    (void)state;
    struct atls_diag diag = {.err = ATLS_ERR_FILE};
    memcpy(diag.claim, "a\xff\xc3", 4);
    json_t *value = atls_output_envelope("x", &diag, NULL);
    assert_non_null(value);
    const json_t *error = json_object_get(value, "error");
    assert_string_equal(json_string_value(json_object_get(error, "claim")), "a??");
    assert_non_null(json_string_value(json_object_get(error, "sentence")));
    json_decref(value);
    value = atls_output_text(NULL);
    assert_true(json_is_null(value));
    value = atls_output_text("\xc3\xa9");
    assert_string_equal(json_string_value(value), "\xc3\xa9");
    json_decref(value);
}

static void printing_fails_with_the_stream(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_err(atls_output_print(full, json_object()), FILE);
    fclose(full);
    assert_err(atls_output_print(stdout, NULL), MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_an_envelope_with_the_result),
        cmocka_unit_test(a_refusal_names_step_claim_found_and_expected),
        cmocka_unit_test(the_exit_status_is_that_of_the_fault),
        cmocka_unit_test(an_event_has_its_name),
        cmocka_unit_test(text_that_is_no_utf8_is_made_printable),
        cmocka_unit_test(printing_fails_with_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
