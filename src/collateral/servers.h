/* SPDX-License-Identifier: Apache-2.0 */
/* Asking servers, one after the other, and leaving those alone that said so. */
#ifndef COLLATERAL_SERVERS_H
#define COLLATERAL_SERVERS_H

#include "collateral/item.h"
#include "collateral/location.h"

#include <pthread.h>

struct depot_servers {
    const struct atls_fetcher_ops *ops; /* NULL: none to ask */
    struct atls_fetcher *fetcher;
    char *urls[ATLS_DEPOT_MAX_SERVERS];
    size_t num;
    pthread_mutex_t lock;
    int64_t pause_until_ms[ATLS_DEPOT_MAX_SERVERS]; /* under the lock, as the rest */
    int64_t budget_at_ms;
    unsigned budget; /* exchanges that may begin */
};

ATLS_NODISCARD enum atls_err depot_servers_open(struct depot_servers *out,
                                                const struct atls_depot_options *options,
                                                struct atls_diag *diag);
void depot_servers_close(struct depot_servers *servers);

/*
 * depot_servers_ask gives the first answer that is collateral. COLLATERAL where every server says
 * that it has none (404) or gives what is none; COLLATERAL_SERVER where one could not be asked.
 */
ATLS_NODISCARD enum atls_err depot_servers_ask(struct depot_servers *servers,
                                               struct atls_lease **out,
                                               const struct depot_location *location, int64_t now_s,
                                               int64_t deadline_ms, struct atls_diag *diag);

#endif
