/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measurement-values-map as the draft has it (draft-ietf-rats-corim-11, 5.1.4.1.4.2), every
 * member with its type and lengths, without what a profile demands. What is read here is what
 * match.c compares.
 */
#include "endorsement/corim.h"

#include "base/span.h"
#include "endorsement/intel.h"

enum { VERSION, SVN, DIGESTS, FLAGS, RAW, RAW_MASK, MAC, IP, SERIAL, UEID, UUID, NAME };
enum { CRYPTOKEYS = NAME + 1, REGISTERS, RANGE, CERT_NUM, NUM_VALUES };
static const struct atls_corim_field value_fields[NUM_VALUES] = {
    [VERSION] = {0, "version (key 0)", ATLS_CORIM_OPTIONAL},
    [SVN] = {1, "svn (key 1)", ATLS_CORIM_OPTIONAL},
    [DIGESTS] = {2, "digests (key 2)", ATLS_CORIM_OPTIONAL},
    [FLAGS] = {3, "flags (key 3)", ATLS_CORIM_OPTIONAL},
    [RAW] = {4, "raw-value (key 4)", ATLS_CORIM_OPTIONAL},
    [RAW_MASK] = {5, "raw-value-mask (key 5)", ATLS_CORIM_OPTIONAL},
    [MAC] = {6, "mac-addr (key 6)", ATLS_CORIM_OPTIONAL},
    [IP] = {7, "ip-addr (key 7)", ATLS_CORIM_OPTIONAL},
    [SERIAL] = {8, "serial-number (key 8)", ATLS_CORIM_OPTIONAL},
    [UEID] = {9, "ueid (key 9)", ATLS_CORIM_OPTIONAL},
    [UUID] = {10, "uuid (key 10)", ATLS_CORIM_OPTIONAL},
    [NAME] = {11, "name (key 11)", ATLS_CORIM_OPTIONAL},
    [CRYPTOKEYS] = {13, "cryptokeys (key 13)", ATLS_CORIM_OPTIONAL},
    [REGISTERS] = {14, "integrity-registers (key 14)", ATLS_CORIM_OPTIONAL},
    [RANGE] = {15, "int-range (key 15)", ATLS_CORIM_OPTIONAL},
    [CERT_NUM] = {100, "psa-cert-num (key 100)", ATLS_CORIM_OPTIONAL},
};

/* Bounds of lists that are compared with one another. */
#define MAX_DIGESTS   16
#define MAX_REGISTERS 64

static enum atls_err read_version(const struct atls_corim *corim, const struct atls_cbor *map,
                                  struct atls_measured *out)
{
    static const struct atls_corim_field fields[] = {
        {0, "version (key 0)", ATLS_CORIM_REQUIRED},
        {1, "version-scheme (key 1)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    const enum atls_err err =
        atls_corim_fields(corim, map, "version", fields, ATLS_ARRAY_LEN(fields), value);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_cbor_text(&value[0], 1, SIZE_MAX, &out->version)) {
        return atls_corim_refuse_item(corim, &value[0], "version", "a text that is not empty");
    }
    out->has |= ATLS_HAS_VERSION;
    if (!atls_corim_has(&value[1])) {
        return ATLS_OK;
    }
    out->has |= ATLS_HAS_VERSION_SCHEME;
    return atls_cbor_int(&value[1], &out->version_scheme)
               ? ATLS_OK
               : atls_corim_refuse_item(corim, &value[1], "version-scheme", "an integer");
}

static enum atls_err read_svn(const struct atls_corim *corim, const struct atls_cbor *item,
                              struct atls_measured *out)
{
    struct atls_cbor inner;
    out->has |= ATLS_HAS_SVN;
    out->svn_is_min = atls_cbor_tag(item, ATLS_TAG_MIN_SVN, &inner);
    if (!out->svn_is_min && !atls_cbor_tag(item, ATLS_TAG_SVN, &inner)) {
        inner = *item;
    }
    return atls_cbor_u64(&inner, &out->svn)
               ? ATLS_OK
               : atls_corim_refuse_item(corim, item, "svn",
                                        "an unsigned integer, in tag 552 or 553 or without");
}

/* check_digest: an algorithm that is known here says how long its value is. */
static enum atls_err check_digest(const struct atls_corim *corim, const struct atls_cbor *item)
{
    struct atls_mdigest digest;
    if (!atls_mdigest_of(item, &digest)) {
        return atls_corim_refuse_item(corim, item, "digest", "an array of algorithm and octets");
    }
    const struct atls_corim_digest *known = atls_corim_digest_by_number(digest.number);
    if (known != NULL && digest.value.len != known->len) {
        atls_corim_refuse(corim, item, "digest", NULL, "octets: ");
        atls_diag_found_int(corim->diag, (int64_t)digest.value.len);
        atls_diag_found_text(corim->diag, " octets");
        atls_diag_expected_int(corim->diag, (int64_t)known->len);
        return ATLS_ERR_ENDORSEMENT;
    }
    return ATLS_OK;
}

static enum atls_err read_digests(const struct atls_corim *corim, const struct atls_cbor *list,
                                  const char *claim, struct atls_mdigest_list *out)
{
    enum atls_err err = atls_corim_list(corim, list, claim);
    if (err == ATLS_OK && list->argument > MAX_DIGESTS) {
        return atls_corim_refuse_item(corim, list, claim, "at most 16 digests");
    }
    struct atls_cbor_iter digests = atls_cbor_members(list);
    struct atls_cbor item;
    while (err == ATLS_OK && atls_cbor_next(&digests, &item)) {
        err = check_digest(corim, &item);
    }
    out->encoded = *list;
    return err;
}

static enum atls_err read_flags(const struct atls_corim *corim, const struct atls_cbor *map,
                                struct atls_measured *out)
{
    out->has |= ATLS_HAS_FLAGS;
    if (map->type != ATLS_CBOR_MAP || map->argument == 0) {
        return atls_corim_refuse_item(corim, map, "flags", "a map that is not empty");
    }
    struct atls_cbor_iter pairs = atls_cbor_members(map);
    struct atls_cbor key;
    struct atls_cbor value;
    while (atls_cbor_next_pair(&pairs, &key, &value)) {
        uint64_t number;
        bool set;
        if (!atls_cbor_u64(&key, &number) || number >= ATLS_NUM_FLAGS) {
            return atls_corim_refuse_item(corim, &key, "flags", "flags 0 to 10");
        }
        if (!atls_cbor_bool(&value, &set)) {
            return atls_corim_refuse_item(corim, &value, "flags", "true or false");
        }
        out->flags = (uint16_t)(out->flags | 1u << number);
        out->flags_set = (uint16_t)(out->flags_set | (unsigned)set << number);
    }
    return ATLS_OK;
}

/* read_raw reads octets (560) or octets and mask (563); the mask of key 5 belongs to the first. */
static enum atls_err read_raw(const struct atls_corim *corim, const struct atls_cbor *item,
                              const struct atls_cbor *mask, struct atls_measured *out)
{
    static const char expected[] = "tag 560 with octets, or tag 563 with as many of value and mask";
    struct atls_cbor inner;
    struct atls_cbor part;
    out->has |= ATLS_HAS_RAW;
    if (atls_cbor_tag(item, ATLS_TAG_BYTES, &inner) &&
        atls_cbor_bytes(&inner, 0, SIZE_MAX, &out->raw)) {
        if (!atls_corim_has(mask)) {
            return ATLS_OK;
        }
        return atls_cbor_bytes(mask, out->raw.len, out->raw.len, &out->raw_mask)
                   ? ATLS_OK
                   : atls_corim_refuse_item(corim, mask, "raw-value-mask",
                                            "as many octets as raw-value has");
    }
    const bool is_masked =
        atls_cbor_tag(item, ATLS_TAG_MASKED, &inner) && inner.type == ATLS_CBOR_ARRAY &&
        inner.argument == 2 && atls_cbor_at(&inner, 0, &part) &&
        atls_cbor_bytes(&part, 1, SIZE_MAX, &out->raw) && atls_cbor_at(&inner, 1, &part) &&
        atls_cbor_bytes(&part, out->raw.len, out->raw.len, &out->raw_mask);
    if (!is_masked) {
        return atls_corim_refuse_item(corim, item, "raw-value", expected);
    }
    return !atls_corim_has(mask)
               ? ATLS_OK
               : atls_corim_refuse(corim, mask, "raw-value-mask", "a second mask", "one mask");
}

/* Members that are strings of certain lengths. */
static enum atls_err read_strings(const struct atls_corim *corim, const struct atls_cbor *value,
                                  struct atls_measured *out)
{
    const struct {
        int at;
        uint32_t has;
        bool is_text;
        size_t len, other_len, max; /* len or other_len; with max, len to max */
        const char *claim, *expected;
        struct atls_bytes *out;
    } strings[] = {
        {MAC, ATLS_HAS_MAC, false, 6, 8, 0, "mac-addr", "6 or 8 octets", &out->mac},
        {IP, ATLS_HAS_IP, false, 4, 16, 0, "ip-addr", "4 or 16 octets", &out->ip},
        {SERIAL, ATLS_HAS_SERIAL, true, 0, 0, SIZE_MAX, "serial-number", "a text", &out->serial},
        {UEID, ATLS_HAS_UEID, false, 7, 0, 33, "ueid", "7 to 33 octets", &out->ueid},
        {UUID, ATLS_HAS_UUID, false, 16, 16, 0, "uuid", "16 octets", &out->uuid},
        {NAME, ATLS_HAS_NAME, true, 0, 0, SIZE_MAX, "name", "a text", &out->name},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(strings); i++) {
        const struct atls_cbor *item = &value[strings[i].at];
        struct atls_bytes *into = strings[i].out;
        if (!atls_corim_has(item)) {
            continue;
        }
        const bool typed = strings[i].is_text ? atls_cbor_text(item, 0, SIZE_MAX, into)
                                              : atls_cbor_bytes(item, 0, SIZE_MAX, into);
        const bool fits = strings[i].max != 0
                              ? into->len >= strings[i].len && into->len <= strings[i].max
                              : into->len == strings[i].len || into->len == strings[i].other_len;
        if (!typed || !fits) {
            return atls_corim_refuse_item(corim, item, strings[i].claim, strings[i].expected);
        }
        out->has |= strings[i].has;
    }
    return ATLS_OK;
}

static enum atls_err read_registers(const struct atls_corim *corim, const struct atls_cbor *map,
                                    struct atls_measured *out)
{
    enum atls_err err = ATLS_OK;
    struct atls_cbor key;
    struct atls_cbor value;
    if (map->type != ATLS_CBOR_MAP || map->argument == 0 || map->argument > MAX_REGISTERS) {
        return atls_corim_refuse_item(corim, map, "integrity-registers",
                                      "a map of 1 to 64 registers");
    }
    struct atls_cbor_iter pairs = atls_cbor_members(map);
    while (err == ATLS_OK && atls_cbor_next_pair(&pairs, &key, &value)) {
        struct atls_mdigest_list list;
        if (key.type != ATLS_CBOR_UINT && key.type != ATLS_CBOR_TEXT) {
            return atls_corim_refuse_item(corim, &key, "integrity-registers",
                                          "an unsigned integer or a text as key");
        }
        err = read_digests(corim, &value, "integrity-registers", &list);
    }
    out->registers.encoded = *map;
    out->has |= ATLS_HAS_REGISTERS;
    return err;
}

static enum atls_err read_range(const struct atls_corim *corim, const struct atls_cbor *item,
                                struct atls_measured *out)
{
    struct atls_cbor pair;
    struct atls_cbor end[2];
    int64_t *const ends[] = {&out->range.min, &out->range.max};
    static const char expected[] = "an integer, or tag 564 with the ends of a range";
    out->has |= ATLS_HAS_RANGE;
    out->range = (struct atls_mrange){.min = INT64_MIN, .max = INT64_MAX};
    if (atls_cbor_int(item, &out->range.min)) {
        out->range.max = out->range.min;
        return ATLS_OK;
    }
    if (!atls_cbor_tag(item, ATLS_TAG_INT_RANGE, &pair) || pair.type != ATLS_CBOR_ARRAY ||
        pair.argument != 2) {
        return atls_corim_refuse_item(corim, item, "int-range", expected);
    }
    out->range.is_range = true;
    for (size_t i = 0; i < 2; i++) {
        if (!atls_cbor_at(&pair, i, &end[i]) ||
            (!atls_cbor_is_null(&end[i]) && !atls_cbor_int(&end[i], ends[i]))) {
            return atls_corim_refuse_item(corim, item, "int-range", expected);
        }
    }
    return out->range.min <= out->range.max
               ? ATLS_OK
               : atls_corim_refuse(corim, item, "int-range", "an end before the start",
                                   "a range with something in it");
}

/* is_cert_num: 13 digits and 5, with a dash (RFC 9783) or blank, dash, blank (the CDDL of the
 * profile) between. */
static bool is_cert_num(struct atls_bytes text)
{
    const size_t gap = text.len == 21 ? 3 : 1;
    if (text.len != 13 + gap + 5) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const bool in_gap = i >= 13 && i < 13 + gap;
        const char separator = gap == 3 ? " - "[i - 13 < 3 ? i - 13 : 0] : '-';
        if (in_gap ? text.data[i] != (uint8_t)separator
                   : text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return true;
}

static enum atls_err read_cert_num(const struct atls_corim *corim, const struct atls_cbor *item,
                                   struct atls_measured *out)
{
    if (!atls_cbor_text(item, 0, SIZE_MAX, &out->cert_num) || !is_cert_num(out->cert_num)) {
        return atls_corim_refuse_item(corim, item, "psa-cert-num", "13 digits, a dash, 5 digits");
    }
    out->has |= ATLS_HAS_CERT_NUM;
    return ATLS_OK;
}

/* read_extensions looks at negative keys. Intel's are known; in a file that has no effect those of
 * any profile are let through. */
static enum atls_err read_extensions(const struct atls_corim *corim, const struct atls_cbor *map,
                                     struct atls_measured *out)
{
    struct atls_cbor_iter pairs = atls_cbor_members(map);
    struct atls_cbor key;
    struct atls_cbor value;
    while (atls_cbor_next_pair(&pairs, &key, &value)) {
        int64_t number;
        if (!atls_cbor_int(&key, &number) || number >= 0) {
            continue;
        }
        out->has |= ATLS_HAS_EXTENSIONS;
        if (corim->extensions != ATLS_EXTENSIONS_INTEL) {
            continue;
        }
        const char *name = atls_intel_name(number);
        if (name == NULL) {
            atls_corim_refuse(corim, &key, "mval", "key ", "only keys that Intel's profile has");
            atls_diag_found_int(corim->diag, number);
            return ATLS_ERR_ENDORSEMENT;
        }
        if (!atls_intel_well_formed(number, &value)) {
            return atls_corim_refuse_item(corim, &value, name,
                                          "a value or expression of Intel's profile");
        }
    }
    out->extensions.encoded = *map;
    return ATLS_OK;
}

static enum atls_err read_composites(const struct atls_corim *corim, const struct atls_cbor *value,
                                     struct atls_measured *out)
{
    enum atls_err err = ATLS_OK;
    if (atls_corim_has(&value[VERSION])) {
        err = read_version(corim, &value[VERSION], out);
    }
    if (err == ATLS_OK && atls_corim_has(&value[SVN])) {
        err = read_svn(corim, &value[SVN], out);
    }
    if (err == ATLS_OK && atls_corim_has(&value[DIGESTS])) {
        out->has |= ATLS_HAS_DIGESTS;
        err = read_digests(corim, &value[DIGESTS], "digests", &out->digests);
    }
    if (err == ATLS_OK && atls_corim_has(&value[FLAGS])) {
        err = read_flags(corim, &value[FLAGS], out);
    }
    if (err == ATLS_OK && atls_corim_has(&value[RAW])) {
        err = read_raw(corim, &value[RAW], &value[RAW_MASK], out);
    } else if (err == ATLS_OK && atls_corim_has(&value[RAW_MASK])) {
        err = atls_corim_refuse(corim, &value[RAW_MASK], "raw-value-mask", "a mask of nothing",
                                "a raw-value (key 4) beside it");
    }
    return err;
}

enum atls_err atls_corim_any_values(const struct atls_corim *corim, const struct atls_cbor *map,
                                    struct atls_measured *out)
{
    struct atls_cbor value[NUM_VALUES];
    struct atls_measured values = {.has = 0};
    enum atls_err err = atls_corim_fields(corim, map, "mval", value_fields, NUM_VALUES, value);
    if (err == ATLS_OK) {
        err = read_composites(corim, value, &values);
    }
    if (err == ATLS_OK) {
        err = read_strings(corim, value, &values);
    }
    if (err == ATLS_OK && atls_corim_has(&value[CRYPTOKEYS])) {
        values.has |= ATLS_HAS_CRYPTOKEYS;
        err = atls_corim_any_keys(corim, &value[CRYPTOKEYS], "cryptokeys", &values.cryptokeys);
    }
    if (err == ATLS_OK && atls_corim_has(&value[REGISTERS])) {
        err = read_registers(corim, &value[REGISTERS], &values);
    }
    if (err == ATLS_OK && atls_corim_has(&value[RANGE])) {
        err = read_range(corim, &value[RANGE], &values);
    }
    if (err == ATLS_OK && atls_corim_has(&value[CERT_NUM])) {
        err = read_cert_num(corim, &value[CERT_NUM], &values);
    }
    if (err == ATLS_OK) {
        err = read_extensions(corim, map, &values);
    }
    if (err == ATLS_OK) {
        *out = values;
    }
    return err;
}
