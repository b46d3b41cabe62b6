/* SPDX-License-Identifier: Apache-2.0 */
/* Key management of the provider: what OpenSSL may know of a TPM key, which is its public half. */
#include "attester/tpm2/provider.h"

#include "base/span.h"
#include "codec/cose.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <stdlib.h>

struct curve {
    int32_t crv;
    const char *group;
    const char *other_group;
    size_t field_len;
    int bits, security_bits;
};

static const struct curve curves[] = {
    {ATLS_CRV_P256, SN_X9_62_prime256v1, "P-256", 32, 256, 128},
    {ATLS_CRV_P384, SN_secp384r1, "P-384", 48, 384, 192},
};

static const struct curve *curve_of(const struct atls_tpm_pkey *pkey)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        if (curves[i].crv == pkey->point.crv) {
            return &curves[i];
        }
    }
    return NULL;
}

const char *atls_tpm_pkey_group(const struct atls_tpm_pkey *pkey)
{
    const struct curve *curve = curve_of(pkey);
    return curve != NULL ? curve->group : NULL;
}

static void *new_data(void *provider)
{
    (void)provider;
    return calloc(1, sizeof(struct atls_tpm_pkey));
}

static void free_data(void *data)
{
    struct atls_tpm_pkey *pkey = data;
    if (pkey != NULL) {
        atls_tpm_key_unref(pkey->key);
        free(pkey);
    }
}

static int has(const void *data, int selection)
{
    const struct atls_tpm_pkey *pkey = data;
    if (pkey == NULL || curve_of(pkey) == NULL) {
        return 0;
    }
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || pkey->key != NULL;
}

static int match(const void *data1, const void *data2, int selection)
{
    const struct atls_tpm_pkey *a = data1, *b = data2;
    (void)selection; /* the public half tells keys apart, whatever is asked for */
    return a->point.len != 0 && atls_bytes_equal(atls_bytes_of(a->point.data, a->point.len),
                                                 atls_bytes_of(b->point.data, b->point.len));
}

/* import_public takes the public key of a certificate, for EVP_PKEY_eq. */
static int import_public(struct atls_tpm_pkey *pkey, const OSSL_PARAM params[])
{
    const OSSL_PARAM *group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
    const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
    const char *name = NULL;
    const void *octets = NULL;
    size_t len = 0;
    if (group == NULL || point == NULL || !OSSL_PARAM_get_utf8_string_ptr(group, &name) ||
        !OSSL_PARAM_get_octet_string_ptr(point, &octets, &len)) {
        return 0;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        const struct curve *curve = &curves[i];
        if (strcmp(name, curve->group) != 0 && strcmp(name, curve->other_group) != 0) {
            continue;
        }
        const struct atls_bytes encoded = {octets, len};
        if (encoded.len != 1 + 2 * curve->field_len || encoded.data[0] != 0x04) {
            return 0;
        }
        pkey->point.crv = curve->crv;
        pkey->point.field_len = curve->field_len;
        pkey->point.len = encoded.len;
        memcpy(pkey->point.data, encoded.data, encoded.len);
        return 1;
    }
    return 0;
}

static int import(void *data, int selection, const OSSL_PARAM params[])
{
    struct atls_tpm_pkey *pkey = data;
    (void)selection;
    const OSSL_PARAM *own = OSSL_PARAM_locate_const(params, ATLS_TPM_PARAM_KEY);
    struct atls_tpm_key *key = NULL;
    if (own == NULL) {
        return import_public(pkey, params);
    }
    if (own->data_type != OSSL_PARAM_OCTET_STRING || own->data_size != sizeof key) {
        return 0;
    }
    memcpy(&key, own->data, sizeof key);
    pkey->key = atls_tpm_key_ref(key);
    pkey->point = key->point;
    return 1;
}

static const OSSL_PARAM *import_types(int selection)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return types;
}

/* export gives away the public half only. Asked for more it refuses, whereupon OpenSSL comes back
 * to this provider for the signature, instead of taking the half for the whole. */
static int export(void *data, int selection, OSSL_CALLBACK *callback, void *argument)
{
    struct atls_tpm_pkey *pkey = data;
    const struct curve *curve = curve_of(pkey);
    if (curve == NULL || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
        return 0;
    }
    char group[32];
    strncpy(group, curve->group, sizeof group - 1);
    group[sizeof group - 1] = '\0';
    OSSL_PARAM params[3];
    size_t num = 0;
    if ((selection & OSSL_KEYMGMT_SELECT_ALL_PARAMETERS) != 0) {
        params[num++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    }
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0) {
        params[num++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, pkey->point.data,
                                                          pkey->point.len);
    }
    params[num] = OSSL_PARAM_construct_end();
    return callback(params, argument);
}

static bool set_int(OSSL_PARAM params[], const char *name, int value)
{
    OSSL_PARAM *param = OSSL_PARAM_locate(params, name);
    return param == NULL || OSSL_PARAM_set_int(param, value) == 1;
}

static bool set_text(OSSL_PARAM params[], const char *name, const char *value)
{
    OSSL_PARAM *param = OSSL_PARAM_locate(params, name);
    return param == NULL || OSSL_PARAM_set_utf8_string(param, value) == 1;
}

static bool set_point(OSSL_PARAM params[], const char *name, const struct atls_tpm_point *point)
{
    OSSL_PARAM *param = OSSL_PARAM_locate(params, name);
    return param == NULL || OSSL_PARAM_set_octet_string(param, point->data, point->len) == 1;
}

static const char *hash_name(const struct atls_tpm_pkey *pkey)
{
    const TPMT_ECC_SCHEME *scheme =
        pkey->key != NULL ? &pkey->key->file.public_area.publicArea.parameters.eccDetail.scheme
                          : NULL;
    if (scheme != NULL && scheme->scheme != TPM2_ALG_NULL) {
        return scheme->details.ecdsa.hashAlg == TPM2_ALG_SHA512   ? "SHA512"
               : scheme->details.ecdsa.hashAlg == TPM2_ALG_SHA384 ? "SHA384"
                                                                  : "SHA256";
    }
    return pkey->point.crv == ATLS_CRV_P384 ? "SHA384" : "SHA256";
}

static int get_params(void *data, OSSL_PARAM params[])
{
    const struct atls_tpm_pkey *pkey = data;
    const struct curve *curve = curve_of(pkey);
    return curve != NULL && set_int(params, OSSL_PKEY_PARAM_BITS, curve->bits) &&
           set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, curve->security_bits) &&
           set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, (int)(8 + 2 * curve->field_len)) &&
           set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, curve->group) &&
           set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, hash_name(pkey)) &&
           set_text(params, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") &&
           set_text(params, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_GROUP) &&
           set_point(params, OSSL_PKEY_PARAM_PUB_KEY, &pkey->point) &&
           set_point(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, &pkey->point);
}

static const OSSL_PARAM *gettable_params(void *provider)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provider;
    return params;
}

static const char *operation_name(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* duplicate shares the TPM key. */
static void *duplicate(const void *data, int selection)
{
    const struct atls_tpm_pkey *pkey = data;
    struct atls_tpm_pkey *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *pkey;
    if (pkey->key != NULL && (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
        atls_tpm_key_ref(copy->key);
    } else {
        copy->key = NULL;
    }
    return copy;
}

const OSSL_DISPATCH atls_tpm_keymgmt[] = {
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_data},
    {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))free_data},
    {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))has},
    {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))match},
    {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))import},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))import_types},
    {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void)) export},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))import_types},
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))operation_name},
    {OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))duplicate},
    {0, NULL},
};
