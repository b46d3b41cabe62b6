/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/task_fetch.h"

#include "base/span.h"
#include "collateral/depot.h"
#include "svc/verifier/service.h"

#include <stdlib.h>

struct verifier_task_fetch {
    struct atls_lease *leases[ATLS_MAX_FETCHED]; /* of the depot */
    size_t num;
    struct atls_collateral_wanted wanted; /* what the latest lease answers */
    unsigned rounds;
    bool is_over;      /* nothing more is to be had: the appraiser goes on with what there is */
    bool brings;       /* the latest lease goes to the appraiser now */
    enum atls_err err; /* a server could not be asked, with `why`; else OK */
    struct atls_diag why;
};

static void park(struct verifier_task *task)
{
    struct atls_diag why;
    verifier_task_fail(task,
                       atls_fail_texts(&why, ATLS_ERR_COLLATERAL_SERVER, "collateral", "server",
                                       "one that has to be asked", NULL),
                       &why);
    task->is_parked = true;
}

/* doubt tells the depot of a lease that did not do, whether this task has it or an appraiser had it
 * from before. */
static void doubt(struct atls_depot *depot, struct verifier_task_fetch *fetch,
                  const struct atls_collateral_wanted *wanted, uint64_t number)
{
    struct atls_lease *lease = NULL;
    for (size_t i = 0; i < fetch->num; i++) {
        if (atls_lease_number(fetch->leases[i]) == number) {
            atls_depot_give_back(depot, fetch->leases[i], ATLS_LEASE_BAD);
            fetch->leases[i] = fetch->leases[--fetch->num];
            return;
        }
    }
    if (!atls_depot_would_wait(depot, wanted) &&
        atls_depot_obtain(depot, &lease, wanted, verifier_now_ms(), NULL) == ATLS_OK) {
        atls_depot_give_back(
            depot, lease, atls_lease_number(lease) == number ? ATLS_LEASE_BAD : ATLS_LEASE_UNKNOWN);
    }
}

static enum atls_err obtain(struct atls_depot *depot, struct atls_lease **out,
                            const struct verifier_task *task, struct atls_diag *diag)
{
    if (task->fetch_until_ms != 0 && verifier_now_ms() >= task->fetch_until_ms) {
        return atls_fail_texts(diag, ATLS_ERR_COLLATERAL_SERVER, "collateral", "server",
                               "no time that was left to ask", "an answer in time");
    }
    return atls_depot_obtain(depot, out, &task->report.wanted,
                             task->fetch_until_ms != 0 ? task->fetch_until_ms : verifier_now_ms(),
                             diag);
}

static void ask_for(struct verifier_task_batch *batch, struct verifier_task *task)
{
    struct atls_depot *depot = batch->service->depot;
    struct verifier_task_fetch *fetch = task->fetch;
    const struct atls_collateral_wanted *wanted = &task->report.wanted;
    const uint64_t useless = task->report.useless;
    struct atls_lease *lease = NULL;
    struct atls_diag why;
    if (useless != 0) {
        doubt(depot, fetch, wanted, useless);
    }
    if (task->fetch_until_ms == 0 && atls_depot_would_wait(depot, wanted)) {
        park(task);
        return;
    }
    const enum atls_err err = obtain(depot, &lease, task, &why);
    if (err != ATLS_OK && err != ATLS_ERR_COLLATERAL) {
        fetch->err = err;
        fetch->why = why;
    } else if (err == ATLS_OK && atls_lease_number(lease) == useless) { /* nobody has another */
        atls_depot_give_back(depot, lease, ATLS_LEASE_UNKNOWN);
    } else if (err == ATLS_OK) {
        fetch->leases[fetch->num++] = lease;
        fetch->wanted = *wanted;
        fetch->brings = true;
        fetch->is_over = false;
    }
}

void verifier_task_fetch(struct verifier_task_batch *batch, struct verifier_task *task)
{
    struct atls_diag why;
    const bool was_told = batch->service->depot != NULL;
    if (was_told && task->fetch == NULL) {
        task->fetch = calloc(1, sizeof *task->fetch);
    }
    if (task->fetch == NULL) {
        const enum atls_err err = was_told ? ATLS_ERR_MEMORY : ATLS_ERR_STATE;
        verifier_task_fail(task, atls_fail(&why, err, "appraiser", "collateral"), &why);
        return;
    }
    task->fetch->brings = false;
    task->fetch->is_over = true;
    if (task->fetch->rounds++ < ATLS_MAX_FETCHED) {
        ask_for(batch, task);
    }
}

void verifier_task_fetch_say(struct verifier_evaluate *out, const struct verifier_task_batch *batch,
                             const struct verifier_task *task)
{
    const struct verifier_task_fetch *fetch = task->fetch;
    const struct atls_depot *depot = batch->service->depot;
    struct atls_lease_octets octets;
    out->asks = depot != NULL && (fetch == NULL || !fetch->is_over);
    out->renewals = depot != NULL ? atls_depot_renewals(depot) : 0;
    out->has_fetched = fetch != NULL && fetch->brings;
    if (out->has_fetched) {
        atls_lease_tell(&octets, fetch->leases[fetch->num - 1]);
        out->fetched = (struct verifier_fetched){.wanted = fetch->wanted,
                                                 .number = octets.number,
                                                 .path = atls_bytes_text(octets.path),
                                                 .chain = atls_bytes_text(octets.chain),
                                                 .body = octets.body};
    }
}

size_t verifier_task_fetch_len(const struct verifier_task *task)
{
    struct atls_lease_octets octets;
    if (task->fetch == NULL || !task->fetch->brings) {
        return 0;
    }
    atls_lease_tell(&octets, task->fetch->leases[task->fetch->num - 1]);
    return octets.body.len;
}

void verifier_task_fetch_end(struct verifier_task_batch *batch, struct verifier_task *task)
{
    struct verifier_task_fetch *fetch = task->fetch;
    if (fetch == NULL) {
        return;
    }
    const bool appraised = verifier_task_is_appraised(task);
    for (size_t i = 0; i < fetch->num; i++) {
        atls_depot_give_back(batch->service->depot, fetch->leases[i],
                             appraised && task->report.holds ? ATLS_LEASE_GOOD
                                                             : ATLS_LEASE_UNKNOWN);
    }
    if (appraised && !task->report.holds && fetch->err != ATLS_OK) {
        verifier_task_fail(task, fetch->err, &fetch->why);
        atomic_fetch_add(&batch->service->metrics.fetches_failed, 1);
    }
    free(fetch);
    task->fetch = NULL;
}
