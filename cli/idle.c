/* SPDX-License-Identifier: Apache-2.0 */
#include "idle.h"

#include "base/diag.h"
#include "net.h"

#include <limits.h>

int cli_idle_left(struct cli_idle *idle, const struct cli_counts *counts)
{
    if (idle->limit_ms == 0) {
        return -1;
    }
    const int64_t now_ms = cli_now_ms();
    const uint64_t moved = counts->sent + counts->received;
    if (idle->deadline_ms == 0 || moved != idle->moved) {
        idle->deadline_ms = now_ms + idle->limit_ms;
        idle->moved = moved;
    }
    const int64_t left = idle->deadline_ms - now_ms;
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

enum atls_err cli_idle_fail(const struct cli_idle *idle, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_TIMEOUT, "connection", "data", "none in either direction",
                    "some within milliseconds: ");
    atls_diag_expected_int(diag, idle->limit_ms);
    return ATLS_ERR_TIMEOUT;
}
