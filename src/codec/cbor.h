/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR (RFC 8949), strict: definite lengths, shortest form, valid UTF-8, no duplicate map keys,
 * depth at most ATLS_MAX_CBOR_DEPTH (tags count), no trailing octets. No heap, no recursion, and
 * time that no input of n octets can drive beyond n log n; about 3 KiB of stack.
 *
 * Reading has two steps. atls_cbor_parse() checks the whole input once and gives its first item;
 * after that the accessors only walk octets that are known to be well-formed, so a `false` from
 * them means "not there" or "of another type", never "malformed". Items borrow the input.
 *
 * Floats, simple values and negative integers below INT64_MIN are items like others, but no typed
 * view takes them. A float may have any of its three widths.
 */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

#include "atls/bytes.h"
#include "atls/error.h"
#include "base/compiler.h"
#include "base/writer.h"

enum atls_cbor_type {
    ATLS_CBOR_UINT = 0,
    ATLS_CBOR_NEGINT = 1, /* the value is -1 - argument */
    ATLS_CBOR_BYTES = 2,
    ATLS_CBOR_TEXT = 3,
    ATLS_CBOR_ARRAY = 4, /* argument: number of members */
    ATLS_CBOR_MAP = 5,   /* argument: number of pairs */
    ATLS_CBOR_TAG = 6,   /* argument: tag number */
    ATLS_CBOR_SIMPLE = 7 /* argument: 20 false, 21 true, 22 null, 23 undefined; floats below */
};

struct atls_cbor {
    enum atls_cbor_type type;
    uint8_t float_width;       /* 2, 4 or 8 when the item is a float (bits in `argument`); else 0 */
    uint64_t argument;         /* of an indefinite array or map: counted */
    struct atls_bytes content; /* strings: their octets; array, map, tag: the encoded members */
    struct atls_bytes encoded; /* the whole item as received: what was signed or hashed */
};

/*
 * What a profile may allow beyond the strict form. Never allowed: strings in chunks, and anything
 * but the strict form in a map key, so that equal keys are equal octets. All maps that are open at
 * one point may have ATLS_MAX_CBOR_KEYS keys together.
 */
enum atls_cbor_flags {
    ATLS_CBOR_STRICT = 0,
    ATLS_CBOR_ALLOW_INDEFINITE = 1, /* Nitro writes indefinite maps */
    ATLS_CBOR_ALLOW_LONG_FORM = 2,  /* arguments that are not in the shortest form */
    ATLS_CBOR_ALLOW_TRAILING =
        4 /* more octets after the first item: `encoded` says where it ends */
};

/*
 * atls_cbor_parse checks `input` and gives its one item. ATLS_ERR_MALFORMED with the offset in
 * `diag` otherwise. `what` names the thing in the sentence, such as "PSA token payload".
 */
ATLS_NODISCARD enum atls_err atls_cbor_parse(struct atls_cbor *out, struct atls_bytes input,
                                             unsigned flags, const char *what,
                                             struct atls_diag *diag);

/* Typed views: false when the item is of another type or outside the range. */
ATLS_NODISCARD bool atls_cbor_u64(const struct atls_cbor *item, uint64_t *out);
ATLS_NODISCARD bool atls_cbor_int(const struct atls_cbor *item, int64_t *out);
ATLS_NODISCARD bool atls_cbor_bool(const struct atls_cbor *item, bool *out);
ATLS_NODISCARD bool atls_cbor_bytes(const struct atls_cbor *item, size_t min, size_t max,
                                    struct atls_bytes *out);
ATLS_NODISCARD bool atls_cbor_text(const struct atls_cbor *item, size_t min, size_t max,
                                   struct atls_bytes *out);
bool atls_cbor_is_null(const struct atls_cbor *item);
bool atls_cbor_is_text(const struct atls_cbor *item, const char *text);
/* atls_cbor_tag gives the item inside tag `number`. */
ATLS_NODISCARD bool atls_cbor_tag(const struct atls_cbor *item, uint64_t number,
                                  struct atls_cbor *out);

/* Members of an array, or keys and values of a map, one after the other. */
struct atls_cbor_iter {
    struct atls_bytes rest;
    uint64_t left; /* items (a map has two a pair) */
};
struct atls_cbor_iter atls_cbor_members(const struct atls_cbor *array_or_map);
ATLS_NODISCARD bool atls_cbor_next(struct atls_cbor_iter *iter, struct atls_cbor *out);
ATLS_NODISCARD bool atls_cbor_next_pair(struct atls_cbor_iter *iter, struct atls_cbor *key,
                                        struct atls_cbor *value);
/* atls_cbor_at gives member `index` of an array. */
ATLS_NODISCARD bool atls_cbor_at(const struct atls_cbor *array, uint64_t index,
                                 struct atls_cbor *out);

/* Looking up a label; false when it is absent or `map` is no map. */
ATLS_NODISCARD bool atls_cbor_get(const struct atls_cbor *map, int64_t label,
                                  struct atls_cbor *out);
ATLS_NODISCARD bool atls_cbor_get_text(const struct atls_cbor *map, const char *label,
                                       struct atls_cbor *out);

/* Writing, in the shortest form, on the sticky writer of base/. Map keys are written in the order
 * of the calls; who wants deterministic CBOR (RFC 8949, 4.2.1) calls in that order. */
void atls_cbor_put_uint(struct atls_writer *w, uint64_t value);
void atls_cbor_put_int(struct atls_writer *w, int64_t value);
void atls_cbor_put_bytes(struct atls_writer *w, struct atls_bytes octets);
void atls_cbor_put_text(struct atls_writer *w, struct atls_bytes text);
void atls_cbor_put_str(struct atls_writer *w, const char *text);
void atls_cbor_put_array(struct atls_writer *w, uint64_t members);
void atls_cbor_put_map(struct atls_writer *w, uint64_t pairs);
void atls_cbor_put_tag(struct atls_writer *w, uint64_t number);
void atls_cbor_put_bool(struct atls_writer *w, bool value);
void atls_cbor_put_null(struct atls_writer *w);
/* atls_cbor_put_encoded copies an item that is encoded already. */
void atls_cbor_put_encoded(struct atls_writer *w, struct atls_bytes encoded);
/* atls_cbor_put_bytes_head writes only the head of a byte string of `len` octets. */
void atls_cbor_put_bytes_head(struct atls_writer *w, uint64_t len);

#endif
