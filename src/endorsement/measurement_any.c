/* SPDX-License-Identifier: Apache-2.0 */
/* The measurement-map as the draft has it (draft-ietf-rats-corim-11, 5.1.4.1.4): its key, who may
 * say it, and lists of keys. */
#include "endorsement/corim.h"

#include "base/span.h"

/* Bound of lists that are compared with one another. */
#define MAX_KEYS 32

/* is_key: a crypto-key-type-choice, without a look at what is inside. */
static bool is_key(const struct atls_cbor *item)
{
    struct atls_cbor inner;
    struct atls_mdigest digest;
    if (item->type != ATLS_CBOR_TAG || !atls_cbor_tag(item, item->argument, &inner)) {
        return false;
    }
    switch (item->argument) {
    case ATLS_TAG_PEM_KEY:
    case ATLS_TAG_PEM_CERT:
    case ATLS_TAG_PEM_PATH:
        return inner.type == ATLS_CBOR_TEXT && inner.content.len != 0;
    case ATLS_TAG_KEY_THUMBPRINT:
    case ATLS_TAG_CERT_THUMBPRINT:
    case ATLS_TAG_PATH_THUMBPRINT:
        return atls_mdigest_of(&inner, &digest);
    case ATLS_TAG_COSE_KEY:
        return inner.type == ATLS_CBOR_MAP && inner.argument != 0;
    case ATLS_TAG_BYTES:
    case ATLS_TAG_DER_CERT:
        return inner.type == ATLS_CBOR_BYTES && inner.content.len != 0;
    default:
        return false;
    }
}

enum atls_err atls_corim_any_keys(const struct atls_corim *corim, const struct atls_cbor *list,
                                  const char *claim, struct atls_mkeys *out)
{
    enum atls_err err = atls_corim_list(corim, list, claim);
    if (err == ATLS_OK && list->argument > MAX_KEYS) {
        return atls_corim_refuse_item(corim, list, claim, "at most 32 keys");
    }
    struct atls_cbor_iter keys = atls_cbor_members(list);
    struct atls_cbor item;
    while (err == ATLS_OK && atls_cbor_next(&keys, &item)) {
        if (!is_key(&item)) {
            err = atls_corim_refuse_item(corim, &item, claim,
                                         "a key, certificate or thumbprint (tags 554 to 562)");
        }
    }
    if (err == ATLS_OK) {
        *out = (struct atls_mkeys){.encoded = *list};
    }
    return err;
}

enum atls_err atls_corim_any_mkey(const struct atls_corim *corim, const struct atls_cbor *item,
                                  struct atls_mkey *out)
{
    struct atls_mkey mkey = {.kind = ATLS_MKEY_NONE};
    const bool is_old =
        item->type == ATLS_CBOR_TAG && corim->old_profile &&
        (item->argument == ATLS_TAG_OLD_REFVAL_ID || item->argument == ATLS_TAG_OLD_CONFIG_ID);
    if (atls_cbor_u64(item, &mkey.number)) {
        mkey.kind = ATLS_MKEY_UINT;
    } else if (atls_cbor_text(item, 1, SIZE_MAX, &mkey.text)) {
        mkey.kind = ATLS_MKEY_TEXT;
    } else if (atls_tagged_of(item, &mkey.tagged) &&
               (mkey.tagged.tag == ATLS_TAG_OID || is_old ||
                (mkey.tagged.tag == ATLS_TAG_UUID && mkey.tagged.octets.len == 16))) {
        mkey.kind = ATLS_MKEY_TAGGED;
    } else {
        return atls_corim_refuse_item(corim, item, "mkey",
                                      "an unsigned integer, a text, tag 111 or tag 37");
    }
    *out = mkey;
    return ATLS_OK;
}

enum atls_err atls_corim_any_measurement(const struct atls_corim *corim,
                                         const struct atls_cbor *map,
                                         struct atls_measurement_map *out)
{
    static const struct atls_corim_field fields[] = {
        {0, "mkey (key 0)", ATLS_CORIM_OPTIONAL},
        {1, "mval (key 1)", ATLS_CORIM_REQUIRED},
        {2, "authorized-by (key 2)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_measurement_map measurement = {.mkey = {.kind = ATLS_MKEY_NONE}};
    enum atls_err err =
        atls_corim_fields(corim, map, "measurement", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK && atls_corim_has(&value[0])) {
        err = atls_corim_any_mkey(corim, &value[0], &measurement.mkey);
    }
    if (err == ATLS_OK) {
        err = atls_corim_any_values(corim, &value[1], &measurement.values);
    }
    if (err == ATLS_OK && atls_corim_has(&value[2])) {
        err = atls_corim_any_keys(corim, &value[2], "authorized-by", &measurement.authorized_by);
    }
    if (err == ATLS_OK) {
        *out = measurement;
    }
    return err;
}
