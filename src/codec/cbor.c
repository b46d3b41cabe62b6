/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one check of a whole CBOR input (RFC 8949), before any accessor looks at it.
 *
 * A container that is not yet complete has a frame on a stack of fixed depth. The keys of all open
 * maps are on a second stack of fixed size, those of the innermost map on top; when that map
 * closes, its keys are compared and dropped. So the work is one pass over the input and, where
 * keys do not come in order, one sort for each map: O(n log n) whatever the peer sends.
 *
 * A map key is always held to the strict form, even where the flags allow another elsewhere:
 * then two keys are equal exactly if their octets are.
 */
#include "codec/cbor.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/reader.h"
#include "base/span.h"
#include "base/utf8.h"
#include "codec/cbor_head.h"
#include "codec/cbor_item.h"

struct frame {
    uint64_t left;    /* members still to come; of no meaning when indefinite */
    uint64_t members; /* so far; a pair of a map is two */
    size_t start;     /* offset of the head */
    size_t num_outer_keys;
    bool is_map;
    bool indefinite;
    bool in_key; /* part of some map's key */
};

struct key {
    uint32_t start; /* ATLS_MAX_CBOR_LEN fits */
    uint32_t len;
};

struct check {
    struct atls_bytes input;
    struct atls_reader r;
    unsigned flags;
    size_t depth;
    struct frame frames[ATLS_MAX_CBOR_DEPTH];
    size_t num_keys;
    struct key keys[ATLS_MAX_CBOR_KEYS];
    /* why it was refused */
    size_t offset;
    const char *found;
    const char *expected;
};

/*@ requires \valid(c);
    assigns c->offset, c->found, c->expected;
    ensures !\result; */
static bool refuse(struct check *c, size_t offset, const char *found, const char *expected)
{
    c->offset = offset;
    c->found = found;
    c->expected = expected;
    return false;
}

/* innermost gives the frame of the innermost open container; there is one iff depth > 0. */
/*@ requires \valid_read(c) && 1 <= c->depth <= ATLS_MAX_CBOR_DEPTH;
    assigns \nothing;
    ensures \result == &c->frames[c->depth - 1]; */
static struct frame *innermost(struct check *c)
{
    return &c->frames[c->depth - 1];
}

/* in_key is true when the item that comes next is a map key, or lies inside one. */
/*@ requires \valid_read(c) && c->depth <= ATLS_MAX_CBOR_DEPTH;
    assigns \nothing; */
static bool in_key(struct check *c)
{
    if (c->depth == 0) {
        return false;
    }
    const struct frame *frame = innermost(c);
    return frame->in_key || (frame->is_map && frame->members % 2 == 0);
}

/* compare_keys is a total order: by length, then by octets. */
static int compare_keys(const struct check *c, const struct key *a, const struct key *b)
{
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }
    return memcmp(&c->input.data[a->start], &c->input.data[b->start], a->len);
}

/* sift moves keys[root] down to its place in a heap of `num` keys, the largest at the top. */
static void sift(const struct check *c, struct key *keys, size_t root, size_t num)
{
    for (size_t child = 2 * root + 1; child < num; child = 2 * root + 1) {
        if (child + 1 < num && compare_keys(c, &keys[child], &keys[child + 1]) < 0) {
            child++;
        }
        if (compare_keys(c, &keys[root], &keys[child]) >= 0) {
            return;
        }
        const struct key larger = keys[child];
        keys[child] = keys[root];
        keys[root] = larger;
        root = child;
    }
}

/* sort_keys is a heap sort: no recursion, no storage, and no input that makes it slow. */
static void sort_keys(const struct check *c, struct key *keys, size_t num)
{
    for (size_t i = num / 2; i > 0; i--) {
        sift(c, keys, i - 1, num);
    }
    for (size_t last = num; last > 1; last--) {
        const struct key largest = keys[0];
        keys[0] = keys[last - 1];
        keys[last - 1] = largest;
        sift(c, keys, 0, last - 1);
    }
}

/* are_ascending is false, with the later key in *out_at, where keys do not strictly ascend. */
static bool are_ascending(const struct check *c, const struct key *keys, size_t num, size_t *out_at)
{
    for (size_t i = 1; i < num; i++) {
        if (compare_keys(c, &keys[i - 1], &keys[i]) >= 0) {
            const uint32_t before = keys[i - 1].start;
            *out_at = keys[i].start > before ? keys[i].start : before;
            return false;
        }
    }
    return true;
}

/* close_container drops the innermost frame; of a map it first compares the keys. */
static bool close_container(struct check *c)
{
    const struct frame *frame = innermost(c);
    struct key *keys = &c->keys[frame->num_outer_keys];
    const size_t num = c->num_keys - frame->num_outer_keys;
    size_t at = 0;
    if (!are_ascending(c, keys, num, &at)) { /* only canonical maps come in this order */
        sort_keys(c, keys, num);
        if (!are_ascending(c, keys, num, &at)) {
            return refuse(c, at, "a map key that occurs twice", "distinct keys");
        }
    }
    c->num_keys = frame->num_outer_keys;
    c->depth--;
    return true;
}

/* add_key notes the key that began at `start` and ends here. */
static bool add_key(struct check *c, size_t start)
{
    if (c->num_keys == ATLS_MAX_CBOR_KEYS) {
        return refuse(c, start, "maps with too many pairs", "at most 256 keys in open maps");
    }
    const struct key key = {(uint32_t)start, (uint32_t)(atls_reader_offset(&c->r) - start)};
    c->keys[c->num_keys++] = key;
    return true;
}

/* complete counts the item that began at `start` in its container, and closes every definite
 * container that it is the last member of. */
static bool complete(struct check *c, size_t start)
{
    while (c->depth > 0) {
        struct frame *frame = innermost(c);
        const bool is_key = frame->is_map && frame->members % 2 == 0;
        if (is_key && !add_key(c, start)) {
            return false;
        }
        frame->members++;
        if (frame->indefinite) {
            return true;
        }
        frame->left--;
        if (frame->left > 0) {
            return true;
        }
        start = frame->start;
        if (!close_container(c)) {
            return false;
        }
    }
    return true;
}

/* close_at_break handles 0xff, which ends the innermost container if that is indefinite. */
static bool close_at_break(struct check *c, size_t at)
{
    const struct frame *frame = c->depth > 0 ? innermost(c) : NULL;
    if (frame == NULL || !frame->indefinite) {
        return refuse(c, at, "a break outside of an indefinite item", "an item");
    }
    if (frame->is_map && frame->members % 2 != 0) {
        return refuse(c, at, "a break after a map key", "the value of the key");
    }
    const size_t start = frame->start;
    return close_container(c) && complete(c, start);
}

/*@ requires \valid(c) && \valid_read(head) && \separated(c, head);
    assigns c->offset, c->found, c->expected;
    ensures strict: \result ==> head->type == ATLS_CBOR_ARRAY || head->type == ATLS_CBOR_MAP;
    ensures strict: \result ==> flags != ATLS_CBOR_STRICT; */
static bool check_indefinite(struct check *c, const struct atls_cbor_head *head, size_t at,
                             unsigned flags)
{
    if (head->type != ATLS_CBOR_ARRAY && head->type != ATLS_CBOR_MAP) {
        return refuse(c, at, "an indefinite length", "a definite one (chunked strings too)");
    }
    if ((flags & ATLS_CBOR_ALLOW_INDEFINITE) == 0) {
        return refuse(c, at, "an indefinite length", "a definite one");
    }
    return true;
}

/* In the strict form a number or a length has one form, and a container says how many it has. */
/*@ requires \valid(c) && c->depth <= ATLS_MAX_CBOR_DEPTH && c->r.base >= at;
    requires \valid_read(head) && \separated(c, head);
    assigns c->offset, c->found, c->expected;
    ensures strict: \result && c->flags == ATLS_CBOR_STRICT ==>
            !head->indefinite && (head->type == ATLS_CBOR_SIMPLE || head->shortest);
    ensures simple: \result && head->type == ATLS_CBOR_SIMPLE && !head->indefinite &&
                    c->r.base - at == 2 ==> head->argument >= 32; */
static bool check_head(struct check *c, const struct atls_cbor_head *head, size_t at)
{
    const unsigned flags = in_key(c) ? (unsigned)ATLS_CBOR_STRICT : c->flags;
    if (head->indefinite) {
        return check_indefinite(c, head, at, flags);
    }
    if (head->type == ATLS_CBOR_SIMPLE) {
        /* RFC 8949, 3.3: two octets for a simple value below 32 are not well-formed. */
        if (atls_reader_offset(&c->r) - at == 2 && head->argument < 32) {
            return refuse(c, at, "a simple value below 32 in two octets", "one octet");
        }
        return true;
    }
    if (!head->shortest && (flags & ATLS_CBOR_ALLOW_LONG_FORM) == 0) {
        return refuse(c, at, "a number or length in a longer form", "the shortest form");
    }
    return true;
}

static bool check_string(struct check *c, const struct atls_cbor_head *head, size_t at)
{
    struct atls_bytes content;
    if (head->argument > SIZE_MAX || !atls_read_bytes(&c->r, (size_t)head->argument, &content)) {
        return refuse(c, at, "a string that goes past the end", "all its octets");
    }
    if (head->type == ATLS_CBOR_TEXT && !atls_utf8_is_valid(content)) {
        return refuse(c, at, "text that is not UTF-8", "valid UTF-8");
    }
    return true;
}

/* num_members of a container or tag; false where the octets that are left cannot hold so many. */
static bool num_members(struct check *c, const struct atls_cbor_head *head, uint64_t *out)
{
    const uint64_t each = head->type == ATLS_CBOR_MAP ? 2 : 1;
    const uint64_t num = head->type == ATLS_CBOR_TAG ? 1 : head->argument;
    if (num > c->r.left / each) { /* a member has an octet at least */
        return false;
    }
    *out = num * each;
    return true;
}

/* open_container pushes a frame, or completes the item at once if it has no members. */
static bool open_container(struct check *c, const struct atls_cbor_head *head, size_t at)
{
    struct frame frame = {
        .start = at,
        .num_outer_keys = c->num_keys,
        .is_map = head->type == ATLS_CBOR_MAP,
        .indefinite = head->indefinite,
        .in_key = in_key(c),
    };
    if (c->depth == ATLS_MAX_CBOR_DEPTH) {
        return refuse(c, at, "nesting that is too deep", "at most 16 levels");
    }
    if (!head->indefinite) {
        if (!num_members(c, head, &frame.left)) {
            return refuse(c, at, "more members than octets", "all members");
        }
        if (frame.left == 0) {
            return complete(c, at);
        }
    }
    c->frames[c->depth++] = frame;
    return true;
}

static bool check_one(struct check *c)
{
    const size_t at = atls_reader_offset(&c->r);
    struct atls_cbor_head head;
    if (!atls_cbor_head_read(&c->r, &head)) {
        return refuse(c, at, c->r.left == 0 ? "the end" : "a cut or reserved head", "an item");
    }
    if (head.type == ATLS_CBOR_SIMPLE && head.indefinite) {
        return close_at_break(c, at);
    }
    if (!check_head(c, &head, at)) {
        return false;
    }
    switch (head.type) {
    case ATLS_CBOR_BYTES:
    case ATLS_CBOR_TEXT:
        return check_string(c, &head, at) && complete(c, at);
    case ATLS_CBOR_ARRAY:
    case ATLS_CBOR_MAP:
    case ATLS_CBOR_TAG:
        return open_container(c, &head, at);
    case ATLS_CBOR_UINT:
    case ATLS_CBOR_NEGINT:
    case ATLS_CBOR_SIMPLE:
    default:
        return complete(c, at);
    }
}

static bool check_all(struct check *c)
{
    do {
        if (!check_one(c)) {
            return false;
        }
    } while (c->depth > 0);
    if (!atls_read_end(&c->r) && (c->flags & ATLS_CBOR_ALLOW_TRAILING) == 0) {
        return refuse(c, atls_reader_offset(&c->r), "octets after the item", "the end");
    }
    return true;
}

enum atls_err atls_cbor_parse(struct atls_cbor *out, struct atls_bytes input, unsigned flags,
                              const char *what, struct atls_diag *diag)
{
    if (input.len > ATLS_MAX_CBOR_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, what, "CBOR", "too many octets",
                               "at most 4 MiB");
    }
    struct check c;
    c.input = input;
    c.r = atls_reader_of(input);
    c.flags = flags;
    c.depth = 0;
    c.num_keys = 0;
    if (!check_all(&c)) {
        atls_fail_at(diag, ATLS_ERR_MALFORMED, what, "CBOR", c.offset, c.expected);
        atls_diag_found_text(diag, c.found);
        return ATLS_ERR_MALFORMED;
    }
    struct atls_reader again = atls_reader_of(input);
    struct atls_cbor item;
    if (!atls_cbor_item_read(&again, &item)) {
        return atls_fail(diag, ATLS_ERR_MALFORMED, what, "CBOR"); /* not after check_all */
    }
    *out = item;
    return ATLS_OK;
}
