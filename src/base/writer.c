/* SPDX-License-Identifier: Apache-2.0 */
/* Pointer arithmetic is allowed in this file: only put() writes, after its check. */
#include "base/writer.h"

#include <string.h>

struct atls_writer atls_writer_of(struct atls_buf out)
{
    /* Without a buffer nothing fits, unless the caller says that it only counts: a failed
     * allocation with a length beside it must not pass for a finished message. */
    const bool no_buffer = out.data == NULL && out.cap != SIZE_MAX;
    struct atls_writer w = {out.data, no_buffer ? 0 : out.cap, 0, false};
    return w;
}

struct atls_writer atls_writer_counting(void)
{
    struct atls_writer w = {NULL, SIZE_MAX, 0, false};
    return w;
}

static void put(struct atls_writer *w, const uint8_t *data, size_t len)
{
    if (w->failed || len > w->cap - w->len) {
        w->failed = true;
        return;
    }
    if (w->data != NULL && len != 0) {
        memcpy(w->data + w->len, data, len);
    }
    w->len += len;
}

static void put_integer(struct atls_writer *w, uint64_t value, size_t octets)
{
    uint8_t bytes[8];
    /*@ loop invariant i <= octets;
        loop assigns i, bytes[0 .. 7];
        loop variant octets - i; */
    for (size_t i = 0; i < octets; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (octets - 1 - i)));
    }
    put(w, bytes, octets);
}

void atls_write_u8(struct atls_writer *w, uint8_t value)
{
    put_integer(w, value, 1);
}

void atls_write_u16(struct atls_writer *w, uint16_t value)
{
    put_integer(w, value, 2);
}

void atls_write_u24(struct atls_writer *w, uint32_t value)
{
    if (value > 0xffffff) {
        w->failed = true;
        return;
    }
    put_integer(w, value, 3);
}

void atls_write_u32(struct atls_writer *w, uint32_t value)
{
    put_integer(w, value, 4);
}

void atls_write_u64(struct atls_writer *w, uint64_t value)
{
    put_integer(w, value, 8);
}

void atls_write_bytes(struct atls_writer *w, struct atls_bytes bytes)
{
    put(w, bytes.data, bytes.len);
}

/* put_vector writes a length of so many octets, which can say `longest`, and the octets. */
static void put_vector(struct atls_writer *w, struct atls_bytes bytes, size_t length_octets,
                       size_t longest)
{
    if (bytes.len > longest) {
        w->failed = true;
        return;
    }
    put_integer(w, bytes.len, length_octets);
    put(w, bytes.data, bytes.len);
}

void atls_write_vec8(struct atls_writer *w, struct atls_bytes bytes)
{
    put_vector(w, bytes, 1, 0xff);
}

void atls_write_vec16(struct atls_writer *w, struct atls_bytes bytes)
{
    put_vector(w, bytes, 2, 0xffff);
}

void atls_write_vec24(struct atls_writer *w, struct atls_bytes bytes)
{
    put_vector(w, bytes, 3, 0xffffff);
}

size_t atls_write_vec16_open(struct atls_writer *w)
{
    size_t token = w->len;
    atls_write_u16(w, 0);
    return token;
}

void atls_write_vec16_close(struct atls_writer *w, size_t token)
{
    if (w->failed) {
        return;
    }
    size_t body = w->len - token - 2;
    if (body > 0xffff) {
        w->failed = true;
        return;
    }
    if (w->data != NULL) {
        w->data[token] = (uint8_t)(body >> 8);
        w->data[token + 1] = (uint8_t)body;
    }
}

bool atls_writer_finish(const struct atls_writer *w, size_t *out_len)
{
    if (w->failed) {
        return false;
    }
    *out_len = w->len;
    return true;
}
