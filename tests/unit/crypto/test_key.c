/* SPDX-License-Identifier: Apache-2.0 */
#include "key_samples.h"

#include <openssl/err.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

static struct atls_key *const untouched = (struct atls_key *)0x10;

/* refused checks that a key is not made, that the output stays, and that the diag agrees. */
static void refused_ec(int32_t crv, struct atls_bytes point, enum atls_err expected)
{
    struct atls_key *key = untouched;
    struct atls_diag diag = {0};
    assert_string_equal(atls_err_name(atls_key_from_ec_point(&key, crv, point, &diag)),
                        atls_err_name(expected));
    assert_ptr_equal(key, untouched);
    assert_int_equal(diag.err, expected);
    assert_string_equal(diag.step, "key");
}

static void a_point_on_its_curve_is_taken_and_given_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        assert_bytes(atls_key_point(key), test_hex(key_samples[i].point));
        assert_int_equal(atls_key_default_alg(key), key_samples[i].alg);
        assert_int_equal(atls_key_signature_len(key), test_hex(key_samples[i].signature).len);
        atls_key_free(key);
    }
}

static void a_point_that_is_not_on_its_curve_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        if (key_samples[i].alg == ATLS_ALG_EDDSA) {
            continue;
        }
        const struct atls_bytes good = test_hex(key_samples[i].point);
        const struct atls_buf bad = test_room(good.len);
        memcpy(bad.data, good.data, good.len);
        bad.data[bad.cap - 1] ^= 1;
        refused_ec(key_samples[i].crv, atls_bytes_of(bad.data, bad.cap), ATLS_ERR_MALFORMED);
        memset(&bad.data[1], 0, bad.cap - 1);
        refused_ec(key_samples[i].crv, atls_bytes_of(bad.data, bad.cap), ATLS_ERR_MALFORMED);
        memset(&bad.data[1], 0xff, bad.cap - 1); /* beyond the field's prime */
        refused_ec(key_samples[i].crv, atls_bytes_of(bad.data, bad.cap), ATLS_ERR_MALFORMED);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_point_of_another_length_or_form_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        const struct atls_bytes good = test_hex(key_samples[i].point);
        for (size_t len = 0; len < good.len; len++) {
            refused_ec(key_samples[i].crv, test_copy(atls_bytes_of(good.data, len)),
                       ATLS_ERR_MALFORMED);
        }
        const struct atls_buf bad = test_room(good.len + 1);
        memset(bad.data, 0, bad.cap);
        memcpy(bad.data, good.data, good.len);
        refused_ec(key_samples[i].crv, atls_bytes_of(bad.data, bad.cap), ATLS_ERR_MALFORMED);
    }
    /* Compressed, hybrid and infinite points at the length of an uncompressed one. */
    static const uint8_t forms[] = {0x00, 0x02, 0x03, 0x05, 0x06, 0x07};
    for (size_t i = 0; i < sizeof forms; i++) {
        const struct atls_bytes good = test_hex(key_samples[0].point);
        uint8_t bad[65];
        memcpy(bad, good.data, sizeof bad);
        bad[0] = forms[i];
        refused_ec(ATLS_CRV_P256, atls_bytes_of(bad, sizeof bad), ATLS_ERR_MALFORMED);
    }
}

static void a_point_of_one_curve_is_no_key_of_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        for (size_t k = 0; k < NUM_KEY_SAMPLES; k++) {
            if (i != k) {
                refused_ec(key_samples[i].crv, test_hex(key_samples[k].point), ATLS_ERR_MALFORMED);
            }
        }
    }
}

static void an_unknown_curve_is_refused(void **state)
{
    (void)state;
    static const int32_t others[] = {0, 4 /* X25519 */, 5 /* X448 */, 8 /* secp256k1 */, -1};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        refused_ec(others[i], test_hex(key_samples[0].point), ATLS_ERR_ALGORITHM);
        struct atls_key *key = untouched;
        assert_err(atls_key_generate(&key, others[i], NULL), ALGORITHM);
        assert_ptr_equal(key, untouched);
    }
}

static void a_cose_key_goes_in_and_out_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        struct atls_key *again = NULL;
        struct atls_cose_key cose;
        atls_key_to_cose(key, &cose);
        assert_int_equal(cose.crv, key_samples[i].crv);
        assert_err(atls_key_from_cose(&again, &cose, NULL), OK);
        assert_true(atls_key_equal(key, again));
        atls_key_free(key);
        atls_key_free(again);
    }
    struct atls_key *rsa = sample_rsa();
    struct atls_key *again = NULL;
    struct atls_cose_key cose;
    atls_key_to_cose(rsa, &cose);
    assert_int_equal(cose.kty, ATLS_KTY_RSA);
    assert_bytes(cose.n, test_hex(RSA_SAMPLE_N));
    assert_bytes(cose.e, test_hex("010001"));
    assert_err(atls_key_from_cose(&again, &cose, NULL), OK);
    assert_true(atls_key_equal(rsa, again));
    atls_key_free(rsa);
    atls_key_free(again);
}

static void a_cose_key_with_wrong_parts_is_refused(void **state)
{
    (void)state;
    struct atls_key *key = sample_public(&key_samples[0]);
    struct atls_key *out = untouched;
    struct atls_cose_key good;
    atls_key_to_cose(key, &good);

    struct atls_cose_key bad = good;
    bad.x.len--;
    assert_err(atls_key_from_cose(&out, &bad, NULL), MALFORMED);
    bad = good;
    bad.y = atls_bytes_of(NULL, 0);
    assert_err(atls_key_from_cose(&out, &bad, NULL), MALFORMED);
    bad = good;
    bad.y = good.x;
    assert_err(atls_key_from_cose(&out, &bad, NULL), MALFORMED);
    bad = good;
    bad.kty = ATLS_KTY_OKP;
    assert_err(atls_key_from_cose(&out, &bad, NULL), MALFORMED);
    bad = good;
    bad.crv = ATLS_CRV_P384;
    assert_err(atls_key_from_cose(&out, &bad, NULL), MALFORMED);
    bad = good;
    bad.crv = 8;
    assert_err(atls_key_from_cose(&out, &bad, NULL), ALGORITHM);
    bad = good;
    bad.kty = ATLS_KTY_RSA;
    assert_err(atls_key_from_cose(&out, &bad, NULL), MALFORMED);
    assert_ptr_equal(out, untouched);
    atls_key_free(key);
}

static void refused_rsa(struct atls_bytes n, const char *e, enum atls_err expected)
{
    struct atls_key *key = untouched;
    assert_string_equal(atls_err_name(atls_key_from_rsa(&key, n, test_hex(e), NULL)),
                        atls_err_name(expected));
    assert_ptr_equal(key, untouched);
}

static void rsa_of_a_bad_size_or_form_is_refused(void **state)
{
    (void)state;
    const struct atls_bytes n = test_hex(RSA_SAMPLE_N);
    const struct atls_buf room = test_room(n.len + 1);

    room.data[0] = 0; /* a leading zero */
    memcpy(&room.data[1], n.data, n.len);
    refused_rsa(atls_bytes_of(room.data, room.cap), "010001", ATLS_ERR_MALFORMED);
    memcpy(room.data, n.data, n.len);
    room.data[n.len - 1] ^= 1; /* even */
    refused_rsa(atls_bytes_of(room.data, n.len), "010001", ATLS_ERR_MALFORMED);
    memcpy(room.data, n.data, n.len);
    room.data[0] = 0x7f; /* 2047 bits */
    refused_rsa(atls_bytes_of(room.data, n.len), "010001", ATLS_ERR_ALGORITHM);
    room.data[0] = 0x80; /* 2048 bits */
    struct atls_key *key = NULL;
    assert_err(atls_key_from_rsa(&key, atls_bytes_of(room.data, n.len), test_hex("03"), NULL), OK);
    atls_key_free(key);
    refused_rsa(atls_bytes_of(&n.data[128], 128), "010001", ATLS_ERR_ALGORITHM);
    refused_rsa(atls_bytes_of(NULL, 0), "010001", ATLS_ERR_MALFORMED);

    refused_rsa(n, "", ATLS_ERR_MALFORMED);
    refused_rsa(n, "01", ATLS_ERR_MALFORMED);
    refused_rsa(n, "02", ATLS_ERR_MALFORMED);
    refused_rsa(n, "00010001", ATLS_ERR_MALFORMED);
    refused_rsa(n, "010000", ATLS_ERR_MALFORMED);
    refused_rsa(n, "010000000000000001", ATLS_ERR_MALFORMED);
}

static void the_longest_rsa_key_is_taken_and_a_longer_one_refused(void **state)
{
    (void)state;
    const struct atls_buf n = test_room(ATLS_MAX_RSA_BITS / 8 + 1);
    memset(n.data, 0xff, n.cap);
    struct atls_key *key = NULL;
    assert_err(atls_key_from_rsa(&key, atls_bytes_of(n.data, n.cap - 1), test_hex("010001"), NULL),
               OK);
    atls_key_free(key);
    refused_rsa(atls_bytes_of(n.data, n.cap), "010001", ATLS_ERR_ALGORITHM);
}

static void generated_keys_differ_and_are_of_their_curve(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *a = NULL;
        struct atls_key *b = NULL;
        assert_err(atls_key_generate(&a, key_samples[i].crv, NULL), OK);
        assert_err(atls_key_generate(&b, key_samples[i].crv, NULL), OK);
        assert_int_equal(atls_key_default_alg(a), key_samples[i].alg);
        assert_false(atls_key_equal(a, b));
        assert_true(atls_key_equal(a, a));
        atls_key_free(a);
        atls_key_free(b);
    }
}

static void keys_of_different_kinds_are_not_equal(void **state)
{
    (void)state;
    struct atls_key *rsa = sample_rsa();
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        assert_false(atls_key_equal(key, rsa));
        assert_false(atls_key_equal(rsa, key));
        struct atls_key *other = sample_public(&key_samples[(i + 1) % NUM_KEY_SAMPLES]);
        assert_false(atls_key_equal(key, other));
        atls_key_free(other);
        atls_key_free(key);
    }
    atls_key_free(rsa);
}

static void wrapping_lends_the_same_evp_key(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct atls_key *key = NULL;
    assert_err(atls_key_wrap_evp(&key, pkey, NULL), OK);
    assert_ptr_equal(atls_key_evp(key), pkey);
    EVP_PKEY_free(pkey);
    struct atls_key *public_key = NULL;
    assert_err(atls_key_from_ec_point(&public_key, ATLS_CRV_P256, atls_key_point(key), NULL), OK);
    assert_true(atls_key_equal(key, public_key));
    atls_key_free(public_key);
    atls_key_free(key);
}

static void a_wrapped_public_eddsa_key_is_known_to_be_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        if (key_samples[i].alg != ATLS_ALG_EDDSA) {
            continue;
        }
        struct atls_key *public_key = sample_public(&key_samples[i]);
        struct atls_key *private_key = sample_private(&key_samples[i]);
        struct atls_key *wrapped = NULL;
        assert_err(atls_key_wrap_evp(&wrapped, atls_key_evp(public_key), NULL), OK);
        assert_true(atls_key_is_public(public_key));
        assert_true(atls_key_is_public(wrapped));
        assert_false(atls_key_is_public(private_key));
        atls_key_free(wrapped);
        atls_key_free(public_key);
        atls_key_free(private_key);
    }
}

static void wrap_refused(EVP_PKEY *pkey)
{
    struct atls_key *key = untouched;
    struct atls_diag diag = {0};
    assert_non_null(pkey);
    assert_err(atls_key_wrap_evp(&key, pkey, &diag), ALGORITHM);
    assert_ptr_equal(key, untouched);
    assert_int_equal(diag.err, ATLS_ERR_ALGORITHM);
    EVP_PKEY_free(pkey);
}

static void evp_keys_of_other_types_curves_and_sizes_are_refused(void **state)
{
    (void)state;
    wrap_refused(EVP_EC_gen("secp256k1"));
    wrap_refused(EVP_EC_gen("P-224"));
    wrap_refused(EVP_EC_gen("brainpoolP256r1"));
    wrap_refused(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
    wrap_refused(EVP_PKEY_Q_keygen(NULL, NULL, "X448"));
    wrap_refused(EVP_RSA_gen(1024));
    assert_int_equal(ERR_peek_error(), 0);
}

static void freeing_nothing_is_safe(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    atls_key_free(NULL);
    atls_key_cleanup(&key);
    key = sample_public(&key_samples[0]);
    atls_key_cleanup(&key);
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_on_its_curve_is_taken_and_given_back),
        cmocka_unit_test(a_point_that_is_not_on_its_curve_is_refused),
        cmocka_unit_test(a_point_of_another_length_or_form_is_refused),
        cmocka_unit_test(a_point_of_one_curve_is_no_key_of_another),
        cmocka_unit_test(an_unknown_curve_is_refused),
        cmocka_unit_test(a_cose_key_goes_in_and_out_again),
        cmocka_unit_test(a_cose_key_with_wrong_parts_is_refused),
        cmocka_unit_test(rsa_of_a_bad_size_or_form_is_refused),
        cmocka_unit_test(the_longest_rsa_key_is_taken_and_a_longer_one_refused),
        cmocka_unit_test(generated_keys_differ_and_are_of_their_curve),
        cmocka_unit_test(keys_of_different_kinds_are_not_equal),
        cmocka_unit_test(wrapping_lends_the_same_evp_key),
        cmocka_unit_test(a_wrapped_public_eddsa_key_is_known_to_be_public),
        cmocka_unit_test(evp_keys_of_other_types_curves_and_sizes_are_refused),
        cmocka_unit_test(freeing_nothing_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
