/* SPDX-License-Identifier: Apache-2.0 */
/* What is a PSA token at all: envelope, algorithm, profile, label, ids. */
#include "scene.h"

#include "appraiser/lookup.h"

static struct atls_key *key;
static struct atls_endorsements *set;

static enum atls_err appraise_octets(struct scene *s, struct atls_bytes evidence)
{
    scene_init(s, set, test_psa_nonce());
    return appraise(s, &atls_appraiser_psa, evidence);
}

static void a_good_token_is_accepted(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    assert_err(appraise_octets(&s, test_psa_sign(&token)), OK);
}

static struct atls_lookup look_up(struct atls_bytes evidence)
{
    struct atls_lookup lookup;
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("psa"));
    assert_err(atls_lookup_read(&lookup, format, evidence, atls_bytes_of(NULL, 0), NULL), OK);
    assert_non_null(lookup.psa);
    return lookup;
}

static void what_a_lookup_has_read_is_not_read_again(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    const struct atls_bytes good = test_psa_sign(&token);
    const struct atls_buf room = test_room(good.len);
    const struct atls_bytes evidence = atls_bytes_of(room.data, room.cap);
    memcpy(room.data, good.data, good.len);
    struct atls_lookup lookup = look_up(evidence);
    room.data[0] = 0; /* no longer a token for who reads it now */
    scene_init(&s, set, test_psa_nonce());
    assert_err(appraise(&s, &atls_appraiser_psa, evidence), EVIDENCE_MALFORMED);
    s.input.lookup = &lookup;
    assert_err(appraise(&s, &atls_appraiser_psa, evidence), OK);
    assert_bytes(s.submod.machine, test_psa_instance(1));
    atls_lookup_cleanup(&lookup);
    scene_cleanup(&s);
}

/* The reading of a good token says nothing of other octets, be they the same until the end, nor of
 * the same octets under another label. */
static void a_lookup_of_something_else_is_not_believed(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    const struct atls_bytes good = test_psa_sign(&token);
    struct atls_lookup lookup = look_up(good);
    const struct atls_buf copy = test_room(good.len);
    memcpy(copy.data, good.data, good.len);
    copy.data[good.len - 1] ^= 1; /* of the signature */
    scene_init(&s, set, test_psa_nonce());
    s.input.lookup = &lookup;
    assert_err(appraise(&s, &atls_appraiser_psa, good), OK);
    assert_err(appraise(&s, &atls_appraiser_psa, atls_bytes_of(copy.data, copy.cap)), SIGNATURE);
    assert_err(appraise(&s, &atls_appraiser_psa, atls_bytes_of(good.data, good.len - 1)),
               EVIDENCE_MALFORMED);
    s.input.media_type = atls_bytes_text("application/octet-stream");
    assert_err(appraise(&s, &atls_appraiser_psa, good), EVIDENCE_TYPE);
    atls_lookup_cleanup(&lookup);
    scene_cleanup(&s);
}

/* with_tag replaces the octet of tag 18. */
static struct atls_bytes with_tag(const char *tag_hex, struct atls_bytes token)
{
    const struct atls_bytes tag = test_hex(tag_hex);
    const struct atls_buf room = test_room(tag.len + token.len - 1);
    memcpy(room.data, tag.data, tag.len);
    memcpy(&room.data[tag.len], &token.data[1], token.len - 1);
    return atls_bytes_of(room.data, room.cap);
}

static void a_mac_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    const enum atls_err err = appraise_octets(&s, with_tag("d1", test_psa_sign(&token)));
    assert_refused(&s, err, ALGORITHM, "PSA token envelope");
    assert_non_null(strstr(s.diag.found, "COSE_Mac0"));
}

static void unsigned_tokens_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    const struct atls_bytes claims = test_map_encode(&token.claims);
    enum atls_err err = appraise_octets(&s, claims);
    assert_refused(&s, err, SIGNATURE, "PSA token envelope");
    const struct atls_buf uccs = test_room(3 + claims.len);
    memcpy(uccs.data, test_hex("d90259").data, 3);
    memcpy(&uccs.data[3], claims.data, claims.len);
    err = appraise_octets(&s, atls_bytes_of(uccs.data, uccs.cap));
    assert_refused(&s, err, SIGNATURE, "PSA token envelope");
    assert_non_null(strstr(s.diag.found, "UCCS"));
}

static void other_envelopes_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    const struct atls_bytes good = test_psa_sign(&token);
    assert_err(appraise_octets(&s, with_tag("d83dd2", good)), EVIDENCE_MALFORMED); /* CWT */
    assert_non_null(strstr(s.diag.found, "CWT"));
    assert_err(appraise_octets(&s, with_tag("", good)), EVIDENCE_MALFORMED);       /* no tag */
    assert_err(appraise_octets(&s, with_tag("d862", good)), EVIDENCE_MALFORMED);   /* COSE_Sign */
    assert_err(appraise_octets(&s, with_tag("d903e6", good)), EVIDENCE_MALFORMED); /* 998 */
    assert_err(appraise_octets(&s, with_tag("d2d2", good)), EVIDENCE_MALFORMED);   /* twice */
    assert_err(appraise_octets(&s, test_hex("")), EVIDENCE_MALFORMED);
}

static void octets_behind_the_token_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    const struct atls_bytes good = test_psa_sign(&token);
    const struct atls_buf more = test_room(good.len + 1);
    memcpy(more.data, good.data, good.len);
    more.data[good.len] = 0;
    assert_err(appraise_octets(&s, atls_bytes_of(more.data, more.cap)), EVIDENCE_MALFORMED);
}

/* the key of the trust anchor decides; a token that says otherwise is refused, also when it
 * was signed as it says. */
static void the_algorithm_must_fit_the_key(void **state)
{
    (void)state;
    static const int64_t others[] = {-8, -35, -36, -37, -257, -47, 5, 0};
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    const struct atls_bytes good = test_psa_sign(&token);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct atls_cbor item;
        struct atls_cbor array;
        struct atls_cbor member;
        assert_err(atls_cbor_parse(&item, good, ATLS_CBOR_STRICT, "token", NULL), OK);
        assert_true(atls_cbor_tag(&item, 18, &array));
        struct atls_bytes members[4];
        for (size_t m = 0; m < 4; m++) {
            assert_true(atls_cbor_at(&array, m, &member));
            members[m] = member.encoded;
        }
        struct test_map protect = {.num_pairs = 0};
        test_map_set(&protect, test_cbor_int(1), test_cbor_int(others[i]));
        members[0] = test_cbor_bytes(test_map_encode(&protect));
        const struct atls_bytes octets = test_array_encode(members, 4);
        const struct atls_buf room = test_room(1 + octets.len);
        room.data[0] = 0xd2;
        memcpy(&room.data[1], octets.data, octets.len);
        assert_err(appraise_octets(&s, atls_bytes_of(room.data, room.cap)), ALGORITHM);
    }
}

static void a_token_by_eddsa_is_outside_the_profile(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    struct atls_key *ed = test_key(ATLS_CRV_ED25519);
    struct atls_endorsements *ed_set = psa_endorsements(ed, 1, false);
    test_psa_init(&token, ed, 1);
    token.alg = ATLS_ALG_EDDSA;
    scene_init(&s, ed_set, test_psa_nonce());
    const enum atls_err err = appraise(&s, &atls_appraiser_psa, test_psa_sign(&token));
    assert_refused(&s, err, ALGORITHM, "alg");
}

static void es384_and_es512_are_accepted(void **state)
{
    (void)state;
    static const struct {
        int32_t crv, alg;
    } others[] = {{ATLS_CRV_P384, ATLS_ALG_ES384}, {ATLS_CRV_P521, ATLS_ALG_ES512}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct scene s;
        struct test_psa token;
        struct atls_key *other = test_key(others[i].crv);
        test_psa_init(&token, other, 1);
        token.alg = others[i].alg;
        scene_init(&s, psa_endorsements(other, 1, false), test_psa_nonce());
        assert_err(appraise(&s, &atls_appraiser_psa, test_psa_sign(&token)), OK);
        assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    }
}

static void a_payload_that_is_no_map_of_claims_is_refused(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "", "80", "f6", "a10a", "bf0a40ff", "a20a400a40", "a10a4000", "a1180a40",
    };
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(payloads); i++) {
        const struct atls_bytes octets = test_psa_envelope(&token, test_hex(payloads[i]));
        assert_err(appraise_octets(&s, octets), EVIDENCE_MALFORMED);
    }
}

static void a_claim_that_stands_twice_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    test_map_add(&token.claims, test_cbor_int(TEST_PSA_NONCE), test_cbor_bytes(test_psa_nonce()));
    assert_err(appraise_octets(&s, test_psa_sign(&token)), EVIDENCE_MALFORMED);
}

static void a_profile_that_is_not_known_is_refused(void **state)
{
    (void)state;
    static const char *const profiles[] = {
        "",
        "http://UNKNOWN",
        "tag:psacertified.org,2023:psa#tfn",
        "tag:psacertified.org,2023:psa#tfm ",
        "PSA_IOT_PROFILE_1",
        "tag:psacertified.org,2019:psa#legacy",
    };
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        test_psa_set(&token, TEST_PSA_PROFILE, test_cbor_text(profiles[i]));
        const enum atls_err err = appraise_octets(&s, test_psa_sign(&token));
        assert_refused(&s, err, EVIDENCE_TYPE, "eat_profile");
    }
    test_psa_set(&token, TEST_PSA_PROFILE, test_cbor_fill(0x2a, 4));
    enum atls_err err = appraise_octets(&s, test_psa_sign(&token));
    assert_refused(&s, err, EVIDENCE_TYPE, "eat_profile");
    test_psa_init(&token, key, 1);
    test_psa_set(&token, -75000, test_cbor_text("PSA_IOT_PROFILE_1"));
    err = appraise_octets(&s, test_psa_sign(&token));
    assert_refused(&s, err, EVIDENCE_TYPE, "eat_profile");
}

/* interim turns a token into one of the profile before RFC 9783. */
static void interim(struct test_psa *token)
{
    test_psa_set(token, TEST_PSA_PROFILE, test_cbor_text("http://arm.com/psa/2.0.0"));
    test_psa_drop(token, TEST_PSA_BOOT_SEED);
    test_psa_set(token, 2397, test_cbor_fill(0xb0, 32));
}

static void the_label_must_be_true_of_the_token(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    interim(&token);
    const struct atls_bytes octets = test_psa_sign(&token);
    scene_init(&s, set, test_psa_nonce());
    enum atls_err err = appraise(&s, &atls_appraiser_psa, octets); /* by content format 10003 */
    assert_refused(&s, err, EVIDENCE_TYPE, "eat_profile");
    s.input.media_type =
        atls_bytes_text("application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    err = appraise(&s, &atls_appraiser_psa, octets);
    assert_refused(&s, err, EVIDENCE_TYPE, "eat_profile");
    s.input.media_type = atls_bytes_text("application/psa-attestation-token");
    assert_err(appraise(&s, &atls_appraiser_psa, octets), OK);
    s.input.media_type =
        atls_bytes_text("application/eat-cwt; profile=\"http://arm.com/psa/2.0.0\"");
    assert_err(appraise(&s, &atls_appraiser_psa, octets), OK);
    s.input.media_type = atls_bytes_text(
        "application/eat+cwt; eat_profile=\"tag:psacertified.org,2019:psa#legacy\"");
    err = appraise(&s, &atls_appraiser_psa, octets);
    assert_refused(&s, err, EVIDENCE_TYPE, "eat_profile");
    static const char *const others[] = {
        "application/vnd.parallaxsecond.key-attestation.tpm",
        "null",
        "application/eat+cwt",
        "application/eat+cwt; eat_profile=\"http://arm.com/psa/2.0.0\"",
        "application/eat-cwt",
        "application/eat-cwt; profile=\"tag:psacertified.org,2023:psa#tfm\""};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        s.input.media_type = atls_bytes_text(others[i]);
        err = appraise(&s, &atls_appraiser_psa, octets);
        assert_refused(&s, err, EVIDENCE_TYPE, "media type");
    }
}

static void a_token_of_the_first_profile_is_read(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    for (int named = 0; named < 2; named++) {
        test_psa_init(&token, key, 1);
        struct test_map old = token.claims;
        memset(&token.claims, 0, sizeof token.claims);
        for (size_t i = 0; i < old.num_pairs; i++) {
            static const int64_t labels[] = {-75008, -75009, 0,      -75004, -75001,
                                             -75002, -75003, -75005, -75006, -75010};
            if (labels[i] != 0) {
                test_psa_set(&token, labels[i], old.value[i]);
            }
        }
        if (named != 0) {
            test_psa_set(&token, -75000, test_cbor_text("PSA_IOT_PROFILE_1"));
        }
        scene_init(&s, set, test_psa_nonce());
        s.input.media_type = atls_bytes_text("application/psa-attestation-token");
        assert_err(appraise(&s, &atls_appraiser_psa, test_psa_sign(&token)), OK);
        assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
        s.input.media_type = atls_bytes_text(
            "application/eat+cwt; eat_profile=\"tag:psacertified.org,2019:psa#legacy\"");
        assert_err(appraise(&s, &atls_appraiser_psa, test_psa_sign(&token)), OK);
        s.input.media_type =
            atls_bytes_text("application/eat-cwt; profile=\"http://arm.com/psa/2.0.0\"");
        enum atls_err err = appraise(&s, &atls_appraiser_psa, test_psa_sign(&token));
        assert_refused(&s, err, EVIDENCE_TYPE, "eat_profile");
        test_psa_set(&token, -75000, test_cbor_text("PSA_IOT_PROFILE_2"));
        err = appraise(&s, &atls_appraiser_psa, test_psa_sign(&token));
        assert_refused(&s, err, EVIDENCE_TYPE, "profile definition");
    }
}

static void ids_that_cannot_be_looked_up_are_refused(void **state)
{
    (void)state;
    static const char *const instances[] = {
        "",
        "40",
        "60",
        "f6",
        "5820"
        "0101010101010101010101010101010101010101010101010101010101010101",
        "5821"
        "020101010101010101010101010101010101010101010101010101010101010101",
        "5822"
        "01010101010101010101010101010101010101010101010101010101010101010101"};
    static const char *const implementations[] = {
        "", "40", "60",
        "581f"
        "49494949494949494949494949494949494949494949494949494949494949",
        "5821"
        "494949494949494949494949494949494949494949494949494949494949494949"};
    struct scene s;
    struct test_psa token;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(instances); i++) {
        test_psa_init(&token, key, 1);
        test_psa_drop(&token, TEST_PSA_INSTANCE_ID);
        if (i != 0) {
            test_psa_set(&token, TEST_PSA_INSTANCE_ID, test_hex(instances[i]));
        }
        const enum atls_err err = appraise_octets(&s, test_psa_sign(&token));
        assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-instance-id");
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(implementations); i++) {
        test_psa_init(&token, key, 1);
        test_psa_drop(&token, TEST_PSA_IMPLEMENTATION_ID);
        if (i != 0) {
            test_psa_set(&token, TEST_PSA_IMPLEMENTATION_ID, test_hex(implementations[i]));
        }
        const enum atls_err err = appraise_octets(&s, test_psa_sign(&token));
        assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-implementation-id");
    }
}

int main(void)
{
    key = test_key(ATLS_CRV_P256);
    set = psa_endorsements(key, 1, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_is_accepted),
        cmocka_unit_test(what_a_lookup_has_read_is_not_read_again),
        cmocka_unit_test(a_lookup_of_something_else_is_not_believed),
        cmocka_unit_test(a_mac_is_refused),
        cmocka_unit_test(unsigned_tokens_are_refused),
        cmocka_unit_test(other_envelopes_are_refused),
        cmocka_unit_test(octets_behind_the_token_are_refused),
        cmocka_unit_test(the_algorithm_must_fit_the_key),
        cmocka_unit_test(a_token_by_eddsa_is_outside_the_profile),
        cmocka_unit_test(es384_and_es512_are_accepted),
        cmocka_unit_test(a_payload_that_is_no_map_of_claims_is_refused),
        cmocka_unit_test(a_claim_that_stands_twice_is_refused),
        cmocka_unit_test(a_profile_that_is_not_known_is_refused),
        cmocka_unit_test(the_label_must_be_true_of_the_token),
        cmocka_unit_test(a_token_of_the_first_profile_is_read),
        cmocka_unit_test(ids_that_cannot_be_looked_up_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
