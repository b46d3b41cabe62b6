/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/page.h"

#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"
#include "json/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* room gives where `more` characters and a NUL fit, or NULL. */
static char *room(struct verifier_page *page, size_t more)
{
    const size_t need = page->len + more + 1;
    if (page->failed || need < more) {
        page->failed = true;
        return NULL;
    }
    if (need > page->cap) {
        const size_t cap = need < 2048 ? 4096 : 2 * need;
        char *text = realloc(page->text, cap);
        if (text == NULL) {
            page->failed = true;
            return NULL;
        }
        page->text = text;
        page->cap = cap;
    }
    return page->text + page->len;
}

void verifier_page_octets(struct verifier_page *page, struct atls_bytes octets)
{
    char *at = room(page, octets.len);
    if (at != NULL) {
        if (octets.len != 0) {
            memcpy(at, octets.data, octets.len);
        }
        at[octets.len] = '\0';
        page->len += octets.len;
    }
}

void verifier_page_text(struct verifier_page *page, const char *text)
{
    verifier_page_octets(page, atls_bytes_text(text));
}

void verifier_page_number(struct verifier_page *page, int64_t number)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, number);
    verifier_page_text(page, digits);
}

/* put_foreign is for what is not ASCII: whether it is UTF-8 is not decided here. */
static void put_foreign(struct verifier_page *page, struct atls_bytes text)
{
    char *copy = strndup((const char *)text.data, text.len);
    json_t *value = copy != NULL ? atls_output_text(copy) : NULL;
    char *written = value != NULL ? atls_json_dump(value) : NULL;
    if (written != NULL) {
        verifier_page_text(page, written);
    } else {
        page->failed = true;
    }
    free(written);
    json_decref(value);
    free(copy);
}

void verifier_page_string(struct verifier_page *page, struct atls_bytes text)
{
    size_t escaped = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t octet = text.data[i];
        if (octet >= 0x80) {
            put_foreign(page, text);
            return;
        }
        escaped += octet < 0x20 ? 5 : octet == '"' || octet == '\\' ? 1 : 0;
    }
    char *at = room(page, text.len + escaped + 2);
    if (at == NULL) {
        return;
    }
    page->len += text.len + escaped + 2;
    *at++ = '"';
    if (escaped == 0 && text.len != 0) { /* as nearly all are */
        memcpy(at, text.data, text.len);
        at += text.len;
        text.len = 0;
    }
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t octet = text.data[i];
        if (octet < 0x20) {
            at += snprintf(at, 7, "\\u%04x", octet);
            continue;
        }
        if (octet == '"' || octet == '\\') {
            *at++ = '\\';
        }
        *at++ = (char)octet;
    }
    *at++ = '"';
    *at = '\0';
}

typedef bool encode_function(struct atls_bytes octets, char *out, size_t cap);

static void put_encoded(struct verifier_page *page, struct atls_bytes octets, size_t size,
                        encode_function *encode)
{
    char *at = room(page, size + 2);
    if (at == NULL) {
        return;
    }
    *at = '"';
    if (!encode(octets, at + 1, size)) {
        page->failed = true;
        return;
    }
    page->len += 1 + strlen(at + 1);
    verifier_page_text(page, "\"");
}

void verifier_page_base64url(struct verifier_page *page, struct atls_bytes octets)
{
    put_encoded(page, octets, ATLS_BASE64_SIZE(octets.len), atls_base64url_encode);
}

void verifier_page_base64(struct verifier_page *page, struct atls_bytes octets)
{
    put_encoded(page, octets, ATLS_BASE64_SIZE(octets.len), atls_base64_encode);
}

void verifier_page_hex(struct verifier_page *page, struct atls_bytes octets)
{
    put_encoded(page, octets, ATLS_HEX_SIZE(octets.len), atls_hex_encode);
}

void verifier_page_cleanup(struct verifier_page *page)
{
    free(page->text);
    *page = (struct verifier_page){.text = NULL};
}
