/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/lookup.h"

#include "appraiser/snp/snp.h"
#include "base/span.h"

/* Roots are of a product line and reference values of a launch measurement: neither names the
 * machine, and both are few. All of the format is what may be needed. */
enum atls_err atls_snp_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                              struct atls_bytes media_type, struct atls_diag *diag)
{
    ATLS_AUTO(atls_snp_parsed_cleanup) struct atls_snp_parsed *parsed = NULL;
    const enum atls_err err = atls_snp_parse(&parsed, evidence, media_type, diag);
    if (err == ATLS_OK) {
        out->instance = atls_bytes_of(NULL, 0);
        out->class_id = atls_bytes_of(NULL, 0);
    }
    return err;
}
