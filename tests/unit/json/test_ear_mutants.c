/* SPDX-License-Identifier: Apache-2.0 */
/* What is no Result at all, and every small change of one. */
#include "ear_samples.h"

#include "support/mutate.h"

static void what_is_no_claims_set_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "[]", "1", "{", "{}", "\"x\"", "{\"iat\":1,\"iat\":1}"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        struct atls_ear ear;
        struct atls_ear_json storage;
        assert_err(atls_ear_read_json(&ear, &storage, atls_bytes_text(texts[i]), NULL), RESULT);
    }
    static const char *const octets[] = {
        "", "80", "01", "a0", "a1", "bf ff", "a2 06 01 06 01", "a1 18 06 01", "d8 3d a0"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(octets); i++) {
        struct atls_ear ear;
        assert_err(atls_ear_read_cbor(&ear, test_hex(octets[i]), NULL), RESULT);
    }
}

/* A mutant is refused as a Result is, or is another Result: nothing else, and nothing leaks. */
static void read_json_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_ear ear;
    struct atls_ear_json storage;
    (void)at;
    (void)context;
    const enum atls_err err = atls_ear_read_json(&ear, &storage, mutant, NULL);
    if (err == ATLS_OK) {
        assert_true(ear.num_submods >= 1 && ear.num_submods <= ATLS_MAX_SUBMODS);
        atls_ear_json_cleanup(&storage);
    } else {
        assert_err(err, RESULT);
    }
}

static void read_cbor_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_ear ear;
    (void)at;
    (void)context;
    const enum atls_err err = atls_ear_read_cbor(&ear, mutant, NULL);
    assert_true(err == ATLS_OK || err == ATLS_ERR_RESULT);
}

static void refuse_truncated(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_ear ear;
    struct atls_ear_json storage;
    (void)at;
    if (*(const bool *)context) {
        assert_err(atls_ear_read_cbor(&ear, mutant, NULL), RESULT);
    } else {
        assert_err(atls_ear_read_json(&ear, &storage, mutant, NULL), RESULT);
    }
}

static void mutants_are_refused_or_other_results(void **state)
{
    (void)state;
    bool is_cbor = false;
    json_t *claims = ear_parse(EAR_WHOLE);
    test_each_truncation(atls_bytes_text(EAR_WHOLE), refuse_truncated, &is_cbor);
    test_each_mutant(atls_bytes_text(EAR_WHOLE), read_json_mutant, NULL);
    is_cbor = true;
    test_each_truncation(ear_cbor(claims), refuse_truncated, &is_cbor);
    test_each_mutant(ear_cbor(claims), read_cbor_mutant, NULL);
    json_decref(claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_claims_set_is_refused),
        cmocka_unit_test(mutants_are_refused_or_other_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
