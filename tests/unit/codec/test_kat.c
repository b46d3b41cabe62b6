/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle of key and platform: its two members, the kat's claims, and every way to be wrong. */
#include "codec/kat.h"

#include "base/span.h"
#include "support/check.h"
#include "support/kat_maker.h"
#include "support/memory.h"
#include "support/mutate.h"

static struct atls_key *platform;

static struct test_kat good(void)
{
    struct test_kat kat;
    test_kat_init(&kat, platform, 1);
    return kat;
}

static void assert_refused(struct atls_bytes input, const char *claim)
{
    struct atls_kat_bundle out;
    struct atls_kat_bundle before;
    struct atls_diag diag = {.err = ATLS_OK};
    memset(&out, 0x5a, sizeof out);
    memcpy(&before, &out, sizeof out);
    assert_err(atls_kat_bundle_parse(&out, input, &diag), MALFORMED);
    assert_err(diag.err, MALFORMED);
    assert_string_equal(diag.claim, claim);
    assert_memory_equal(&out, &before, sizeof out);
}

static struct atls_bytes part(const struct test_kat *kat, const char *which)
{
    return strcmp(which, "kat") == 0 ? test_kat_record(TEST_KAT_TYPE, test_kat_token(kat))
                                     : test_kat_record(TEST_KAT_PAT, test_psa_sign(&kat->pat));
}

static void a_bundle_is_read(void **state)
{
    (void)state;
    struct atls_kat_bundle out;
    struct atls_kat_claims claims;
    for (int tagged = 0; tagged < 2; tagged++) {
        struct test_kat kat = good();
        kat.tagged = tagged != 0;
        assert_err(atls_kat_bundle_parse(&out, test_kat_bundle(&kat), NULL), OK);
        assert_int_equal(out.kat.tagged, tagged);
        assert_int_equal(out.kat.alg, ATLS_ALG_ES256);
        assert_bytes(out.kak_octets, test_kat_key(kat.kak));
        assert_bytes(out.pat.media_type, atls_bytes_text(TEST_KAT_PAT));
        assert_err(atls_kat_claims_parse(&claims, &out.claims, NULL), OK);
        assert_bytes(claims.nonce, test_kat_nonce());
        struct atls_cose_key identity;
        atls_key_to_cose(kat.identity, &identity);
        assert_bytes(claims.identity.x, identity.x);
    }
}

/* By content format, as a tag, and without an indicator: the forms of a CMW are one. */
static void the_forms_of_a_part_are_one(void **state)
{
    (void)state;
    struct atls_kat_bundle out;
    const struct test_kat kat = good();
    const struct atls_bytes by_number[] = {test_cbor_int(263),
                                           test_cbor_bytes(test_kat_token(&kat))};
    const struct atls_bytes record = test_array_encode(by_number, 2);
    assert_err(atls_kat_bundle_parse(&out, test_kat_collection(record, part(&kat, "pat")), NULL),
               OK);
    const struct atls_buf room = test_room(2048);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    assert_true(atls_cmw_put_tag(&w, 10003, test_psa_sign(&kat.pat)));
    assert_true(atls_writer_finish(&w, &len));
    const struct atls_bytes tag = atls_bytes_of(room.data, len);
    assert_err(atls_kat_bundle_parse(&out, test_kat_collection(record, tag), NULL), OK);
    assert_int_equal(out.pat.content_format, 10003);
}

static void a_collection_with_other_members_is_refused(void **state)
{
    (void)state;
    const struct test_kat kat = good();
    const struct atls_bytes type = test_cbor_text("tag:ietf.org,2024-02-29:rats/kat");
    struct test_map map = {.num_pairs = 0};
    test_map_set(&map, test_cbor_text("kat"), part(&kat, "kat"));
    test_map_set(&map, test_cbor_text("pat"), part(&kat, "pat"));
    assert_refused(test_map_encode(&map), "__cmwc_t");
    test_map_set(&map, test_cbor_text("__cmwc_t"), test_cbor_text("tag:ietf.org,2024:rats/kat"));
    assert_refused(test_map_encode(&map), "__cmwc_t");
    test_map_set(&map, test_cbor_text("__cmwc_t"), type);
    test_map_set(&map, test_cbor_text("more"), part(&kat, "pat"));
    assert_refused(test_map_encode(&map), "collection");
    test_map_drop(&map, test_cbor_text("pat"));
    assert_refused(test_map_encode(&map), "pat");
    test_map_drop(&map, test_cbor_text("more"));
    assert_refused(test_map_encode(&map), "collection");
    test_map_set(&map, test_cbor_text("pat"), part(&kat, "pat"));
    test_map_drop(&map, test_cbor_text("kat"));
    test_map_set(&map, test_cbor_int(1), part(&kat, "kat"));
    assert_refused(test_map_encode(&map), "kat");
    assert_refused(part(&kat, "kat"), "__cmwc_t"); /* no collection at all */
}

static void a_part_that_is_no_evidence_is_refused(void **state)
{
    (void)state;
    const struct test_kat kat = good();
    const struct atls_bytes result[] = {test_cbor_text(TEST_KAT_TYPE),
                                        test_cbor_bytes(test_kat_token(&kat)), test_cbor_int(8)};
    assert_refused(test_kat_collection(test_array_encode(result, 3), part(&kat, "pat")), "kat");
    const struct atls_bytes bundle = test_kat_bundle(&kat);
    assert_refused(test_kat_collection(bundle, part(&kat, "pat")), "kat");
    assert_refused(test_kat_collection(part(&kat, "kat"), bundle), "pat");
    assert_refused(test_kat_collection(part(&kat, "pat"), part(&kat, "pat")), "type of the kat");
}

static void a_kat_that_is_no_token_is_refused(void **state)
{
    (void)state;
    struct test_kat kat = good();
    struct atls_kat_bundle out;
    const struct atls_bytes pat = part(&kat, "pat");
    const struct atls_bytes bare = test_map_encode(&kat.claims);
    assert_refused(test_kat_collection(test_kat_record(TEST_KAT_TYPE, bare), pat), "COSE_Sign1");
    const struct test_psa envelope = {.key = kat.kak, .alg = ATLS_ALG_ES256};
    const struct atls_bytes no_map = test_psa_envelope(&envelope, test_cbor_int(1));
    assert_refused(test_kat_collection(test_kat_record(TEST_KAT_TYPE, no_map), pat),
                   "payload of the kat");
    const struct atls_bytes detached[] = {test_hex("43 a10126"), test_hex("a0"), test_hex("f6"),
                                          test_cbor_fill(0, 64)};
    assert_refused(
        test_kat_collection(test_kat_record(TEST_KAT_TYPE, test_array_encode(detached, 4)), pat),
        "payload of the kat");
    const struct atls_bytes mac[] = {test_hex("43 a10105"), test_hex("a0"),
                                     test_cbor_bytes(test_map_encode(&kat.claims)),
                                     test_cbor_fill(0, 32)};
    assert_err(
        atls_kat_bundle_parse(
            &out,
            test_kat_collection(test_kat_record(TEST_KAT_TYPE, test_array_encode(mac, 4)), pat),
            NULL),
        ALGORITHM);
}

static void a_kat_without_a_usable_kak_is_refused(void **state)
{
    (void)state;
    struct test_kat kat = good();
    test_map_drop(&kat.claims, test_cbor_int(TEST_KAT_KAK_PUB));
    assert_refused(test_kat_bundle(&kat), "kak-pub");
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_KAK_PUB), test_cbor_int(1));
    assert_refused(test_kat_bundle(&kat), "COSE_Key");
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_KAK_PUB), test_hex("a10104"));
    assert_refused(test_kat_bundle(&kat), "COSE_Key kty");
}

static void assert_claims_refused(const struct test_kat *kat, const char *claim)
{
    struct atls_kat_bundle bundle;
    struct atls_kat_claims claims = {.nonce = {NULL, 77}};
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(atls_kat_bundle_parse(&bundle, test_kat_bundle(kat), NULL), OK);
    assert_err(atls_kat_claims_parse(&claims, &bundle.claims, &diag), MALFORMED);
    assert_string_equal(diag.claim, claim);
    assert_int_equal(claims.nonce.len, 77);
}

static void a_nonce_of_another_length_or_type_is_refused(void **state)
{
    (void)state;
    struct test_kat kat = good();
    for (size_t len = 0; len <= 66; len++) {
        test_map_set(&kat.claims, test_cbor_int(TEST_KAT_NONCE), test_cbor_fill(1, len));
        if (len < 8 || len > 64) {
            assert_claims_refused(&kat, "eat_nonce");
        } else {
            struct atls_kat_bundle bundle;
            struct atls_kat_claims claims;
            assert_err(atls_kat_bundle_parse(&bundle, test_kat_bundle(&kat), NULL), OK);
            assert_err(atls_kat_claims_parse(&claims, &bundle.claims, NULL), OK);
            assert_int_equal(claims.nonce.len, len);
        }
    }
    const struct atls_bytes one = test_cbor_fill(1, 16);
    const struct atls_bytes two[] = {one, one};
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_NONCE), test_array_encode(two, 2));
    assert_claims_refused(&kat, "eat_nonce");
    test_map_drop(&kat.claims, test_cbor_int(TEST_KAT_NONCE));
    assert_claims_refused(&kat, "eat_nonce");
}

static void a_cnf_with_anything_but_one_key_is_refused(void **state)
{
    (void)state;
    struct test_kat kat = good();
    struct test_map cnf = {.num_pairs = 0};
    test_map_set(&cnf, test_cbor_int(1), test_kat_key(kat.identity));
    test_map_set(&cnf, test_cbor_int(3), test_cbor_fill(1, 4)); /* and a kid */
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_CNF), test_map_encode(&cnf));
    assert_claims_refused(&kat, "cnf");
    test_map_drop(&cnf, test_cbor_int(1));
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_CNF), test_map_encode(&cnf));
    assert_claims_refused(&kat, "cnf");
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_CNF), test_kat_key(kat.identity));
    assert_claims_refused(&kat, "cnf");
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_CNF), test_hex("a1 01 a10103"));
    assert_claims_refused(&kat, "COSE_Key n");
    test_map_drop(&kat.claims, test_cbor_int(TEST_KAT_CNF));
    assert_claims_refused(&kat, "cnf");
}

static void a_kat_with_limits_that_nobody_looks_at_is_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t label;
        const char *name;
    } limits[] = {{3, "aud"}, {4, "exp"}, {5, "nbf"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(limits); i++) {
        struct test_kat kat = good();
        test_map_set(&kat.claims, test_cbor_int(limits[i].label), test_cbor_int(1));
        assert_claims_refused(&kat, limits[i].name);
    }
}

static void claims_that_nobody_knows_are_ignored(void **state)
{
    (void)state;
    struct test_kat kat = good();
    struct atls_kat_bundle bundle;
    struct atls_kat_claims claims;
    test_map_set(&kat.claims, test_cbor_int(2501), test_cbor_int(1));
    test_map_set(&kat.claims, test_cbor_text("mine"), test_cbor_int(1));
    assert_err(atls_kat_bundle_parse(&bundle, test_kat_bundle(&kat), NULL), OK);
    assert_err(atls_kat_claims_parse(&claims, &bundle.claims, NULL), OK);
}

/* Every key of a mutant that is read is inside of it. */
static void read_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_kat_bundle bundle;
    struct atls_kat_claims claims;
    (void)at;
    (void)context;
    if (atls_kat_bundle_parse(&bundle, mutant, NULL) == ATLS_OK) {
        assert_true(bundle.kak_octets.data > mutant.data &&
                    bundle.kak_octets.data + bundle.kak_octets.len < mutant.data + mutant.len);
        const enum atls_err err = atls_kat_claims_parse(&claims, &bundle.claims, NULL);
        assert_true(err == ATLS_OK || err == ATLS_ERR_MALFORMED);
    }
}

static void refuse_prefix(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_kat_bundle bundle;
    (void)at;
    (void)context;
    assert_err(atls_kat_bundle_parse(&bundle, mutant, NULL), MALFORMED);
}

static void every_prefix_is_refused_and_no_bit_flip_leads_astray(void **state)
{
    (void)state;
    const struct test_kat kat = good();
    test_each_truncation(test_kat_bundle(&kat), refuse_prefix, NULL);
    test_each_bit_flip(test_kat_bundle(&kat), read_mutant, NULL);
}

/* What is written is what is read, octet by octet deterministic. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    const struct test_kat kat = good();
    const struct atls_bytes pat = part(&kat, "pat");
    const struct atls_buf room = test_room(4096);
    struct atls_kat_claims claims = {.nonce = test_kat_nonce()};
    struct atls_cose_key kak;
    size_t len = 0;
    atls_key_to_cose(kat.identity, &claims.identity);
    atls_key_to_cose(kat.kak, &kak);
    struct atls_writer w = atls_writer_of(room);
    atls_kat_put_claims(&w, &claims, &kak);
    assert_true(atls_writer_finish(&w, &len));
    assert_bytes(test_copy(atls_bytes_of(room.data, len)), test_map_encode(&kat.claims));
    const struct atls_bytes token = test_kat_token(&kat);
    w = atls_writer_of(room);
    atls_kat_put_bundle(&w, token, pat);
    assert_true(atls_writer_finish(&w, &len));
    assert_bytes(atls_bytes_of(room.data, len),
                 test_kat_collection(test_kat_record(TEST_KAT_TYPE, token), pat));
    w = atls_writer_of((struct atls_buf){room.data, len - 1});
    atls_kat_put_bundle(&w, token, pat);
    assert_false(atls_writer_finish(&w, &len));
}

int main(void)
{
    platform = test_key(ATLS_CRV_P256);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_is_read),
        cmocka_unit_test(the_forms_of_a_part_are_one),
        cmocka_unit_test(a_collection_with_other_members_is_refused),
        cmocka_unit_test(a_part_that_is_no_evidence_is_refused),
        cmocka_unit_test(a_kat_that_is_no_token_is_refused),
        cmocka_unit_test(a_kat_without_a_usable_kak_is_refused),
        cmocka_unit_test(a_nonce_of_another_length_or_type_is_refused),
        cmocka_unit_test(a_cnf_with_anything_but_one_key_is_refused),
        cmocka_unit_test(a_kat_with_limits_that_nobody_looks_at_is_refused),
        cmocka_unit_test(claims_that_nobody_knows_are_ignored),
        cmocka_unit_test(every_prefix_is_refused_and_no_bit_flip_leads_astray),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
