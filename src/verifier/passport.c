/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/passport.h"

#include "base/span.h"
#include "json/ear_key.h"
#include "result/ear_form.h"
#include "verifier/result_keys.h"
#include "verifier/trustee_evidence.h"

#include <stdlib.h>

/* format_of gives the row whose submod has this name, or, in a Result of Trustee's, where the name
 * is "cpu0" for all of them, that of its annotated evidence; NULL: none. */
static const struct atls_format *format_of(const struct atls_ear *ear,
                                           const struct atls_ear_submod *found)
{
    const struct atls_bytes name = found->name;
    if (ear->profile == ATLS_EAR_TRUSTEE) {
        return atls_bytes_is_text(name, "cpu0")
                   ? verifier_trustee_format(found->attester_claims.json)
                   : NULL;
    }
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (atls_formats[i].submod != NULL && atls_bytes_is_text(name, atls_formats[i].submod)) {
            return &atls_formats[i];
        }
    }
    return NULL;
}

/* binding_of: a TPM shows that its key cannot leave it, which its Verifier has looked at
 * where it names the key in that very submod. Else the Verifier alone vouches for the key. */
static enum atls_key_binding binding_of(const struct atls_ear *ear,
                                        const struct atls_ear_submod *found,
                                        const struct atls_format *format)
{
    const bool by_cnf = ear->cnf.has_key || ear->cnf.ckt.len != 0 || ear->cnf.jkt.len != 0;
    if (found->akpub.len != 0 && strcmp(format->name, "tpm2") == 0) {
        return ATLS_KEY_BINDING_HARDWARE;
    }
    return found->akpub.len != 0 || by_cnf || atls_ear_names_runtime_key(ear, found)
               ? ATLS_KEY_BINDING_CHALLENGE
               : ATLS_KEY_BINDING_NONE;
}

static enum atls_err take_submod(struct atls_submod *out, const struct atls_ear *ear,
                                 const struct atls_ear_submod *found,
                                 const struct atls_digest *spki_sha256, struct atls_diag *diag)
{
    const struct atls_format *format = format_of(ear, found);
    if (format == NULL) {
        const enum atls_err err = atls_ear_refuse(diag, atls_bytes_of(NULL, 0), "submods", NULL,
                                                  "the names of formats that are known here");
        atls_diag_found_peer_text(diag, found->name);
        return err;
    }
    if (found->simulated &&
        atls_tier_of(found->vector.claim[ATLS_TRUST_HARDWARE]) == ATLS_TIER_AFFIRMING) {
        return atls_ear_refuse(diag, found->name, "hardware", "affirming, of a simulation",
                               "a warning");
    }
    memset(out, 0, sizeof *out);
    out->format = format;
    out->vector = found->vector;
    out->status = found->status;
    out->simulated = found->simulated;
    out->fresh = true; /* as fresh as the policy lets a Result be: atls_ear_check, max_age_s */
    out->key_binding = binding_of(ear, found, format);
    out->attested_key = *spki_sha256; /* atls_ear_check_key has compared it */
    out->has_reference_values = true; /* a Verifier without any would affirm no executables */
    if (found->problem.len != 0) {
        atls_fail(&out->reason, ATLS_ERR_STATUS, "Verifier", "problem");
        atls_diag_found_peer_text(&out->reason, found->problem);
    }
    return ATLS_OK;
}

static enum atls_err take_claims(struct atls_appraisal *out, const struct atls_ear *ear,
                                 const struct atls_verify_request *request, struct atls_diag *diag)
{
    struct atls_digest spki_sha256;
    enum atls_err err = request->crypto->hash(ATLS_ALG_SHA256, request->tls_spki, &spki_sha256);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_EAR_STEP, "SubjectPublicKeyInfo");
    }
    for (size_t i = 0; err == ATLS_OK && i < ear->num_submods; i++) {
        err = take_submod(&out->submods[i], ear, &ear->submods[i], &spki_sha256, diag);
    }
    out->num_submods = err == ATLS_OK ? ear->num_submods : 0;
    return err;
}

/* check_issuer: Verifiers of today say no iss; then it is the key, listed for this one alone, that
 * says whose the Result is. One that is said is the identity that was negotiated; Trustee
 * says a name, which is nobody's identity. */
static enum atls_err check_issuer(const struct atls_ear *ear, const char *identity,
                                  struct atls_diag *diag)
{
    const bool by_name = ear->profile == ATLS_EAR_TRUSTEE && !verifier_names_identity(ear->issuer);
    if (ear->issuer.len == 0 || by_name || atls_bytes_is_text(ear->issuer, identity)) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_ear_refuse(diag, atls_bytes_of(NULL, 0), "iss", NULL, identity);
    atls_diag_found_peer_text(diag, ear->issuer);
    return err;
}

/* verify: there was no exchange whose nonce could be compared, so it is the key that binds. */
static enum atls_err verify(struct atls_ear_token **out, const struct atls_jwk_set *keys,
                            const char *identity, const struct atls_verify_request *request,
                            struct atls_diag *diag)
{
    const struct atls_result_request terms = {
        .crypto = request->crypto,
        .tls_spki = request->tls_spki,
        .terms = {.now_s = request->now_s,
                  .max_age_s = request->max_result_age_s,
                  .least = ATLS_TIER_WARNING, /* what of it is taken is the policy's to say */
                  .simulated = true},
    };
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    enum atls_err err = verifier_result_by(&token, atls_result_verify_cmw, request->cmw, &terms,
                                           keys, request, diag);
    if (err == ATLS_OK) {
        err = check_issuer(atls_ear_token_get(token), identity, diag);
    }
    if (err == ATLS_OK) {
        *out = token;
        token = NULL;
    }
    return err;
}

enum atls_err verifier_passport_appraise(struct atls_appraisal *out, struct verifier_trust *trust,
                                         struct atls_bytes identity,
                                         const struct atls_verify_request *request,
                                         struct atls_diag *diag)
{
    size_t at = 0;
    struct verifier_keys *keys = NULL;
    struct atls_diag why = {.err = ATLS_OK};
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    if (trust == NULL || !verifier_trust_find(trust, identity, &at) ||
        verifier_trust_is_remote(trust, at)) {
        return atls_fail(diag, ATLS_ERR_STATE, ATLS_EAR_STEP, "Verifier");
    }
    enum atls_err err = verifier_trust_take(&keys, trust, at, false, NULL, &why);
    if (err == ATLS_OK) {
        err = verify(&token, &keys->set, verifier_trust_identity(trust, at), request, &why);
        verifier_keys_release(keys);
    }
    struct atls_appraisal *found = err == ATLS_OK ? calloc(1, sizeof *found) : NULL;
    if (err == ATLS_OK) {
        err = found != NULL ? take_claims(found, atls_ear_token_get(token), request, &why)
                            : atls_fail(&why, ATLS_ERR_MEMORY, ATLS_EAR_STEP, NULL);
    }
    if (err == ATLS_OK) {
        *out = *found;
    } else if (diag != NULL) {
        *diag = why;
    }
    free(found);
    return err;
}
