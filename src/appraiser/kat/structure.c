/* SPDX-License-Identifier: Apache-2.0 */
/* The two tokens of a bundle, the key of one, and the appraiser of the other. */
#include "appraiser/kat/unverified.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

void atls_kat_parsed_free(struct atls_kat_parsed *parsed)
{
    if (parsed != NULL) {
        atls_key_free(parsed->kak);
        free(parsed);
    }
}

void atls_kat_parsed_cleanup(struct atls_kat_parsed **parsed)
{
    atls_kat_parsed_free(*parsed);
}

static enum atls_err find_pat(struct atls_kat_parsed *parsed, struct atls_diag *diag)
{
    const struct atls_cmw *pat = &parsed->bundle.pat;
    parsed->pat_format = atls_cmw_format(pat);
    /* A bundle is no part of a bundle: it has no row that could be a pat. */
    parsed->pat_ops =
        atls_format_is_pat(parsed->pat_format) ? atls_appraiser_for(parsed->pat_format) : NULL;
    if (parsed->pat_ops != NULL) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "type of the pat", NULL,
                    "Evidence of a platform that names no key, such as psa");
    if (pat->by_content_format) {
        atls_diag_found_text(diag, "content format ");
        atls_diag_found_int(diag, pat->content_format);
    } else {
        atls_diag_found_peer_text(diag, pat->media_type);
    }
    return ATLS_ERR_EVIDENCE_TYPE;
}

static enum atls_err read_bundle(struct atls_kat_parsed *parsed, struct atls_bytes evidence,
                                 struct atls_diag *diag)
{
    enum atls_err err =
        atls_evidence_recode(atls_kat_bundle_parse(&parsed->bundle, evidence, diag), diag);
    if (err == ATLS_OK) {
        err =
            atls_evidence_recode(atls_key_from_cose(&parsed->kak, &parsed->bundle.kak, diag), diag);
    }
    return err == ATLS_OK ? find_pat(parsed, diag) : err;
}

enum atls_err atls_kat_parse(struct atls_kat_parsed **out, struct atls_bytes evidence,
                             struct atls_diag *diag)
{
    struct atls_kat_parsed *parsed = calloc(1, sizeof *parsed);
    if (parsed == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "KAT bundle");
    }
    const enum atls_err err = read_bundle(parsed, evidence, diag);
    if (err != ATLS_OK) {
        atls_kat_parsed_free(parsed);
        return err;
    }
    *out = parsed;
    return ATLS_OK;
}
