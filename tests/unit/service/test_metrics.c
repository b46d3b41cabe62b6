/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that were opened, second by second. */
#include "support/check.h"

#include "svc/verifier/metrics.h"

static void what_was_opened_counts_for_so_many_seconds(void **state)
{
    (void)state;
    static struct verifier_metrics m;
    const int64_t now = 1790000000;
    assert_int_equal(verifier_metrics_opened_since(&m, now, 150), 0);
    verifier_metrics_opened(&m, 3, now);
    verifier_metrics_opened(&m, 2, now);
    verifier_metrics_opened(&m, 7, now + 10);
    assert_int_equal(verifier_metrics_opened_since(&m, now + 10, 150), 12);
    assert_int_equal(verifier_metrics_opened_since(&m, now + 149, 150), 12);
    assert_int_equal(verifier_metrics_opened_since(&m, now + 150, 150), 7);
    assert_int_equal(verifier_metrics_opened_since(&m, now + 160, 150), 0);
    /* the same place, much later */
    verifier_metrics_opened(&m, 1, now + VERIFIER_OPENED_SECONDS);
    assert_int_equal(verifier_metrics_opened_since(&m, now + VERIFIER_OPENED_SECONDS, 150), 1);
    /* a clock that was set back: what is yet to come does not count */
    assert_int_equal(verifier_metrics_opened_since(&m, now, 150), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_opened_counts_for_so_many_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
