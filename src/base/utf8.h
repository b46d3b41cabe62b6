/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 defines it. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

/* atls_utf8_is_valid is false for overlong forms, surrogates, code points beyond U+10FFFF and
 * sequences that are cut short. The empty text is valid, and U+0000 is a character. */
ATLS_NODISCARD bool atls_utf8_is_valid(struct atls_bytes text);

#endif
