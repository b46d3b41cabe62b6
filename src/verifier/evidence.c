/* SPDX-License-Identifier: Apache-2.0 */
/* The label of Evidence: which format it names, and that it is the one that was negotiated. */
#include "verifier/evidence.h"

#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/tsm_report.h"
#include "json/cmw_json.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "verifier";

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err, const char *claim,
                            const char *found, const char *expected)
{
    return atls_fail_texts(diag, err, step, claim, found, expected);
}

/* found_label appends how the peer labelled its Evidence. */
static void found_label(struct atls_diag *diag, const struct atls_cmw *cmw)
{
    if (cmw->kind == ATLS_CMW_COLLECTION) {
        atls_diag_found_text(diag, "a collection of ");
        atls_diag_found_text(diag, cmw->collection_type.len != 0 ? "type " : "no type");
        atls_diag_found_peer_text(diag, cmw->collection_type);
    } else if (cmw->by_content_format) {
        atls_diag_found_text(diag, "content format ");
        atls_diag_found_int(diag, cmw->content_format);
    } else {
        atls_diag_found_peer_text(diag, cmw->media_type);
    }
}

static void expect_formats(struct atls_diag *diag, const struct atls_format *negotiated)
{
    if (negotiated != NULL) {
        atls_diag_expected_text(diag, negotiated->name);
        atls_diag_expected_text(diag, ", ");
        atls_diag_expected_text(diag, negotiated->media_type);
        return;
    }
    for (size_t i = 0; i < atls_num_formats; i++) {
        atls_diag_expected_text(diag, i == 0 ? "" : " or ");
        atls_diag_expected_text(diag, atls_formats[i].name);
    }
}

/* The indicator is optional; when it is there it must call this Evidence and nothing else. Bits
 * that are not registered are ignored (RFC 9999). */
static enum atls_err check_indicator(const struct atls_cmw *cmw, struct atls_diag *diag)
{
    const uint32_t known = ATLS_CMW_REFERENCE_VALUES | ATLS_CMW_ENDORSEMENTS | ATLS_CMW_EVIDENCE |
                           ATLS_CMW_RESULTS | ATLS_CMW_POLICY;
    const uint32_t bits = cmw->ind & known;
    if (cmw->ind == 0 || bits == ATLS_CMW_EVIDENCE) {
        return ATLS_OK;
    }
    if (bits == ATLS_CMW_RESULTS) {
        return refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "ind", "an Attestation Result",
                      "Evidence, which was negotiated");
    }
    refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "ind", NULL, "4, Evidence");
    atls_diag_found_int(diag, cmw->ind);
    return ATLS_ERR_EVIDENCE_TYPE;
}

/* is_shared_type: what the type leaves open the negotiation has settled; the appraiser refuses a
 * map of another provider. */
static bool is_shared_type(const struct atls_format *negotiated, const struct atls_cmw *cmw)
{
    return negotiated != NULL && negotiated->tsm_provider != NULL && !cmw->by_content_format &&
           atls_media_type_is(cmw->media_type, ATLS_TSM_MEDIA_TYPE);
}

/* find_format gives the row of the Evidence: that which was negotiated, or an error. */
static enum atls_err find_format(const struct atls_format **out, const struct atls_cmw *cmw,
                                 const struct atls_format *negotiated, struct atls_diag *diag)
{
    const enum atls_err err = check_indicator(cmw, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_format *format =
        is_shared_type(negotiated, cmw) ? negotiated : atls_cmw_format(cmw);
    if (format == NULL || (negotiated != NULL && format != negotiated)) {
        refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "type of the CMW", NULL, NULL);
        if (format != NULL) {
            atls_diag_found_text(diag, format->name);
            atls_diag_found_text(diag, ", ");
        }
        found_label(diag, cmw);
        expect_formats(diag, negotiated);
        return ATLS_ERR_EVIDENCE_TYPE;
    }
    *out = format;
    return ATLS_OK;
}

/* parse_cmw reads any form of a CMW: one that is none is a refusal of Evidence, not of a handshake
 * message. */
static enum atls_err parse_cmw(struct atls_cmw *out, uint8_t **storage, struct atls_bytes input,
                               struct atls_diag *diag)
{
    return atls_json_recode(atls_cmw_read_any(out, storage, input, step, diag),
                            ATLS_ERR_EVIDENCE_MALFORMED, diag);
}

/* find_appraiser checks the table as it would a foreign one: a row with a hole refuses. */
static enum atls_err find_appraiser(const struct atls_appraiser_ops **out,
                                    const struct atls_format *format, struct atls_diag *diag)
{
    const struct atls_appraiser_ops *ops = atls_appraiser_for(format);
    if (ops == NULL || ops->abi != ATLS_APPRAISER_ABI || ops->size != sizeof *ops ||
        ops->appraise == NULL || ops->read_unverified == NULL ||
        (format->submod != NULL && (ops->rules == NULL || ops->num_rules == 0))) {
        return refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "appraiser", format->name,
                      "a format that is built in this version");
    }
    *out = ops;
    return ATLS_OK;
}

enum atls_err verifier_evidence_open(struct verifier_evidence *out,
                                     const struct atls_verify_request *request,
                                     struct atls_diag *diag)
{
    struct verifier_evidence evidence = {.storage = NULL};
    enum atls_err err = ATLS_OK;
    if (request->label != NULL) {
        evidence.cmw = *request->label;
    } else {
        err = parse_cmw(&evidence.cmw, &evidence.storage, request->cmw, diag);
    }
    if (err == ATLS_OK) {
        err = find_format(&evidence.format, &evidence.cmw, request->format, diag);
    }
    if (err == ATLS_OK) {
        err = find_appraiser(&evidence.ops, evidence.format, diag);
    }
    if (err != ATLS_OK) {
        free(evidence.storage);
        return err;
    }
    *out = evidence;
    return ATLS_OK;
}

struct atls_appraisal_input verifier_evidence_input(const struct verifier_evidence *evidence,
                                                    const struct atls_verify_request *request)
{
    const struct atls_appraisal_input input = {
        .crypto = request->crypto,
        .endorsements = request->endorsements,
        .evidence = atls_cmw_evidence(&evidence->cmw),
        .media_type = evidence->cmw.media_type,
        .expected_nonce = request->expected_nonce,
        .no_nonce = request->no_nonce,
        .tls_spki = request->tls_spki,
        .now_s = request->now_s,
        .want_claims = request->want_claims,
        .ends_s = request->ends_s,
        .lookup = request->lookup,
    };
    return input;
}

void verifier_apply_revocations(struct atls_submod *submod,
                                const struct atls_verify_request *request)
{
    struct atls_diag why;
    const enum atls_err err =
        atls_revocations_check(request->revoked, &submod->identities, request->now_s, &why);
    if (err != ATLS_OK) {
        atls_outcome_revoke(submod, &why);
    }
}
