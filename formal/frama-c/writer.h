/* SPDX-License-Identifier: Apache-2.0 */
/* What src/base/writer.c promises: docs/proofs.md. */
#ifndef FORMAL_WRITER_H
#define FORMAL_WRITER_H

#include "base/writer.h"

/*@ // What was written fits what there is, which is all writable; without a buffer it only counts.
    predicate sound_writer{L}(struct atls_writer *w) =
        \valid(w) && w->len <= w->cap &&
        (w->data != \null && w->cap > 0 ==> \valid(w->data + (0 .. w->cap - 1))) &&
        (w->data != \null ==> \separated(w, w->data + (0 .. w->cap - 1)));

    // Nothing but the end of the writer is new: `len` octets more, or a failure.
    predicate wrote{K, L}(struct atls_writer *w, integer len) =
        \at(w->data, L) == \at(w->data, K) && \at(w->cap, L) == \at(w->cap, K) &&
        (\at(w->failed, K) || len > \at(w->cap, K) - \at(w->len, K)
             ? \at(w->failed, L) && \at(w->len, L) == \at(w->len, K)
             : !\at(w->failed, L) && \at(w->len, L) == \at(w->len, K) + len);

    // Octets that can be read and are not those that are written.
    predicate source{L}(struct atls_writer *w, uint8_t *data, integer len) =
        len > 0 ==> \valid_read(data + (0 .. len - 1)) && \separated(w, data + (0 .. len - 1)) &&
                    (w->data != \null ==>
                         \separated(w->data + (0 .. w->cap - 1), data + (0 .. len - 1)));
*/

/*@ requires out.data != \null && out.cap > 0 ==> \valid(out.data + (0 .. out.cap - 1));
    assigns \nothing;
    ensures \result.data == out.data && \result.len == 0 && !\result.failed;
    ensures \result.cap == (out.data == \null && out.cap != SIZE_MAX ? 0 : out.cap);
*/
struct atls_writer atls_writer_of(struct atls_buf out);

/*@ assigns \nothing;
    ensures \result.data == \null && \result.cap == SIZE_MAX && \result.len == 0 &&
            !\result.failed;
*/
struct atls_writer atls_writer_counting(void);

/*@ requires sound_writer(w) && source(w, data, len);
    assigns w->len, w->failed, w->data[w->len .. w->len + len - 1];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, len);
    ensures written: !w->failed && w->data != \null ==>
            \forall integer i; 0 <= i < len ==> w->data[\old(w->len) + i] == data[i];
*/
static void put(struct atls_writer *w, const uint8_t *data, size_t len);

/*@ requires sound_writer(w) && 1 <= octets <= 8;
    assigns w->len, w->failed, w->data[w->len .. w->len + octets - 1];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, octets);
*/
static void put_integer(struct atls_writer *w, uint64_t value, size_t octets);

/*@ requires sound_writer(w);
    assigns w->len, w->failed, w->data[w->len];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, 1);
*/
void atls_write_u8(struct atls_writer *w, uint8_t value);

/*@ requires sound_writer(w);
    assigns w->len, w->failed, w->data[w->len .. w->len + 1];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, 2);
*/
void atls_write_u16(struct atls_writer *w, uint16_t value);

/*@ requires sound_writer(w);
    assigns w->len, w->failed, w->data[w->len .. w->len + 2];
    ensures sound_writer(w);
    ensures bounded: value <= 0xffffff ==> wrote{Pre, Post}(w, 3);
    ensures limit: value > 0xffffff ==> w->failed && w->len == \old(w->len);
*/
void atls_write_u24(struct atls_writer *w, uint32_t value);

/*@ requires sound_writer(w);
    assigns w->len, w->failed, w->data[w->len .. w->len + 3];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, 4);
*/
void atls_write_u32(struct atls_writer *w, uint32_t value);

/*@ requires sound_writer(w);
    assigns w->len, w->failed, w->data[w->len .. w->len + 7];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, 8);
*/
void atls_write_u64(struct atls_writer *w, uint64_t value);

/*@ requires sound_writer(w) && source(w, bytes.data, bytes.len);
    assigns w->len, w->failed, w->data[w->len .. w->len + bytes.len - 1];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, bytes.len);
    ensures written: !w->failed && w->data != \null ==>
            \forall integer i; 0 <= i < bytes.len ==> w->data[\old(w->len) + i] == bytes.data[i];
*/
void atls_write_bytes(struct atls_writer *w, struct atls_bytes bytes);

/*@ requires sound_writer(w) && source(w, bytes.data, bytes.len);
    requires 1 <= length_octets <= 3 && longest <= 0xffffff;
    assigns w->len, w->failed, w->data[w->len .. w->len + length_octets + bytes.len - 1];
    ensures sound_writer(w);
    ensures limit: !w->failed ==> !\old(w->failed) && bytes.len <= longest &&
                           w->len == \old(w->len) + length_octets + bytes.len;
    ensures limit: bytes.len > longest ==> w->failed && w->len == \old(w->len);
*/
static void put_vector(struct atls_writer *w, struct atls_bytes bytes, size_t length_octets,
                       size_t longest);

/*@ requires sound_writer(w) && source(w, bytes.data, bytes.len);
    assigns w->len, w->failed, w->data[w->len .. w->len + bytes.len];
    ensures sound_writer(w);
    ensures limit: !w->failed ==> bytes.len <= 0xff && w->len == \old(w->len) + 1 + bytes.len;
*/
void atls_write_vec8(struct atls_writer *w, struct atls_bytes bytes);

/*@ requires sound_writer(w) && source(w, bytes.data, bytes.len);
    assigns w->len, w->failed, w->data[w->len .. w->len + 1 + bytes.len];
    ensures sound_writer(w);
    ensures limit: !w->failed ==> bytes.len <= 0xffff && w->len == \old(w->len) + 2 + bytes.len;
*/
void atls_write_vec16(struct atls_writer *w, struct atls_bytes bytes);

/*@ requires sound_writer(w) && source(w, bytes.data, bytes.len);
    assigns w->len, w->failed, w->data[w->len .. w->len + 2 + bytes.len];
    ensures sound_writer(w);
    ensures limit: !w->failed ==> bytes.len <= 0xffffff && w->len == \old(w->len) + 3 + bytes.len;
*/
void atls_write_vec24(struct atls_writer *w, struct atls_bytes bytes);

/*@ requires sound_writer(w);
    assigns w->len, w->failed, w->data[w->len .. w->len + 1];
    ensures bounded: sound_writer(w) && wrote{Pre, Post}(w, 2) && \result == \old(w->len);
*/
size_t atls_write_vec16_open(struct atls_writer *w);

/*@ requires sound_writer(w);
    requires !w->failed ==> token + 2 <= w->len; // what open gave, for it wrote two octets there
    assigns w->failed, w->data[token .. token + 1];
    ensures sound_writer(w);
    ensures limit: !w->failed ==> !\old(w->failed) && w->len - token - 2 <= 0xffff;
*/
void atls_write_vec16_close(struct atls_writer *w, size_t token);

/*@ requires \valid_read(w) && \valid(out_len) && \separated(w, out_len);
    assigns *out_len;
    ensures finished: \result <==> !w->failed;
    ensures \result ==> *out_len == w->len;
    ensures kept: !\result ==> *out_len == \old(*out_len);
*/
bool atls_writer_finish(const struct atls_writer *w, size_t *out_len);

#endif
