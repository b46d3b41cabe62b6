/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of made-up makers of roots of trust (include from tests that link room_crypto). */
#ifndef SUPPORT_CHAINS_H
#define SUPPORT_CHAINS_H

#include "support/check.h"
#include "support/keys.h"
#include "support/memory.h"

#include "crypto/issue.h"

#include <stdlib.h>

#define TEST_CHAIN_NOW INT64_C(1784073600) /* 2026-07-15 */
#define TEST_DAY       INT64_C(86400)

/* One certificate and the key that it is about. */
struct test_cert {
    struct atls_bytes der;
    struct atls_key *key;
};

/* The leaf first; what each says may be changed, and the chain then be made again. */
struct test_chain {
    const struct atls_chain_profile *profile;
    struct test_cert certs[ATLS_MAX_CHAIN];
    struct atls_issue_spec specs[ATLS_MAX_CHAIN];
    struct atls_bytes ders[ATLS_MAX_CHAIN];
    size_t len;
};

static inline struct atls_key *test_maker_key(const struct atls_chain_profile *profile,
                                              size_t index)
{
    static struct atls_key *rsa[2]; /* made once: making one takes long */
    if (index > 0 && profile->signature == ATLS_CHAIN_PSS_SHA384) {
        assert_true(index <= 2);
        rsa[index - 1] = rsa[index - 1] != NULL ? rsa[index - 1] : test_rsa_key(2048);
        return rsa[index - 1];
    }
    const bool small = index > 0 ? profile->signature == ATLS_CHAIN_ECDSA_SHA256
                                 : profile->leaf_crv == ATLS_CRV_P256;
    return test_key(small ? ATLS_CRV_P256 : ATLS_CRV_P384);
}

static inline struct atls_bytes test_issue(const struct atls_issue_spec *spec,
                                           const struct atls_key *subject, struct atls_bytes above,
                                           const struct atls_key *key)
{
    uint8_t *der = NULL;
    size_t len = 0;
    const struct atls_issuer issuer = {above, key};
    assert_err(atls_issue_cert(&der, &len, spec, subject, &issuer, NULL), OK);
    const struct atls_bytes made = test_copy(atls_bytes_of(der, len));
    free(der);
    return made;
}

/* test_chain_sign makes all certificates of what the specifications say now. */
static inline void test_chain_sign(struct test_chain *chain)
{
    for (size_t i = chain->len; i-- > 0;) {
        const bool is_root = i + 1 == chain->len;
        const struct test_cert *above = &chain->certs[is_root ? i : i + 1];
        chain->certs[i].der = test_issue(&chain->specs[i], chain->certs[i].key,
                                         is_root ? atls_bytes_of(NULL, 0) : above->der, above->key);
        chain->ders[i] = chain->certs[i].der;
    }
}

/* test_chain_make makes one that holds at TEST_CHAIN_NOW; `names` are common names. */
static inline struct test_chain test_chain_make(const struct atls_chain_profile *profile,
                                                const char *const *names, size_t len)
{
    struct test_chain chain = {.profile = profile, .len = len};
    for (size_t i = 0; i < len; i++) {
        const struct atls_issue_spec spec = {
            .common_name = names[i],
            .serial = i == 0 && profile->bare_leaf ? 0 : 100 + i,
            .not_before_s = TEST_CHAIN_NOW - TEST_DAY,
            .not_after_s = TEST_CHAIN_NOW + TEST_DAY,
            .bare = i == 0 && profile->bare_leaf,
            .is_ca = i > 0,
            .path_len = i > 0 && i + 1 < len ? (long)i - 1 : ATLS_ISSUE_NO_PATH_LEN,
            .usage =
                i == 0 ? ATLS_ISSUE_DIGITAL_SIGNATURE : ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN,
            .signature = profile->signature,
        };
        chain.specs[i] = spec;
        chain.certs[i].key = test_maker_key(profile, i);
    }
    test_chain_sign(&chain);
    return chain;
}

/* test_crl makes a list of certificate `issuer` of a chain. */
static inline struct atls_bytes test_crl(const struct test_chain *chain, size_t issuer,
                                         const struct atls_issue_crl_spec *spec)
{
    uint8_t *der = NULL;
    size_t len = 0;
    const struct atls_issuer by = {chain->certs[issuer].der, chain->certs[issuer].key};
    assert_err(atls_issue_crl(&der, &len, spec, &by, NULL), OK);
    const struct atls_bytes made = test_copy(atls_bytes_of(der, len));
    free(der);
    return made;
}

static const char *const test_amd_names[] ATLS_UNUSED = {"SEV-VCEK", "SEV-Milan", "ARK-Milan"};
static const char *const test_pck_names[] ATLS_UNUSED = {
    "Intel SGX PCK Certificate", "Intel SGX PCK Platform CA", "Intel SGX Root CA"};
static const char *const test_tcb_names[] ATLS_UNUSED = {"Intel SGX TCB Signing",
                                                         "Intel SGX Root CA"};
static const char *const test_nitro_names[] ATLS_UNUSED = {
    "i-1.example.aws", "i-1.example", "zonal.example", "region.example", "aws.nitro-enclaves"};

#endif
