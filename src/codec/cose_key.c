/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Key (RFC 9052, 7; RFC 9053, 7; RFC 8230, 4): public keys that can verify, nothing else. */
#include "codec/cose.h"

#include "base/diag.h"
#include "base/span.h"

enum { LABEL_KTY = 1, LABEL_ALG = 3, LABEL_KEY_OPS = 4 };
enum { KEY_OP_SIGN = 1, KEY_OP_VERIFY = 2 };
enum { LABEL_CRV = -1, LABEL_X = -2, LABEL_Y = -3, LABEL_D = -4 };
enum { LABEL_RSA_N = -1, LABEL_RSA_E = -2, LABEL_RSA_D = -3, LABEL_RSA_LAST = -12 };

/* RSA of 1024 to 16384 bits parses; what strength is taken is for the policy and the library. */
enum { MIN_MODULUS_LEN = 128, MAX_MODULUS_LEN = 2048, MAX_EXPONENT_LEN = 8 };

struct curve {
    int32_t crv;
    int32_t kty;
    size_t width;    /* of a coordinate, in octets */
    int64_t algs[3]; /* label 3 may say one of these; 0 ends the list */
};

static const struct curve curves[] = {
    {ATLS_CRV_P256, ATLS_KTY_EC2, 32, {-7, -9, 0}},
    {ATLS_CRV_P384, ATLS_KTY_EC2, 48, {-35, -51, 0}},
    {ATLS_CRV_P521, ATLS_KTY_EC2, 66, {-36, -52, 0}},
    {ATLS_CRV_ED25519, ATLS_KTY_OKP, 32, {-8, -19, 0}},
    {ATLS_CRV_ED448, ATLS_KTY_OKP, 57, {-8, -53, 0}},
};
static const int64_t rsa_algs[] = {-37, -38, -39, -257, -258, -259, 0};

static enum atls_err refuse(struct atls_diag *diag, const char *what, const char *claim,
                            const char *found, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, what, claim, found, expected);
}

static bool get_int(const struct atls_cbor *map, int64_t label, int64_t *out)
{
    struct atls_cbor value;
    return atls_cbor_get(map, label, &value) && atls_cbor_int(&value, out);
}

static bool get_octets(const struct atls_cbor *map, int64_t label, size_t min, size_t max,
                       struct atls_bytes *out)
{
    struct atls_cbor value;
    return atls_cbor_get(map, label, &value) && atls_cbor_bytes(&value, min, max, out);
}

static bool has(const struct atls_cbor *map, int64_t label)
{
    struct atls_cbor value;
    return atls_cbor_get(map, label, &value);
}

/* check_alg: where the key names an algorithm (label 3) it is one that fits. */
static enum atls_err check_alg(const struct atls_cbor *map, const int64_t *fitting,
                               const char *what, struct atls_diag *diag)
{
    if (!has(map, LABEL_ALG)) {
        return ATLS_OK;
    }
    int64_t alg = 0;
    if (get_int(map, LABEL_ALG, &alg)) {
        for (size_t i = 0; fitting[i] != 0; i++) {
            if (fitting[i] == alg) {
                return ATLS_OK;
            }
        }
    }
    return refuse(diag, what, "COSE_Key alg", "another", "a signature algorithm of this key type");
}

/* check_key_ops: where the key says what it is for (label 4), signatures are among it. */
static enum atls_err check_key_ops(const struct atls_cbor *map, const char *what,
                                   struct atls_diag *diag)
{
    struct atls_cbor operations;
    if (!atls_cbor_get(map, LABEL_KEY_OPS, &operations)) {
        return ATLS_OK;
    }
    struct atls_cbor_iter iter = atls_cbor_members(&operations);
    struct atls_cbor operation;
    while (operations.type == ATLS_CBOR_ARRAY && atls_cbor_next(&iter, &operation)) {
        int64_t number = 0;
        if (atls_cbor_int(&operation, &number) &&
            (number == KEY_OP_SIGN || number == KEY_OP_VERIFY)) {
            return ATLS_OK;
        }
    }
    return refuse(diag, what, "COSE_Key key_ops", "other uses", "sign or verify among them");
}

static const struct curve *find_curve(int64_t kty, int64_t crv)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        if (curves[i].kty == kty && curves[i].crv == crv) {
            return &curves[i];
        }
    }
    return NULL;
}

static enum atls_err parse_curve_key(struct atls_cose_key *key, const struct atls_cbor *map,
                                     const char *what, struct atls_diag *diag)
{
    int64_t crv = 0;
    const struct curve *curve = get_int(map, LABEL_CRV, &crv) ? find_curve(key->kty, crv) : NULL;
    if (curve == NULL) {
        return refuse(diag, what, "COSE_Key crv", "none, or one of another key type",
                      "P-256, P-384 or P-521 for EC2, Ed25519 or Ed448 for OKP");
    }
    if (has(map, LABEL_D)) {
        return refuse(diag, what, "COSE_Key d", "a private key", "a public key");
    }
    key->crv = curve->crv;
    if (!get_octets(map, LABEL_X, curve->width, curve->width, &key->x)) {
        return refuse(diag, what, "COSE_Key x", "none, or another width", "the curve's width");
    }
    /* RFC 9053, 7.1.1 lets y be a sign bit: refused here, one key has one form. */
    if (curve->kty == ATLS_KTY_EC2 &&
        !get_octets(map, LABEL_Y, curve->width, curve->width, &key->y)) {
        return refuse(diag, what, "COSE_Key y", "none, compressed, or another width",
                      "the curve's width");
    }
    if (curve->kty == ATLS_KTY_OKP && has(map, LABEL_Y)) {
        return refuse(diag, what, "COSE_Key y", "one", "none for OKP");
    }
    return check_alg(map, curve->algs, what, diag);
}

/* is_natural: RFC 8230, 4: unsigned, big-endian, no leading zero octets. */
static bool is_natural(struct atls_bytes number)
{
    return number.data[0] != 0;
}

static enum atls_err parse_rsa_key(struct atls_cose_key *key, const struct atls_cbor *map,
                                   const char *what, struct atls_diag *diag)
{
    for (int64_t label = LABEL_RSA_LAST; label <= LABEL_RSA_D; label++) {
        if (has(map, label)) {
            return refuse(diag, what, "COSE_Key d", "a private key", "a public key");
        }
    }
    if (!get_octets(map, LABEL_RSA_N, MIN_MODULUS_LEN, MAX_MODULUS_LEN, &key->n) ||
        !is_natural(key->n)) {
        return refuse(diag, what, "COSE_Key n", "none, or another width",
                      "1024 to 16384 bits without leading zeros");
    }
    if (!get_octets(map, LABEL_RSA_E, 1, MAX_EXPONENT_LEN, &key->e) || !is_natural(key->e)) {
        return refuse(diag, what, "COSE_Key e", "none, or another width",
                      "1 to 64 bits without leading zeros");
    }
    return check_alg(map, rsa_algs, what, diag);
}

enum atls_err atls_cose_key_parse(struct atls_cose_key *out, const struct atls_cbor *map,
                                  const char *what, struct atls_diag *diag)
{
    int64_t kty = 0;
    if (map->type != ATLS_CBOR_MAP) {
        return refuse(diag, what, "COSE_Key", "another type", "a map");
    }
    if (!get_int(map, LABEL_KTY, &kty) ||
        (kty != ATLS_KTY_OKP && kty != ATLS_KTY_EC2 && kty != ATLS_KTY_RSA)) {
        return refuse(diag, what, "COSE_Key kty", "none, or another", "OKP, EC2 or RSA");
    }
    struct atls_cose_key key = {.kty = (int32_t)kty};
    enum atls_err err = check_key_ops(map, what, diag);
    if (err == ATLS_OK) {
        err = kty == ATLS_KTY_RSA ? parse_rsa_key(&key, map, what, diag)
                                  : parse_curve_key(&key, map, what, diag);
    }
    if (err == ATLS_OK) {
        *out = key;
    }
    return err;
}

static void put_octets(struct atls_writer *w, int64_t label, struct atls_bytes octets)
{
    atls_cbor_put_int(w, label);
    atls_cbor_put_bytes(w, octets);
}

void atls_cose_key_put(struct atls_writer *w, const struct atls_cose_key *key)
{
    const bool is_ec2 = key->kty == ATLS_KTY_EC2;
    atls_cbor_put_map(w, is_ec2 ? 4 : 3);
    atls_cbor_put_int(w, LABEL_KTY);
    atls_cbor_put_int(w, key->kty);
    if (key->kty == ATLS_KTY_RSA) {
        put_octets(w, LABEL_RSA_N, key->n);
        put_octets(w, LABEL_RSA_E, key->e);
        return;
    }
    atls_cbor_put_int(w, LABEL_CRV);
    atls_cbor_put_int(w, key->crv);
    put_octets(w, LABEL_X, key->x);
    if (is_ec2) {
        put_octets(w, LABEL_Y, key->y);
    }
}
