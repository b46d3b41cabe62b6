/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any file: it is explained, or refused with a sentence. What comes out is bounded, is text in
 * printable ASCII, and says the same for people and for programs.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "inspect/inspect.h"
#include "json/json.h"

#include <string.h>

/* 20000 fields, on the screen at most some 600 octets each. */
#define MAX_TEXT (20000u * 600u)

static void check_text(const char *text, size_t len)
{
    fuzz_require(len < MAX_TEXT);
    fuzz_require(strncmp(text, "not verified: ", 14) == 0);
    for (size_t i = 0; i < len; i++) {
        fuzz_require(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
    }
}

/* problem_lines counts the lines that mark one. */
static size_t problem_lines(const char *text)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "\n       !  ")) != NULL; at++) {
        count++;
    }
    return count;
}

static void check_tree(const struct inspect *in, enum atls_err problem)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    fuzz_require(stream != NULL);
    fuzz_require(atls_inspect_print(stream, in) == ATLS_OK);
    fclose(stream);
    check_text(text, len);
    json_t *result = atls_inspect_json(in);
    fuzz_require(result != NULL);
    const json_int_t problems = json_integer_value(json_object_get(result, "problems"));
    fuzz_require((problems != 0) == (problem != ATLS_OK));
    fuzz_require(problems == (json_int_t)problem_lines(text) || problems > 1000);
    json_decref(result);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inspect *in = NULL;
    struct atls_diag diag;
    const enum atls_err err = atls_inspect(&in, atls_bytes_of(data, size), &diag);
    fuzz_require(err == ATLS_OK || (err == ATLS_ERR_MALFORMED && diag.err == err && in == NULL));
    if (err == ATLS_OK) {
        const enum atls_err problem = atls_inspect_problem(in, &diag);
        fuzz_require(problem == ATLS_OK || problem == ATLS_ERR_MALFORMED);
        check_tree(in, problem);
        atls_inspect_free(in);
    }
    return 0;
}
