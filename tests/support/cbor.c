/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cbor.h"

#include "base/span.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct atls_bytes test_fill(uint8_t octet, size_t len)
{
    const struct atls_buf room = test_room(len);
    if (len != 0) {
        memset(room.data, octet, len);
    }
    return atls_bytes_of(room.data, len);
}

/* A writer with room for `len` octets and a head. */
static struct atls_writer writer_for(size_t len)
{
    return atls_writer_of(test_room(len + 16));
}

static struct atls_bytes finish(const struct atls_writer *w)
{
    size_t len = 0;
    if (!atls_writer_finish(w, &len)) {
        fprintf(stderr, "a test input does not fit its room\n");
        exit(1);
    }
    return test_copy(atls_bytes_of(w->data, len));
}

struct atls_bytes test_cbor_int(int64_t value)
{
    struct atls_writer w = writer_for(0);
    atls_cbor_put_int(&w, value);
    return finish(&w);
}

struct atls_bytes test_cbor_text(const char *text)
{
    struct atls_writer w = writer_for(strlen(text));
    atls_cbor_put_str(&w, text);
    return finish(&w);
}

struct atls_bytes test_cbor_bytes(struct atls_bytes octets)
{
    struct atls_writer w = writer_for(octets.len);
    atls_cbor_put_bytes(&w, octets);
    return finish(&w);
}

struct atls_bytes test_cbor_fill(uint8_t octet, size_t len)
{
    return test_cbor_bytes(test_fill(octet, len));
}

void test_map_add(struct test_map *map, struct atls_bytes key, struct atls_bytes value)
{
    if (map->num_pairs == TEST_MAX_PAIRS) {
        fprintf(stderr, "a test map is full\n");
        exit(1);
    }
    map->key[map->num_pairs] = key;
    map->value[map->num_pairs] = value;
    map->num_pairs++;
}

void test_map_set(struct test_map *map, struct atls_bytes key, struct atls_bytes value)
{
    for (size_t i = 0; i < map->num_pairs; i++) {
        if (atls_bytes_equal(map->key[i], key)) {
            map->value[i] = value;
            return;
        }
    }
    test_map_add(map, key, value);
}

void test_map_drop(struct test_map *map, struct atls_bytes key)
{
    for (size_t i = 0; i < map->num_pairs; i++) {
        if (atls_bytes_equal(map->key[i], key)) {
            const size_t behind = map->num_pairs - i - 1;
            memmove(&map->key[i], &map->key[i + 1], behind * sizeof map->key[0]);
            memmove(&map->value[i], &map->value[i + 1], behind * sizeof map->value[0]);
            map->num_pairs--;
            return;
        }
    }
    fprintf(stderr, "a test map has no such key\n");
    exit(1);
}

struct atls_bytes test_map_encode(const struct test_map *map)
{
    size_t len = 0;
    for (size_t i = 0; i < map->num_pairs; i++) {
        len += map->key[i].len + map->value[i].len;
    }
    struct atls_writer w = writer_for(len);
    atls_cbor_put_map(&w, map->num_pairs);
    for (size_t i = 0; i < map->num_pairs; i++) {
        atls_cbor_put_encoded(&w, map->key[i]);
        atls_cbor_put_encoded(&w, map->value[i]);
    }
    return finish(&w);
}

struct atls_bytes test_array_encode(const struct atls_bytes *items, size_t num_items)
{
    size_t len = 0;
    for (size_t i = 0; i < num_items; i++) {
        len += items[i].len;
    }
    struct atls_writer w = writer_for(len);
    atls_cbor_put_array(&w, num_items);
    for (size_t i = 0; i < num_items; i++) {
        atls_cbor_put_encoded(&w, items[i]);
    }
    return finish(&w);
}
