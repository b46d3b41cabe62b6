/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation keys (crypto-key-type-choice of draft-ietf-rats-corim-11, 5.1.4.1.4.4). */
#include "endorsement/corim.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/key.h"

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

/*
 * is_one_public_key is true for PEM with one block PUBLIC KEY and no character before or after it
 * but the last line's end: OpenSSL's reader would skip such text, and would take a private key.
 */
static bool is_one_public_key(struct atls_bytes pem)
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
    for (size_t i = begin_len; i < pem.len - end_len; i++) {
        if (pem.data[i] == '-') {
            return false;
        }
    }
    return true;
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

enum atls_err atls_corim_key(const struct atls_corim *corim, const struct atls_cbor *item,
                             struct atls_key **out)
{
    struct atls_cbor inner;
    struct atls_diag why = {.err = ATLS_OK};
    if (atls_cbor_tag(item, ATLS_TAG_PEM_KEY, &inner)) {
        static const char claim[] = "attestation key as PEM (tag 554)";
        if (inner.type != ATLS_CBOR_TEXT || !is_one_public_key(inner.content)) {
            return atls_corim_refuse(corim, item, claim, "another text",
                                     "one PEM block PUBLIC KEY and nothing beside it");
        }
        return atls_key_from_pem(out, inner.content, &why) == ATLS_OK
                   ? ATLS_OK
                   : refuse_key(corim, item, claim, &why);
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
