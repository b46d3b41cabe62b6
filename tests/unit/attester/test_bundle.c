/* SPDX-License-Identifier: Apache-2.0 */
/* What a Verifier of passports is sent: Evidence that names the TLS key, or a bundle that does. */
#include "attester/attester.h"

#include "base/span.h"
#include "codec/kat.h"
#include "crypto/crypto.h"
#include "json/runtime_data.h"
#include "support/check.h"
#include "support/keys.h"
#include "support/memory.h"

/* A root of trust that remembers what it was asked for, and answers with `answer`. */
static struct {
    struct atls_bytes answer;
    unsigned num_calls;
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len;
    size_t max_nonce;
} root;

static enum atls_err root_open(struct atls_attester **out, struct atls_bytes config_json,
                               struct atls_diag *diag)
{
    (void)out;
    (void)config_json;
    return atls_fail(diag, ATLS_ERR_STATE, "test", "open");
}

static void root_close(struct atls_attester *attester)
{
    (void)attester;
}

static size_t root_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return root.max_nonce;
}

static enum atls_err root_attest(struct atls_attester *attester, struct atls_buf out,
                                 size_t *out_len, const struct atls_attest_request *request,
                                 struct atls_diag *diag)
{
    (void)attester;
    (void)diag;
    root.num_calls++;
    root.nonce_len = request->nonce.len;
    memcpy(root.nonce, request->nonce.data, request->nonce.len);
    memcpy(out.data, root.answer.data, root.answer.len);
    *out_len = root.answer.len;
    return ATLS_OK;
}

static enum atls_err root_load_key(struct atls_attester *attester, struct evp_pkey_st **out,
                                   struct atls_bytes pem, struct atls_diag *diag)
{
    (void)attester;
    (void)out;
    (void)pem;
    return atls_fail(diag, ATLS_ERR_KEY, "test", "load_key");
}

static enum atls_err root_provision(struct atls_provision *out,
                                    const struct atls_provision_request *request,
                                    struct atls_diag *diag)
{
    (void)out;
    (void)request;
    return atls_fail(diag, ATLS_ERR_STATE, "test", "provision");
}

static struct atls_attester_ops ops = {
    .abi = ATLS_ATTESTER_ABI,
    .size = (uint32_t)sizeof ops,
    .name = "root",
    .format = "psa",
    .open = root_open,
    .close = root_close,
    .max_nonce = root_max_nonce,
    .attest = root_attest,
    .load_key = root_load_key,
    .provision = root_provision,
};

static const char psa_type[] = "application/psa-attestation-token";
static struct atls_key *identity;
static uint8_t made[8192];
static size_t made_len;
static struct atls_diag diag;

static struct atls_bytes record(const char *type)
{
    const struct atls_buf room = test_room(256);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cmw_put_record_media(&w, type, atls_bytes_text("token"), 0);
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static int fresh(void **state)
{
    (void)state;
    memset(&root, 0, sizeof root);
    root.max_nonce = 64;
    root.answer = record(psa_type);
    ops.format = "psa";
    made_len = 77;
    return 0;
}

static enum atls_err make_for(struct atls_bytes nonce, struct atls_bytes spki, size_t cap)
{
    const struct atls_buf out = {made, cap};
    memset(&diag, 0, sizeof diag);
    return atls_attester_for_passport(&ops, (struct atls_attester *)(void *)&root,
                                      atls_crypto_openssl(), nonce, spki, 1234, out, &made_len,
                                      &diag);
}

static enum atls_err make(struct atls_bytes nonce)
{
    return make_for(nonce, test_spki(identity), sizeof made);
}

static struct atls_bytes nonce_of(size_t len, size_t zeros)
{
    const struct atls_buf room = test_room(len + 1);
    memset(room.data, 0x4e, len + 1);
    memset(&room.data[len - zeros], 0, zeros);
    return atls_bytes_of(room.data, len);
}

/* The kat is signed by its kak, names nonce and key, and the pat was asked for over the kak. */
static void a_bundle_links_nonce_key_and_platform(void **state)
{
    (void)state;
    struct atls_kat_bundle bundle;
    struct atls_kat_claims claims;
    struct atls_key *kak = NULL, *named = NULL;
    const struct atls_bytes none = {NULL, 0};
    assert_err(make(nonce_of(64, 0)), OK);
    assert_err(atls_kat_bundle_parse(&bundle, atls_bytes_of(made, made_len), NULL), OK);
    assert_err(atls_kat_claims_parse(&claims, &bundle.claims, NULL), OK);
    assert_false(bundle.kat.tagged);
    assert_bytes(claims.nonce, nonce_of(64, 0));
    assert_bytes(bundle.pat.value, atls_bytes_text("token"));
    assert_err(atls_key_from_cose(&named, &claims.identity, NULL), OK);
    assert_true(atls_key_equal(named, identity));
    assert_err(atls_key_from_cose(&kak, &bundle.kak, NULL), OK);
    assert_err(
        atls_cose_sign1_verify(atls_crypto_openssl(), kak, &bundle.kat, none, none, "kat", NULL),
        OK);
    assert_bytes(atls_bytes_of(root.nonce, root.nonce_len),
                 test_hash(ATLS_ALG_SHA256, bundle.kak_octets));
    assert_string_equal(atls_attester_passport_format(&ops)->name, "kat");
    atls_key_free(kak);
    atls_key_free(named);
}

/* A token of the platform vouches for one bundle, and no more. */
static void each_bundle_has_a_kak_of_its_own(void **state)
{
    (void)state;
    uint8_t first[32];
    assert_err(make(nonce_of(64, 0)), OK);
    memcpy(first, root.nonce, sizeof first);
    assert_err(make(nonce_of(64, 0)), OK);
    assert_int_equal(root.num_calls, 2);
    assert_memory_not_equal(first, root.nonce, sizeof first);
}

/* the nonce of a bundle is as little of a handshake as that of Evidence. */
static void a_nonce_that_could_be_a_binder_gets_nothing(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 65; len++) {
        fresh(NULL);
        const enum atls_err err = make(nonce_of(len, 0));
        const bool taken = len >= 8 && len <= 64 && len != 32 && len != 48;
        assert_string_equal(atls_err_name(err), taken ? "OK" : "NONCE_LENGTH");
        assert_int_equal(root.num_calls, taken ? 1 : 0);
        assert_true(taken || made_len == 77);
    }
    for (size_t zeros = 0; zeros <= 64; zeros++) {
        fresh(NULL);
        assert_string_equal(atls_err_name(make(nonce_of(64, zeros))),
                            zeros < 16 ? "OK" : "NONCE_LENGTH");
        assert_int_equal(root.num_calls, zeros < 16 ? 1 : 0);
    }
}

static void evidence_that_names_the_key_goes_by_itself(void **state)
{
    (void)state;
    ops.format = "tpm2";
    assert_string_equal(atls_attester_passport_format(&ops)->name, "tpm2");
    assert_err(make(nonce_of(33, 0)), OK);
    assert_bytes(atls_bytes_of(made, made_len), record(psa_type));
    assert_bytes(atls_bytes_of(root.nonce, root.nonce_len), nonce_of(33, 0));
    assert_err(make(nonce_of(32, 0)), NONCE_LENGTH);
}

static void a_format_that_can_be_neither_is_refused(void **state)
{
    (void)state;
    static const char *const formats[] = {"kat", "mystery"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(formats); i++) {
        ops.format = formats[i];
        assert_null(atls_attester_passport_format(&ops));
        assert_err(make(nonce_of(64, 0)), NOT_BUILT);
        assert_int_equal(root.num_calls, 0);
    }
}

static void a_platform_that_gives_anything_else_is_refused(void **state)
{
    (void)state;
    const struct atls_bytes answers[] = {
        record("application/vnd.parallaxsecond.key-attestation.tpm"),
        record("text/plain"),
        test_hex("a2 68 5f5f636d77635f74 63 613a62 61 61 82 19 2713 41 00"),
        test_hex("00"),
        atls_bytes_text("[\"application/psa-attestation-token\",\"dG9rZW4\"]"),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(answers); i++) {
        root.answer = answers[i];
        assert_err(make(nonce_of(64, 0)), ATTESTER);
        assert_int_equal(made_len, 77);
    }
}

static void a_platform_that_takes_too_short_a_nonce_is_refused(void **state)
{
    (void)state;
    root.max_nonce = 31;
    assert_err(make(nonce_of(64, 0)), NONCE_LENGTH);
    assert_int_equal(root.num_calls, 0);
}

static void keys_of_every_kind_are_named_and_others_refused(void **state)
{
    (void)state;
    struct atls_key *const keys[] = {test_key(ATLS_CRV_P521), test_key(ATLS_CRV_ED25519),
                                     test_rsa_key(2048)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        struct atls_kat_bundle bundle;
        struct atls_kat_claims claims;
        struct atls_key *named = NULL;
        assert_err(make_for(nonce_of(64, 0), test_spki(keys[i]), sizeof made), OK);
        assert_err(atls_kat_bundle_parse(&bundle, atls_bytes_of(made, made_len), NULL), OK);
        assert_err(atls_kat_claims_parse(&claims, &bundle.claims, NULL), OK);
        assert_err(atls_key_from_cose(&named, &claims.identity, NULL), OK);
        assert_true(atls_key_equal(named, keys[i]));
        atls_key_free(named);
    }
    made_len = 77;
    assert_err(make_for(nonce_of(64, 0), test_hex("3003020101"), sizeof made), KEY);
    assert_err(make_for(nonce_of(64, 0), test_spki(identity), 100), BUFFER);
    assert_int_equal(made_len, 77);
}

#define BROKER_NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static enum atls_err for_broker(int32_t hash_alg, const char *nonce, struct atls_bytes spki)
{
    const struct atls_buf out = {made, sizeof made};
    memset(&diag, 0, sizeof diag);
    return atls_attester_for_key_broker(&ops, (struct atls_attester *)(void *)&root,
                                        atls_crypto_openssl(), hash_alg, nonce, spki, 1234, out,
                                        &made_len, &diag);
}

/* 48 octets are what a handshake has there, so they are those of a hash that is made here;
 * the same from outside are refused. */
static void a_key_broker_gets_evidence_over_a_hash_that_is_made_here(void **state)
{
    (void)state;
    static const int32_t algs[] = {ATLS_ALG_SHA384, ATLS_ALG_SHA512};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(algs); i++) {
        struct atls_digest hash;
        const struct atls_bytes spki = test_spki(identity);
        fresh(NULL);
        assert_err(
            atls_runtime_data_hash(&hash, atls_crypto_openssl(), algs[i], BROKER_NONCE, spki, NULL),
            OK);
        assert_err(for_broker(algs[i], BROKER_NONCE, spki), OK);
        assert_int_equal(root.num_calls, 1);
        assert_bytes(atls_bytes_of(root.nonce, root.nonce_len), atls_digest_bytes(&hash));
        if (algs[i] == ATLS_ALG_SHA384) {
            assert_err(atls_attester_for_nonce(
                           &ops, (struct atls_attester *)(void *)&root, atls_digest_bytes(&hash),
                           spki, 1234, (struct atls_buf){made, sizeof made}, &made_len, &diag),
                       NONCE_LENGTH);
        }
    }
}

static void another_nonce_or_key_is_another_hash(void **state)
{
    (void)state;
    uint8_t first[48];
    assert_err(for_broker(ATLS_ALG_SHA384, BROKER_NONCE, test_spki(identity)), OK);
    memcpy(first, root.nonce, sizeof first);
    assert_err(for_broker(ATLS_ALG_SHA384, "B" BROKER_NONCE, test_spki(identity)), OK);
    assert_memory_not_equal(first, root.nonce, sizeof first);
    struct atls_key *other = NULL;
    assert_err(atls_key_generate(&other, ATLS_CRV_P256, NULL), OK);
    assert_err(for_broker(ATLS_ALG_SHA384, BROKER_NONCE, test_spki(other)), OK);
    assert_memory_not_equal(first, root.nonce, sizeof first);
    atls_key_free(other);
}

static void a_key_broker_chooses_no_octets(void **state)
{
    (void)state;
    const struct atls_bytes spki = test_spki(identity);
    assert_err(for_broker(ATLS_ALG_SHA256, BROKER_NONCE, spki), ALGORITHM);
    assert_err(for_broker(ATLS_ALG_SHA384, "AAAAAAAAAAA\",\"x\":\"", spki), NONCE_LENGTH);
    assert_err(for_broker(ATLS_ALG_SHA384, "", spki), NONCE_LENGTH);
    assert_err(for_broker(ATLS_ALG_SHA384, BROKER_NONCE, atls_bytes_text("no key")), KEY);
    root.max_nonce = 34; /* nothing is cut to fit */
    assert_err(for_broker(ATLS_ALG_SHA384, BROKER_NONCE, spki), NONCE_LENGTH);
    assert_int_equal(root.num_calls, 0);
    assert_int_equal(made_len, 77);
}

int main(void)
{
    identity = test_key(ATLS_CRV_P256);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_bundle_links_nonce_key_and_platform, fresh),
        cmocka_unit_test_setup(each_bundle_has_a_kak_of_its_own, fresh),
        cmocka_unit_test_setup(a_nonce_that_could_be_a_binder_gets_nothing, fresh),
        cmocka_unit_test_setup(evidence_that_names_the_key_goes_by_itself, fresh),
        cmocka_unit_test_setup(a_format_that_can_be_neither_is_refused, fresh),
        cmocka_unit_test_setup(a_platform_that_gives_anything_else_is_refused, fresh),
        cmocka_unit_test_setup(a_platform_that_takes_too_short_a_nonce_is_refused, fresh),
        cmocka_unit_test_setup(keys_of_every_kind_are_named_and_others_refused, fresh),
        cmocka_unit_test_setup(a_key_broker_gets_evidence_over_a_hash_that_is_made_here, fresh),
        cmocka_unit_test_setup(another_nonce_or_key_is_another_hash, fresh),
        cmocka_unit_test_setup(a_key_broker_chooses_no_octets, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
