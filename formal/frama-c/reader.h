/* SPDX-License-Identifier: Apache-2.0 */
/* What src/base/reader.c promises: docs/proofs.md. */
#ifndef FORMAL_READER_H
#define FORMAL_READER_H

#include "base/reader.h"

/*@ // The octets that a reader counts are there, and its offsets do not wrap.
    predicate sound{L}(struct atls_reader *r) =
        \valid(r) && (r->left > 0 ==> \valid_read(r->data + (0 .. r->left - 1))) &&
        r->base + r->left <= SIZE_MAX;

    predicate moved{K, L}(struct atls_reader *r, integer len) =
        \at(r->data, L) == \at(r->data, K) + len && \at(r->left, L) == \at(r->left, K) - len &&
        \at(r->base, L) == \at(r->base, K) + len;

    logic integer big_endian{L}(uint8_t *p, integer len) =
        len <= 0 ? 0 : 256 * big_endian(p, len - 1) + p[len - 1];

    // 256 to the power of `len`
    logic integer above(integer len) =
        len <= 0 ? 1 : len == 1 ? 0x100 : len == 2 ? 0x10000 : len == 3 ? 0x1000000 :
        len == 4 ? 0x100000000 : len == 5 ? 0x10000000000 : len == 6 ? 0x1000000000000 :
        len == 7 ? 0x100000000000000 : 0x10000000000000000;
*/

/*@ requires input.len > 0 ==> \valid_read(input.data + (0 .. input.len - 1));
    assigns \nothing;
    ensures \result.data == input.data && \result.left == input.len && \result.base == 0;
*/
static inline struct atls_reader atls_reader_of(struct atls_bytes input);

/*@ requires sound(r) && \valid(out) && len <= 8;
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= len;
    ensures value: \result ==> moved{Pre, Post}(r, len) && *out < above(len) &&
                        *out == big_endian{Pre}(\old(r->data), len);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
static bool read_integer(struct atls_reader *r, size_t len, uint64_t *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= 1;
    ensures value: \result ==> moved{Pre, Post}(r, 1) && *out == \old(r->data[0]);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
static inline bool atls_read_u8(struct atls_reader *r, uint8_t *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= 2;
    ensures value: \result ==> moved{Pre, Post}(r, 2) && *out < above(2) &&
                        *out == big_endian{Pre}(\old(r->data), 2);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_u16(struct atls_reader *r, uint16_t *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= 3;
    ensures value: \result ==> moved{Pre, Post}(r, 3) && *out < above(3) &&
                        *out == big_endian{Pre}(\old(r->data), 3);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_u24(struct atls_reader *r, uint32_t *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= 4;
    ensures value: \result ==> moved{Pre, Post}(r, 4) && *out < above(4) &&
                        *out == big_endian{Pre}(\old(r->data), 4);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_u32(struct atls_reader *r, uint32_t *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= 8;
    ensures value: \result ==> moved{Pre, Post}(r, 8) && *out < above(8) &&
                        *out == big_endian{Pre}(\old(r->data), 8);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_u64(struct atls_reader *r, uint64_t *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= len;
    ensures value: \result ==> moved{Pre, Post}(r, len) && out->data == \old(r->data) &&
                               out->len == len;
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
static inline bool atls_read_bytes(struct atls_reader *r, size_t len, struct atls_bytes *out);

/*@ // opaque<min..max>: `octets` of length, and as many as it says
    predicate fits{L}(struct atls_reader *r, integer octets, integer min, integer max) =
        r->left >= octets && min <= big_endian(r->data, octets) <= max &&
        big_endian(r->data, octets) <= r->left - octets;
*/

/*@ requires sound(r) && \valid(out) && length_octets <= 3;
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> fits{Pre}(r, length_octets, min, max);
    ensures value: \result ==> out->data == \old(r->data) + length_octets &&
                        out->len == big_endian{Pre}(\old(r->data), length_octets) &&
                        moved{Pre, Post}(r, length_octets + out->len);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
static bool read_vector(struct atls_reader *r, size_t length_octets, size_t min, size_t max,
                        struct atls_bytes *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> fits{Pre}(r, 1, min, max);
    ensures value: \result ==> out->data == \old(r->data) + 1 && min <= out->len <= max &&
                        moved{Pre, Post}(r, 1 + out->len);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_vec8(struct atls_reader *r, size_t min, size_t max, struct atls_bytes *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> fits{Pre}(r, 2, min, max);
    ensures value: \result ==> out->data == \old(r->data) + 2 && min <= out->len <= max &&
                        moved{Pre, Post}(r, 2 + out->len);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_vec16(struct atls_reader *r, size_t min, size_t max, struct atls_bytes *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> fits{Pre}(r, 3, min, max);
    ensures value: \result ==> out->data == \old(r->data) + 3 && min <= out->len <= max &&
                        moved{Pre, Post}(r, 3 + out->len);
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_vec24(struct atls_reader *r, size_t min, size_t max, struct atls_bytes *out);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> fits{Pre}(r, 2, min, max);
    ensures value: \result ==> sound(out) && min <= out->left <= max &&
                        moved{Pre, Post}(r, 2 + out->left) &&
                        out->data == \old(r->data) + 2 && out->base == \old(r->base) + 2;
    ensures kept: !\result ==> *r == \old(*r) && *out == \old(*out);
*/
bool atls_read_sub16(struct atls_reader *r, size_t min, size_t max, struct atls_reader *out);

/*@ requires \valid_read(r);
    assigns \nothing;
    ensures \result == r->base;
*/
static inline size_t atls_reader_offset(const struct atls_reader *r);

/*@ requires \valid_read(r);
    assigns \nothing;
    ensures end: \result <==> r->left == 0;
*/
bool atls_read_end(const struct atls_reader *r);

#endif
