/* SPDX-License-Identifier: Apache-2.0 */
/* Test inputs in heap blocks of exactly their size, so that ASan sees a read past the end. They
 * live until the program ends. */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include "atls/bytes.h"

/* test_copy gives a copy of `octets` in a block of its own. */
struct atls_bytes test_copy(struct atls_bytes octets);

/* test_hex gives the octets that `hex` writes; blanks are ignored, anything else ends the test
 * program: a typing error must not pass for a malformed input. */
struct atls_bytes test_hex(const char *hex);

/* test_room gives `cap` octets to write into. */
struct atls_buf test_room(size_t cap);

#endif
