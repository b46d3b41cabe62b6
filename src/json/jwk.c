/* SPDX-License-Identifier: Apache-2.0 */
#include "json/jwk.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "JWK";

/* Octets of a coordinate of P-521, the widest field. */
#define MAX_FIELD_LEN 66

struct curve_name {
    const char *kty;
    const char *crv;
    const char *alg;
    int32_t id;
    size_t field_len;
};

/* RFC 7518, 6.2.1.1; RFC 8037, 2. */
static const struct curve_name curves[] = {
    {"EC", "P-256", "ES256", ATLS_CRV_P256, 32},
    {"EC", "P-384", "ES384", ATLS_CRV_P384, 48},
    {"EC", "P-521", "ES512", ATLS_CRV_P521, 66},
    {"OKP", "Ed25519", "EdDSA", ATLS_CRV_ED25519, 32},
    {"OKP", "Ed448", "EdDSA", ATLS_CRV_ED448, 57},
};

/* refused is for keys that are well-formed and not ours: a set leaves them out. */
static enum atls_err refused(const char *claim, struct atls_bytes found, const char *expected,
                             struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, claim, NULL, expected);
    atls_diag_found_peer_text(diag, found);
    return ATLS_ERR_ALGORITHM;
}

/* check_text_is refuses a member that is there and is not `expected`. */
static enum atls_err check_text_is(const json_t *jwk, const char *key, const char *expected,
                                   const char *or_else, struct atls_diag *diag)
{
    struct atls_bytes text;
    if (!atls_json_has(jwk, key)) {
        return ATLS_OK;
    }
    enum atls_err err = atls_json_text(&text, jwk, key, step, diag);
    if (err == ATLS_OK && !atls_bytes_is_text(text, expected) &&
        !(or_else != NULL && atls_bytes_is_text(text, or_else))) {
        err = refused(key, text, expected, diag);
    }
    return err;
}

static enum atls_err check_key_ops(const json_t *jwk, struct atls_diag *diag)
{
    const json_t *ops = NULL;
    if (!atls_json_has(jwk, "key_ops")) {
        return ATLS_OK;
    }
    enum atls_err err = atls_json_array(&ops, jwk, "key_ops", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < json_array_size(ops); i++) {
        struct atls_bytes text;
        if (atls_json_text_of(json_array_get(ops, i), &text) &&
            (atls_bytes_is_text(text, "verify") || atls_bytes_is_text(text, "sign"))) {
            return ATLS_OK;
        }
    }
    return refused("key_ops", atls_bytes_text("other operations"), "verify or sign", diag);
}

/* check_purpose: a key that its owner keeps for something else is not used (RFC 7517, 4.2-4.4). */
static enum atls_err check_purpose(const json_t *jwk, const char *alg, const char *full_name,
                                   struct atls_diag *diag)
{
    enum atls_err err = check_text_is(jwk, "use", "sig", NULL, diag);
    if (err == ATLS_OK) {
        err = check_text_is(jwk, "alg", alg, full_name, diag);
    }
    if (err == ATLS_OK) {
        err = check_key_ops(jwk, diag);
    }
    return err;
}

static enum atls_err from_curve(struct atls_key **out, const struct curve_name *curve,
                                const json_t *jwk, struct atls_diag *diag)
{
    const bool okp = strcmp(curve->kty, "OKP") == 0;
    const size_t field_len = curve->field_len;
    uint8_t point[1 + 2 * MAX_FIELD_LEN] = {0x04};
    const struct atls_buf x = {&point[okp ? 0 : 1], field_len};
    const struct atls_buf y = {&point[1 + field_len], field_len};
    const struct atls_bytes all = atls_bytes_of(point, okp ? field_len : 1 + 2 * field_len);
    size_t len = 0;
    enum atls_err err = check_purpose(jwk, curve->alg, okp ? curve->crv : NULL, diag);
    if (err == ATLS_OK) {
        err = atls_json_base64url(x, &len, field_len, jwk, "x", step, diag);
    }
    if (err == ATLS_OK && !okp) {
        err = atls_json_base64url(y, &len, field_len, jwk, "y", step, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_json_has(jwk, "d")) {
        return atls_key_from_ec_point(out, curve->id, all, diag);
    }
    uint8_t secret[MAX_FIELD_LEN];
    const struct atls_buf d = {secret, field_len};
    err = atls_json_base64url(d, &len, field_len, jwk, "d", step, diag);
    if (err == ATLS_OK) {
        err = atls_key_from_private(out, curve->id, atls_bytes_of(secret, len), all, diag);
    }
    atls_wipe(secret, sizeof secret);
    return err;
}

static enum atls_err from_rsa(struct atls_key **out, const json_t *jwk, struct atls_diag *diag)
{
    uint8_t n[ATLS_MAX_RSA_BITS / 8];
    uint8_t e[8];
    const struct atls_buf n_room = {n, sizeof n};
    const struct atls_buf e_room = {e, sizeof e};
    size_t n_len = 0;
    size_t e_len = 0;
    enum atls_err err = check_purpose(jwk, "PS256", NULL, diag);
    if (err == ATLS_OK && atls_json_has(jwk, "d")) {
        err = refused("d", atls_bytes_text("a private RSA key"), "private RSA keys as PEM", diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_base64url(n_room, &n_len, 1, jwk, "n", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_base64url(e_room, &e_len, 1, jwk, "e", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_key_from_rsa(out, atls_bytes_of(n, n_len), atls_bytes_of(e, e_len), diag);
    }
    return err;
}

enum atls_err atls_key_from_jwk(struct atls_key **out, const json_t *jwk, struct atls_diag *diag)
{
    struct atls_bytes kty;
    enum atls_err err = atls_json_text(&kty, jwk, "kty", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_bytes_is_text(kty, "RSA")) {
        return from_rsa(out, jwk, diag);
    }
    if (!atls_bytes_is_text(kty, "EC") && !atls_bytes_is_text(kty, "OKP")) {
        return refused("kty", kty, "EC, OKP or RSA", diag);
    }
    struct atls_bytes crv;
    err = atls_json_text(&crv, jwk, "crv", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        if (atls_bytes_is_text(kty, curves[i].kty) && atls_bytes_is_text(crv, curves[i].crv)) {
            return from_curve(out, &curves[i], jwk, diag);
        }
    }
    return refused("crv", crv, "EC on P-256, P-384 or P-521, or OKP on Ed25519 or Ed448", diag);
}

static const struct curve_name *curve_of(const struct atls_cose_key *key)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        if (curves[i].id == key->crv) {
            return &curves[i];
        }
    }
    return NULL;
}

/* put_octets sets a member to octets as base64url. */
static bool put_octets(json_t *object, const char *key, struct atls_bytes octets)
{
    char *text = atls_base64url_new(octets);
    const bool done = text != NULL && json_object_set_new(object, key, json_string(text)) == 0;
    if (text != NULL) {
        atls_wipe(text, strlen(text));
    }
    free(text);
    return done;
}

static bool put_text(json_t *object, const char *key, const char *text)
{
    return json_object_set_new(object, key, json_string(text)) == 0;
}

/* put_public sets the members that a thumbprint covers, in its order (RFC 7638, 3.2). */
static bool put_public(json_t *jwk, const struct atls_cose_key *key)
{
    const struct curve_name *curve = curve_of(key);
    if (curve == NULL) {
        return put_octets(jwk, "e", key->e) && put_text(jwk, "kty", "RSA") &&
               put_octets(jwk, "n", key->n);
    }
    return put_text(jwk, "crv", curve->crv) && put_text(jwk, "kty", curve->kty) &&
           put_octets(jwk, "x", key->x) && (key->y.len == 0 || put_octets(jwk, "y", key->y));
}

enum atls_err atls_key_to_jwk(json_t **out, const struct atls_key *key, const char *kid,
                              struct atls_diag *diag)
{
    struct atls_cose_key parts;
    atls_key_to_cose(key, &parts);
    const struct curve_name *curve = curve_of(&parts);
    json_t *jwk = json_object();
    if (jwk == NULL || !put_public(jwk, &parts) ||
        !put_text(jwk, "alg", curve != NULL ? curve->alg : "PS256") ||
        !put_text(jwk, "use", "sig") || (kid != NULL && !put_text(jwk, "kid", kid))) {
        json_decref(jwk);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "");
    }
    *out = jwk;
    return ATLS_OK;
}

enum atls_err atls_key_to_private_jwk(json_t **out, const struct atls_key *key, const char *kid,
                                      struct atls_diag *diag)
{
    uint8_t secret[MAX_FIELD_LEN];
    const struct atls_buf room = {secret, sizeof secret};
    size_t len = 0;
    json_t *jwk = NULL;
    enum atls_err err = atls_key_private(key, room, &len);
    if (err != ATLS_OK) {
        return atls_fail_texts(diag, err, step, "d", NULL,
                               "an EC or EdDSA private key that can be exported");
    }
    err = atls_key_to_jwk(&jwk, key, kid, diag);
    if (err == ATLS_OK && !put_octets(jwk, "d", atls_bytes_of(secret, len))) {
        json_decref(jwk);
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, "d");
    }
    atls_wipe(secret, sizeof secret);
    if (err == ATLS_OK) {
        *out = jwk;
    }
    return err;
}

enum atls_err atls_key_to_bare_jwk(json_t **out, const struct atls_key *key, struct atls_diag *diag)
{
    struct atls_cose_key parts;
    atls_key_to_cose(key, &parts);
    json_t *jwk = json_object();
    if (jwk == NULL || !put_public(jwk, &parts)) {
        json_decref(jwk);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "");
    }
    *out = jwk;
    return ATLS_OK;
}

enum atls_err atls_jwk_thumbprint(struct atls_digest *out, const struct atls_crypto_ops *crypto,
                                  const struct atls_key *key, struct atls_diag *diag)
{
    json_t *jwk = NULL;
    enum atls_err err = atls_key_to_bare_jwk(&jwk, key, diag);
    if (err != ATLS_OK) {
        return err;
    }
    char *text = atls_json_dump(jwk);
    json_decref(jwk);
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "thumbprint");
    }
    err = crypto->hash(ATLS_ALG_SHA256, atls_bytes_text(text), out);
    free(text);
    return err != ATLS_OK ? atls_fail(diag, err, step, "thumbprint") : ATLS_OK;
}
