/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification keys of templates: {"type": "pkix-base64-key", "value": …} with PEM or the base64 of
 * a SubjectPublicKeyInfo, and {"key": base64} of the first cocli. Written is always PEM.
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

enum atls_err atls_template_put_key(const struct atls_template *t, const json_t *object)
{
    static const char *const old_names[] = {"key", NULL};
    struct atls_bytes type;
    struct atls_bytes text;
    enum atls_err err;
    const json_t *value = NULL;
    if (atls_json_has(object, "key")) {
        err = atls_json_only_keys(object, old_names, step, t->diag);
        value = json_object_get(object, "key");
    } else {
        err = atls_template_typed(t, object, step, &type, &value);
        if (err == ATLS_OK && !atls_bytes_is_text(type, "pkix-base64-key")) {
            return atls_template_refuse(t, step, "type", type,
                                        "pkix-base64-key: other kinds are not built");
        }
    }
    if (err != ATLS_OK) {
        return err;
    }
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
