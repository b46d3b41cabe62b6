/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a verified attestation document, each with its type, length and range
 * (attestation_process.md, 3.2.2.1). Members that it does not name are ignored; keys that stand
 * twice were refused by the CBOR parser.
 */
#include "appraiser/nitro/nitro.h"

#include "appraiser/input.h"
#include "appraiser/nitro/unverified.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/key.h"

/* The end of the year 9999, in milliseconds: later is no date. */
#define MAX_TIMESTAMP_MS INT64_C(253402300799999)

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_CLAIMS, claim, found,
                           expected);
}

static enum atls_err refuse_len(const char *claim, size_t found, const char *expected,
                                struct atls_diag *diag)
{
    refuse(claim, NULL, expected, diag);
    atls_diag_found_int(diag, (int64_t)found);
    atls_diag_found_text(diag, " octets");
    return ATLS_ERR_EVIDENCE_MALFORMED;
}

static bool is_printable(struct atls_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static enum atls_err read_module(struct atls_nitro_claims *claims, const struct atls_cbor *map,
                                 struct atls_diag *diag)
{
    static const char expected[] = "1 to 64 octets of printable ASCII";
    struct atls_cbor value;
    if (!atls_cbor_get_text(map, "module_id", &value)) {
        return refuse("module_id", "none", expected, diag);
    }
    if (value.type != ATLS_CBOR_TEXT) {
        return refuse("module_id", "another type", expected, diag);
    }
    if (!atls_cbor_text(&value, 1, ATLS_NITRO_MAX_MODULE_ID, &claims->module_id)) {
        return refuse_len("module_id", value.content.len, expected, diag);
    }
    return is_printable(claims->module_id)
               ? ATLS_OK
               : refuse("module_id", "other characters", expected, diag);
}

static enum atls_err read_digest(const struct atls_cbor *map, struct atls_diag *diag)
{
    struct atls_cbor value;
    if (!atls_cbor_get_text(map, "digest", &value)) {
        return refuse("digest", "none", "SHA384", diag);
    }
    if (atls_cbor_is_text(&value, "SHA384")) {
        return ATLS_OK;
    }
    refuse("digest", value.type == ATLS_CBOR_TEXT ? NULL : "another type", "SHA384", diag);
    if (value.type == ATLS_CBOR_TEXT) {
        atls_diag_found_peer_text(diag, value.content);
    }
    return ATLS_ERR_EVIDENCE_MALFORMED;
}

static enum atls_err read_timestamp(struct atls_nitro_claims *claims, const struct atls_cbor *map,
                                    struct atls_diag *diag)
{
    static const char expected[] = "milliseconds since 1970, before the year 10000";
    struct atls_cbor value;
    uint64_t number = 0;
    if (!atls_cbor_get_text(map, "timestamp", &value)) {
        return refuse("timestamp", "none", expected, diag);
    }
    if (!atls_cbor_u64(&value, &number)) {
        return refuse("timestamp", "another type", expected, diag);
    }
    if (number == 0 || number > MAX_TIMESTAMP_MS) {
        return refuse("timestamp", number == 0 ? "0" : "a later one", expected, diag);
    }
    claims->timestamp_ms = (int64_t)number;
    return ATLS_OK;
}

static enum atls_err read_pcr(struct atls_nitro_claims *claims, const struct atls_cbor *key,
                              const struct atls_cbor *value, struct atls_diag *diag)
{
    uint64_t index = 0;
    struct atls_bytes octets;
    if (!atls_cbor_u64(key, &index) || index >= ATLS_NITRO_NUM_PCRS) {
        return refuse("pcrs", "another index", "0 to 31", diag);
    }
    if (!atls_cbor_bytes(value, 0, SIZE_MAX, &octets)) {
        return refuse("pcrs", "a PCR of another type", "32, 48 or 64 octets", diag);
    }
    if (octets.len != 32 && octets.len != 48 && octets.len != 64) {
        refuse_len("pcrs", octets.len, "32, 48 or 64 octets", diag);
        atls_diag_found_text(diag, " in PCR ");
        atls_diag_found_int(diag, (int64_t)index);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    claims->pcrs |= UINT32_C(1) << index;
    claims->pcr[index] = octets;
    return ATLS_OK;
}

/* read_pcrs: PCR 0, 1 and 2 are those of every enclave; without them nothing is known of one. */
static enum atls_err read_pcrs(struct atls_nitro_claims *claims, const struct atls_cbor *map,
                               struct atls_diag *diag)
{
    struct atls_cbor pcrs;
    struct atls_cbor key;
    struct atls_cbor value;
    if (!atls_cbor_get_text(map, "pcrs", &pcrs)) {
        return refuse("pcrs", "none", "a map of 1 to 32 PCRs", diag);
    }
    if (pcrs.type != ATLS_CBOR_MAP) {
        return refuse("pcrs", "another type", "a map of 1 to 32 PCRs", diag);
    }
    struct atls_cbor_iter iter = atls_cbor_members(&pcrs);
    while (atls_cbor_next_pair(&iter, &key, &value)) {
        const enum atls_err err = read_pcr(claims, &key, &value, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return (claims->pcrs & 7) == 7 ? ATLS_OK
                                   : refuse("pcrs", "not all of PCR 0, 1 and 2",
                                            "these three, which every enclave has", diag);
}

/* read_optional: the documentation says that no member may be null, and every document has null
 * for those that were not asked for. */
static enum atls_err read_optional(struct atls_bytes *out, const struct atls_cbor *map,
                                   const char *name, size_t min, const char *expected,
                                   struct atls_diag *diag)
{
    struct atls_cbor value;
    if (!atls_cbor_get_text(map, name, &value) || atls_cbor_is_null(&value)) {
        return ATLS_OK;
    }
    if (value.type != ATLS_CBOR_BYTES) {
        return refuse(name, "another type", expected, diag);
    }
    return atls_cbor_bytes(&value, min, ATLS_NITRO_MAX_FIELD_LEN, out)
               ? ATLS_OK
               : refuse_len(name, value.content.len, expected, diag);
}

static enum atls_err read_map(struct atls_nitro_claims *out, const struct atls_cbor *map,
                              struct atls_diag *diag)
{
    struct atls_nitro_claims claims;
    memset(&claims, 0, sizeof claims);
    enum atls_err err = read_module(&claims, map, diag);
    if (err == ATLS_OK) {
        err = read_digest(map, diag);
    }
    if (err == ATLS_OK) {
        err = read_timestamp(&claims, map, diag);
    }
    if (err == ATLS_OK) {
        err = read_pcrs(&claims, map, diag);
    }
    if (err == ATLS_OK) {
        err = read_optional(&claims.public_key, map, "public_key", 1, "null or 1 to 1024 octets",
                            diag);
    }
    if (err == ATLS_OK) {
        err = read_optional(&claims.user_data, map, "user_data", 0, "null or at most 1024 octets",
                            diag);
    }
    if (err == ATLS_OK) {
        err = read_optional(&claims.nonce, map, "nonce", 0, "null or at most 1024 octets", diag);
    }
    if (err == ATLS_OK) {
        *out = claims;
    }
    return err;
}

enum atls_err atls_nitro_claims_read(struct atls_nitro_claims *out,
                                     const struct atls_nitro_verified *verified,
                                     struct atls_diag *diag)
{
    const struct atls_cbor map = atls_nitro_payload(verified);
    return read_map(out, &map, diag);
}

enum atls_err atls_nitro_claims_read_unverified(struct atls_nitro_claims *out,
                                                const struct atls_nitro_parsed *parsed,
                                                struct atls_diag *diag)
{
    return read_map(out, &parsed->claims, diag);
}
