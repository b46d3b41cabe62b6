/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake_test.h"
#include "rfc8448.h"

#include "crypto/crypto.h"
#include "handshake/transcript.h"

/* Published: Transcript-Hash(ClientHello..ServerHello) of RFC 8448, section 5, where it stands as
 * the hash of "derive secret "tls13 c hs traffic"". That of section 3 is computed alike. */
static const char trace3_sha256[] =
    "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8";
static const char trace5_sha256[] =
    "8aa8e828ec2f8a884fec95a3139de01c15a3daa7ff5bfc3f4bfcc21b438d7bf8";
/* The same messages with SHA-384, computed by Python's hashlib over the octets of RFC 8446,
 * 4.4.1. */
static const char trace3_sha384[] =
    "53585189fd526863cc1afbe3eecb2ba95ac94ba13e94d41603ce79f074ee1c0a"
    "e3879807076c5273a1a880d310208c54";
static const char trace5_sha384[] =
    "2484afa610257be448de88dbf722dffb9b185b1614279fdb584072e03aca0bfa"
    "ce4b81bf089e6a39c4baee13683fdacb";

static const struct atls_crypto_ops *ops(void)
{
    return atls_crypto_openssl();
}

static enum atls_err add_hex(struct atls_transcript *t, const char *message, struct atls_diag *diag)
{
    return atls_transcript_add(ops(), t, test_hex(message), diag);
}

static void assert_hash(const struct atls_transcript *t, int32_t alg, const char *expected)
{
    struct atls_digest digest;
    assert_err(atls_transcript_hash(ops(), t, alg, &digest, NULL), OK);
    assert_bytes(atls_digest_bytes(&digest), test_hex(expected));
}

/* ---- published traces ---- */

static void one_round_trip_gives_the_hash_of_rfc8448_section_3(void **state)
{
    (void)state;
    struct atls_transcript t = {0};
    assert_err(add_hex(&t, trace3_client_hello, NULL), OK);
    assert_int_equal(t.state, ATLS_TRANSCRIPT_CH);
    assert_err(add_hex(&t, trace3_server_hello, NULL), OK);
    assert_int_equal(t.state, ATLS_TRANSCRIPT_DONE);
    assert_hash(&t, ATLS_ALG_SHA256, trace3_sha256);
    assert_hash(&t, ATLS_ALG_SHA384, trace3_sha384);
    atls_transcript_reset(ops(), &t);
}

static void hello_retry_request_gives_the_hash_of_rfc8448_section_5(void **state)
{
    (void)state;
    struct atls_transcript t = {0};
    assert_err(add_hex(&t, trace5_client_hello, NULL), OK);
    assert_err(add_hex(&t, trace5_retry_request, NULL), OK);
    assert_int_equal(t.state, ATLS_TRANSCRIPT_HRR);
    assert_err(add_hex(&t, trace5_second_client_hello, NULL), OK);
    assert_int_equal(t.state, ATLS_TRANSCRIPT_CH2);
    assert_err(add_hex(&t, trace5_server_hello, NULL), OK);
    assert_hash(&t, ATLS_ALG_SHA256, trace5_sha256);
    assert_hash(&t, ATLS_ALG_SHA384, trace5_sha384);
    atls_transcript_reset(ops(), &t);
}

static void without_the_substitute_message_the_hash_would_be_another(void **state)
{
    (void)state;
    struct atls_transcript t = {0};
    struct atls_digest whole;
    struct atls_digest second_only;
    static const char *const messages[] = {trace5_client_hello, trace5_retry_request,
                                           trace5_second_client_hello, trace5_server_hello};
    struct atls_hash plain = {0};
    assert_err(ops()->hash_init(&plain, ATLS_ALG_SHA256), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(messages); i++) {
        assert_err(ops()->hash_update(&plain, test_hex(messages[i])), OK);
        assert_err(add_hex(&t, messages[i], NULL), OK);
    }
    assert_err(ops()->hash_peek(&plain, &whole), OK);
    ops()->hash_cleanup(&plain);
    atls_transcript_reset(ops(), &t);
    assert_err(add_hex(&t, trace5_second_client_hello, NULL), OK);
    assert_err(add_hex(&t, trace5_server_hello, NULL), OK);
    assert_err(atls_transcript_hash(ops(), &t, ATLS_ALG_SHA256, &second_only, NULL), OK);
    assert_false(atls_bytes_equal(atls_digest_bytes(&whole), test_hex(trace5_sha256)));
    assert_false(atls_bytes_equal(atls_digest_bytes(&second_only), test_hex(trace5_sha256)));
    atls_transcript_reset(ops(), &t);
}

static void random_of_hello_retry_request_is_the_hash_of_its_name(void **state)
{
    (void)state;
    struct atls_digest digest;
    const struct atls_bytes message = test_hex(trace5_retry_request);
    assert_err(ops()->hash(ATLS_ALG_SHA256, atls_bytes_text("HelloRetryRequest"), &digest), OK);
    assert_bytes(atls_bytes_of(&message.data[6], 32), atls_digest_bytes(&digest));
}

/* ---- every octet counts ---- */

static void changes_the_hash(struct atls_bytes mutant, size_t at, void *context)
{
    const bool is_client_hello = *(const bool *)context;
    struct atls_transcript t = {0};
    struct atls_digest digest;
    enum atls_err err = is_client_hello ? atls_transcript_add(ops(), &t, mutant, NULL)
                                        : add_hex(&t, trace3_client_hello, NULL);
    if (err == ATLS_OK) {
        err = is_client_hello ? add_hex(&t, trace3_server_hello, NULL)
                              : atls_transcript_add(ops(), &t, mutant, NULL);
    }
    if (at < 4) { /* another type or length */
        assert_int_not_equal(t.state, ATLS_TRANSCRIPT_DONE);
    } else {
        assert_err(err, OK);
        assert_err(atls_transcript_hash(ops(), &t, ATLS_ALG_SHA256, &digest, NULL), OK);
        assert_false(atls_bytes_equal(atls_digest_bytes(&digest), test_hex(trace3_sha256)));
    }
    atls_transcript_reset(ops(), &t);
}

static void every_bit_of_both_hellos_counts(void **state)
{
    (void)state;
    bool is_client_hello = true;
    test_each_bit_flip(test_hex(trace3_client_hello), changes_the_hash, &is_client_hello);
    is_client_hello = false;
    test_each_bit_flip(test_hex(trace3_server_hello), changes_the_hash, &is_client_hello);
}

static void is_a_server_hello(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_transcript t = {0};
    (void)context;
    if (at >= 6 && at < 38) { /* in the random */
        assert_err(add_hex(&t, trace5_client_hello, NULL), OK);
        assert_err(atls_transcript_add(ops(), &t, mutant, NULL), OK);
        assert_int_equal(t.state, ATLS_TRANSCRIPT_DONE);
    }
    atls_transcript_reset(ops(), &t);
}

static void one_other_bit_in_the_random_is_no_hello_retry_request(void **state)
{
    (void)state;
    test_each_bit_flip(test_hex(trace5_retry_request), is_a_server_hello, NULL);
}

/* ---- order ---- */

enum message { CH, HRR, SH, OTHER };
static const char *const hex_of[] = {trace5_client_hello, trace5_retry_request, trace5_server_hello,
                                     "08 000002 0000"}; /* EncryptedExtensions */

/* The whole table of states and messages, written again from the drawing in transcript.h. */
static void every_message_in_every_state_does_what_the_drawing_says(void **state)
{
    (void)state;
    enum { S, C, H, C2, D, F }; /* the states by their initials */
    static const enum message ways[][4] = {
        {CH, CH, CH, CH}, {CH}, {CH, HRR}, {CH, HRR, CH}, {CH, SH}};
    static const size_t lengths[] = {0, 1, 2, 3, 2};
    static const int next[5][4] = {
        /* CH  HRR SH OTHER */
        {C, F, F, S},  /* START */
        {F, H, D, F},  /* CH */
        {C2, F, F, F}, /* HRR */
        {F, F, D, F},  /* CH2 */
        {F, F, F, D},  /* DONE */
    };
    for (size_t from = 0; from < 5; from++) {
        for (size_t message = 0; message < 4; message++) {
            struct atls_transcript t = {0};
            struct atls_diag diag = {0};
            for (size_t i = 0; i < lengths[from]; i++) {
                assert_err(add_hex(&t, hex_of[ways[from][i]], NULL), OK);
            }
            assert_int_equal(t.state, from);
            const enum atls_err err = add_hex(&t, hex_of[message], &diag);
            assert_int_equal(t.state, next[from][message]);
            assert_int_equal(err,
                             t.state == ATLS_TRANSCRIPT_FAILED ? ATLS_ERR_TRANSCRIPT : ATLS_OK);
            if (err != ATLS_OK) {
                assert_string_equal(diag.claim, "order of messages");
                assert_string_not_equal(diag.found, "");
                assert_string_not_equal(diag.expected, "");
            }
            atls_transcript_reset(ops(), &t);
        }
    }
}

static void failure_is_for_good_until_reset(void **state)
{
    (void)state;
    struct atls_transcript t = {0};
    struct atls_digest digest;
    struct atls_diag diag;
    assert_err(add_hex(&t, trace3_server_hello, &diag), TRANSCRIPT);
    assert_sentence(&diag, "transcript: the transcript of ClientHello and ServerHello is "
                           "incomplete (order of messages: found ServerHello, expected ClientHello "
                           "first; chain atls_openssl_msg_callback when the application sets a "
                           "message callback)");
    for (size_t message = 0; message < ATLS_ARRAY_LEN(hex_of); message++) {
        assert_err(add_hex(&t, hex_of[message], &diag), TRANSCRIPT);
        assert_int_equal(t.state, ATLS_TRANSCRIPT_FAILED);
        assert_err(atls_transcript_hash(ops(), &t, ATLS_ALG_SHA256, &digest, NULL), TRANSCRIPT);
    }
    assert_string_equal(diag.expected, "nothing, since the transcript failed before");
    atls_transcript_reset(ops(), &t);
    assert_int_equal(t.state, ATLS_TRANSCRIPT_START);
    assert_err(add_hex(&t, trace3_client_hello, NULL), OK);
    assert_err(add_hex(&t, trace3_server_hello, NULL), OK);
    assert_hash(&t, ATLS_ALG_SHA256, trace3_sha256);
    atls_transcript_reset(ops(), &t);
}

static void unfinished_transcript_says_what_is_missing_and_what_to_do(void **state)
{
    (void)state;
    static const char *const missing[] = {"no ClientHello", "ClientHello alone",
                                          "ClientHello and HelloRetryRequest alone",
                                          "two ClientHellos and no ServerHello"};
    static const char *const messages[] = {trace5_client_hello, trace5_retry_request,
                                           trace5_second_client_hello};
    struct atls_transcript t = {0};
    for (size_t done = 0; done < 4; done++) {
        struct atls_digest digest = {{7}, 77};
        struct atls_diag diag;
        assert_err(atls_transcript_hash(ops(), &t, ATLS_ALG_SHA256, &digest, &diag), TRANSCRIPT);
        assert_string_equal(diag.found, missing[done]);
        assert_string_equal(diag.expected,
                            "both hellos; an application that sets its own message callback must "
                            "chain atls_openssl_msg_callback");
        assert_int_equal(digest.len, 77);
        if (done < 3) {
            assert_err(add_hex(&t, messages[done], NULL), OK);
        }
    }
    atls_transcript_reset(ops(), &t);
}

/* ---- framing ---- */

static void fails_the_transcript(struct atls_bytes mutant, size_t at, void *context)
{
    const char **before = context;
    struct atls_transcript t = {0};
    struct atls_diag diag;
    (void)at;
    for (; *before != NULL; before++) {
        assert_err(add_hex(&t, *before, NULL), OK);
    }
    assert_err(atls_transcript_add(ops(), &t, mutant, &diag), TRANSCRIPT);
    assert_string_equal(diag.claim, "handshake message");
    assert_int_equal(t.state, ATLS_TRANSCRIPT_FAILED);
    atls_transcript_reset(ops(), &t);
}

static void message_shorter_than_its_header_says_fails(void **state)
{
    (void)state;
    static const char *nothing[] = {NULL};
    static const char *hello[] = {trace5_client_hello, NULL};
    static const char *both[] = {trace5_client_hello, trace5_server_hello, NULL};
    test_each_truncation(test_hex(trace3_client_hello), fails_the_transcript, nothing);
    test_each_truncation(test_hex(trace3_server_hello), fails_the_transcript, hello);
    fails_the_transcript(test_hex("01 000001 0000"), 0, nothing); /* longer */
    fails_the_transcript(test_hex("08 000001"), 0, nothing);      /* one to ignore, too */
    fails_the_transcript(test_hex("08 000001"), 0, both);
}

static void server_hello_without_a_whole_random_is_malformed(void **state)
{
    (void)state;
    for (size_t body = 0; body <= 34; body++) {
        const struct atls_buf message = test_room(4 + body);
        struct atls_transcript t = {0};
        struct atls_diag diag = {0};
        memset(message.data, 3, message.cap);
        message.data[0] = 2;
        message.data[1] = 0;
        message.data[2] = 0;
        message.data[3] = (uint8_t)body;
        assert_err(add_hex(&t, trace3_client_hello, NULL), OK);
        const enum atls_err err =
            atls_transcript_add(ops(), &t, atls_bytes_of(message.data, message.cap), &diag);
        if (body == 34) {
            assert_err(err, OK);
            assert_int_equal(t.state, ATLS_TRANSCRIPT_DONE);
        } else {
            assert_err(err, MALFORMED);
            assert_string_equal(diag.claim, "ServerHello.random");
            assert_int_equal(t.state, ATLS_TRANSCRIPT_FAILED);
        }
        atls_transcript_reset(ops(), &t);
    }
}

static void hello_longer_than_the_limit_is_malformed(void **state)
{
    (void)state;
    for (size_t len = ATLS_MAX_HELLO_LEN - 1; len <= ATLS_MAX_HELLO_LEN + 1; len++) {
        const struct atls_buf message = test_room(len);
        struct atls_transcript t = {0};
        struct atls_diag diag = {0};
        memset(message.data, 0, message.cap);
        message.data[0] = 1;
        message.data[1] = (uint8_t)((len - 4) >> 16);
        message.data[2] = (uint8_t)((len - 4) >> 8);
        message.data[3] = (uint8_t)(len - 4);
        const enum atls_err err =
            atls_transcript_add(ops(), &t, atls_bytes_of(message.data, message.cap), &diag);
        assert_int_equal(err, len <= ATLS_MAX_HELLO_LEN ? ATLS_OK : ATLS_ERR_MALFORMED);
        if (err != ATLS_OK) {
            assert_sentence(&diag, "transcript: a message or token is not well-formed (hello "
                                   "message: found a body of 131069 octets, expected at most "
                                   "131068)");
        }
        atls_transcript_reset(ops(), &t);
    }
}

static void only_hashes_of_suites_are_given(void **state)
{
    (void)state;
    static const int32_t others[] = {ATLS_ALG_NONE, ATLS_ALG_SHA512, ATLS_ALG_ES256};
    struct atls_transcript t = {0};
    struct atls_digest digest = {{7}, 77};
    struct atls_diag diag;
    assert_err(add_hex(&t, trace3_client_hello, NULL), OK);
    assert_err(add_hex(&t, trace3_server_hello, NULL), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        assert_err(atls_transcript_hash(ops(), &t, others[i], &digest, &diag), ALGORITHM);
        assert_int_equal(digest.len, 77);
    }
    assert_string_equal(diag.found, "COSE -7");
    atls_transcript_reset(ops(), &t);
}

/* ---- a library that fails ---- */

static size_t calls_until_failure;

static enum atls_err may_fail(void)
{
    return calls_until_failure-- == 0 ? ATLS_ERR_CRYPTO : ATLS_OK;
}

static enum atls_err failing_init(struct atls_hash *hash, int32_t alg)
{
    const enum atls_err err = may_fail();
    return err != ATLS_OK ? err : ops()->hash_init(hash, alg);
}

static enum atls_err failing_update(struct atls_hash *hash, struct atls_bytes data)
{
    const enum atls_err err = may_fail();
    return err != ATLS_OK ? err : ops()->hash_update(hash, data);
}

static enum atls_err failing_peek(const struct atls_hash *hash, struct atls_digest *out)
{
    const enum atls_err err = may_fail();
    return err != ATLS_OK ? err : ops()->hash_peek(hash, out);
}

/* Calls in a handshake with HelloRetryRequest: 4 for the first hello, 10 for the substitution, 2
 * for each of the other hellos, 1 for the hash: 19. */
static void every_failure_of_the_library_fails_the_transcript(void **state)
{
    (void)state;
    enum { CALLS = 19 };
    static const char *const messages[] = {trace5_client_hello, trace5_retry_request,
                                           trace5_second_client_hello, trace5_server_hello};
    struct atls_crypto_ops failing = *ops();
    failing.hash_init = failing_init;
    failing.hash_update = failing_update;
    failing.hash_peek = failing_peek;
    for (size_t fail_at = 0; fail_at <= CALLS; fail_at++) {
        struct atls_transcript t = {0};
        struct atls_digest digest = {{7}, 77};
        struct atls_diag diag = {0};
        enum atls_err err = ATLS_OK;
        calls_until_failure = fail_at;
        for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(messages); i++) {
            err = atls_transcript_add(&failing, &t, test_hex(messages[i]), &diag);
        }
        if (err != ATLS_OK) {
            assert_int_equal(t.state, ATLS_TRANSCRIPT_FAILED);
            assert_null(t.sha256.library); /* nothing is left to free */
            assert_null(t.sha384.library);
        } else {
            err = atls_transcript_hash(&failing, &t, ATLS_ALG_SHA384, &digest, &diag);
        }
        assert_int_equal(err, fail_at < CALLS ? ATLS_ERR_CRYPTO : ATLS_OK);
        assert_int_equal(digest.len, fail_at < CALLS ? 77 : 48);
        assert_int_equal(diag.err, err);
        atls_transcript_reset(ops(), &t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_round_trip_gives_the_hash_of_rfc8448_section_3),
        cmocka_unit_test(hello_retry_request_gives_the_hash_of_rfc8448_section_5),
        cmocka_unit_test(without_the_substitute_message_the_hash_would_be_another),
        cmocka_unit_test(random_of_hello_retry_request_is_the_hash_of_its_name),
        cmocka_unit_test(every_bit_of_both_hellos_counts),
        cmocka_unit_test(one_other_bit_in_the_random_is_no_hello_retry_request),
        cmocka_unit_test(every_message_in_every_state_does_what_the_drawing_says),
        cmocka_unit_test(failure_is_for_good_until_reset),
        cmocka_unit_test(unfinished_transcript_says_what_is_missing_and_what_to_do),
        cmocka_unit_test(message_shorter_than_its_header_says_fails),
        cmocka_unit_test(server_hello_without_a_whole_random_is_malformed),
        cmocka_unit_test(hello_longer_than_the_limit_is_malformed),
        cmocka_unit_test(only_hashes_of_suites_are_given),
        cmocka_unit_test(every_failure_of_the_library_fails_the_transcript),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
