/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of chains: what was read and verified of certain octets stays true of them for ever, so
 * it is kept; whether it may be used today is asked again each time.
 *
 * One for the process, since sets of endorsements come and go in a Verifier. The lock is only
 * tried: whoever finds it taken reads the chain himself, so nothing waits, and a child that was
 * forked while it was held works on.
 */
#include "crypto/chain.h"

#include "crypto/chain_internal.h"
#include "crypto/names.h"

#include <pthread.h>

/* Machines that one Relying Party sees again within a while, and little memory: 10 KiB each. */
#define NUM_ENTRIES 64

static struct atls_names_entry entries[NUM_ENTRIES];
static struct atls_chain *chains[NUM_ENTRIES]; /* of the entry with the same index */
static struct atls_names names = {.entries = entries, .num = NUM_ENTRIES};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* find gives a reference, or NULL. */
static struct atls_chain *find(const struct atls_octets_name *name)
{
    if (pthread_mutex_trylock(&lock) != 0) {
        return NULL;
    }
    const size_t at = atls_names_find(&names, name);
    struct atls_chain *chain = at < names.num ? atls_chain_share(chains[at]) : NULL;
    pthread_mutex_unlock(&lock);
    return chain;
}

/* keep takes a reference, in place of the chain that was not used for the longest time. */
static void keep(const struct atls_octets_name *name, struct atls_chain *chain)
{
    if (pthread_mutex_trylock(&lock) != 0) {
        return;
    }
    struct atls_chain *old = NULL;
    if (atls_names_find(&names, name) == names.num) { /* else another thread was first */
        const size_t at = atls_names_keep(&names, name);
        old = chains[at];
        chains[at] = atls_chain_share(chain);
    }
    pthread_mutex_unlock(&lock);
    atls_chain_release(old);
}

struct atls_chain *atls_chain_recall(const struct atls_bytes *certs, size_t num,
                                     const struct atls_chain_profile *profile)
{
    struct atls_octets_name name;
    return num <= ATLS_MAX_CHAIN && atls_octets_name(&name, profile->name, certs, num) ? find(&name)
                                                                                       : NULL;
}

enum atls_err atls_chain_obtain(struct atls_chain **out, const struct atls_bytes *certs, size_t num,
                                const struct atls_chain_profile *profile, struct atls_diag *diag)
{
    struct atls_octets_name name;
    if (num > ATLS_MAX_CHAIN || !atls_octets_name(&name, profile->name, certs, num)) {
        return atls_chain_read(out, certs, num, profile, diag);
    }
    struct atls_chain *chain = find(&name);
    if (chain == NULL) {
        const enum atls_err err = atls_chain_read(&chain, certs, num, profile, diag);
        if (err != ATLS_OK) {
            return err;
        }
        keep(&name, chain);
    }
    *out = chain;
    return ATLS_OK;
}

void atls_chain_cache_clear(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < NUM_ENTRIES; i++) {
        atls_chain_release(chains[i]);
        chains[i] = NULL;
    }
    atls_names_clear(&names);
    pthread_mutex_unlock(&lock);
}
