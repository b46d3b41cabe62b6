/* SPDX-License-Identifier: Apache-2.0 */
#include "support/memory.h"

#include "base/span.h"

#include <stdio.h>
#include <stdlib.h>

struct block {
    struct block *next;
    uint8_t *data;
};
static struct block *blocks;

static void free_blocks(void)
{
    while (blocks != NULL) {
        struct block *next = blocks->next;
        free(blocks->data);
        free(blocks);
        blocks = next;
    }
}

struct atls_buf test_room(size_t cap)
{
    if (blocks == NULL) {
        atexit(free_blocks);
    }
    struct block *block = malloc(sizeof *block);
    uint8_t *data = malloc(cap);
    if (block == NULL || (data == NULL && cap != 0)) {
        fprintf(stderr, "no memory for a test input\n");
        exit(1);
    }
    block->next = blocks;
    block->data = data;
    blocks = block;
    struct atls_buf room = {data, cap};
    return room;
}

struct atls_bytes test_copy(struct atls_bytes octets)
{
    const struct atls_buf room = test_room(octets.len);
    if (octets.len != 0) {
        memcpy(room.data, octets.data, octets.len);
    }
    return atls_bytes_of(room.data, octets.len);
}

static unsigned nibble(char c, const char *hex)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A') + 10;
    }
    fprintf(stderr, "not hex: %s\n", hex);
    exit(1);
}

struct atls_bytes test_hex(const char *hex)
{
    const struct atls_buf room = test_room(strlen(hex) / 2 + 1);
    size_t digits = 0;
    for (const char *at = hex; *at != '\0'; at++) {
        if (*at == ' ' || *at == '\n') {
            continue;
        }
        const unsigned value = nibble(*at, hex);
        uint8_t *octet = &room.data[digits / 2];
        *octet = (uint8_t)(digits % 2 == 0 ? value << 4 : *octet | value);
        digits++;
    }
    if (digits % 2 != 0) {
        fprintf(stderr, "an odd number of digits: %s\n", hex);
        exit(1);
    }
    return test_copy(atls_bytes_of(room.data, digits / 2));
}
