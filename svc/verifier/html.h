/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML as it is written: markup of ours goes in as it is, everything else as text, in which no
 * character has a meaning. What is too long or finds no memory fails at the end, and not before.
 */
#ifndef SVC_VERIFIER_HTML_H
#define SVC_VERIFIER_HTML_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VERIFIER_MAX_PAGE = 2 << 20 };

/* All zero is an empty page. */
struct verifier_html {
    char *data; /* NUL-terminated once something is in it */
    size_t len, cap;
    bool failed;
};

/* verifier_html_put writes markup, a constant of the program. */
void verifier_html_put(struct verifier_html *html, const char *markup);
/*
 * verifier_html_text writes a text of anybody: & < > " ' as references, and as U+FFFD what is no
 * UTF-8, what is a control character, and what would turn the direction of the text around it.
 */
void verifier_html_text(struct verifier_html *html, const char *text);
void verifier_html_octets(struct verifier_html *html, struct atls_bytes text);
void verifier_html_number(struct verifier_html *html, uint64_t number);
/* verifier_html_finish gives the page (caller: free), NULL when it failed. */
ATLS_NODISCARD char *verifier_html_finish(struct verifier_html *html);

#endif
