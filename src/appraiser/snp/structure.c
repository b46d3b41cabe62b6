/* SPDX-License-Identifier: Apache-2.0 */
/* The form of SNP Evidence: the map around the report, the report, the table of certificates. */
#include "appraiser/snp/parsed.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/tsm_report.h"

#include <stdlib.h>

void atls_snp_parsed_free(struct atls_snp_parsed *parsed)
{
    free(parsed);
}

void atls_snp_parsed_cleanup(struct atls_snp_parsed **parsed)
{
    atls_snp_parsed_free(*parsed);
}

/* check_label: the type without a parameter names every provider's report; the map says which. */
static enum atls_err check_label(struct atls_bytes media_type, struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("snp"));
    if (media_type.len == 0 || atls_media_type_is(media_type, format->media_type) ||
        atls_media_type_is(media_type, ATLS_TSM_MEDIA_TYPE)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "media type", NULL,
                    format->media_type);
    atls_diag_found_peer_text(diag, media_type);
    return ATLS_ERR_EVIDENCE_TYPE;
}

static enum atls_err check_map(const struct atls_tsm_report *map, struct atls_diag *diag)
{
    if (!atls_bytes_is_text(map->provider, ATLS_TSM_SEV_GUEST)) {
        atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "provider", NULL,
                        ATLS_TSM_SEV_GUEST);
        atls_diag_found_peer_text(diag, map->provider);
        return ATLS_ERR_EVIDENCE_TYPE;
    }
    /* A service's manifest is bound by its hash in REPORT_DATA, where the binder is expected. */
    if (map->service_provider.len != 0) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE,
                               "service_provider", "the report of a service of an SVSM",
                               "a report of the guest");
    }
    return ATLS_OK;
}

static enum atls_err read_parts(struct atls_snp_parsed *parsed, const struct atls_tsm_report *map,
                                struct atls_diag *diag)
{
    enum atls_err err = atls_snp_report_read(&parsed->report, map->outblob, diag);
    if (err == ATLS_OK) {
        err = atls_snp_table_read(&parsed->table, map->auxblob, diag);
    }
    if (err == ATLS_OK) {
        parsed->signed_part = atls_bytes_of(map->outblob.data, 0x2a0);
        parsed->signature = atls_bytes_of(&map->outblob.data[0x2a0], 144);
    }
    return err;
}

enum atls_err atls_snp_parse(struct atls_snp_parsed **out, struct atls_bytes evidence,
                             struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_tsm_report map;
    enum atls_err err = check_label(media_type, diag);
    if (err == ATLS_OK) {
        err = atls_evidence_recode(atls_tsm_report_parse(&map, evidence, diag), diag);
    }
    if (err == ATLS_OK) {
        err = check_map(&map, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_snp_parsed *parsed = calloc(1, sizeof *parsed);
    if (parsed == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "SNP report");
    }
    err = read_parts(parsed, &map, diag);
    if (err != ATLS_OK) {
        free(parsed);
        return err;
    }
    *out = parsed;
    return ATLS_OK;
}
