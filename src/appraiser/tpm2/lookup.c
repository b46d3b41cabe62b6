/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/lookup.h"

#include "appraiser/tpm2/unverified.h"

/* The class of a TPM is what the endorsement of its key says, and nothing in the Evidence. */
enum atls_err atls_tpm2_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                               struct atls_bytes media_type, struct atls_diag *diag)
{
    ATLS_AUTO(atls_tpm2_parsed_cleanup) struct atls_tpm2_parsed *parsed = NULL;
    (void)media_type; /* it has one */
    const enum atls_err err = atls_tpm2_parse(&parsed, evidence, diag);
    if (err == ATLS_OK) {
        out->instance = parsed->contents.kid;
        out->class_id.data = NULL;
        out->class_id.len = 0;
    }
    return err;
}
