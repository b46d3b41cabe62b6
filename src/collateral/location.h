/* SPDX-License-Identifier: Apache-2.0 */
/* Where servers have collateral: AMD's KDS (57230), Intel's PCS and PCCS (API v4). */
#ifndef COLLATERAL_LOCATION_H
#define COLLATERAL_LOCATION_H

#include "endorsement/collateral.h"

#define DEPOT_MAX_PATH_LEN 320
#define DEPOT_MAX_URL_LEN  1024

struct depot_location {
    char path[DEPOT_MAX_PATH_LEN]; /* below the server's URL, and what an item is known by */
    const char *chain_field;       /* field with the issuer's chain, in lower case; NULL: none */
    const char *elsewhere; /* where Intel's own service has it; NULL: at its path, as all others */
};

/* depot_locate is false for what no server has. */
ATLS_NODISCARD bool depot_locate(struct depot_location *out,
                                 const struct atls_collateral_wanted *wanted);

/* depot_locate_path knows a location by its path; false for one of another form than those that
 * depot_locate makes, since whoever writes in the folder shall not choose what a server is asked.
 */
ATLS_NODISCARD bool depot_locate_path(struct depot_location *out, const char *path);

/* depot_locate_both gives one location or two: a report of version 2 leaves open of which of two
 * lines its processor is. 0 for what no server has. */
ATLS_NODISCARD size_t depot_locate_both(struct depot_location out[static 2],
                                        const struct atls_collateral_wanted *wanted);

/* depot_url_check takes http and https, without user, query and fragment; CONFIG otherwise. */
ATLS_NODISCARD enum atls_err depot_url_check(const char *url, struct atls_diag *diag);
/* depot_url_of writes the whole URL; false when it does not fit. */
ATLS_NODISCARD bool depot_url_of(char out[static DEPOT_MAX_URL_LEN], const char *server,
                                 const struct depot_location *location);

#endif
