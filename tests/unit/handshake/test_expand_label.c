/* SPDX-License-Identifier: Apache-2.0 */
/* HKDF-Expand-Label of binder.c. */
#include "binder_test.h"

/* RFC 8448, section 5: handshake secret to client_handshake_traffic_secret. */
static void expand_label_gives_the_secret_of_rfc8448_section_5(void **state)
{
    (void)state;
    const struct atls_bytes secret =
        test_hex("ce022e5e6e81e50736d773f2d3adfce8220d049bf510f0dbfac927ef4243b148");
    const struct atls_bytes hash =
        test_hex("8aa8e828ec2f8a884fec95a3139de01c15a3daa7ff5bfc3f4bfcc21b438d7bf8");
    assert_bytes(expand(ATLS_ALG_SHA256, secret, "c hs traffic", hash, 32),
                 test_hex("158aa7ab8855073582b41d674b4055cabcc534728f659314861b4e08e2011566"));
}

static void shorter_output_has_its_length_in_the_info(void **state)
{
    (void)state;
    const struct atls_bytes secret = counting(32, 0);
    const struct atls_bytes whole = expand(ATLS_ALG_SHA256, secret, "key", zeros(0), 32);
    const struct atls_bytes part = expand(ATLS_ALG_SHA256, secret, "key", zeros(0), 16);
    assert_int_equal(part.len, 16);
    assert_memory_not_equal(whole.data, part.data, 16); /* no mere cut of the longer one */
}

/* A stand-in for HMAC that shows its input: the octets of HkdfLabel and the counter. */
static struct atls_buf seen;
static size_t seen_len;

static enum atls_err showing_hmac(int32_t hash_alg, struct atls_bytes key,
                                  const struct atls_bytes *parts, size_t num_parts,
                                  struct atls_digest *out)
{
    struct atls_writer w = atls_writer_of(seen);
    for (size_t i = 0; i < num_parts; i++) {
        atls_write_bytes(&w, parts[i]);
    }
    assert_true(atls_writer_finish(&w, &seen_len));
    return ops()->hmac(hash_alg, key, parts, num_parts, out);
}

static struct atls_bytes info_of(const char *label, struct atls_bytes context, size_t len)
{
    struct atls_crypto_ops showing = *ops();
    struct atls_digest out;
    seen = test_room(1024);
    showing.hmac = showing_hmac;
    assert_err(
        atls_hkdf_expand_label(&showing, ATLS_ALG_SHA256, zeros(32), label, context, len, &out),
        OK);
    return atls_bytes_of(seen.data, seen_len);
}

static void hkdf_label_has_the_octets_of_rfc8446_7_1(void **state)
{
    (void)state;
    assert_bytes(info_of("attestation base", counting(32, 0), 32),
                 test_hex("0020 16 746c733133206174746573746174696f6e2062617365 20"
                          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 01"));
    assert_bytes(info_of("attestation", counting(4, 0xa0), 32),
                 test_hex("0020 11 746c733133206174746573746174696f6e 04 a0a1a2a3 01"));
    assert_bytes(info_of("k", zeros(0), 1), test_hex("0001 07 746c733133206b 00 01"));
}

/* the same octets, divided in another way between label and context, are another input. */
static void every_other_split_of_the_same_octets_gives_another_output(void **state)
{
    (void)state;
    static const char octets[] = "attestation base and what follows";
    struct atls_bytes outputs[sizeof octets];
    size_t count = 0;
    for (size_t split = 1; split < sizeof octets; split++) {
        char label[sizeof octets];
        memcpy(label, octets, split);
        label[split] = '\0';
        const struct atls_bytes context = atls_bytes_text(&octets[split]);
        outputs[count] = expand(ATLS_ALG_SHA256, zeros(32), label, context, 32);
        for (size_t other = 0; other < count; other++) {
            assert_false(atls_bytes_equal(outputs[other], outputs[count]));
        }
        count++;
    }
    assert_int_equal(count, sizeof octets - 1);
}

static void lengths_that_hkdf_label_cannot_carry_are_refused(void **state)
{
    (void)state;
    struct atls_digest out = {{7}, 77};
    char label[251];
    for (size_t len = 248; len <= 250; len++) { /* 255 less "tls13 " is 249 */
        memset(label, 'l', len);
        label[len] = '\0';
        out.len = 77;
        const enum atls_err err =
            atls_hkdf_expand_label(ops(), ATLS_ALG_SHA256, zeros(32), label, zeros(0), 32, &out);
        assert_int_equal(err, len <= 249 ? ATLS_OK : ATLS_ERR_ARGUMENT);
        assert_int_equal(out.len, len <= 249 ? 32 : 77);
    }
    for (size_t len = 254; len <= 256; len++) {
        const enum atls_err err =
            atls_hkdf_expand_label(ops(), ATLS_ALG_SHA256, zeros(32), "l", zeros(len), 32, &out);
        assert_int_equal(err, len <= 255 ? ATLS_OK : ATLS_ERR_ARGUMENT);
    }
    assert_err(atls_hkdf_expand_label(ops(), ATLS_ALG_SHA256, zeros(32), "", zeros(0), 32, &out),
               ARGUMENT);
}

static void output_is_one_to_hash_length_octets(void **state)
{
    (void)state;
    static const struct {
        int32_t alg;
        size_t hash_len;
    } rows[] = {{ATLS_ALG_SHA256, 32}, {ATLS_ALG_SHA384, 48}, {ATLS_ALG_SHA512, 64}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        for (size_t len = 0; len <= rows[i].hash_len + 1; len++) {
            struct atls_digest out = {{7}, 77};
            const bool fits = len >= 1 && len <= rows[i].hash_len;
            const enum atls_err err =
                atls_hkdf_expand_label(ops(), rows[i].alg, zeros(8), "l", zeros(0), len, &out);
            assert_int_equal(err, fits ? ATLS_OK : ATLS_ERR_ARGUMENT);
            assert_int_equal(out.len, fits ? len : 77);
        }
    }
    struct atls_digest out = {{7}, 77};
    assert_err(atls_hkdf_expand_label(ops(), ATLS_ALG_ES256, zeros(8), "l", zeros(0), 1, &out),
               ALGORITHM);
    assert_int_equal(out.len, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expand_label_gives_the_secret_of_rfc8448_section_5),
        cmocka_unit_test(shorter_output_has_its_length_in_the_info),
        cmocka_unit_test(hkdf_label_has_the_octets_of_rfc8446_7_1),
        cmocka_unit_test(every_other_split_of_the_same_octets_gives_another_output),
        cmocka_unit_test(lengths_that_hkdf_label_cannot_carry_are_refused),
        cmocka_unit_test(output_is_one_to_hash_length_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
