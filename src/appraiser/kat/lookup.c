/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/lookup.h"

#include "appraiser/kat/unverified.h"

enum atls_err atls_kat_find_pat(struct atls_kat_part *out, struct atls_bytes evidence,
                                struct atls_diag *diag)
{
    ATLS_AUTO(atls_kat_parsed_cleanup) struct atls_kat_parsed *parsed = NULL;
    const enum atls_err err = atls_kat_parse(&parsed, evidence, diag);
    if (err == ATLS_OK) {
        out->format = parsed->pat_format;
        out->evidence = parsed->bundle.pat.value;
        out->media_type = parsed->bundle.pat.media_type;
    }
    return err;
}
