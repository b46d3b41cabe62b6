/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/lookup.h"

#include "appraiser/psa/unverified.h"

enum atls_err atls_psa_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                              struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_psa_parsed *parsed = NULL;
    const enum atls_err err = atls_psa_parse(&parsed, evidence, media_type, diag);
    if (err == ATLS_OK) {
        out->instance = parsed->instance_id;
        out->class_id = parsed->implementation_id;
        out->psa = parsed;
    }
    return err;
}
