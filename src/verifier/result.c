/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/result.h"

#include "base/span.h"
#include "json/cmw_json.h"
#include "json/ear_key.h"
#include "json/json.h"
#include "result/ear_form.h"

#include <stdio.h>
#include <stdlib.h>

/* CoAP content formats (RFC 9782). */
enum { FORMAT_CWT = 263, FORMAT_JWT = 264 };

static const struct atls_bytes whole = {NULL, 0};

enum atls_err atls_result_verify(struct atls_ear_token **out, struct atls_bytes token,
                                 const struct atls_result_request *request, struct atls_diag *diag)
{
    if (request->no_key != (request->tls_spki.len == 0)) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_EAR_STEP, "key of the peer",
                               "neither a key nor that there is none", "one of the two");
    }
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *opened = NULL;
    enum atls_err err = atls_ear_open(&opened, token, request->crypto, request->keys, diag);
    if (err == ATLS_OK) {
        err = atls_ear_check(atls_ear_token_get(opened), &request->terms, diag);
    }
    if (err == ATLS_OK && !request->no_key) {
        err = atls_ear_check_key(atls_ear_token_get(opened), request->crypto, request->tls_spki,
                                 diag);
    }
    if (err == ATLS_OK) {
        *out = opened;
        opened = NULL;
    }
    return err;
}

static enum atls_err bad_label(const struct atls_cmw *cmw, struct atls_diag *diag)
{
    const enum atls_err err =
        atls_ear_refuse(diag, whole, "type of the CMW", NULL,
                        "application/eat+jwt or application/eat+cwt, as what is in it");
    if (cmw->by_content_format) {
        atls_diag_found_text(diag, "content format ");
        atls_diag_found_int(diag, cmw->content_format);
    } else {
        atls_diag_found_peer_text(diag, cmw->media_type);
    }
    return err;
}

/* check_label: the label names the form and, where it says one, the profile of the token. */
static enum atls_err check_label(const struct atls_cmw *cmw, const struct atls_ear_token *token,
                                 struct atls_diag *diag)
{
    const bool is_cwt = atls_ear_token_is_cwt(token);
    const struct atls_bytes profile = atls_ear_token_get(token)->profile_text;
    const char *type = is_cwt ? "application/eat+cwt" : "application/eat+jwt";
    char full[ATLS_MAX_SCHEME_TEXT_LEN];
    if (cmw->by_content_format) {
        const bool fits = cmw->content_format == (is_cwt ? FORMAT_CWT : FORMAT_JWT);
        return fits ? ATLS_OK : bad_label(cmw, diag);
    }
    const int len = snprintf(full, sizeof full, "%s; eat_profile=\"%.*s\"", type, (int)profile.len,
                             profile.len != 0 ? (const char *)profile.data : "");
    const bool fits = len > 0 && (size_t)len < sizeof full;
    if (atls_media_type_equal(cmw->media_type, atls_bytes_text(type)) ||
        (fits && atls_media_type_equal(cmw->media_type, atls_bytes_text(full)))) {
        return ATLS_OK;
    }
    return bad_label(cmw, diag);
}

/* unwrap gives the record in a CMW. The indicator is optional; when it is there it calls this a
 * Result and nothing else of what RFC 9999 registers. */
static enum atls_err unwrap(struct atls_cmw *out, uint8_t **storage, struct atls_bytes cmw,
                            struct atls_diag *diag)
{
    const uint32_t known = ATLS_CMW_REFERENCE_VALUES | ATLS_CMW_ENDORSEMENTS | ATLS_CMW_EVIDENCE |
                           ATLS_CMW_RESULTS | ATLS_CMW_POLICY;
    const enum atls_err err = atls_json_recode(
        atls_cmw_read_any(out, storage, cmw, ATLS_EAR_STEP, diag), ATLS_ERR_RESULT, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (out->kind == ATLS_CMW_COLLECTION) {
        return atls_ear_refuse(diag, whole, "CMW", "a collection", "one record with a Result");
    }
    if (out->ind != 0 && (out->ind & known) != ATLS_CMW_RESULTS) {
        return atls_ear_refuse(diag, whole, "ind", "another indicator", "8, Attestation Results");
    }
    return ATLS_OK;
}

enum atls_err atls_result_verify_cmw(struct atls_ear_token **out, struct atls_bytes cmw,
                                     const struct atls_result_request *request,
                                     struct atls_diag *diag)
{
    struct atls_cmw record;
    uint8_t *storage = NULL;
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    enum atls_err err = unwrap(&record, &storage, cmw, diag);
    if (err == ATLS_OK) {
        err = atls_result_verify(&token, record.value, request, diag);
    }
    if (err == ATLS_OK) {
        err = check_label(&record, token, diag);
    }
    free(storage);
    if (err == ATLS_OK) {
        *out = token;
        token = NULL;
    }
    return err;
}
