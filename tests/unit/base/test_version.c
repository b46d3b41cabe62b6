/* SPDX-License-Identifier: Apache-2.0 */
/* src/base/version.c: the two forms of the version say the same. */
#include "support/check.h"

#include "atls/version.h"
#include "atls_build.h"

#include <stdio.h>

static void the_number_and_the_text_agree(void **state)
{
    (void)state;
    char text[32];
    const unsigned version = atls_version();
    snprintf(text, sizeof text, "%u.%u.%u", version >> 16, version >> 8 & 0xff, version & 0xff);
    assert_string_equal(text, ATLS_VERSION);
}

static void the_build_has_the_version_of_the_header(void **state)
{
    (void)state;
    assert_string_equal(ATLS_BUILD_VERSION, ATLS_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_and_the_text_agree),
        cmocka_unit_test(the_build_has_the_version_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
