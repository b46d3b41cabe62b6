/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PSA token whose signature a remote Verifier checks. The token names no TLS key: that the key
 * belongs to it rests on the binder, which is the nonce and holds the key's hash.
 */
#include "appraiser/psa/psa.h"

#include "appraiser/input.h"
#include "base/span.h"

static void fill(struct atls_submod *submod, const struct atls_psa_claims *claims,
                 const struct atls_appraisal_input *input)
{
    memset(submod, 0, sizeof *submod);
    submod->format = atls_format_by_name(atls_bytes_text("psa"));
    submod->fresh = true;
    submod->has_reference_values = true;
    submod->key_binding = atls_input_challenge_binding(input);
    submod->machine = claims->instance_id;
    submod->has_caller = true;
    submod->caller = claims->client_id;
    atls_identities_add(&submod->identities, ATLS_REVOKED_UEID, "psa-instance-id",
                        claims->instance_id);
    atls_psa_measurements(submod, claims);
}

enum atls_err atls_psa_read_unverified(struct atls_submod *out,
                                       const struct atls_appraisal_input *input,
                                       struct atls_diag *diag)
{
    enum atls_err err = atls_input_check_unverified(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_psa_parsed_cleanup) struct atls_psa_parsed *parsed = NULL;
    struct atls_psa_claims claims;
    err = atls_psa_parse(&parsed, input->evidence, input->media_type, diag);
    if (err == ATLS_OK) {
        err = atls_psa_claims_read_unverified(&claims, parsed, diag);
    }
    if (err == ATLS_OK) {
        err = atls_input_compare_nonce(input, claims.nonce, "psa-nonce", diag);
    }
    if (err == ATLS_OK) {
        fill(out, &claims, input);
    }
    return err;
}
