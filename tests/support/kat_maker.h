/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of key and platform attestation for tests, part by part, and signed anew each time. */
#ifndef SUPPORT_KAT_MAKER_H
#define SUPPORT_KAT_MAKER_H

#include "support/psa_maker.h"

/* Labels of a kat. */
enum { TEST_KAT_CNF = 8, TEST_KAT_NONCE = 10, TEST_KAT_KAK_PUB = 2500 };

struct test_kat {
    struct atls_key *kak, *identity;
    struct test_map claims; /* of the kat */
    struct test_map unprotected;
    bool tagged;         /* the kat has tag 18 */
    struct test_psa pat; /* its nonce is the kak's when test_kat_init gives it */
};

/* test_kat_init gives a bundle of the platform of test_psa_init(…, instance) and two keys on P-256;
 * nonce 64 times 4e. */
void test_kat_init(struct test_kat *kat, struct atls_key *platform, uint8_t instance);
/* test_kat_key gives a COSE_Key. */
struct atls_bytes test_kat_key(const struct atls_key *key);
/* test_kat_token signs the claims by the kak. */
struct atls_bytes test_kat_token(const struct test_kat *kat);
/* test_kat_record gives [type, value, 4]; test_kat_collection the bundle of two items. */
struct atls_bytes test_kat_record(const char *type, struct atls_bytes value);
struct atls_bytes test_kat_collection(struct atls_bytes kat_item, struct atls_bytes pat_item);
/* test_kat_bundle does all of it. */
struct atls_bytes test_kat_bundle(const struct test_kat *kat);
struct atls_bytes test_kat_nonce(void);

#define TEST_KAT_TYPE "application/eat+cwt"
#define TEST_KAT_PAT  "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""

#endif
