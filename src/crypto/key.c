/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: making them from their parts, and what can be asked of them. */
#include "crypto/key_internal.h"

#include "base/diag.h"
#include "base/span.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

static const char step[] = "key";

void atls_key_free(struct atls_key *key)
{
    if (key == NULL) {
        return;
    }
    atls_prepared_free(key->prepared);
    EVP_PKEY_free(key->pkey);
    OPENSSL_free((void *)(uintptr_t)key->n.data);
    OPENSSL_free((void *)(uintptr_t)key->e.data);
    OPENSSL_free(key);
}

void atls_key_cleanup(struct atls_key **key)
{
    atls_key_free(*key);
    *key = NULL;
}

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, step, "");
}

static enum atls_err other_type(struct atls_diag *diag, const char *claim, const char *found)
{
    return atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, claim, found,
                           "EC P-256, P-384 or P-521, Ed25519, Ed448, or RSA");
}

static const struct curve *need_curve(int32_t crv, struct atls_diag *diag)
{
    const struct curve *curve = atls_curve_by_crv(crv);
    if (curve == NULL) {
        other_type(diag, "crv", NULL);
        atls_diag_found_int(diag, crv);
    }
    return curve;
}

/* import makes an EVP_PKEY from its parts; NULL when the library refuses them. */
static EVP_PKEY *import(const char *type, int selection, OSSL_PARAM *params)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, selection, params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

/* OSSL_PARAM has no const; EVP_PKEY_fromdata only reads what it points to. */
static void *unconst(const void *data)
{
    return (void *)(uintptr_t)data;
}

/* import_point: OpenSSL checks that an EC point is on its curve; the cofactor of all three is 1,
 * and 04 in front excludes the point at infinity, so that is full validation (SP 800-56A). */
static EVP_PKEY *import_point(const struct curve *curve, struct atls_bytes point)
{
    if (curve->group == NULL) {
        return EVP_PKEY_new_raw_public_key_ex(NULL, curve->type, NULL, point.data, point.len);
    }
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, unconst(curve->group), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, unconst(point.data), point.len),
        OSSL_PARAM_construct_end(),
    };
    return import(curve->type, EVP_PKEY_PUBLIC_KEY, params);
}

/* is_own: the key is in OpenSSL's own provider. What others take and keep is theirs. */
static bool is_own(const EVP_PKEY *pkey)
{
    const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(pkey);
    return provider != NULL && strcmp(OSSL_PROVIDER_get0_name(provider), "default") == 0;
}

/* adopt takes `pkey` over, NULL included, into a new key on `curve`. */
static enum atls_err adopt(struct atls_key **out, EVP_PKEY *pkey, const struct curve *curve,
                           struct atls_bytes point, bool public_only, struct atls_diag *diag)
{
    struct atls_key *key = OPENSSL_zalloc(sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return no_memory(diag);
    }
    key->pkey = pkey;
    key->curve = curve;
    key->public_only = public_only;
    if (curve->group != NULL && pkey != NULL && is_own(pkey)) {
        key->prepared = atls_prepared_new();
        if (key->prepared == NULL) {
            atls_key_free(key);
            return no_memory(diag);
        }
    }
    memcpy(key->point, point.data, point.len);
    *out = key;
    return ATLS_OK;
}

static enum atls_err check_point(const struct curve *curve, struct atls_bytes point,
                                 struct atls_diag *diag)
{
    if (point.len != curve->point_len) {
        atls_fail(diag, ATLS_ERR_MALFORMED, step, "public key length");
        atls_diag_found_int(diag, (int64_t)point.len);
        atls_diag_expected_int(diag, (int64_t)curve->point_len);
        return ATLS_ERR_MALFORMED;
    }
    if (curve->kty == ATLS_KTY_EC2 && point.data[0] != 0x04) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "point format", NULL,
                               "an uncompressed point (04)");
    }
    return ATLS_OK;
}

enum atls_err atls_key_from_ec_point(struct atls_key **out, int32_t crv, struct atls_bytes point,
                                     struct atls_diag *diag)
{
    const struct curve *curve = need_curve(crv, diag);
    if (curve == NULL) {
        return ATLS_ERR_ALGORITHM;
    }
    enum atls_err err = check_point(curve, point, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ERR_set_mark();
    EVP_PKEY *pkey = import_point(curve, point);
    ERR_pop_to_mark();
    if (pkey == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "public key", NULL,
                               "a point on its curve");
    }
    return adopt(out, pkey, curve, point, true, diag);
}

/* keep_rsa reads the parts of an RSA key into `key`. */
static bool keep_rsa_part(const EVP_PKEY *pkey, const char *name, struct atls_bytes *out)
{
    BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1) {
        return false;
    }
    const int len = BN_num_bytes(number);
    uint8_t *octets = len > 0 ? OPENSSL_malloc((size_t)len) : NULL;
    if (octets != NULL) {
        BN_bn2bin(number, octets);
        *out = atls_bytes_of(octets, (size_t)len);
    }
    BN_free(number);
    return octets != NULL;
}

/* An exponent beyond 64 bits has no use and makes verification slow: refused as an attack. */
#define MAX_EXPONENT_LEN 8

static enum atls_err check_rsa(struct atls_bytes n, struct atls_bytes e, struct atls_diag *diag)
{
    const bool minimal = n.len != 0 && n.data[0] != 0 && e.len != 0 && e.data[0] != 0;
    if (!minimal || e.len > MAX_EXPONENT_LEN || (n.data[n.len - 1] & 1) == 0 ||
        (e.data[e.len - 1] & 1) == 0 || (e.len == 1 && e.data[0] == 1)) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "RSA modulus and exponent", NULL,
                               "odd numbers without leading zeros, the exponent of 3 to 2^64");
    }
    size_t bits = n.len * 8;
    for (uint8_t first = n.data[0]; (first & 0x80) == 0; first = (uint8_t)(first << 1)) {
        bits--;
    }
    if (bits < ATLS_MIN_RSA_BITS || bits > ATLS_MAX_RSA_BITS) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "RSA modulus in bits", NULL,
                        "2048 to 16384");
        atls_diag_found_int(diag, (int64_t)bits);
        return ATLS_ERR_ALGORITHM;
    }
    return ATLS_OK;
}

/* adopt_rsa takes `pkey` over. */
static enum atls_err adopt_rsa(struct atls_key **out, EVP_PKEY *pkey, bool public_only,
                               struct atls_diag *diag)
{
    struct atls_key *key = OPENSSL_zalloc(sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return no_memory(diag);
    }
    key->pkey = pkey;
    key->public_only = public_only;
    enum atls_err err = ATLS_OK;
    if (!keep_rsa_part(pkey, OSSL_PKEY_PARAM_RSA_N, &key->n) ||
        !keep_rsa_part(pkey, OSSL_PKEY_PARAM_RSA_E, &key->e)) {
        err = atls_fail(diag, ATLS_ERR_KEY, step, "RSA modulus and exponent");
    } else {
        err = check_rsa(key->n, key->e, diag);
    }
    if (err != ATLS_OK) {
        atls_key_free(key);
        return err;
    }
    *out = key;
    return ATLS_OK;
}

static EVP_PKEY *import_rsa(struct atls_bytes n, struct atls_bytes e)
{
    BIGNUM *modulus = BN_bin2bn(n.data, (int)n.len, NULL);
    BIGNUM *exponent = BN_bin2bn(e.data, (int)e.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;
    if (modulus != NULL && exponent != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params != NULL) {
        pkey = import("RSA", EVP_PKEY_PUBLIC_KEY, params);
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(exponent);
    BN_free(modulus);
    return pkey;
}

enum atls_err atls_key_from_rsa(struct atls_key **out, struct atls_bytes n, struct atls_bytes e,
                                struct atls_diag *diag)
{
    enum atls_err err = check_rsa(n, e, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ERR_set_mark();
    EVP_PKEY *pkey = import_rsa(n, e);
    ERR_pop_to_mark();
    if (pkey == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "RSA modulus and exponent", NULL,
                               "an RSA public key");
    }
    return adopt_rsa(out, pkey, true, diag);
}

enum atls_err atls_key_from_cose(struct atls_key **out, const struct atls_cose_key *cose,
                                 struct atls_diag *diag)
{
    if (cose->kty == ATLS_KTY_RSA) {
        return atls_key_from_rsa(out, cose->n, cose->e, diag);
    }
    const struct curve *curve = need_curve(cose->crv, diag);
    if (curve == NULL) {
        return ATLS_ERR_ALGORITHM;
    }
    if (curve->kty != cose->kty) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "kty and crv", NULL,
                               "a curve of the key type");
    }
    if (curve->kty == ATLS_KTY_OKP) {
        return atls_key_from_ec_point(out, cose->crv, cose->x, diag);
    }
    if (cose->x.len != curve->field_len || cose->y.len != curve->field_len) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "x and y", NULL,
                               "coordinates of the full width of the field");
    }
    uint8_t point[MAX_POINT_LEN] = {0x04};
    memcpy(&point[1], cose->x.data, cose->x.len);
    memcpy(&point[1 + cose->x.len], cose->y.data, cose->y.len);
    return atls_key_from_ec_point(out, cose->crv, atls_bytes_of(point, curve->point_len), diag);
}

enum atls_err atls_key_generate(struct atls_key **out, int32_t crv, struct atls_diag *diag)
{
    const struct curve *curve = need_curve(crv, diag);
    if (curve == NULL) {
        return ATLS_ERR_ALGORITHM;
    }
    ERR_set_mark();
    EVP_PKEY *pkey = curve->group != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, curve->type, curve->group)
                                          : EVP_PKEY_Q_keygen(NULL, NULL, curve->type);
    ERR_pop_to_mark();
    if (pkey == NULL) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, step, "generation");
    }
    enum atls_err err = atls_key_wrap_evp(out, pkey, diag);
    EVP_PKEY_free(pkey);
    return err;
}

enum atls_err atls_key_generate_rsa(struct atls_key **out, unsigned bits, struct atls_diag *diag)
{
    ERR_set_mark();
    EVP_PKEY *pkey = bits >= ATLS_MIN_RSA_BITS && bits <= ATLS_MAX_RSA_BITS
                         ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits)
                         : NULL;
    ERR_pop_to_mark();
    if (pkey == NULL) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, step, "generation");
    }
    enum atls_err err = atls_key_wrap_evp(out, pkey, diag);
    EVP_PKEY_free(pkey);
    return err;
}

/* curve_of finds the curve of an EC or EdDSA key; NULL when it is none that we take. */
static const struct curve *curve_of(const EVP_PKEY *pkey)
{
    if (EVP_PKEY_is_a(pkey, "ED25519") == 1) {
        return atls_curve_by_crv(ATLS_CRV_ED25519);
    }
    if (EVP_PKEY_is_a(pkey, "ED448") == 1) {
        return atls_curve_by_crv(ATLS_CRV_ED448);
    }
    char name[64] = "";
    size_t len = 0;
    if (EVP_PKEY_is_a(pkey, "EC") != 1 ||
        EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) != 1) {
        return NULL;
    }
    int nid = EC_curve_nist2nid(name);
    if (nid == NID_undef) {
        nid = OBJ_txt2nid(name);
    }
    switch (nid) {
    case NID_X9_62_prime256v1:
        return atls_curve_by_crv(ATLS_CRV_P256);
    case NID_secp384r1:
        return atls_curve_by_crv(ATLS_CRV_P384);
    case NID_secp521r1:
        return atls_curve_by_crv(ATLS_CRV_P521);
    default:
        return NULL;
    }
}

/* public_point reads the public key in the form of the SPKI. A provider that does not answer the
 * parameter still writes a SubjectPublicKeyInfo. */
static bool public_point(EVP_PKEY *pkey, const struct curve *curve, uint8_t *point)
{
    const char *name =
        curve->group != NULL ? OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY : OSSL_PKEY_PARAM_PUB_KEY;
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(pkey, name, point, MAX_POINT_LEN, &len) == 1 &&
        len == curve->point_len) {
        return true;
    }
    uint8_t *der = NULL;
    const int der_len = i2d_PUBKEY(pkey, &der);
    const struct atls_bytes spki = atls_bytes_of(der, der_len > 0 ? (size_t)der_len : 0);
    const bool found = spki.len != 0 && atls_curve_by_spki(spki) == curve;
    if (found) {
        memcpy(point, &spki.data[curve->spki.len], curve->point_len);
    }
    OPENSSL_free(der);
    return found;
}

/* is_public_eddsa: before 3.0.8 OpenSSL's own provider crashes when a public EdDSA key signs. What
 * other providers keep to themselves says nothing. */
static bool is_public_eddsa(const EVP_PKEY *pkey, const struct curve *curve)
{
    size_t len = 0;
    return curve->group == NULL && is_own(pkey) &&
           EVP_PKEY_get_raw_private_key(pkey, NULL, &len) != 1;
}

enum atls_err atls_key_wrap_evp(struct atls_key **out, struct evp_pkey_st *pkey,
                                struct atls_diag *diag)
{
    ERR_set_mark();
    const bool rsa = EVP_PKEY_is_a(pkey, "RSA") == 1;
    const struct curve *curve = rsa ? NULL : curve_of(pkey);
    uint8_t point[MAX_POINT_LEN] = {0};
    const bool readable = rsa || (curve != NULL && public_point(pkey, curve, point));
    enum atls_err err = ATLS_OK;
    if (!rsa && curve == NULL) {
        err = other_type(diag, "key type", EVP_PKEY_get0_type_name(pkey));
    } else if (!readable) {
        err = atls_fail(diag, ATLS_ERR_KEY, step, "public key");
    } else {
        EVP_PKEY_up_ref(pkey);
        const bool public_only = !rsa && is_public_eddsa(pkey, curve);
        err = rsa ? adopt_rsa(out, pkey, public_only, diag)
                  : adopt(out, pkey, curve, atls_bytes_of(point, curve->point_len), public_only,
                          diag);
    }
    ERR_pop_to_mark();
    return err;
}

bool atls_key_is_public(const struct atls_key *key)
{
    return key->public_only;
}

struct evp_pkey_st *atls_key_evp(const struct atls_key *key)
{
    return key->pkey;
}

struct atls_bytes atls_key_point(const struct atls_key *key)
{
    return atls_bytes_of(key->point, key->curve != NULL ? key->curve->point_len : 0);
}

void atls_key_to_cose(const struct atls_key *key, struct atls_cose_key *out)
{
    memset(out, 0, sizeof *out);
    if (key->curve == NULL) {
        out->kty = ATLS_KTY_RSA;
        out->n = key->n;
        out->e = key->e;
        return;
    }
    const size_t len = key->curve->field_len;
    out->kty = key->curve->kty;
    out->crv = key->curve->crv;
    if (out->kty == ATLS_KTY_OKP) {
        out->x = atls_bytes_of(key->point, len);
        return;
    }
    out->x = atls_bytes_of(&key->point[1], len);
    out->y = atls_bytes_of(&key->point[1 + len], len);
}

int32_t atls_key_default_alg(const struct atls_key *key)
{
    return key->curve != NULL ? key->curve->alg : ATLS_ALG_PS256;
}

bool atls_key_takes_alg(const struct atls_key *key, int32_t alg)
{
    /* The schemes of RSA differ in padding only; what may use the older one is its caller's rule.
     */
    return alg == atls_key_default_alg(key) || (key->curve == NULL && alg == ATLS_ALG_RS256);
}

size_t atls_key_signature_len(const struct atls_key *key)
{
    return key->curve != NULL ? key->curve->signature_len : key->n.len;
}

bool atls_key_equal(const struct atls_key *a, const struct atls_key *b)
{
    return a->curve == b->curve && atls_bytes_equal(atls_key_point(a), atls_key_point(b)) &&
           atls_bytes_equal(a->n, b->n) && atls_bytes_equal(a->e, b->e);
}
