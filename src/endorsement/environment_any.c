/* SPDX-License-Identifier: Apache-2.0 */
/* The environment-map as the draft has it (draft-ietf-rats-corim-11, 5.1.4.1.1), without what a
 * profile demands of it. */
#include "endorsement/corim.h"

#include "base/span.h"

/* Tags that a type choice has, and the sentence for others. */
struct choice {
    const uint64_t *tags;
    size_t num;
    const char *expected;
};

static const uint64_t class_tags[] = {ATLS_TAG_OID, ATLS_TAG_UUID, ATLS_TAG_BYTES,
                                      ATLS_TAG_OLD_IMPL_ID};
static const struct choice class_choice = {class_tags, ATLS_ARRAY_LEN(class_tags),
                                           "tag 111, 37 or 560"};
static const uint64_t instance_tags[] = {
    ATLS_TAG_UEID,     ATLS_TAG_UUID,     ATLS_TAG_BYTES,          ATLS_TAG_PEM_KEY,
    ATLS_TAG_PEM_CERT, ATLS_TAG_COSE_KEY, ATLS_TAG_KEY_THUMBPRINT, ATLS_TAG_CERT_THUMBPRINT,
    ATLS_TAG_DER_CERT};
static const struct choice instance_choice = {instance_tags, ATLS_ARRAY_LEN(instance_tags),
                                              "tag 550, 37, 560, 554, 555, 557, 558, 559 or 562"};
static const uint64_t group_tags[] = {ATLS_TAG_UUID, ATLS_TAG_BYTES};
static const struct choice group_choice = {group_tags, ATLS_ARRAY_LEN(group_tags), "tag 37 or 560"};

/* is_well_formed: the lengths that UEID (RFC 9711, 4.2.1) and UUID (RFC 9562) have. */
static bool is_well_formed(const struct atls_tagged *value)
{
    switch (value->tag) {
    case ATLS_TAG_UEID:
        return value->octets.len >= 7 && value->octets.len <= 33;
    case ATLS_TAG_UUID:
        return value->octets.len == 16;
    default:
        return value->octets.len != 0;
    }
}

static enum atls_err read_choice(const struct atls_corim *corim, const struct atls_cbor *item,
                                 const char *claim, const struct choice *choice,
                                 struct atls_tagged *out)
{
    struct atls_tagged value;
    if (!atls_corim_has(item)) {
        return ATLS_OK;
    }
    for (size_t i = 0; atls_tagged_of(item, &value) && i < choice->num; i++) {
        const bool is_old = choice->tags[i] == ATLS_TAG_OLD_IMPL_ID && !corim->old_profile;
        if (choice->tags[i] == value.tag && !is_old && is_well_formed(&value)) {
            *out = value;
            return ATLS_OK;
        }
    }
    return atls_corim_refuse_item(corim, item, claim, choice->expected);
}

static enum atls_err read_label(const struct atls_corim *corim, const struct atls_cbor *item,
                                bool *has, struct atls_bytes *out)
{
    if (!atls_corim_has(item)) {
        return ATLS_OK;
    }
    *has = true;
    return atls_cbor_text(item, 0, SIZE_MAX, out)
               ? ATLS_OK
               : atls_corim_refuse_item(corim, item, "vendor and model", "a text");
}

static enum atls_err read_number(const struct atls_corim *corim, const struct atls_cbor *item,
                                 bool *has, uint64_t *out)
{
    if (!atls_corim_has(item)) {
        return ATLS_OK;
    }
    *has = true;
    return atls_cbor_u64(item, out)
               ? ATLS_OK
               : atls_corim_refuse_item(corim, item, "layer and index", "an unsigned integer");
}

static enum atls_err read_class(const struct atls_corim *corim, const struct atls_cbor *map,
                                struct atls_environment *out)
{
    static const struct atls_corim_field fields[] = {
        {0, "class-id (key 0)", ATLS_CORIM_OPTIONAL}, {1, "vendor (key 1)", ATLS_CORIM_OPTIONAL},
        {2, "model (key 2)", ATLS_CORIM_OPTIONAL},    {3, "layer (key 3)", ATLS_CORIM_OPTIONAL},
        {4, "index (key 4)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    enum atls_err err =
        atls_corim_fields(corim, map, "environment class", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK) {
        err = read_choice(corim, &value[0], "environment class-id", &class_choice, &out->class_id);
    }
    if (err == ATLS_OK) {
        err = read_label(corim, &value[1], &out->has_vendor, &out->vendor);
    }
    if (err == ATLS_OK) {
        err = read_label(corim, &value[2], &out->has_model, &out->model);
    }
    if (err == ATLS_OK) {
        err = read_number(corim, &value[3], &out->has_layer, &out->layer);
    }
    return err == ATLS_OK ? read_number(corim, &value[4], &out->has_index, &out->index) : err;
}

enum atls_err atls_corim_any_environment(const struct atls_corim *corim,
                                         const struct atls_cbor *map, struct atls_environment *out)
{
    static const struct atls_corim_field fields[] = {
        {0, "class (key 0)", ATLS_CORIM_OPTIONAL},
        {1, "instance (key 1)", ATLS_CORIM_OPTIONAL},
        {2, "group (key 2)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_environment environment = {.has_vendor = false};
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    enum atls_err err =
        atls_corim_fields(corim, map, "environment", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK && atls_corim_has(&value[0])) {
        err = read_class(corim, &value[0], &environment);
    }
    if (err == ATLS_OK) {
        err = read_choice(corim, &value[1], "environment instance", &instance_choice,
                          &environment.instance);
    }
    if (err == ATLS_OK) {
        err = read_choice(corim, &value[2], "environment group", &group_choice, &environment.group);
    }
    if (err == ATLS_OK) {
        *out = environment;
    }
    return err;
}
