/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/names.h"

#include "crypto/crypto_internal.h"

bool atls_octets_name(struct atls_octets_name *out, const char *kind,
                      const struct atls_bytes *parts, size_t num)
{
    struct atls_hash state;
    struct atls_digest digest;
    if (atls_ossl_hash_init(&state, ATLS_ALG_SHA256) != ATLS_OK) {
        return false;
    }
    bool done = atls_ossl_hash_update(&state, atls_bytes_of(kind, strlen(kind) + 1)) == ATLS_OK;
    for (size_t i = 0; done && i < num; i++) {
        const uint64_t len = parts[i].len;
        done = atls_ossl_hash_update(&state, atls_bytes_of(&len, sizeof len)) == ATLS_OK &&
               (len == 0 || atls_ossl_hash_update(&state, parts[i]) == ATLS_OK);
    }
    done =
        done && atls_ossl_hash_peek(&state, &digest) == ATLS_OK && digest.len == sizeof out->octets;
    atls_ossl_hash_cleanup(&state);
    if (done) {
        memcpy(out->octets, digest.data, sizeof out->octets);
    }
    return done;
}

static struct atls_bytes octets_of(const struct atls_octets_name *name)
{
    return atls_bytes_of(name->octets, sizeof name->octets);
}

size_t atls_names_find(struct atls_names *names, const struct atls_octets_name *name)
{
    for (size_t i = 0; i < names->num; i++) {
        struct atls_names_entry *entry = &names->entries[i];
        if (entry->used != 0 && atls_bytes_equal(octets_of(&entry->name), octets_of(name))) {
            entry->used = ++names->uses;
            return i;
        }
    }
    return names->num;
}

size_t atls_names_keep(struct atls_names *names, const struct atls_octets_name *name)
{
    size_t oldest = 0;
    for (size_t i = 1; i < names->num; i++) {
        if (names->entries[i].used < names->entries[oldest].used) {
            oldest = i;
        }
    }
    names->entries[oldest] = (struct atls_names_entry){.name = *name, .used = ++names->uses};
    return oldest;
}

void atls_names_clear(struct atls_names *names)
{
    memset(names->entries, 0, names->num * sizeof *names->entries);
}
