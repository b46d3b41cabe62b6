/* SPDX-License-Identifier: Apache-2.0 */
/* The accessors: they walk octets that atls_cbor_parse has found well-formed. */
#include "codec/cbor.h"

#include "atls/limits.h"
#include "base/reader.h"
#include "base/span.h"
#include "codec/cbor_head.h"
#include "codec/cbor_item.h"

/* The members of an indefinite container: more than any input can hold, so counting down from it
 * never gets to 0, and only the break ends it. */
#define INDEFINITE UINT64_MAX

static bool is_string(enum atls_cbor_type type)
{
    return type == ATLS_CBOR_BYTES || type == ATLS_CBOR_TEXT;
}

static bool is_container(enum atls_cbor_type type)
{
    return type == ATLS_CBOR_ARRAY || type == ATLS_CBOR_MAP || type == ATLS_CBOR_TAG;
}

static bool is_break(const struct atls_cbor_head *head)
{
    return head->type == ATLS_CBOR_SIMPLE && head->indefinite;
}

/* num_members gives how many items follow the head: INDEFINITE where a break says so. */
static uint64_t num_members(const struct atls_cbor_head *head)
{
    if (!is_container(head->type)) {
        return 0;
    }
    if (head->indefinite) {
        return INDEFINITE;
    }
    if (head->type == ATLS_CBOR_TAG) {
        return 1;
    }
    return head->type == ATLS_CBOR_MAP ? 2 * head->argument : head->argument;
}

static bool skip_string(struct atls_reader *r, const struct atls_cbor_head *head)
{
    struct atls_bytes content;
    return !is_string(head->type) ||
           (head->argument <= SIZE_MAX && atls_read_bytes(r, (size_t)head->argument, &content));
}

/* skip_item moves past one item, whatever is nested in it. */
static bool skip_item(struct atls_reader *r)
{
    uint64_t left[ATLS_MAX_CBOR_DEPTH];
    size_t depth = 0;
    do {
        struct atls_cbor_head head;
        if (!atls_cbor_head_read(r, &head) || !skip_string(r, &head)) {
            return false;
        }
        const uint64_t members = num_members(&head);
        if (members != 0) {
            if (depth == ATLS_MAX_CBOR_DEPTH) {
                return false;
            }
            left[depth++] = members;
            continue;
        }
        if (is_break(&head)) {
            if (depth == 0) {
                return false;
            }
            depth--;
        }
        /* One item is complete, and with it each container that it is the last member of. */
        while (depth > 0 && --left[depth - 1] == 0) {
            depth--;
        }
    } while (depth > 0);
    return true;
}

/* at_break is true when the next octet ends an indefinite container. */
static bool at_break(const struct atls_reader *r)
{
    return r->left > 0 && r->data[0] == ATLS_CBOR_BREAK;
}

/* read_members moves past the members; an indefinite container's are counted in *out_num. */
static bool read_members(struct atls_reader *r, const struct atls_cbor_head *head,
                         struct atls_bytes *out_content, uint64_t *out_num)
{
    const uint8_t *start = r->data;
    const size_t left_at_start = r->left;
    const uint64_t expected = num_members(head);
    uint64_t num = 0;
    while (num < expected && !(head->indefinite && at_break(r))) {
        if (!skip_item(r)) {
            return false;
        }
        num++;
    }
    *out_content = atls_bytes_of(start, left_at_start - r->left);
    *out_num = num;
    struct atls_cbor_head stop;
    return !head->indefinite || atls_cbor_head_read(r, &stop);
}

bool atls_cbor_item_read(struct atls_reader *r, struct atls_cbor *out)
{
    struct atls_reader ahead = *r; /* committed only when the whole item is there */
    struct atls_cbor_head head;
    if (!atls_cbor_head_read(&ahead, &head) || is_break(&head)) {
        return false;
    }
    struct atls_cbor item = {
        .type = head.type, .argument = head.argument, .float_width = head.float_width};
    if (is_string(head.type)) {
        if (head.argument > SIZE_MAX ||
            !atls_read_bytes(&ahead, (size_t)head.argument, &item.content)) {
            return false;
        }
    } else if (is_container(head.type)) {
        uint64_t num = 0;
        if (!read_members(&ahead, &head, &item.content, &num)) {
            return false;
        }
        if (head.indefinite) {
            item.argument = head.type == ATLS_CBOR_MAP ? num / 2 : num;
        }
    }
    item.encoded = atls_bytes_of(r->data, r->left - ahead.left);
    *r = ahead;
    *out = item;
    return true;
}

bool atls_cbor_u64(const struct atls_cbor *item, uint64_t *out)
{
    if (item->type != ATLS_CBOR_UINT) {
        return false;
    }
    *out = item->argument;
    return true;
}

bool atls_cbor_int(const struct atls_cbor *item, int64_t *out)
{
    if (item->argument > INT64_MAX) {
        return false;
    }
    if (item->type == ATLS_CBOR_UINT) {
        *out = (int64_t)item->argument;
        return true;
    }
    if (item->type == ATLS_CBOR_NEGINT) {
        *out = -1 - (int64_t)item->argument;
        return true;
    }
    return false;
}

static bool is_simple(const struct atls_cbor *item, uint64_t value)
{
    return item->type == ATLS_CBOR_SIMPLE && item->float_width == 0 && item->argument == value;
}

bool atls_cbor_bool(const struct atls_cbor *item, bool *out)
{
    if (!is_simple(item, 20) && !is_simple(item, 21)) {
        return false;
    }
    *out = is_simple(item, 21);
    return true;
}

static bool get_string(const struct atls_cbor *item, enum atls_cbor_type type, size_t min,
                       size_t max, struct atls_bytes *out)
{
    if (item->type != type || item->content.len < min || item->content.len > max) {
        return false;
    }
    *out = item->content;
    return true;
}

bool atls_cbor_bytes(const struct atls_cbor *item, size_t min, size_t max, struct atls_bytes *out)
{
    return get_string(item, ATLS_CBOR_BYTES, min, max, out);
}

bool atls_cbor_text(const struct atls_cbor *item, size_t min, size_t max, struct atls_bytes *out)
{
    return get_string(item, ATLS_CBOR_TEXT, min, max, out);
}

bool atls_cbor_is_null(const struct atls_cbor *item)
{
    return is_simple(item, 22);
}

bool atls_cbor_is_text(const struct atls_cbor *item, const char *text)
{
    return item->type == ATLS_CBOR_TEXT && atls_bytes_is_text(item->content, text);
}

bool atls_cbor_tag(const struct atls_cbor *item, uint64_t number, struct atls_cbor *out)
{
    if (item->type != ATLS_CBOR_TAG || item->argument != number) {
        return false;
    }
    struct atls_reader r = atls_reader_of(item->content);
    return atls_cbor_item_read(&r, out);
}

struct atls_cbor_iter atls_cbor_members(const struct atls_cbor *array_or_map)
{
    struct atls_cbor_iter iter = {{NULL, 0}, 0};
    if (array_or_map->type == ATLS_CBOR_ARRAY) {
        iter.rest = array_or_map->content;
        iter.left = array_or_map->argument;
    } else if (array_or_map->type == ATLS_CBOR_MAP) {
        iter.rest = array_or_map->content;
        iter.left = 2 * array_or_map->argument;
    }
    return iter;
}

bool atls_cbor_next(struct atls_cbor_iter *iter, struct atls_cbor *out)
{
    struct atls_reader r = atls_reader_of(iter->rest);
    if (iter->left == 0 || !atls_cbor_item_read(&r, out)) {
        return false;
    }
    iter->rest = atls_bytes_of(r.data, r.left);
    iter->left--;
    return true;
}

bool atls_cbor_next_pair(struct atls_cbor_iter *iter, struct atls_cbor *key,
                         struct atls_cbor *value)
{
    struct atls_cbor_iter ahead = *iter; /* a pair is read whole or not at all */
    struct atls_cbor first;
    struct atls_cbor second;
    if (!atls_cbor_next(&ahead, &first) || !atls_cbor_next(&ahead, &second)) {
        return false;
    }
    *iter = ahead;
    *key = first;
    *value = second;
    return true;
}

bool atls_cbor_at(const struct atls_cbor *array, uint64_t index, struct atls_cbor *out)
{
    if (array->type != ATLS_CBOR_ARRAY || index >= array->argument) {
        return false;
    }
    struct atls_cbor_iter iter = atls_cbor_members(array);
    struct atls_cbor member;
    for (uint64_t i = 0; i <= index; i++) {
        if (!atls_cbor_next(&iter, &member)) {
            return false;
        }
    }
    *out = member;
    return true;
}

/* is_label is true when the item with this head is the integer `label`. */
static bool is_label(const struct atls_cbor_head *head, int64_t label)
{
    const struct atls_cbor key = {.type = head->type, .argument = head->argument};
    int64_t number = 0;
    return atls_cbor_int(&key, &number) && number == label;
}

/* The keys of most maps are integers, and one head each: only the value that is asked for is read
 * as an item. */
bool atls_cbor_get(const struct atls_cbor *map, int64_t label, struct atls_cbor *out)
{
    if (map->type != ATLS_CBOR_MAP) {
        return false;
    }
    struct atls_reader r = atls_reader_of(map->content);
    for (uint64_t left = map->argument; left > 0; left--) {
        struct atls_reader ahead = r;
        struct atls_cbor_head head;
        if (!atls_cbor_head_read(&ahead, &head)) {
            return false;
        }
        if (is_label(&head, label)) {
            return atls_cbor_item_read(&ahead, out);
        }
        if (!skip_item(&r)) { /* the key, whatever it is */
            return false;
        }
        if (!skip_item(&r)) { /* its value */
            return false;
        }
    }
    return false;
}

bool atls_cbor_get_text(const struct atls_cbor *map, const char *label, struct atls_cbor *out)
{
    struct atls_cbor_iter iter = atls_cbor_members(map);
    struct atls_cbor key;
    struct atls_cbor value;
    while (map->type == ATLS_CBOR_MAP && atls_cbor_next_pair(&iter, &key, &value)) {
        if (atls_cbor_is_text(&key, label)) {
            *out = value;
            return true;
        }
    }
    return false;
}
