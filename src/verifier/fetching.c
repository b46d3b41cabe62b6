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

static bool is_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return atls_bytes_equal(atls_bytes_of(a, len), atls_bytes_of(b, len));
}

static bool is_same(const struct atls_collateral_wanted *a, const struct atls_collateral_wanted *b)
{
    return a->kind == b->kind && a->amd_key == b->amd_key && a->tee == b->tee &&
           a->enclave == b->enclave && a->platform_ca == b->platform_ca &&
           atls_amd_tcb_equal(&a->tcb, &b->tcb) && a->chip_id_len == b->chip_id_len &&
           is_equal(a->chip_id, b->chip_id, sizeof a->chip_id) &&
           is_equal(a->fmspc, b->fmspc, sizeof a->fmspc) &&
           strncmp(a->product, b->product, sizeof a->product) == 0;
}

/* drop gives back as bad what answered the same question before, and its number; 0: nothing did. */
static uint64_t drop(struct fetched *f, struct atls_depot *depot,
                     const struct atls_collateral_wanted *wanted)
{
    for (size_t i = f->first; i < f->bags.num; i++) {
        if (is_same(&f->answers[i], wanted)) {
            const size_t last = --f->bags.num;
            const uint64_t number = atls_lease_number(f->leases[i]);
            atls_depot_give_back(depot, f->leases[i], ATLS_LEASE_BAD);
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
    const uint64_t bad = drop(f, request->depot, wanted);
    if (f->bags.num == ATLS_MAX_FETCHED) {
        return false;
    }
    const enum atls_err its_err =
        atls_depot_obtain(request->depot, &lease, wanted, request->deadline_ms, &why);
    if (its_err == ATLS_OK && atls_lease_number(lease) == bad) { /* nobody has another */
        atls_depot_give_back(request->depot, lease, ATLS_LEASE_UNKNOWN);
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
    input->fetched = &f.bags;
    if (request->depot == NULL) {
        err = evidence->ops->appraise(out, input, diag);
        input->fetched = NULL;
        return err;
    }
    add_loaded(&f, atls_depot_loaded(request->depot));
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
        atls_depot_give_back(request->depot, f.leases[i],
                             err == ATLS_OK ? ATLS_LEASE_GOOD : ATLS_LEASE_UNKNOWN);
    }
    input->fetched = NULL;
    input->wanted = NULL;
    return err;
}
