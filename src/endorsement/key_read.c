/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation keys (crypto-key-type-choice of draft-ietf-rats-corim-11, 5.1.4.1.4.4). */
#include "endorsement/corim.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "json/base64.h"

static const char begin[] = "-----BEGIN PUBLIC KEY-----";
static const char end[] = "-----END PUBLIC KEY-----";

/* What the tags of other kinds of keys hold. */
static const struct {
    uint64_t tag;
    const char *name;
} other_kinds[] = {
    {555, "a certificate as PEM (tag 555)"},   {556, "a certificate path as PEM (tag 556)"},
    {557, "a thumbprint of a key (tag 557)"},  {559, "a thumbprint of a certificate (tag 559)"},
    {560, "octets that name a key (tag 560)"}, {561, "a thumbprint of a path (tag 561)"},
    {562, "a certificate as DER (tag 562)"},
};

/* inside gives what is between the two lines of a PEM text that starts and ends with them; the last
 * line may end in a line's end. */
static bool inside(struct atls_bytes pem, struct atls_bytes *out)
{
    const size_t begin_len = sizeof begin - 1;
    const size_t end_len = sizeof end - 1;
    while (pem.len > 0 && (pem.data[pem.len - 1] == '\n' || pem.data[pem.len - 1] == '\r')) {
        pem.len--;
    }
    if (pem.len < begin_len + end_len || memcmp(pem.data, begin, begin_len) != 0 ||
        memcmp(&pem.data[pem.len - end_len], end, end_len) != 0) {
        return false;
    }
    *out = atls_bytes_of(&pem.data[begin_len], pem.len - begin_len - end_len);
    return true;
}

/*
 * decode_pem reads one block PUBLIC KEY (RFC 7468, 13) with lines of any length. It is stricter
 * than OpenSSL's reader, which skips text around a block and takes a private key for its public
 * one; and a set of a hundred thousand devices is loaded in seconds.
 */
static bool decode_pem(struct atls_bytes pem, struct atls_buf der, size_t *out_len)
{
    uint8_t text[ATLS_BASE64_SIZE(ATLS_MAX_SPKI_LEN)];
    struct atls_bytes lines;
    size_t len = 0;
    if (!inside(pem, &lines)) {
        return false;
    }
    for (size_t i = 0; i < lines.len; i++) {
        if (lines.data[i] == '\n' || lines.data[i] == '\r') {
            continue;
        }
        if (len == sizeof text) {
            return false;
        }
        text[len++] = lines.data[i];
    }
    return atls_base64_decode(atls_bytes_of(text, len), der, out_len);
}

/* refuse_key says why the room of crypto took the octets for no key. */
static enum atls_err refuse_key(const struct atls_corim *corim, const struct atls_cbor *item,
                                const char *claim, const struct atls_diag *why)
{
    if (why->err == ATLS_ERR_MEMORY) {
        return atls_fail(corim->diag, ATLS_ERR_MEMORY, "endorsement", claim);
    }
    return atls_corim_refuse(corim, item, claim, why->found[0] != '\0' ? why->found : "no such key",
                             why->expected[0] != '\0' ? why->expected : "a public key");
}

static enum atls_err read_pem(const struct atls_corim *corim, const struct atls_cbor *item,
                              const struct atls_cbor *text, struct atls_key **out)
{
    static const char claim[] = "attestation key as PEM (tag 554)";
    uint8_t der[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {der, sizeof der};
    size_t len = 0;
    struct atls_diag why = {.err = ATLS_OK};
    if (text->type != ATLS_CBOR_TEXT || !decode_pem(text->content, room, &len)) {
        return atls_corim_refuse(corim, item, claim, "something else",
                                 "one PEM block PUBLIC KEY and nothing beside it");
    }
    return atls_key_from_spki_der(out, atls_bytes_of(der, len), &why) == ATLS_OK
               ? ATLS_OK
               : refuse_key(corim, item, claim, &why);
}

enum atls_err atls_corim_key(const struct atls_corim *corim, const struct atls_cbor *item,
                             struct atls_key **out)
{
    struct atls_cbor inner;
    struct atls_diag why = {.err = ATLS_OK};
    if (atls_cbor_tag(item, ATLS_TAG_PEM_KEY, &inner)) {
        return read_pem(corim, item, &inner, out);
    }
    if (atls_cbor_tag(item, ATLS_TAG_COSE_KEY, &inner)) {
        struct atls_cose_key cose;
        return atls_cose_key_parse(&cose, &inner, "attestation key", &why) == ATLS_OK &&
                       atls_key_from_cose(out, &cose, &why) == ATLS_OK
                   ? ATLS_OK
                   : refuse_key(corim, item, "attestation key as COSE_Key (tag 558)", &why);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(other_kinds) && item->type == ATLS_CBOR_TAG; i++) {
        if (other_kinds[i].tag == item->argument) {
            return atls_corim_refuse(corim, item, "attestation key", other_kinds[i].name,
                                     "tag 554 or 558: other kinds are not built in this version");
        }
    }
    return atls_corim_refuse_item(corim, item, "attestation key",
                                  "tag 554 with PEM or tag 558 with a COSE_Key");
}
