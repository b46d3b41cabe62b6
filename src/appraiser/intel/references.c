/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values of Intel's profile: which records a quote meets, and what these state. */
#include "appraiser/intel/measured.h"

#include "base/span.h"
#include "endorsement/corim.h"
#include "endorsement/statement.h"

/* [6, list] in tag 60020: one of a list. */
enum { OP_EQUAL = 0, OP_MEMBER = 6 };

/* Which code a record is for: its keys, by a value that is demanded. */
enum code { CODE_MRTEE = 1, CODE_MRSIGNER = 2, CODE_PRODUCT = 4 };

/* demands is false for an expression that excludes values, or leaves others open. */
static bool demands(const struct atls_cbor *value, uint64_t tag, uint64_t operator)
{
    struct atls_cbor pair;
    struct atls_cbor first;
    uint64_t found = 0;
    if (value->type != ATLS_CBOR_TAG) {
        return true;
    }
    return atls_cbor_tag(value, tag, &pair) && atls_cbor_at(&pair, 0, &first) &&
           atls_cbor_u64(&first, &found) && found == operator;
}

static unsigned code_of(const struct atls_measurement_map *map)
{
    struct atls_cbor value;
    const struct atls_cbor *values = &map->values.extensions.encoded;
    unsigned code = 0;
    if ((map->values.has & ATLS_HAS_EXTENSIONS) == 0) {
        return 0;
    }
    if (atls_cbor_get(values, ATLS_INTEL_MRTEE, &value) &&
        demands(&value, ATLS_TAG_INTEL_DIGESTS, OP_MEMBER)) {
        code |= CODE_MRTEE;
    }
    if (atls_cbor_get(values, ATLS_INTEL_MRSIGNER, &value) &&
        demands(&value, ATLS_TAG_INTEL_DIGESTS, OP_MEMBER)) {
        code |= CODE_MRSIGNER;
    }
    if (atls_cbor_get(values, ATLS_INTEL_ISVPRODID, &value) &&
        demands(&value, ATLS_TAG_INTEL_NUMBER, OP_EQUAL)) {
        code |= CODE_PRODUCT;
    }
    return code;
}

/* attributes_stated: a value says nothing of the bits that its mask leaves out. Octets are those of
 * the quote, the lowest bits first. */
static unsigned attributes_stated(const struct atls_cbor *attributes)
{
    struct atls_cbor masked;
    struct atls_cbor part;
    struct atls_bytes mask;
    const unsigned all = ATLS_STATED_SEPT_VE | ATLS_STATED_MIGRATABLE;
    if (!atls_cbor_tag(attributes, ATLS_TAG_MASKED, &masked)) {
        return all;
    }
    if (!atls_cbor_at(&masked, 1, &part) || !atls_cbor_bytes(&part, 8, SIZE_MAX, &mask)) {
        return 0;
    }
    return ((mask.data[3] & 0x10) != 0 ? ATLS_STATED_SEPT_VE : 0u) |
           ((mask.data[3] & 0x20) != 0 ? ATLS_STATED_MIGRATABLE : 0u);
}

static unsigned stated_by(const struct atls_measurement_map *map)
{
    static const struct {
        const char *key;
        unsigned stated;
    } keys[] = {
        {"config_id", ATLS_STATED_CONFIG_ID},     {"mr_config_id", ATLS_STATED_CONFIG_ID},
        {"mr_owner", ATLS_STATED_OWNER},          {"mr_owner_config", ATLS_STATED_OWNER_CONFIG},
        {"mr_servicetd", ATLS_STATED_SERVICE_TD}, {"xfam", ATLS_STATED_XFAM},
        {"config_svn", ATLS_STATED_CONFIG_SVN},
    };
    struct atls_cbor value;
    if (map->mkey.kind == ATLS_MKEY_NONE) {
        return (map->values.has & ATLS_HAS_EXTENSIONS) != 0 &&
                       atls_cbor_get(&map->values.extensions.encoded, ATLS_INTEL_ATTRIBUTES, &value)
                   ? attributes_stated(&value)
                   : 0;
    }
    if (map->values.raw_mask.len != 0 && atls_is_zero(map->values.raw_mask)) {
        return 0;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        if (map->mkey.kind == ATLS_MKEY_TEXT && atls_bytes_is_text(map->mkey.text, keys[i].key)) {
            return keys[i].stated;
        }
    }
    return 0;
}

/* take adds what a record that is met says. */
static void take(struct atls_quote_references *out, const struct atls_statement *statement,
                 bool is_td)
{
    struct atls_measurement_map map;
    unsigned code = 0;
    unsigned stated = 0;
    for (size_t i = 0; atls_statement_measurement(statement, i, &map); i++) {
        code |= code_of(&map);
        stated |= stated_by(&map);
    }
    const unsigned signer = CODE_MRSIGNER | CODE_PRODUCT;
    if ((code & CODE_MRTEE) != 0 || (!is_td && (code & signer) == signer)) {
        out->met = true;
        out->stated |= stated;
    }
}

struct atls_quote_references atls_quote_references_find(struct atls_quote_measured *measured,
                                                        const struct atls_quote_verified *verified,
                                                        const struct atls_appraisal_input *input)
{
    const bool is_td = atls_quote_facts(verified)->body.tee == ATLS_TEE_TDX;
    const struct atls_claims claims = atls_quote_measured_claims(measured, verified);
    struct atls_quote_references found = {.any = false};
    const struct atls_statement *statement;
    size_t cursor = 0;
    while ((statement = atls_endorsements_next_statement(input->endorsements, is_td ? "tdx" : "sgx",
                                                         ATLS_TRIPLE_REFERENCE, input->now_s,
                                                         &cursor)) != NULL) {
        if (!atls_bytes_equal(statement->environment.vendor, measured->environment.vendor) ||
            !atls_bytes_equal(statement->environment.model, measured->environment.model)) {
            continue;
        }
        found.any = true;
        /* A quote names no class: that of a record is a label, which its author chooses. */
        measured->environment.class_id = statement->environment.class_id;
        if (atls_statement_matches(statement, &claims)) {
            take(&found, statement, is_td);
        }
    }
    measured->environment.class_id = (struct atls_tagged){0, {NULL, 0}};
    return found;
}
