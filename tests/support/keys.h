/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of tests: made when asked for, freed when the program ends (link room_crypto). */
#ifndef SUPPORT_KEYS_H
#define SUPPORT_KEYS_H

#include "crypto/key.h"

/* test_key makes a private key on a curve of codec/cose.h. */
struct atls_key *test_key(int32_t crv);
/* test_rsa_key makes one of `bits`. */
struct atls_key *test_rsa_key(unsigned bits);
/* test_key_from_pem takes a private or public key of a file. */
struct atls_key *test_key_from_pem(struct atls_bytes pem);
/* test_spki gives the DER SubjectPublicKeyInfo of a key. */
struct atls_bytes test_spki(const struct atls_key *key);
/* test_sign signs `octets` with the key by `alg`. */
struct atls_bytes test_sign(const struct atls_key *key, int32_t alg, struct atls_bytes octets);
/* test_hash hashes `octets`. */
struct atls_bytes test_hash(int32_t alg, struct atls_bytes octets);

#endif
