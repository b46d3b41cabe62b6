/* SPDX-License-Identifier: Apache-2.0 */
#include "support/psa_maker.h"

#include "base/span.h"
#include "support/memory.h"

static const struct atls_bytes none = {NULL, 0};

struct atls_bytes test_psa_nonce(void)
{
    return test_fill(0x4e, 32);
}

struct atls_bytes test_psa_instance(uint8_t instance)
{
    const struct atls_buf room = test_room(33);
    room.data[0] = 0x01;
    memset(&room.data[1], instance, 32);
    return atls_bytes_of(room.data, 33);
}

struct atls_bytes test_psa_implementation(void)
{
    return test_fill(0x49, 32);
}

void test_psa_set(struct test_psa *token, int64_t label, struct atls_bytes encoded)
{
    test_map_set(&token->claims, test_cbor_int(label), encoded);
}

void test_psa_drop(struct test_psa *token, int64_t label)
{
    test_map_drop(&token->claims, test_cbor_int(label));
}

struct atls_bytes test_psa_component(const char *type, const char *version, struct atls_bytes value,
                                     struct atls_bytes signer_id)
{
    struct test_map map = {.num_pairs = 0};
    if (type != NULL) {
        test_map_set(&map, test_cbor_int(1), test_cbor_text(type));
    }
    if (value.len != 0) {
        test_map_set(&map, test_cbor_int(2), test_cbor_bytes(value));
    }
    if (version != NULL) {
        test_map_set(&map, test_cbor_int(4), test_cbor_text(version));
    }
    if (signer_id.len != 0) {
        test_map_set(&map, test_cbor_int(5), test_cbor_bytes(signer_id));
    }
    return test_map_encode(&map);
}

void test_psa_init(struct test_psa *token, struct atls_key *key, uint8_t instance)
{
    memset(token, 0, sizeof *token);
    token->key = key;
    token->alg = ATLS_ALG_ES256;
    const struct atls_bytes components[] = {
        test_psa_component("BL", "1.0.0", test_fill(0xb1, 32), test_fill(0x51, 32)),
        test_psa_component("PRoT", "2.0.0", test_fill(0xb2, 48), test_fill(0x52, 32)),
    };
    test_psa_set(token, TEST_PSA_NONCE, test_cbor_bytes(test_psa_nonce()));
    test_psa_set(token, TEST_PSA_INSTANCE_ID, test_cbor_bytes(test_psa_instance(instance)));
    test_psa_set(token, TEST_PSA_PROFILE, test_cbor_text("tag:psacertified.org,2023:psa#tfm"));
    test_psa_set(token, TEST_PSA_BOOT_SEED, test_cbor_fill(0xb0, 32));
    test_psa_set(token, TEST_PSA_CLIENT_ID, test_cbor_int(-7));
    test_psa_set(token, TEST_PSA_LIFECYCLE, test_cbor_int(0x3000));
    test_psa_set(token, TEST_PSA_IMPLEMENTATION_ID, test_cbor_bytes(test_psa_implementation()));
    test_psa_set(token, TEST_PSA_CERTIFICATION_REFERENCE, test_cbor_text("1234567890123-12345"));
    test_psa_set(token, TEST_PSA_COMPONENTS, test_array_encode(components, 2));
    test_psa_set(token, TEST_PSA_SERVICE_INDICATOR, test_cbor_text("verifier.example"));
}

struct atls_bytes test_psa_envelope(const struct test_psa *token, struct atls_bytes payload)
{
    struct test_map protect = {.num_pairs = 0};
    test_map_set(&protect, test_cbor_int(1), test_cbor_int(token->alg));
    const struct atls_bytes headers = test_cbor_bytes(test_map_encode(&protect));
    const struct atls_bytes structure[] = {test_cbor_text("Signature1"), headers,
                                           test_cbor_bytes(none), test_cbor_bytes(payload)};
    const struct atls_bytes signature =
        test_sign(token->key, token->alg, test_array_encode(structure, 4));
    const struct atls_bytes message[] = {headers, test_map_encode(&token->unprotected),
                                         test_cbor_bytes(payload), test_cbor_bytes(signature)};
    const struct atls_bytes array = test_array_encode(message, 4);
    const struct atls_buf room = test_room(1 + array.len);
    room.data[0] = 0xd2;
    memcpy(&room.data[1], array.data, array.len);
    return atls_bytes_of(room.data, room.cap);
}

struct atls_bytes test_psa_sign(const struct test_psa *token)
{
    return test_psa_envelope(token, test_map_encode(&token->claims));
}
