/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisal of a TPM key attestation bundle, in the one order that its types allow. */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/endorsed.h"
#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/span.h"

static enum atls_err fill(struct atls_submod *submod, struct atls_additions **endorsed,
                          const struct atls_tpm2_verified *verified, const struct atls_digest *key,
                          const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_trust_anchor *anchor = atls_tpm2_anchor(verified);
    memset(submod, 0, sizeof *submod);
    submod->format = atls_format_by_name(atls_bytes_text("tpm2"));
    submod->machine = atls_tpm2_contents(verified)->kid;
    submod->fresh = !input->no_nonce;
    submod->key_binding = ATLS_KEY_BINDING_HARDWARE;
    submod->attested_key = *key;
    const struct atls_buf room = {submod->attested_spki, sizeof submod->attested_spki};
    if (!atls_tpm2_spki(room, &submod->attested_spki_len,
                        &atls_tpm2_contents(verified)->public_area)) {
        return atls_fail(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_KEY_BINDING, "kat.pubArea");
    }
    atls_identities_add(&submod->identities, ATLS_REVOKED_UEID, "kid", submod->machine);
    atls_identities_add_key(&submod->identities, ATLS_REVOKED_SPKI, "attestation key",
                            input->crypto, anchor->spki);
    atls_identities_add(&submod->identities, ATLS_REVOKED_SPKI, "attested key",
                        atls_digest_bytes(key));
    struct atls_tpm2_pcrs pcrs;
    enum atls_err err = atls_tpm2_judge(submod, &pcrs, verified, input, diag);
    if (err == ATLS_OK) {
        err = atls_tpm2_endorsed(endorsed, verified, &pcrs, input, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    atls_endorsed_judge(submod, *endorsed);
    if (input->no_nonce) {
        atls_outcome_not_fresh(submod, "extraData");
    }
    /* Last: of two warnings, the simulation is the one that a policy may set aside. */
    if (anchor->simulated) {
        atls_outcome_simulated(submod, anchor->source);
    }
    atls_outcome_apply(submod, &atls_tpm2_rules[0], NULL);
    return ATLS_OK;
}

static enum atls_err check_label(struct atls_bytes media_type, struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("tpm2"));
    if (media_type.len == 0 || atls_media_type_is(media_type, format->media_type)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "media type", NULL,
                    format->media_type);
    atls_diag_found_peer_text(diag, media_type);
    return ATLS_ERR_EVIDENCE_TYPE;
}

static enum atls_err appraise_verified(struct atls_submod *out,
                                       const struct atls_tpm2_verified *verified,
                                       const struct atls_appraisal_input *input,
                                       struct atls_diag *diag)
{
    struct atls_digest key = {{0}, 0};
    enum atls_err err = atls_tpm2_check_claims(&key, verified, input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_submod submod;
    ATLS_AUTO(atls_endorsed_cleanup) struct atls_additions *endorsed = NULL;
    err = fill(&submod, &endorsed, verified, &key, input, diag);
    if (err == ATLS_OK && input->want_claims) {
        err = atls_tpm2_claims_json(&submod.claims_json, verified, endorsed, diag);
    }
    if (err == ATLS_OK) {
        *out = submod;
    }
    return err;
}

static enum atls_err tpm2_appraise(struct atls_submod *out,
                                   const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    enum atls_err err = atls_input_check(input, diag);
    if (err == ATLS_OK) {
        err = check_label(input->media_type, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_tpm2_parsed_cleanup) struct atls_tpm2_parsed *parsed = NULL;
    err = atls_tpm2_parse(&parsed, input->evidence, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_tpm2_verified_cleanup) struct atls_tpm2_verified *verified = NULL;
    err =
        atls_tpm2_verify(&verified, parsed, input->crypto, input->endorsements, input->now_s, diag);
    return err == ATLS_OK ? appraise_verified(out, verified, input, diag) : err;
}

const struct atls_appraiser_ops atls_appraiser_tpm2 = {
    .abi = ATLS_APPRAISER_ABI,
    .size = (uint32_t)sizeof(struct atls_appraiser_ops),
    .format = "tpm2",
    .rules = atls_tpm2_rules,
    .num_rules = ATLS_TPM2_NUM_RULES,
    .appraise = tpm2_appraise,
    .read_unverified = atls_tpm2_read_unverified,
};
