/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft-ietf-rats-ear in the form that Veraison's services and libraries write and read. Members
 * stand in the order of those services, so that equal Results are equal octets.
 */
#include "json/ear.h"

#include "base/diag.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"
#include "json/jws.h"
#include "json/output.h"
#include "result/vector.h"

#include <stdlib.h>

static const char step[] = "Attestation Result";

#define EAT_PROFILE "tag:github.com,2023:veraison/ear"

enum { MIN_NONCE_LEN = 8 }; /* RFC 9711, 4.1 */

/* set takes `value`; false for NULL, which is how jansson says that there is no memory. */
static bool set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}

/* padded_base64url is what Veraison's services write in eat_nonce, and there only. */
static json_t *padded_base64url(struct atls_bytes octets)
{
    char *text = atls_base64_new(octets);
    for (char *at = text; at != NULL && *at != '\0'; at++) {
        if (*at == '+') {
            *at = '-';
        } else if (*at == '/') {
            *at = '_';
        }
    }
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

static json_t *base64url(struct atls_bytes octets)
{
    char *text = atls_base64url_new(octets);
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

static enum atls_err check_options(const struct atls_ear_options *options, struct atls_diag *diag)
{
    if (options->iat_s <= 0 || (options->exp_s != 0 && options->exp_s <= options->iat_s)) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "iat, exp", "times out of order",
                               "a time after 1970, and an end after it");
    }
    if (options->nonce.len != 0 &&
        (options->nonce.len < MIN_NONCE_LEN || options->nonce.len > ATLS_MAX_NONCE_LEN)) {
        atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, step, "eat_nonce", NULL, "8 to 64 octets");
        atls_diag_found_int(diag, (int64_t)options->nonce.len);
        return ATLS_ERR_NONCE_LENGTH;
    }
    if (options->developer == NULL || options->build == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "ear.verifier-id", "none",
                               "developer and build");
    }
    return ATLS_OK;
}

static bool set_verifier_id(json_t *claims, const struct atls_ear_options *options)
{
    json_t *id = json_object();
    if (!set(claims, "ear.verifier-id", id)) {
        return false;
    }
    return set(id, "developer", atls_output_text(options->developer)) &&
           set(id, "build", atls_output_text(options->build));
}

/* new_claims gives the claims without any submod; `*submods` borrows them. */
static enum atls_err new_claims(json_t **out, json_t **submods,
                                const struct atls_ear_options *options, struct atls_diag *diag)
{
    const enum atls_err err = check_options(options, diag);
    if (err != ATLS_OK) {
        return err;
    }
    json_t *claims = json_object();
    json_t *inner = json_object();
    const bool done =
        set(claims, "eat_profile", json_string(EAT_PROFILE)) &&
        set(claims, "iat", json_integer(options->iat_s)) &&
        (options->exp_s == 0 || set(claims, "exp", json_integer(options->exp_s))) &&
        set_verifier_id(claims, options) &&
        (options->nonce.len == 0 || set(claims, "eat_nonce", padded_base64url(options->nonce))) &&
        json_object_set(claims, "submods", inner) == 0;
    json_decref(inner); /* the claims hold it, or it is gone */
    if (!done) {
        json_decref(claims);
        return no_memory(diag);
    }
    *submods = inner;
    *out = claims;
    return ATLS_OK;
}

/* A vector has the claims that assert something; one without any is left out (CDDL: non-empty). */
static bool set_vector(json_t *submod, const struct atls_trust_vector *vector)
{
    json_t *object = NULL;
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (vector->claim[i] == ATLS_TRUST_NONE) {
            continue;
        }
        if (object == NULL) {
            object = json_object();
            if (!set(submod, "ear.trustworthiness-vector", object)) {
                return false;
            }
        }
        const char *name = atls_trust_claim_name((enum atls_trust_claim)i);
        if (!set(object, name, json_integer(vector->claim[i]))) {
            return false;
        }
    }
    return true;
}

static bool set_policy_id(json_t *submod, const char *name, const struct atls_ear_options *options)
{
    json_t *id = options->policy_id != NULL ? atls_output_text(options->policy_id)
                                            : json_sprintf("policy:%s", name);
    return set(submod, "ear.appraisal-policy-id", id);
}

static bool set_problem(json_t *submod, const struct atls_diag *why)
{
    char sentence[600];
    atls_diag_sentence(sentence, sizeof sentence, why);
    json_t *claims = json_object();
    return set(submod, "ear.veraison.policy-claims", claims) &&
           set(claims, "problem", atls_output_text(sentence));
}

static bool set_key(json_t *submod, struct atls_bytes spki)
{
    json_t *claims = json_object();
    return set(submod, "ear.veraison.key-attestation", claims) &&
           set(claims, "akpub", base64url(spki));
}

/* What every submod starts with, whatever came of it. */
static bool set_outcome(json_t *object, const char *name, enum atls_tier status,
                        const struct atls_trust_vector *vector,
                        const struct atls_ear_options *options)
{
    return set(object, "ear.status", json_string(atls_tier_name(status))) &&
           set_vector(object, vector) && set_policy_id(object, name, options);
}

static enum atls_err set_evidence(json_t *object, const char *claims_json, struct atls_diag *diag)
{
    json_t *evidence = NULL;
    const enum atls_err err = atls_json_parse(&evidence, atls_bytes_text(claims_json), step, diag);
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_STATE, diag); /* the text is the appraiser's own */
    }
    return set(object, "ear.veraison.annotated-evidence", evidence) ? ATLS_OK : no_memory(diag);
}

/* status_of is never better than the vector, and never affirming where the policy refuses: of what
 * it judges, machines and its own measurements say nothing in the vector. */
static enum atls_tier status_of(const struct atls_submod *submod, const struct atls_diag *refusal)
{
    const enum atls_tier least = atls_vector_status(&submod->vector);
    const enum atls_tier status = atls_tier_worse(submod->status, least) ? submod->status : least;
    const bool is_refused =
        refusal != NULL && (status == ATLS_TIER_AFFIRMING || refusal->err == ATLS_ERR_MACHINE);
    return is_refused ? ATLS_TIER_CONTRAINDICATED : status;
}

static enum atls_err add_submod(json_t *submods, const struct atls_submod *submod,
                                const struct atls_ear_options *options, struct atls_diag *diag)
{
    if (submod->format == NULL || json_object_get(submods, submod->format->submod) != NULL) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "submods",
                               "one without a name of its "
                               "own",
                               "each with its own name");
    }
    const enum atls_tier status = status_of(submod, options->refusal);
    const struct atls_diag *why = options->refusal != NULL ? options->refusal : &submod->reason;
    json_t *object = json_object();
    if (!set(submods, submod->format->submod, object) ||
        !set_outcome(object, submod->format->submod, status, &submod->vector, options)) {
        return no_memory(diag);
    }
    if (submod->claims_json != NULL) {
        const enum atls_err err = set_evidence(object, submod->claims_json, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    const bool has_problem = status != ATLS_TIER_AFFIRMING && why->err != ATLS_OK;
    const bool has_key = options->key_spki.len != 0 && submod->key_binding != ATLS_KEY_BINDING_NONE;
    const bool done = (!has_problem || set_problem(object, why)) &&
                      (!has_key || set_key(object, options->key_spki)) &&
                      (!submod->simulated || set(object, "simulated", json_true()));
    return done ? ATLS_OK : no_memory(diag);
}

enum atls_err atls_ear_claims(struct json_t **out, const struct atls_appraisal *appraisal,
                              const struct atls_ear_options *options, struct atls_diag *diag)
{
    if (appraisal == NULL || appraisal->num_submods == 0 ||
        appraisal->num_submods > ATLS_MAX_SUBMODS) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "submods", "none that are usable",
                               "1 to 8");
    }
    json_t *claims = NULL;
    json_t *submods = NULL;
    enum atls_err err = new_claims(&claims, &submods, options, diag);
    for (size_t i = 0; err == ATLS_OK && i < appraisal->num_submods; i++) {
        err = add_submod(submods, &appraisal->submods[i], options, diag);
    }
    if (err != ATLS_OK) {
        json_decref(claims);
        return err;
    }
    *out = claims;
    return ATLS_OK;
}

/* is_malfunction: it was not what the peer sent that made the appraisal fail. */
static bool is_malfunction(enum atls_err err)
{
    const enum atls_fault fault = atls_err_fault(err);
    return fault == ATLS_FAULT_LOCAL || fault == ATLS_FAULT_INFRA;
}

enum atls_err atls_ear_error_claims(struct json_t **out, const struct atls_diag *why,
                                    const struct atls_format *format,
                                    const struct atls_ear_options *options, struct atls_diag *diag)
{
    if (why == NULL || why->err == ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "error", "none", "why it failed");
    }
    const bool malfunction = is_malfunction(why->err);
    struct atls_trust_vector vector;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        vector.claim[i] = malfunction ? ATLS_TRUST_MALFUNCTION : ATLS_TRUST_CRYPTO_FAILED;
    }
    json_t *claims = NULL;
    json_t *submods = NULL;
    const enum atls_err err = new_claims(&claims, &submods, options, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const char *name = format != NULL ? format->submod : "ERROR";
    json_t *object = json_object();
    if (!set(submods, name, object) ||
        !set_outcome(object, name, atls_vector_status(&vector), &vector, options) ||
        !set_problem(object, why)) {
        json_decref(claims);
        return no_memory(diag);
    }
    *out = claims;
    return ATLS_OK;
}

enum atls_err atls_ear_sign(char **out_jwt, const struct json_t *claims,
                            const struct atls_crypto_ops *crypto, const struct atls_key *key,
                            struct atls_diag *diag)
{
    char *payload = atls_json_dump(claims);
    if (payload == NULL) {
        return no_memory(diag);
    }
    const enum atls_err err =
        atls_jws_sign(out_jwt, crypto, key, "JWT", NULL, atls_bytes_text(payload), diag);
    free(payload);
    return err;
}
