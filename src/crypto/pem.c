/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/pem.h"

#include "base/span.h"

#include <limits.h>
#include <openssl/evp.h>

#define MAX_LABEL_LEN 32

/* is_at is true when `part` stands in `text` from `at` on. */
static bool is_at(struct atls_bytes text, size_t at, struct atls_bytes part)
{
    return at <= text.len && part.len <= text.len - at &&
           atls_bytes_equal(atls_bytes_of(&text.data[at], part.len), part);
}

/* find gives where `needle` begins in `text` from `from` on; text.len when nowhere. */
static size_t find(struct atls_bytes text, const char *needle, size_t from)
{
    const struct atls_bytes part = atls_bytes_text(needle);
    for (size_t at = from; at + part.len <= text.len; at++) {
        if (is_at(text, at, part)) {
            return at;
        }
    }
    return text.len;
}

enum atls_pem_found atls_pem_next(struct atls_bytes *text, struct atls_pem_block *out)
{
    static const char begin[] = "-----BEGIN ";
    static const char end[] = "-----END ";
    static const char dashes[] = "-----";
    const size_t start = find(*text, begin, 0);
    if (start == text->len) {
        return ATLS_PEM_END;
    }
    const size_t label = start + sizeof begin - 1;
    const size_t label_end = find(*text, dashes, label);
    const size_t body = label_end + sizeof dashes - 1;
    if (label_end == text->len || label_end - label > MAX_LABEL_LEN) {
        return ATLS_PEM_BROKEN;
    }
    const size_t body_end = find(*text, dashes, body);
    const size_t foot = body_end + sizeof end - 1;
    const size_t len = label_end - label;
    const size_t past = foot + len + sizeof dashes - 1;
    const struct atls_bytes name = atls_bytes_of(&text->data[label], len);
    if (body_end == text->len || !is_at(*text, body_end, atls_bytes_text(end)) ||
        !is_at(*text, foot, name) || !is_at(*text, foot + len, atls_bytes_text(dashes))) {
        return ATLS_PEM_BROKEN;
    }
    out->label = name;
    out->body = atls_bytes_of(&text->data[body], body_end - body);
    *text = atls_bytes_of(&text->data[past], text->len - past);
    return ATLS_PEM_BLOCK;
}

bool atls_pem_decode(const struct atls_pem_block *block, struct atls_buf out, size_t *out_len)
{
    if (block->body.len == 0 || block->body.len > INT_MAX ||
        out.cap < block->body.len / 4 * 3 + 3) {
        return false;
    }
    int len = 0;
    int last = 0;
    EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
    bool done = context != NULL;
    if (done) {
        EVP_DecodeInit(context);
        done = EVP_DecodeUpdate(context, out.data, &len, block->body.data, (int)block->body.len) >=
                   0 &&
               EVP_DecodeFinal(context, &out.data[len], &last) == 1;
    }
    EVP_ENCODE_CTX_free(context);
    if (done) {
        *out_len = (size_t)len + (size_t)last;
    }
    return done;
}
