/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisal of an SNP report, in the one order that its types allow. */
#include "appraiser/snp/snp.h"

#include "appraiser/endorsed.h"
#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

/* add_identities: a chip, a key or a whole product line (the key of its ARK) may be revoked. */
static void add_identities(struct atls_submod *submod, const struct atls_snp_verified *verified,
                           const struct atls_crypto_ops *crypto)
{
    static const char *const keys[] = {"key of the report", "key of the ASK", "key of the ARK"};
    static const char *const serials[] = {NULL, "serial number of the ASK",
                                          "serial number of the ARK"};
    const struct atls_chain *chain = atls_snp_chain(verified);
    if (!atls_is_zero(submod->machine)) {
        atls_identities_add(&submod->identities, ATLS_REVOKED_CHIP, "CHIP_ID", submod->machine);
    }
    for (size_t i = 0; i < atls_chain_len(chain) && i < ATLS_ARRAY_LEN(keys); i++) {
        const struct atls_x509 *cert = atls_chain_cert(chain, i);
        atls_identities_add_key(&submod->identities, ATLS_REVOKED_SPKI, keys[i], crypto,
                                atls_x509_spki(cert));
        if (serials[i] != NULL) { /* every leaf has number 0 */
            atls_identities_add_serial(&submod->identities, serials[i], atls_x509_serial(cert));
        }
    }
}

static enum atls_err judge(struct atls_submod *submod, struct atls_additions **endorsed,
                           const struct atls_snp_verified *verified,
                           const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    struct atls_snp_measured *measured = malloc(sizeof *measured); /* large for a stack */
    if (measured == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_APPRAISAL, "measurements");
    }
    bool known = false;
    atls_snp_measure(measured, atls_snp_report(verified), atls_snp_product(verified));
    atls_snp_judge(submod, &known, verified, measured, input);
    enum atls_err err = ATLS_OK;
    if (known && atls_endorsed_wanted(input)) {
        struct atls_claim items[ATLS_SNP_NUM_FIELDS];
        for (size_t i = 0; i < ATLS_SNP_NUM_FIELDS; i++) {
            items[i] = (struct atls_claim){&measured->environment, &measured->fields[i]};
        }
        const struct atls_claims claims = {
            .items = items,
            .num = ATLS_SNP_NUM_FIELDS,
            .signer = atls_x509_spki(atls_chain_cert(atls_snp_chain(verified), 0)),
            .labels = ATLS_LABELS_COMPARED,
        };
        err = atls_endorsed_new(endorsed, input, "snp", &claims, diag);
    }
    free(measured);
    return err;
}

/*
 * add_csp adds whose VLEK it is, as a measurement that a policy may demand: one ASVK certifies
 * those of all clouds (57230, 3.2). A policy has digests, so it is the hash of the name.
 */
static enum atls_err add_csp(struct atls_submod *submod, const struct atls_amd_cert *cert,
                             const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct atls_digest digest;
    if (cert->kind != ATLS_AMD_VLEK) {
        return ATLS_OK;
    }
    enum atls_err err = crypto->hash(ATLS_ALG_SHA256, atls_bytes_text(cert->csp), &digest);
    uint8_t *octets = err == ATLS_OK ? malloc(digest.len) : NULL;
    if (octets == NULL) {
        return atls_fail(diag, err == ATLS_OK ? ATLS_ERR_MEMORY : err, ATLS_STEP_APPRAISAL,
                         "csp_id");
    }
    memcpy(octets, digest.data, digest.len);
    submod->storage = octets;
    submod->measurements[submod->num_measurements++] =
        (struct atls_measurement){atls_bytes_text("csp_id"), atls_bytes_of(octets, digest.len)};
    return ATLS_OK;
}

static enum atls_err fill(struct atls_submod *submod, struct atls_additions **endorsed,
                          const struct atls_snp_verified *verified,
                          const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    memset(submod, 0, sizeof *submod);
    submod->format = atls_format_by_name(atls_bytes_text("snp"));
    submod->machine = atls_bytes_of(atls_snp_report(verified)->chip_id.data,
                                    atls_snp_product(verified)->chip_id_len);
    submod->fresh = !input->no_nonce;
    submod->key_binding = atls_input_challenge_binding(input);
    add_identities(submod, verified, input->crypto);
    enum atls_err err = judge(submod, endorsed, verified, input, diag);
    if (err == ATLS_OK) {
        err = add_csp(submod, atls_snp_cert(verified), input->crypto, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    atls_endorsed_judge(submod, *endorsed);
    if (input->no_nonce) {
        atls_outcome_not_fresh(submod, "REPORT_DATA");
    }
    /* Last: of two warnings, the simulation is the one that a policy may set aside. */
    if (atls_snp_root(verified)->simulated) {
        atls_outcome_simulated(submod, atls_snp_root(verified)->source);
    }
    atls_outcome_apply(submod, &atls_snp_rules[0], NULL);
    return ATLS_OK;
}

static enum atls_err appraise_verified(struct atls_submod *out,
                                       const struct atls_snp_verified *verified,
                                       const struct atls_appraisal_input *input,
                                       struct atls_diag *diag)
{
    struct atls_submod submod = {.storage = NULL};
    ATLS_AUTO(atls_endorsed_cleanup) struct atls_additions *endorsed = NULL;
    enum atls_err err = atls_snp_check_claims(atls_snp_report(verified), diag);
    if (err == ATLS_OK) {
        err = atls_input_compare_padded_nonce(input, atls_snp_report(verified)->report_data,
                                              "REPORT_DATA", diag);
    }
    if (err == ATLS_OK) {
        err = fill(&submod, &endorsed, verified, input, diag);
    }
    if (err == ATLS_OK && input->want_claims) {
        err = atls_snp_claims_json(&submod.claims_json, verified, endorsed, diag);
    }
    if (err != ATLS_OK) {
        free(submod.storage);
        return err;
    }
    *out = submod;
    return ATLS_OK;
}

static enum atls_err snp_appraise(struct atls_submod *out, const struct atls_appraisal_input *input,
                                  struct atls_diag *diag)
{
    enum atls_err err = atls_input_check(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_snp_parsed_cleanup) struct atls_snp_parsed *parsed = NULL;
    err = atls_snp_parse(&parsed, input->evidence, input->media_type, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_snp_verified_cleanup) struct atls_snp_verified *verified = NULL;
    err = atls_snp_verify(&verified, parsed, input, diag);
    return err == ATLS_OK ? appraise_verified(out, verified, input, diag) : err;
}

const struct atls_appraiser_ops atls_appraiser_snp = {
    .abi = ATLS_APPRAISER_ABI,
    .size = (uint32_t)sizeof(struct atls_appraiser_ops),
    .format = "snp",
    .rules = atls_snp_rules,
    .num_rules = ATLS_SNP_NUM_RULES,
    .appraise = snp_appraise,
    .read_unverified = atls_snp_read_unverified,
};
