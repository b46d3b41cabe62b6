/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisal of an attestation document, in the one order that its types allow. */
#include "appraiser/nitro/nitro.h"

#include "appraiser/endorsed.h"
#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/ends.h"
#include "base/diag.h"
#include "base/span.h"

#define MS_PER_S 1000

static const struct atls_x509 *root_of(const struct atls_nitro_verified *verified)
{
    const struct atls_chain *chain = atls_nitro_chain(verified);
    return atls_chain_cert(chain, atls_chain_len(chain) - 1);
}

static enum atls_err refuse_time(struct atls_diag *diag, int64_t found_s, const char *expected,
                                 int64_t expected_s)
{
    atls_fail_texts(diag, ATLS_ERR_FRESHNESS, ATLS_STEP_FRESHNESS, "timestamp", NULL, expected);
    atls_diag_found_time(diag, found_s);
    atls_diag_expected_time(diag, expected_s);
    return ATLS_ERR_FRESHNESS;
}

/*
 * check_time: the certificate of an enclave lives for 3 hours, and was in its dates now; a document
 * is made in its time. So it is no older than its certificate, and not of the future.
 */
static enum atls_err check_time(const struct atls_nitro_claims *claims,
                                const struct atls_nitro_verified *verified, int64_t now_s,
                                struct atls_diag *diag)
{
    const struct atls_x509 *leaf = atls_chain_cert(atls_nitro_chain(verified), 0);
    const int64_t made_s = claims->timestamp_ms / MS_PER_S;
    if (made_s > now_s + ATLS_MAX_SKEW_S) {
        return refuse_time(diag, made_s, "no later than now, ", now_s);
    }
    if (made_s < atls_x509_not_before(leaf) - ATLS_MAX_SKEW_S) {
        return refuse_time(diag, made_s, "no earlier than its certificate, ",
                           atls_x509_not_before(leaf));
    }
    return made_s <= atls_x509_not_after(leaf) + ATLS_MAX_SKEW_S
               ? ATLS_OK
               : refuse_time(diag, made_s, "no later than the end of its certificate, ",
                             atls_x509_not_after(leaf));
}

/* identify adds all that a list may revoke: the enclave, and each certificate with its key. */
static void identify(struct atls_submod *submod, const struct atls_nitro_claims *claims,
                     const struct atls_nitro_verified *verified,
                     const struct atls_appraisal_input *input)
{
    const struct atls_chain *chain = atls_nitro_chain(verified);
    submod->machine = claims->module_id;
    atls_identities_add(&submod->identities, ATLS_REVOKED_UEID, "module_id", claims->module_id);
    for (size_t i = 0; i < atls_chain_len(chain); i++) {
        const struct atls_x509 *cert = atls_chain_cert(chain, i);
        const char *key = i == 0 ? "key of the document" : "key of an authority";
        const char *serial = i == 0 ? "certificate of the document" : "certificate of an authority";
        atls_identities_add_key(&submod->identities, ATLS_REVOKED_SPKI, key, input->crypto,
                                atls_x509_spki(cert));
        atls_identities_add_serial(&submod->identities, serial, atls_x509_serial(cert));
        atls_ends_by(input->ends_s, atls_x509_not_after(cert));
    }
}

/* endorsed finds what endorsers add to the PCRs of an image that a reference value describes. */
static enum atls_err endorsed(struct atls_additions **out, struct atls_nitro_facts *facts,
                              const struct atls_statement *image,
                              const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    return image != NULL && atls_endorsed_wanted(input)
               ? atls_endorsed_new(out, input, "nitro", atls_nitro_facts_of(facts, image), diag)
               : ATLS_OK;
}

static enum atls_err fill(struct atls_submod *submod, const struct atls_nitro_claims *claims,
                          const struct atls_nitro_verified *verified,
                          const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_root root = atls_nitro_root(verified);
    ATLS_AUTO(atls_nitro_facts_cleanup) struct atls_nitro_facts *facts = NULL;
    ATLS_AUTO(atls_endorsed_cleanup) struct atls_additions *additions = NULL;
    enum atls_err err =
        atls_nitro_facts_new(&facts, claims, atls_x509_spki(root_of(verified)), diag);
    if (err != ATLS_OK) {
        return err;
    }
    submod->format = atls_format_by_name(atls_bytes_text("nitro"));
    identify(submod, claims, verified, input);
    const struct atls_statement *image = atls_nitro_judge(submod, claims, facts, input);
    err = endorsed(&additions, facts, image, input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    atls_endorsed_judge(submod, additions);
    if (input->no_nonce) {
        atls_outcome_not_fresh(submod, "nonce");
    }
    /* Last: of two warnings, the simulation is the one that a policy may set aside. */
    if (root.simulated) {
        atls_outcome_simulated(submod, root.source);
    }
    atls_outcome_apply(submod, &atls_nitro_rules[0], NULL);
    return input->want_claims
               ? atls_nitro_claims_json(&submod->claims_json, claims, additions, diag)
               : ATLS_OK;
}

static enum atls_err appraise_verified(struct atls_submod *out,
                                       const struct atls_nitro_verified *verified,
                                       const struct atls_appraisal_input *input,
                                       struct atls_diag *diag)
{
    struct atls_nitro_claims claims;
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    enum atls_err err = atls_nitro_claims_read(&claims, verified, diag);
    if (err == ATLS_OK) {
        err = atls_nitro_check(&submod, &claims, input, diag);
    }
    if (err == ATLS_OK) {
        err = check_time(&claims, verified, input->now_s, diag);
    }
    if (err == ATLS_OK) {
        err = fill(&submod, &claims, verified, input, diag);
    }
    if (err == ATLS_OK) {
        *out = submod;
    }
    return err;
}

static enum atls_err nitro_appraise(struct atls_submod *out,
                                    const struct atls_appraisal_input *input,
                                    struct atls_diag *diag)
{
    enum atls_err err = atls_input_check(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_nitro_parsed_cleanup) struct atls_nitro_parsed *parsed = NULL;
    ATLS_AUTO(atls_nitro_verified_cleanup) struct atls_nitro_verified *verified = NULL;
    err = atls_nitro_parse(&parsed, input->evidence, input->media_type, diag);
    if (err == ATLS_OK) {
        err = atls_nitro_verify(&verified, parsed, input->crypto, input->endorsements, input->now_s,
                                diag);
    }
    return err == ATLS_OK ? appraise_verified(out, verified, input, diag) : err;
}

const struct atls_appraiser_ops atls_appraiser_nitro = {
    .abi = ATLS_APPRAISER_ABI,
    .size = (uint32_t)sizeof(struct atls_appraiser_ops),
    .format = "nitro",
    .rules = atls_nitro_rules,
    .num_rules = ATLS_NITRO_NUM_RULES,
    .appraise = nitro_appraise,
    .read_unverified = atls_nitro_read_unverified,
};
