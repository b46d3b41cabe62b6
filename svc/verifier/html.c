/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/html.h"

#include "base/span.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void append(struct verifier_html *html, const char *text, size_t len)
{
    if (html->failed || len > VERIFIER_MAX_PAGE - html->len) {
        html->failed = true;
        return;
    }
    if (html->len + len + 1 > html->cap) {
        const size_t cap = 2 * (html->len + len) + 4096;
        char *bigger = realloc(html->data, cap);
        if (bigger == NULL) {
            html->failed = true;
            return;
        }
        html->data = bigger;
        html->cap = cap;
    }
    if (len != 0) {
        memcpy(html->data + html->len, text, len);
    }
    html->len += len;
    html->data[html->len] = '\0';
}

void verifier_html_put(struct verifier_html *html, const char *markup)
{
    append(html, markup, strlen(markup));
}

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static const char *reference_of(uint8_t octet)
{
    switch (octet) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return octet < 0x20 || octet == 0x7f ? replacement : NULL;
    }
}

/* length_of gives the octets of the character at the start, 0 where there is none. */
static size_t length_of(struct atls_bytes text)
{
    const uint8_t first = text.data[0];
    const size_t len = first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return len != 0 && len <= text.len && atls_utf8_is_valid(atls_bytes_of(text.data, len)) ? len
                                                                                            : 0;
}

/* is_harmful: C1 controls, marks of direction (Unicode Standard Annex 9), what breaks lines, and
 * the byte order mark. */
static bool is_harmful(const uint8_t *character, size_t len)
{
    uint32_t point = character[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        point = point << 6 | (character[i] & 0x3fu);
    }
    return point < 0xa0 || point == 0x061c || (point >= 0x200b && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) ||
           point == 0xfeff || (point >= 0xfff0 && point <= 0xfffb) || (point & 0xfffe) == 0xfffe ||
           (point >= 0xe0000 && point <= 0xe0fff);
}

void verifier_html_octets(struct verifier_html *html, struct atls_bytes text)
{
    while (text.len != 0) {
        size_t len = 1;
        if (text.data[0] < 0x80) {
            const char *reference = reference_of(text.data[0]);
            if (reference != NULL) {
                verifier_html_put(html, reference);
            } else {
                append(html, (const char *)text.data, 1);
            }
        } else {
            len = length_of(text);
            if (len == 0 || is_harmful(text.data, len)) {
                verifier_html_put(html, replacement);
            } else {
                append(html, (const char *)text.data, len);
            }
            len = len == 0 ? 1 : len;
        }
        text = len == text.len ? atls_bytes_of(NULL, 0)
                               : atls_bytes_of(&text.data[len], text.len - len);
    }
}

void verifier_html_text(struct verifier_html *html, const char *text)
{
    if (text != NULL) {
        verifier_html_octets(html, atls_bytes_text(text));
    }
}

void verifier_html_number(struct verifier_html *html, uint64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    verifier_html_put(html, text);
}

char *verifier_html_finish(struct verifier_html *html)
{
    char *page = html->failed ? NULL : html->data;
    if (page == NULL) {
        free(html->data);
    }
    *html = (struct verifier_html){.data = NULL};
    return page;
}
