/* SPDX-License-Identifier: Apache-2.0 */
#include "support/keys.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "support/memory.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_KEYS 256
static struct atls_key *keys[MAX_KEYS];
static size_t num_keys;

static void free_keys(void)
{
    while (num_keys > 0) {
        atls_key_free(keys[--num_keys]);
    }
}

static struct atls_key *keep(struct atls_key *key, enum atls_err err)
{
    if (err != ATLS_OK || num_keys == MAX_KEYS) {
        fprintf(stderr, "cannot make a test key: %s\n", atls_err_name(err));
        exit(1);
    }
    if (num_keys == 0) {
        atexit(free_keys);
    }
    keys[num_keys++] = key;
    return key;
}

struct atls_key *test_key(int32_t crv)
{
    struct atls_key *key = NULL;
    const enum atls_err err = atls_key_generate(&key, crv, NULL);
    return keep(key, err);
}

struct atls_key *test_rsa_key(unsigned bits)
{
    struct atls_key *key = NULL;
    EVP_PKEY *pkey = EVP_RSA_gen(bits);
    const enum atls_err err = atls_key_wrap_evp(&key, pkey, NULL);
    EVP_PKEY_free(pkey);
    return keep(key, err);
}

struct atls_key *test_key_from_pem(struct atls_bytes pem)
{
    struct atls_key *key = NULL;
    const enum atls_err err = atls_key_from_pem(&key, pem, NULL);
    return keep(key, err);
}

struct atls_bytes test_spki(const struct atls_key *key)
{
    const struct atls_buf room = test_room(ATLS_MAX_SPKI_LEN);
    size_t len = 0;
    if (atls_key_spki(key, room, &len) != ATLS_OK) {
        fprintf(stderr, "a test key has no SubjectPublicKeyInfo\n");
        exit(1);
    }
    return test_copy(atls_bytes_of(room.data, len));
}

struct atls_bytes test_sign(const struct atls_key *key, int32_t alg, struct atls_bytes octets)
{
    const struct atls_buf room = test_room(1024);
    size_t len = 0;
    if (atls_crypto_openssl()->sign(alg, key, &octets, 1, room, &len) != ATLS_OK) {
        fprintf(stderr, "a test key does not sign\n");
        exit(1);
    }
    return test_copy(atls_bytes_of(room.data, len));
}

struct atls_bytes test_hash(int32_t alg, struct atls_bytes octets)
{
    struct atls_digest digest;
    if (atls_crypto_openssl()->hash(alg, octets, &digest) != ATLS_OK) {
        fprintf(stderr, "no such hash in tests\n");
        exit(1);
    }
    return test_copy(atls_digest_bytes(&digest));
}
