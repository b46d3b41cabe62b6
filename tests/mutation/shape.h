/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mutant is made of: every item of its CBOR with a path, found by a walker that shares no
 * code with the library, and that takes strict CBOR only (shortest form, definite lengths).
 *
 * Paths: [1] member of an array, {kid} {-7} value of a map, {kid}= its key, #18 content of a tag,
 * <> CBOR inside a byte string. "[1]<>{kat}{sig}" is the signature in a bundle in a CMW record.
 */
#ifndef MUTATION_SHAPE_H
#define MUTATION_SHAPE_H

#include "atls/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPE_MAX_ITEMS 256
#define SHAPE_MAX_DEPTH 16

struct shape_item {
    char path[96];
    size_t start, head_len, len; /* len: the whole item */
    unsigned major;
    uint64_t argument;
    size_t parent; /* index of the item around it; its own index: none */
    bool is_leaf;
};

struct shape {
    struct shape_item items[SHAPE_MAX_ITEMS];
    size_t num_items;
};

/* shape_of is false for what is not one strict CBOR item. `embedded` ends with NULL and names the
 * byte strings that hold CBOR, by their paths; "#" stands for the content of any outermost tag. */
bool shape_of(struct shape *out, struct atls_bytes octets, const char *const *embedded);

/* shape_find gives the item with that path; NULL when there is none. */
const struct shape_item *shape_find(const struct shape *shape, const char *path);

/* shape_head writes the head of an item in its shortest form, at most 9 octets. */
size_t shape_head(uint8_t out[9], unsigned major, uint64_t argument);

#endif
