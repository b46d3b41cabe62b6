/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as octets: DER SubjectPublicKeyInfo, PEM, raw private keys. */
#include "crypto/key_internal.h"
#include "crypto/crypto_internal.h"

#include "base/diag.h"
#include "base/span.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static const char step[] = "key";

static enum atls_err wrap_public(struct atls_key **out, EVP_PKEY *pkey, struct atls_diag *diag)
{
    enum atls_err err = atls_key_wrap_evp(out, pkey, diag);
    if (err == ATLS_OK) {
        (*out)->public_only = true;
    }
    return err;
}

/* from_other_spki goes through OpenSSL's decoder. What it takes must come out again octet for
 * octet: that refuses BER, trailing octets, and other encodings of the same key. */
static enum atls_err from_other_spki(struct atls_key **out, struct atls_bytes spki,
                                     struct atls_diag *diag)
{
    const uint8_t *at = spki.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);
    if (pkey == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "SubjectPublicKeyInfo", NULL,
                               "DER of a public key");
    }
    uint8_t *again = NULL;
    const int again_len = i2d_PUBKEY(pkey, &again);
    const bool same =
        again_len > 0 && atls_bytes_equal(spki, atls_bytes_of(again, (size_t)again_len));
    OPENSSL_free(again);
    enum atls_err err = ATLS_OK;
    if (!same) {
        err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "SubjectPublicKeyInfo",
                              "another encoding or octets after its end", "strict DER");
    } else if (EVP_PKEY_is_a(pkey, "EC") == 1) {
        /* The three curves have constant prefixes and were tried before. */
        err = atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "SubjectPublicKeyInfo", NULL,
                              "P-256, P-384 or P-521 as a named curve, point uncompressed");
    } else {
        err = wrap_public(out, pkey, diag);
    }
    EVP_PKEY_free(pkey);
    return err;
}

enum atls_err atls_key_from_spki_der(struct atls_key **out, struct atls_bytes spki,
                                     struct atls_diag *diag)
{
    if (spki.len == 0 || spki.len > ATLS_MAX_SPKI_LEN) {
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "SubjectPublicKeyInfo in octets", NULL,
                        "1 to 8192");
        atls_diag_found_int(diag, (int64_t)spki.len);
        return ATLS_ERR_MALFORMED;
    }
    const struct curve *curve = atls_curve_by_spki(spki);
    if (curve != NULL) {
        const size_t before = curve->spki.len;
        return atls_key_from_ec_point(out, curve->crv,
                                      atls_bytes_of(&spki.data[before], spki.len - before), diag);
    }
    ERR_set_mark();
    enum atls_err err = from_other_spki(out, spki, diag);
    ERR_pop_to_mark();
    return err;
}

enum atls_err atls_key_spki(const struct atls_key *key, struct atls_buf out, size_t *out_len)
{
    if (key->curve != NULL) {
        const struct atls_bytes prefix = key->curve->spki;
        const size_t len = prefix.len + key->curve->point_len;
        if (out.cap < len) {
            return ATLS_ERR_BUFFER;
        }
        memcpy(out.data, prefix.data, prefix.len);
        memcpy(&out.data[prefix.len], key->point, key->curve->point_len);
        *out_len = len;
        return ATLS_OK;
    }
    uint8_t *der = NULL;
    ERR_set_mark();
    const int len = i2d_PUBKEY(key->pkey, &der);
    ERR_pop_to_mark();
    enum atls_err err = ATLS_OK;
    if (len <= 0) {
        err = ATLS_ERR_CRYPTO;
    } else if ((size_t)len > out.cap) {
        err = ATLS_ERR_BUFFER;
    } else {
        memcpy(out.data, der, (size_t)len);
        *out_len = (size_t)len;
    }
    OPENSSL_free(der);
    return err;
}

int atls_ossl_no_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static bool contains(struct atls_bytes text, const char *what)
{
    const size_t len = strlen(what);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(&text.data[i], what, len) == 0) {
            return true;
        }
    }
    return false;
}

enum atls_err atls_key_from_pem(struct atls_key **out, struct atls_bytes pem,
                                struct atls_diag *diag)
{
    if (pem.len > ATLS_MAX_FILE_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, step, "PEM", NULL, "at most 4 MiB");
    }
    const bool is_private = contains(pem, "PRIVATE KEY-----");
    if (!is_private && !contains(pem, "-----BEGIN PUBLIC KEY-----")) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, step, "PEM", NULL,
                               "a block PUBLIC KEY or PRIVATE KEY");
    }
    ERR_set_mark();
    EVP_PKEY *pkey = NULL;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (bio != NULL) {
        pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, atls_ossl_no_passphrase, NULL)
                          : PEM_read_bio_PUBKEY(bio, NULL, atls_ossl_no_passphrase, NULL);
    }
    BIO_free(bio);
    ERR_pop_to_mark();
    if (pkey == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, step, "PEM",
                               contains(pem, "ENCRYPTED") ? "an encrypted key" : "no usable key",
                               is_private ? "a private key without encryption" : "a public key");
    }
    enum atls_err err =
        is_private ? atls_key_wrap_evp(out, pkey, diag) : wrap_public(out, pkey, diag);
    EVP_PKEY_free(pkey);
    if (err != ATLS_OK && err != ATLS_ERR_MEMORY) {
        err = ATLS_ERR_KEY;
        if (diag != NULL) {
            diag->err = err;
        }
    }
    return err;
}

/* to_pem gives what a writer put into a BIO as text; takes `bio` over. */
static enum atls_err to_pem(char **out, BIO *bio, bool written, struct atls_diag *diag)
{
    char *data = NULL;
    const long len = written ? BIO_get_mem_data(bio, &data) : 0;
    char *text = len > 0 ? OPENSSL_malloc((size_t)len + 1) : NULL;
    if (text != NULL) {
        memcpy(text, data, (size_t)len);
        text[len] = '\0';
        *out = text;
    }
    BIO_free(bio);
    return text != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_KEY, step, "PEM");
}

enum atls_err atls_key_to_public_pem(char **out, const struct atls_key *key, struct atls_diag *diag)
{
    ERR_set_mark();
    BIO *bio = BIO_new(BIO_s_mem());
    const bool written = bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1;
    enum atls_err err = to_pem(out, bio, written, diag);
    ERR_pop_to_mark();
    return err;
}

enum atls_err atls_key_to_private_pem(char **out, const struct atls_key *key,
                                      struct atls_diag *diag)
{
    ERR_set_mark();
    BIO *bio = BIO_new(BIO_s_secmem());
    const bool written =
        bio != NULL && PEM_write_bio_PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
    enum atls_err err = to_pem(out, bio, written, diag);
    ERR_pop_to_mark();
    return err;
}

void atls_pem_free(char *pem)
{
    if (pem != NULL) {
        OPENSSL_clear_free(pem, strlen(pem) + 1);
    }
}

enum atls_err atls_key_private(const struct atls_key *key, struct atls_buf out, size_t *out_len)
{
    if (key->curve == NULL) {
        return ATLS_ERR_KEY;
    }
    size_t len = key->curve->field_len;
    if (out.cap < len) {
        return ATLS_ERR_BUFFER;
    }
    bool done = false;
    ERR_set_mark();
    if (key->curve->group == NULL) {
        done = EVP_PKEY_get_raw_private_key(key->pkey, out.data, &len) == 1;
    } else {
        BIGNUM *scalar = NULL;
        done = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
               BN_bn2binpad(scalar, out.data, (int)len) == (int)len;
        BN_clear_free(scalar);
    }
    ERR_pop_to_mark();
    if (!done) {
        return ATLS_ERR_KEY;
    }
    *out_len = len;
    return ATLS_OK;
}

/* rsa_exponent copies the private exponent of an RSA key at the width of its modulus. */
static enum atls_err rsa_exponent(const struct atls_key *key, struct atls_buf out, size_t *out_len)
{
    BIGNUM *exponent = NULL;
    const int len = EVP_PKEY_get_size(key->pkey);
    ERR_set_mark();
    const bool done = len > 0 && (size_t)len <= out.cap &&
                      EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_D, &exponent) == 1 &&
                      BN_bn2binpad(exponent, out.data, len) == len;
    BN_clear_free(exponent);
    ERR_pop_to_mark();
    if (!done) {
        return ATLS_ERR_KEY;
    }
    *out_len = (size_t)len;
    return ATLS_OK;
}

enum atls_err atls_key_derive(struct atls_digest *out, const struct atls_crypto_ops *crypto,
                              const struct atls_key *key, struct atls_bytes label)
{
    uint8_t secret[ATLS_MAX_RSA_BITS / 8];
    const struct atls_buf room = {secret, sizeof secret};
    size_t len = 0;
    enum atls_err err =
        key->curve != NULL ? atls_key_private(key, room, &len) : rsa_exponent(key, room, &len);
    if (err == ATLS_OK) {
        err = crypto->hmac(ATLS_ALG_SHA256, atls_bytes_of(secret, len), &label, 1, out);
    }
    atls_wipe(secret, sizeof secret);
    return err;
}

static EVP_PKEY *import_ec_private(const struct curve *curve, struct atls_bytes scalar,
                                   struct atls_bytes point)
{
    BIGNUM *number = BN_secure_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, curve->type, NULL);
    if (number != NULL && BN_bin2bn(scalar.data, (int)scalar.len, number) != NULL &&
        build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) ==
            1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(number);
    return pkey;
}

static bool is_pair(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    const bool pair = context != NULL && EVP_PKEY_pairwise_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return pair;
}

enum atls_err atls_key_from_private(struct atls_key **out, int32_t crv,
                                    struct atls_bytes private_key, struct atls_bytes point,
                                    struct atls_diag *diag)
{
    const struct curve *curve = atls_curve_by_crv(crv);
    if (curve == NULL) {
        return atls_fail(diag, ATLS_ERR_ALGORITHM, step, "crv");
    }
    if (private_key.len != curve->field_len || point.len != curve->point_len) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "private and public key", NULL,
                               "both at the full width of the curve");
    }
    ERR_set_mark();
    EVP_PKEY *pkey = curve->group != NULL
                         ? import_ec_private(curve, private_key, point)
                         : EVP_PKEY_new_raw_private_key_ex(NULL, curve->type, NULL,
                                                           private_key.data, private_key.len);
    struct atls_key *key = NULL;
    enum atls_err err = ATLS_ERR_MALFORMED;
    if (pkey != NULL && (curve->group == NULL || is_pair(pkey))) {
        err = atls_key_wrap_evp(&key, pkey, diag);
    }
    EVP_PKEY_free(pkey);
    ERR_pop_to_mark();
    if (err == ATLS_OK && !atls_bytes_equal(atls_key_point(key), point)) {
        atls_key_free(key);
        err = ATLS_ERR_MALFORMED;
    }
    if (err != ATLS_OK) {
        return atls_fail_texts(diag, err, step, "private and public key", NULL,
                               "a private key and its own public key");
    }
    *out = key;
    return ATLS_OK;
}
