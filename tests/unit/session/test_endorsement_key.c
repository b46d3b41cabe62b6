/* SPDX-License-Identifier: Apache-2.0 */
/* atls_context_endorsement_key: whose endorsements a context takes. */
#include "support/check.h"
#include "support/file.h"
#include "support/keys.h"
#include "support/memory.h"

#include "atls/context.h"
#include "session/context.h"

#define PSA TEST_SOURCE_DIR "/tests/kat/corim/psa-good.cbor"

static struct atls_bytes public_pem(void)
{
    char *pem = NULL;
    assert_err(atls_key_to_public_pem(&pem, test_key(ATLS_CRV_P256), NULL), OK);
    const struct atls_bytes copy = test_copy(atls_bytes_text(pem));
    atls_pem_free(pem);
    return copy;
}

static struct atls_context *new_context(void)
{
    struct atls_context *context = NULL;
    assert_err(atls_context_new(&context, NULL), OK);
    return context;
}

static void with_a_key_an_unsigned_file_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_context *context = new_context();
    assert_err(atls_context_endorsement_key(context, public_pem(), &diag), OK);
    assert_err(atls_context_endorsement_key(context, public_pem(), &diag), OK);
    const enum atls_err err = atls_context_load_endorsements(context, PSA, &diag);
    assert_err(err, ENDORSEMENT_SIGNATURE);
    assert_int_equal(atls_err_exit(err), 2);
    atls_context_unref(context);
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_context *context = new_context();
    assert_err(atls_context_endorsement_key(context, atls_bytes_text("a key"), &diag), KEY);
    assert_err(atls_context_endorsement_key(context, atls_bytes_of(NULL, 0), &diag), KEY);
    assert_err(atls_context_load_endorsements(context, PSA, &diag), OK);
    atls_context_unref(context);
}

static void a_key_after_the_first_file_or_the_freeze_is_too_late(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_context *context = new_context();
    assert_err(atls_context_load_endorsements(context, PSA, &diag), OK);
    assert_err(atls_context_endorsement_key(context, public_pem(), &diag), STATE);
    atls_context_unref(context);
    context = new_context();
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_context_endorsement_key(context, public_pem(), &diag), STATE);
    atls_context_unref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_key_an_unsigned_file_is_refused),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_key_after_the_first_file_or_the_freeze_is_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
