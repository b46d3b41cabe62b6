/* SPDX-License-Identifier: Apache-2.0 */
#include "binder_test.h"
#include "rfc8448.h"

#include "handshake/transcript.h"

/* SubjectPublicKeyInfo of the P-256 key whose private scalar is 1: the base point itself. */
static const char spki_of_one[] =
    "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d81"
    "2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

static struct atls_digest digest_of(struct atls_bytes octets)
{
    struct atls_digest digest = {{0}, octets.len};
    assert_in_range(octets.len, 1, sizeof digest.data);
    memcpy(digest.data, octets.data, octets.len);
    return digest;
}

static struct atls_bytes binder(int32_t alg, struct atls_bytes transcript_hash,
                                struct atls_bytes spki)
{
    const struct atls_digest digest = digest_of(transcript_hash);
    struct atls_digest out;
    assert_err(atls_binder(ops(), alg, &digest, spki, &out, NULL), OK);
    return test_copy(atls_digest_bytes(&out));
}

/* ---- the binder: values computed with another implementation of HKDF ---- */

/* SPKI hashes are inputs here, so the two steps are taken one by one. */
static void two_steps_give_the_computed_values(void **state)
{
    (void)state;
    const struct atls_bytes key_hash = test_hex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                                                "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                                                "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
    static const struct {
        int32_t alg;
        size_t len;
        const char *base, *binder;
    } rows[] = {
        {ATLS_ALG_SHA256, 32, "2076df5d8afae08005b031d314934ae9150961d74516340727db1ef4ba76448f",
         "8ef27294fa4eeb7ffc32a5efe56077b07fa6b5e7efe4963b51139ad4c50649b4"},
        {ATLS_ALG_SHA384, 48,
         "c72416550dc3fd231b137374cf458f6d663d285ff27f9ececbf7fac474aa387b"
         "125759895fb46299e806b23529fbb62f",
         "fc4afa75ee1017dadfafa0e9a6e9e1e055718254789c647faedfc6ce9356427c"
         "5e5fa6593bf70ef998f76b22b5a92845"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const size_t len = rows[i].len;
        const struct atls_bytes base =
            expand(rows[i].alg, zeros(len), "attestation base", counting(len, 0), len);
        assert_bytes(base, test_hex(rows[i].base));
        assert_bytes(
            expand(rows[i].alg, base, "attestation", atls_bytes_of(key_hash.data, len), len),
            test_hex(rows[i].binder));
    }
}

struct end_to_end {
    int32_t alg;
    size_t len;
    const char *messages; /* what is hashed, message_hash in place of the first ClientHello */
    bool with_first_hash; /* "fe0000LEN || Hash(ClientHello1)" comes first */
    const char *transcript_hash, *base, *binder;
};

/* Toy messages: too short for TLS, enough for the arithmetic. */
#define TOY_CH1 "01000004deadbeef"
#define TOY_HRR "02000002aabb"
#define TOY_CH2 "01000004cafebabe"
#define TOY_SH  "02000002ccdd"

static const struct end_to_end toys[] = {
    {ATLS_ALG_SHA256, 32, TOY_CH2 TOY_SH, false,
     "cc92c5368dd91eff405d0b58441fd9d8870113c5f7c4c0eebf751156ad440ef3",
     "4f1f8fcc5ddd035e6fbff910fbd1c2df4084e727a5f7d407d863771def308099",
     "94772e4f441294746ee44f9ca0621e54c3d163db99ce3fe81f4377304ed9cb70"},
    {ATLS_ALG_SHA256, 32, TOY_HRR TOY_CH2 TOY_SH, true,
     "93788c06fc0a721d6b575e480b766e7efaef314f357d74efb6763f4f7f43f203",
     "e5837e713947a69892a2c8163e1cafeee54cce872c5a55dacc5e403f3e19db0c",
     "2b75732f707da236dc678293e2849dbec2557507084eb809bc0fdbc78dd4f4ba"},
    {ATLS_ALG_SHA384, 48, TOY_CH2 TOY_SH, false,
     "921ac6028aa24b5baa2fb089289a8abcae9f8b689232b0bc3ea7b738be042bee"
     "75393aacc878fdc4053cbacc6098c9a5",
     "948b7cafb81a088c07a3f5c77f28d1195d1abcebc0cf0f8cfd9b71164f5bf5c2"
     "dffca86d541d04e3bb2168a55ecb23a8",
     "2e93de159471e616fa662540a02a80d46f673761f8a86f5e93a844de74496068"
     "be832dc1eef7d7ee18601a5fd911491e"},
    {ATLS_ALG_SHA384, 48, TOY_HRR TOY_CH2 TOY_SH, true,
     "0b70c549746e49c5529632285723781afdeb25bf16c633a974330ae8ba71872d"
     "ce33b2c041cb55af49008fee763a3dcb",
     "a86cc0957b134ff352189e0c36fc124ae31085daf6a23b1c5a77b164dc96f99a"
     "af7d049d41391af3e21b6ee4038985e3",
     "200892c09d161aa912c91f2b704454c14f7d49c9faf5bf6e44581917f81b6e55"
     "bf01620993236bb01ca1db9cba9f94ee"},
};

static struct atls_bytes hash_of(int32_t alg, struct atls_bytes octets)
{
    struct atls_digest digest;
    assert_err(ops()->hash(alg, octets, &digest), OK);
    return test_copy(atls_digest_bytes(&digest));
}

static struct atls_bytes toy_transcript(const struct end_to_end *toy)
{
    const struct atls_buf room = test_room(256);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    if (toy->with_first_hash) {
        atls_write_u8(&w, 0xfe);
        atls_write_vec24(&w, hash_of(toy->alg, test_hex(TOY_CH1)));
    }
    atls_write_bytes(&w, test_hex(toy->messages));
    assert_true(atls_writer_finish(&w, &len));
    return hash_of(toy->alg, atls_bytes_of(room.data, len));
}

static void toy_messages_give_the_computed_binders(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(toys); i++) {
        const struct end_to_end *toy = &toys[i];
        const struct atls_bytes hash = toy_transcript(toy);
        assert_bytes(hash, test_hex(toy->transcript_hash));
        assert_bytes(expand(toy->alg, zeros(toy->len), "attestation base", hash, toy->len),
                     test_hex(toy->base));
        assert_bytes(binder(toy->alg, hash, test_hex(spki_of_one)), test_hex(toy->binder));
    }
}

/* The value that an implementation gets which forgets message_hash: it must not be ours. */
static void plain_concatenation_gives_the_wrong_binder(void **state)
{
    (void)state;
    static const struct {
        int32_t alg;
        const char *wrong, *right;
    } rows[] = {
        {ATLS_ALG_SHA256, "860eebed877c9d26799ccc173dd2b630496c1f320fb4495e60361bac4af1bbc2",
         "2b75732f707da236dc678293e2849dbec2557507084eb809bc0fdbc78dd4f4ba"},
        {ATLS_ALG_SHA384,
         "ccde487932ba70fc0634efec6166a8eeef76aa9b61a18c2ba0db9d03e5945983"
         "ed5d68999d17bedfb43cbc52809c8f41",
         "200892c09d161aa912c91f2b704454c14f7d49c9faf5bf6e44581917f81b6e55"
         "bf01620993236bb01ca1db9cba9f94ee"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct atls_bytes hash =
            hash_of(rows[i].alg, test_hex(TOY_CH1 TOY_HRR TOY_CH2 TOY_SH));
        const struct atls_bytes found = binder(rows[i].alg, hash, test_hex(spki_of_one));
        assert_bytes(found, test_hex(rows[i].wrong));
        assert_false(atls_bytes_equal(found, test_hex(rows[i].right)));
    }
}

static void hash_of_the_key_has_the_length_of_the_suite(void **state)
{
    (void)state;
    assert_bytes(hash_of(ATLS_ALG_SHA256, test_hex(spki_of_one)),
                 test_hex("5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3"));
    assert_bytes(hash_of(ATLS_ALG_SHA384, test_hex(spki_of_one)),
                 test_hex("a536377369f7cb41b462e52eebba9fbd98413beb76db11d4484bf154cf9ff8d1"
                          "7d5c28c3d3860931b1ec777198337534"));
}

/* From the hellos of RFC 8448, section 3, through the transcript, to the binder. */
static void hellos_of_rfc8448_section_3_give_the_computed_binder(void **state)
{
    (void)state;
    struct atls_transcript t = {0};
    struct atls_digest hash;
    struct atls_digest out;
    assert_err(atls_transcript_add(ops(), &t, test_hex(trace3_client_hello), NULL), OK);
    assert_err(atls_transcript_add(ops(), &t, test_hex(trace3_server_hello), NULL), OK);
    assert_err(atls_transcript_hash(ops(), &t, ATLS_ALG_SHA256, &hash, NULL), OK);
    assert_bytes(
        expand(ATLS_ALG_SHA256, zeros(32), "attestation base", atls_digest_bytes(&hash), 32),
        test_hex("b27480b63682a2198120e31fd533ec07a0fc62bb651c1ef055fe5ba56cd50fb8"));
    assert_err(atls_binder(ops(), ATLS_ALG_SHA256, &hash, test_hex(spki_of_one), &out, NULL), OK);
    assert_bytes(atls_digest_bytes(&out),
                 test_hex("75daf833f04a8ff249f29e7f1da5b830265865b990eccbfbd265170772113002"));
    atls_transcript_reset(ops(), &t);
}

/* ---- every input counts ---- */

struct binding {
    struct atls_bytes transcript_hash, spki, binder;
};

static void other_key_gives_other_binder(struct atls_bytes mutant, size_t at, void *context)
{
    const struct binding *right = context;
    (void)at;
    assert_false(
        atls_bytes_equal(binder(ATLS_ALG_SHA256, right->transcript_hash, mutant), right->binder));
}

static void other_transcript_gives_other_binder(struct atls_bytes mutant, size_t at, void *context)
{
    const struct binding *right = context;
    (void)at;
    assert_false(atls_bytes_equal(binder(ATLS_ALG_SHA256, mutant, right->spki), right->binder));
}

static void every_bit_of_transcript_and_key_counts(void **state)
{
    (void)state;
    struct binding right = {counting(32, 0), test_hex(spki_of_one), {NULL, 0}};
    right.binder = binder(ATLS_ALG_SHA256, right.transcript_hash, right.spki);
    test_each_bit_flip(right.spki, other_key_gives_other_binder, &right);
    test_each_bit_flip(right.transcript_hash, other_transcript_gives_other_binder, &right);
    other_key_gives_other_binder(atls_bytes_of(right.spki.data, right.spki.len - 1), 0, &right);
}

/* ---- refusals ---- */

static void binder_wants_a_suite_a_hash_of_its_length_and_a_key(void **state)
{
    (void)state;
    const struct atls_bytes spki = test_hex(spki_of_one);
    const struct atls_digest right = digest_of(counting(32, 0));
    const struct atls_digest short_one = digest_of(counting(31, 0));
    const struct atls_digest long_one = digest_of(counting(48, 0));
    const struct atls_digest longest = digest_of(counting(64, 0));
    const struct {
        int32_t alg;
        const struct atls_digest *hash;
        struct atls_bytes spki;
        enum atls_err err;
        const char *claim, *found, *expected;
    } rows[] = {
        {ATLS_ALG_SHA512, &longest, spki, ATLS_ERR_ALGORITHM, "hash of the cipher suite",
         "COSE -44", "SHA-256 (COSE -16) or SHA-384 (COSE -43)"},
        {ATLS_ALG_SHA256, &short_one, spki, ATLS_ERR_ARGUMENT,
         "Transcript-Hash(ClientHello..ServerHello)", "31 octets", "32"},
        {ATLS_ALG_SHA256, &long_one, spki, ATLS_ERR_ARGUMENT,
         "Transcript-Hash(ClientHello..ServerHello)", "48 octets", "32"},
        {ATLS_ALG_SHA384, &right, spki, ATLS_ERR_ARGUMENT,
         "Transcript-Hash(ClientHello..ServerHello)", "32 octets", "48"},
        {ATLS_ALG_SHA256, &right, zeros(0), ATLS_ERR_KEY, "SubjectPublicKeyInfo", "0 octets",
         "1 to 8192"},
        {ATLS_ALG_SHA256, &right, zeros(8193), ATLS_ERR_KEY, "SubjectPublicKeyInfo", "8193 octets",
         "1 to 8192"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_digest out = {{7}, 77};
        struct atls_diag diag;
        assert_int_equal(atls_binder(ops(), rows[i].alg, rows[i].hash, rows[i].spki, &out, &diag),
                         rows[i].err);
        assert_string_equal(diag.claim, rows[i].claim);
        assert_string_equal(diag.found, rows[i].found);
        assert_string_equal(diag.expected, rows[i].expected);
        assert_int_equal(out.len, 77);
    }
    struct atls_digest out;
    assert_err(atls_binder(ops(), ATLS_ALG_SHA256, &right, zeros(8192), &out, NULL), OK);
}

static size_t calls_until_failure;

static enum atls_err failing_hash(int32_t alg, struct atls_bytes data, struct atls_digest *out)
{
    return calls_until_failure-- == 0 ? ATLS_ERR_CRYPTO : ops()->hash(alg, data, out);
}

static enum atls_err failing_hmac(int32_t alg, struct atls_bytes key,
                                  const struct atls_bytes *parts, size_t num_parts,
                                  struct atls_digest *out)
{
    return calls_until_failure-- == 0 ? ATLS_ERR_CRYPTO
                                      : ops()->hmac(alg, key, parts, num_parts, out);
}

static enum atls_err short_hmac(int32_t alg, struct atls_bytes key, const struct atls_bytes *parts,
                                size_t num_parts, struct atls_digest *out)
{
    const enum atls_err err = ops()->hmac(alg, key, parts, num_parts, out);
    out->len = 16;
    return err;
}

static void failing_library_gives_no_binder(void **state)
{
    (void)state;
    struct atls_crypto_ops failing = *ops();
    const struct atls_digest hash = digest_of(counting(32, 0));
    failing.hash = failing_hash;
    failing.hmac = failing_hmac;
    for (size_t fail_at = 0; fail_at <= 3; fail_at++) { /* HMAC, hash of the key, HMAC */
        struct atls_digest out = {{7}, 77};
        struct atls_diag diag = {0};
        calls_until_failure = fail_at;
        const enum atls_err err =
            atls_binder(&failing, ATLS_ALG_SHA256, &hash, test_hex(spki_of_one), &out, &diag);
        assert_int_equal(err, fail_at < 3 ? ATLS_ERR_CRYPTO : ATLS_OK);
        assert_int_equal(out.len, fail_at < 3 ? 77 : 32);
        assert_int_equal(diag.err, err);
    }
    failing.hmac = short_hmac;
    struct atls_digest out = {{7}, 77};
    calls_until_failure = SIZE_MAX;
    assert_err(atls_binder(&failing, ATLS_ALG_SHA256, &hash, test_hex(spki_of_one), &out, NULL),
               CRYPTO);
    assert_int_equal(out.len, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_steps_give_the_computed_values),
        cmocka_unit_test(toy_messages_give_the_computed_binders),
        cmocka_unit_test(plain_concatenation_gives_the_wrong_binder),
        cmocka_unit_test(hash_of_the_key_has_the_length_of_the_suite),
        cmocka_unit_test(hellos_of_rfc8448_section_3_give_the_computed_binder),
        cmocka_unit_test(every_bit_of_transcript_and_key_counts),
        cmocka_unit_test(binder_wants_a_suite_a_hash_of_its_length_and_a_key),
        cmocka_unit_test(failing_library_gives_no_binder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
