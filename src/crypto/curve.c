/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The curves. DER has one encoding only, so that a SubjectPublicKeyInfo on one of these curves is
 * a constant and the point: RFC 5480, 2.1.1 and 2.2 (named curve, uncompressed), RFC 8410, 4.
 */
#include "crypto/key_internal.h"

#include "base/span.h"

#include <openssl/core_names.h>

static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t p384[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                               0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                               0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
static const uint8_t p521[] = {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                               0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
                               0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00};
static const uint8_t ed25519[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                  0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t ed448[] = {0x30, 0x43, 0x30, 0x05, 0x06, 0x03,
                                0x2b, 0x65, 0x71, 0x03, 0x3a, 0x00};

static const struct curve curves[] = {
    {ATLS_CRV_P256, ATLS_KTY_EC2, ATLS_ALG_ES256, "EC", "P-256", 32, 65, 64, {p256, sizeof p256}},
    {ATLS_CRV_P384, ATLS_KTY_EC2, ATLS_ALG_ES384, "EC", "P-384", 48, 97, 96, {p384, sizeof p384}},
    {ATLS_CRV_P521, ATLS_KTY_EC2, ATLS_ALG_ES512, "EC", "P-521", 66, 133, 132, {p521, sizeof p521}},
    {ATLS_CRV_ED25519,
     ATLS_KTY_OKP,
     ATLS_ALG_EDDSA,
     "ED25519",
     NULL,
     32,
     32,
     64,
     {ed25519, sizeof ed25519}},
    {ATLS_CRV_ED448,
     ATLS_KTY_OKP,
     ATLS_ALG_EDDSA,
     "ED448",
     NULL,
     57,
     57,
     114,
     {ed448, sizeof ed448}},
};

const struct curve *atls_curve_by_crv(int32_t crv)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        if (curves[i].crv == crv) {
            return &curves[i];
        }
    }
    return NULL;
}

const struct curve *atls_curve_by_spki(struct atls_bytes spki)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        const struct atls_bytes prefix = curves[i].spki;
        if (spki.len == prefix.len + curves[i].point_len &&
            memcmp(spki.data, prefix.data, prefix.len) == 0) {
            return &curves[i];
        }
    }
    return NULL;
}
