/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment-map (draft-ietf-rats-corim-11, 5.1.4.1.1): which class of platforms, and for a
 * trust anchor which one of them.
 *
 * Vendor and model are read as the labels that they are: neither PSA tokens nor Parsec Evidence
 * name them, and class-id alone says what is meant. Layer, index and group would narrow the
 * environment, and so would the instance of a reference value: they are refused.
 */
#include "endorsement/corim.h"

#include "base/span.h"

/* tagged_octets gives the `len` octets inside a tag. */
static bool tagged_octets(const struct atls_cbor *item, uint64_t tag, size_t len,
                          struct atls_bytes *out)
{
    struct atls_cbor inner;
    return atls_cbor_tag(item, tag, &inner) && atls_cbor_bytes(&inner, len, len, out);
}

static enum atls_err read_class(const struct atls_corim *corim, const struct atls_cbor *map,
                                struct atls_bytes *out_class_id)
{
    static const struct atls_corim_field fields[] = {
        {0, "class-id (key 0)", ATLS_CORIM_REQUIRED}, {1, "vendor (key 1)", ATLS_CORIM_OPTIONAL},
        {2, "model (key 2)", ATLS_CORIM_OPTIONAL},    {3, "layer (key 3)", ATLS_CORIM_NOT_BUILT},
        {4, "index (key 4)", ATLS_CORIM_NOT_BUILT},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    const enum atls_err err =
        atls_corim_fields(corim, map, "environment class", fields, ATLS_ARRAY_LEN(fields), value);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_bytes text;
    for (size_t i = 1; i <= 2; i++) {
        if (atls_corim_has(&value[i]) && !atls_cbor_text(&value[i], 0, SIZE_MAX, &text)) {
            return atls_corim_refuse_item(corim, &value[i], "vendor and model", "a text");
        }
    }
    const struct atls_corim_rules *rules = corim->rules;
    if (tagged_octets(&value[0], rules->class_tag, rules->class_len, out_class_id)) {
        return ATLS_OK;
    }
    if (corim->old_profile &&
        tagged_octets(&value[0], ATLS_TAG_OLD_IMPL_ID, rules->class_len, out_class_id)) {
        return ATLS_OK;
    }
    return atls_corim_refuse_item(corim, &value[0], "environment class-id", rules->class_text);
}

static enum atls_err read_instance(const struct atls_corim *corim, const struct atls_cbor *item,
                                   struct atls_bytes *out_instance)
{
    const struct atls_corim_rules *rules = corim->rules;
    struct atls_bytes instance;
    const bool found = tagged_octets(item, rules->instance_tag, ATLS_INSTANCE_LEN, &instance) ||
                       tagged_octets(item, rules->other_instance_tag, ATLS_INSTANCE_LEN, &instance);
    if (!found || instance.data[0] != 0x01) {
        return atls_corim_refuse_item(corim, item, "environment instance", rules->instance_text);
    }
    *out_instance = instance;
    return ATLS_OK;
}

enum atls_err atls_corim_environment(const struct atls_corim *corim, const struct atls_cbor *map,
                                     bool is_trust_anchor, struct atls_bytes *out_class_id,
                                     struct atls_bytes *out_instance)
{
    static const struct atls_corim_field fields[] = {
        {0, "class (key 0)", ATLS_CORIM_REQUIRED},
        {1, "instance (key 1)", ATLS_CORIM_OPTIONAL},
        {2, "group (key 2)", ATLS_CORIM_NOT_BUILT},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    enum atls_err err =
        atls_corim_fields(corim, map, "environment", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK) {
        err = read_class(corim, &value[0], out_class_id);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const bool has_instance = atls_corim_has(&value[1]);
    if (is_trust_anchor && !has_instance) {
        return atls_corim_refuse(corim, map, "environment instance", "none",
                                 corim->rules->instance_text);
    }
    if (!is_trust_anchor && has_instance) {
        return atls_corim_refuse(corim, &value[1], "environment instance",
                                 "a reference value for one instance",
                                 "reference values of a class");
    }
    return is_trust_anchor ? read_instance(corim, &value[1], out_instance) : ATLS_OK;
}
