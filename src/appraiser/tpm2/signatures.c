/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three links that make one chain: the AK that an endorsement names signs certInfo and
 * attestInfo, and the name in certInfo is the hash of the public area.
 */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/input.h"
#include "appraiser/tpm2/unverified.h"
#include "base/span.h"

#include <stdlib.h>

#define MAX_ECDSA_LEN 132 /* r and s on P-521 */

struct atls_tpm2_verified {
    struct atls_tpm2_contents contents;
    const struct atls_trust_anchor *anchor;
};

void atls_tpm2_verified_free(struct atls_tpm2_verified *verified)
{
    free(verified);
}

void atls_tpm2_verified_cleanup(struct atls_tpm2_verified **verified)
{
    atls_tpm2_verified_free(*verified);
}

const struct atls_trust_anchor *atls_tpm2_anchor(const struct atls_tpm2_verified *verified)
{
    return verified->anchor;
}

const struct atls_tpm2_contents *atls_tpm2_contents(const struct atls_tpm2_verified *verified)
{
    return &verified->contents;
}

/* The schemes of a TPM that have a COSE number, and with it a fixed hash. */
static const struct {
    uint16_t scheme, hash;
    int32_t alg;
    size_t half_len; /* ECDSA: octets of r and of s */
} schemes[] = {
    {ATLS_TPM_ECDSA, ATLS_TPM_SHA256, ATLS_ALG_ES256, 32},
    {ATLS_TPM_ECDSA, ATLS_TPM_SHA384, ATLS_ALG_ES384, 48},
    {ATLS_TPM_ECDSA, ATLS_TPM_SHA512, ATLS_ALG_ES512, 66},
    {ATLS_TPM_RSASSA, ATLS_TPM_SHA256, ATLS_ALG_RS256, 0},
    {ATLS_TPM_RSAPSS, ATLS_TPM_SHA256, ATLS_ALG_PS256, 0},
};

/* pad_left writes `value` at the end of `half_len` octets; a TPM drops leading zeros. */
static bool pad_left(uint8_t *out, size_t half_len, struct atls_bytes value)
{
    if (value.len > half_len) {
        return false;
    }
    memset(out, 0, half_len - value.len);
    memcpy(&out[half_len - value.len], value.data, value.len);
    return true;
}

static enum atls_err verify_one(const struct atls_crypto_ops *crypto,
                                const struct atls_trust_anchor *anchor,
                                const struct atls_tpm_signature *signature,
                                struct atls_bytes covered, const char *claim,
                                struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(schemes); i++) {
        if (schemes[i].scheme != signature->scheme || schemes[i].hash != signature->hash) {
            continue;
        }
        const size_t half = schemes[i].half_len;
        uint8_t pair[MAX_ECDSA_LEN] = {0};
        struct atls_bytes value = signature->rsa;
        if (half != 0) {
            value = atls_bytes_of(pair, 2 * half);
            if (!pad_left(pair, half, signature->r) || !pad_left(&pair[half], half, signature->s)) {
                return atls_fail_texts(diag, ATLS_ERR_SIGNATURE, ATLS_STEP_SIGNATURE, claim,
                                       "a number longer than its curve takes", "r and s");
            }
        }
        const enum atls_err err = crypto->verify(schemes[i].alg, anchor->key, &covered, 1, value);
        if (err != ATLS_OK) {
            atls_fail_texts(diag, err, ATLS_STEP_SIGNATURE, claim, NULL,
                            "one by the attestation key from ");
            atls_diag_expected_text(diag,
                                    anchor->source != NULL ? anchor->source : "the endorsements");
        }
        return err;
    }
    atls_fail_texts(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_SIGNATURE, claim,
                    signature->scheme == ATLS_TPM_RSASSA ? "RSASSA with " : "RSAPSS with ",
                    "ECDSA with the hash of its curve, RSASSA or RSAPSS with sha256");
    atls_diag_found_text(diag, atls_tpm_hash_name(signature->hash));
    return ATLS_ERR_ALGORITHM;
}

/* Name = nameAlg || H(public area) (TPM 2.0 Library, part 1, 16). */
enum atls_err atls_tpm2_check_name(const struct atls_tpm2_contents *contents,
                                   const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    const struct atls_tpm_public *public_area = &contents->public_area;
    struct atls_digest digest;
    enum atls_err err =
        crypto->hash(atls_tpm_hash(public_area->name_alg), public_area->encoded, &digest);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_STEP_KEY_BINDING, "kat.pubArea");
    }
    uint8_t name[2 + ATLS_MAX_HASH_LEN];
    name[0] = (uint8_t)(public_area->name_alg >> 8);
    name[1] = (uint8_t)public_area->name_alg;
    memcpy(&name[2], digest.data, digest.len);
    const struct atls_bytes computed = {name, 2 + digest.len};
    if (!atls_bytes_equal(computed, contents->certify.name)) {
        atls_fail_texts(diag, ATLS_ERR_KEY_BINDING, ATLS_STEP_KEY_BINDING, "certInfo.name", NULL,
                        "the name of kat.pubArea, ");
        atls_diag_found_bytes(diag, contents->certify.name);
        atls_diag_expected_bytes(diag, computed);
        return ATLS_ERR_KEY_BINDING;
    }
    return ATLS_OK;
}

static enum atls_err find_anchor(const struct atls_trust_anchor **out, struct atls_bytes kid,
                                 const struct atls_endorsements *endorsements, int64_t now_s,
                                 struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("tpm2"));
    const struct atls_bytes any_class = {NULL, 0};
    *out = atls_endorsements_find_key(endorsements, format, kid, any_class);
    if (*out == NULL) {
        atls_fail_texts(diag, ATLS_ERR_NOT_ENDORSED, ATLS_STEP_ENDORSEMENT, "kid", NULL,
                        "one with an attestation key in the loaded endorsements");
        atls_diag_found_bytes(diag, kid);
        return ATLS_ERR_NOT_ENDORSED;
    }
    return atls_input_check_anchor(*out, now_s, diag);
}

enum atls_err atls_tpm2_verify(struct atls_tpm2_verified **out,
                               const struct atls_tpm2_parsed *parsed,
                               const struct atls_crypto_ops *crypto,
                               const struct atls_endorsements *endorsements, int64_t now_s,
                               struct atls_diag *diag)
{
    const struct atls_tpm2_contents *contents = &parsed->contents;
    const struct atls_trust_anchor *anchor = NULL;
    enum atls_err err = find_anchor(&anchor, contents->kid, endorsements, now_s, diag);
    if (err == ATLS_OK) {
        err = verify_one(crypto, anchor, &parsed->certify_signature, contents->certify.encoded,
                         "kat.sig", diag);
    }
    if (err == ATLS_OK) {
        err = verify_one(crypto, anchor, &parsed->quote_signature, contents->quote.encoded,
                         "pat.sig", diag);
    }
    if (err == ATLS_OK) {
        err = atls_tpm2_check_name(contents, crypto, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_tpm2_verified *verified = calloc(1, sizeof *verified);
    if (verified == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_SIGNATURE, "key attestation bundle");
    }
    verified->contents = *contents;
    verified->anchor = anchor;
    *out = verified;
    return ATLS_OK;
}
