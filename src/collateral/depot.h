/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The depot: collateral that is fetched from servers when an appraisal finds it missing, and kept,
 * in memory and in a folder. A server may be anybody's, and is transport only: what it gives
 * counts where the look-ups of endorsement/collateral.h verify it, and is kept on disk only once an
 * appraisal has found it good.
 *
 * Every wait has a bound: one exchange, the place behind another thread that fetches the
 * same, and the pause that a server asked for with 429 or 503, in which nobody asks it again. What
 * is in memory costs no wait; a thread of the depot renews it before it ends.
 *
 * Threads: all functions but open and close from any. A process that forks opens its own.
 */
#ifndef COLLATERAL_DEPOT_H
#define COLLATERAL_DEPOT_H

#include "atls/fetcher.h"
#include "endorsement/collateral.h"

#define ATLS_DEPOT_MAX_SERVERS 4
/* Bounds of what is kept: in memory, and in the folder. */
#define ATLS_DEPOT_MAX_ITEMS 128
#define ATLS_DEPOT_MAX_FILES 4096
/* Largest answer: a list of revoked PCK certificates has 3 KiB today. */
#define ATLS_DEPOT_MAX_BODY 1048576
/* Bound of one exchange, and of a pause that a server may ask for. */
#define ATLS_DEPOT_TIMEOUT_MS  5000
#define ATLS_DEPOT_MAX_PAUSE_S 3600

struct atls_depot;

/* Everything is borrowed until atls_depot_open returns. */
struct atls_depot_options {
    const struct atls_fetcher_ops *fetcher; /* NULL: nothing is fetched */
    const char *const *urls;                /* of servers like AMD's KDS, Intel's PCS and PCCS */
    size_t num_urls;
    struct atls_bytes ca_pem; /* of https servers; empty: the system's */
    const char *folder;       /* NULL: nothing is kept on disk */
    bool watches;             /* what the folder has is renewed from now on, in use or not */
    int64_t (*now_s)(void *arg);
    void *now_arg;
};

/* atls_depot_open reads the folder, making it where it is not there. What is in it and is not the
 * depot's own is collateral of the operator's, and refused where it is none. CONFIG for a URL that
 * is not taken, ARGUMENT for a table with a hole. */
ATLS_NODISCARD enum atls_err atls_depot_open(struct atls_depot **out,
                                             const struct atls_depot_options *options,
                                             struct atls_diag *diag);
/* atls_depot_close waits for what its thread fetches, at most ATLS_DEPOT_TIMEOUT_MS. NULL is fine.
 */
void atls_depot_close(struct atls_depot *depot);

/* atls_depot_asks is true when it has servers, so that an appraisal may have to wait. */
bool atls_depot_asks(const struct atls_depot *depot);
/* atls_depot_loaded lends the operator's own files of the folder; NULL when there are none. */
const struct atls_collateral *atls_depot_loaded(const struct atls_depot *depot);

/* Something that the depot gave out: one answer of a server. */
struct atls_lease;
const struct atls_collateral *atls_lease_bag(const struct atls_lease *lease);
/* atls_lease_number tells one answer from another, and from one that came before; never 0. */
uint64_t atls_lease_number(const struct atls_lease *lease);

/*
 * For another process, which asks nobody: what a lease is made of, and the lease that this makes
 * there, by the same number. Without a depot behind it, a lease is shared and released.
 */
struct atls_lease_octets {
    uint64_t number;
    const char *path;  /* names it in sentences */
    const char *chain; /* "" where there is none */
    struct atls_bytes body;
};
void atls_lease_tell(struct atls_lease_octets *out, const struct atls_lease *lease);
/* Errors: COLLATERAL for what is none or has ended, MEMORY. */
ATLS_NODISCARD enum atls_err atls_lease_of(struct atls_lease **out,
                                           const struct atls_lease_octets *octets, int64_t now_s,
                                           struct atls_diag *diag);
struct atls_lease *atls_lease_share(struct atls_lease *lease);
void atls_lease_release(struct atls_lease *lease); /* NULL is fine */
int64_t atls_lease_end_s(const struct atls_lease *lease);

/* How the appraisal went on with a lease. */
enum atls_lease_end {
    ATLS_LEASE_GOOD,   /* it holds what was looked for, and verifies: keep it */
    ATLS_LEASE_BAD,    /* it was looked for again: ask for a newer one, in a while */
    ATLS_LEASE_UNKNOWN /* the appraisal did not get that far */
};

/*
 * atls_depot_obtain gives what is wanted: from memory, else from the folder, else from a server
 * until `deadline_ms` (CLOCK_MONOTONIC). What was renewed is given out before what it replaces,
 * which is still there when that turns out bad. A leaf of one of two product lines is asked for
 * only where neither has been kept, of one after the other. COLLATERAL where no server has it, or
 * there is none to ask; COLLATERAL_SERVER where none answers, or too much was asked of late.
 */
ATLS_NODISCARD enum atls_err atls_depot_obtain(struct atls_depot *depot, struct atls_lease **out,
                                               const struct atls_collateral_wanted *wanted,
                                               int64_t deadline_ms, struct atls_diag *diag);
/* atls_depot_would_wait is true when atls_depot_obtain would ask a server for this, or wait for one
 * that another thread asks. */
bool atls_depot_would_wait(struct atls_depot *depot, const struct atls_collateral_wanted *wanted);
/* atls_depot_renewals counts the items that gave way to others. Who keeps what was given out, for
 * later, forgets it when this has changed. */
uint64_t atls_depot_renewals(const struct atls_depot *depot);
/* NULL is fine. */
void atls_depot_give_back(struct atls_depot *depot, struct atls_lease *lease,
                          enum atls_lease_end end);

/* atls_depot_clock_ms gives CLOCK_MONOTONIC in milliseconds. */
int64_t atls_depot_clock_ms(void);

#endif
