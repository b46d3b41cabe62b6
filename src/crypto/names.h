/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of octets, and small tables of them: what was found out of octets, and stays true of them
 * for ever, is kept under their hash. So another octet, key or kind is another name, and nothing is
 * mistaken for what once was at the same address.
 */
#ifndef CRYPTO_NAMES_H
#define CRYPTO_NAMES_H

#include "base/span.h"

/* SHA-256. */
struct atls_octets_name {
    uint8_t octets[32];
};

/* atls_octets_name gives the name of `parts`, each with its length before it, for one use
 * of them: `kind` is of that use alone. False when there is no hash: go on without. */
bool atls_octets_name(struct atls_octets_name *out, const char *kind,
                      const struct atls_bytes *parts, size_t num);

struct atls_names_entry {
    struct atls_octets_name name;
    uint64_t used; /* 0: empty */
};
/* `num` entries, all zero at first. Who has a table has a lock for it. */
struct atls_names {
    struct atls_names_entry *entries;
    size_t num;
    uint64_t uses;
};

/* atls_names_find gives the index of a name, which was used now; names->num when it is not there.
 */
size_t atls_names_find(struct atls_names *names, const struct atls_octets_name *name);
/* atls_names_keep puts a name that is not there in place of what was not used for the longest time,
 * and gives its index. */
size_t atls_names_keep(struct atls_names *names, const struct atls_octets_name *name);
void atls_names_clear(struct atls_names *names);

#endif
