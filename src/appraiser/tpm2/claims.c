/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a verified bundle: it is fresh, of one signer, and about the TLS key, which
 * lives in this TPM and nowhere else. */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/input.h"
#include "base/span.h"

/* the nonce of both structures, since either could be of an earlier connection. */
static enum atls_err check_freshness(const struct atls_tpm2_contents *contents,
                                     const struct atls_appraisal_input *input,
                                     struct atls_diag *diag)
{
    enum atls_err err =
        atls_input_compare_nonce(input, contents->certify.extra_data, "certInfo.extraData", diag);
    return err == ATLS_OK ? atls_input_compare_nonce(input, contents->quote.extra_data,
                                                     "attestInfo.extraData", diag)
                          : err;
}

/* the AK's place in its hierarchy is the same in both. A TPM may leave it empty. */
static enum atls_err check_signer(const struct atls_tpm2_contents *contents, struct atls_diag *diag)
{
    const struct atls_bytes in_kat = contents->certify.qualified_signer;
    const struct atls_bytes in_pat = contents->quote.qualified_signer;
    if (!atls_bytes_equal(in_kat, in_pat)) {
        atls_fail_texts(diag, ATLS_ERR_CLAIM, ATLS_STEP_CLAIMS, "attestInfo.qualifiedSigner", NULL,
                        "that of certInfo, ");
        atls_diag_found_bytes(diag, in_pat);
        atls_diag_expected_bytes(diag, in_kat);
        return ATLS_ERR_CLAIM;
    }
    return ATLS_OK;
}

/*
 * made by the TPM (sensitiveDataOrigin), and it cannot leave it, neither by itself
 * (fixedParent) nor with its parent (fixedTPM). A restricted key would not sign TLS's hash, and
 * "restricted" is what sets an attestation key apart from this one.
 */
static enum atls_err check_attributes(uint32_t attributes, struct atls_diag *diag)
{
    static const struct {
        uint32_t bit;
        bool wanted;
        const char *found, *expected;
    } rules[] = {
        {ATLS_TPM_FIXED_TPM, true, "a key that may move to another TPM", "fixedTPM"},
        {ATLS_TPM_FIXED_PARENT, true, "a key that may be duplicated", "fixedParent"},
        {ATLS_TPM_SENSITIVE_DATA_ORIGIN, true, "a key that was imported", "sensitiveDataOrigin"},
        {ATLS_TPM_SIGN, true, "a key that does not sign", "sign"},
        {ATLS_TPM_RESTRICTED, false, "a restricted key", "one that is not restricted"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rules); i++) {
        if (((attributes & rules[i].bit) != 0) != rules[i].wanted) {
            return atls_fail_texts(diag, ATLS_ERR_KEY_ATTRIBUTES, ATLS_STEP_KEY_BINDING,
                                   "pubArea.objectAttributes", rules[i].found, rules[i].expected);
        }
    }
    return ATLS_OK;
}

/* compared as SubjectPublicKeyInfo. */
static enum atls_err check_key(struct atls_digest *out_key,
                               const struct atls_tpm_public *public_area,
                               const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    uint8_t room[ATLS_TPM2_MAX_SPKI_LEN];
    const struct atls_buf buf = {room, sizeof room};
    size_t len = 0;
    if (!atls_tpm2_spki(buf, &len, public_area)) {
        return atls_fail(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_KEY_BINDING, "kat.pubArea");
    }
    const struct atls_bytes spki = {room, len};
    struct atls_digest attested;
    enum atls_err err = input->crypto->hash(ATLS_ALG_SHA256, spki, &attested);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_STEP_KEY_BINDING, "kat.pubArea");
    }
    if (input->tls_spki.len != 0 && !atls_bytes_equal(spki, input->tls_spki)) {
        struct atls_digest tls;
        atls_fail_texts(diag, ATLS_ERR_KEY_BINDING, ATLS_STEP_KEY_BINDING, "kat.pubArea",
                        "a key with SHA-256 ", "the TLS key, ");
        atls_diag_found_bytes(diag, atls_digest_bytes(&attested));
        if (input->crypto->hash(ATLS_ALG_SHA256, input->tls_spki, &tls) == ATLS_OK) {
            atls_diag_expected_bytes(diag, atls_digest_bytes(&tls));
        }
        return ATLS_ERR_KEY_BINDING;
    }
    *out_key = attested;
    return ATLS_OK;
}

static enum atls_err check_contents(struct atls_digest *out_key,
                                    const struct atls_tpm2_contents *contents,
                                    const struct atls_appraisal_input *input,
                                    struct atls_diag *diag)
{
    enum atls_err err = check_freshness(contents, input, diag);
    if (err == ATLS_OK) {
        err = check_signer(contents, diag);
    }
    if (err == ATLS_OK) {
        err = check_attributes(contents->public_area.attributes, diag);
    }
    if (err == ATLS_OK) {
        err = check_key(out_key, &contents->public_area, input, diag);
    }
    return err;
}

enum atls_err atls_tpm2_check_claims(struct atls_digest *out_key,
                                     const struct atls_tpm2_verified *verified,
                                     const struct atls_appraisal_input *input,
                                     struct atls_diag *diag)
{
    return check_contents(out_key, atls_tpm2_contents(verified), input, diag);
}

enum atls_err atls_tpm2_check_claims_unverified(struct atls_digest *out_key,
                                                const struct atls_tpm2_contents *contents,
                                                const struct atls_appraisal_input *input,
                                                struct atls_diag *diag)
{
    const enum atls_err err = atls_tpm2_check_name(contents, input->crypto, diag);
    return err == ATLS_OK ? check_contents(out_key, contents, input, diag) : err;
}
