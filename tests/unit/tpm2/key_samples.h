/* SPDX-License-Identifier: Apache-2.0 */
/* A key file that no TPM made: well-formed in all that can be checked without one. */
#ifndef KEY_SAMPLES_H
#define KEY_SAMPLES_H

#include "attester/tpm2/key_file.h"
#include "attester/tpm2/public.h"
#include "support/check.h"
#include "support/memory.h"

/* The generators of the two curves (SEC 2, 2.4.2 and 2.5.1): points that are on them. */
#define P256_X "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_Y "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define P384_X                                                                                     \
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e387276" \
    "0ab7"
#define P384_Y                                                                                     \
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea" \
    "0e5f"

static inline void set_point(TPMT_PUBLIC *area, const char *x, const char *y)
{
    const struct atls_bytes x_octets = test_hex(x), y_octets = test_hex(y);
    area->unique.ecc.x.size = (UINT16)x_octets.len;
    area->unique.ecc.y.size = (UINT16)y_octets.len;
    memcpy(area->unique.ecc.x.buffer, x_octets.data, x_octets.len);
    memcpy(area->unique.ecc.y.buffer, y_octets.data, y_octets.len);
}

static inline struct atls_tpm_key_file sample_key(void)
{
    struct atls_tpm_key_file file = {.parent = TPM2_RH_OWNER};
    file.public_area.publicArea = atls_tpm_tls_template;
    set_point(&file.public_area.publicArea, P256_X, P256_Y);
    file.private_area.size = 126;
    for (size_t i = 0; i < 126; i++) {
        file.private_area.buffer[i] = (BYTE)(0xa0 + 3 * i);
    }
    return file;
}

static inline struct atls_tpm_key_file sample_key_p384(void)
{
    struct atls_tpm_key_file file = sample_key();
    TPMT_PUBLIC *area = &file.public_area.publicArea;
    area->parameters.eccDetail.curveID = TPM2_ECC_NIST_P384;
    area->parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA384;
    set_point(area, P384_X, P384_Y);
    return file;
}

#endif
