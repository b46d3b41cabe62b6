/* SPDX-License-Identifier: Apache-2.0 */
/* What CBOR items and JSON values are, by their members. */
#include "inspect/detect.h"

#include "base/span.h"
#include "codec/cmw.h"

bool inspect_is_cmw_tag(const struct inspect_value *v)
{
    uint16_t content_format = 0;
    return v->type == INSPECT_TAG && atls_cmw_tag_inverse(v->argument, &content_format);
}

static bool has_slash(struct atls_bytes text)
{
    return text.len != 0 && memchr(text.data, '/', text.len) != NULL;
}

/* is_record: [content format or media type, octets, ...]. Text has the '/' of a media type. */
bool inspect_is_cmw_record(const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value type;
    struct inspect_value value;
    if (v->type != INSPECT_ARRAY || !inspect_next(&iter, &type) || !inspect_next(&iter, &value)) {
        return false;
    }
    if (v->form == INSPECT_JSON) {
        return type.type == INSPECT_TEXT && has_slash(type.content) && value.type == INSPECT_TEXT;
    }
    return value.type == INSPECT_BYTES &&
           (type.type == INSPECT_UINT || (type.type == INSPECT_TEXT && has_slash(type.content)));
}

/* A collection says so, or holds nothing but records, tags and collections that say so. */
bool inspect_is_cmw_collection(const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value key;
    struct inspect_value value;
    size_t members = 0;
    if (v->type != INSPECT_MAP) {
        return false;
    }
    if (inspect_has_text(v, "__cmwc_t")) {
        return true;
    }
    for (; inspect_next_pair(&iter, &key, &value); members++) {
        if (!inspect_is_cmw_record(&value) && !inspect_is_cmw_tag(&value) &&
            !inspect_has_text(&value, "__cmwc_t")) {
            return false;
        }
    }
    return members != 0;
}

bool inspect_is_parsec(const struct inspect_value *v)
{
    struct inspect_value kat;
    return inspect_get_text(v, "kat", &kat) && inspect_has_text(v, "pat") &&
           (inspect_is_tag(&kat, 601) || inspect_has_text(&kat, "tpmVer") ||
            inspect_has_text(&kat, "certInfo"));
}

bool inspect_is_tsm(const struct inspect_value *v)
{
    return inspect_has_text(v, "outblob") && inspect_has_text(v, "provider");
}

bool inspect_is_cose_key(const struct inspect_value *v)
{
    struct inspect_value kty;
    int64_t type = 0;
    return v->form == INSPECT_CBOR && inspect_get(v, 1, &kty) && inspect_int(&kty, &type) &&
           inspect_has(v, -1);
}

static bool has_label_between(const struct inspect_value *v, int64_t min, int64_t max)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value key;
    struct inspect_value value;
    int64_t label = 0;
    while (inspect_next_pair(&iter, &key, &value)) {
        if (inspect_int(&key, &label) && label >= min && label <= max) {
            return true;
        }
    }
    return false;
}

static bool is_json_claims(const struct inspect_value *v)
{
    static const char *const names[] = {
        "eat_profile",     "eat-profile",     "eat_nonce",  "ueid",       "submods", "measres",
        "ear.verifier-id", "ear_verifier_id", "ear.status", "ear_status", "iss",     "psa-nonce",
    };
    static const char *const prefixes[] = {"psa-", "cca-platform-", "cca-realm-"};
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value key;
    struct inspect_value value;
    while (inspect_next_pair(&iter, &key, &value)) {
        for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
            if (inspect_is_text(&key, names[i])) {
                return true;
            }
        }
        for (size_t i = 0; i < ATLS_ARRAY_LEN(prefixes); i++) {
            const size_t len = atls_text_len(prefixes[i]);
            if (atls_bytes_is_text(inspect_part(key.content, 0, len), prefixes[i])) {
                return true;
            }
        }
    }
    return false;
}

/* has_type is true when a label is there with a value of one type, or of another. */
static bool has_type(const struct inspect_value *v, int64_t label, enum inspect_type one,
                     enum inspect_type other)
{
    struct inspect_value value;
    return inspect_get(v, label, &value) && (value.type == one || value.type == other);
}

/* A claims set has a label that nothing else here has (file 17 of the registry: CWT claims), or
 * the issuer, and the subject or a date, of a CWT. */
bool inspect_is_claims(const struct inspect_value *v)
{
    if (v->type != INSPECT_MAP) {
        return false;
    }
    if (v->form == INSPECT_JSON) {
        return is_json_claims(v);
    }
    if (has_label_between(v, 256, 275) || has_label_between(v, 1000, 1007) ||
        has_label_between(v, 2394, 2408) || has_label_between(v, 44235, 44257) ||
        has_label_between(v, -75010, -75000) || has_label_between(v, -4670554, -4670545) ||
        inspect_has(v, 10) || inspect_has(v, 299) || inspect_has(v, 2500) ||
        inspect_has_text(v, "module_id")) {
        return true;
    }
    return has_type(v, 1, INSPECT_TEXT, INSPECT_TEXT) &&
           (has_type(v, 2, INSPECT_TEXT, INSPECT_TEXT) ||
            has_type(v, 4, INSPECT_UINT, INSPECT_FLOAT) ||
            has_type(v, 6, INSPECT_UINT, INSPECT_TAG));
}

/* CoRIM and what may be inside one. */

/* is_tags is true for a list of CoMID, CoSWID and the like: tagged, or in the old dialect octets
 * that hold them. */
static bool is_tags(const struct inspect_value *v)
{
    struct inspect_value first;
    return inspect_at(v, 0, &first) &&
           (first.type == INSPECT_BYTES ||
            (first.type == INSPECT_TAG && first.argument >= 505 && first.argument <= 508));
}

bool inspect_is_corim(const struct inspect_value *v)
{
    struct inspect_value tags;
    return (v->type == INSPECT_TAG && v->argument >= 500 && v->argument <= 502) ||
           (v->type == INSPECT_MAP && inspect_has(v, 0) && inspect_get(v, 1, &tags) &&
            is_tags(&tags));
}

bool inspect_is_comid(const struct inspect_value *v)
{
    struct inspect_value identity;
    struct inspect_value triples;
    return inspect_is_tag(v, 506) || (v->type == INSPECT_MAP && inspect_get(v, 1, &identity) &&
                                      identity.type == INSPECT_MAP && inspect_get(v, 4, &triples) &&
                                      triples.type == INSPECT_MAP);
}

bool inspect_is_cotl(const struct inspect_value *v)
{
    struct inspect_value identity;
    struct inspect_value list;
    struct inspect_value validity;
    return inspect_is_tag(v, 508) || (v->type == INSPECT_MAP && inspect_get(v, 0, &identity) &&
                                      identity.type == INSPECT_MAP && inspect_get(v, 1, &list) &&
                                      list.type == INSPECT_ARRAY && inspect_get(v, 2, &validity) &&
                                      validity.type == INSPECT_MAP);
}

bool inspect_is_cots(const struct inspect_value *v)
{
    struct inspect_value environments;
    struct inspect_value keys;
    return inspect_is_tag(v, 507) ||
           (v->type == INSPECT_MAP && inspect_get(v, 2, &environments) &&
            environments.type == INSPECT_ARRAY && inspect_get(v, 6, &keys) &&
            keys.type == INSPECT_MAP && inspect_has(&keys, 0));
}

/* Without a tag: a software-name, which in a claims set would be the issuer, beside entities, which
 * would be the subject and are no text. */
bool inspect_is_coswid(const struct inspect_value *v)
{
    struct inspect_value name;
    struct inspect_value entity;
    return inspect_is_tag(v, 505) || inspect_is_tag(v, 1398229316) ||
           (v->type == INSPECT_MAP && inspect_get(v, 1, &name) && name.type == INSPECT_TEXT &&
            inspect_get(v, 2, &entity) &&
            (entity.type == INSPECT_ARRAY || entity.type == INSPECT_MAP) && inspect_has(v, 0));
}
