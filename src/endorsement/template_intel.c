/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measured values of Intel's profile (endorsement/intel.h). A number is to be equal, or an object
 * {"operator": "ge", "value": n}; octets are base64, or {"value", "mask"}; digests and texts are
 * lists, one of which is to be had.
 */
#include "endorsement/template.h"

#include "base/span.h"
#include "endorsement/intel.h"

static const char step[] = "template: values of Intel's profile";

static enum atls_err put_number(const struct atls_template *t, const json_t *value,
                                const char *name)
{
    static const char *const operators[] = {"eq", "gt", "ge", "lt", "le"};
    static const char *const members[] = {"operator", "value", NULL};
    int64_t number = 0;
    struct atls_bytes text = {NULL, 0};
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        atls_cbor_put_uint(t->w, (uint64_t)json_integer_value(value));
        return ATLS_OK;
    }
    enum atls_err err = atls_json_only_keys(value, members, step, t->diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&text, value, "operator", step, t->diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_int(&number, value, "value", 0, INT64_MAX, step, t->diag);
    }
    for (uint64_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(operators); i++) {
        if (atls_bytes_is_text(text, operators[i])) {
            atls_cbor_put_tag(t->w, ATLS_TAG_INTEL_NUMBER);
            atls_cbor_put_array(t->w, 2);
            atls_cbor_put_uint(t->w, i);
            atls_cbor_put_uint(t->w, (uint64_t)number);
            return ATLS_OK;
        }
    }
    return err != ATLS_OK ? err : atls_template_refuse(t, step, name, text, "eq, gt, ge, lt or le");
}

static enum atls_err put_base64(const struct atls_template *t, const json_t *value)
{
    struct atls_template_octets octets = {.len = 0};
    const enum atls_err err = atls_template_base64(t, value, step, &octets);
    atls_cbor_put_bytes(t->w, atls_bytes_of(octets.data, octets.len));
    return err;
}

static enum atls_err put_octets(const struct atls_template *t, const json_t *value,
                                const char *name)
{
    static const char *const members[] = {"value", "mask", NULL};
    (void)name;
    if (!json_is_object(value)) {
        atls_cbor_put_tag(t->w, ATLS_TAG_BYTES);
        return put_base64(t, value);
    }
    enum atls_err err = atls_json_only_keys(value, members, step, t->diag);
    atls_cbor_put_tag(t->w, ATLS_TAG_MASKED);
    atls_cbor_put_array(t->w, 2);
    for (size_t i = 0; i < 2 && err == ATLS_OK; i++) {
        err = put_base64(t, json_object_get(value, members[i]));
    }
    return err;
}

static enum atls_err put_digests(const struct atls_template *t, const json_t *value,
                                 const char *name)
{
    (void)name;
    return atls_template_put_digests(t, value);
}

static enum atls_err put_texts(const struct atls_template *t, const json_t *value, const char *name)
{
    struct atls_bytes text = {NULL, 0};
    if (!json_is_array(value) || json_array_size(value) == 0) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, name,
                               atls_json_type_name(value), "a list of texts");
    }
    atls_cbor_put_array(t->w, json_array_size(value));
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!atls_json_text_of(json_array_get(value, i), &text) || text.len == 0) {
            return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, name, "something else",
                                   "a list of texts");
        }
        atls_cbor_put_text(t->w, text);
    }
    return ATLS_OK;
}

const struct atls_template_member atls_template_intel[ATLS_TEMPLATE_NUM_INTEL] = {
    {"isvsvn", ATLS_INTEL_ISVSVN, put_number},
    {"instanceid", ATLS_INTEL_INSTANCE_ID, put_octets},
    {"miscselect", ATLS_INTEL_MISCSELECT, put_octets},
    {"attributes", ATLS_INTEL_ATTRIBUTES, put_octets},
    {"mrtee", ATLS_INTEL_MRTEE, put_digests},
    {"mrsigner", ATLS_INTEL_MRSIGNER, put_digests},
    {"isvprodid", ATLS_INTEL_ISVPRODID, put_number},
    {"tcbevalnum", ATLS_INTEL_TCBEVALNUM, put_number},
    {"tcbstatus", ATLS_INTEL_STATUS, put_texts},
};
