/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON: what is accepted is written and read again as the same value. */
#include "fuzz_check.h"

#include "atls/limits.h"
#include "base/span.h"
#include "json/json.h"

static void check_members(const json_t *value)
{
    static const char *const names[] = {"alg", "kid", NULL};
    uint8_t octets[64];
    const struct atls_buf room = {octets, sizeof octets};
    struct atls_bytes text;
    int64_t number = 0;
    size_t len = 0;
    if (atls_json_only_keys(value, names, "fuzz", NULL) == ATLS_OK) {
        fuzz_require(json_is_object(value) && json_object_size(value) <= 2);
    }
    if (atls_json_text(&text, value, "alg", "fuzz", NULL) == ATLS_OK) {
        fuzz_require(memchr(text.data, '\0', text.len) == NULL);
    }
    if (atls_json_int(&number, value, "kid", -3, 3, "fuzz", NULL) == ATLS_OK) {
        fuzz_require(number >= -3 && number <= 3);
    }
    if (atls_json_base64url(room, &len, 8, value, "kid", "fuzz", NULL) == ATLS_OK) {
        fuzz_require(len >= 8 && len <= sizeof octets);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value = NULL;
    json_t *again = NULL;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_json_parse(&value, atls_bytes_of(data, size), "fuzz", &diag);
    fuzz_require(err == diag.err);
    if (err != ATLS_OK) {
        fuzz_require(value == NULL && diag.expected[0] != '\0');
        return 0;
    }
    check_members(value);
    char *text = atls_json_dump(value);
    fuzz_require(text != NULL);
    fuzz_require(atls_json_parse(&again, atls_bytes_text(text), "fuzz", NULL) == ATLS_OK);
    fuzz_require(json_equal(value, again) == 1);
    free(text);
    json_decref(again);
    json_decref(value);
    return 0;
}
