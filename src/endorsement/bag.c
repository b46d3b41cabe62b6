/* SPDX-License-Identifier: Apache-2.0 */
/* Bags: what they hold, and going through it. What goes in is read in collateral_add.c. */
#include "endorsement/bag.h"

#include "base/span.h"
#include "endorsement/set.h"

#include <stdlib.h>

enum atls_err atls_collateral_new(struct atls_collateral **out, size_t max_entries,
                                  struct atls_diag *diag)
{
    struct atls_collateral *bag = calloc(1, sizeof *bag);
    if (bag == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "collateral", NULL);
    }
    bag->max = max_entries;
    *out = bag;
    return ATLS_OK;
}

static void free_one(struct atls_collateral *bag)
{
    for (size_t i = 0; i < bag->num_certs; i++) {
        atls_x509_free(bag->certs[i].cert);
    }
    for (size_t i = 0; i < bag->num_crls; i++) {
        atls_crl_free(bag->crls[i].crl);
    }
    for (size_t i = 0; i < bag->num_jsons; i++) {
        atls_intel_json_cleanup(&bag->jsons[i].json);
        free(bag->jsons[i].text);
    }
    while (bag->names != NULL) {
        struct atls_bag_name *next = bag->names->next;
        free(bag->names);
        bag->names = next;
    }
    free(bag->certs);
    free(bag->crls);
    free(bag->jsons);
    free(bag);
}

void atls_collateral_free(struct atls_collateral *bag)
{
    while (bag != NULL) {
        struct atls_collateral *next = bag->next;
        free_one(bag);
        bag = next;
    }
}

const struct atls_collateral *atls_endorsements_collateral(const struct atls_endorsements *set)
{
    return set != NULL ? atls_endorsements_all(set)->collateral : NULL;
}

void atls_collateral_want(const struct atls_collateral_scope *scope,
                          const struct atls_collateral_wanted *wanted)
{
    if (scope->wanted != NULL && scope->wanted->kind == ATLS_WANTED_NOTHING) {
        *scope->wanted = *wanted;
    }
}

static bool is_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return atls_bytes_equal(atls_bytes_of(a, len), atls_bytes_of(b, len));
}

bool atls_collateral_wanted_equal(const struct atls_collateral_wanted *a,
                                  const struct atls_collateral_wanted *b)
{
    return a->kind == b->kind && a->amd_key == b->amd_key && a->tee == b->tee &&
           a->enclave == b->enclave && a->platform_ca == b->platform_ca &&
           atls_amd_tcb_equal(&a->tcb, &b->tcb) && a->chip_id_len == b->chip_id_len &&
           is_equal(a->chip_id, b->chip_id, sizeof a->chip_id) &&
           is_equal(a->fmspc, b->fmspc, sizeof a->fmspc) &&
           strncmp(a->product, b->product, sizeof a->product) == 0 &&
           strncmp(a->otherwise, b->otherwise, sizeof a->otherwise) == 0;
}

int64_t atls_collateral_end(const struct atls_collateral *bag)
{
    int64_t end_s = INT64_MAX;
    for (size_t i = 0; i < bag->num_certs; i++) {
        const int64_t its_s = atls_x509_not_after(bag->certs[i].cert);
        end_s = its_s < end_s ? its_s : end_s;
    }
    for (size_t i = 0; i < bag->num_crls; i++) {
        const int64_t its_s = atls_crl_next_update(bag->crls[i].crl);
        end_s = its_s < end_s ? its_s : end_s;
    }
    for (size_t i = 0; i < bag->num_jsons; i++) {
        const struct atls_intel_json *json = &bag->jsons[i].json;
        const int64_t its_s = json->kind == ATLS_INTEL_IDENTITY
                                  ? json->as.identity.dates.next_update_s
                                  : json->as.tcb.dates.next_update_s;
        end_s = its_s < end_s ? its_s : end_s;
    }
    return end_s;
}

bool atls_collateral_is_news(const struct atls_collateral *bag)
{
    return bag->num_crls != 0 || bag->num_jsons != 0;
}

/* bag_at gives the bags of a scope by their place: of the set, brought, fetched. */
static bool bag_at(const struct atls_collateral_scope *scope, size_t place,
                   const struct atls_collateral **out)
{
    if (place < 2) {
        *out = place == 0 ? atls_endorsements_collateral(scope->endorsements) : scope->brought;
        return true;
    }
    if (scope->fetched == NULL || place - 2 >= scope->fetched->num) {
        return false;
    }
    *out = scope->fetched->bags[place - 2];
    return true;
}

/* step goes on to the next bag; false behind the last. */
static bool step(const struct atls_collateral_scope *scope, struct atls_bag_cursor *cursor)
{
    cursor->at = 0;
    cursor->bag = cursor->bag != NULL ? cursor->bag->next : NULL;
    while (cursor->bag == NULL) {
        if (!bag_at(scope, cursor->place, &cursor->bag)) {
            return false;
        }
        cursor->place++;
    }
    return true;
}

const struct atls_bag_cert *atls_bag_next_cert(const struct atls_collateral_scope *scope,
                                               struct atls_bag_cursor *cursor)
{
    while (cursor->bag == NULL || cursor->at >= cursor->bag->num_certs) {
        if (!step(scope, cursor)) {
            return NULL;
        }
    }
    return &cursor->bag->certs[cursor->at++];
}

const struct atls_bag_crl *atls_bag_next_crl(const struct atls_collateral_scope *scope,
                                             struct atls_bag_cursor *cursor)
{
    while (cursor->bag == NULL || cursor->at >= cursor->bag->num_crls) {
        if (!step(scope, cursor)) {
            return NULL;
        }
    }
    return &cursor->bag->crls[cursor->at++];
}

const struct atls_bag_json *atls_bag_next_json(const struct atls_collateral_scope *scope,
                                               struct atls_bag_cursor *cursor)
{
    while (cursor->bag == NULL || cursor->at >= cursor->bag->num_jsons) {
        if (!step(scope, cursor)) {
            return NULL;
        }
    }
    return &cursor->bag->jsons[cursor->at++];
}
