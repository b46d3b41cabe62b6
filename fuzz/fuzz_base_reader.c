/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader and the writer as a little machine: the first half of the input says what to read,
 * octet by octet, the second half is read. A failed read moves nothing; whatever was read is
 * written with the matching function and must come out as it went in.
 */
#include "fuzz_check.h"

#include "base/reader.h"
#include "base/span.h"
#include "base/utf8.h"
#include "base/writer.h"

/* copy_integer reads 1, 2, 3, 4 or 8 octets and writes them. */
static bool copy_integer(struct atls_reader *r, struct atls_writer *w, unsigned which)
{
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    bool read = false;
    switch (which) {
    case 0:
        read = atls_read_u8(r, &u8);
        if (read) {
            atls_write_u8(w, u8);
        }
        return read;
    case 1:
        read = atls_read_u16(r, &u16);
        if (read) {
            atls_write_u16(w, u16);
        }
        return read;
    case 2:
        read = atls_read_u24(r, &u32);
        if (read) {
            atls_write_u24(w, u32);
        }
        return read;
    case 3:
        read = atls_read_u32(r, &u32);
        if (read) {
            atls_write_u32(w, u32);
        }
        return read;
    default:
        read = atls_read_u64(r, &u64);
        if (read) {
            atls_write_u64(w, u64);
        }
        return read;
    }
}

static bool copy_vector(struct atls_reader *r, struct atls_writer *w, unsigned which, size_t max)
{
    struct atls_bytes body = {NULL, 0};
    bool read = false;
    if (which == 0) {
        read = atls_read_vec8(r, 0, max, &body);
        if (read) {
            atls_write_vec8(w, body);
        }
    } else if (which == 1) {
        read = atls_read_vec16(r, 1, max, &body);
        if (read) {
            atls_write_vec16(w, body);
        }
    } else {
        read = atls_read_vec24(r, 0, max, &body);
        if (read) {
            atls_write_vec24(w, body);
        }
    }
    fuzz_require(!read || body.len <= max);
    (void)atls_utf8_is_valid(body);
    return read;
}

/* copy_sub reads a vector through a reader of its own and writes it open-ended. */
static bool copy_sub(struct atls_reader *r, struct atls_writer *w, size_t max)
{
    struct atls_reader sub;
    struct atls_bytes body;
    if (!atls_read_sub16(r, 0, max, &sub)) {
        return false;
    }
    fuzz_require(atls_reader_offset(&sub) + sub.left == atls_reader_offset(r));
    const size_t token = atls_write_vec16_open(w);
    fuzz_require(atls_read_bytes(&sub, sub.left, &body) && atls_read_end(&sub));
    atls_write_bytes(w, body);
    atls_write_vec16_close(w, token);
    return true;
}

static bool step(struct atls_reader *r, struct atls_writer *w, uint8_t order)
{
    const unsigned which = order % 10;
    const size_t amount = order / 10;
    struct atls_bytes body;
    if (which < 5) {
        return copy_integer(r, w, which);
    }
    if (which < 8) {
        return copy_vector(r, w, which - 5, amount);
    }
    if (which == 8) {
        return copy_sub(r, w, amount);
    }
    if (!atls_read_bytes(r, amount, &body)) {
        return false;
    }
    atls_write_bytes(w, body);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t half = size / 2;
    const struct atls_bytes input = {&data[half], size - half};
    struct atls_reader r = atls_reader_of(input);
    uint8_t *room = malloc(input.len + 1);
    fuzz_require(room != NULL);
    const struct atls_buf buf = {room, input.len};
    struct atls_writer w = atls_writer_of(buf);
    size_t len = 0;
    for (size_t i = 0; i < half; i++) {
        const struct atls_reader before = r;
        if (!step(&r, &w, data[i])) {
            fuzz_require(r.data == before.data && r.left == before.left && r.base == before.base);
        }
        fuzz_require(atls_reader_offset(&r) + r.left == input.len);
        fuzz_require(atls_read_end(&r) == (r.left == 0));
    }
    fuzz_require(atls_writer_finish(&w, &len) && len == atls_reader_offset(&r));
    fuzz_require(atls_bytes_equal(atls_bytes_of(room, len), atls_bytes_of(input.data, len)));
    free(room);
    return 0;
}
