/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of templates: {"type": "pkix-base64-key", "value": …} with PEM or the base64 of a
 * SubjectPublicKeyInfo, and {"key": base64} of the first cocli, which are always written as PEM;
 * and certificates, thumbprints and octets.
 */
#include "endorsement/template.h"

#include "base/span.h"
#include "crypto/key.h"
#include "json/base64.h"

#include <stdlib.h>

static const char step[] = "template: verification key";

/* decode_any reads base64 of either alphabet, padded or not: templates of all kinds are about. */
static bool decode_any(struct atls_bytes text, struct atls_buf out, size_t *out_len)
{
    if (atls_base64_decode(text, out, out_len)) {
        return true;
    }
    for (int i = 0; i < 2 && text.len > 0 && text.data[text.len - 1] == '='; i++) {
        text.len--;
    }
    return atls_base64url_decode(text, out, out_len);
}

/* put_spki writes a key that is given as base64 of DER. */
static enum atls_err put_spki(const struct atls_template *t, struct atls_bytes text)
{
    uint8_t der[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {der, sizeof der};
    size_t len = 0;
    struct atls_key *key = NULL;
    struct atls_diag why = {.err = ATLS_OK};
    if (!decode_any(text, room, &len) ||
        atls_key_from_spki_der(&key, atls_bytes_of(der, len), &why) != ATLS_OK) {
        return atls_template_refuse(t, step, "value", text,
                                    "PEM, or base64 of a SubjectPublicKeyInfo");
    }
    char *pem = NULL;
    const enum atls_err err = atls_key_to_public_pem(&pem, key, t->diag);
    if (err == ATLS_OK) {
        atls_cbor_put_str(t->w, pem);
    }
    atls_pem_free(pem);
    atls_key_free(key);
    return err;
}

/* put_bare writes a key as PEM, whichever way it is given. */
static enum atls_err put_bare(const struct atls_template *t, const json_t *value)
{
    struct atls_bytes text;
    if (!atls_json_text_of(value, &text)) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "value",
                               atls_json_type_name(value), "a string");
    }
    atls_cbor_put_tag(t->w, ATLS_TAG_PEM_KEY);
    if (text.len > 0 && text.data[0] == '-') {
        atls_cbor_put_text(t->w, text); /* our reader looks at it when all is written */
        return ATLS_OK;
    }
    return put_spki(t, text);
}

/* How the value of a type is given, and what is written. */
enum form { BARE, PEM, OCTETS, ENCODED, DIGEST };
static const struct {
    const char *type;
    uint64_t tag;
    enum form form;
} kinds[] = {
    {"pkix-base64-key", ATLS_TAG_PEM_KEY, BARE},
    {"pkix-base64-cert", ATLS_TAG_PEM_CERT, PEM},
    {"pkix-base64-cert-path", ATLS_TAG_PEM_PATH, PEM},
    {"thumbprint", ATLS_TAG_KEY_THUMBPRINT, DIGEST},
    {"cose-key", ATLS_TAG_COSE_KEY, ENCODED},
    {"cert-thumbprint", ATLS_TAG_CERT_THUMBPRINT, DIGEST},
    {"bytes", ATLS_TAG_BYTES, OCTETS},
    {"cert-path-thumbprint", ATLS_TAG_PATH_THUMBPRINT, DIGEST},
    {"pkix-asn1der-cert", ATLS_TAG_DER_CERT, OCTETS},
};

bool atls_template_is_key_type(struct atls_bytes type)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        if (atls_bytes_is_text(type, kinds[i].type)) {
            return true;
        }
    }
    return false;
}

/* put_base64 writes octets, or an item that they encode: our reader looks at it later. */
static enum atls_err put_base64(const struct atls_template *t, struct atls_bytes text,
                                enum form form)
{
    uint8_t octets[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    if (!decode_any(text, room, &len) || len == 0) {
        return atls_template_refuse(t, step, "value", text, "base64 of 1 to 8192 octets");
    }
    if (form == ENCODED) {
        struct atls_cbor item;
        if (atls_cbor_parse(&item, atls_bytes_of(octets, len), ATLS_CBOR_STRICT, "COSE_Key",
                            NULL) != ATLS_OK) {
            return atls_template_refuse(t, step, "value", text, "base64 of a COSE_Key");
        }
        atls_cbor_put_encoded(t->w, atls_bytes_of(octets, len));
    } else {
        atls_cbor_put_bytes(t->w, atls_bytes_of(octets, len));
    }
    return ATLS_OK;
}

static enum atls_err put_kind(const struct atls_template *t, size_t kind, const json_t *value)
{
    struct atls_bytes text;
    if (kinds[kind].form == BARE) {
        return put_bare(t, value);
    }
    atls_cbor_put_tag(t->w, kinds[kind].tag);
    if (kinds[kind].form == DIGEST) {
        return atls_template_put_digest(t, value, "thumbprint");
    }
    if (!atls_json_text_of(value, &text)) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "value",
                               atls_json_type_name(value), "a string");
    }
    if (kinds[kind].form == PEM) {
        atls_cbor_put_text(t->w, text);
        return ATLS_OK;
    }
    return put_base64(t, text, kinds[kind].form);
}

enum atls_err atls_template_put_key(const struct atls_template *t, const json_t *object)
{
    static const char *const old_names[] = {"key", NULL};
    struct atls_bytes type;
    const json_t *value = NULL;
    if (atls_json_has(object, "key")) {
        const enum atls_err err = atls_json_only_keys(object, old_names, step, t->diag);
        return err != ATLS_OK ? err : put_bare(t, json_object_get(object, "key"));
    }
    const enum atls_err err = atls_template_typed(t, object, step, &type, &value);
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        if (atls_bytes_is_text(type, kinds[i].type)) {
            return put_kind(t, i, value);
        }
    }
    return atls_template_refuse(t, step, "type", type,
                                "pkix-base64-key, pkix-base64-cert, pkix-base64-cert-path, "
                                "pkix-asn1der-cert, cose-key, bytes or a thumbprint");
}
