/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/pem.h"

#include "base/span.h"

#include <limits.h>
#include <openssl/evp.h>

#define MAX_LABEL_LEN 32

/* find gives where `needle` begins in `text` from `from` on; text.len when nowhere. */
static size_t find(struct atls_bytes text, const char *needle, size_t from)
{
    const size_t len = strlen(needle);
    for (size_t at = from; at + len <= text.len; at++) {
        if (memcmp(&text.data[at], needle, len) == 0) {
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
    if (body_end == text->len || past > text->len ||
        memcmp(&text->data[body_end], end, sizeof end - 1) != 0 ||
        memcmp(&text->data[foot], &text->data[label], len) != 0 ||
        memcmp(&text->data[foot + len], dashes, sizeof dashes - 1) != 0) {
        return ATLS_PEM_BROKEN;
    }
    out->label = atls_bytes_of(&text->data[label], len);
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
