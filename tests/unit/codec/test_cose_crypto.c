/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1 with real keys: what was signed verifies, and nothing else does. */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "codec/cose.h"
#include "crypto/crypto.h"
#include "crypto/key.h"

static const struct atls_bytes none = {NULL, 0};

static struct atls_key *generated(int32_t crv)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_generate(&key, crv, NULL), OK);
    return key;
}

/* signed_by gives a tagged message over `payload` with one more protected header (kid "1"). */
static struct atls_bytes signed_by(const struct atls_key *key, struct atls_bytes payload)
{
    const struct atls_buf room = test_room(600);
    size_t len = 0;
    assert_err(atls_cose_sign1_write(atls_crypto_openssl(), room, &len, true,
                                     atls_key_default_alg(key), key, test_hex("044131"), 1, payload,
                                     NULL),
               OK);
    return test_copy(atls_bytes_of(room.data, len));
}

static enum atls_err check(struct atls_bytes input, const struct atls_key *key,
                           struct atls_bytes aad, struct atls_bytes detached)
{
    struct atls_cose_sign1 message;
    const enum atls_err err =
        atls_cose_sign1_parse(&message, input, ATLS_COSE_TAGGED, "token", NULL);
    return err != ATLS_OK ? err
                          : atls_cose_sign1_verify(atls_crypto_openssl(), key, &message, aad,
                                                   detached, "token", NULL);
}

/* The public half, by way of its COSE_Key. */
static struct atls_key *public_half(const struct atls_key *key)
{
    struct atls_cose_key cose;
    struct atls_cbor item;
    struct atls_key *out = NULL;
    const struct atls_buf room = test_room(400);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_key_to_cose(key, &cose);
    atls_cose_key_put(&w, &cose);
    assert_true(atls_writer_finish(&w, &len));
    assert_err(atls_cbor_parse(&item, atls_bytes_of(room.data, len), 0, "key", NULL), OK);
    assert_err(atls_cose_key_parse(&cose, &item, "key", NULL), OK);
    assert_err(atls_key_from_cose(&out, &cose, NULL), OK);
    return out;
}

static void message_of_every_curve_verifies_with_its_key_alone(void **state)
{
    (void)state;
    static const int32_t curves[] = {ATLS_CRV_P256, ATLS_CRV_P384, ATLS_CRV_P521, ATLS_CRV_ED25519,
                                     ATLS_CRV_ED448};
    struct atls_key *keys[ATLS_ARRAY_LEN(curves)];
    struct atls_bytes messages[ATLS_ARRAY_LEN(curves)];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        keys[i] = generated(curves[i]);
        messages[i] = signed_by(keys[i], test_hex("a10a420102"));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        struct atls_key *public = public_half(keys[i]);
        struct atls_key *other = generated(curves[i]);
        assert_err(check(messages[i], public, none, none), OK);
        assert_err(check(messages[i], other, none, none), SIGNATURE);
        for (size_t j = 0; j < ATLS_ARRAY_LEN(curves); j++) {
            if (i != j) {
                assert_int_not_equal(check(messages[i], keys[j], none, none), ATLS_OK);
            }
        }
        atls_key_free(public);
        atls_key_free(other);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        atls_key_free(keys[i]);
    }
}

/* the key decides; a message that says otherwise is refused before any arithmetic. */
static void algorithm_of_another_curve_is_refused(void **state)
{
    (void)state;
    struct atls_key *p256 = generated(ATLS_CRV_P256);
    struct atls_key *p384 = generated(ATLS_CRV_P384);
    const struct atls_bytes message = signed_by(p256, none);
    assert_err(check(message, p384, none, none), ALGORITHM);
    atls_key_free(p256);
    atls_key_free(p384);
}

static void external_aad_is_signed(void **state)
{
    (void)state;
    struct atls_key *key = generated(ATLS_CRV_P256);
    const struct atls_bytes message = signed_by(key, test_hex("aa"));
    assert_err(check(message, key, none, none), OK);
    assert_err(check(message, key, test_hex("00"), none), SIGNATURE);
    atls_key_free(key);
}

static void detached_payload_is_signed(void **state)
{
    (void)state;
    struct atls_key *key = generated(ATLS_CRV_P256);
    const struct atls_bytes whole = signed_by(key, test_hex("aabbcc"));
    /* d2 84 46 <6 protected> a0 [43 aa bb cc] 58 40 <signature>: take the payload out */
    uint8_t detached[600];
    assert_true(whole.len < sizeof detached);
    enum { PAYLOAD_AT = 10, PAYLOAD_LEN = 4 };
    memcpy(detached, whole.data, PAYLOAD_AT);
    assert_int_equal(whole.data[PAYLOAD_AT], 0x43);
    detached[PAYLOAD_AT] = 0xf6;
    memcpy(&detached[PAYLOAD_AT + 1], &whole.data[PAYLOAD_AT + PAYLOAD_LEN],
           whole.len - PAYLOAD_AT - PAYLOAD_LEN);
    const struct atls_bytes message = atls_bytes_of(detached, whole.len - PAYLOAD_LEN + 1);
    assert_err(check(message, key, none, test_hex("aabbcc")), OK);
    assert_err(check(message, key, none, test_hex("aabbcd")), SIGNATURE);
    assert_err(check(message, key, none, none), MALFORMED);
    assert_err(check(whole, key, none, test_hex("aabbcc")), MALFORMED);
    atls_key_free(key);
}

static void expect_refusal(struct atls_bytes mutant, size_t at, void *context)
{
    if (check(mutant, context, none, none) == ATLS_OK) {
        fail_msg("accepted with octet %zu changed", at);
    }
}

static void every_mutant_is_refused(void **state)
{
    (void)state;
    static const int32_t curves[] = {ATLS_CRV_P256, ATLS_CRV_ED25519};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        struct atls_key *key = generated(curves[i]);
        test_each_mutant(signed_by(key, test_hex("a10a420102")), expect_refusal, key);
        atls_key_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_of_every_curve_verifies_with_its_key_alone),
        cmocka_unit_test(algorithm_of_another_curve_is_refused),
        cmocka_unit_test(external_aad_is_signed),
        cmocka_unit_test(detached_payload_is_signed),
        cmocka_unit_test(every_mutant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
