/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inspections in which each allocation fails in its turn (linked with --wrap=calloc): MEMORY,
 * nothing of the tree, and no leak. What fails inside the JSON library does so by its own hook.
 */
#include "support/check.h"
#include "support/file.h"

#include "inspect/inspect.h"
#include "json/json.h"

#include <stdlib.h>

#define KAT(name) TEST_SOURCE_DIR "/tests/kat/inspect/" name

static size_t countdown; /* 0: never fail */
static bool failed;

static bool is_time(void)
{
    if (countdown != 0 && --countdown == 0) {
        failed = true;
        return true;
    }
    return false;
}

/* The linker gives these their names; the compiler warns about the underscores only. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return is_time() ? NULL : __real_calloc(count, size);
}

static void *failing_malloc(size_t size)
{
    return is_time() ? NULL : malloc(size);
}

static void each_failure(const char *path)
{
    const struct atls_bytes input = test_file(path);
    size_t failures = 0;
    json_set_alloc_funcs(failing_malloc, free);
    for (size_t at = 1; at == 1 || failed; at++) {
        struct inspect *in = NULL;
        struct atls_diag diag;
        assert_true(at < 20000);
        failed = false;
        countdown = at;
        const enum atls_err err = atls_inspect(&in, input, &diag);
        countdown = 0;
        if (err == ATLS_OK) {
            atls_inspect_free(in);
        } else {
            assert_err(err, MEMORY);
            assert_err(diag.err, MEMORY);
            assert_null(in);
            assert_true(failed);
            failures++;
        }
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failures > 10);
}

static void a_failing_allocation_is_an_error_of_ours(void **state)
{
    static const char *const samples[] = {
        KAT("eat.cbor"),        KAT("ear-dotted.jwt"), KAT("cert.der"),      KAT("keys.pem"),
        KAT("parsec-tpm.cbor"), KAT("policy.json"),    KAT("text.base64"),   KAT("tpmt-public.hex"),
        KAT("jwk-set.json"),    KAT("corim.cbor"),     KAT("sgx-quote.bin"),
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(samples); i++) {
        each_failure(samples[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_allocation_is_an_error_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
