/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/lookup.h"

#include "appraiser/input.h"
#include "appraiser/psa/psa.h"
#include "base/span.h"

static const struct {
    const char *format;
    enum atls_err (*lookup)(struct atls_lookup *out, struct atls_bytes evidence,
                            struct atls_bytes media_type, struct atls_diag *diag);
} lookups[] = {
    {"psa", atls_psa_lookup},     {"snp", atls_snp_lookup}, {"tpm2", atls_tpm2_lookup},
    {"nitro", atls_nitro_lookup}, {"tdx", atls_tdx_lookup}, {"sgx", atls_sgx_lookup},
};

enum atls_err atls_lookup_read(struct atls_lookup *out, const struct atls_format *format,
                               struct atls_bytes evidence, struct atls_bytes media_type,
                               struct atls_diag *diag)
{
    struct atls_kat_part part = {format, evidence, media_type};
    struct atls_lookup lookup = {.format = NULL};
    if (format != NULL && strcmp(format->name, "kat") == 0) {
        const enum atls_err err = atls_kat_find_pat(&part, evidence, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    for (size_t i = 0; part.format != NULL && i < ATLS_ARRAY_LEN(lookups); i++) {
        if (strcmp(part.format->name, lookups[i].format) == 0) {
            lookup.format = part.format;
            const enum atls_err err =
                lookups[i].lookup(&lookup, part.evidence, part.media_type, diag);
            *out = err == ATLS_OK ? lookup : *out;
            return err;
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_INPUT, "format",
                           format != NULL ? format->name : "none",
                           "a format that is built in this version");
}

void atls_lookup_cleanup(struct atls_lookup *lookup)
{
    atls_psa_parsed_free(lookup->psa);
    memset(lookup, 0, sizeof *lookup);
}
