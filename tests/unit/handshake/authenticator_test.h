/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of exported authenticators share: an exporter made of the exporter_master_secret
 * of RFC 8448, section 3, and a certificate on the key of RFC 8032, section 7.1, test 1.
 */
#ifndef TEST_AUTHENTICATOR_TEST_H
#define TEST_AUTHENTICATOR_TEST_H

#include "binder_test.h"

#include "crypto/key.h"
#include "handshake/authenticator.h"

enum { CMW_TYPE = 0xffa8 };

struct test_exporter {
    struct atls_exporter exporter;
    struct atls_bytes secret;
};

/* test_export is RFC 8446, 7.5, over HKDF-Expand-Label. */
static inline enum atls_err test_export(void *arg, const char *label, struct atls_bytes context,
                                        struct atls_buf out)
{
    const struct test_exporter *self = arg;
    const int32_t alg = self->exporter.hash_alg;
    struct atls_digest none, hashed, derived, value;
    assert_err(ops()->hash(alg, atls_bytes_of("", 0), &none), OK);
    assert_err(ops()->hash(alg, context, &hashed), OK);
    assert_err(atls_hkdf_expand_label(ops(), alg, self->secret, label, atls_digest_bytes(&none),
                                      atls_hash_len(alg), &derived),
               OK);
    assert_err(atls_hkdf_expand_label(ops(), alg, atls_digest_bytes(&derived), "exporter",
                                      atls_digest_bytes(&hashed), out.cap, &value),
               OK);
    memcpy(out.data, value.data, out.cap);
    return ATLS_OK;
}

static inline void test_exporter_init(struct test_exporter *out, int32_t alg,
                                      struct atls_bytes secret)
{
    out->exporter.take = test_export;
    out->exporter.arg = out;
    out->exporter.hash_alg = alg;
    out->secret = secret;
}

static inline struct atls_bytes test_rfc8448_exporter_secret(void)
{
    return test_hex("fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");
}

/* Keys of one side of the connection of RFC 8448. */
static inline struct atls_authenticator_keys test_keys_of(enum atls_role maker)
{
    struct test_exporter exporter;
    struct atls_authenticator_keys keys;
    test_exporter_init(&exporter, ATLS_ALG_SHA256, test_rfc8448_exporter_secret());
    assert_err(atls_authenticator_keys_take(&keys, &exporter.exporter, maker, NULL), OK);
    return keys;
}

static inline struct atls_bytes test_ed25519_cert(void)
{
    return test_hex(
        "3081c9307da003020102020101300506032b6570300e310c300a06035504030c036b61743020170d3236303130"
        "313030303030305a180f32303536303130313030303030305a300e310c300a06035504030c036b6174302a3005"
        "06032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a300506032b"
        "65700341002c3e5dc1524c597de3c455c8e00345b1c8dcc88af684d297ab5842b9c1f9f8b5897f623d5dc55f71"
        "d69438b485221c4f38631ec0e7a46fd6d2c17c6055ad0704");
}

/* The caller frees it. */
static inline struct atls_key *test_ed25519_key(void)
{
    struct atls_key *key = NULL;
    const struct atls_bytes seed =
        test_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const struct atls_bytes point =
        test_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_err(atls_key_from_private(&key, ATLS_CRV_ED25519, seed, point, NULL), OK);
    return key;
}

static inline struct atls_authenticator_request test_request_of(const char *hex)
{
    struct atls_authenticator_request request;
    assert_err(atls_authenticator_request_parse(&request, test_hex(hex), CMW_TYPE, NULL), OK);
    return request;
}

/* A client asks for cmw_attestation, with ed25519 and ecdsa_secp256r1_sha256. */
#define TEST_CLIENT_ASKS                                                                           \
    "11000021 10 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 000e 000d 0006 0004 0807 0403 ffa8 0000"
/* A server asks, for no attestation. */
#define TEST_SERVER_ASKS                                                                           \
    "0d00001d 10 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 000a 000d 0006 0004 0807 0403"
/* A toy CMW: the binder itself. */
#define TEST_CMW "8319fde75820e81aae3948db4cb6ba5b00b01741ea60b157f3a5f16bd6182a72ec27c2106e4b04"

#endif
