/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR items (RFC 8949) that nobody checked. */
#include "inspect/value_form.h"

#include "base/reader.h"
#include "base/span.h"
#include "codec/cbor_head.h"

/* Containers inside one another; what is deeper is BROKEN. */
#define MAX_DEPTH 64

/* half_bits gives a float of 16 bits as one of 64 (RFC 8949, appendix D; IEEE 754): the same
 * sign, the exponent with another bias, the fraction in the upper bits. */
static uint64_t half_bits(uint64_t half)
{
    const uint64_t exponent = half >> 10 & 0x1f;
    const uint64_t wide = exponent == 31 ? 0x7ff : exponent - 15 + 1023;
    return (half >> 15 & 1) << 63 | wide << 52 | (half & 0x3ff) << 42;
}

static double float_value(const struct atls_cbor_head *head)
{
    union {
        uint32_t bits;
        float value;
    } single;
    union {
        uint64_t bits;
        double value;
    } twice;
    switch (head->float_width) {
    case 2:
        if ((head->argument >> 10 & 0x1f) == 0) { /* subnormal: fraction * 2^-24 */
            twice.value = (double)(head->argument & 0x3ff) / 16777216.0;
            return (head->argument & 0x8000) != 0 ? -twice.value : twice.value;
        }
        twice.bits = half_bits(head->argument);
        return twice.value;
    case 4:
        single.bits = (uint32_t)head->argument;
        return (double)single.value;
    default:
        twice.bits = head->argument;
        return twice.value;
    }
}

/* What is open while the end of an item is looked for. */
struct open {
    uint64_t left;
    bool indefinite;
};

/* close_full drops containers that have all their members. */
static void close_full(struct open *stack, size_t *depth)
{
    while (*depth > 0 && !stack[*depth - 1].indefinite && stack[*depth - 1].left == 0) {
        (*depth)--;
    }
}

static bool is_break(const struct atls_cbor_head *head)
{
    return head->type == ATLS_CBOR_SIMPLE && head->indefinite;
}

/* members_of gives how many items follow a head inside it. */
static uint64_t members_of(const struct atls_cbor_head *head)
{
    switch (head->type) {
    case ATLS_CBOR_TAG:
        return 1;
    case ATLS_CBOR_ARRAY:
        return head->argument;
    case ATLS_CBOR_MAP:
        return head->argument > UINT64_MAX / 2 ? UINT64_MAX : 2 * head->argument;
    case ATLS_CBOR_UINT:
    case ATLS_CBOR_NEGINT:
    case ATLS_CBOR_BYTES:
    case ATLS_CBOR_TEXT:
    case ATLS_CBOR_SIMPLE:
    default:
        return 0;
    }
}

static bool is_string(const struct atls_cbor_head *head)
{
    return head->type == ATLS_CBOR_BYTES || head->type == ATLS_CBOR_TEXT;
}

/* skip_string moves past the octets of a string; false when the input ends before. */
static bool skip_string(struct atls_reader *r, uint64_t len)
{
    struct atls_bytes skipped;
    return len <= r->left && atls_read_bytes(r, (size_t)len, &skipped);
}

/* skip_members moves to the end of the container that `head` began; false when the input ends, or
 * makes no sense, before. */
static bool skip_members(struct atls_reader *r, const struct atls_cbor_head *head)
{
    struct open stack[MAX_DEPTH];
    size_t depth = 0;
    stack[depth++] = (struct open){members_of(head), head->indefinite};
    close_full(stack, &depth);
    while (depth > 0) {
        struct atls_cbor_head item;
        struct open *top = &stack[depth - 1];
        if (!atls_cbor_head_read(r, &item)) {
            return false;
        }
        if (is_break(&item)) {
            if (!top->indefinite) {
                return false;
            }
            depth--;
        } else {
            top->left -= top->indefinite ? 0 : 1;
            if (is_string(&item) && !item.indefinite) {
                if (!skip_string(r, item.argument)) {
                    return false;
                }
            } else if (item.indefinite || members_of(&item) != 0) {
                if (depth == MAX_DEPTH) {
                    return false;
                }
                stack[depth++] = (struct open){members_of(&item), item.indefinite};
            }
        }
        close_full(stack, &depth);
    }
    return true;
}

static enum inspect_type type_of(const struct atls_cbor_head *head)
{
    static const enum inspect_type types[] = {
        [ATLS_CBOR_UINT] = INSPECT_UINT,   [ATLS_CBOR_NEGINT] = INSPECT_NEGINT,
        [ATLS_CBOR_BYTES] = INSPECT_BYTES, [ATLS_CBOR_TEXT] = INSPECT_TEXT,
        [ATLS_CBOR_ARRAY] = INSPECT_ARRAY, [ATLS_CBOR_MAP] = INSPECT_MAP,
        [ATLS_CBOR_TAG] = INSPECT_TAG,     [ATLS_CBOR_SIMPLE] = INSPECT_SIMPLE,
    };
    if (head->type != ATLS_CBOR_SIMPLE) {
        return types[head->type];
    }
    if (head->float_width != 0) {
        return INSPECT_FLOAT;
    }
    switch (head->argument) {
    case 20:
    case 21:
        return INSPECT_BOOL;
    case 22:
        return INSPECT_NULL;
    default:
        return INSPECT_SIMPLE;
    }
}

/* read_inside finds where a string or container ends, and cuts it where the input does. */
static void read_inside(struct inspect_value *v, const struct atls_cbor_head *head,
                        struct atls_bytes octets, struct atls_reader r)
{
    const size_t start = atls_reader_offset(&r);
    if (is_string(head) && !head->indefinite) {
        v->cut = head->argument > r.left;
        v->content = inspect_part(octets, start, v->cut ? r.left : (size_t)head->argument);
        v->encoded = inspect_part(octets, 0, start + v->content.len);
        return;
    }
    v->cut = !skip_members(&r, head);
    const size_t end = v->cut ? octets.len : atls_reader_offset(&r);
    const size_t closing = head->indefinite && !v->cut ? 1 : 0; /* the break */
    v->content = inspect_part(octets, start, end - start - closing);
    v->encoded = inspect_part(octets, 0, end);
}

struct inspect_value inspect_value_cbor(struct atls_bytes octets)
{
    struct inspect_value v = {.form = INSPECT_CBOR, .encoded = octets};
    struct atls_reader r = atls_reader_of(octets);
    struct atls_cbor_head head;
    if (!atls_cbor_head_read(&r, &head) || is_break(&head)) {
        return v;
    }
    /* Only strings, arrays and maps may lack a length (RFC 8949, 3.2.1). */
    if (head.indefinite && !is_string(&head) && head.type != ATLS_CBOR_ARRAY &&
        head.type != ATLS_CBOR_MAP) {
        return v;
    }
    v.type = type_of(&head);
    v.indefinite = head.indefinite;
    v.argument = v.type == INSPECT_BOOL ? head.argument - 20 : head.argument;
    v.real = v.type == INSPECT_FLOAT ? float_value(&head) : 0;
    if (is_string(&head) || head.indefinite || head.type == ATLS_CBOR_ARRAY ||
        head.type == ATLS_CBOR_MAP || head.type == ATLS_CBOR_TAG) {
        read_inside(&v, &head, octets, r);
    } else {
        v.encoded = inspect_part(octets, 0, atls_reader_offset(&r));
    }
    return v;
}
