/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Key: widths, curves, private parts. Coordinates here need not be points: that is judged
 * where the key is made. */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "codec/cose.h"

#define X32     "5820 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define Y32     "5820 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define P256    "0102 2001 21" X32 "22" Y32
#define ED25519 "0101 2006 21" X32

static enum atls_err parse_octets(struct atls_cose_key *out, struct atls_bytes input,
                                  struct atls_diag *diag)
{
    struct atls_cbor item;
    const enum atls_err err = atls_cbor_parse(&item, input, ATLS_CBOR_STRICT, "key", diag);
    return err != ATLS_OK ? err : atls_cose_key_parse(out, &item, "key", diag);
}

static enum atls_err parse(struct atls_cose_key *out, const char *hex, struct atls_diag *diag)
{
    return parse_octets(out, test_hex(hex), diag);
}

static void assert_refused(const char *hex, const char *claim)
{
    struct atls_cose_key key = {.kty = 99};
    struct atls_diag diag = {0};
    if (parse(&key, hex, &diag) == ATLS_OK) {
        fail_msg("%s: accepted", hex);
    }
    assert_err(diag.err, MALFORMED);
    assert_string_equal(diag.step, "key");
    assert_string_equal(diag.claim, claim);
    assert_true(diag.found[0] != '\0' && diag.expected[0] != '\0');
    assert_int_equal(key.kty, 99);
}

static void p256_key_is_read(void **state)
{
    (void)state;
    struct atls_cose_key key;
    assert_err(parse(&key, "a4" P256, NULL), OK);
    assert_int_equal(key.kty, ATLS_KTY_EC2);
    assert_int_equal(key.crv, ATLS_CRV_P256);
    assert_bytes(key.x, atls_bytes_of(test_hex(X32).data + 2, 32));
    assert_bytes(key.y, atls_bytes_of(test_hex(Y32).data + 2, 32));
    assert_int_equal(key.n.len, 0);
}

static void ed25519_key_is_read(void **state)
{
    (void)state;
    struct atls_cose_key key;
    assert_err(parse(&key, "a3" ED25519, NULL), OK);
    assert_int_equal(key.kty, ATLS_KTY_OKP);
    assert_int_equal(key.crv, ATLS_CRV_ED25519);
    assert_int_equal(key.x.len, 32);
    assert_int_equal(key.y.len, 0);
}

/* A key of `kty` and `crv` with an x of `x_len` and, if not 0, a y of `y_len` octets, and with
 * the algorithm `alg` if that is not 0. */
static struct atls_bytes curve_key_for(int64_t kty, int64_t crv, size_t x_len, size_t y_len,
                                       int64_t alg)
{
    static const uint8_t coordinate[100] = {1};
    const struct atls_buf room = test_room(300);
    struct atls_writer w = atls_writer_of(room);
    atls_cbor_put_map(&w, (y_len == 0 ? 3u : 4u) + (alg == 0 ? 0u : 1u));
    atls_cbor_put_int(&w, 1);
    atls_cbor_put_int(&w, kty);
    if (alg != 0) {
        atls_cbor_put_int(&w, 3);
        atls_cbor_put_int(&w, alg);
    }
    atls_cbor_put_int(&w, -1);
    atls_cbor_put_int(&w, crv);
    atls_cbor_put_int(&w, -2);
    atls_cbor_put_bytes(&w, atls_bytes_of(coordinate, x_len));
    if (y_len != 0) {
        atls_cbor_put_int(&w, -3);
        atls_cbor_put_bytes(&w, atls_bytes_of(coordinate, y_len));
    }
    size_t len = 0;
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes curve_key(int64_t kty, int64_t crv, size_t x_len, size_t y_len)
{
    return curve_key_for(kty, crv, x_len, y_len, 0);
}

static void coordinates_have_exactly_the_width_of_their_curve(void **state)
{
    (void)state;
    static const struct {
        int32_t kty, crv;
        size_t width;
    } curves[] = {{ATLS_KTY_EC2, ATLS_CRV_P256, 32},
                  {ATLS_KTY_EC2, ATLS_CRV_P384, 48},
                  {ATLS_KTY_EC2, ATLS_CRV_P521, 66},
                  {ATLS_KTY_OKP, ATLS_CRV_ED25519, 32},
                  {ATLS_KTY_OKP, ATLS_CRV_ED448, 57}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        for (size_t len = 1; len < 70; len++) {
            struct atls_cose_key key;
            struct atls_diag diag;
            const bool is_ec2 = curves[i].kty == ATLS_KTY_EC2;
            const size_t y = is_ec2 ? curves[i].width : 0;
            const bool fits = len == curves[i].width;
            assert_int_equal(
                parse_octets(&key, curve_key(curves[i].kty, curves[i].crv, len, y), &diag),
                fits ? ATLS_OK : ATLS_ERR_MALFORMED);
            if (is_ec2) {
                assert_int_equal(
                    parse_octets(
                        &key, curve_key(curves[i].kty, curves[i].crv, curves[i].width, len), &diag),
                    fits ? ATLS_OK : ATLS_ERR_MALFORMED);
            }
        }
    }
}

static void curve_of_another_key_type_is_refused(void **state)
{
    (void)state;
    for (int64_t crv = -2; crv < 12; crv++) {
        struct atls_cose_key key;
        const bool is_nist = crv >= 1 && crv <= 3;
        const bool is_edwards = crv == 6 || crv == 7;
        const size_t nist_width = crv == 2 ? 48 : crv == 3 ? 66 : 32;
        assert_int_equal(
            parse_octets(&key, curve_key(ATLS_KTY_EC2, crv, nist_width, nist_width), NULL),
            is_nist ? ATLS_OK : ATLS_ERR_MALFORMED);
        assert_int_equal(
            parse_octets(&key, curve_key(ATLS_KTY_OKP, crv, crv == 7 ? 57 : 32, 0), NULL),
            is_edwards ? ATLS_OK : ATLS_ERR_MALFORMED);
    }
}

static void members_that_are_missing_or_of_another_type_are_refused(void **state)
{
    (void)state;
    assert_refused("a3 2001 21" X32 "22" Y32, "COSE_Key kty");
    assert_refused("a4 0104 2001 21" X32 "22" Y32, "COSE_Key kty");
    assert_refused("a4 0100 2001 21" X32 "22" Y32, "COSE_Key kty");
    assert_refused("a4 01634543 32 2001 21" X32 "22" Y32, "COSE_Key kty");
    assert_refused("a4 011b0000000100000002 2001 21" X32 "22" Y32, "COSE_Key kty");
    assert_refused("a3 0102 21" X32 "22" Y32, "COSE_Key crv");
    assert_refused("a4 0102 20 65502d323536 21" X32 "22" Y32, "COSE_Key crv");
    assert_refused("a4 0102 20 1b0000000100000001 21" X32 "22" Y32, "COSE_Key crv");
    assert_refused("a3 0102 2001 22" Y32, "COSE_Key x");
    assert_refused("a3 0102 2001 21" X32, "COSE_Key y");
    assert_refused("a2 0101 2006", "COSE_Key x");
    assert_refused("80", "COSE_Key");
    assert_refused("a0", "COSE_Key kty");
}

static void compressed_point_is_refused(void **state)
{
    (void)state;
    assert_refused("a4 0102 2001 21" X32 "22f5", "COSE_Key y");
    assert_refused("a4 0102 2001 21" X32 "22f4", "COSE_Key y");
}

static void y_of_an_okp_key_is_refused(void **state)
{
    (void)state;
    assert_refused("a4" ED25519 "22" Y32, "COSE_Key y");
}

static void private_key_is_refused(void **state)
{
    (void)state;
    assert_refused("a5" P256 "23" Y32, "COSE_Key d");
    assert_refused("a5" P256 "23f6", "COSE_Key d");
    assert_refused("a4" ED25519 "23" Y32, "COSE_Key d");
}

static void symmetric_key_is_refused(void **state)
{
    (void)state;
    assert_refused("a2 0104 20" X32, "COSE_Key kty");
}

static void other_members_are_ignored(void **state)
{
    (void)state;
    struct atls_cose_key key;
    assert_err(parse(&key, "a7" P256 "024131 3863f5 6161 01", NULL), OK);
}

static void key_for_other_uses_is_refused(void **state)
{
    (void)state;
    struct atls_cose_key key;
    assert_err(parse(&key, "a5" P256 "048101", NULL), OK);
    assert_err(parse(&key, "a5" P256 "048102", NULL), OK);
    assert_err(parse(&key, "a5" P256 "0483070302", NULL), OK);
    assert_refused("a5" P256 "048107", "COSE_Key key_ops"); /* derive key */
    assert_refused("a5" P256 "0480", "COSE_Key key_ops");
    assert_refused("a5" P256 "0402", "COSE_Key key_ops");
    assert_refused("a5" P256 "04a10102", "COSE_Key key_ops");
    assert_refused("a5" P256 "04816176", "COSE_Key key_ops");
    assert_refused("a5" P256 "04818102", "COSE_Key key_ops");
}

static void algorithm_that_does_not_fit_the_key_is_refused(void **state)
{
    (void)state;
    struct atls_cose_key key;
    assert_err(parse(&key, "a5" P256 "0326", NULL), OK);    /* ES256 */
    assert_err(parse(&key, "a5" P256 "0328", NULL), OK);    /* ESP256 */
    assert_err(parse(&key, "a4" ED25519 "0327", NULL), OK); /* EdDSA */
    assert_err(parse(&key, "a4" ED25519 "0332", NULL), OK); /* Ed25519 */
    assert_refused("a5" P256 "033822", "COSE_Key alg");     /* ES384 */
    assert_refused("a5" P256 "0327", "COSE_Key alg");
    assert_refused("a5" P256 "033818", "COSE_Key alg"); /* ECDH-ES */
    assert_refused("a5" P256 "0300", "COSE_Key alg");
    assert_refused("a5" P256 "0361 61", "COSE_Key alg");
    assert_refused("a4" ED25519 "0326", "COSE_Key alg");
    assert_refused("a4" ED25519 "033834", "COSE_Key alg"); /* Ed448 */
}

static void every_curve_takes_its_own_algorithms_alone(void **state)
{
    (void)state;
    static const struct {
        int32_t kty, crv;
        size_t width;
        int64_t algs[2];
    } curves[] = {{ATLS_KTY_EC2, ATLS_CRV_P256, 32, {-7, -9}},
                  {ATLS_KTY_EC2, ATLS_CRV_P384, 48, {-35, -51}},
                  {ATLS_KTY_EC2, ATLS_CRV_P521, 66, {-36, -52}},
                  {ATLS_KTY_OKP, ATLS_CRV_ED25519, 32, {-8, -19}},
                  {ATLS_KTY_OKP, ATLS_CRV_ED448, 57, {-8, -53}}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        const size_t y = curves[i].kty == ATLS_KTY_EC2 ? curves[i].width : 0;
        for (int64_t alg = -300; alg < 10; alg++) {
            struct atls_cose_key key;
            const bool fits = alg == 0 || alg == curves[i].algs[0] || alg == curves[i].algs[1];
            assert_int_equal(
                parse_octets(&key,
                             curve_key_for(curves[i].kty, curves[i].crv, curves[i].width, y, alg),
                             NULL),
                fits ? ATLS_OK : ATLS_ERR_MALFORMED);
        }
    }
}

/* An RSA key with a modulus of `n_len` octets that begins with `first`, and this exponent. */
static struct atls_bytes rsa_key(size_t n_len, uint8_t first, const char *e, const char *more)
{
    const struct atls_bytes extra = test_hex(more);
    const struct atls_buf modulus = test_room(n_len);
    memset(modulus.data, 0x55, n_len);
    modulus.data[0] = first;
    const struct atls_buf room = test_room(n_len + 64);
    struct atls_writer w = atls_writer_of(room);
    atls_cbor_put_map(&w, extra.len == 0 ? 3 : 4);
    atls_cbor_put_int(&w, 1);
    atls_cbor_put_int(&w, ATLS_KTY_RSA);
    atls_cbor_put_int(&w, -1);
    atls_cbor_put_bytes(&w, atls_bytes_of(modulus.data, n_len));
    atls_cbor_put_int(&w, -2);
    atls_cbor_put_bytes(&w, test_hex(e));
    atls_cbor_put_encoded(&w, extra);
    size_t len = 0;
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static void rsa_key_is_read(void **state)
{
    (void)state;
    struct atls_cose_key key;
    assert_err(parse_octets(&key, rsa_key(256, 0x80, "010001", ""), NULL), OK);
    assert_int_equal(key.kty, ATLS_KTY_RSA);
    assert_int_equal(key.n.len, 256);
    assert_bytes(key.e, test_hex("010001"));
    assert_int_equal(key.x.len, 0);
    assert_err(parse_octets(&key, rsa_key(256, 0x80, "010001", "033824"), NULL), OK);
    assert_err(parse_octets(&key, rsa_key(128, 1, "03", ""), NULL), OK);
    assert_err(parse_octets(&key, rsa_key(2048, 0x80, "ffffffffffffffff", ""), NULL), OK);
}

static void rsa_key_that_is_malformed_is_refused(void **state)
{
    (void)state;
    struct atls_cose_key key;
    static const struct {
        size_t n_len;
        uint8_t first;
        const char *e, *more;
        const char *claim;
    } cases[] = {{127, 0x80, "010001", "", "COSE_Key n"},
                 {2049, 0x80, "010001", "", "COSE_Key n"},
                 {256, 0x00, "010001", "", "COSE_Key n"},
                 {256, 0x80, "", "", "COSE_Key e"},
                 {256, 0x80, "00010001", "", "COSE_Key e"},
                 {256, 0x80, "010000000000000001", "", "COSE_Key e"},
                 {256, 0x80, "010001", "0326", "COSE_Key alg"},
                 {256, 0x80, "010001", "0301", "COSE_Key alg"},
                 {256, 0x80, "010001", "224103", "COSE_Key d"},
                 {256, 0x80, "010001", "2b4103", "COSE_Key d"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_diag diag = {0};
        assert_err(parse_octets(&key,
                                rsa_key(cases[i].n_len, cases[i].first, cases[i].e, cases[i].more),
                                &diag),
                   MALFORMED);
        assert_string_equal(diag.claim, cases[i].claim);
    }
}

static void key_is_written_in_its_deterministic_form(void **state)
{
    (void)state;
    static const char *const keys[] = {"a4" P256, "a3" ED25519};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        struct atls_cose_key key;
        assert_err(parse(&key, keys[i], NULL), OK);
        const struct atls_buf room = test_room(200);
        struct atls_writer w = atls_writer_of(room);
        atls_cose_key_put(&w, &key);
        assert_bytes(atls_bytes_of(room.data, w.len), test_hex(keys[i]));
    }
    struct atls_cose_key key;
    const struct atls_bytes rsa = rsa_key(256, 0x80, "010001", "");
    assert_err(parse_octets(&key, rsa, NULL), OK);
    const struct atls_buf room = test_room(400);
    struct atls_writer w = atls_writer_of(room);
    atls_cose_key_put(&w, &key);
    assert_bytes(atls_bytes_of(room.data, w.len), rsa);
}

static void members_beyond_the_required_ones_are_not_written(void **state)
{
    (void)state;
    struct atls_cose_key key;
    assert_err(parse(&key, "a6 024131 0326" P256, NULL), OK);
    const struct atls_buf room = test_room(200);
    struct atls_writer w = atls_writer_of(room);
    atls_cose_key_put(&w, &key);
    assert_bytes(atls_bytes_of(room.data, w.len), test_hex("a4" P256));
}

static void expect_refusal(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    struct atls_cose_key key;
    if (parse_octets(&key, mutant, NULL) == ATLS_OK) {
        fail_msg("accepted when cut to %zu octets", at);
    }
}

/* A flipped bit is either refused or leaves a key of full width: only x and y may change. */
static void expect_full_width(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    struct atls_cose_key key;
    if (parse_octets(&key, mutant, NULL) == ATLS_OK) {
        assert_int_equal(key.kty, ATLS_KTY_EC2);
        assert_int_equal(key.crv, ATLS_CRV_P256);
        assert_int_equal(key.x.len, 32);
        assert_int_equal(key.y.len, 32);
        const bool in_x = at >= 8 && at < 40;
        const bool in_y = at >= 43 && at < 75;
        assert_true(in_x || in_y);
    }
}

static void every_mutant_is_judged(void **state)
{
    (void)state;
    test_each_truncation(test_hex("a4" P256), expect_refusal, NULL);
    test_each_bit_flip(test_hex("a4" P256), expect_full_width, NULL);
    test_each_octet_set(test_hex("a4" P256), expect_full_width, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p256_key_is_read),
        cmocka_unit_test(ed25519_key_is_read),
        cmocka_unit_test(coordinates_have_exactly_the_width_of_their_curve),
        cmocka_unit_test(curve_of_another_key_type_is_refused),
        cmocka_unit_test(members_that_are_missing_or_of_another_type_are_refused),
        cmocka_unit_test(compressed_point_is_refused),
        cmocka_unit_test(y_of_an_okp_key_is_refused),
        cmocka_unit_test(private_key_is_refused),
        cmocka_unit_test(symmetric_key_is_refused),
        cmocka_unit_test(other_members_are_ignored),
        cmocka_unit_test(key_for_other_uses_is_refused),
        cmocka_unit_test(algorithm_that_does_not_fit_the_key_is_refused),
        cmocka_unit_test(every_curve_takes_its_own_algorithms_alone),
        cmocka_unit_test(rsa_key_is_read),
        cmocka_unit_test(rsa_key_that_is_malformed_is_refused),
        cmocka_unit_test(key_is_written_in_its_deterministic_form),
        cmocka_unit_test(members_beyond_the_required_ones_are_not_written),
        cmocka_unit_test(every_mutant_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
