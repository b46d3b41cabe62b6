/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: one type for public and private keys, which may live in a provider (a TPM). A key does
 * not change once made, so threads share it freely; it must not be freed while in use.
 *
 * Taken are EC P-256, P-384, P-521 (uncompressed points, named curves), Ed25519, Ed448 and RSA of
 * 2048 to 16384 bits. Errors of every function that makes a key: ATLS_ERR_MALFORMED for octets
 * that are no such key (a point that is not on its curve among them), ATLS_ERR_ALGORITHM for a
 * key of another type, curve or size; from PEM, which is a file of ours, ATLS_ERR_KEY.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/crypto_ops.h"
#include "codec/cose.h"

#include <stdbool.h>

struct evp_pkey_st;

#define ATLS_MIN_RSA_BITS 2048
#define ATLS_MAX_RSA_BITS 16384

/* atls_key_free wipes and frees; NULL is fine. atls_key_cleanup is the same for ATLS_AUTO. */
void atls_key_free(struct atls_key *key);
void atls_key_cleanup(struct atls_key **key);

/* atls_key_generate makes a private key on a curve of codec/cose.h (ATLS_CRV_...). */
ATLS_NODISCARD enum atls_err atls_key_generate(struct atls_key **out, int32_t crv,
                                               struct atls_diag *diag);
/* atls_key_generate_rsa makes a private RSA key, for simulated makers whose chains have them. */
ATLS_NODISCARD enum atls_err atls_key_generate_rsa(struct atls_key **out, unsigned bits,
                                                   struct atls_diag *diag);

/*
 * atls_key_from_pem reads a SubjectPublicKeyInfo ("PUBLIC KEY") or a private key, also one that a
 * loaded OpenSSL provider decodes. Encrypted keys are refused, never asked for.
 */
ATLS_NODISCARD enum atls_err atls_key_from_pem(struct atls_key **out, struct atls_bytes pem,
                                               struct atls_diag *diag);
/* atls_key_from_spki_der reads exactly one DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). EC and
 * EdDSA keys do not go through OpenSSL's decoder, which costs twice an ES256 verification. */
ATLS_NODISCARD enum atls_err atls_key_from_spki_der(struct atls_key **out, struct atls_bytes spki,
                                                    struct atls_diag *diag);
/* atls_key_from_cose takes the public key of a COSE_Key (RFC 9053, 7; RFC 8230 for RSA). */
ATLS_NODISCARD enum atls_err
atls_key_from_cose(struct atls_key **out, const struct atls_cose_key *cose, struct atls_diag *diag);
/* atls_key_from_ec_point takes 04 || x || y, or for ATLS_CRV_ED25519 and ED448 the raw key. */
ATLS_NODISCARD enum atls_err atls_key_from_ec_point(struct atls_key **out, int32_t crv,
                                                    struct atls_bytes point,
                                                    struct atls_diag *diag);
/* atls_key_from_rsa takes modulus and exponent, big-endian without leading zeros. */
ATLS_NODISCARD enum atls_err atls_key_from_rsa(struct atls_key **out, struct atls_bytes n,
                                               struct atls_bytes e, struct atls_diag *diag);
/*
 * atls_key_from_private takes a raw private key with its public one: for EC the scalar, for
 * EdDSA the seed, each at full width. The two must belong together.
 */
ATLS_NODISCARD enum atls_err atls_key_from_private(struct atls_key **out, int32_t crv,
                                                   struct atls_bytes private_key,
                                                   struct atls_bytes point, struct atls_diag *diag);

/* atls_key_wrap_evp makes a key of an EVP_PKEY and takes a reference of its own to it.
 * atls_key_evp lends the EVP_PKEY, valid as long as the key. */
ATLS_NODISCARD enum atls_err atls_key_wrap_evp(struct atls_key **out, struct evp_pkey_st *pkey,
                                               struct atls_diag *diag);
struct evp_pkey_st *atls_key_evp(const struct atls_key *key);

/* atls_key_spki writes the DER SubjectPublicKeyInfo, at most ATLS_MAX_SPKI_LEN octets. */
ATLS_NODISCARD enum atls_err atls_key_spki(const struct atls_key *key, struct atls_buf out,
                                           size_t *out_len);
/* atls_key_to_cose lends the public key's parts: spans live as long as the key. */
void atls_key_to_cose(const struct atls_key *key, struct atls_cose_key *out);
/* atls_key_point lends 04 || x || y, or the raw EdDSA key; empty for RSA. */
struct atls_bytes atls_key_point(const struct atls_key *key);
/* atls_key_private copies the raw private key of an EC or EdDSA key at full width.
 * ATLS_ERR_KEY when there is none or it cannot leave its provider. The caller wipes `out`. */
ATLS_NODISCARD enum atls_err atls_key_private(const struct atls_key *key, struct atls_buf out,
                                              size_t *out_len);
/* atls_key_derive gives a secret that everybody with this private key has, another for each label:
 * HMAC-SHA256 of the label under the private key, of RSA its exponent. ATLS_ERR_KEY as above. The
 * caller wipes `out`. */
ATLS_NODISCARD enum atls_err atls_key_derive(struct atls_digest *out,
                                             const struct atls_crypto_ops *crypto,
                                             const struct atls_key *key, struct atls_bytes label);

/* PEM of the public or the private part (PKCS #8, not encrypted), NUL-terminated; the caller
 * frees with atls_pem_free, which wipes. */
ATLS_NODISCARD enum atls_err atls_key_to_public_pem(char **out, const struct atls_key *key,
                                                    struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_key_to_private_pem(char **out, const struct atls_key *key,
                                                     struct atls_diag *diag);
void atls_pem_free(char *pem);

/* atls_key_is_public is true when the key certainly has no private part: it then does not sign. */
bool atls_key_is_public(const struct atls_key *key);
/* atls_key_default_alg gives the one algorithm that we use with this key: ES256, ES384,
 * ES512 by curve, EdDSA, PS256 for RSA. */
int32_t atls_key_default_alg(const struct atls_key *key);
/* atls_key_takes_alg is true when `alg` fits the type and curve of the key. */
bool atls_key_takes_alg(const struct atls_key *key, int32_t alg);
/* atls_key_signature_len gives the octets of a signature by this key in COSE's form. */
size_t atls_key_signature_len(const struct atls_key *key);
/* atls_key_equal compares the public keys. */
bool atls_key_equal(const struct atls_key *a, const struct atls_key *b);

#endif
