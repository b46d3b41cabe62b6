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

#include "base/span.h"
#include "crypto/chain_internal.h"
#include "crypto/crypto_internal.h"

#include <pthread.h>

/* Machines that one Relying Party sees again within a while, and little memory: 10 KiB each. */
#define NUM_ENTRIES 64

static struct entry {
    struct atls_digest name;
    struct atls_chain *chain; /* NULL: empty */
    uint64_t used;
} entries[NUM_ENTRIES];
static uint64_t uses;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* digest_of names a chain: its profile, and each certificate with its length before it. */
static bool digest_of(struct atls_digest *out, const struct atls_bytes *certs, size_t num,
                      const struct atls_chain_profile *profile)
{
    struct atls_hash state;
    if (atls_ossl_hash_init(&state, ATLS_ALG_SHA256) != ATLS_OK) {
        return false;
    }
    const struct atls_bytes name = atls_bytes_of(profile->name, strlen(profile->name) + 1);
    bool done = atls_ossl_hash_update(&state, name) == ATLS_OK;
    for (size_t i = 0; done && i < num; i++) {
        const uint64_t len = certs[i].len;
        done = atls_ossl_hash_update(&state, atls_bytes_of(&len, sizeof len)) == ATLS_OK &&
               (len == 0 || atls_ossl_hash_update(&state, certs[i]) == ATLS_OK);
    }
    done = done && atls_ossl_hash_peek(&state, out) == ATLS_OK;
    atls_ossl_hash_cleanup(&state);
    return done;
}

static bool is(const struct entry *entry, const struct atls_digest *name)
{
    return entry->chain != NULL && atls_bytes_equal(atls_bytes_of(entry->name.data, name->len),
                                                    atls_bytes_of(name->data, name->len));
}

/* find gives a reference, or NULL. */
static struct atls_chain *find(const struct atls_digest *name)
{
    struct atls_chain *chain = NULL;
    if (pthread_mutex_trylock(&lock) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < NUM_ENTRIES && chain == NULL; i++) {
        if (is(&entries[i], name)) {
            entries[i].used = ++uses;
            chain = atls_chain_share(entries[i].chain);
        }
    }
    pthread_mutex_unlock(&lock);
    return chain;
}

/* keep takes a reference, in place of the chain that was not used for the longest time. */
static void keep(const struct atls_digest *name, struct atls_chain *chain)
{
    if (pthread_mutex_trylock(&lock) != 0) {
        return;
    }
    struct entry *oldest = &entries[0];
    for (size_t i = 0; i < NUM_ENTRIES; i++) {
        if (is(&entries[i], name)) {
            oldest = NULL; /* another thread was first */
            break;
        }
        if (entries[i].used < oldest->used) {
            oldest = &entries[i];
        }
    }
    struct atls_chain *old = NULL;
    if (oldest != NULL) {
        old = oldest->chain;
        oldest->name = *name;
        oldest->chain = atls_chain_share(chain);
        oldest->used = ++uses;
    }
    pthread_mutex_unlock(&lock);
    atls_chain_release(old);
}

enum atls_err atls_chain_obtain(struct atls_chain **out, const struct atls_bytes *certs, size_t num,
                                const struct atls_chain_profile *profile, struct atls_diag *diag)
{
    struct atls_digest name;
    if (num > ATLS_MAX_CHAIN || !digest_of(&name, certs, num, profile)) {
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
        atls_chain_release(entries[i].chain);
        entries[i] = (struct entry){.used = 0};
    }
    pthread_mutex_unlock(&lock);
}
