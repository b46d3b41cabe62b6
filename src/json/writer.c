/* SPDX-License-Identifier: Apache-2.0 */
#include "json/writer.h"

#include "base/span.h"
#include "base/utf8.h"
#include "json/base64.h"
#include "json/eight.h"

#include <stdio.h>
#include <stdlib.h>

static bool grow(struct atls_json_writer *writer, size_t cap)
{
    char *text = realloc(writer->text, cap);
    if (text == NULL) {
        writer->failed = true;
        return false;
    }
    writer->text = text;
    writer->cap = cap;
    return true;
}

/* room gives where `more` characters and a NUL fit, or NULL. */
static char *room(struct atls_json_writer *writer, size_t more)
{
    const size_t need = writer->len + more + 1;
    if (writer->failed || need < more) {
        writer->failed = true;
        return NULL;
    }
    if (need > writer->cap && !grow(writer, need < 2048 ? 4096 : 2 * need)) {
        return NULL;
    }
    return writer->text + writer->len;
}

void atls_json_reserve(struct atls_json_writer *writer, size_t len)
{
    if (!writer->failed && len < SIZE_MAX && len + 1 > writer->cap) {
        (void)grow(writer, len + 1);
    }
}

void atls_json_put_octets(struct atls_json_writer *writer, struct atls_bytes octets)
{
    char *at = room(writer, octets.len);
    if (at != NULL) {
        if (octets.len != 0) {
            memcpy(at, octets.data, octets.len);
        }
        at[octets.len] = '\0';
        writer->len += octets.len;
    }
}

void atls_json_put(struct atls_json_writer *writer, const char *text)
{
    atls_json_put_octets(writer, atls_bytes_of(text, strlen(text)));
}

static bool is_first(const struct atls_json_writer *writer)
{
    const char last = writer->len != 0 ? writer->text[writer->len - 1] : '{';
    return last == '{' || last == '[';
}

void atls_json_put_next(struct atls_json_writer *writer)
{
    if (!is_first(writer)) {
        atls_json_put(writer, ",");
    }
}

void atls_json_put_name(struct atls_json_writer *writer, const char *name)
{
    const size_t len = strlen(name);
    char *at = room(writer, len + 4);
    if (at == NULL) {
        return;
    }
    const char *begin = at;
    if (!is_first(writer)) {
        *at++ = ',';
    }
    *at++ = '"';
    memcpy(at, name, len + 1);
    memcpy(at + len, "\":", 3);
    writer->len += (size_t)(at - begin) + len + 2;
}

void atls_json_put_number(struct atls_json_writer *writer, int64_t number)
{
    char digits[24];
    char *at = &digits[sizeof digits - 1];
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    *at = '\0';
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (number < 0) {
        *--at = '-';
    }
    atls_json_put(writer, at);
}

static bool is_escaped(uint8_t octet)
{
    return octet < 0x20 || octet == '"' || octet == '\\';
}

/* is_plain is true for ASCII that needs no escapes, as nearly all texts are. */
static bool is_plain(struct atls_bytes text)
{
    uint8_t rest[8] = "        ";
    uint64_t rare = 0;
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        rare |= atls_json_rare(&text.data[i]);
    }
    if (i < text.len) {
        memcpy(rest, &text.data[i], text.len - i);
        rare |= atls_json_rare(rest);
    }
    return rare == 0;
}

/* put_escaped writes what is rare, escapes and octets above 127, as jansson does. */
static void put_escaped(struct atls_json_writer *writer, struct atls_bytes text)
{
    static const char short_forms[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    char *at = room(writer, 6 * text.len + 2);
    if (at == NULL) {
        return;
    }
    const char *begin = at;
    *at++ = '"';
    const bool is_utf8 = atls_utf8_is_valid(text);
    for (size_t i = 0; i < text.len; i++) {
        while (text.len - i > 8 && atls_json_rare(&text.data[i]) == 0) {
            memcpy(at, &text.data[i], 8);
            at += 8;
            i += 8;
        }
        const uint8_t octet = text.data[i];
        if (octet < 0x20) {
            at += snprintf(at, 7, short_forms[octet] != 0 ? "\\%c" : "\\u%04X",
                           short_forms[octet] != 0 ? short_forms[octet] : octet);
            continue;
        }
        if (is_escaped(octet)) {
            *at++ = '\\';
        }
        *at++ = octet >= 0x80 && !is_utf8 ? '?' : (char)octet;
    }
    *at++ = '"';
    *at = '\0';
    writer->len += (size_t)(at - begin);
}

void atls_json_put_string(struct atls_json_writer *writer, struct atls_bytes text)
{
    char *at = is_plain(text) ? room(writer, text.len + 2) : NULL;
    if (at == NULL) {
        put_escaped(writer, text);
        return;
    }
    *at++ = '"';
    if (text.len != 0) {
        memcpy(at, text.data, text.len);
    }
    memcpy(at + text.len, "\"", 2);
    writer->len += text.len + 2;
}

typedef bool encode_function(struct atls_bytes octets, char *out, size_t cap);

static void put_encoded(struct atls_json_writer *writer, struct atls_bytes octets, size_t size,
                        encode_function *encode)
{
    char *at = room(writer, size + 2);
    if (at == NULL) {
        return;
    }
    *at = '"';
    if (!encode(octets, at + 1, size)) {
        writer->failed = true;
        return;
    }
    writer->len += 1 + strlen(at + 1);
    atls_json_put(writer, "\"");
}

void atls_json_put_base64url(struct atls_json_writer *writer, struct atls_bytes octets)
{
    put_encoded(writer, octets, ATLS_BASE64_SIZE(octets.len), atls_base64url_encode);
}

void atls_json_put_base64(struct atls_json_writer *writer, struct atls_bytes octets)
{
    put_encoded(writer, octets, ATLS_BASE64_SIZE(octets.len), atls_base64_encode);
}

void atls_json_put_hex(struct atls_json_writer *writer, struct atls_bytes octets)
{
    put_encoded(writer, octets, ATLS_HEX_SIZE(octets.len), atls_hex_encode);
}

char *atls_json_writer_take(struct atls_json_writer *writer)
{
    char *text = writer->failed ? NULL : writer->text;
    if (text == NULL) {
        free(writer->text);
    }
    *writer = (struct atls_json_writer){.text = NULL};
    return text;
}

void atls_json_writer_cleanup(struct atls_json_writer *writer)
{
    free(writer->text);
    *writer = (struct atls_json_writer){.text = NULL};
}
