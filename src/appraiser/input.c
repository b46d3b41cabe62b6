/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/input.h"

#include "base/diag.h"
#include "base/span.h"
#include "endorsement/apply.h"

static enum atls_err check_nonce(const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    if (input->expected_nonce.len == 0 && !input->no_nonce) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_STEP_INPUT, "nonce", "none",
                               "a nonce, or the word that none is to be compared");
    }
    if (input->expected_nonce.len != 0 && input->no_nonce) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_STEP_INPUT, "nonce",
                               "a nonce and the word that none is to be compared", "one of them");
    }
    if (input->expected_nonce.len > ATLS_MAX_NONCE_LEN) {
        atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_STEP_INPUT, "nonce in octets", NULL,
                        "at most 64");
        atls_diag_found_int(diag, (int64_t)input->expected_nonce.len);
        return ATLS_ERR_ARGUMENT;
    }
    return ATLS_OK;
}

enum atls_err atls_input_check(const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    if (input == NULL || input->crypto == NULL || input->endorsements == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_STEP_INPUT, "endorsements", "none",
                               "cryptography and a set of endorsements");
    }
    return check_nonce(input, diag);
}

enum atls_err atls_input_check_unverified(const struct atls_appraisal_input *input,
                                          struct atls_diag *diag)
{
    if (input == NULL || input->crypto == NULL || input->no_nonce) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_STEP_INPUT, "nonce", "none",
                               "cryptography, and a nonce to compare");
    }
    return check_nonce(input, diag);
}

enum atls_err atls_input_compare_nonce(const struct atls_appraisal_input *input,
                                       struct atls_bytes found, const char *claim,
                                       struct atls_diag *diag)
{
    if (input->no_nonce) {
        return ATLS_OK;
    }
    if (found.len != input->expected_nonce.len) {
        atls_fail(diag, ATLS_ERR_FRESHNESS, ATLS_STEP_FRESHNESS, claim);
        atls_diag_found_int(diag, (int64_t)found.len);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_int(diag, (int64_t)input->expected_nonce.len);
        atls_diag_expected_text(diag, " octets");
        return ATLS_ERR_FRESHNESS;
    }
    /* The sentence shows neither side: a nonce that is still in use does not go into logs. */
    if (!atls_ct_equal(found, input->expected_nonce)) {
        return atls_fail_texts(diag, ATLS_ERR_FRESHNESS, ATLS_STEP_FRESHNESS, claim,
                               "another value", "the nonce of this appraisal");
    }
    return ATLS_OK;
}

enum atls_err atls_input_compare_padded_nonce(const struct atls_appraisal_input *input,
                                              struct atls_bytes found, const char *claim,
                                              struct atls_diag *diag)
{
    uint8_t padded[ATLS_MAX_NONCE_LEN] = {0};
    struct atls_appraisal_input with_padding = *input;
    if (!input->no_nonce) {
        memcpy(padded, input->expected_nonce.data, input->expected_nonce.len);
        with_padding.expected_nonce = atls_bytes_of(padded, sizeof padded);
    }
    return atls_input_compare_nonce(&with_padding, found, claim, diag);
}

enum atls_key_binding atls_input_challenge_binding(const struct atls_appraisal_input *input)
{
    return !input->no_nonce && input->tls_spki.len != 0 ? ATLS_KEY_BINDING_CHALLENGE
                                                        : ATLS_KEY_BINDING_NONE;
}

enum atls_err atls_input_check_anchor(const struct atls_trust_anchor *anchor, int64_t now_s,
                                      struct atls_diag *diag)
{
    if (!atls_endorsement_has_ended(anchor->not_after_s, now_s)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_NOT_ENDORSED, ATLS_STEP_ENDORSEMENT, "endorsements",
                    "an attestation key whose endorsement has ended, in ",
                    "a newer CoRIM for this key");
    atls_diag_found_text(diag, anchor->source);
    return ATLS_ERR_NOT_ENDORSED;
}

const struct atls_reference *atls_input_next_reference(const struct atls_appraisal_input *input,
                                                       const struct atls_format *format,
                                                       struct atls_bytes class_id,
                                                       const struct atls_trust_anchor *signer,
                                                       size_t *cursor)
{
    const struct atls_reference *reference;
    do {
        reference = atls_endorsements_next_reference(input->endorsements, format, class_id, cursor);
    } while (reference != NULL &&
             (atls_endorsement_has_ended(reference->not_after_s, input->now_s) ||
              !atls_encoded_is_authorized(reference->authorized_by, signer->spki)));
    return reference;
}

enum atls_err atls_evidence_recode(enum atls_err err, struct atls_diag *diag)
{
    if (err != ATLS_ERR_MALFORMED) {
        return err;
    }
    if (diag != NULL) {
        diag->err = ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return ATLS_ERR_EVIDENCE_MALFORMED;
}
