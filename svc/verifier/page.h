/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that grows, for the JSON that is written for each session: its members are known, so no
 * tree is built. Once there is no memory, nothing more is written.
 */
#ifndef SVC_VERIFIER_PAGE_H
#define SVC_VERIFIER_PAGE_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

struct verifier_page {
    char *text; /* owned; NUL-terminated once something was written */
    size_t len, cap;
    bool failed;
};

void verifier_page_text(struct verifier_page *page, const char *text);
void verifier_page_octets(struct verifier_page *page, struct atls_bytes octets);
void verifier_page_number(struct verifier_page *page, int64_t number);
/* verifier_page_string writes a JSON string; octets that are no UTF-8 become '?'. */
void verifier_page_string(struct verifier_page *page, struct atls_bytes text);
/* The next three write octets as text within quotes. */
void verifier_page_base64url(struct verifier_page *page, struct atls_bytes octets);
void verifier_page_base64(struct verifier_page *page, struct atls_bytes octets);
void verifier_page_hex(struct verifier_page *page, struct atls_bytes octets);
void verifier_page_cleanup(struct verifier_page *page);

#endif
