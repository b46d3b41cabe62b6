/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An appraiser computes and never waits: what collateral it lacks it says, and that is fetched here
 * before it is asked again. Each round adds one item, so they are few.
 */
#include "base/span.h"
#include "collateral/depot.h"
#include "verifier/evidence.h"

#include <stdlib.h>

/* More than any Evidence needs: six of TDX, and an old one of each that turns out bad. */
#define MAX_ROUNDS 16

struct fetched {
    struct atls_collateral_fetched bags;
    size_t first; /* of the leases' bags: what was loaded stands before */
    struct atls_lease *leases[ATLS_MAX_FETCHED];
    struct atls_collateral_wanted answers[ATLS_MAX_FETCHED];
};

static enum atls_err obtain(const struct atls_verify_request *request, struct atls_lease **out,
                            const struct atls_collateral_wanted *wanted, struct atls_diag *diag)
{
    return request->source != NULL
               ? request->source->obtain(request->source->arg, out, wanted, diag)
               : atls_depot_obtain(request->depot, out, wanted, request->deadline_ms, diag);
}

static void give_back(const struct atls_verify_request *request, struct atls_lease *lease,
                      enum atls_lease_end end)
{
    if (request->source != NULL) {
        request->source->give_back(request->source->arg, lease, end);
    } else {
        atls_depot_give_back(request->depot, lease, end);
    }
}

/* drop gives back as bad what answered the same question before, and its number; 0: nothing did. */
static uint64_t drop(struct fetched *f, const struct atls_verify_request *request,
                     const struct atls_collateral_wanted *wanted)
{
    for (size_t i = f->first; i < f->bags.num; i++) {
        if (atls_collateral_wanted_equal(&f->answers[i], wanted)) {
            const size_t last = --f->bags.num;
            const uint64_t number = atls_lease_number(f->leases[i]);
            give_back(request, f->leases[i], ATLS_LEASE_BAD);
            f->leases[i] = f->leases[last];
            f->answers[i] = f->answers[last];
            f->bags.bags[i] = f->bags.bags[last];
            return number;
        }
    }
    return 0;
}

/* add is false when there is nothing to try again with; of a refusal *err and `diag` then say why,
 * where that is not what the appraiser has said. */
static bool add(struct fetched *f, const struct atls_verify_request *request,
                const struct atls_collateral_wanted *wanted, enum atls_err *err,
                struct atls_diag *diag)
{
    struct atls_lease *lease = NULL;
    struct atls_diag why;
    const uint64_t bad = drop(f, request, wanted);
    if (f->bags.num == ATLS_MAX_FETCHED) {
        return false;
    }
    const enum atls_err its_err = obtain(request, &lease, wanted, &why);
    if (its_err == ATLS_OK && atls_lease_number(lease) == bad) { /* nobody has another */
        give_back(request, lease, ATLS_LEASE_UNKNOWN);
        return false;
    }
    if (its_err == ATLS_OK) {
        f->leases[f->bags.num] = lease;
        f->answers[f->bags.num] = *wanted;
        f->bags.bags[f->bags.num++] = atls_lease_bag(lease);
        return true;
    }
    if (its_err != ATLS_ERR_COLLATERAL && *err != ATLS_OK) {
        *err = its_err;
        if (diag != NULL) {
            *diag = why;
        }
    }
    return false;
}

static void add_loaded(struct fetched *f, const struct atls_collateral *bag)
{
    if (bag != NULL) {
        f->bags.bags[f->bags.num++] = bag;
        f->first = f->bags.num;
    }
}

enum atls_err verifier_appraise_fetching(struct atls_submod *out,
                                         const struct verifier_evidence *evidence,
                                         struct atls_appraisal_input *input,
                                         const struct atls_verify_request *request,
                                         struct atls_diag *diag)
{
    struct fetched f = {.first = 0};
    struct atls_collateral_wanted wanted;
    enum atls_err err = ATLS_OK;
    add_loaded(&f, request->collateral);
    add_loaded(&f, request->brought);
    input->fetched = &f.bags;
    if (request->depot == NULL && request->source == NULL) {
        err = evidence->ops->appraise(out, input, diag);
        input->fetched = NULL;
        return err;
    }
    add_loaded(&f, request->depot != NULL ? atls_depot_loaded(request->depot) : NULL);
    input->wanted = &wanted;
    for (unsigned round = 0;; round++) {
        memset(&wanted, 0, sizeof wanted);
        err = evidence->ops->appraise(out, input, diag);
        if (round == MAX_ROUNDS || wanted.kind == ATLS_WANTED_NOTHING ||
            !add(&f, request, &wanted, &err, diag)) {
            break;
        }
        if (err == ATLS_OK) { /* it could do without, and does better with it */
            free(out->claims_json);
            free(out->storage);
            memset(out, 0, sizeof *out);
        }
    }
    for (size_t i = f.first; i < f.bags.num; i++) {
        give_back(request, f.leases[i], err == ATLS_OK ? ATLS_LEASE_GOOD : ATLS_LEASE_UNKNOWN);
    }
    input->fetched = NULL;
    input->wanted = NULL;
    return err;
}
