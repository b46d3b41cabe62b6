/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/unsettled.h"

#include "base/span.h"

#include <pthread.h>
#include <stdlib.h>

struct item {
    struct verifier_settled settled; /* its spans lead into what follows the struct */
    size_t octets;
    bool is_tried; /* it is in the hands of who settles */
    struct item *next;
};

struct verifier_unsettled {
    pthread_mutex_t lock;
    struct item *first;
    size_t num, octets;
};

struct verifier_unsettled *verifier_unsettled_new(void)
{
    struct verifier_unsettled *unsettled = calloc(1, sizeof *unsettled);
    if (unsettled != NULL) {
        pthread_mutex_init(&unsettled->lock, NULL);
    }
    return unsettled;
}

void verifier_unsettled_free(struct verifier_unsettled *unsettled)
{
    if (unsettled == NULL) {
        return;
    }
    while (unsettled->first != NULL) {
        struct item *item = unsettled->first;
        unsettled->first = item->next;
        free(item);
    }
    pthread_mutex_destroy(&unsettled->lock);
    free(unsettled);
}

/* put copies octets to `*at`, which moves behind them. */
static struct atls_bytes put(uint8_t **at, struct atls_bytes octets)
{
    const struct atls_bytes copy = atls_bytes_of(*at, octets.len);
    if (octets.len != 0) {
        memcpy(*at, octets.data, octets.len);
    }
    *at += octets.len;
    return copy;
}

static const char *put_text(uint8_t **at, const char *text)
{
    return (const char *)put(at, atls_bytes_of(text, strlen(text) + 1)).data;
}

/* copy gives NULL without memory. */
static struct item *copy(const struct verifier_settled *from)
{
    const size_t octets = strlen(from->id) + strlen(from->media_type) + 2 + from->nonce.len +
                          from->evidence.len + from->result.len;
    struct item *item = malloc(sizeof *item + octets);
    if (item == NULL) {
        return NULL;
    }
    uint8_t *at = (uint8_t *)(item + 1);
    *item = (struct item){.settled = *from, .octets = octets};
    item->settled.id = put_text(&at, from->id);
    item->settled.media_type = put_text(&at, from->media_type);
    item->settled.nonce = put(&at, from->nonce);
    item->settled.evidence = put(&at, from->evidence);
    item->settled.result = put(&at, from->result);
    return item;
}

void verifier_unsettled_keep(struct verifier_unsettled *unsettled,
                             const struct verifier_settled *settled)
{
    struct item *item = copy(settled);
    if (item == NULL) {
        return;
    }
    pthread_mutex_lock(&unsettled->lock);
    const bool fits = unsettled->num < VERIFIER_MAX_UNSETTLED &&
                      item->octets <= VERIFIER_MAX_UNSETTLED_OCTETS - unsettled->octets;
    if (fits) {
        item->next = unsettled->first;
        unsettled->first = item;
        unsettled->num++;
        unsettled->octets += item->octets;
    }
    pthread_mutex_unlock(&unsettled->lock);
    if (!fits) {
        free(item);
    }
}

bool verifier_unsettled_has(struct verifier_unsettled *unsettled, const char *id)
{
    pthread_mutex_lock(&unsettled->lock);
    const struct item *item = unsettled->first;
    while (item != NULL && strcmp(item->settled.id, id) != 0) {
        item = item->next;
    }
    pthread_mutex_unlock(&unsettled->lock);
    return item != NULL;
}

/* gather marks some, and gives copies of what the store is to be told; they stay where they are,
 * for nobody else takes one out. */
static size_t gather(struct verifier_unsettled *unsettled, struct verifier_settled *out)
{
    size_t num = 0;
    pthread_mutex_lock(&unsettled->lock);
    for (struct item *item = unsettled->first; item != NULL; item = item->next) {
        item->is_tried = num < VERIFIER_MAX_SETTLED;
        if (item->is_tried) {
            out[num++] = item->settled;
        }
    }
    pthread_mutex_unlock(&unsettled->lock);
    return num;
}

/* forget takes out those that were tried, where `tried` says so, and those that have ended. */
static void forget(struct verifier_unsettled *unsettled, bool tried, int64_t now_ms)
{
    pthread_mutex_lock(&unsettled->lock);
    for (struct item **at = &unsettled->first; *at != NULL;) {
        struct item *item = *at;
        if ((tried && item->is_tried) || now_ms > item->settled.expiry_ms + item->settled.ttl_ms) {
            *at = item->next;
            unsettled->num--;
            unsettled->octets -= item->octets;
            free(item);
        } else {
            at = &item->next;
        }
    }
    pthread_mutex_unlock(&unsettled->lock);
}

void verifier_unsettled_settle(struct verifier_unsettled *unsettled, struct verifier_store *store,
                               int64_t now_ms)
{
    struct verifier_settled some[VERIFIER_MAX_SETTLED];
    bool taken = true;
    forget(unsettled, false, now_ms);
    for (size_t num = gather(unsettled, some); taken && num != 0; num = gather(unsettled, some)) {
        taken = verifier_session_settle(store, some, num, NULL) == ATLS_OK;
        forget(unsettled, taken, now_ms);
    }
}
