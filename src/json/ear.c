/* SPDX-License-Identifier: Apache-2.0 */
#include "json/ear.h"

#include "base/span.h"
#include "crypto/key.h"
#include "json/ear_json.h"
#include "json/json.h"
#include "json/jws.h"
#include "json/plain.h"
#include "result/ear_form.h"

#include <stdlib.h>

struct atls_ear_made {
    struct atls_ear_draft draft;
    json_t *evidence[ATLS_MAX_SUBMODS]; /* verified claims of a submod that are not plain */
};

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_EAR_STEP, NULL);
}

void atls_ear_made_free(struct atls_ear_made *made)
{
    for (size_t i = 0; made != NULL && i < ATLS_MAX_SUBMODS; i++) {
        json_decref(made->evidence[i]);
    }
    free(made);
}

const struct atls_ear *atls_ear_made_get(const struct atls_ear_made *made)
{
    return &made->draft.ear;
}

static enum atls_err add_evidence(struct atls_ear_made *made, size_t index, const char *claims_json,
                                  struct atls_diag *diag)
{
    struct atls_ear_value *claims = &made->draft.ear.submods[index].attester_claims;
    if (claims_json == NULL) {
        return ATLS_OK;
    }
    const struct atls_bytes text = atls_bytes_text(claims_json);
    if (atls_json_is_plain(text)) {
        claims->json_text = text;
        return ATLS_OK;
    }
    const enum atls_err err = atls_json_parse(&made->evidence[index], text, ATLS_EAR_STEP, diag);
    claims->json = made->evidence[index];
    return atls_json_recode(err, ATLS_ERR_STATE, diag); /* the text is the appraiser's own */
}

enum atls_err atls_ear_new(struct atls_ear_made **out, const struct atls_appraisal *appraisal,
                           const struct atls_ear_options *options, struct atls_diag *diag)
{
    struct atls_ear_made *made = calloc(1, sizeof *made);
    enum atls_err err =
        made != NULL ? atls_ear_make(&made->draft, appraisal, options, diag) : no_memory(diag);
    for (size_t i = 0; err == ATLS_OK && i < appraisal->num_submods; i++) {
        err = add_evidence(made, i, appraisal->submods[i].claims_json, diag);
    }
    if (err != ATLS_OK) {
        atls_ear_made_free(made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

enum atls_err atls_ear_new_error(struct atls_ear_made **out, const struct atls_diag *why,
                                 const struct atls_format *format,
                                 const struct atls_ear_options *options, struct atls_diag *diag)
{
    struct atls_ear_made *made = calloc(1, sizeof *made);
    const enum atls_err err = made != NULL
                                  ? atls_ear_make_error(&made->draft, why, format, options, diag)
                                  : no_memory(diag);
    if (err != ATLS_OK) {
        atls_ear_made_free(made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

/* take_claims writes what was made, and frees it. */
static enum atls_err take_claims(json_t **out, enum atls_err err, struct atls_ear_made *made,
                                 struct atls_diag *diag)
{
    if (err == ATLS_OK) {
        err = atls_ear_to_json(out, &made->draft.ear, diag);
        atls_ear_made_free(made);
    }
    return err;
}

enum atls_err atls_ear_claims(struct json_t **out, const struct atls_appraisal *appraisal,
                              const struct atls_ear_options *options, struct atls_diag *diag)
{
    struct atls_ear_made *made = NULL;
    const enum atls_err err = atls_ear_new(&made, appraisal, options, diag);
    return take_claims(out, err, made, diag);
}

enum atls_err atls_ear_error_claims(struct json_t **out, const struct atls_diag *why,
                                    const struct atls_format *format,
                                    const struct atls_ear_options *options, struct atls_diag *diag)
{
    struct atls_ear_made *made = NULL;
    const enum atls_err err = atls_ear_new_error(&made, why, format, options, diag);
    return take_claims(out, err, made, diag);
}

enum atls_err atls_ear_sign_jwt(char **out, const struct atls_ear *ear,
                                const struct atls_crypto_ops *crypto, const struct atls_key *key,
                                const char *kid, struct atls_diag *diag)
{
    char *payload = NULL;
    enum atls_err err = atls_ear_to_text(&payload, ear, diag);
    if (err == ATLS_OK) {
        err = atls_jws_sign(out, crypto, key, "JWT", kid, atls_bytes_text(payload), diag);
    }
    free(payload);
    return err;
}

enum atls_err atls_ear_sign_cwt(uint8_t **out, size_t *out_len, const struct atls_ear *ear,
                                const struct atls_crypto_ops *crypto, const struct atls_key *key,
                                const char *kid, struct atls_diag *diag)
{
    const struct atls_bytes name = atls_bytes_text(kid != NULL ? kid : "");
    uint8_t *claims = NULL;
    size_t len = 0;
    enum atls_err err = atls_ear_to_cbor(&claims, &len, ear, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const size_t cap = len + name.len + ATLS_EAR_CWT_OVERHEAD;
    const struct atls_buf room = {malloc(cap), cap};
    err = room.data != NULL ? atls_ear_cwt_sign(crypto, room, out_len, atls_key_default_alg(key),
                                                key, name, atls_bytes_of(claims, len), diag)
                            : no_memory(diag);
    free(claims);
    if (err != ATLS_OK) {
        free(room.data);
        return err;
    }
    *out = room.data;
    return ATLS_OK;
}
