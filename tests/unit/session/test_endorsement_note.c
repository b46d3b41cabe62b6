/* SPDX-License-Identifier: Apache-2.0 */
/* A program learns what of its endorsements has no effect, and what of them was refused. */
#include "support/check.h"
#include "support/memory.h"

#include "atls/context.h"

#include <string.h>

#define KAT TEST_SOURCE_DIR "/tests/kat/corim/"

static void a_context_gives_the_notes_of_its_endorsements(void **state)
{
    (void)state;
    struct atls_context *context = NULL;
    assert_err(atls_context_new(&context, NULL), OK);
    assert_null(atls_context_endorsement_note(context, 0));
    assert_err(atls_context_load_endorsements(context, KAT "psa-good.cbor", NULL), OK);
    assert_null(atls_context_endorsement_note(context, 0));
    assert_err(atls_context_load_endorsements(context, KAT "riot-good.cbor", NULL), OK);
    const char *note = atls_context_endorsement_note(context, 0);
    assert_non_null(note);
    assert_non_null(strstr(note, "riot-good.cbor: for format riot, which is not built in: kept"));
    assert_null(atls_context_endorsement_note(context, 1));
    assert_null(atls_context_endorsement_note(NULL, 0));
    atls_context_unref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_gives_the_notes_of_its_endorsements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
