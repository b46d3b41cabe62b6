/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/mutator.h"

#include "base/span.h"

#include <string.h>

struct maker {
    uint64_t state;
    const struct mutator_source *sources;
    size_t num_sources;
    size_t which;
    struct mutant *out;
};

/* SplitMix64 (Steele, Lea, Flood 2014): for choosing mutations, never for secrets. */
uint64_t mutator_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* below gives a number from 0 to limit - 1; 0 for a limit of 0. */
static size_t below(struct maker *m, size_t limit)
{
    return limit == 0 ? 0 : (size_t)(mutator_random(&m->state) % limit);
}

/* small is mostly 1 to 8, sometimes up to 64: that is where length mistakes are. */
static size_t small(struct maker *m)
{
    return 1 + below(m, below(m, 4) == 0 ? 64 : 8);
}

/* replace puts `with` in the place of `old_len` octets; what does not fit is left as it was. */
static bool replace(struct mutant *out, size_t at, size_t old_len, struct atls_bytes with)
{
    if (at > out->len || old_len > out->len - at ||
        with.len > MUTATOR_MAX_LEN - (out->len - old_len)) {
        return false;
    }
    uint8_t copy[MUTATOR_MAX_LEN]; /* `with` may lie in out->data */
    if (with.len != 0) {
        memcpy(copy, with.data, with.len);
    }
    memmove(&out->data[at + with.len], &out->data[at + old_len], out->len - at - old_len);
    if (with.len != 0) {
        memcpy(&out->data[at], copy, with.len);
    }
    out->len = out->len - old_len + with.len;
    return true;
}

static struct atls_bytes slice_of(struct maker *m, struct atls_bytes octets)
{
    const size_t at = below(m, octets.len);
    const size_t rest = octets.len - at;
    const size_t wanted = below(m, 3) == 0 ? below(m, rest + 1) : small(m);
    return atls_bytes_of(octets.len != 0 ? &octets.data[at] : octets.data,
                         wanted < rest ? wanted : rest);
}

static const struct mutator_source *any_source(struct maker *m)
{
    return &m->sources[below(m, m->num_sources)];
}

enum octet_operation {
    FLIP_BIT = 0,
    SET_OCTET,
    STEP_OCTET,
    STEP_LENGTH,
    INSERT,
    DELETE,
    DUPLICATE,
    SWAP,
    FILL,
    OVERWRITE,
    SPLICE,
    CUT,
    NUM_OCTET_OPERATIONS
};

/* step_length changes two octets as one number, as the length fields of a TPM are. */
static void step_length(struct maker *m, size_t from, size_t len)
{
    if (len < 2) {
        return;
    }
    uint8_t *at = &m->out->data[from + below(m, len - 1)];
    const unsigned step = below(m, 4) == 0 ? (unsigned)below(m, 65536) : 1;
    const unsigned number = (unsigned)at[0] << 8 | at[1];
    const unsigned changed = below(m, 2) == 0 ? number + step : number - step;
    at[0] = (uint8_t)(changed >> 8);
    at[1] = (uint8_t)changed;
}

static void swap_slices(struct maker *m, size_t from, size_t len)
{
    const size_t size = small(m);
    if (len < 2 * size) {
        return;
    }
    uint8_t held[64];
    uint8_t *a = &m->out->data[from + below(m, len - 2 * size + 1)];
    const size_t left = (size_t)(&m->out->data[from + len] - a) - 2 * size;
    uint8_t *b = a + size + below(m, left + 1);
    memcpy(held, a, size);
    memcpy(a, b, size);
    memcpy(b, held, size);
}

/* splice ends the mutant as another source ends, cut at the same place or at another. */
static void splice(struct maker *m, size_t from, size_t len)
{
    const struct atls_bytes other = any_source(m)->octets;
    const size_t at = from + below(m, len);
    const size_t cut = below(m, 2) == 0 ? at : below(m, other.len);
    if (cut < other.len) {
        replace(m->out, at, m->out->len - at, atls_bytes_of(&other.data[cut], other.len - cut));
    }
}

static void insert_random(struct maker *m, size_t at)
{
    uint8_t octets[64];
    const size_t len = small(m);
    for (size_t i = 0; i < len; i++) {
        octets[i] = (uint8_t)mutator_random(&m->state);
    }
    replace(m->out, at, 0, atls_bytes_of(octets, len));
}

/* change_octets changes something from `from` on, within `len` octets, and may change how many
 * they are. */
static void change_octets(struct maker *m, size_t from, size_t len)
{
    struct mutant *out = m->out;
    if (len == 0) {
        insert_random(m, from);
        return;
    }
    uint8_t *octet = &out->data[from + below(m, len)];
    const struct atls_bytes here = atls_bytes_of(&out->data[from], len);
    const struct atls_bytes slice = slice_of(m, here);
    const size_t at = (size_t)(slice.data - out->data);
    switch ((enum octet_operation)below(m, NUM_OCTET_OPERATIONS)) {
    case FLIP_BIT:
        *octet ^= (uint8_t)(1u << below(m, 8));
        return;
    case SET_OCTET:
        *octet = (uint8_t)mutator_random(&m->state);
        return;
    case STEP_OCTET:
        *octet = (uint8_t)(*octet + (below(m, 2) == 0 ? 1 : 255));
        return;
    case STEP_LENGTH:
        step_length(m, from, len);
        return;
    case INSERT:
        insert_random(m, from + below(m, len + 1));
        return;
    case DELETE:
        replace(out, at, slice.len, atls_bytes_of(slice.data, 0));
        return;
    case DUPLICATE:
        replace(out, from + below(m, len + 1), 0, slice);
        return;
    case SWAP:
        swap_slices(m, from, len);
        return;
    case FILL:
        memset(&out->data[at], below(m, 2) == 0 ? 0x00 : 0xff, slice.len);
        return;
    case OVERWRITE:
        replace(out, at, slice.len, slice_of(m, any_source(m)->octets));
        return;
    case SPLICE:
        splice(m, from, len);
        return;
    case CUT:
        out->len = at;
        return;
    case NUM_OCTET_OPERATIONS:
    default:
        return;
    }
}

/*
 * correct_around rewrites the heads of all items around sources[which]'s item `index`, whose own
 * octets grew by `grown` and which now counts as `members` more in the one around it.
 */
static void correct_around(struct maker *m, size_t index, long grown, int members)
{
    const struct shape *shape = &m->sources[m->which].shape;
    while (shape->items[index].parent != index) {
        index = shape->items[index].parent;
        const struct shape_item *around = &shape->items[index];
        uint64_t argument = around->argument;
        if (around->major == 2 || around->major == 3) {
            argument += (uint64_t)grown;
        } else if (around->major == 4 || around->major == 5) {
            argument += (uint64_t)(int64_t)members;
        }
        members = 0;
        uint8_t head[9];
        const size_t len = shape_head(head, around->major, argument);
        if (!replace(m->out, around->start, around->head_len, atls_bytes_of(head, len))) {
            return;
        }
        grown += (long)len - (long)around->head_len;
    }
}

/* in_map is true for a key or a value. A key stands right in front of its value. */
static bool in_map(const struct shape *shape, size_t index)
{
    const struct shape_item *item = &shape->items[index];
    return item->parent != index && shape->items[item->parent].major == 5;
}

static bool is_key(const struct shape_item *item)
{
    const size_t len = strlen(item->path);
    return len > 0 && item->path[len - 1] == '=';
}

/* pair_of gives the octets of an item, with its key where it is the value of a map. */
static struct atls_bytes pair_of(const struct mutator_source *source, size_t index)
{
    const struct shape_item *item = &source->shape.items[index];
    size_t start = item->start;
    if (in_map(&source->shape, index) && !is_key(item)) {
        start = source->shape.items[index - 1].start;
    }
    return atls_bytes_of(&source->octets.data[start], item->start + item->len - start);
}

enum item_operation {
    DELETE_ITEM = 0,
    REPEAT_ITEM,
    ITEM_OF_ANOTHER,
    SAME_ITEM_OF_ANOTHER,
    TINY_ITEM,
    CHANGE_HEAD,
    CHANGE_CONTENT,
    ADD_PAIR,
    LONGER_HEAD,
    INDEFINITE_HEAD,
    NUM_ITEM_OPERATIONS
};

static const uint8_t tiny_items[][4] = {
    {0x00}, {0x20}, {0x40}, {0x60}, {0x80}, {0xa0}, {0xf4}, {0xf6}, {0xf7}, {0xc0},
};

/* change_content spoils the octets of a string, or the number of a head, and nothing around. */
static long change_content(struct maker *m, const struct shape_item *item)
{
    struct mutant *out = m->out;
    const size_t before = out->len;
    const bool is_string = item->major == 2 || item->major == 3;
    const size_t len = is_string ? (size_t)item->argument : 0;
    if (!is_string) {
        change_octets(m, item->start, item->len);
        return (long)out->len - (long)before;
    }
    struct mutant inside;
    inside.len = len;
    memcpy(inside.data, &out->data[item->start + item->head_len], len);
    struct maker within = {m->state, m->sources, m->num_sources, m->which, &inside};
    change_octets(&within, 0, len);
    m->state = within.state;
    uint8_t head[9];
    const size_t head_len = shape_head(head, item->major, inside.len);
    if (!replace(out, item->start + item->head_len, len, atls_bytes_of(inside.data, inside.len)) ||
        !replace(out, item->start, item->head_len, atls_bytes_of(head, head_len))) {
        return 0;
    }
    return (long)out->len - (long)before;
}

static void change_head(struct maker *m, const struct shape_item *item)
{
    static const uint64_t numbers[] = {0,     1,     23,         24,        255,       256,
                                       65535, 65536, UINT32_MAX, INT64_MAX, UINT64_MAX};
    uint8_t head[9];
    const uint64_t step = below(m, 2) == 0 ? 1 : UINT64_MAX;
    const uint64_t argument =
        below(m, 2) == 0 ? item->argument + step : numbers[below(m, ATLS_ARRAY_LEN(numbers))];
    const unsigned major = below(m, 4) == 0 ? (unsigned)below(m, 8) : item->major;
    replace(m->out, item->start, item->head_len,
            atls_bytes_of(head, shape_head(head, major, argument)));
}

/* longer_head writes the same number in more octets, or none at all (`indefinite`). */
static void longer_head(struct maker *m, const struct shape_item *item, bool indefinite)
{
    uint8_t head[9] = {(uint8_t)(item->major << 5 | (indefinite ? 31 : 24 + below(m, 4)))};
    const size_t width = indefinite ? 0 : (size_t)1 << ((head[0] & 31) - 24);
    for (size_t i = 0; i < width; i++) {
        head[1 + i] = (uint8_t)(item->argument >> (8 * (width - 1 - i)));
    }
    const uint8_t stop = 0xff;
    if (indefinite && below(m, 2) == 0) {
        replace(m->out, item->start + item->len, 0, atls_bytes_of(&stop, 1));
    }
    replace(m->out, item->start, item->head_len, atls_bytes_of(head, 1 + width));
}

/* add_pair gives a map one more member, whose key nobody knows. */
static void add_pair(struct maker *m, size_t index)
{
    const struct shape_item *item = &m->sources[m->which].shape.items[index];
    if (item->major != 5) {
        return;
    }
    uint8_t pair[3] = {0x61, (uint8_t)('a' + below(m, 26)), 0};
    pair[2] = tiny_items[below(m, 8)][0];
    uint8_t head[9];
    const size_t at = below(m, 2) == 0 ? item->start + item->head_len : item->start + item->len;
    const size_t before = m->out->len;
    replace(m->out, at, 0, atls_bytes_of(pair, sizeof pair));
    replace(m->out, item->start, item->head_len,
            atls_bytes_of(head, shape_head(head, 5, item->argument + 1)));
    correct_around(m, index, (long)m->out->len - (long)before, 0);
}

/* exchange puts `with` in the place of some octets of item `index`. */
static void exchange(struct maker *m, size_t index, struct atls_bytes old, struct atls_bytes with,
                     int members)
{
    const struct atls_bytes original = m->sources[m->which].octets;
    const size_t at = (size_t)(old.data - original.data);
    if (replace(m->out, at, old.len, with) && below(m, 4) != 0) {
        correct_around(m, index, (long)with.len - (long)old.len, members);
    }
}

static void change_item(struct maker *m)
{
    const struct mutator_source *source = &m->sources[m->which];
    const size_t index = below(m, source->shape.num_items);
    const struct shape_item *item = &source->shape.items[index];
    const struct atls_bytes whole = atls_bytes_of(&source->octets.data[item->start], item->len);
    const struct atls_bytes pair = pair_of(source, index);
    const struct mutator_source *other = any_source(m);
    const struct shape_item *from = NULL;
    switch ((enum item_operation)below(m, NUM_ITEM_OPERATIONS)) {
    case DELETE_ITEM:
        exchange(m, index, pair, atls_bytes_of(pair.data, 0), -1);
        return;
    case REPEAT_ITEM:
        exchange(m, index, atls_bytes_of(pair.data, 0), pair, 1);
        return;
    case ITEM_OF_ANOTHER:
    case SAME_ITEM_OF_ANOTHER:
        if (!other->has_shape) {
            return;
        }
        from = below(m, 4) == 0 ? &other->shape.items[below(m, other->shape.num_items)]
                                : shape_find(&other->shape, item->path);
        if (from != NULL) {
            exchange(m, index, whole, atls_bytes_of(&other->octets.data[from->start], from->len),
                     0);
        }
        return;
    case TINY_ITEM:
        exchange(m, index, whole,
                 atls_bytes_of(tiny_items[below(m, ATLS_ARRAY_LEN(tiny_items))], 1), 0);
        return;
    case CHANGE_HEAD:
        change_head(m, item);
        return;
    case CHANGE_CONTENT: {
        const long grown = change_content(m, item);
        correct_around(m, index, grown, 0);
        return;
    }
    case ADD_PAIR:
        add_pair(m, index);
        return;
    case LONGER_HEAD:
        longer_head(m, item, false);
        return;
    case INDEFINITE_HEAD:
        longer_head(m, item, true);
        return;
    case NUM_ITEM_OPERATIONS:
    default:
        return;
    }
}

void mutator_make(struct mutant *out, uint64_t seed, const struct mutator_source *sources,
                  size_t num_sources, size_t which)
{
    struct maker m = {seed, sources, num_sources, which, out};
    const struct mutator_source *source = &sources[which];
    memcpy(out->data, source->octets.data, source->octets.len);
    out->len = source->octets.len;
    if (!source->has_shape && below(&m, 4) == 0) { /* JSON: where does a blank change nothing? */
        static const uint8_t blank = ' ';
        replace(out, below(&m, out->len + 1), 0, atls_bytes_of(&blank, 1));
        return;
    }
    const bool by_item = source->has_shape && below(&m, 3) != 0;
    if (by_item) {
        change_item(&m); /* first, while the shape is still that of the octets */
    }
    size_t more = by_item ? 0 : 1;
    while (below(&m, 3) == 0) {
        more++;
    }
    for (size_t i = 0; i < more; i++) {
        change_octets(&m, 0, out->len);
    }
}
