/* SPDX-License-Identifier: Apache-2.0 */
/* Copying NUL-terminated texts into arrays. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* atls_text_copy copies a text into `cap` octets, cut where it would not fit and always terminated;
 * NULL is the empty text. */
void atls_text_copy(char *out, size_t cap, const char *text);

#endif
