/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer for the TLS presentation language, into the caller's buffer or, with a NULL buffer, only
 * counting. The error is sticky: calls after the first failure do nothing, and
 * atls_writer_finish() is the one place to check.
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

struct atls_writer {
    uint8_t *data; /* NULL: sizing only */
    size_t cap;
    size_t len;
    bool failed;
};

/* atls_writer_of writes into `out`; with out.data NULL nothing fits, unless out.cap is SIZE_MAX:
 * then it only counts, as atls_writer_counting does. */
struct atls_writer atls_writer_of(struct atls_buf out);
struct atls_writer atls_writer_counting(void);

void atls_write_u8(struct atls_writer *w, uint8_t value);
void atls_write_u16(struct atls_writer *w, uint16_t value);
void atls_write_u24(struct atls_writer *w, uint32_t value);
void atls_write_u32(struct atls_writer *w, uint32_t value);
void atls_write_u64(struct atls_writer *w, uint64_t value);
void atls_write_bytes(struct atls_writer *w, struct atls_bytes bytes);

/* atls_write_vecN writes a length of N bits and the octets; too long is a failure. */
void atls_write_vec8(struct atls_writer *w, struct atls_bytes bytes);
void atls_write_vec16(struct atls_writer *w, struct atls_bytes bytes);
void atls_write_vec24(struct atls_writer *w, struct atls_bytes bytes);

/* A vector whose length is known only at its end: open gives a token, close fills the length. */
size_t atls_write_vec16_open(struct atls_writer *w);
void atls_write_vec16_close(struct atls_writer *w, size_t token);

/* atls_writer_finish gives the written length; false when anything did not fit. */
ATLS_NODISCARD bool atls_writer_finish(const struct atls_writer *w, size_t *out_len);

#endif
