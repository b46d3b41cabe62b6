/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a document that is signed as it should be: what each may be, and what binds it. */
#include "nitro_scene.h"

/* with gives a signed document in which one member is this, or absent. */
static enum atls_err appraise_with(struct scene *s, const char *name, struct atls_bytes encoded)
{
    struct test_nitro document;
    test_nitro_init(&document, &chain);
    if (encoded.len == 0) {
        test_nitro_drop(&document, name);
    } else {
        test_nitro_set(&document, name, encoded);
    }
    return appraise_document(s, &document);
}

static struct atls_bytes text_of(size_t len)
{
    char text[80] = {0};
    memset(text, 'i', len);
    return test_cbor_text(text);
}

static void members_of_another_type_or_range_are_refused(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    const struct {
        const char *name;
        struct atls_bytes value;
        const char *found;
    } rows[] = {
        {"module_id", none, "none"},
        {"module_id", test_hex("f6"), "another type"},
        {"module_id", test_cbor_fill('i', 8), "another type"},
        {"module_id", text_of(0), "0 octets"},
        {"module_id", text_of(65), "65 octets"},
        {"module_id", test_hex("63690069"), "other characters"},
        {"module_id", test_hex("62c3a4"), "other characters"},
        {"digest", none, "none"},
        {"digest", test_cbor_text("SHA256"), "SHA256"},
        {"digest", test_cbor_text("sha384"), "sha384"},
        {"digest", test_hex("46534841333834"), "another type"},
        {"timestamp", none, "none"},
        {"timestamp", test_hex("f6"), "another type"},
        {"timestamp", test_cbor_int(-1), "another type"},
        {"timestamp", test_cbor_text("1"), "another type"},
        {"timestamp", test_hex("fb3ff0000000000000"), "another type"},
        {"timestamp", test_cbor_int(0), "0"},
        {"timestamp", test_hex("1bffffffffffffffff"), "a later one"},
        {"timestamp", test_cbor_int(INT64_C(253402300800000)), "a later one"},
        {"pcrs", none, "none"},
        {"pcrs", test_hex("80"), "another type"},
        {"pcrs", test_hex("f6"), "another type"},
        {"pcrs", test_hex("a0"), "not all of PCR 0, 1 and 2"},
        {"pcrs", test_nitro_pcrs(0, none), "not all of PCR 0, 1 and 2"},
        {"pcrs", test_nitro_pcrs(1, none), "not all of PCR 0, 1 and 2"},
        {"pcrs", test_nitro_pcrs(2, none), "not all of PCR 0, 1 and 2"},
        {"pcrs", test_nitro_pcrs(32, test_fill(1, 48)), "another index"},
        {"pcrs", test_hex("a12000"), "another index"},
        {"pcrs", test_hex("a1613000"), "another index"},
        {"pcrs", test_hex("a100f6"), "a PCR of another type"},
        {"pcrs", test_nitro_pcrs(5, test_fill(1, 31)), "31 octets in PCR 5"},
        {"pcrs", test_nitro_pcrs(5, test_fill(1, 47)), "47 octets in PCR 5"},
        {"pcrs", test_nitro_pcrs(5, test_fill(1, 49)), "49 octets in PCR 5"},
        {"pcrs", test_nitro_pcrs(5, test_fill(1, 65)), "65 octets in PCR 5"},
        {"public_key", test_hex("40"), "0 octets"},
        {"public_key", test_cbor_fill(1, 1025), "1025 octets"},
        {"public_key", test_cbor_text("key"), "another type"},
        {"user_data", test_cbor_fill(1, 1025), "1025 octets"},
        {"user_data", test_hex("f7"), "another type"},
        {"nonce", test_cbor_fill(0x4e, 1025), "1025 octets"},
        {"nonce", test_cbor_text("N"), "another type"},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const enum atls_err err = appraise_with(&s, rows[i].name, rows[i].value);
        assert_refused(&s, err, EVIDENCE_MALFORMED, rows[i].name);
        assert_string_equal(s.diag.found, rows[i].found);
    }
}

static void what_is_optional_may_be_null_absent_or_there(void **state)
{
    (void)state;
    static const char *const names[] = {"public_key", "user_data"};
    const struct atls_bytes none = {NULL, 0};
    struct scene s;
    for (size_t i = 0; i < 2; i++) {
        assert_err(appraise_with(&s, names[i], none), OK);
        assert_err(appraise_with(&s, names[i], test_hex("f6")), OK);
        assert_err(appraise_with(&s, names[i], test_cbor_fill(1, 1)), OK);
        assert_err(appraise_with(&s, names[i], test_cbor_fill(1, 1024)), OK);
    }
    assert_err(appraise_with(&s, "user_data", test_hex("40")), OK);
    assert_err(appraise_with(&s, "module_id", text_of(64)), OK);
    assert_err(appraise_with(&s, "pcrs", test_nitro_pcrs(31, test_fill(1, 64))), OK);
    assert_err(appraise_with(&s, "pcrs", test_nitro_pcrs(5, test_fill(1, 32))), OK);
}

/* */
static void the_nonce_is_compared_whole(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    const struct atls_buf other = test_room(32);
    memset(other.data, 0x4e, 32);
    other.data[31] ^= 1;
    const struct atls_bytes values[] = {
        none,
        test_hex("f6"),
        test_hex("40"),
        test_cbor_fill(0x4e, 31),
        test_cbor_fill(0x4e, 33),
        test_cbor_fill(0x4e, 64),
        test_cbor_bytes(atls_bytes_of(other.data, 32)),
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(values); i++) {
        const enum atls_err err = appraise_with(&s, "nonce", values[i]);
        assert_refused(&s, err, FRESHNESS, "nonce");
        assert_null(strstr(s.diag.found, "4e4e"));
    }
}

/* The clock of whoever appraises may be 60 s away from that of the enclave. */
static void the_time_must_be_that_of_the_certificate_and_not_of_the_future(void **state)
{
    (void)state;
    static const struct {
        int64_t from_now_s;
        bool taken;
        const char *expected;
    } rows[] = {
        {0, true, NULL},
        {60, true, NULL},
        {61, false, "no later than now, "},
        {-63, true, NULL},
        {-64, false, "no earlier than its certificate, "},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const enum atls_err err = appraise_with(
            &s, "timestamp", test_cbor_int((TEST_NITRO_NOW + rows[i].from_now_s) * 1000));
        if (rows[i].taken) {
            assert_err(err, OK);
            continue;
        }
        assert_refused(&s, err, FRESHNESS, "timestamp");
        assert_non_null(strstr(s.diag.expected, rows[i].expected));
    }
}

/* A certificate ends within the grace of 60 s, and what is dated behind that end is refused. */
static void the_time_may_not_be_after_the_certificate(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document;
    struct test_nitro_chain ended;
    test_nitro_chain_init(&ended);
    ended.specs[TEST_NITRO_LEAF].not_after_s = TEST_NITRO_NOW - 40;
    ended.specs[TEST_NITRO_LEAF].not_before_s = TEST_NITRO_NOW - 4000;
    test_nitro_issue(&ended);
    set = test_endorsements();
    test_add_nitro_root(set, ended.certs[0], false);
    test_nitro_init(&document, &ended);
    assert_err(appraise_document(&s, &document), OK);
    test_nitro_set(&document, "timestamp", test_cbor_int((TEST_NITRO_NOW + 20) * 1000));
    assert_err(appraise_document(&s, &document), OK);
    test_nitro_set(&document, "timestamp", test_cbor_int((TEST_NITRO_NOW + 21) * 1000));
    const enum atls_err err = appraise_document(&s, &document);
    assert_refused(&s, err, FRESHNESS, "timestamp");
    assert_non_null(strstr(s.diag.expected, "the end of its certificate"));
    set = nitro_endorsements(false);
}

static enum atls_err appraise_for_tls(struct scene *s, struct atls_bytes public_key,
                                      struct atls_bytes tls_spki, bool no_nonce)
{
    struct test_nitro document;
    const struct atls_bytes none = {NULL, 0};
    test_nitro_init(&document, &chain);
    if (public_key.len != 0) {
        test_nitro_set(&document, "public_key", test_cbor_bytes(public_key));
    }
    scene_init(s, set, no_nonce ? none : test_nitro_nonce());
    s->input.no_nonce = no_nonce;
    s->input.tls_spki = tls_spki;
    return appraise(s, &atls_appraiser_nitro, test_nitro_sign(&document));
}

/* in a handshake public_key names the TLS key or nothing. */
static void public_key_names_the_tls_key_or_none(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    const struct atls_bytes spki = test_spki(test_key(ATLS_CRV_P256));
    const struct atls_bytes other = test_spki(test_key(ATLS_CRV_P256));
    struct scene s;
    assert_err(appraise_for_tls(&s, none, spki, false), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(s.submod.attested_key.len, 0);
    assert_err(appraise_for_tls(&s, spki, spki, false), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_bytes(atls_digest_bytes(&s.submod.attested_key), test_hash(ATLS_ALG_SHA256, spki));
    assert_bytes(atls_bytes_of(s.submod.attested_spki, s.submod.attested_spki_len), spki);
    enum atls_err err = appraise_for_tls(&s, other, spki, false);
    assert_refused(&s, err, KEY_BINDING, "public_key");
    err = appraise_for_tls(&s, atls_bytes_text("no key at all"), spki, false);
    assert_refused(&s, err, KEY_BINDING, "public_key");
}

/* What a Verifier of passports sees: there is no TLS key to compare. */
static void without_a_tls_key_it_is_public_key_that_names_one(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    const struct atls_bytes spki = test_spki(test_key(ATLS_CRV_P256));
    struct scene s;
    assert_err(appraise_for_tls(&s, none, none, false), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_NONE);
    assert_err(appraise_for_tls(&s, spki, none, false), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(s.submod.attested_key.len, 32);
    assert_err(appraise_for_tls(&s, atls_bytes_text("my super secret key"), none, false), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_NONE);
    assert_int_equal(s.submod.attested_key.len, 0);
    assert_err(appraise_for_tls(&s, none, spki, true), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_NONE);
    assert_false(s.submod.fresh);
}

/* Longer than a submodule has room for: the key is named by its hash alone. */
static void a_long_key_is_named_by_its_hash(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    struct atls_key *key = NULL;
    static const uint8_t exponent[] = {1, 0, 1};
    assert_err(atls_key_from_rsa(&key, test_fill(0xc1, 640), atls_bytes_of(exponent, 3), NULL), OK);
    const struct atls_bytes spki = test_spki(key);
    atls_key_free(key);
    struct scene s;
    assert_true(spki.len > ATLS_MAX_ATTESTED_SPKI_LEN && spki.len <= 1024);
    assert_err(appraise_for_tls(&s, spki, none, false), OK);
    assert_int_equal(s.submod.attested_key.len, 32);
    assert_int_equal(s.submod.attested_spki_len, 0);
}

int main(void)
{
    nitro_set_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_another_type_or_range_are_refused),
        cmocka_unit_test(what_is_optional_may_be_null_absent_or_there),
        cmocka_unit_test(the_nonce_is_compared_whole),
        cmocka_unit_test(the_time_must_be_that_of_the_certificate_and_not_of_the_future),
        cmocka_unit_test(the_time_may_not_be_after_the_certificate),
        cmocka_unit_test(public_key_names_the_tls_key_or_none),
        cmocka_unit_test(without_a_tls_key_it_is_public_key_that_names_one),
        cmocka_unit_test(a_long_key_is_named_by_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
