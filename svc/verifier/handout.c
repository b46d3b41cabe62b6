/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/handout.h"

#include "base/span.h"

#include <pthread.h>
#include <stdlib.h>

struct item {
    struct verifier_handed handed; /* first: what is lent */
    unsigned references;           /* under the lock */
    uint8_t *octets;
    void *read;
};

struct verifier_handout {
    verifier_handout_free_function *release;
    pthread_mutex_t lock;
    struct item *item; /* NULL: none */
    uint64_t last;
};

struct verifier_handout *verifier_handout_new(verifier_handout_free_function *release)
{
    struct verifier_handout *handout = calloc(1, sizeof *handout);
    if (handout != NULL) {
        handout->release = release;
        pthread_mutex_init(&handout->lock, NULL);
    }
    return handout;
}

static void let_go(struct verifier_handout *handout, struct item *item)
{
    if (item == NULL) {
        return;
    }
    pthread_mutex_lock(&handout->lock);
    const bool last = --item->references == 0;
    pthread_mutex_unlock(&handout->lock);
    if (last) {
        handout->release(item->octets, item->handed.octets.len, item->read);
        free(item);
    }
}

void verifier_handout_free(struct verifier_handout *handout)
{
    if (handout != NULL) {
        let_go(handout, handout->item);
        pthread_mutex_destroy(&handout->lock);
        free(handout);
    }
}

enum atls_err verifier_handout_put(struct verifier_handout *handout, uint8_t *octets, size_t len,
                                   void *read, struct atls_diag *diag)
{
    struct item *item = calloc(1, sizeof *item);
    if (item == NULL) {
        handout->release(octets, len, read);
        return atls_fail(diag, ATLS_ERR_MEMORY, "handout", NULL);
    }
    item->references = 1;
    item->octets = octets;
    item->read = read;
    item->handed.octets = atls_bytes_of(octets, len);
    item->handed.read = read;
    pthread_mutex_lock(&handout->lock);
    struct item *before = handout->item;
    item->handed.number = ++handout->last;
    handout->item = item;
    pthread_mutex_unlock(&handout->lock);
    let_go(handout, before);
    return ATLS_OK;
}

const struct verifier_handed *verifier_handout_take(struct verifier_handout *handout)
{
    pthread_mutex_lock(&handout->lock);
    struct item *item = handout->item;
    if (item != NULL) {
        item->references++;
    }
    pthread_mutex_unlock(&handout->lock);
    return item != NULL ? &item->handed : NULL;
}

void verifier_handout_give_back(struct verifier_handout *handout,
                                const struct verifier_handed *handed)
{
    let_go(handout, (struct item *)(uintptr_t)handed);
}
