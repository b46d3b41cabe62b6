/* SPDX-License-Identifier: Apache-2.0 */
/* PSA tokens of tests: claim by claim in any form, and signed anew each time. */
#ifndef SUPPORT_PSA_MAKER_H
#define SUPPORT_PSA_MAKER_H

#include "support/cbor.h"
#include "support/keys.h"

/* Labels of RFC 9783. */
enum {
    TEST_PSA_NONCE = 10,
    TEST_PSA_INSTANCE_ID = 256,
    TEST_PSA_PROFILE = 265,
    TEST_PSA_BOOT_SEED = 268,
    TEST_PSA_CLIENT_ID = 2394,
    TEST_PSA_LIFECYCLE = 2395,
    TEST_PSA_IMPLEMENTATION_ID = 2396,
    TEST_PSA_CERTIFICATION_REFERENCE = 2398,
    TEST_PSA_COMPONENTS = 2399,
    TEST_PSA_SERVICE_INDICATOR = 2400
};

struct test_psa {
    struct test_map claims;
    struct test_map unprotected;
    struct atls_key *key;
    int32_t alg;
};

/* test_psa_init gives every claim of RFC 9783, with two components "BL" and "PRoT"; nonce 32 times
 * 4e, instance-id 01 and 32 times `instance`, implementation-id 32 times 49. The signature is
 * ES256 by `key`. */
void test_psa_init(struct test_psa *token, struct atls_key *key, uint8_t instance);
void test_psa_set(struct test_psa *token, int64_t label, struct atls_bytes encoded);
void test_psa_drop(struct test_psa *token, int64_t label);
/* test_psa_component gives a component's map; NULL texts and empty spans leave a member out. */
struct atls_bytes test_psa_component(const char *type, const char *version, struct atls_bytes value,
                                     struct atls_bytes signer_id);
/* test_psa_sign gives COSE_Sign1 in tag 18. */
struct atls_bytes test_psa_sign(const struct test_psa *token);
/* test_psa_envelope is the same around any payload. */
struct atls_bytes test_psa_envelope(const struct test_psa *token, struct atls_bytes payload);

/* What test_psa_init puts in. */
struct atls_bytes test_psa_nonce(void);
struct atls_bytes test_psa_instance(uint8_t instance);
struct atls_bytes test_psa_implementation(void);

#endif
