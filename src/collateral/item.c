/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/item.h"

#include "base/span.h"

#include <stdlib.h>

/* Entries of one answer: two certificates and a list, at most. */
#define MAX_ENTRIES  16
#define MAX_MARGIN_S INT64_C(604800)
#define DAY_S        INT64_C(86400)

static atomic_uint_fast64_t numbers;

struct atls_lease *depot_item_share(struct atls_lease *item)
{
    atomic_fetch_add_explicit(&item->refs, 1, memory_order_relaxed);
    return item;
}

void depot_item_release(struct atls_lease *item)
{
    if (item != NULL && atomic_fetch_sub_explicit(&item->refs, 1, memory_order_acq_rel) == 1) {
        atls_collateral_free(item->bag);
        free(item->path);
        free(item->chain);
        free(item->body);
        free(item);
    }
}

uint64_t atls_lease_number(const struct atls_lease *lease)
{
    return lease->number;
}

const struct atls_collateral *atls_lease_bag(const struct atls_lease *lease)
{
    return lease->bag;
}

struct atls_lease *atls_lease_share(struct atls_lease *lease)
{
    return depot_item_share(lease);
}

void atls_lease_release(struct atls_lease *lease)
{
    depot_item_release(lease);
}

int64_t atls_lease_end_s(const struct atls_lease *lease)
{
    return lease->end_s;
}

void atls_lease_tell(struct atls_lease_octets *out, const struct atls_lease *lease)
{
    out->number = lease->number;
    out->path = lease->path;
    out->chain = lease->chain;
    out->body = atls_bytes_of(lease->body, lease->body_len);
}

enum atls_err atls_lease_of(struct atls_lease **out, const struct atls_lease_octets *octets,
                            int64_t now_s, struct atls_diag *diag)
{
    struct atls_lease *lease = NULL;
    const enum atls_err err =
        depot_item_new(&lease, octets->path, octets->chain, octets->body, now_s, now_s, diag);
    if (err == ATLS_OK) {
        lease->number = octets->number;
        *out = lease;
    }
    return err;
}

bool depot_item_is_due(const struct atls_lease *item, int64_t now_s)
{
    const int64_t quarter_s = (item->end_s - item->fetched_s) / 4;
    return now_s >= item->end_s - (quarter_s < MAX_MARGIN_S ? quarter_s : MAX_MARGIN_S) ||
           (now_s >= item->fetched_s + DAY_S && atls_collateral_is_news(item->bag));
}

static enum atls_err fill(struct atls_lease *item, int64_t now_s, struct atls_diag *diag)
{
    const struct atls_bytes body = atls_bytes_of(item->body, item->body_len);
    enum atls_err err = atls_collateral_new(&item->bag, MAX_ENTRIES, diag);
    if (err == ATLS_OK) {
        err = atls_collateral_add(item->bag, body, item->path, diag);
    }
    if (err == ATLS_OK && item->chain[0] != '\0') {
        err = atls_collateral_add(item->bag, atls_bytes_text(item->chain), item->path, diag);
    }
    if (err != ATLS_OK) {
        if (err == ATLS_ERR_ENDORSEMENT && diag != NULL) {
            diag->err = ATLS_ERR_COLLATERAL;
        }
        return err == ATLS_ERR_ENDORSEMENT ? ATLS_ERR_COLLATERAL : err;
    }
    item->end_s = atls_collateral_end(item->bag);
    return item->end_s >= now_s
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_COLLATERAL, "collateral server", "answer",
                                 "collateral that has ended", "one that is of its time");
}

enum atls_err depot_item_new(struct atls_lease **out, const char *path, const char *chain,
                             struct atls_bytes body, int64_t fetched_s, int64_t now_s,
                             struct atls_diag *diag)
{
    struct atls_lease *item = calloc(1, sizeof *item);
    if (item == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "collateral server", NULL);
    }
    atomic_init(&item->refs, 1);
    item->number = atomic_fetch_add_explicit(&numbers, 1, memory_order_relaxed) + 1;
    item->path = strdup(path);
    item->chain = strdup(chain);
    item->body = malloc(body.len + 1);
    item->body_len = body.len;
    item->fetched_s = fetched_s;
    enum atls_err err = ATLS_ERR_MEMORY;
    if (item->path != NULL && item->chain != NULL && item->body != NULL) {
        if (body.len != 0) {
            memcpy(item->body, body.data, body.len);
        }
        err = fill(item, now_s, diag);
    } else {
        atls_fail(diag, err, "collateral server", NULL);
    }
    if (err != ATLS_OK) {
        depot_item_release(item);
        return err;
    }
    *out = item;
    return ATLS_OK;
}
