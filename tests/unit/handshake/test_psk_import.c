/* SPDX-License-Identifier: Apache-2.0 */
/* Imported PSKs of psk_import.c. The keys were computed with the HKDF of python3-cryptography. */
#include "binder_test.h"

#include "handshake/psk_import.h"

static struct atls_external_psk external(int32_t hash_alg, const char *context)
{
    const struct atls_external_psk psk = {.identity = atls_bytes_text("edge-7"),
                                          .context = atls_bytes_text(context),
                                          .key = counting(32, 0),
                                          .hash_alg = hash_alg};
    return psk;
}

struct imported {
    struct atls_bytes identity;
    struct atls_digest key;
};

static struct imported import(const struct atls_external_psk *psk, uint16_t protocol, uint16_t kdf)
{
    struct imported out;
    struct atls_diag diag;
    size_t len = 0;
    const struct atls_buf room = test_room(256);
    assert_err(atls_psk_import(ops(), psk, protocol, kdf, room, &len, &out.key, &diag), OK);
    out.identity = atls_bytes_of(room.data, len);
    return out;
}

static void imported_keys_are_those_of_another_implementation(void **state)
{
    (void)state;
    static const struct {
        int32_t hash_alg;
        uint16_t protocol, kdf;
        const char *identity, *key;
    } cases[] = {
        {ATLS_ALG_SHA256, ATLS_PSK_TLS13, ATLS_PSK_KDF_HKDF_SHA256,
         "0006656467652d37 0000 0304 0001",
         "7aea10d445a15e7e2bbdd92504ecb5126f36787fd5edbe24ac01b918d054e774"},
        {ATLS_ALG_SHA256, ATLS_PSK_TLS13, ATLS_PSK_KDF_HKDF_SHA384,
         "0006656467652d37 00036c6162 0304 0002",
         "07386b1e998884f3a1175b795d3d4f17dce4f2e8a8198e10e0caffe154dbece4"
         "d9d40416ff9fd44c666a163dd2f25c11"},
        {ATLS_ALG_SHA256, ATLS_PSK_DTLS13, ATLS_PSK_KDF_HKDF_SHA256,
         "0006656467652d37 0000 fefc 0001",
         "1ddb37c46aff850e99d058c4bc38c79b0adce58f73f509d8090b627580c2f52b"},
        {ATLS_ALG_SHA384, ATLS_PSK_TLS13, ATLS_PSK_KDF_HKDF_SHA256,
         "0006656467652d37 0000 0304 0001",
         "3dd9562fa1282f58d7fd8e18a8d68c1214444b3775fda625b563d3a1926be5a9"},
        {ATLS_ALG_SHA384, ATLS_PSK_DTLS13, ATLS_PSK_KDF_HKDF_SHA384,
         "0006656467652d37 00036c6162 fefc 0002",
         "debeee0dda42f6dca99c0a22fd031948ba80704e09e77f40282310e599f46dd7"
         "71db5718808a9342b0d62dbe1f20f2bf"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_external_psk psk =
            external(cases[i].hash_alg, cases[i].kdf == ATLS_PSK_KDF_HKDF_SHA384 ? "lab" : "");
        const struct imported got = import(&psk, cases[i].protocol, cases[i].kdf);
        assert_bytes(got.identity, test_hex(cases[i].identity));
        assert_bytes(atls_digest_bytes(&got.key), test_hex(cases[i].key));
    }
}

static void every_part_of_the_identity_gives_another_key(void **state)
{
    (void)state;
    struct atls_external_psk psk = external(ATLS_ALG_SHA256, "ab");
    const struct imported one = import(&psk, ATLS_PSK_TLS13, ATLS_PSK_KDF_HKDF_SHA256);
    const struct imported protocol = import(&psk, ATLS_PSK_DTLS13, ATLS_PSK_KDF_HKDF_SHA256);
    psk.context = atls_bytes_text("b"); /* the same octets, split at another place */
    psk.identity = atls_bytes_text("edge-7a");
    const struct imported split = import(&psk, ATLS_PSK_TLS13, ATLS_PSK_KDF_HKDF_SHA256);
    assert_memory_not_equal(one.key.data, protocol.key.data, 32);
    assert_memory_not_equal(one.key.data, split.key.data, 32);
}

static void what_cannot_be_imported_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_digest key = {.len = 7};
    size_t len = 7;
    const struct atls_buf room = test_room(256);
    static const struct {
        size_t identity_len, context_len, key_len;
        int32_t hash_alg;
        uint16_t protocol, kdf;
        size_t room;
        enum atls_err err;
    } cases[] = {
        {0, 0, 32, ATLS_ALG_SHA256, 0x0304, 1, 256, ATLS_ERR_ARGUMENT},
        {65536, 0, 32, ATLS_ALG_SHA256, 0x0304, 1, 256, ATLS_ERR_ARGUMENT},
        {6, 65536, 32, ATLS_ALG_SHA256, 0x0304, 1, 256, ATLS_ERR_ARGUMENT},
        {6, 0, 15, ATLS_ALG_SHA256, 0x0304, 1, 256, ATLS_ERR_ARGUMENT},
        {6, 0, 32, ATLS_ALG_SHA256, 0x0303, 1, 256, ATLS_ERR_ARGUMENT},
        {6, 0, 32, ATLS_ALG_SHA512, 0x0304, 1, 256, ATLS_ERR_ALGORITHM},
        {6, 0, 32, ATLS_ALG_SHA256, 0x0304, 3, 256, ATLS_ERR_ALGORITHM},
        {6, 0, 32, ATLS_ALG_SHA256, 0x0304, 1, 13, ATLS_ERR_BUFFER},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_external_psk psk = {.identity = counting(cases[i].identity_len, 0),
                                              .context = counting(cases[i].context_len, 0),
                                              .key = counting(cases[i].key_len, 0),
                                              .hash_alg = cases[i].hash_alg};
        const struct atls_buf part = {room.data, cases[i].room};
        assert_int_equal(
            atls_psk_import(ops(), &psk, cases[i].protocol, cases[i].kdf, part, &len, &key, &diag),
            cases[i].err);
        assert_int_equal(len, 7); /* nothing was given out */
        assert_int_equal(key.len, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imported_keys_are_those_of_another_implementation),
        cmocka_unit_test(every_part_of_the_identity_gives_another_key),
        cmocka_unit_test(what_cannot_be_imported_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
