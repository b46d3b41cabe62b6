/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a verified PSA token (RFC 9783, 4), each with its type, length and range. Claims
 * that the profile does not know are ignored (RFC 9783, 5); labels that stand twice were refused by
 * the strict CBOR parser.
 */
#include "appraiser/psa/psa.h"

#include "appraiser/input.h"
#include "appraiser/psa/unverified.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/cbor_index.h"

enum { COMPONENT_TYPE = 1, COMPONENT_VALUE = 2, COMPONENT_VERSION = 4 };
enum { COMPONENT_SIGNER_ID = 5, COMPONENT_DESCRIPTION = 6 };

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_CLAIMS, claim, found,
                           expected);
}

/* Lengths that one claim may have, in octets. */
struct lengths {
    size_t min, max;
    bool of_hash; /* 32, 48 or 64 only */
    const char *sentence;
};
static const struct lengths of_hash = {32, 64, true, "a byte string of 32, 48 or 64 octets"};
static const struct lengths exactly_32 = {32, 32, false, "a byte string of 32 octets"};
static const struct lengths exactly_33 = {33, 33, false, "a byte string of 33 octets"};
static const struct lengths from_8_to_32 = {8, 32, false, "a byte string of 8 to 32 octets"};

enum presence { OPTIONAL, MANDATORY };

static enum atls_err read_bytes(struct atls_bytes *out, const struct atls_cbor_index *map,
                                int64_t label, const char *claim, struct lengths lengths,
                                enum presence presence, struct atls_diag *diag)
{
    struct atls_cbor value;
    if (!atls_cbor_index_get(map, label, &value)) {
        return presence == MANDATORY ? refuse(claim, "none", lengths.sentence, diag) : ATLS_OK;
    }
    struct atls_bytes octets;
    if (!atls_cbor_bytes(&value, 0, SIZE_MAX, &octets)) {
        return refuse(claim, "another type", lengths.sentence, diag);
    }
    const bool fits = octets.len >= lengths.min && octets.len <= lengths.max;
    if (!fits || (lengths.of_hash && octets.len != 32 && octets.len != 48 && octets.len != 64)) {
        refuse(claim, NULL, lengths.sentence, diag);
        atls_diag_found_int(diag, (int64_t)octets.len);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    *out = octets;
    return ATLS_OK;
}

/* A NUL is valid UTF-8, and ends the text for half of those who look at it: it is refused. */
static enum atls_err read_text(struct atls_bytes *out, const struct atls_cbor_index *map,
                               int64_t label, const char *claim, struct atls_diag *diag)
{
    struct atls_cbor value;
    if (!atls_cbor_index_get(map, label, &value)) {
        return ATLS_OK;
    }
    struct atls_bytes text;
    if (!atls_cbor_text(&value, 0, SIZE_MAX, &text)) {
        return refuse(claim, "another type", "text", diag);
    }
    if (text.len != 0 && memchr(text.data, 0, text.len) != NULL) {
        return refuse(claim, "a text with NUL in it", "text", diag);
    }
    *out = text;
    return ATLS_OK;
}

static enum atls_err read_int(int64_t *out, const struct atls_cbor_index *map, int64_t label,
                              const char *claim, int64_t min, int64_t max, const char *expected,
                              struct atls_diag *diag)
{
    struct atls_cbor value;
    int64_t number = 0;
    if (!atls_cbor_index_get(map, label, &value)) {
        return refuse(claim, "none", expected, diag);
    }
    if (!atls_cbor_int(&value, &number)) {
        return refuse(claim, "another type", expected, diag);
    }
    if (number < min || number > max) {
        refuse(claim, NULL, expected, diag);
        atls_diag_found_int(diag, number);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    *out = number;
    return ATLS_OK;
}

/* RFC 9783, 4.2 and 4.3: who and what. */
static enum atls_err read_ids(struct atls_psa_claims *claims, const struct atls_cbor_index *map,
                              const struct atls_psa_labels *labels, struct atls_diag *diag)
{
    enum atls_err err = read_bytes(&claims->instance_id, map, labels->instance_id,
                                   "psa-instance-id", exactly_33, MANDATORY, diag);
    if (err == ATLS_OK) {
        err = read_bytes(&claims->implementation_id, map, labels->implementation_id,
                         "psa-implementation-id", exactly_32, MANDATORY, diag);
    }
    if (err == ATLS_OK) {
        err = read_bytes(&claims->nonce, map, labels->nonce, "psa-nonce", of_hash, MANDATORY, diag);
    }
    if (err == ATLS_OK) {
        const bool legacy = claims->profile == ATLS_PSA_LEGACY;
        err = read_bytes(&claims->boot_seed, map, labels->boot_seed, "psa-boot-seed",
                         legacy ? exactly_32 : from_8_to_32, legacy ? MANDATORY : OPTIONAL, diag);
    }
    return err;
}

static enum atls_err read_numbers(struct atls_psa_claims *claims, const struct atls_cbor_index *map,
                                  const struct atls_psa_labels *labels, struct atls_diag *diag)
{
    int64_t number = 0;
    enum atls_err err = read_int(&number, map, labels->client_id, "psa-client-id", INT32_MIN,
                                 INT32_MAX, "an integer of 32 bits, not 0", diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (number == 0) {
        return refuse("psa-client-id", "0", "an integer of 32 bits, not 0", diag);
    }
    claims->client_id = (int32_t)number;
    err = read_int(&number, map, labels->lifecycle, "psa-security-lifecycle", 0, UINT16_MAX,
                   "a value of a range of RFC 9783, 4.3.1", diag);
    if (err != ATLS_OK) {
        return err;
    }
    claims->lifecycle = (uint16_t)number;
    if (atls_psa_lifecycle_name(claims->lifecycle) == NULL) {
        refuse("psa-security-lifecycle", NULL, "a value of a range of RFC 9783, 4.3.1", diag);
        atls_diag_found_int(diag, number);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return ATLS_OK;
}

static bool are_digits(struct atls_bytes text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return true;
}

/* is_reference: EAN-13, and since RFC 9783 a dash and five digits behind it. */
static bool is_reference(struct atls_bytes text, enum atls_psa_profile profile)
{
    if (text.len == 13 && profile == ATLS_PSA_LEGACY) {
        return are_digits(text, 0, 13);
    }
    return text.len == 19 && are_digits(text, 0, 13) && text.data[13] == '-' &&
           are_digits(text, 14, 19);
}

static enum atls_err read_texts(struct atls_psa_claims *claims, const struct atls_cbor_index *map,
                                const struct atls_psa_labels *labels, struct atls_diag *diag)
{
    static const char reference[] = "psa-certification-reference";
    enum atls_err err = read_text(&claims->certification_reference, map,
                                  labels->certification_reference, reference, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_cbor value;
    if (atls_cbor_index_get(map, labels->certification_reference, &value) &&
        !is_reference(claims->certification_reference, claims->profile)) {
        refuse(reference, NULL, "13 digits, a dash and 5 digits", diag);
        atls_diag_found_peer_text(diag, claims->certification_reference);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return read_text(&claims->service_indicator, map, labels->service_indicator,
                     "psa-verification-service-indicator", diag);
}

/* RFC 9783, 4.4.1. Member 3 is reserved, 6 names the hash in free text: neither is judged. */
static enum atls_err read_component(struct atls_psa_component *out, const struct atls_cbor *item,
                                    struct atls_diag *diag)
{
    struct atls_psa_component component = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    if (item->type != ATLS_CBOR_MAP) {
        return refuse("psa-software-component", "another type", "a map", diag);
    }
    struct atls_cbor_index members;
    atls_cbor_index_read(&members, item);
    enum atls_err err = read_bytes(&component.value, &members, COMPONENT_VALUE, "measurement-value",
                                   of_hash, MANDATORY, diag);
    if (err == ATLS_OK) {
        err = read_bytes(&component.signer_id, &members, COMPONENT_SIGNER_ID, "signer-id", of_hash,
                         MANDATORY, diag);
    }
    if (err == ATLS_OK) {
        err = read_text(&component.type, &members, COMPONENT_TYPE, "measurement-type", diag);
    }
    if (err == ATLS_OK) {
        err = read_text(&component.version, &members, COMPONENT_VERSION, "version", diag);
    }
    if (err == ATLS_OK) {
        err = read_text(&component.description, &members, COMPONENT_DESCRIPTION, "measurement-desc",
                        diag);
    }
    if (err == ATLS_OK) {
        *out = component;
    }
    return err;
}

static enum atls_err read_list(struct atls_psa_claims *claims, const struct atls_cbor *list,
                               struct atls_diag *diag)
{
    if (list->type != ATLS_CBOR_ARRAY || list->argument == 0) {
        return refuse("psa-software-components",
                      list->type != ATLS_CBOR_ARRAY ? "another type" : "an empty list",
                      "a list of one component or more", diag);
    }
    if (list->argument > ATLS_MAX_COMPONENTS) {
        return refuse("psa-software-components", "more than 64", "at most 64 components", diag);
    }
    struct atls_cbor_iter iter = atls_cbor_members(list);
    struct atls_cbor item;
    while (atls_cbor_next(&iter, &item)) {
        enum atls_err err =
            read_component(&claims->components[claims->num_components], &item, diag);
        if (err != ATLS_OK) {
            atls_diag_found_text(diag, ", in component ");
            atls_diag_found_int(diag, (int64_t)claims->num_components);
            return err;
        }
        claims->num_components++;
    }
    return ATLS_OK;
}

/* Only the first profile may say that nothing was measured, and then not both. */
static enum atls_err read_components(struct atls_psa_claims *claims,
                                     const struct atls_cbor_index *map,
                                     const struct atls_psa_labels *labels, struct atls_diag *diag)
{
    struct atls_cbor list;
    struct atls_cbor none;
    const bool has_list = atls_cbor_index_get(map, labels->components, &list);
    const bool has_none =
        labels->no_components != 0 && atls_cbor_index_get(map, labels->no_components, &none);
    if (has_list && has_none) {
        return refuse("psa-software-components", "components and the claim that there are none",
                      "one of them", diag);
    }
    if (has_none) {
        uint64_t number = 0;
        return atls_cbor_u64(&none, &number) && number == 1
                   ? ATLS_OK
                   : refuse("psa-no-sw-measurement", "another value", "1", diag);
    }
    if (!has_list) {
        return refuse("psa-software-components", "none", "a list of one component or more", diag);
    }
    return read_list(claims, &list, diag);
}

static enum atls_err read_map(struct atls_psa_claims *out, const struct atls_cbor_index *members,
                              enum atls_psa_profile profile, struct atls_diag *diag)
{
    struct atls_psa_claims claims;
    memset(&claims, 0, sizeof claims);
    claims.profile = profile;
    const struct atls_psa_labels *labels = atls_psa_labels(profile);
    enum atls_err err = read_ids(&claims, members, labels, diag);
    if (err == ATLS_OK) {
        err = read_numbers(&claims, members, labels, diag);
    }
    if (err == ATLS_OK) {
        err = read_texts(&claims, members, labels, diag);
    }
    if (err == ATLS_OK) {
        err = read_components(&claims, members, labels, diag);
    }
    if (err == ATLS_OK) {
        *out = claims;
    }
    return err;
}

enum atls_err atls_psa_claims_read(struct atls_psa_claims *out,
                                   const struct atls_psa_verified *verified, struct atls_diag *diag)
{
    return read_map(out, atls_psa_payload(verified), atls_psa_profile(verified), diag);
}

enum atls_err atls_psa_claims_read_unverified(struct atls_psa_claims *out,
                                              const struct atls_psa_parsed *parsed,
                                              struct atls_diag *diag)
{
    return read_map(out, &parsed->claims, parsed->profile, diag);
}
