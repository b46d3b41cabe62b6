/* SPDX-License-Identifier: Apache-2.0 */
/* What atls_cose_sign1_verify and _write hand to the cryptographic operations: Sig_structure octet
 * for octet. The operations here only note what they were given. */
#include "support/check.h"
#include "support/memory.h"

#include "codec/cose.h"

struct atls_key {
    enum atls_err answer;
    uint8_t seen[512]; /* the parts, one after the other */
    size_t seen_len;
    int32_t alg;
    struct atls_bytes signature;
    size_t made_len; /* length of the signature that sign makes */
};

static void note(const struct atls_key *key, const struct atls_bytes *parts, size_t num_parts)
{
    struct atls_key *noted = (struct atls_key *)(uintptr_t)key;
    noted->seen_len = 0;
    for (size_t i = 0; i < num_parts; i++) {
        assert_true(parts[i].len <= sizeof noted->seen - noted->seen_len);
        if (parts[i].len != 0) {
            memcpy(&noted->seen[noted->seen_len], parts[i].data, parts[i].len);
        }
        noted->seen_len += parts[i].len;
    }
}

static enum atls_err noting_verify(int32_t alg, const struct atls_key *key,
                                   const struct atls_bytes *parts, size_t num_parts,
                                   struct atls_bytes signature)
{
    struct atls_key *noted = (struct atls_key *)(uintptr_t)key;
    note(key, parts, num_parts);
    noted->alg = alg;
    noted->signature = signature;
    return key->answer;
}

static enum atls_err noting_sign(int32_t alg, const struct atls_key *key,
                                 const struct atls_bytes *parts, size_t num_parts,
                                 struct atls_buf out, size_t *out_len)
{
    struct atls_key *noted = (struct atls_key *)(uintptr_t)key;
    note(key, parts, num_parts);
    noted->alg = alg;
    if (key->answer != ATLS_OK) {
        return key->answer;
    }
    assert_true(key->made_len <= out.cap);
    memset(out.data, 0x5a, key->made_len);
    *out_len = key->made_len;
    return ATLS_OK;
}

static const struct atls_crypto_ops ops = {.abi = ATLS_CRYPTO_ABI,
                                           .size = sizeof(struct atls_crypto_ops),
                                           .verify = noting_verify,
                                           .sign = noting_sign};
static const struct atls_bytes none = {NULL, 0};

static struct atls_cose_sign1 parsed(const char *hex)
{
    struct atls_cose_sign1 message;
    assert_err(atls_cose_sign1_parse(&message, test_hex(hex), ATLS_COSE_ANY, "token", NULL), OK);
    return message;
}

static struct atls_bytes seen(const struct atls_key *key)
{
    return atls_bytes_of(key->seen, key->seen_len);
}

static void sig_structure_has_the_received_octets(void **state)
{
    (void)state;
    const struct atls_cose_sign1 message = parsed("84 43a10126 a104423131 43706179 420102");
    struct atls_key key = {.answer = ATLS_OK};
    assert_err(atls_cose_sign1_verify(&ops, &key, &message, none, none, "token", NULL), OK);
    assert_bytes(seen(&key), test_hex("84 6a 5369676e617475726531 43a10126 40 43706179"));
    assert_int_equal(key.alg, ATLS_ALG_ES256);
    assert_bytes(key.signature, test_hex("0102"));
}

static void sig_structure_has_the_external_aad(void **state)
{
    (void)state;
    const struct atls_cose_sign1 message = parsed("84 43a10126 a0 40 420102");
    struct atls_key key = {.answer = ATLS_OK};
    const struct atls_bytes aad = test_hex("11aa22bb33cc44dd55006699");
    assert_err(atls_cose_sign1_verify(&ops, &key, &message, aad, none, "token", NULL), OK);
    assert_bytes(seen(&key), test_hex("84 6a 5369676e617475726531 43a10126 "
                                      "4c11aa22bb33cc44dd55006699 40"));
}

static void sig_structure_has_the_detached_payload(void **state)
{
    (void)state;
    const struct atls_cose_sign1 message = parsed("84 43a10126 a0 f6 420102");
    struct atls_key key = {.answer = ATLS_OK};
    const struct atls_bytes payload = test_hex("706179");
    assert_err(atls_cose_sign1_verify(&ops, &key, &message, none, payload, "token", NULL), OK);
    assert_bytes(seen(&key), test_hex("84 6a 5369676e617475726531 43a10126 40 43706179"));
}

static void long_parts_have_long_heads(void **state)
{
    (void)state;
    uint8_t payload[300] = {0};
    const struct atls_cose_sign1 message = parsed("84 43a10126 a0 f6 420102");
    struct atls_key key = {.answer = ATLS_OK};
    assert_err(atls_cose_sign1_verify(&ops, &key, &message, none,
                                      atls_bytes_of(payload, sizeof payload), "token", NULL),
               OK);
    assert_bytes(atls_bytes_of(key.seen, 20),
                 test_hex("84 6a 5369676e617475726531 43a10126 40 59012c"));
    assert_int_equal(key.seen_len, 20 + 300);
}

/* RFC 9052, 4.4: an empty protected map is the zero-length string, also if it came as 41a0. No
 * message without an algorithm gets past the parser, so this one is made by hand. */
static void empty_protected_map_counts_as_zero_length(void **state)
{
    (void)state;
    struct atls_cose_sign1 message = parsed("84 43a10126 a0 40 420102");
    message.protect = test_hex("a0");
    assert_err(atls_cbor_parse(&message.headers, message.protect, ATLS_CBOR_STRICT, "t", NULL), OK);
    struct atls_key key = {.answer = ATLS_OK};
    assert_err(atls_cose_sign1_verify(&ops, &key, &message, none, none, "token", NULL), OK);
    assert_bytes(seen(&key), test_hex("84 6a 5369676e617475726531 40 40 40"));
}

static void payload_that_is_missing_or_given_twice_is_refused(void **state)
{
    (void)state;
    const struct atls_cose_sign1 detached = parsed("84 43a10126 a0 f6 420102");
    const struct atls_cose_sign1 attached = parsed("84 43a10126 a0 4161 420102");
    struct atls_key key = {.answer = ATLS_OK, .alg = 99};
    struct atls_diag diag;
    assert_err(atls_cose_sign1_verify(&ops, &key, &detached, none, none, "token", &diag),
               MALFORMED);
    assert_string_equal(diag.claim, "payload");
    assert_string_equal(diag.found, "null");
    assert_err(atls_cose_sign1_verify(&ops, &key, &attached, none, test_hex("61"), "token", &diag),
               MALFORMED);
    assert_string_equal(diag.found, "one inside");
    assert_int_equal(key.alg, 99); /* nothing was verified */
}

static void every_failure_of_the_operation_is_passed_on(void **state)
{
    (void)state;
    static const enum atls_err errors[] = {ATLS_ERR_SIGNATURE, ATLS_ERR_ALGORITHM, ATLS_ERR_CRYPTO,
                                           ATLS_ERR_MEMORY};
    const struct atls_cose_sign1 message = parsed("84 43a10126 a0 4161 420102");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        struct atls_key key = {.answer = errors[i], .made_len = 1};
        struct atls_diag diag;
        assert_int_equal(atls_cose_sign1_verify(&ops, &key, &message, none, none, "token", &diag),
                         errors[i]);
        assert_int_equal(diag.err, errors[i]);
        assert_string_equal(diag.step, "token");
        assert_string_equal(diag.claim, "signature");
        size_t len = 99;
        assert_int_equal(atls_cose_sign1_write(&ops, test_room(99), &len, true, ATLS_ALG_ES256,
                                               &key, none, 0, none, &diag),
                         errors[i]);
        assert_int_equal(diag.err, errors[i]);
        assert_int_equal(len, 99);
    }
}

static void message_is_written(void **state)
{
    (void)state;
    struct atls_key key = {.answer = ATLS_OK, .made_len = 2};
    const struct atls_buf room = test_room(99);
    size_t len = 0;
    assert_err(atls_cose_sign1_write(&ops, room, &len, true, ATLS_ALG_ES256, &key, none, 0,
                                     test_hex("706179"), NULL),
               OK);
    assert_bytes(atls_bytes_of(room.data, len), test_hex("d284 43a10126 a0 43706179 425a5a"));
    assert_bytes(seen(&key), test_hex("84 6a 5369676e617475726531 43a10126 40 43706179"));
    assert_int_equal(key.alg, ATLS_ALG_ES256);

    assert_err(atls_cose_sign1_write(&ops, room, &len, false, ATLS_ALG_ES384, &key,
                                     test_hex("0300 044131"), 2, none, NULL),
               OK);
    assert_bytes(atls_bytes_of(room.data, len), test_hex("84 49a301382203 00044131 a0 40 425a5a"));
    assert_bytes(seen(&key), test_hex("84 6a 5369676e617475726531 49a30138220300044131 40 40"));
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct atls_key key = {.answer = ATLS_OK, .made_len = 132};
    const struct atls_buf room = test_room(400);
    const struct atls_bytes payload = test_hex("a1010203");
    size_t len = 0;
    assert_err(atls_cose_sign1_write(&ops, room, &len, true, ATLS_ALG_ES512, &key,
                                     test_hex("044131"), 1, payload, NULL),
               OK);
    struct atls_cose_sign1 message;
    assert_err(atls_cose_sign1_parse(&message, test_copy(atls_bytes_of(room.data, len)),
                                     ATLS_COSE_TAGGED, "token", NULL),
               OK);
    assert_int_equal(message.alg, ATLS_ALG_ES512);
    assert_text(message.kid, "1");
    assert_bytes(message.payload, payload);
    assert_int_equal(message.signature.len, 132);
}

static void room_that_is_too_small_is_refused_at_every_size(void **state)
{
    (void)state;
    struct atls_key key = {.answer = ATLS_OK, .made_len = 2};
    const struct atls_bytes payload = test_hex("706179");
    size_t needed = 0;
    assert_err(atls_cose_sign1_write(&ops, test_room(99), &needed, true, ATLS_ALG_ES256, &key, none,
                                     0, payload, NULL),
               OK);
    for (size_t cap = 0; cap <= needed; cap++) {
        size_t len = 99;
        struct atls_diag diag;
        const enum atls_err err = atls_cose_sign1_write(
            &ops, test_room(cap), &len, true, ATLS_ALG_ES256, &key, none, 0, payload, &diag);
        assert_int_equal(err, cap == needed ? ATLS_OK : ATLS_ERR_BUFFER);
        assert_int_equal(len, cap == needed ? needed : 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sig_structure_has_the_received_octets),
        cmocka_unit_test(sig_structure_has_the_external_aad),
        cmocka_unit_test(sig_structure_has_the_detached_payload),
        cmocka_unit_test(long_parts_have_long_heads),
        cmocka_unit_test(empty_protected_map_counts_as_zero_length),
        cmocka_unit_test(payload_that_is_missing_or_given_twice_is_refused),
        cmocka_unit_test(every_failure_of_the_operation_is_passed_on),
        cmocka_unit_test(message_is_written),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(room_that_is_too_small_is_refused_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
