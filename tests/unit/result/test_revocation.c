/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked up in a list of what is revoked, and what is found. */
#include "support/check.h"

#include "crypto/crypto.h"
#include "result/revocation.h"

static const uint8_t octets[80] = {0x11, 0x22, 0x33, 0x44};

static struct atls_revoked_entry entry(enum atls_revoked_kind kind, size_t len, int64_t from_s)
{
    struct atls_revoked_entry made;
    memset(&made, 0, sizeof made);
    made.kind = (uint8_t)kind;
    made.len = (uint8_t)len;
    made.from_s = from_s;
    memcpy(made.value, octets, len);
    return made;
}

static struct atls_identities one(enum atls_revoked_kind kind, size_t len)
{
    struct atls_identities set;
    memset(&set, 0, sizeof set);
    atls_identities_add(&set, kind, "thing", atls_bytes_of(octets, len));
    return set;
}

static enum atls_err check(struct atls_revoked_entry *entries, size_t num,
                           const struct atls_identities *set, int64_t now_s)
{
    const struct atls_revocations list = {entries, num};
    struct atls_diag diag;
    const enum atls_err err = atls_revocations_check(&list, set, now_s, &diag);
    assert_int_equal(atls_revocations_check(&list, set, now_s, NULL), err);
    return err;
}

static void every_kind_is_found_at_its_shortest_and_longest(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ATLS_NUM_REVOKED_KINDS; k++) {
        const enum atls_revoked_kind kind = (enum atls_revoked_kind)k;
        const struct atls_revoked_rule *rule = atls_revoked_rule(kind);
        enum atls_revoked_kind named;
        assert_true(atls_revoked_kind_by_word(atls_bytes_text(rule->word), &named));
        assert_int_equal(named, kind);
        const size_t lens[] = {rule->min_len, rule->max_len};
        for (size_t i = 0; i < ATLS_ARRAY_LEN(lens); i++) {
            struct atls_revoked_entry listed = entry(kind, lens[i], 100);
            const struct atls_identities set = one(kind, lens[i]);
            assert_false(set.incomplete);
            assert_err(check(&listed, 1, &set, 100), REVOKED);
        }
    }
    assert_null(atls_revoked_rule((enum atls_revoked_kind)ATLS_NUM_REVOKED_KINDS));
    assert_false(atls_revoked_kind_by_word(atls_bytes_text("key"), &(enum atls_revoked_kind){0}));
}

static void another_kind_length_or_octet_is_not_the_same(void **state)
{
    (void)state;
    const struct atls_identities set = one(ATLS_REVOKED_UEID, 32);
    struct atls_revoked_entry listed = entry(ATLS_REVOKED_CHIP, 32, 0);
    assert_err(check(&listed, 1, &set, 100), OK);
    listed = entry(ATLS_REVOKED_SPKI, 32, 0);
    assert_err(check(&listed, 1, &set, 100), OK);
    listed = entry(ATLS_REVOKED_UEID, 31, 0);
    assert_err(check(&listed, 1, &set, 100), OK);
    listed = entry(ATLS_REVOKED_UEID, 33, 0);
    assert_err(check(&listed, 1, &set, 100), OK);
    for (size_t i = 0; i < 32; i++) {
        listed = entry(ATLS_REVOKED_UEID, 32, 0);
        listed.value[i] ^= 1;
        assert_err(check(&listed, 1, &set, 100), OK);
    }
    listed = entry(ATLS_REVOKED_UEID, 32, 0);
    assert_err(check(&listed, 1, &set, 100), REVOKED);
}

static void an_entry_counts_from_its_second_on(void **state)
{
    (void)state;
    const struct atls_identities set = one(ATLS_REVOKED_SPKI, 32);
    struct atls_revoked_entry listed = entry(ATLS_REVOKED_SPKI, 32, 1000);
    assert_err(check(&listed, 1, &set, 999), OK);
    assert_err(check(&listed, 1, &set, 1000), REVOKED);
    assert_err(check(&listed, 1, &set, 1001), REVOKED);
    assert_err(check(&listed, 1, &set, INT64_MIN), OK);
    assert_err(check(&listed, 1, &set, INT64_MAX), REVOKED);
}

static void of_two_times_for_one_value_the_earlier_counts(void **state)
{
    (void)state;
    const struct atls_identities set = one(ATLS_REVOKED_SPKI, 32);
    struct atls_revoked_entry listed[2] = {entry(ATLS_REVOKED_SPKI, 32, 500),
                                           entry(ATLS_REVOKED_SPKI, 32, 1000)};
    assert_true(atls_revoked_compare(&listed[0], &listed[1]) < 0);
    assert_true(atls_revoked_compare(&listed[1], &listed[0]) > 0);
    assert_int_equal(atls_revoked_compare(&listed[0], &listed[0]), 0);
    assert_err(check(listed, 2, &set, 499), OK);
    assert_err(check(listed, 2, &set, 700), REVOKED);
}

static void each_of_many_entries_is_found_and_what_is_between_them_is_not(void **state)
{
    (void)state;
    enum { num = 100 };
    static struct atls_revoked_entry listed[num];
    for (unsigned i = 0; i < num; i++) {
        listed[i] = entry(ATLS_REVOKED_CHIP, 2, 0);
        listed[i].value[0] = 7;
        listed[i].value[1] = (uint8_t)(2 * i + 1);
    }
    for (unsigned i = 0; i < 2 * num + 2; i++) {
        const uint8_t value[2] = {7, (uint8_t)i};
        struct atls_identities set;
        memset(&set, 0, sizeof set);
        atls_identities_add(&set, ATLS_REVOKED_CHIP, "chip", atls_bytes_of(value, 2));
        if (i % 2 == 1 && i < 2 * num) {
            assert_err(check(listed, num, &set, 0), REVOKED);
        } else {
            assert_err(check(listed, num, &set, 0), OK);
        }
    }
}

static void any_identity_of_a_set_may_be_the_revoked_one(void **state)
{
    (void)state;
    struct atls_revoked_entry listed = entry(ATLS_REVOKED_CERT_SERIAL, 4, 0);
    for (size_t at = 0; at < ATLS_MAX_IDENTITIES; at++) {
        struct atls_identities set;
        memset(&set, 0, sizeof set);
        for (size_t i = 0; i < ATLS_MAX_IDENTITIES; i++) {
            atls_identities_add(&set, ATLS_REVOKED_CERT_SERIAL, "serial",
                                atls_bytes_of(octets, i == at ? 4 : 3));
        }
        assert_false(set.incomplete);
        assert_err(check(&listed, 1, &set, 0), REVOKED);
    }
}

static void nothing_listed_revokes_nothing(void **state)
{
    (void)state;
    const struct atls_identities set = one(ATLS_REVOKED_SPKI, 32);
    assert_err(atls_revocations_check(NULL, &set, 0, NULL), OK);
    assert_err(check(NULL, 0, &set, 0), OK);
}

static void an_incomplete_set_is_never_good(void **state)
{
    (void)state;
    struct atls_revoked_entry listed = entry(ATLS_REVOKED_CHIP, 4, 0);
    struct atls_identities set = one(ATLS_REVOKED_SPKI, 31);
    assert_true(set.incomplete);
    assert_err(check(&listed, 1, &set, 0), STATE);
    assert_err(atls_revocations_check(NULL, &set, 0, NULL), STATE);
    assert_true(one(ATLS_REVOKED_SPKI, 33).incomplete);
    assert_true(one(ATLS_REVOKED_UEID, 0).incomplete);
    assert_true(one(ATLS_REVOKED_UEID, 65).incomplete);
    assert_true(one(ATLS_REVOKED_CHIP, 65).incomplete);
    assert_true(one((enum atls_revoked_kind)ATLS_NUM_REVOKED_KINDS, 32).incomplete);
    memset(&set, 0, sizeof set);
    for (size_t i = 0; i < ATLS_MAX_IDENTITIES + 1; i++) {
        assert_false(set.incomplete);
        atls_identities_add(&set, ATLS_REVOKED_CHIP, "chip", atls_bytes_of(octets, 5));
    }
    assert_true(set.incomplete);
    assert_int_equal(set.num, ATLS_MAX_IDENTITIES);
}

static void a_key_is_named_by_the_hash_of_its_spki(void **state)
{
    (void)state;
    struct atls_identities set;
    struct atls_digest digest;
    const struct atls_bytes spki = atls_bytes_of(octets, 59);
    const struct atls_crypto_ops *crypto = atls_crypto_openssl();
    memset(&set, 0, sizeof set);
    atls_identities_add_key(&set, ATLS_REVOKED_VERIFIER_KEY, "key of the Verifier", crypto, spki);
    assert_err(crypto->hash(ATLS_ALG_SHA256, spki, &digest), OK);
    assert_int_equal(set.num, 1);
    assert_bytes(atls_bytes_of(set.items[0].value, set.items[0].len), atls_digest_bytes(&digest));
    assert_int_equal(set.items[0].kind, ATLS_REVOKED_VERIFIER_KEY);
    atls_identities_add_key(&set, ATLS_REVOKED_SPKI, "no key", crypto, atls_bytes_of(NULL, 0));
    assert_true(set.incomplete);
}

static void leading_zeros_of_a_serial_number_do_not_count(void **state)
{
    (void)state;
    static const uint8_t padded[] = {0, 0, 0x11, 0x22, 0x33, 0x44};
    static const uint8_t zero[] = {0, 0};
    struct atls_revoked_entry listed = entry(ATLS_REVOKED_CERT_SERIAL, 4, 0);
    struct atls_identities set;
    memset(&set, 0, sizeof set);
    atls_identities_add_serial(&set, "serial", atls_bytes_of(padded, sizeof padded));
    assert_err(check(&listed, 1, &set, 0), REVOKED);
    memset(&set, 0, sizeof set);
    atls_identities_add_serial(&set, "serial", atls_bytes_of(zero, sizeof zero));
    assert_int_equal(set.items[0].len, 1);
    atls_identities_add_serial(&set, "serial", atls_bytes_of(octets, 21));
    atls_identities_add_serial(&set, "serial", atls_bytes_of(NULL, 0));
    assert_int_equal(set.num, 1);
    assert_false(set.incomplete);
}

static void the_sentence_says_kind_value_and_since_when(void **state)
{
    (void)state;
    struct atls_diag diag;
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    struct atls_revoked_entry listed = entry(ATLS_REVOKED_CHIP, 64, 1795276800);
    const struct atls_revocations list = {&listed, 1};
    const struct atls_identities set = one(ATLS_REVOKED_CHIP, 64);
    assert_err(atls_revocations_check(&list, &set, 1795276800, &diag), REVOKED);
    assert_err(diag.err, REVOKED);
    atls_diag_sentence(sentence, sizeof sentence, &diag);
    assert_string_equal(sentence,
                        "revocation: what the peer, its Evidence or its Result rests on is revoked "
                        "(thing: found chip 11223344"
                        "00000000000000000000000000000000000000000000000000000000"
                        "0000000000000000000000000000000000000000000000000000000000000000"
                        ", revoked since 2026-11-21T16:00:00Z, "
                        "expected one that --revoked does not name)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_found_at_its_shortest_and_longest),
        cmocka_unit_test(another_kind_length_or_octet_is_not_the_same),
        cmocka_unit_test(an_entry_counts_from_its_second_on),
        cmocka_unit_test(of_two_times_for_one_value_the_earlier_counts),
        cmocka_unit_test(each_of_many_entries_is_found_and_what_is_between_them_is_not),
        cmocka_unit_test(any_identity_of_a_set_may_be_the_revoked_one),
        cmocka_unit_test(nothing_listed_revokes_nothing),
        cmocka_unit_test(an_incomplete_set_is_never_good),
        cmocka_unit_test(a_key_is_named_by_the_hash_of_its_spki),
        cmocka_unit_test(leading_zeros_of_a_serial_number_do_not_count),
        cmocka_unit_test(the_sentence_says_kind_value_and_since_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
