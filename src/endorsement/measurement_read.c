/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measurement-map (draft-ietf-rats-corim-11, 5.1.4.1.4): what is measured (mkey) and the
 * values that are expected of it (mval).
 */
#include "endorsement/corim.h"

#include "base/span.h"

enum { VERSION, DIGESTS, NAME, CRYPTOKEYS, OTHERS, NUM_VALUES = OTHERS + 12 };
static const struct atls_corim_field value_fields[NUM_VALUES] = {
    [VERSION] = {0, "version (key 0)", ATLS_CORIM_NOT_BUILT},
    [DIGESTS] = {2, "digests (key 2)", ATLS_CORIM_REQUIRED},
    [NAME] = {11, "name (key 11)", ATLS_CORIM_NOT_BUILT},
    [CRYPTOKEYS] = {13, "cryptokeys (key 13)", ATLS_CORIM_NOT_BUILT},
    [OTHERS] = {1, "svn (key 1)", ATLS_CORIM_NOT_BUILT},
    {3, "flags (key 3)", ATLS_CORIM_NOT_BUILT},
    {4, "raw-value (key 4)", ATLS_CORIM_NOT_BUILT},
    {5, "raw-value-mask (key 5)", ATLS_CORIM_NOT_BUILT},
    {6, "mac-addr (key 6)", ATLS_CORIM_NOT_BUILT},
    {7, "ip-addr (key 7)", ATLS_CORIM_NOT_BUILT},
    {8, "serial-number (key 8)", ATLS_CORIM_NOT_BUILT},
    {9, "ueid (key 9)", ATLS_CORIM_NOT_BUILT},
    {10, "uuid (key 10)", ATLS_CORIM_NOT_BUILT},
    {14, "integrity-registers (key 14)", ATLS_CORIM_NOT_BUILT},
    {15, "int-range (key 15)", ATLS_CORIM_NOT_BUILT},
    {100, "psa-cert-num (key 100)", ATLS_CORIM_NOT_BUILT},
};

/* An empty text would say nothing where something is stated: for the appraiser, empty is absent. */
static const char stated_text[] = "a text that is not empty";

/* read_mkey reads a PCR index or the profile's text. */
static enum atls_err read_mkey(const struct atls_corim *corim, const struct atls_cbor *item,
                               struct atls_reference *out)
{
    if (corim->rules->mkey == NULL) {
        if (!atls_cbor_u64(item, &out->key_uint) || out->key_uint > ATLS_MAX_PCR) {
            return atls_corim_refuse_item(corim, item, "mkey", "a PCR index, 0 to 31");
        }
        out->key_is_uint = true;
        return ATLS_OK;
    }
    if (!atls_cbor_is_text(item, corim->rules->mkey)) {
        return atls_corim_refuse_item(corim, item, "mkey", corim->rules->mkey);
    }
    out->key_text = item->content;
    return ATLS_OK;
}

static enum atls_err check_signer_id(const struct atls_corim *corim, const struct atls_cbor *item,
                                     struct atls_bytes id, struct atls_bytes *out)
{
    /* The signer's key is named by its hash, and has the length of one (RFC 9783, 4.4.1). */
    if (id.len != 32 && id.len != 48 && id.len != 64) {
        return atls_corim_refuse_item(corim, item, "signer-id", "32, 48 or 64 octets");
    }
    *out = id;
    return ATLS_OK;
}

/* read_old_mkey reads 601({1: label, 4: version, 5: signer-id}) of the profile before 2025. */
static enum atls_err read_old_mkey(const struct atls_corim *corim, const struct atls_cbor *map,
                                   struct atls_reference *out)
{
    static const struct atls_corim_field fields[] = {
        {1, "label (key 1)", ATLS_CORIM_OPTIONAL},
        {4, "version (key 4)", ATLS_CORIM_OPTIONAL},
        {5, "signer-id (key 5)", ATLS_CORIM_REQUIRED},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    const enum atls_err err =
        atls_corim_fields(corim, map, "psa.refval-id", fields, ATLS_ARRAY_LEN(fields), value);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_corim_has(&value[0]) && !atls_cbor_text(&value[0], 1, SIZE_MAX, &out->name)) {
        return atls_corim_refuse_item(corim, &value[0], "label", stated_text);
    }
    if (atls_corim_has(&value[1]) && !atls_cbor_text(&value[1], 1, SIZE_MAX, &out->version)) {
        return atls_corim_refuse_item(corim, &value[1], "version", stated_text);
    }
    out->key_text = atls_bytes_text(ATLS_PSA_COMPONENT_KEY);
    struct atls_bytes id;
    if (!atls_cbor_bytes(&value[2], 0, SIZE_MAX, &id)) {
        return atls_corim_refuse_item(corim, &value[2], "signer-id", "32, 48 or 64 octets");
    }
    return check_signer_id(corim, &value[2], id, &out->signer_id);
}

static enum atls_err read_version(const struct atls_corim *corim, const struct atls_cbor *map,
                                  struct atls_reference *out)
{
    /* A PSA token has a version and no scheme: draft-fdb-rats-psa-endorsements-08, 3.3 forbids
     * the scheme here. */
    static const struct atls_corim_field fields[] = {
        {0, "version (key 0)", ATLS_CORIM_REQUIRED},
        {1, "version-scheme (key 1)", ATLS_CORIM_NOT_BUILT},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    const enum atls_err err =
        atls_corim_fields(corim, map, "version", fields, ATLS_ARRAY_LEN(fields), value);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_cbor_text(&value[0], 1, SIZE_MAX, &out->version)) {
        return atls_corim_refuse_item(corim, &value[0], "version", stated_text);
    }
    return ATLS_OK;
}

static enum atls_err read_signer_id(const struct atls_corim *corim, const struct atls_cbor *list,
                                    struct atls_reference *out)
{
    struct atls_cbor item;
    struct atls_cbor inner;
    struct atls_bytes id;
    if (list->type != ATLS_CBOR_ARRAY || list->argument != 1 || !atls_cbor_at(list, 0, &item)) {
        return atls_corim_refuse_item(corim, list, "cryptokeys", "an array of one signer-id");
    }
    if (!atls_cbor_tag(&item, ATLS_TAG_BYTES, &inner) ||
        !atls_cbor_bytes(&inner, 0, SIZE_MAX, &id)) {
        return atls_corim_refuse_item(corim, &item, "cryptokeys", "tag 560 with a signer-id");
    }
    return check_signer_id(corim, &item, id, &out->signer_id);
}

static enum atls_err refuse_algorithm(const struct atls_corim *corim, const struct atls_cbor *item,
                                      const struct atls_corim_digest *known)
{
    static const char expected[] = "sha-256 (1), sha-384 (7) or sha-512 (8)";
    if (known != NULL) {
        return atls_corim_refuse(corim, item, "digest algorithm", known->name, expected);
    }
    int64_t number;
    if (!atls_cbor_int(item, &number)) {
        return atls_corim_refuse_item(corim, item, "digest algorithm", expected);
    }
    atls_corim_refuse(corim, item, "digest algorithm", NULL, expected);
    atls_diag_found_int(corim->diag, number);
    return ATLS_ERR_ENDORSEMENT;
}

/* read_digest reads [algorithm, octets]. */
static enum atls_err read_digest(const struct atls_corim *corim, const struct atls_cbor *item,
                                 struct atls_reference_digest *out)
{
    struct atls_cbor alg;
    struct atls_cbor octets;
    if (item->type != ATLS_CBOR_ARRAY || item->argument != 2 || !atls_cbor_at(item, 0, &alg) ||
        !atls_cbor_at(item, 1, &octets)) {
        return atls_corim_refuse_item(corim, item, "digest", "an array of algorithm and octets");
    }
    int64_t number;
    const struct atls_corim_digest *known = NULL;
    if (atls_cbor_int(&alg, &number)) {
        known = atls_corim_digest_by_number(number);
    } else if (alg.type == ATLS_CBOR_TEXT) {
        known = atls_corim_digest_by_name(alg.content);
    }
    if (known == NULL || known->alg == ATLS_ALG_NONE) {
        return refuse_algorithm(corim, &alg, known);
    }
    const size_t len = atls_hash_len(known->alg);
    if (!atls_cbor_bytes(&octets, len, len, &out->value)) {
        atls_corim_refuse_item(corim, &octets, "digest", "octets: ");
        atls_diag_expected_int(corim->diag, (int64_t)len);
        return ATLS_ERR_ENDORSEMENT;
    }
    out->alg = known->alg;
    return ATLS_OK;
}

/* insert keeps digests in the order of their algorithms, so that equal references are equal
 * octets; false for an algorithm that is there already. */
static bool insert(struct atls_reference *reference, const struct atls_reference_digest *digest)
{
    size_t at = 0;
    while (at < reference->num_digests && reference->digests[at].alg > digest->alg) {
        at++;
    }
    if (at < reference->num_digests && reference->digests[at].alg == digest->alg) {
        return false;
    }
    memmove(&reference->digests[at + 1], &reference->digests[at],
            (reference->num_digests - at) * sizeof *digest);
    reference->digests[at] = *digest;
    reference->num_digests++;
    return true;
}

static enum atls_err read_digests(const struct atls_corim *corim, const struct atls_cbor *list,
                                  struct atls_reference *out)
{
    enum atls_err err = atls_corim_list(corim, list, "digests");
    struct atls_cbor_iter digests = atls_cbor_members(list);
    struct atls_cbor item;
    while (err == ATLS_OK && atls_cbor_next(&digests, &item)) {
        struct atls_reference_digest digest = {.alg = ATLS_ALG_NONE};
        err = read_digest(corim, &item, &digest);
        /* There are three algorithms, so no duplicate also means that all of them fit. */
        if (err == ATLS_OK && !insert(out, &digest)) {
            return atls_corim_refuse(corim, &item, "digests", "one algorithm twice",
                                     "one digest for each algorithm");
        }
    }
    return err;
}

static enum atls_err read_values(const struct atls_corim *corim, const struct atls_cbor *map,
                                 bool described, struct atls_reference *out)
{
    struct atls_corim_field fields[NUM_VALUES];
    struct atls_cbor value[NUM_VALUES];
    memcpy(fields, value_fields, sizeof fields);
    if (described) {
        fields[VERSION].use = ATLS_CORIM_OPTIONAL;
        fields[NAME].use = ATLS_CORIM_OPTIONAL;
        fields[CRYPTOKEYS].use = ATLS_CORIM_REQUIRED;
    }
    enum atls_err err = atls_corim_fields(corim, map, "mval", fields, NUM_VALUES, value);
    if (err == ATLS_OK) {
        err = read_digests(corim, &value[DIGESTS], out);
    }
    if (err == ATLS_OK && atls_corim_has(&value[VERSION])) {
        err = read_version(corim, &value[VERSION], out);
    }
    if (err == ATLS_OK && atls_corim_has(&value[CRYPTOKEYS])) {
        err = read_signer_id(corim, &value[CRYPTOKEYS], out);
    }
    if (err == ATLS_OK && atls_corim_has(&value[NAME]) &&
        !atls_cbor_text(&value[NAME], 1, SIZE_MAX, &out->name)) {
        return atls_corim_refuse_item(corim, &value[NAME], "name", stated_text);
    }
    return err;
}

enum atls_err atls_corim_measurement(const struct atls_corim *corim, const struct atls_cbor *map,
                                     struct atls_reference *out)
{
    static const struct atls_corim_field fields[] = {
        {0, "mkey (key 0)", ATLS_CORIM_REQUIRED},
        {1, "mval (key 1)", ATLS_CORIM_REQUIRED},
        {2, "authorized-by (key 2)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    enum atls_err err =
        atls_corim_fields(corim, map, "measurement", fields, ATLS_ARRAY_LEN(fields), value);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_corim_has(&value[2])) {
        struct atls_mkeys keys;
        err = atls_corim_any_keys(corim, &value[2], "authorized-by", &keys);
        out->authorized_by = value[2].encoded;
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_cbor old_key;
    if (corim->old_profile && atls_cbor_tag(&value[0], ATLS_TAG_OLD_REFVAL_ID, &old_key)) {
        err = read_old_mkey(corim, &old_key, out);
        return err != ATLS_OK ? err : read_values(corim, &value[1], false, out);
    }
    err = read_mkey(corim, &value[0], out);
    return err != ATLS_OK ? err : read_values(corim, &value[1], corim->rules->described, out);
}
