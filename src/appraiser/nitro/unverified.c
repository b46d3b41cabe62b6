/* SPDX-License-Identifier: Apache-2.0 */
/* An attestation document whose path and signature a remote Verifier checks. */
#include "appraiser/nitro/nitro.h"

#include "appraiser/input.h"
#include "appraiser/nitro/unverified.h"
#include "base/span.h"

enum atls_err atls_nitro_read_unverified(struct atls_submod *out,
                                         const struct atls_appraisal_input *input,
                                         struct atls_diag *diag)
{
    enum atls_err err = atls_input_check_unverified(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_nitro_parsed_cleanup) struct atls_nitro_parsed *parsed = NULL;
    struct atls_nitro_claims claims;
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    err = atls_nitro_parse(&parsed, input->evidence, input->media_type, diag);
    if (err == ATLS_OK) {
        err = atls_nitro_claims_read_unverified(&claims, parsed, diag);
    }
    if (err == ATLS_OK) {
        err = atls_nitro_check(&submod, &claims, input, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    submod.format = atls_format_by_name(atls_bytes_text("nitro"));
    submod.has_reference_values = true;
    submod.machine = claims.module_id;
    atls_identities_add(&submod.identities, ATLS_REVOKED_UEID, "module_id", claims.module_id);
    atls_nitro_measurements(&submod, &claims);
    *out = submod;
    return ATLS_OK;
}
