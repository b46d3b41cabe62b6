/* SPDX-License-Identifier: Apache-2.0 */
/* What a key is made of, for the files of this room. */
#ifndef CRYPTO_KEY_INTERNAL_H
#define CRYPTO_KEY_INTERNAL_H

#include "crypto/key.h"
#include "crypto/prepared.h"

#include <openssl/evp.h>

/* 04 || x || y of P-521. */
#define MAX_POINT_LEN 133

/* What is fixed for a curve. */
struct curve {
    int32_t crv;
    int32_t kty;
    int32_t alg;
    const char *type;       /* OpenSSL's key type */
    const char *group;      /* OpenSSL's group name; NULL for EdDSA */
    size_t field_len;       /* octets of a coordinate, a scalar, a seed */
    size_t point_len;       /* octets of the public key as it stands in the SPKI */
    size_t signature_len;   /* in COSE's form */
    struct atls_bytes spki; /* everything of the DER SubjectPublicKeyInfo before the point */
};

struct atls_key {
    EVP_PKEY *pkey;
    const struct curve *curve;      /* NULL for RSA */
    bool public_only;               /* there is certainly no private part */
    struct atls_prepared *prepared; /* of an EC key in OpenSSL's own provider; else NULL */
    uint8_t point[MAX_POINT_LEN];
    struct atls_bytes n, e; /* RSA; on the heap, owned */
};

/* atls_curve_by_crv gives NULL for an unknown curve. */
const struct curve *atls_curve_by_crv(int32_t crv);
/* atls_curve_by_spki finds the curve whose SubjectPublicKeyInfo `spki` is, point and all. */
const struct curve *atls_curve_by_spki(struct atls_bytes spki);

#endif
