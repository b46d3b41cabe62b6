/* SPDX-License-Identifier: Apache-2.0 */
/* One answer of a server, in memory and as a file of the folder. */
#ifndef COLLATERAL_ITEM_H
#define COLLATERAL_ITEM_H

#include "collateral/depot.h"
#include "collateral/location.h"

#include <stdatomic.h>

struct atls_lease {
    atomic_size_t refs;
    uint64_t number; /* of this process */
    struct atls_collateral *bag;
    char *path;  /* of its location */
    char *chain; /* field with the issuer's chain, as it came; "" where there is none */
    uint8_t *body;
    size_t body_len;
    int64_t fetched_s;
    int64_t end_s;
    atomic_bool is_kept; /* in the folder */
};

/* depot_item_new reads what came; COLLATERAL for what is no collateral, or has ended at `now_s`. It
 * copies everything. The caller has the one reference. */
ATLS_NODISCARD enum atls_err depot_item_new(struct atls_lease **out, const char *path,
                                            const char *chain, struct atls_bytes body,
                                            int64_t fetched_s, int64_t now_s,
                                            struct atls_diag *diag);
struct atls_lease *depot_item_share(struct atls_lease *item);
/* NULL is fine. */
void depot_item_release(struct atls_lease *item);
/* depot_item_is_due is true when it is time to look for a newer one: a quarter of its time before
 * its end, and at most a week; and each day for what its maker may change before it ends, lists and
 * what is said of platforms. */
bool depot_item_is_due(const struct atls_lease *item, int64_t now_s);

/* Files: one an item, named by a hash of its path; 0600, replaced as a whole. */
/* depot_file_read gives NULL for none; one that cannot be read, is another's or has ended is
 * removed. */
struct atls_lease *depot_file_read(const char *folder, const char *path, int64_t now_s);
/* depot_file_write does its best: what is not kept is fetched again. The oldest files give way. */
void depot_file_write(const char *folder, struct atls_lease *item);
/* depot_file_is_ours knows by the name. */
bool depot_file_is_ours(const char *name);
/* depot_folder_open makes a folder that is not there, and reads what is in it and is not ours into
 * *out_loaded, which stays NULL where there is nothing. */
ATLS_NODISCARD enum atls_err depot_folder_open(struct atls_collateral **out_loaded,
                                               const char *folder, struct atls_diag *diag);

/* What the folder has and is due. Half of the questions that may be asked at once: the other half
 * is for Evidence. */
#define DEPOT_MAX_DUE 16
struct depot_due {
    struct depot_location location;
    struct atls_lease *item; /* the caller's; NULL: it has ended */
};
size_t depot_folder_due(struct depot_due out[static DEPOT_MAX_DUE], const char *folder,
                        int64_t now_s);

#endif
