/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/lookup.h"

#include "appraiser/nitro/unverified.h"
#include "base/span.h"

/* Neither key nor class stands in a document: the root is one for all, and which image it is shows
 * only in the PCRs. */
enum atls_err atls_nitro_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                                struct atls_bytes media_type, struct atls_diag *diag)
{
    ATLS_AUTO(atls_nitro_parsed_cleanup) struct atls_nitro_parsed *parsed = NULL;
    const enum atls_err err = atls_nitro_parse(&parsed, evidence, media_type, diag);
    if (err == ATLS_OK) {
        out->instance = atls_bytes_of(NULL, 0);
        out->class_id = atls_bytes_of(NULL, 0);
    }
    return err;
}
