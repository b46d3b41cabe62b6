/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR items for test inputs, each in memory of its own (link room_codec). */
#ifndef SUPPORT_CBOR_H
#define SUPPORT_CBOR_H

#include "codec/cbor.h"

struct atls_bytes test_cbor_int(int64_t value);
struct atls_bytes test_cbor_text(const char *text);
struct atls_bytes test_cbor_bytes(struct atls_bytes octets);
/* test_cbor_fill gives a byte string of `len` octets, all of them `octet`. */
struct atls_bytes test_cbor_fill(uint8_t octet, size_t len);
/* test_fill gives `len` octets, all of them `octet`. */
struct atls_bytes test_fill(uint8_t octet, size_t len);

/* A map under construction: encoded keys and values, in the order in which they were set. */
#define TEST_MAX_PAIRS 32
struct test_map {
    struct atls_bytes key[TEST_MAX_PAIRS];
    struct atls_bytes value[TEST_MAX_PAIRS];
    size_t num_pairs;
};

/* test_map_set replaces the value of a key, or adds it; test_map_add adds it in any case, so that
 * a key can stand twice. */
void test_map_set(struct test_map *map, struct atls_bytes key, struct atls_bytes value);
void test_map_add(struct test_map *map, struct atls_bytes key, struct atls_bytes value);
void test_map_drop(struct test_map *map, struct atls_bytes key);
struct atls_bytes test_map_encode(const struct test_map *map);
/* test_array_encode puts the head of an array in front of encoded items. */
struct atls_bytes test_array_encode(const struct atls_bytes *items, size_t num_items);

#endif
