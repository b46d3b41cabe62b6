/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of a Result as JSON. Members stand in the order of Veraison's services, so that equal
 * Results are equal octets.
 */
#include "base/span.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/cbor_value.h"
#include "json/cmw_json.h"
#include "json/ear_json.h"
#include "json/json.h"
#include "json/jwk.h"
#include "result/ear_form.h"
#include "result/vector.h"

#include <stdlib.h>

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_EAR_STEP, NULL);
}

/* set takes `value`; false for NULL, which is how jansson says that there is no memory. */
static bool set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static const char *name_of(const struct atls_ear *ear, enum atls_ear_claim claim)
{
    const struct atls_ear_row *row = atls_ear_row(claim);
    return atls_ear_is_dotted(ear->profile) && row->dotted != NULL ? row->dotted : row->name;
}

static json_t *text_of(struct atls_bytes text)
{
    return json_stringn((const char *)text.data, text.len);
}

static json_t *base64url(struct atls_bytes octets)
{
    char *text = atls_base64url_new(octets);
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
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

static json_t *nonce_of(const struct atls_ear *ear, struct atls_bytes nonce)
{
    return atls_ear_is_dotted(ear->profile) ? padded_base64url(nonce) : base64url(nonce);
}

enum atls_err atls_ear_value_json(json_t **out, const struct atls_ear_value *value,
                                  struct atls_diag *diag)
{
    struct atls_cbor item;
    if (value->cbor.len == 0) {
        *out = json_incref((json_t *)(uintptr_t)value->json);
        return ATLS_OK;
    }
    const enum atls_err err =
        atls_cbor_parse(&item, value->cbor, ATLS_CBOR_STRICT, ATLS_EAR_STEP, diag);
    return err == ATLS_OK ? atls_cbor_to_json(out, &item, ATLS_EAR_STEP, diag) : err;
}

/* set_free sets a claim whose contents are free, when it is there. */
static enum atls_err set_free(json_t *object, const char *name, const struct atls_ear_value *value,
                              struct atls_diag *diag)
{
    json_t *json = NULL;
    if (value->cbor.len == 0 && value->json == NULL) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_ear_value_json(&json, value, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return set(object, name, json) ? ATLS_OK : no_memory(diag);
}

static json_t *vector_of(const struct atls_ear_submod *submod)
{
    json_t *vector = json_object();
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (submod->asserted[i] && !set(vector, atls_trust_claim_name((enum atls_trust_claim)i),
                                        json_integer(submod->vector.claim[i]))) {
            json_decref(vector);
            return NULL;
        }
    }
    return vector;
}

static json_t *policy_ids_of(const struct atls_ear *ear, const struct atls_ear_submod *submod)
{
    if (atls_ear_is_dotted(ear->profile)) {
        return text_of(submod->policy_ids[0]);
    }
    json_t *list = json_array();
    for (size_t i = 0; i < submod->num_policy_ids; i++) {
        if (json_array_append_new(list, text_of(submod->policy_ids[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* one_member gives {name: value} and takes the value; NULL without memory. */
static json_t *one_member(const char *name, json_t *value)
{
    json_t *object = json_object();
    if (!set(object, name, value)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* set_verifier_claims writes those that there are, else the problem alone. */
static enum atls_err set_verifier_claims(json_t *object, const struct atls_ear *ear,
                                         const struct atls_ear_submod *submod,
                                         struct atls_diag *diag)
{
    const char *name = name_of(ear, ATLS_EAR_VERIFIER_CLAIMS);
    const struct atls_ear_value *claims = &submod->verifier_claims;
    if (claims->cbor.len != 0 || claims->json != NULL || submod->problem.len == 0) {
        return set_free(object, name, claims, diag);
    }
    const char *problem = name_of(ear, ATLS_EAR_PROBLEM);
    return set(object, name, one_member(problem, text_of(submod->problem))) ? ATLS_OK
                                                                            : no_memory(diag);
}

static bool set_head(json_t *object, const struct atls_ear *ear,
                     const struct atls_ear_submod *submod)
{
    return set(object, name_of(ear, ATLS_EAR_STATUS),
               json_string(atls_tier_name(submod->status))) &&
           (!submod->has_vector || set(object, name_of(ear, ATLS_EAR_VECTOR), vector_of(submod))) &&
           (submod->num_policy_ids == 0 ||
            set(object, name_of(ear, ATLS_EAR_POLICY_IDS), policy_ids_of(ear, submod))) &&
           (submod->nonce.len == 0 ||
            set(object, name_of(ear, ATLS_EAR_NONCE), nonce_of(ear, submod->nonce)));
}

static enum atls_err fill_submod(json_t *object, const struct atls_ear *ear,
                                 const struct atls_ear_submod *submod, struct atls_diag *diag)
{
    if (!set_head(object, ear, submod)) {
        return no_memory(diag);
    }
    enum atls_err err =
        set_free(object, name_of(ear, ATLS_EAR_ATTESTER_CLAIMS), &submod->attester_claims, diag);
    if (err == ATLS_OK) {
        err = set_verifier_claims(object, ear, submod, diag);
    }
    if (err == ATLS_OK) {
        err = set_free(object, name_of(ear, ATLS_EAR_TEEP_CLAIMS), &submod->teep_claims, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const char *akpub = name_of(ear, ATLS_EAR_AKPUB);
    const bool done =
        (submod->akpub.len == 0 || set(object, name_of(ear, ATLS_EAR_KEY_ATTESTATION),
                                       one_member(akpub, base64url(submod->akpub)))) &&
        (!submod->simulated || set(object, name_of(ear, ATLS_EAR_SIMULATED), json_true()));
    return done ? ATLS_OK : no_memory(diag);
}

static enum atls_err set_submods(json_t *claims, const struct atls_ear *ear, struct atls_diag *diag)
{
    json_t *submods = json_object();
    if (!set(claims, name_of(ear, ATLS_EAR_SUBMODS), submods)) {
        return no_memory(diag);
    }
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < ear->num_submods; i++) {
        char name[ATLS_MAX_EAR_NAME_LEN + 1] = {0};
        json_t *object = json_object();
        memcpy(name, ear->submods[i].name.data, ear->submods[i].name.len);
        err = set(submods, name, object) ? fill_submod(object, ear, &ear->submods[i], diag)
                                         : no_memory(diag);
    }
    return err;
}

static json_t *verifier_of(const struct atls_ear *ear)
{
    json_t *id = json_object();
    if (!set(id, name_of(ear, ATLS_EAR_DEVELOPER), text_of(ear->developer)) ||
        !set(id, name_of(ear, ATLS_EAR_BUILD), text_of(ear->build))) {
        json_decref(id);
        return NULL;
    }
    return id;
}

static enum atls_err set_raw(json_t *claims, const struct atls_ear *ear, struct atls_diag *diag)
{
    const char *name = name_of(ear, ATLS_EAR_RAW);
    char *text = NULL;
    json_t *record = NULL;
    if (atls_ear_is_dotted(ear->profile)) {
        return set(claims, name, base64url(ear->raw.octets)) ? ATLS_OK : no_memory(diag);
    }
    enum atls_err err = atls_cmw_json_write(&text, &ear->raw.record, diag);
    if (err == ATLS_OK) {
        err = atls_json_parse(&record, atls_bytes_text(text), ATLS_EAR_STEP, diag);
    }
    free(text);
    if (err != ATLS_OK) {
        return err;
    }
    return set(claims, name, record) ? ATLS_OK : no_memory(diag);
}

/* set_cnf writes the key as a JWK of its required members (RFC 7800, 3.2), or its thumbprint. */
static enum atls_err set_cnf(json_t *claims, const struct atls_ear *ear, struct atls_diag *diag)
{
    struct atls_key *key = NULL;
    json_t *jwk = NULL;
    json_t *cnf = json_object();
    enum atls_err err = set(claims, name_of(ear, ATLS_EAR_CNF), cnf) ? ATLS_OK : no_memory(diag);
    if (err == ATLS_OK && ear->cnf.has_key) {
        err = atls_key_from_cose(&key, &ear->cnf.key, diag);
        if (err == ATLS_OK) {
            err = atls_key_to_bare_jwk(&jwk, key, diag);
        }
        if (err == ATLS_OK && !set(cnf, "jwk", jwk)) {
            err = no_memory(diag);
        }
        atls_key_free(key);
    }
    if (err == ATLS_OK && ear->cnf.jkt.len != 0 && !set(cnf, "jkt", base64url(ear->cnf.jkt))) {
        err = no_memory(diag);
    }
    return err;
}

static bool set_first(json_t *claims, const struct atls_ear *ear)
{
    return set(claims, "eat_profile", json_string(atls_ear_profile_text(ear->profile))) &&
           (ear->issuer.len == 0 || set(claims, "iss", text_of(ear->issuer))) &&
           set(claims, "iat", json_integer(ear->iat_s)) &&
           (!ear->has_exp || set(claims, "exp", json_integer(ear->exp_s))) &&
           (!ear->has_nbf || set(claims, "nbf", json_integer(ear->nbf_s))) &&
           (ear->jti.len == 0 || set(claims, "jti", text_of(ear->jti))) &&
           set(claims, name_of(ear, ATLS_EAR_VERIFIER_ID), verifier_of(ear)) &&
           (ear->nonce.len == 0 || set(claims, "eat_nonce", nonce_of(ear, ear->nonce))) &&
           (!ear->has_status ||
            set(claims, name_of(ear, ATLS_EAR_STATUS), json_string(atls_tier_name(ear->status))));
}

static enum atls_err fill(json_t *claims, const struct atls_ear *ear, struct atls_diag *diag)
{
    if (!set_first(claims, ear)) {
        return no_memory(diag);
    }
    enum atls_err err = ATLS_OK;
    if (ear->cnf.has_key || ear->cnf.jkt.len != 0) {
        err = set_cnf(claims, ear, diag);
    }
    if (err == ATLS_OK && ear->raw.present) {
        err = set_raw(claims, ear, diag);
    }
    if (err == ATLS_OK) {
        err = set_submods(claims, ear, diag);
    }
    if (err == ATLS_OK) {
        err = set_free(claims, name_of(ear, ATLS_EAR_TOPOLOGY), &ear->topology, diag);
    }
    return err == ATLS_OK ? set_free(claims, name_of(ear, ATLS_EAR_TEE_INFO), &ear->tee_info, diag)
                          : err;
}

enum atls_err atls_ear_to_json(json_t **out, const struct atls_ear *ear, struct atls_diag *diag)
{
    enum atls_err err = atls_ear_check_writable(ear, diag);
    if (err != ATLS_OK) {
        return err;
    }
    json_t *claims = json_object();
    err = claims != NULL ? fill(claims, ear, diag) : no_memory(diag);
    if (err != ATLS_OK) {
        json_decref(claims);
        return err;
    }
    *out = claims;
    return ATLS_OK;
}

/* ---- CBOR, from a model with claims in JSON ---- */

/* Free claims of a submod, and two of the whole. */
#define MAX_CONVERTED (3 * ATLS_MAX_SUBMODS + 2)

struct converted {
    uint8_t *octets[MAX_CONVERTED];
    size_t count;
};

/* convert makes a free claim CBOR, where it is JSON. */
static enum atls_err convert(struct converted *c, struct atls_ear_value *value,
                             struct atls_diag *diag)
{
    size_t len = 0;
    if (value->json == NULL || value->cbor.len != 0) {
        return ATLS_OK;
    }
    const enum atls_err err =
        atls_cbor_from_json(&c->octets[c->count], &len, value->json, ATLS_EAR_STEP, diag);
    if (err == ATLS_OK) {
        value->cbor = atls_bytes_of(c->octets[c->count++], len);
    }
    return err;
}

static enum atls_err convert_all(struct converted *c, struct atls_ear *ear, struct atls_diag *diag)
{
    enum atls_err err = convert(c, &ear->topology, diag);
    if (err == ATLS_OK) {
        err = convert(c, &ear->tee_info, diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < ear->num_submods; i++) {
        struct atls_ear_submod *submod = &ear->submods[i];
        err = convert(c, &submod->attester_claims, diag);
        if (err == ATLS_OK) {
            err = convert(c, &submod->verifier_claims, diag);
        }
        if (err == ATLS_OK) {
            err = convert(c, &submod->teep_claims, diag);
        }
    }
    return err;
}

static enum atls_err write_cbor(uint8_t **out, size_t *out_len, const struct atls_ear *ear,
                                struct atls_diag *diag)
{
    struct atls_writer w = atls_writer_counting();
    enum atls_err err = atls_ear_put_cbor(&w, ear, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_buf room = {malloc(w.len), w.len};
    if (room.data == NULL) {
        return no_memory(diag);
    }
    w = atls_writer_of(room);
    err = atls_ear_put_cbor(&w, ear, diag);
    if (err == ATLS_OK && !atls_writer_finish(&w, out_len)) {
        err = atls_fail(diag, ATLS_ERR_BUFFER, ATLS_EAR_STEP, "claims");
    }
    if (err != ATLS_OK) {
        free(room.data);
        return err;
    }
    *out = room.data;
    return ATLS_OK;
}

enum atls_err atls_ear_to_cbor(uint8_t **out, size_t *out_len, const struct atls_ear *ear,
                               struct atls_diag *diag)
{
    struct converted c = {.count = 0};
    struct atls_ear copy = *ear;
    enum atls_err err = atls_ear_check_writable(ear, diag);
    if (err == ATLS_OK) {
        err = convert_all(&c, &copy, diag);
    }
    if (err == ATLS_OK) {
        err = write_cbor(out, out_len, &copy, diag);
    }
    while (c.count > 0) {
        free(c.octets[--c.count]);
    }
    return err;
}
