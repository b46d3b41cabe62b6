/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Spans: how atls passes octets. Always by value, never a loose pointer and length. */
#ifndef ATLS_BYTES_H
#define ATLS_BYTES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** atls_bytes is a borrowed, read-only run of octets. `data` may be NULL only when `len` is 0. */
struct atls_bytes {
    const uint8_t *data; /**< borrowed */
    size_t len;          /**< octets */
};

/** atls_buf is caller-owned room to write into: `cap` octets at `data`. */
struct atls_buf {
    uint8_t *data; /**< of the caller */
    size_t cap;    /**< octets */
};

#ifdef __cplusplus
}
#endif
#endif
