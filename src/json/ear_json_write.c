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
#include "json/writer.h"
#include "result/ear_form.h"
#include "result/vector.h"

#include <stdlib.h>

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_EAR_STEP, NULL);
}

enum atls_err atls_ear_value_json(json_t **out, const struct atls_ear_value *value,
                                  struct atls_diag *diag)
{
    struct atls_cbor item;
    if (value->json_text.len != 0) {
        return atls_json_parse(out, value->json_text, ATLS_EAR_STEP, diag);
    }
    if (value->cbor.len == 0) {
        *out = json_incref((json_t *)(uintptr_t)value->json);
        return ATLS_OK;
    }
    const enum atls_err err =
        atls_cbor_parse(&item, value->cbor, ATLS_CBOR_STRICT, ATLS_EAR_STEP, diag);
    return err == ATLS_OK ? atls_cbor_to_json(out, &item, ATLS_EAR_STEP, diag) : err;
}

/* What is written, and the flavour. */
struct writing {
    struct atls_json_writer out;
    const struct atls_ear *ear;
    bool dotted;
};

static void put_claim(struct writing *w, enum atls_ear_claim claim)
{
    const struct atls_ear_row *row = atls_ear_row(claim);
    atls_json_put_name(&w->out, w->dotted && row->dotted != NULL ? row->dotted : row->name);
}

static void put_text(struct writing *w, enum atls_ear_claim claim, struct atls_bytes text)
{
    put_claim(w, claim);
    atls_json_put_string(&w->out, text);
}

static void put_member(struct writing *w, const char *name, struct atls_bytes text)
{
    if (text.len != 0) {
        atls_json_put_name(&w->out, name);
        atls_json_put_string(&w->out, text);
    }
}

static void put_time(struct writing *w, const char *name, int64_t seconds)
{
    atls_json_put_name(&w->out, name);
    atls_json_put_number(&w->out, seconds);
}

/* put_nonce: Veraison's services pad in eat_nonce, and there only. */
static void put_nonce(struct writing *w, struct atls_bytes nonce)
{
    if (nonce.len == 0) {
        return;
    }
    put_claim(w, ATLS_EAR_NONCE);
    atls_json_put_base64url(&w->out, nonce);
    if (w->dotted && nonce.len % 3 != 0 && !w->out.failed) {
        w->out.len--; /* the quotation mark at the end */
        atls_json_put(&w->out, nonce.len % 3 == 1 ? "==\"" : "=\"");
    }
}

/* put_tree takes `value`, NULL for no memory. */
static enum atls_err put_tree(struct writing *w, json_t *value, struct atls_diag *diag)
{
    char *text = atls_json_dump(value);
    if (text != NULL) {
        atls_json_put(&w->out, text);
    }
    json_decref(value);
    free(text);
    return text != NULL ? ATLS_OK : no_memory(diag);
}

/* put_free writes a claim whose contents are free, when it is there. */
static enum atls_err put_free(struct writing *w, enum atls_ear_claim claim,
                              const struct atls_ear_value *value, struct atls_diag *diag)
{
    json_t *json = NULL;
    if (!atls_ear_has_value(value)) {
        return ATLS_OK;
    }
    put_claim(w, claim);
    if (value->json_text.len != 0) {
        atls_json_put_octets(&w->out, value->json_text);
        return ATLS_OK;
    }
    const enum atls_err err = atls_ear_value_json(&json, value, diag);
    return err == ATLS_OK ? put_tree(w, json, diag) : err;
}

static void put_vector(struct writing *w, const struct atls_ear_submod *submod)
{
    put_claim(w, ATLS_EAR_VECTOR);
    atls_json_put(&w->out, "{");
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (submod->asserted[i]) {
            atls_json_put_name(&w->out, atls_trust_claim_name((enum atls_trust_claim)i));
            atls_json_put_number(&w->out, submod->vector.claim[i]);
        }
    }
    atls_json_put(&w->out, "}");
}

static void put_policy_ids(struct writing *w, const struct atls_ear_submod *submod)
{
    if (w->dotted) {
        put_text(w, ATLS_EAR_POLICY_IDS, submod->policy_ids[0]);
        return;
    }
    put_claim(w, ATLS_EAR_POLICY_IDS);
    atls_json_put(&w->out, "[");
    for (size_t i = 0; i < submod->num_policy_ids; i++) {
        atls_json_put_next(&w->out);
        atls_json_put_string(&w->out, submod->policy_ids[i]);
    }
    atls_json_put(&w->out, "]");
}

/* put_verifier_claims writes those that there are, else the problem alone. */
static enum atls_err put_verifier_claims(struct writing *w, const struct atls_ear_submod *submod,
                                         struct atls_diag *diag)
{
    if (atls_ear_has_value(&submod->verifier_claims) || submod->problem.len == 0) {
        return put_free(w, ATLS_EAR_VERIFIER_CLAIMS, &submod->verifier_claims, diag);
    }
    put_claim(w, ATLS_EAR_VERIFIER_CLAIMS);
    atls_json_put(&w->out, "{");
    put_text(w, ATLS_EAR_PROBLEM, submod->problem);
    atls_json_put(&w->out, "}");
    return ATLS_OK;
}

static void put_status(struct writing *w, enum atls_tier status)
{
    put_text(w, ATLS_EAR_STATUS, atls_bytes_text(atls_tier_name(status)));
}

/* put_end writes what stands behind the claims that are free. */
static void put_end(struct writing *w, const struct atls_ear_submod *submod)
{
    if (submod->akpub.len != 0) {
        put_claim(w, ATLS_EAR_KEY_ATTESTATION);
        atls_json_put(&w->out, "{");
        put_claim(w, ATLS_EAR_AKPUB);
        atls_json_put_base64url(&w->out, submod->akpub);
        atls_json_put(&w->out, "}");
    }
    if (submod->simulated) {
        put_claim(w, ATLS_EAR_SIMULATED);
        atls_json_put(&w->out, "true");
    }
    atls_json_put(&w->out, "}");
}

static enum atls_err put_submod(struct writing *w, const struct atls_ear_submod *submod,
                                struct atls_diag *diag)
{
    atls_json_put_next(&w->out);
    atls_json_put_string(&w->out, submod->name);
    atls_json_put(&w->out, ":{");
    put_status(w, submod->status);
    if (submod->has_vector) {
        put_vector(w, submod);
    }
    if (submod->num_policy_ids != 0) {
        put_policy_ids(w, submod);
    }
    put_nonce(w, submod->nonce);
    enum atls_err err = put_free(w, ATLS_EAR_ATTESTER_CLAIMS, &submod->attester_claims, diag);
    if (err == ATLS_OK) {
        err = put_verifier_claims(w, submod, diag);
    }
    if (err == ATLS_OK) {
        err = put_free(w, ATLS_EAR_TEEP_CLAIMS, &submod->teep_claims, diag);
    }
    put_end(w, submod);
    return err;
}

static enum atls_err put_submods(struct writing *w, struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    put_claim(w, ATLS_EAR_SUBMODS);
    atls_json_put(&w->out, "{");
    for (size_t i = 0; err == ATLS_OK && i < w->ear->num_submods; i++) {
        err = put_submod(w, &w->ear->submods[i], diag);
    }
    atls_json_put(&w->out, "}");
    return err;
}

static enum atls_err put_raw(struct writing *w, struct atls_diag *diag)
{
    char *text = NULL;
    put_claim(w, ATLS_EAR_RAW);
    if (w->dotted) {
        atls_json_put_base64url(&w->out, w->ear->raw.octets);
        return ATLS_OK;
    }
    const enum atls_err err = atls_cmw_json_write(&text, &w->ear->raw.record, diag);
    if (err == ATLS_OK) {
        atls_json_put(&w->out, text);
    }
    free(text);
    return err;
}

/* put_cnf writes the key as a JWK of its required members (RFC 7800, 3.2), or its thumbprint. */
static enum atls_err put_cnf(struct writing *w, const struct atls_ear_cnf *cnf,
                             struct atls_diag *diag)
{
    struct atls_key *key = NULL;
    json_t *jwk = NULL;
    enum atls_err err = ATLS_OK;
    put_claim(w, ATLS_EAR_CNF);
    atls_json_put(&w->out, "{");
    if (cnf->has_key) {
        err = atls_key_from_cose(&key, &cnf->key, diag);
        if (err == ATLS_OK) {
            err = atls_key_to_bare_jwk(&jwk, key, diag);
        }
        if (err == ATLS_OK) {
            atls_json_put_name(&w->out, "jwk");
            err = put_tree(w, jwk, diag);
        }
        atls_key_free(key);
    }
    if (cnf->jkt.len != 0) {
        atls_json_put_name(&w->out, "jkt");
        atls_json_put_base64url(&w->out, cnf->jkt);
    }
    atls_json_put(&w->out, "}");
    return err;
}

static void put_first(struct writing *w)
{
    const struct atls_ear *ear = w->ear;
    put_member(w, "eat_profile", atls_bytes_text(atls_ear_profile_text(ear->profile)));
    put_member(w, "iss", ear->issuer);
    put_time(w, "iat", ear->iat_s);
    if (ear->has_exp) {
        put_time(w, "exp", ear->exp_s);
    }
    if (ear->has_nbf) {
        put_time(w, "nbf", ear->nbf_s);
    }
    put_member(w, "jti", ear->jti);
    put_claim(w, ATLS_EAR_VERIFIER_ID);
    atls_json_put(&w->out, "{");
    put_text(w, ATLS_EAR_DEVELOPER, ear->developer);
    put_text(w, ATLS_EAR_BUILD, ear->build);
    atls_json_put(&w->out, "}");
    put_nonce(w, ear->nonce);
    if (ear->has_status) {
        put_status(w, ear->status);
    }
}

static enum atls_err put_all(struct writing *w, struct atls_diag *diag)
{
    const struct atls_ear *ear = w->ear;
    enum atls_err err = ATLS_OK;
    atls_json_put(&w->out, "{");
    put_first(w);
    if (ear->cnf.has_key || ear->cnf.jkt.len != 0) {
        err = put_cnf(w, &ear->cnf, diag);
    }
    if (err == ATLS_OK && ear->raw.present) {
        err = put_raw(w, diag);
    }
    if (err == ATLS_OK) {
        err = put_submods(w, diag);
    }
    if (err == ATLS_OK) {
        err = put_free(w, ATLS_EAR_TOPOLOGY, &ear->topology, diag);
    }
    if (err == ATLS_OK) {
        err = put_free(w, ATLS_EAR_TEE_INFO, &ear->tee_info, diag);
    }
    atls_json_put(&w->out, "}");
    return err == ATLS_OK && w->out.failed ? no_memory(diag) : err;
}

enum atls_err atls_ear_to_text(char **out, const struct atls_ear *ear, struct atls_diag *diag)
{
    struct writing w = {.ear = ear, .dotted = atls_ear_is_dotted(ear->profile)};
    enum atls_err err = atls_ear_check_writable(ear, diag);
    if (err == ATLS_OK) {
        err = put_all(&w, diag);
    }
    if (err != ATLS_OK) {
        atls_json_writer_cleanup(&w.out);
        return err;
    }
    *out = atls_json_writer_take(&w.out);
    return ATLS_OK;
}

enum atls_err atls_ear_to_json(json_t **out, const struct atls_ear *ear, struct atls_diag *diag)
{
    char *text = NULL;
    const enum atls_err err = atls_ear_to_text(&text, ear, diag);
    if (err != ATLS_OK) {
        return err;
    }
    /* What CBOR said may hold NUL, and be deeper than JSON of others may be. jansson loses
     * characters when there is no memory, and says nothing: what it read is compared. */
    json_t *claims = json_loadb(text, strlen(text), JSON_ALLOW_NUL, NULL);
    char *again = atls_json_dump(claims);
    const bool is_whole = again != NULL && strcmp(again, text) == 0;
    free(again);
    free(text);
    if (!is_whole) {
        json_decref(claims);
        return no_memory(diag);
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
    json_t *json = NULL;
    if (!atls_ear_has_value(value) || value->cbor.len != 0) {
        return ATLS_OK;
    }
    enum atls_err err = atls_ear_value_json(&json, value, diag);
    if (err == ATLS_OK) {
        err = atls_cbor_from_json(&c->octets[c->count], &len, json, ATLS_EAR_STEP, diag);
    }
    if (err == ATLS_OK) {
        value->cbor = atls_bytes_of(c->octets[c->count++], len);
    }
    json_decref(json);
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
