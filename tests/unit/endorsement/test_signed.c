/* SPDX-License-Identifier: Apache-2.0 */
/* Signed CoRIM: whose signature counts, what the headers must say, and every way to be wrong. */
#include "signed.h"

#include "support/mutate.h"

#include <stdlib.h>

static void the_computed_example_is_written_octet_for_octet(void **state)
{
    (void)state;
    struct atls_key *key = rfc8032_key();
    struct atls_corim_signing signing = signing_by(key);
    signing.kid = atls_bytes_text("k1");
    signing.not_after_s = 0x713fb300;
    const struct atls_bytes file = sign(kat("psa-good-computed"), &signing);
    assert_int_equal(file.len, 532);
    assert_bytes(test_hash(ATLS_ALG_SHA256, file),
                 test_hex("add3f26b32bf5cc503c0546f11b1055d1a1278eb9f4323508d6e9d1ec695711e"));
    struct atls_endorsements *set = set_of(key);
    add(set, file, "it");
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    assert_int_equal(atls_endorsements_num_references(set), 1);
    atls_endorsements_unref(set);
    atls_key_free(key);
}

static void every_kind_of_key_signs_and_verifies(void **state)
{
    (void)state;
    const struct atls_key *keys[] = {test_key(ATLS_CRV_P256),  test_key(ATLS_CRV_P384),
                                     test_key(ATLS_CRV_P521),  test_key(ATLS_CRV_ED25519),
                                     test_key(ATLS_CRV_ED448), test_rsa_key(2048)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        const struct atls_corim_signing signing = signing_by(keys[i]);
        const struct atls_bytes file = sign(kat("psa-good"), &signing);
        for (size_t k = 0; k < ATLS_ARRAY_LEN(keys); k++) {
            struct atls_endorsements *set = set_of(keys[k]);
            if (k == i) {
                add(set, file, "it");
                assert_int_equal(atls_endorsements_num_keys(set), 1);
            } else {
                assert_unsigned(set, file, "it names the signer \"s1\"");
            }
            atls_endorsements_unref(set);
        }
    }
}

static void headers_say_who_signed_and_until_when(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    struct atls_signers signers = {.count = 0};
    struct atls_corim_signature found;
    struct atls_corim_signing signing = signing_by(key);
    signing.signer_uri = "https://maker.example";
    signing.kid = test_hex("0102");
    signing.not_before_s = NOW - 10;
    signing.not_after_s = NOW + 10;
    signing.cwt = true;
    const struct atls_bytes corim = kat("tpm2-good");
    const struct atls_bytes file = sign(corim, &signing);
    assert_err(atls_signers_add(&signers, public_pem(key), ATLS_SIGNER_ANY, NULL), OK);
    assert_err(atls_corim_signature_verify(&found, file, &signers, NOW, NULL), OK);
    assert_int_equal(found.alg, ATLS_ALG_ES256);
    assert_text(found.signer, "s1");
    assert_text(found.signer_uri, "https://maker.example");
    assert_bytes(found.kid, test_hex("0102"));
    assert_int_equal(found.not_before_s, NOW - 10);
    assert_int_equal(found.not_after_s, NOW + 10);
    assert_int_equal(found.chain_len, 0);
    assert_bytes(found.payload, corim);
    atls_signers_cleanup(&signers);
}

static void dates_hold_with_a_minute_of_grace(void **state)
{
    (void)state;
    static const struct {
        int64_t from, to;
        const char *part; /* NULL: it holds */
    } cases[] = {
        {NOW + 60, NOW + 900, NULL},
        {NOW + 61, NOW + 900, "not-before: found 2026-07-15T00:01:01Z"},
        {NOW - 900, NOW - 60, NULL},
        {NOW - 900, NOW - 61, "not-after: found 2026-07-14T23:58:59Z"},
        {INT64_MIN, NOW - 61, "not-after: found 2026-07-14T23:58:59Z"},
        {INT64_MIN, NOW, NULL},
    };
    const struct atls_key *key = test_key(ATLS_CRV_ED25519);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_corim_signing signing = signing_by(key);
        signing.not_before_s = cases[i].from;
        signing.not_after_s = cases[i].to;
        struct atls_endorsements *set = set_of(key);
        if (cases[i].part == NULL) {
            add(set, sign(kat("psa-good"), &signing), "it");
        } else {
            assert_unsigned(set, sign(kat("psa-good"), &signing), cases[i].part);
        }
        atls_endorsements_unref(set);
    }
}

/* A certificate that was given by hand signs in its dates only. */
static void a_certificate_outside_its_dates_signs_nothing(void **state)
{
    (void)state;
    static const struct {
        int64_t from, to;
        bool holds;
    } cases[] = {{NOW, NOW, true}, {NOW - 9, NOW - 1, false}, {NOW + 1, NOW + 9, false}};
    struct atls_key *key = test_key(ATLS_CRV_P256);
    const struct atls_corim_signing signing = signing_by(key);
    const struct atls_bytes file = sign(kat("psa-good"), &signing);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_corim_signature signature;
        struct atls_signers signers = {.count = 1};
        struct atls_diag diag = {.err = ATLS_OK};
        signers.items[0] = (struct atls_signer){.key = key,
                                                .cert = test_hex("30"), /* there is one */
                                                .not_before_s = cases[i].from,
                                                .not_after_s = cases[i].to};
        const enum atls_err err =
            atls_corim_signature_verify(&signature, file, &signers, NOW, &diag);
        assert_int_equal(err == ATLS_OK, cases[i].holds);
        if (!cases[i].holds) {
            assert_string_equal(diag.found, "one by a certificate outside its dates");
        }
    }
}

static void cwt_claims_alone_are_enough_and_their_dates_count(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    struct atls_endorsements *set = set_of(key);
    /* {1: "s1"}, then with exp 1 */
    add(set, sign_headers(key, test_hex(TYPE_HEX "0fa101627331"), 2, kat("psa-good")), "it");
    atls_endorsements_unref(set);
    set = set_of(key);
    assert_unsigned(set,
                    sign_headers(key, test_hex(TYPE_HEX "0fa2016273310401"), 2, kat("psa-good")),
                    "not-after: found 1970-01-01T00:00:01Z");
    atls_endorsements_unref(set);
}

static void headers_that_are_wrong_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        uint64_t num;
        const char *part;
    } cases[] = {
        {META_HEX, 1, "content type (header 3): found none"},
        {"036161" META_HEX, 2, "content type (header 3): found \"a\""},
        {"0300" META_HEX, 2, "content type (header 3): found a number"},
        {TYPE_HEX, 1, "neither corim-meta (8) nor CWT claims (15)"},
        {TYPE_HEX "08a100a100627331", 2, "corim-meta (header 8): found a map"},
        {TYPE_HEX "0841a0", 2, "corim-meta: found a map"},
        {TYPE_HEX "0842a001", 2, "octet"},
        {TYPE_HEX "0843a100a0", 2, "octet"},
        {TYPE_HEX "0844a10001f6", 2, "octet"},
        {TYPE_HEX "0846a100a1006000", 2, "octet"},
        {TYPE_HEX "0846a100a100f6", 2, "octet"},
        {TYPE_HEX "0845a100a10060", 2, "signer-name: found the text"},
        {TYPE_HEX "0845a100a10001", 2, "signer-name: found an unsigned integer"},
        {TYPE_HEX "084aa100a200627331016175", 2, "signer-uri: found the text"},
        {TYPE_HEX "0849a200a10062733102f5", 2, "corim-meta: found key 2"},
        {TYPE_HEX "084ba200a10062733101a10100", 2, "not-after: found an unsigned integer"},
        {TYPE_HEX "0ff6", 2, "CWT claims (header 15): found a simple value"},
        {TYPE_HEX "0f45a101627331", 2, "CWT claims (header 15): found octets"},
        {TYPE_HEX "0fa102627331", 2, "expected iss (1)"},
        {TYPE_HEX "0fa10101", 2, "iss: found an unsigned integer"},
        {TYPE_HEX "0fa2016273310463617a7a", 2, "exp: found the text"},
        {TYPE_HEX "0fa2016273310541aa", 2, "nbf: found octets"},
        {TYPE_HEX "0fa2016273310201", 2, "sub: found an unsigned integer"},
        {TYPE_HEX "0fa2016273310361aa", 2, "octet"},
        {TYPE_HEX "0fa201627331036161", 2, "CWT claims (header 15): found key 3"},
        {TYPE_HEX META_HEX "0fa101627332", 3, "iss: found \"s2\""},
        {TYPE_HEX META_HEX "0fa20162733104"
                           "1a7fffffff",
         3, "exp and nbf: found other dates"},
        {"190102"
         "2f"
         "190103746170706c69636174696f6e2f72696d2b63626f72" META_HEX,
         3, "a hash envelope"},
        {TYPE_HEX "190104"
                  "6161" META_HEX,
         3, "a hash envelope"},
        {TYPE_HEX META_HEX "1821f6", 3, "x5chain (header 33): found a simple value"},
        {TYPE_HEX META_HEX "182180", 3, "x5chain (header 33): found an array"},
        {TYPE_HEX META_HEX "182189414141414141414141414141414141414141", 3, ""},
        {TYPE_HEX META_HEX "182182414101", 3, "x5chain (header 33): found an unsigned integer"},
        {TYPE_HEX META_HEX "04f6", 3, "kid"},
        {"028108" TYPE_HEX META_HEX, 3, "a critical header that is not known"},
    };
    const struct atls_key *key = test_key(ATLS_CRV_ED25519);
    struct atls_endorsements *set = set_of(key);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        assert_unsigned(
            set, sign_headers(key, test_hex(cases[i].headers), cases[i].num, kat("psa-good")),
            cases[i].part);
    }
    /* The same frame with right headers, and one more that is not known, is taken. */
    add(set, sign_headers(key, test_hex(TYPE_HEX META_HEX "181f00"), 3, kat("psa-good")), "it");
    atls_endorsements_unref(set);
}

static void what_is_inside_must_be_a_corim(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    const struct atls_bytes headers = test_hex(TYPE_HEX META_HEX);
    struct atls_endorsements *set = set_of(key);
    assert_unsigned(set, sign_headers(key, headers, 2, no_octets()), "payload: found something");
    assert_unsigned(set, sign_headers(key, headers, 2, test_hex("d901fa40")), "payload: found");
    const struct atls_corim_signing signing = signing_by(key);
    const struct atls_bytes twice = sign(kat("psa-good"), &signing);
    assert_unsigned(set, sign_headers(key, headers, 2, twice), "payload: found something else");
    /* Signed by the right key and yet no good: refused for what it says. */
    struct atls_diag diag;
    assert_err(atls_endorsements_add_corim(set, sign(kat("bad-tags-cots"), &signing), "it.corim",
                                           NOW, &diag),
               ENDORSEMENT);
    assert_says(&diag, "permitted claims (key 4)");
    atls_endorsements_unref(set);
}

static void without_keys_a_signed_file_names_the_option(void **state)
{
    (void)state;
    const struct atls_corim_signing signing = signing_by(test_key(ATLS_CRV_P256));
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(atls_endorsements_add_corim(set, sign(kat("psa-good"), &signing), "it", NOW, &diag),
               ENDORSEMENT);
    assert_says(&diag, "--endorsement-key");
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    atls_endorsements_unref(set);
}

static void with_keys_an_unsigned_file_is_refused(void **state)
{
    (void)state;
    struct atls_endorsements *set = set_of(test_key(ATLS_CRV_P256));
    assert_unsigned(set, kat("psa-good"), "found an unsigned CoRIM in ");
    assert_unsigned(set, kat("old-psa-good"), "found an unsigned CoRIM in ");
    struct atls_diag diag;
    assert_err(atls_endorsements_load_at(set, KAT_FOLDER "/psa-good.cbor", NOW, &diag),
               ENDORSEMENT_SIGNATURE);
    atls_endorsements_unref(set);
}

static void the_wrapper_of_before_2025_is_stripped(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    const struct atls_bytes headers = test_hex(TYPE_HEX META_HEX);
    const struct atls_bytes file = sign_headers(key, headers, 2, kat("old-psa-good"));
    const struct atls_buf wrapped = test_room(file.len + 6);
    memcpy(wrapped.data, test_hex("d901f4d901f6").data, 6);
    memcpy(&wrapped.data[6], file.data, file.len);
    struct atls_endorsements *set = set_of(key);
    add(set, atls_bytes_of(wrapped.data, wrapped.cap), "it");
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    atls_endorsements_unref(set);
    set = set_of(key);
    assert_unsigned(set, atls_bytes_of(&wrapped.data[3], wrapped.cap - 3), "tag");
    atls_endorsements_unref(set);
}

struct mutants {
    const struct atls_key *key;
    size_t count;
};

static void refuse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    struct mutants *mutants = context;
    struct atls_diag diag = {.err = ATLS_OK};
    struct atls_endorsements *set = set_of(mutants->key);
    assert_err(atls_endorsements_add_corim(set, mutant, "mutant", NOW, &diag),
               ENDORSEMENT_SIGNATURE);
    assert_says(&diag, "mutant");
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    atls_endorsements_unref(set);
    mutants->count++;
}

static void no_prefix_and_no_flipped_bit_verifies(void **state)
{
    (void)state;
    struct atls_key *key = rfc8032_key();
    struct mutants mutants = {key, 0};
    struct atls_corim_signing signing = signing_by(key);
    signing.cwt = true;
    signing.kid = atls_bytes_text("k1");
    signing.not_after_s = NOW + 1000;
    const struct atls_bytes file = sign(kat("psa-good-computed"), &signing);
    test_each_mutant(file, refuse, &mutants);
    assert_true(mutants.count > 9 * file.len);
    atls_key_free(key);
}

static void what_cannot_be_signed_is_refused(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    const struct atls_corim_signing good = signing_by(key);
    uint8_t *out = NULL;
    size_t len = 0;
    struct atls_diag diag;
    static const char *const files[] = {"a0", "d901f5a0", "d901f5a10000", "d901f580", "d2", ""};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        assert_err(atls_corim_sign(&out, &len, test_hex(files[i]), &good, &diag), ENDORSEMENT);
    }
    assert_err(atls_corim_sign(&out, &len, sign(kat("psa-good"), &good), &good, &diag),
               ENDORSEMENT);
    assert_says(&diag, "a signed CoRIM");
    struct atls_corim_signing bad = good;
    bad.signer = "";
    assert_err(atls_corim_sign(&out, &len, kat("psa-good"), &bad, NULL), ENDORSEMENT);
    bad.signer = "\xff";
    assert_err(atls_corim_sign(&out, &len, kat("psa-good"), &bad, NULL), ENDORSEMENT);
    bad = good;
    bad.not_before_s = NOW;
    assert_err(atls_corim_sign(&out, &len, kat("psa-good"), &bad, NULL), ENDORSEMENT);
    bad.not_after_s = NOW - 1;
    assert_err(atls_corim_sign(&out, &len, kat("psa-good"), &bad, NULL), ENDORSEMENT);
    bad = good;
    bad.key = test_key_from_pem(public_pem(key));
    assert_true(atls_corim_sign(&out, &len, kat("psa-good"), &bad, NULL) != ATLS_OK);
    assert_null(out);
    assert_int_equal(len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_computed_example_is_written_octet_for_octet),
        cmocka_unit_test(every_kind_of_key_signs_and_verifies),
        cmocka_unit_test(headers_say_who_signed_and_until_when),
        cmocka_unit_test(dates_hold_with_a_minute_of_grace),
        cmocka_unit_test(a_certificate_outside_its_dates_signs_nothing),
        cmocka_unit_test(cwt_claims_alone_are_enough_and_their_dates_count),
        cmocka_unit_test(headers_that_are_wrong_are_refused_by_name),
        cmocka_unit_test(what_is_inside_must_be_a_corim),
        cmocka_unit_test(without_keys_a_signed_file_names_the_option),
        cmocka_unit_test(with_keys_an_unsigned_file_is_refused),
        cmocka_unit_test(the_wrapper_of_before_2025_is_stripped),
        cmocka_unit_test(no_prefix_and_no_flipped_bit_verifies),
        cmocka_unit_test(what_cannot_be_signed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
