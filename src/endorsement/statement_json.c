/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/statement_json.h"

#include "base/span.h"
#include "endorsement/intel.h"
#include "endorsement/statement_read.h"
#include "json/base64.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void set(json_t *object, const char *name, json_t *value)
{
    if (value != NULL) {
        json_object_set_new(object, name, value);
    }
}

static json_t *hex(struct atls_bytes octets)
{
    char *text = atls_hex_new(octets);
    json_t *value = json_string(text);
    free(text);
    return value;
}

static json_t *text_json(struct atls_bytes text)
{
    return json_stringn(text.len != 0 ? (const char *)text.data : "", text.len);
}

/* number_json: JSON numbers are exact up to 2^53 only. */
static json_t *number_json(uint64_t number)
{
    char digits[24];
    if (number <= UINT64_C(1) << 53) {
        return json_integer((json_int_t)number);
    }
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    return json_string(digits);
}

json_t *atls_tagged_json(const struct atls_tagged *value)
{
    static const struct {
        uint64_t tag;
        const char *name;
        bool is_text;
    } kinds[] = {
        {ATLS_TAG_UUID, "uuid", false},
        {ATLS_TAG_OID, "oid", false},
        {ATLS_TAG_UEID, "ueid", false},
        {ATLS_TAG_PEM_KEY, "pkix-base64-key", true},
        {ATLS_TAG_PEM_CERT, "pkix-base64-cert", true},
        {ATLS_TAG_PEM_PATH, "pkix-base64-cert-path", true},
        {ATLS_TAG_KEY_THUMBPRINT, "thumbprint", false},
        {ATLS_TAG_COSE_KEY, "cose-key", false},
        {ATLS_TAG_CERT_THUMBPRINT, "cert-thumbprint", false},
        {ATLS_TAG_BYTES, "bytes", false},
        {ATLS_TAG_PATH_THUMBPRINT, "cert-path-thumbprint", false},
        {ATLS_TAG_DER_CERT, "pkix-asn1der-cert", false},
        {ATLS_TAG_OLD_IMPL_ID, "psa.impl-id", false},
        {ATLS_TAG_OLD_REFVAL_ID, "psa.refval-id", false},
        {ATLS_TAG_OLD_CONFIG_ID, "cca.platform-config-id", true},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        if (kinds[i].tag == value->tag) {
            return json_pack("{s:s,s:o}", "type", kinds[i].name, "value",
                             kinds[i].is_text ? text_json(value->octets) : hex(value->octets));
        }
    }
    return json_pack("{s:I,s:o}", "tag", (json_int_t)value->tag, "value", hex(value->octets));
}

json_t *atls_environment_json(const struct atls_environment *e)
{
    json_t *object = json_object();
    json_t *class_of = json_object();
    if (e->class_id.tag != 0) {
        set(class_of, "id", atls_tagged_json(&e->class_id));
    }
    set(class_of, "vendor", e->has_vendor ? text_json(e->vendor) : NULL);
    set(class_of, "model", e->has_model ? text_json(e->model) : NULL);
    set(class_of, "layer", e->has_layer ? number_json(e->layer) : NULL);
    set(class_of, "index", e->has_index ? number_json(e->index) : NULL);
    if (json_object_size(class_of) != 0) {
        json_object_set(object, "class", class_of);
    }
    json_decref(class_of);
    set(object, "instance", e->instance.tag != 0 ? atls_tagged_json(&e->instance) : NULL);
    set(object, "group", e->group.tag != 0 ? atls_tagged_json(&e->group) : NULL);
    return object;
}

static json_t *digests_json(const struct atls_mdigest_list *list)
{
    json_t *array = json_array();
    struct atls_mdigest digest;
    size_t cursor = 0;
    while (atls_mdigest_next(list, &cursor, &digest)) {
        const struct atls_corim_digest *known = atls_corim_digest_by_number(digest.number);
        json_t *alg = known != NULL          ? json_string(known->name)
                      : digest.name.len != 0 ? text_json(digest.name)
                                             : json_integer(digest.number);
        json_array_append_new(array, json_pack("[o,o]", alg, hex(digest.value)));
    }
    return array;
}

static json_t *keys_json(const struct atls_mkeys *list)
{
    json_t *array = json_array();
    struct atls_tagged key;
    size_t cursor = 0;
    while (atls_mkeys_next(list, &cursor, &key)) {
        json_array_append_new(array, atls_tagged_json(&key));
    }
    return array;
}

static json_t *registers_json(const struct atls_mregisters *list)
{
    json_t *object = json_object();
    struct atls_mregister item;
    size_t cursor = 0;
    while (atls_mregister_next(list, &cursor, &item)) {
        char name[64];
        if (item.is_text) {
            snprintf(name, sizeof name, "%.*s", (int)(item.text.len < 60 ? item.text.len : 60),
                     (const char *)item.text.data);
        } else {
            snprintf(name, sizeof name, "%" PRIu64, item.number);
        }
        set(object, name, digests_json(&item.digests));
    }
    return object;
}

static json_t *flags_json(const struct atls_measured *m)
{
    static const char *const names[ATLS_NUM_FLAGS] = {"is-configured",
                                                      "is-secure",
                                                      "is-recovery",
                                                      "is-debug",
                                                      "is-replay-protected",
                                                      "is-integrity-protected",
                                                      "is-runtime-meas",
                                                      "is-immutable",
                                                      "is-tcb",
                                                      "is-confidentiality-protected",
                                                      "is-runtime-updatable"};
    json_t *object = json_object();
    for (unsigned i = 0; i < ATLS_NUM_FLAGS; i++) {
        if ((m->flags >> i & 1) != 0) {
            set(object, names[i], json_boolean(m->flags_set >> i & 1));
        }
    }
    return object;
}

static json_t *range_json(const struct atls_mrange *range)
{
    if (!range->is_range) {
        return json_integer(range->min);
    }
    return json_pack("{s:o,s:o}", "min",
                     range->min == INT64_MIN ? json_null() : json_integer(range->min), "max",
                     range->max == INT64_MAX ? json_null() : json_integer(range->max));
}

/* extensions_json shows Intel's values by name, and all of them encoded. */
static json_t *extensions_json(const struct atls_cbor *map)
{
    json_t *object = json_object();
    struct atls_cbor key;
    struct atls_cbor value;
    struct atls_cbor_iter pairs = atls_cbor_members(map);
    while (atls_cbor_next_pair(&pairs, &key, &value)) {
        int64_t number;
        char name[24];
        if (!atls_cbor_int(&key, &number) || number >= 0) {
            continue;
        }
        snprintf(name, sizeof name, "%" PRId64, number);
        set(object, atls_intel_name(number) != NULL ? atls_intel_name(number) : name,
            hex(value.encoded));
    }
    return object;
}

static void set_strings(json_t *object, const struct atls_measured *m)
{
    const struct {
        const char *name;
        struct atls_bytes value;
        uint32_t has;
        bool is_text;
    } strings[] = {
        {"version", m->version, ATLS_HAS_VERSION, true},
        {"raw-value", m->raw, ATLS_HAS_RAW, false},
        {"mac-addr", m->mac, ATLS_HAS_MAC, false},
        {"ip-addr", m->ip, ATLS_HAS_IP, false},
        {"serial-number", m->serial, ATLS_HAS_SERIAL, true},
        {"ueid", m->ueid, ATLS_HAS_UEID, false},
        {"uuid", m->uuid, ATLS_HAS_UUID, false},
        {"name", m->name, ATLS_HAS_NAME, true},
        {"psa-cert-num", m->cert_num, ATLS_HAS_CERT_NUM, true},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(strings); i++) {
        if ((m->has & strings[i].has) != 0) {
            set(object, strings[i].name,
                strings[i].is_text ? text_json(strings[i].value) : hex(strings[i].value));
        }
    }
    set(object, "raw-value-mask", m->raw_mask.len != 0 ? hex(m->raw_mask) : NULL);
}

static json_t *values_json(const struct atls_measured *m)
{
    const uint32_t has = m->has;
    json_t *object = json_object();
    set_strings(object, m);
    if ((has & ATLS_HAS_VERSION_SCHEME) != 0) {
        set(object, "version-scheme", json_integer(m->version_scheme));
    }
    if ((has & ATLS_HAS_SVN) != 0) {
        set(object, m->svn_is_min ? "min-svn" : "svn", number_json(m->svn));
    }
    set(object, "digests", (has & ATLS_HAS_DIGESTS) != 0 ? digests_json(&m->digests) : NULL);
    set(object, "flags", (has & ATLS_HAS_FLAGS) != 0 ? flags_json(m) : NULL);
    set(object, "cryptokeys", (has & ATLS_HAS_CRYPTOKEYS) != 0 ? keys_json(&m->cryptokeys) : NULL);
    set(object, "integrity-registers",
        (has & ATLS_HAS_REGISTERS) != 0 ? registers_json(&m->registers) : NULL);
    set(object, "int-range", (has & ATLS_HAS_RANGE) != 0 ? range_json(&m->range) : NULL);
    set(object, "extensions",
        (has & ATLS_HAS_EXTENSIONS) != 0 ? extensions_json(&m->extensions.encoded) : NULL);
    return object;
}

json_t *atls_measurement_json(const struct atls_measurement_map *m)
{
    json_t *object = json_object();
    json_t *key = NULL;
    if (m->mkey.kind == ATLS_MKEY_UINT) {
        key = number_json(m->mkey.number);
    } else if (m->mkey.kind == ATLS_MKEY_TEXT) {
        key = text_json(m->mkey.text);
    } else if (m->mkey.kind == ATLS_MKEY_TAGGED) {
        key = atls_tagged_json(&m->mkey.tagged);
    }
    set(object, "key", key);
    set(object, "value", values_json(&m->values));
    if (atls_mkeys_count(&m->authorized_by) != 0) {
        set(object, "authorized-by", keys_json(&m->authorized_by));
    }
    return object;
}

/* claim_json gives measurements and keys of a record; the other kinds are shown encoded. */
json_t *atls_statement_json(const struct atls_statement *statement)
{
    json_t *object = json_object();
    json_t *list = json_array();
    struct atls_measurement_map measurement;
    struct atls_tagged key;
    set(object, "triple", json_string(atls_triple_name(statement->triple)));
    set(object, "environment", atls_environment_json(&statement->environment));
    const bool has_keys = atls_statement_key(statement, 0, &key);
    for (size_t i = 0; atls_statement_measurement(statement, i, &measurement); i++) {
        json_array_append_new(list, atls_measurement_json(&measurement));
    }
    for (size_t i = 0; atls_statement_key(statement, i, &key); i++) {
        json_array_append_new(list, atls_tagged_json(&key));
    }
    if (json_array_size(list) != 0) {
        json_object_set(object, has_keys ? "keys" : "measurements", list);
    } else {
        set(object, "record", hex(statement->record.encoded));
    }
    json_decref(list);
    return object;
}

json_t *atls_authority_json(const struct atls_authority *authority)
{
    json_t *object = json_pack("{s:b,s:b}", "trust_anchor", authority->is_anchor, "simulated",
                               authority->simulated);
    set(object, "environment",
        authority->has_environment ? atls_environment_json(&authority->environment) : NULL);
    set(object, "store", authority->store_name.len != 0 ? text_json(authority->store_name) : NULL);
    set(object, authority->cert.len != 0 ? "certificate" : "key",
        hex(authority->cert.len != 0 ? authority->cert : authority->spki));
    return object;
}
