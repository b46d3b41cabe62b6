/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values (RFC 8259) that nobody checked. */
#include "inspect/value_form.h"

#include "base/span.h"
#include "codec/ascii.h"

#include <stdlib.h>

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct atls_bytes inspect_trim(struct atls_bytes text)
{
    size_t at = 0;
    while (at < text.len && is_blank(text.data[at])) {
        at++;
    }
    text = inspect_rest(text, at);
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

struct atls_bytes inspect_json_skip(struct atls_bytes text)
{
    size_t at = 0;
    while (at < text.len &&
           (is_blank(text.data[at]) || text.data[at] == ',' || text.data[at] == ':')) {
        at++;
    }
    return inspect_rest(text, at);
}

/* string_end gives where the string that begins at `at` (its quote) ends, the closing quote
 * included; false when the text ends before. */
static bool string_end(struct atls_bytes text, size_t at, size_t *out)
{
    for (size_t i = at + 1; i < text.len; i++) {
        if (text.data[i] == '\\') {
            i++;
        } else if (text.data[i] == '"') {
            *out = i + 1;
            return true;
        }
    }
    return false;
}

/* container_end is the same for an array or an object. Which bracket closes which is not judged. */
static bool container_end(struct atls_bytes text, size_t *out)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (c == '"') {
            size_t end = 0;
            if (!string_end(text, i, &end)) {
                return false;
            }
            i = end - 1;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            depth--;
            if (depth == 0) {
                *out = i + 1;
                return true;
            }
        }
    }
    return false;
}

static struct inspect_value read_quoted(struct atls_bytes text, enum inspect_type type)
{
    struct inspect_value v = {.form = INSPECT_JSON, .type = type};
    size_t end = 0;
    v.cut = type == INSPECT_TEXT ? !string_end(text, 0, &end) : !container_end(text, &end);
    end = v.cut ? text.len : end;
    v.encoded = inspect_part(text, 0, end);
    v.content = inspect_part(text, 1, end - (v.cut ? 1 : 2));
    return v;
}

static bool is_word_end(uint8_t c)
{
    return is_blank(c) || c == ',' || c == ']' || c == '}' || c == ':' || c == '"' || c == '[' ||
           c == '{';
}

/* read_digits reads at most 20 digits that fit into 64 bits. */
static bool read_digits(struct atls_bytes digits, uint64_t *out)
{
    uint64_t value = 0;
    if (digits.len == 0 || digits.len > 20) {
        return false;
    }
    for (size_t i = 0; i < digits.len; i++) {
        const uint8_t c = digits.data[i];
        if (!atls_ascii_is_digit(c) || value > (UINT64_MAX - (uint64_t)(c - '0')) / 10) {
            return false;
        }
        value = 10 * value + (uint64_t)(c - '0');
    }
    *out = value;
    return true;
}

static bool read_real(struct atls_bytes word, double *out)
{
    char text[64];
    if (word.len == 0 || word.len >= sizeof text) {
        return false;
    }
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    for (size_t i = 0; i < word.len; i++) {
        if (!atls_ascii_is_digit(word.data[i]) && !atls_ascii_is_one_of(word.data[i], "+-.eE")) {
            return false;
        }
    }
    char *end = NULL;
    *out = strtod(text, &end);
    return *end == '\0';
}

static void read_word(struct inspect_value *v, struct atls_bytes word)
{
    const bool negative = word.len > 1 && word.data[0] == '-';
    v->encoded = word;
    if (atls_bytes_is_text(word, "true") || atls_bytes_is_text(word, "false")) {
        v->type = INSPECT_BOOL;
        v->argument = word.len == 4 ? 1 : 0;
    } else if (atls_bytes_is_text(word, "null")) {
        v->type = INSPECT_NULL;
    } else if (read_digits(inspect_rest(word, negative ? 1 : 0), &v->argument)) {
        v->type = negative && v->argument != 0 ? INSPECT_NEGINT : INSPECT_UINT;
        v->argument -= v->type == INSPECT_NEGINT ? 1 : 0;
    } else if (read_real(word, &v->real)) {
        v->type = INSPECT_FLOAT;
    }
}

struct inspect_value inspect_value_json(struct atls_bytes text)
{
    struct inspect_value v = {.form = INSPECT_JSON, .type = INSPECT_BROKEN};
    while (text.len > 0 && is_blank(text.data[0])) {
        text = inspect_rest(text, 1);
    }
    v.encoded = text;
    if (text.len == 0) {
        return v;
    }
    switch (text.data[0]) {
    case '"':
        return read_quoted(text, INSPECT_TEXT);
    case '[':
        return read_quoted(text, INSPECT_ARRAY);
    case '{':
        return read_quoted(text, INSPECT_MAP);
    default:
        break;
    }
    size_t len = 0;
    while (len < text.len && !is_word_end(text.data[len])) {
        len++;
    }
    if (len != 0) { /* else a bracket or a comma out of place, which takes the rest */
        read_word(&v, inspect_part(text, 0, len));
    }
    return v;
}

/* Escapes. */

static int hex_digit(uint8_t c)
{
    if (!atls_ascii_is_hex_digit(c)) {
        return -1;
    }
    return atls_ascii_is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* read_four reads the four hex digits of a \u. */
static bool read_four(struct atls_bytes raw, size_t at, uint32_t *out)
{
    uint32_t value = 0;
    if (raw.len < 4 || at > raw.len - 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        const int digit = hex_digit(raw.data[at + i]);
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return true;
}

struct unescaped {
    struct atls_buf out;
    size_t len;
};

static bool put(struct unescaped *u, uint32_t octet)
{
    if (u->len == u->out.cap) {
        return false;
    }
    u->out.data[u->len++] = (uint8_t)octet;
    return true;
}

static bool put_code_point(struct unescaped *u, uint32_t code)
{
    if (code < 0x80) {
        return put(u, code);
    }
    if (code < 0x800) {
        return put(u, 0xc0 | code >> 6) && put(u, 0x80 | (code & 0x3f));
    }
    if (code < 0x10000) {
        return put(u, 0xe0 | code >> 12) && put(u, 0x80 | (code >> 6 & 0x3f)) &&
               put(u, 0x80 | (code & 0x3f));
    }
    return put(u, 0xf0 | code >> 18) && put(u, 0x80 | (code >> 12 & 0x3f)) &&
           put(u, 0x80 | (code >> 6 & 0x3f)) && put(u, 0x80 | (code & 0x3f));
}

/* read_u reads \uXXXX, or two of them that are a surrogate pair; *at is behind the 'u'. */
static bool read_u(struct unescaped *u, struct atls_bytes raw, size_t *at)
{
    uint32_t code = 0;
    uint32_t low = 0;
    if (!read_four(raw, *at, &code) || (code >= 0xdc00 && code <= 0xdfff)) {
        return false;
    }
    *at += 4;
    if (code < 0xd800 || code > 0xdbff) {
        return put_code_point(u, code);
    }
    if (raw.len < 2 || *at > raw.len - 2 || raw.data[*at] != '\\' || raw.data[*at + 1] != 'u' ||
        !read_four(raw, *at + 2, &low) || low < 0xdc00 || low > 0xdfff) {
        return false;
    }
    *at += 6;
    return put_code_point(u, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
}

static bool read_escape(struct unescaped *u, struct atls_bytes raw, size_t *at)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    if (*at >= raw.len) {
        return false;
    }
    const uint8_t c = raw.data[(*at)++];
    for (size_t i = 0; letters[i] != '\0'; i++) {
        if (c == (uint8_t)letters[i]) {
            return put(u, (uint8_t)meant[i]);
        }
    }
    return c == 'u' && read_u(u, raw, at);
}

bool inspect_unescape(struct atls_bytes raw, struct atls_buf out, size_t *out_len)
{
    struct unescaped u = {out, 0};
    size_t at = 0;
    while (at < raw.len) {
        const uint8_t c = raw.data[at++];
        if (c == '\\' ? !read_escape(&u, raw, &at) : !put(&u, c)) {
            return false;
        }
    }
    *out_len = u.len;
    return true;
}
