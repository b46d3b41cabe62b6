/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/public.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "crypto/key.h"

#include <stdlib.h>
#include <tss2/tss2_mu.h>

/* A key that was made in this TPM and is bound to it. */
#define LOCAL_KEY (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN)

/* A key without a password needs no protection against guessing one. With it, each power cut after
 * a use counts as a failed guess (Part 1, 19.8), and a few of those lock the key for hours. */
#define NO_PASSWORD (TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA)

const TPMT_PUBLIC atls_tpm_ak_template = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = LOCAL_KEY | NO_PASSWORD | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
    .parameters.eccDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
                             .scheme = {.scheme = TPM2_ALG_ECDSA,
                                        .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                             .curveID = TPM2_ECC_NIST_P256,
                             .kdf.scheme = TPM2_ALG_NULL},
};

const TPMT_PUBLIC atls_tpm_parent_template = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = LOCAL_KEY | NO_PASSWORD | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
    .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                           .keyBits.aes = 128,
                                           .mode.aes = TPM2_ALG_CFB},
                             .scheme.scheme = TPM2_ALG_NULL,
                             .curveID = TPM2_ECC_NIST_P256,
                             .kdf.scheme = TPM2_ALG_NULL},
};

const TPMT_PUBLIC atls_tpm_tls_template = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = LOCAL_KEY | NO_PASSWORD | TPMA_OBJECT_SIGN_ENCRYPT,
    .parameters.eccDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
                             .scheme = {.scheme = TPM2_ALG_ECDSA,
                                        .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                             .curveID = TPM2_ECC_NIST_P256,
                             .kdf.scheme = TPM2_ALG_NULL},
};

int32_t atls_tpm_cose_hash(TPM2_ALG_ID alg)
{
    return alg == TPM2_ALG_SHA256   ? ATLS_ALG_SHA256
           : alg == TPM2_ALG_SHA384 ? ATLS_ALG_SHA384
           : alg == TPM2_ALG_SHA512 ? ATLS_ALG_SHA512
                                    : 0;
}

bool atls_tpm_public_point(struct atls_tpm_point *out, const TPMT_PUBLIC *area)
{
    if (area->type != TPM2_ALG_ECC) {
        return false;
    }
    const TPM2_ECC_CURVE curve = area->parameters.eccDetail.curveID;
    const size_t field_len = curve == TPM2_ECC_NIST_P256   ? 32
                             : curve == TPM2_ECC_NIST_P384 ? 48
                                                           : 0;
    const TPM2B_ECC_PARAMETER *x = &area->unique.ecc.x;
    const TPM2B_ECC_PARAMETER *y = &area->unique.ecc.y;
    if (field_len == 0 || x->size > field_len || y->size > field_len) {
        return false;
    }
    /* Some TPMs leave leading zeros out. */
    memset(out, 0, sizeof *out);
    out->crv = field_len == 32 ? ATLS_CRV_P256 : ATLS_CRV_P384;
    out->field_len = field_len;
    out->len = 1 + 2 * field_len;
    out->data[0] = 0x04;
    memcpy(&out->data[1 + field_len - x->size], x->buffer, x->size);
    memcpy(&out->data[1 + 2 * field_len - y->size], y->buffer, y->size);
    return true;
}

static enum atls_err key_of(struct atls_key **out, const TPMT_PUBLIC *area, struct atls_diag *diag)
{
    struct atls_tpm_point point;
    if (!atls_tpm_public_point(&point, area)) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "public area", "another type",
                               "an elliptic curve key on P-256 or P-384");
    }
    if (atls_key_from_ec_point(out, point.crv, atls_bytes_of(point.data, point.len), diag) !=
        ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "public area",
                               "a point that is not on its curve", NULL);
    }
    return ATLS_OK;
}

enum atls_err atls_tpm_public_spki(struct atls_buf out, size_t *out_len, const TPMT_PUBLIC *area,
                                   struct atls_diag *diag)
{
    struct atls_key *key ATLS_AUTO(atls_key_cleanup) = NULL;
    enum atls_err err = key_of(&key, area, diag);
    if (err == ATLS_OK && (err = atls_key_spki(key, out, out_len)) != ATLS_OK) {
        atls_fail(diag, err, "TPM key", "SubjectPublicKeyInfo");
    }
    return err;
}

enum atls_err atls_tpm_public_pem(char **out, const TPMT_PUBLIC *area, struct atls_diag *diag)
{
    struct atls_key *key ATLS_AUTO(atls_key_cleanup) = NULL;
    const enum atls_err err = key_of(&key, area, diag);
    if (err != ATLS_OK) {
        return err;
    }
    char *pem = NULL;
    const enum atls_err pem_err = atls_key_to_public_pem(&pem, key, diag);
    if (pem_err != ATLS_OK) {
        return pem_err;
    }
    char *copy = strdup(pem);
    atls_pem_free(pem);
    if (copy == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM key", "public key");
    }
    *out = copy;
    return ATLS_OK;
}

enum atls_err atls_tpm_public_encode(struct atls_buf out, size_t *out_len, const TPMT_PUBLIC *area,
                                     struct atls_diag *diag)
{
    size_t len = 0;
    if (Tss2_MU_TPMT_PUBLIC_Marshal(area, out.data, out.cap, &len) != TSS2_RC_SUCCESS) {
        return atls_fail(diag, ATLS_ERR_KEY, "TPM key", "public area");
    }
    *out_len = len;
    return ATLS_OK;
}

bool atls_tpm_public_decode(TPMT_PUBLIC *out, struct atls_bytes octets)
{
    size_t offset = 0;
    memset(out, 0, sizeof *out);
    return Tss2_MU_TPMT_PUBLIC_Unmarshal(octets.data, octets.len, &offset, out) ==
               TSS2_RC_SUCCESS &&
           offset == octets.len;
}

enum atls_err atls_tpm_public_name(TPM2B_NAME *out, const TPMT_PUBLIC *area, struct atls_diag *diag)
{
    uint8_t encoded[ATLS_TPM_MAX_PUBLIC];
    const struct atls_buf room = {encoded, sizeof encoded};
    size_t len = 0;
    const enum atls_err err = atls_tpm_public_encode(room, &len, area, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const int32_t alg = atls_tpm_cose_hash(area->nameAlg);
    struct atls_digest digest;
    if (alg == 0 ||
        atls_crypto_openssl()->hash(alg, atls_bytes_of(encoded, len), &digest) != ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "nameAlg", "another algorithm",
                               "SHA-256, SHA-384 or SHA-512");
    }
    out->size = (UINT16)(2 + digest.len);
    out->name[0] = (BYTE)(area->nameAlg >> 8);
    out->name[1] = (BYTE)area->nameAlg;
    memcpy(&out->name[2], digest.data, digest.len);
    return ATLS_OK;
}

bool atls_tpm_public_is_ak(const TPMT_PUBLIC *area)
{
    const TPMT_PUBLIC *ak = &atls_tpm_ak_template;
    const TPMS_ECC_PARMS *found = &area->parameters.eccDetail;
    const TPMS_ECC_PARMS *wanted = &ak->parameters.eccDetail;
    return area->type == ak->type && area->nameAlg == ak->nameAlg &&
           area->objectAttributes == ak->objectAttributes && area->authPolicy.size == 0 &&
           found->symmetric.algorithm == wanted->symmetric.algorithm &&
           found->scheme.scheme == wanted->scheme.scheme &&
           found->scheme.details.ecdsa.hashAlg == wanted->scheme.details.ecdsa.hashAlg &&
           found->curveID == wanted->curveID && found->kdf.scheme == wanted->kdf.scheme;
}

enum atls_err atls_tpm_public_is_tls(const TPMT_PUBLIC *area, struct atls_diag *diag)
{
    struct atls_tpm_point point;
    const TPMT_ECC_SCHEME *scheme = &area->parameters.eccDetail.scheme;
    const TPMA_OBJECT attributes = area->objectAttributes;
    if (!atls_tpm_public_point(&point, area) || atls_tpm_cose_hash(area->nameAlg) == 0) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "type and curve", "another type",
                               "an elliptic curve key on P-256 or P-384");
    }
    if (scheme->scheme != TPM2_ALG_NULL &&
        (scheme->scheme != TPM2_ALG_ECDSA ||
         atls_tpm_cose_hash(scheme->details.ecdsa.hashAlg) == 0)) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "scheme", "another scheme",
                               "ECDSA with SHA-256, SHA-384 or SHA-512, or none");
    }
    if ((attributes & LOCAL_KEY) != LOCAL_KEY) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "objectAttributes",
                               "a key that was imported or may be duplicated",
                               "fixedTPM, fixedParent and sensitiveDataOrigin");
    }
    if ((attributes & TPMA_OBJECT_SIGN_ENCRYPT) == 0 ||
        (attributes & TPMA_OBJECT_RESTRICTED) != 0 ||
        (attributes & TPMA_OBJECT_USERWITHAUTH) == 0) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "objectAttributes",
                               "a key that cannot sign a handshake",
                               "sign and userWithAuth, and not restricted");
    }
    return ATLS_OK;
}
