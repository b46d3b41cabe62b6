/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways into an attester: what they hand on, and what they refuse. */
#include "attester/attester.h"

#include "crypto/crypto.h"
#include "handshake/binder.h"
#include "support/check.h"
#include "support/memory.h"

#include <stdlib.h>

/* An attester that remembers what it was asked for. */
struct recorder {
    size_t max_nonce;
    enum atls_err answer;
    size_t answer_len;
    unsigned num_calls;
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len;
    struct atls_bytes spki;
    uint32_t timeout_ms;
};

static struct recorder *recorder_of(struct atls_attester *attester)
{
    return (struct recorder *)(void *)attester;
}

static enum atls_err record_open(struct atls_attester **out, struct atls_bytes config_json,
                                 struct atls_diag *diag)
{
    (void)out;
    (void)config_json;
    return atls_fail(diag, ATLS_ERR_STATE, "test", "open");
}

static void record_close(struct atls_attester *attester)
{
    (void)attester;
}

static size_t record_max_nonce(const struct atls_attester *attester)
{
    return ((const struct recorder *)(const void *)attester)->max_nonce;
}

static enum atls_err record_attest(struct atls_attester *attester, struct atls_buf out,
                                   size_t *out_len, const struct atls_attest_request *request,
                                   struct atls_diag *diag)
{
    struct recorder *recorder = recorder_of(attester);
    recorder->num_calls++;
    recorder->spki = request->spki;
    recorder->timeout_ms = request->timeout_ms;
    recorder->nonce_len = request->nonce.len;
    memcpy(recorder->nonce, request->nonce.data, request->nonce.len);
    if (recorder->answer != ATLS_OK) {
        return atls_fail(diag, recorder->answer, "test", "attest");
    }
    memset(out.data, 0xee, out.cap);
    *out_len = recorder->answer_len;
    return ATLS_OK;
}

static enum atls_err record_load_key(struct atls_attester *attester, struct evp_pkey_st **out,
                                     struct atls_bytes pem, struct atls_diag *diag)
{
    (void)attester;
    (void)out;
    (void)pem;
    return atls_fail(diag, ATLS_ERR_KEY, "test", "load_key");
}

static enum atls_err record_provision(struct atls_provision *out,
                                      const struct atls_provision_request *request,
                                      struct atls_diag *diag)
{
    (void)out;
    (void)request;
    return atls_fail(diag, ATLS_ERR_STATE, "test", "provision");
}

static struct atls_attester_ops recorder_ops(void)
{
    const struct atls_attester_ops ops = {
        .abi = ATLS_ATTESTER_ABI,
        .size = (uint32_t)sizeof ops,
        .name = "recorder",
        .format = "psa",
        .open = record_open,
        .close = record_close,
        .max_nonce = record_max_nonce,
        .attest = record_attest,
        .load_key = record_load_key,
        .provision = record_provision,
    };
    return ops;
}

struct asked {
    struct recorder recorder;
    struct atls_diag diag;
    uint8_t room[16];
    size_t len;
};

static void asked_init(struct asked *a)
{
    memset(a, 0, sizeof *a);
    a->recorder.max_nonce = 64;
    a->recorder.answer_len = 5;
    a->len = 77;
}

static struct atls_attester *attester_of(struct asked *a)
{
    return (struct atls_attester *)(void *)&a->recorder;
}

static const uint8_t spki_octets[] = {0x30, 0x03, 0x01, 0x02, 0x03};

static size_t pads_to; /* what the recorder's root of trust does with a short nonce */

static enum atls_err for_nonce(struct asked *a, struct atls_bytes nonce)
{
    struct atls_attester_ops ops = recorder_ops();
    ops.padded_len = pads_to;
    const struct atls_buf out = {a->room, sizeof a->room};
    memset(&a->diag, 0, sizeof a->diag);
    return atls_attester_for_nonce(&ops, attester_of(a), nonce,
                                   atls_bytes_of(spki_octets, sizeof spki_octets), 1234, out,
                                   &a->len, &a->diag);
}

static void a_table_that_lacks_anything_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_attester_ops ops = recorder_ops();
    assert_err(atls_attester_check(&ops, &diag), OK);
    assert_err(atls_attester_check(NULL, &diag), ARGUMENT);
    ops.abi = 2;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "abi");
    ops = recorder_ops();
    ops.size--;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "size");
    ops = recorder_ops();
    ops.name = NULL;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    ops = recorder_ops();
    ops.format = "";
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    ops = recorder_ops();
    ops.padded_len = 48;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "padded_len");
    ops.padded_len = 64;
    assert_err(atls_attester_check(&ops, &diag), OK);
    ops = recorder_ops();
    ops.open = NULL;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "open");
    ops = recorder_ops();
    ops.close = NULL;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "close");
    ops = recorder_ops();
    ops.max_nonce = NULL;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "max_nonce");
    ops = recorder_ops();
    ops.attest = NULL;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "attest");
    ops = recorder_ops();
    ops.load_key = NULL;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "load_key");
    ops = recorder_ops();
    ops.provision = NULL;
    assert_err(atls_attester_check(&ops, &diag), ARGUMENT);
    assert_string_equal(diag.claim, "provision");
}

/* every length, and 64 octets with every number of zeros at their end. */
static void outside_nonces_that_could_be_binders_are_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 65; len++) {
        struct asked a;
        asked_init(&a);
        const struct atls_buf nonce = test_room(len + 1);
        memset(nonce.data, 0x4e, len + 1);
        const enum atls_err err = for_nonce(&a, atls_bytes_of(nonce.data, len));
        if (len == 0 || len == 32 || len == 48 || len > 64) {
            assert_err(err, NONCE_LENGTH);
            assert_int_equal(a.recorder.num_calls, 0);
            assert_int_equal(a.len, 77);
        } else {
            assert_err(err, OK);
            assert_int_equal(a.recorder.num_calls, 1);
            assert_bytes(atls_bytes_of(a.recorder.nonce, a.recorder.nonce_len),
                         atls_bytes_of(nonce.data, len));
        }
    }
    for (size_t zeros = 0; zeros <= 64; zeros++) {
        struct asked a;
        asked_init(&a);
        uint8_t nonce[64];
        memset(nonce, 0x4e, sizeof nonce);
        memset(&nonce[64 - zeros], 0, zeros);
        const enum atls_err err = for_nonce(&a, atls_bytes_of(nonce, sizeof nonce));
        if (zeros >= 16) {
            assert_err(err, NONCE_LENGTH);
            assert_non_null(strstr(a.diag.found, "16 zero octets"));
            assert_int_equal(a.recorder.num_calls, 0);
        } else {
            assert_err(err, OK);
        }
    }
}

/* A root of trust that pads: every length with every number of zeros at its end. What is taken is,
 * once padded, no binder of 32 or of 48 octets. */
static void outside_nonces_that_are_padded_into_a_binder_are_refused(void **state)
{
    (void)state;
    size_t taken = 0;
    pads_to = 64;
    for (size_t len = 0; len <= 65; len++) {
        for (size_t zeros = 0; zeros <= len; zeros++) {
            struct asked a;
            uint8_t field[66] = {0};
            bool is_binder = true;
            asked_init(&a);
            memset(field, 0x4e, len - zeros);
            for (size_t i = 48; i < 64; i++) {
                is_binder = is_binder && field[i] == 0;
            }
            const enum atls_err err = for_nonce(&a, test_copy(atls_bytes_of(field, len)));
            if (is_binder || len > 64) {
                assert_err(err, NONCE_LENGTH);
                assert_int_equal(a.recorder.num_calls, 0);
            } else {
                assert_err(err, OK);
                taken++;
            }
        }
    }
    pads_to = 0;
    assert_int_equal(taken, 16 * 17 / 2); /* of 49 octets the one without zeros, of 64 sixteen */
}

static void a_nonce_longer_than_the_root_of_trust_takes_is_refused(void **state)
{
    (void)state;
    struct asked a;
    asked_init(&a);
    a.recorder.max_nonce = 34;
    uint8_t nonce[64];
    memset(nonce, 0x4e, sizeof nonce);
    assert_err(for_nonce(&a, atls_bytes_of(nonce, 34)), OK);
    assert_err(for_nonce(&a, atls_bytes_of(nonce, 35)), NONCE_LENGTH);
    assert_int_equal(a.recorder.num_calls, 1);
    char sentence[1024];
    atls_diag_sentence(sentence, sizeof sentence, &a.diag);
    assert_string_equal(sentence, "attester nonce: a nonce has a length that is refused (nonce: "
                                  "found 35 octets, expected at most 34, which is what recorder "
                                  "can bind)");
}

static void the_request_is_handed_on_as_it_is(void **state)
{
    (void)state;
    struct asked a;
    asked_init(&a);
    const struct atls_bytes nonce = test_hex("00112233445566778899");
    assert_err(for_nonce(&a, nonce), OK);
    assert_int_equal(a.len, 5);
    assert_int_equal(a.recorder.timeout_ms, 1234);
    assert_bytes(a.recorder.spki, atls_bytes_of(spki_octets, sizeof spki_octets));
    asked_init(&a);
    a.recorder.answer = ATLS_ERR_TPM;
    assert_err(for_nonce(&a, nonce), TPM);
    assert_int_equal(a.len, 77);
}

static void an_answer_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 17, SIZE_MAX};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        struct asked a;
        asked_init(&a);
        a.recorder.answer_len = lengths[i];
        assert_err(for_nonce(&a, test_hex("00112233")), ATTESTER);
        assert_int_equal(a.len, 77);
    }
}

static enum atls_err for_handshake(struct asked *a, int32_t hash_alg,
                                   const struct atls_digest *transcript)
{
    const struct atls_attester_ops ops = recorder_ops();
    const struct atls_buf out = {a->room, sizeof a->room};
    memset(&a->diag, 0, sizeof a->diag);
    return atls_attester_for_handshake(
        &ops, attester_of(a), atls_crypto_openssl(), atls_binder, hash_alg, transcript,
        atls_bytes_of(spki_octets, sizeof spki_octets), 1234, out, &a->len, &a->diag);
}

static void a_handshake_gets_evidence_over_the_binder_that_is_computed_here(void **state)
{
    (void)state;
    static const struct {
        int32_t hash_alg;
        size_t len;
    } hashes[] = {{ATLS_ALG_SHA256, 32}, {ATLS_ALG_SHA384, 48}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hashes); i++) {
        struct asked a;
        asked_init(&a);
        struct atls_digest transcript = {{0x11}, hashes[i].len};
        struct atls_digest binder;
        assert_err(for_handshake(&a, hashes[i].hash_alg, &transcript), OK);
        assert_err(atls_binder(atls_crypto_openssl(), hashes[i].hash_alg, &transcript,
                               atls_bytes_of(spki_octets, sizeof spki_octets), &binder, NULL),
                   OK);
        assert_int_equal(a.recorder.nonce_len, hashes[i].len);
        assert_bytes(atls_bytes_of(a.recorder.nonce, a.recorder.nonce_len),
                     atls_digest_bytes(&binder));
        assert_bytes(a.recorder.spki, atls_bytes_of(spki_octets, sizeof spki_octets));
        assert_int_equal(a.len, 5);
        /* never shortened for a root of trust that takes less */
        asked_init(&a);
        a.recorder.max_nonce = hashes[i].len - 1;
        assert_err(for_handshake(&a, hashes[i].hash_alg, &transcript), NONCE_LENGTH);
        assert_int_equal(a.recorder.num_calls, 0);
        assert_int_equal(a.len, 77);
    }
}

static void a_binder_that_cannot_be_computed_asks_for_nothing(void **state)
{
    (void)state;
    struct asked a;
    asked_init(&a);
    struct atls_digest transcript = {{0x11}, 31};
    assert_int_not_equal(for_handshake(&a, ATLS_ALG_SHA256, &transcript), ATLS_OK);
    assert_int_equal(a.recorder.num_calls, 0);
    struct atls_attester_ops ops = recorder_ops();
    const struct atls_buf out = {a.room, sizeof a.room};
    ops.attest = NULL;
    transcript.len = 32;
    assert_err(atls_attester_for_handshake(&ops, attester_of(&a), atls_crypto_openssl(),
                                           atls_binder, ATLS_ALG_SHA256, &transcript,
                                           atls_bytes_of(spki_octets, sizeof spki_octets), 1234,
                                           out, &a.len, &a.diag),
               ARGUMENT);
    assert_err(atls_attester_for_nonce(&ops, attester_of(&a), test_hex("00112233"),
                                       atls_bytes_of(spki_octets, sizeof spki_octets), 1234, out,
                                       &a.len, &a.diag),
               ARGUMENT);
}

static void cleaning_up_a_provision_twice_is_fine(void **state)
{
    (void)state;
    struct atls_provision provision = {strdup("{}"), strdup("key"), strdup("comid"), true,
                                       strdup("collateral")};
    atls_provision_cleanup(&provision);
    assert_null(provision.config_json);
    assert_null(provision.key_pem);
    assert_null(provision.comid_json);
    assert_false(provision.simulated);
    atls_provision_cleanup(&provision);
    atls_provision_cleanup(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_lacks_anything_is_refused),
        cmocka_unit_test(outside_nonces_that_could_be_binders_are_refused),
        cmocka_unit_test(outside_nonces_that_are_padded_into_a_binder_are_refused),
        cmocka_unit_test(a_nonce_longer_than_the_root_of_trust_takes_is_refused),
        cmocka_unit_test(the_request_is_handed_on_as_it_is),
        cmocka_unit_test(an_answer_that_cannot_be_is_refused),
        cmocka_unit_test(a_handshake_gets_evidence_over_the_binder_that_is_computed_here),
        cmocka_unit_test(a_binder_that_cannot_be_computed_asks_for_nothing),
        cmocka_unit_test(cleaning_up_a_provision_twice_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
