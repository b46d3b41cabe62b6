/* SPDX-License-Identifier: Apache-2.0 */
#include "json/base64.h"

#include <stdlib.h>
#include <string.h>

struct alphabet {
    char digits[65];
    uint8_t values[256]; /* of each character one more than its value; 0: it is of no digit */
    bool padded;
};

#define TEN(first)                                                                                 \
    (first), (first) + 1, (first) + 2, (first) + 3, (first) + 4, (first) + 5, (first) + 6,         \
        (first) + 7, (first) + 8, (first) + 9
#define TWENTY_SIX(first)                                                                          \
    TEN(first), TEN((first) + 10), (first) + 20, (first) + 21, (first) + 22, (first) + 23,         \
        (first) + 24, (first) + 25
/* Letters and figures are the same in all alphabets. */
#define COMMON        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define COMMON_VALUES ['A'] = TWENTY_SIX(1), ['a'] = TWENTY_SIX(27), ['0'] = TEN(53)

static const struct alphabet url = {COMMON "-_", {COMMON_VALUES, ['-'] = 63, ['_'] = 64}, false};
static const struct alphabet standard = {
    COMMON "+/", {COMMON_VALUES, ['+'] = 63, ['/'] = 64}, true};

/* data_len gives how many characters carry data; false when the padding is not as it must be. */
static bool data_len(const struct alphabet *alphabet, struct atls_bytes text, size_t *out)
{
    size_t len = text.len;
    if (alphabet->padded) {
        if (len % 4 != 0) {
            return false;
        }
        for (int i = 0; i < 2 && len > 0 && text.data[len - 1] == '='; i++) {
            len--;
        }
    }
    *out = len;
    return len % 4 != 1;
}

/* check is true when `len` characters are of the alphabet and the bits left over are zero. */
static bool check(const struct alphabet *alphabet, const uint8_t *text, size_t len)
{
    bool are_digits = true;
    for (size_t i = 0; i < len; i++) {
        are_digits = are_digits && alphabet->values[text[i]] != 0;
    }
    const int unused = len % 4 == 2 ? 0x0f : len % 4 == 3 ? 0x03 : 0;
    return are_digits && (unused == 0 || ((alphabet->values[text[len - 1]] - 1) & unused) == 0);
}

/* bits_of gives the bits of four characters of the alphabet, the first on top of 24. */
static uint32_t bits_of(const struct alphabet *alphabet, const uint8_t text[4])
{
    const uint8_t *values = alphabet->values;
    return (values[text[0]] - 1U) << 18 | (values[text[1]] - 1U) << 12 |
           (values[text[2]] - 1U) << 6 | (values[text[3]] - 1U);
}

static bool decode(const struct alphabet *alphabet, struct atls_bytes text, struct atls_buf out,
                   size_t *out_len)
{
    size_t len = 0;
    if (!data_len(alphabet, text, &len) || !check(alphabet, text.data, len)) {
        return false;
    }
    const size_t octets = len / 4 * 3 + len % 4 * 3 / 4;
    if (octets > out.cap) {
        return false;
    }
    uint8_t *to = out.data;
    size_t i = 0;
    for (; i + 4 <= len; i += 4) {
        const uint32_t bits = bits_of(alphabet, text.data + i);
        *to++ = (uint8_t)(bits >> 16);
        *to++ = (uint8_t)(bits >> 8);
        *to++ = (uint8_t)bits;
    }
    if (i < len) { /* two or three characters, of one or two octets */
        uint8_t last[4] = {'A', 'A', 'A', 'A'};
        memcpy(last, text.data + i, len - i);
        const uint32_t bits = bits_of(alphabet, last);
        to[0] = (uint8_t)(bits >> 16);
        if (len - i == 3) {
            to[1] = (uint8_t)(bits >> 8);
        }
    }
    *out_len = octets;
    return true;
}

/* encode_end writes the one or two octets that are left over. */
static size_t encode_end(const struct alphabet *alphabet, struct atls_bytes octets, char *out)
{
    const uint32_t second = octets.len > 1 ? octets.data[1] : 0;
    const uint32_t bits = (uint32_t)octets.data[0] << 16 | second << 8;
    size_t at = 0;
    for (size_t k = 0; k <= octets.len; k++) {
        out[at++] = alphabet->digits[bits >> (18 - 6 * k) & 0x3f];
    }
    while (alphabet->padded && at < 4) {
        out[at++] = '=';
    }
    return at;
}

static bool encode(const struct alphabet *alphabet, struct atls_bytes octets, char *out, size_t cap)
{
    const size_t rest = octets.len % 3;
    const size_t tail = rest == 0 ? 0 : alphabet->padded ? 4 : rest + 1;
    if (octets.len > SIZE_MAX / 4 * 3 - 8 || cap < octets.len / 3 * 4 + tail + 1) {
        return false;
    }
    const uint8_t *in = octets.data;
    const char *digits = alphabet->digits;
    size_t at = 0;
    for (size_t i = 0; i + 2 < octets.len; i += 3) {
        const uint32_t bits = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        out[at] = digits[bits >> 18];
        out[at + 1] = digits[bits >> 12 & 0x3f];
        out[at + 2] = digits[bits >> 6 & 0x3f];
        out[at + 3] = digits[bits & 0x3f];
        at += 4;
    }
    if (rest != 0) {
        const struct atls_bytes left = {in + (octets.len - rest), rest};
        at += encode_end(alphabet, left, out + at);
    }
    out[at] = '\0';
    return true;
}

bool atls_base64url_decode(struct atls_bytes text, struct atls_buf out, size_t *out_len)
{
    return decode(&url, text, out, out_len);
}

bool atls_base64_decode(struct atls_bytes text, struct atls_buf out, size_t *out_len)
{
    return decode(&standard, text, out, out_len);
}

bool atls_base64url_encode(struct atls_bytes octets, char *out, size_t cap)
{
    return encode(&url, octets, out, cap);
}

bool atls_base64_encode(struct atls_bytes octets, char *out, size_t cap)
{
    return encode(&standard, octets, out, cap);
}

static int hex_value(uint8_t character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return -1;
}

bool atls_hex_decode(struct atls_bytes text, struct atls_buf out, size_t *out_len)
{
    if (text.len % 2 != 0 || text.len / 2 > out.cap) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (hex_value(text.data[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < text.len / 2; i++) {
        out.data[i] = (uint8_t)(hex_value(text.data[2 * i]) * 16 + hex_value(text.data[2 * i + 1]));
    }
    *out_len = text.len / 2;
    return true;
}

bool atls_hex_encode(struct atls_bytes octets, char *out, size_t cap)
{
    static const char digits[] = "0123456789abcdef";
    if (cap == 0 || octets.len > (cap - 1) / 2) {
        return false;
    }
    for (size_t i = 0; i < octets.len; i++) {
        out[2 * i] = digits[octets.data[i] >> 4];
        out[2 * i + 1] = digits[octets.data[i] & 15];
    }
    out[2 * octets.len] = '\0';
    return true;
}

static char *encode_new(bool (*encoder)(struct atls_bytes, char *, size_t),
                        struct atls_bytes octets, size_t size)
{
    char *text = octets.len < SIZE_MAX / 4 ? malloc(size) : NULL;
    if (text != NULL && !encoder(octets, text, size)) {
        free(text);
        return NULL;
    }
    return text;
}

char *atls_base64url_new(struct atls_bytes octets)
{
    return encode_new(atls_base64url_encode, octets, ATLS_BASE64_SIZE(octets.len));
}

char *atls_base64_new(struct atls_bytes octets)
{
    return encode_new(atls_base64_encode, octets, ATLS_BASE64_SIZE(octets.len));
}

char *atls_hex_new(struct atls_bytes octets)
{
    return encode_new(atls_hex_encode, octets, ATLS_HEX_SIZE(octets.len));
}
