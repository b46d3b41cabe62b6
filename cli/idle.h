/* SPDX-License-Identifier: Apache-2.0 */
/* When a connection counts as idle: some time after the last octet of data, in either direction. A
 * peer that sends pieces of a record and no data does not put it off. */
#ifndef CLI_IDLE_H
#define CLI_IDLE_H

#include "tls.h"

struct cli_idle {
    uint32_t limit_ms; /* 0: never */
    int64_t deadline_ms;
    uint64_t moved; /* octets at the time */
};

/* cli_idle_left gives how long to wait at most; negative: without end. */
int cli_idle_left(struct cli_idle *idle, const struct cli_counts *counts);
/* cli_idle_fail gives the error of one that is idle. */
enum atls_err cli_idle_fail(const struct cli_idle *idle, struct atls_diag *diag);

#endif
