/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/shape.h"

#include "base/span.h"

#include <stdio.h>
#include <string.h>

enum { BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6, SIMPLE = 7 };

struct walk {
    struct shape *shape;
    struct atls_bytes octets;
    const char *const *embedded;
    size_t at;
};

size_t shape_head(uint8_t out[9], unsigned major, uint64_t argument)
{
    const size_t len = argument < 24            ? 0
                       : argument <= UINT8_MAX  ? 1
                       : argument <= UINT16_MAX ? 2
                       : argument <= UINT32_MAX ? 4
                                                : 8;
    const uint8_t info = len == 0   ? (uint8_t)argument
                         : len == 1 ? 24
                         : len == 2 ? 25
                         : len == 4 ? 26
                                    : 27;
    out[0] = (uint8_t)(major << 5 | info);
    for (size_t i = 0; i < len; i++) {
        out[1 + i] = (uint8_t)(argument >> (8 * (len - 1 - i)));
    }
    return 1 + len;
}

/* read_head is false for reserved and longer forms, indefinite lengths, and past `end`. */
static bool read_head(struct walk *w, size_t end, struct shape_item *item)
{
    static const size_t widths[] = {1, 2, 4, 8};
    if (w->at >= end) {
        return false;
    }
    const uint8_t first = w->octets.data[w->at];
    const unsigned info = first & 31;
    const size_t width = info < 24 ? 0 : info < 28 ? widths[info - 24] : SIZE_MAX;
    if (width == SIZE_MAX || end - w->at - 1 < width) {
        return false;
    }
    uint64_t argument = width == 0 ? info : 0;
    for (size_t i = 0; i < width; i++) {
        argument = argument << 8 | w->octets.data[w->at + 1 + i];
    }
    uint8_t shortest[9];
    item->major = first >> 5;
    item->argument = argument;
    item->head_len = 1 + width;
    const bool is_float = item->major == SIMPLE && width > 1;
    if (!is_float && shape_head(shortest, item->major, argument) != item->head_len) {
        return false;
    }
    w->at += item->head_len;
    return true;
}

static bool is_embedded(const struct walk *w, const char *path)
{
    for (size_t i = 0; w->embedded[i] != NULL; i++) {
        const bool any_tag = strcmp(w->embedded[i], "#") == 0;
        if (any_tag ? path[0] == '#' && strpbrk(&path[1], "[{<#") == NULL
                    : strcmp(path, w->embedded[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool walk_item(struct walk *w, size_t end, const char *path, size_t parent, size_t depth);

/* name_key writes {number}, {text} or {=hex}; false where it does not fit. */
static bool name_key(char out[96], const char *path, const struct shape *shape, size_t key,
                     struct atls_bytes octets)
{
    const struct shape_item *item = &shape->items[key];
    const int room = 96;
    int len = 0;
    if (item->major == 0) {
        len = snprintf(out, (size_t)room, "%s{%llu}", path, (unsigned long long)item->argument);
    } else if (item->major == 1 && item->argument < INT64_MAX) {
        len =
            snprintf(out, (size_t)room, "%s{-%llu}", path, (unsigned long long)item->argument + 1);
    } else if (item->major == TEXT) {
        len = snprintf(out, (size_t)room, "%s{%.*s}", path, (int)(item->len - item->head_len),
                       (const char *)&octets.data[item->start + item->head_len]);
    } else {
        len = snprintf(out, (size_t)room, "%s{=%zu}", path, item->start);
    }
    return len > 0 && len < room;
}

static bool walk_map(struct walk *w, size_t end, uint64_t pairs, const char *path, size_t parent,
                     size_t depth)
{
    for (uint64_t i = 0; i < pairs; i++) {
        char name[96];
        const size_t key = w->shape->num_items;
        if (!walk_item(w, end, "", parent, depth) ||
            !name_key(name, path, w->shape, key, w->octets)) {
            return false;
        }
        /* The key is not an item by itself in comparisons: its value's path says it. */
        snprintf(w->shape->items[key].path, sizeof w->shape->items[key].path, "%.94s=", name);
        if (!walk_item(w, end, name, parent, depth)) {
            return false;
        }
    }
    return true;
}

static bool walk_array(struct walk *w, size_t end, uint64_t members, const char *path,
                       size_t parent, size_t depth)
{
    for (uint64_t i = 0; i < members; i++) {
        char name[96];
        const int len = snprintf(name, sizeof name, "%s[%llu]", path, (unsigned long long)i);
        if (len < 0 || (size_t)len >= sizeof name || !walk_item(w, end, name, parent, depth)) {
            return false;
        }
    }
    return true;
}

static bool walk_inside(struct walk *w, size_t end, struct shape_item *item, size_t index,
                        const char *path, size_t depth)
{
    char name[96];
    switch (item->major) {
    case BYTES:
    case TEXT: {
        if (item->argument > end - w->at) {
            return false;
        }
        const size_t inner_end = w->at + (size_t)item->argument;
        if (item->major == BYTES && is_embedded(w, path)) {
            snprintf(name, sizeof name, "%.90s<>", path);
            item->is_leaf = false;
            return walk_item(w, inner_end, name, index, depth) && w->at == inner_end;
        }
        w->at = inner_end;
        return true;
    }
    case ARRAY:
    case MAP:
        item->is_leaf = item->argument == 0;
        return item->major == ARRAY ? walk_array(w, end, item->argument, path, index, depth)
                                    : walk_map(w, end, item->argument, path, index, depth);
    case TAG:
        item->is_leaf = false;
        snprintf(name, sizeof name, "%.70s#%llu", path, (unsigned long long)item->argument);
        return walk_item(w, end, name, index, depth);
    default:
        return true;
    }
}

static bool walk_item(struct walk *w, size_t end, const char *path, size_t parent, size_t depth)
{
    if (w->shape->num_items == SHAPE_MAX_ITEMS || depth == SHAPE_MAX_DEPTH) {
        return false;
    }
    const size_t index = w->shape->num_items++;
    struct shape_item *item = &w->shape->items[index];
    memset(item, 0, sizeof *item);
    snprintf(item->path, sizeof item->path, "%s", path);
    item->start = w->at;
    item->parent = parent == SIZE_MAX ? index : parent;
    item->is_leaf = true;
    if (!read_head(w, end, item) || !walk_inside(w, end, item, index, path, depth + 1)) {
        return false;
    }
    item->len = w->at - item->start;
    return true;
}

bool shape_of(struct shape *out, struct atls_bytes octets, const char *const *embedded)
{
    struct walk w = {out, octets, embedded, 0};
    out->num_items = 0;
    return walk_item(&w, octets.len, "", SIZE_MAX, 0) && w.at == octets.len;
}

const struct shape_item *shape_find(const struct shape *shape, const char *path)
{
    for (size_t i = 0; i < shape->num_items; i++) {
        if (strcmp(shape->items[i].path, path) == 0) {
            return &shape->items[i];
        }
    }
    return NULL;
}
