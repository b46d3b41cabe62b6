/* SPDX-License-Identifier: Apache-2.0 */
/* Structure of the bundle: a CBOR map of two maps, and the TPM structures in them. */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/input.h"
#include "appraiser/tpm2/unverified.h"
#include "base/span.h"

#include <stdlib.h>

/* Larger than any of them with RSA-4096 and SHA-512. */
#define MAX_STRUCTURE_LEN 2048
#define MAX_KID_LEN       64

void atls_tpm2_parsed_free(struct atls_tpm2_parsed *parsed)
{
    free(parsed);
}

void atls_tpm2_parsed_cleanup(struct atls_tpm2_parsed **parsed)
{
    atls_tpm2_parsed_free(*parsed);
}

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, claim, found,
                           expected);
}

static enum atls_err member_bytes(struct atls_bytes *out, const struct atls_cbor *map,
                                  const char *member, size_t max, const char *claim,
                                  struct atls_diag *diag)
{
    struct atls_cbor value;
    if (!atls_cbor_get_text(map, member, &value)) {
        return refuse(claim, "none", "a byte string", diag);
    }
    if (!atls_cbor_bytes(&value, 0, SIZE_MAX, out)) {
        return refuse(claim, "another type", "a byte string", diag);
    }
    if (out->len == 0 || out->len > max) {
        refuse(claim, NULL, "a byte string of at least one octet and at most ", diag);
        atls_diag_found_int(diag, (int64_t)out->len);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_int(diag, (int64_t)max);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return ATLS_OK;
}

/* One of the two halves, as octets. Members that are not known are ignored: Parsec wrote "alg". */
struct half {
    struct atls_bytes kid, sig, attest;
};

/* The names of its members in sentences. */
struct half_names {
    const char *map, *attest_member, *version, *kid, *sig, *attest;
};
static const struct half_names kat_names = {"kat",     "certInfo", "kat.tpmVer",
                                            "kat.kid", "kat.sig",  "kat.certInfo"};
static const struct half_names pat_names = {"pat",     "attestInfo", "pat.tpmVer",
                                            "pat.kid", "pat.sig",    "pat.attestInfo"};

static enum atls_err read_half(struct half *out, struct atls_cbor *out_map,
                               const struct atls_cbor *bundle, const struct half_names *names,
                               struct atls_diag *diag)
{
    struct atls_cbor version;
    if (!atls_cbor_get_text(bundle, names->map, out_map) || out_map->type != ATLS_CBOR_MAP) {
        return refuse(names->map, "none", "a map", diag);
    }
    if (!atls_cbor_get_text(out_map, "tpmVer", &version) || !atls_cbor_is_text(&version, "2.0")) {
        return refuse(names->version, "none or another value", "\"2.0\"", diag);
    }
    enum atls_err err = member_bytes(&out->kid, out_map, "kid", MAX_KID_LEN, names->kid, diag);
    if (err == ATLS_OK) {
        err = member_bytes(&out->sig, out_map, "sig", MAX_STRUCTURE_LEN, names->sig, diag);
    }
    if (err == ATLS_OK) {
        err = member_bytes(&out->attest, out_map, names->attest_member, MAX_STRUCTURE_LEN,
                           names->attest, diag);
    }
    return err;
}

static enum atls_err read_kat(struct atls_tpm2_parsed *parsed, const struct atls_cbor *bundle,
                              struct atls_diag *diag)
{
    struct atls_tpm2_contents *contents = &parsed->contents;
    struct half half;
    struct atls_cbor map;
    struct atls_bytes public_area;
    enum atls_err err = read_half(&half, &map, bundle, &kat_names, diag);
    if (err == ATLS_OK) {
        err = member_bytes(&public_area, &map, "pubArea", MAX_STRUCTURE_LEN, "kat.pubArea", diag);
    }
    if (err == ATLS_OK) {
        err = atls_tpm_read_signature(&parsed->certify_signature, half.sig, kat_names.sig, diag);
    }
    if (err == ATLS_OK) {
        err = atls_tpm_read_attest(&contents->certify, half.attest, ATLS_TPM_ST_CERTIFY,
                                   kat_names.attest, diag);
    }
    if (err == ATLS_OK) {
        err = atls_tpm_read_public(&contents->public_area, public_area, "kat.pubArea", diag);
    }
    contents->kid = half.kid;
    contents->certify_hash = parsed->certify_signature.hash;
    return err;
}

static enum atls_err read_pat(struct atls_tpm2_parsed *parsed, const struct atls_cbor *bundle,
                              struct atls_diag *diag)
{
    struct atls_tpm2_contents *contents = &parsed->contents;
    struct half half;
    struct atls_cbor map;
    enum atls_err err = read_half(&half, &map, bundle, &pat_names, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_read_signature(&parsed->quote_signature, half.sig, pat_names.sig, diag);
    }
    if (err == ATLS_OK) {
        err = atls_tpm_read_attest(&contents->quote, half.attest, ATLS_TPM_ST_QUOTE,
                                   pat_names.attest, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    contents->quote_hash = parsed->quote_signature.hash;
    if (!atls_bytes_equal(half.kid, contents->kid)) { /* one machine, one AK */
        refuse(pat_names.kid, NULL, "that of kat, ", diag);
        atls_diag_found_bytes(diag, half.kid);
        atls_diag_expected_bytes(diag, contents->kid);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return ATLS_OK;
}

static enum atls_err read_bundle(struct atls_tpm2_parsed *parsed, struct atls_bytes evidence,
                                 struct atls_diag *diag)
{
    struct atls_cbor bundle;
    enum atls_err err =
        atls_cbor_parse(&bundle, evidence, ATLS_CBOR_STRICT, "key attestation bundle", diag);
    if (err != ATLS_OK) {
        return atls_evidence_recode(err, diag);
    }
    if (bundle.type != ATLS_CBOR_MAP) {
        return refuse("key attestation bundle", "another type", "a map with kat and pat", diag);
    }
    err = read_kat(parsed, &bundle, diag);
    return err == ATLS_OK ? read_pat(parsed, &bundle, diag) : err;
}

enum atls_err atls_tpm2_parse(struct atls_tpm2_parsed **out, struct atls_bytes evidence,
                              struct atls_diag *diag)
{
    struct atls_tpm2_parsed *parsed = calloc(1, sizeof *parsed);
    if (parsed == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "key attestation bundle");
    }
    enum atls_err err = read_bundle(parsed, evidence, diag);
    if (err != ATLS_OK) {
        atls_tpm2_parsed_free(parsed);
        return err;
    }
    *out = parsed;
    return ATLS_OK;
}
