/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

void atls_text_copy(char *out, size_t cap, const char *text)
{
    size_t len = 0;
    while (text != NULL && text[len] != '\0' && len + 1 < cap) {
        out[len] = text[len];
        len++;
    }
    out[len] = '\0';
}
