/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the extensions of RA-TLS certificates. */
#include "codec/ratls.h"

#include "support/cbor.h"
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

static struct atls_bytes good_claims(void)
{
    const struct atls_buf room = test_room(128);
    size_t len = 0;
    struct atls_writer w = atls_writer_of(room);
    atls_ratls_put_claims(&w, ATLS_ALG_SHA256, test_fill(0x5a, 32));
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes put(enum atls_ratls_kind kind, struct atls_bytes evidence,
                             struct atls_bytes claims)
{
    const struct atls_buf room = test_room(512);
    size_t len = 0;
    struct atls_writer w = atls_writer_of(room);
    atls_ratls_put(&w, kind, evidence, claims);
    assert_true(atls_writer_finish(&w, &len));
    return test_copy(atls_bytes_of(room.data, len));
}

/* The octets are those of the interoperable form, as its documentation has them. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    struct atls_ratls found;
    assert_bytes(good_claims(),
                 test_hex("a16b7075626b65792d6861736858248201"
                          "58205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"));
    const struct atls_bytes octets = put(ATLS_RATLS_INTEL_QUOTE, test_fill(3, 40), good_claims());
    assert_memory_equal(octets.data, test_hex("d9ea608258280303").data, 8);
    assert_err(atls_ratls_parse(&found, octets, NULL), OK);
    assert_int_equal(found.kind, 60000);
    assert_bytes(found.evidence, test_fill(3, 40));
    assert_bytes(found.claims, good_claims());
    assert_int_equal(found.hash_alg, ATLS_ALG_SHA256);
    assert_bytes(found.key_hash, test_fill(0x5a, 32));
    assert_false(found.has_nonce);
}

static struct atls_bytes claims_of(struct atls_bytes hash_content, struct atls_bytes nonce)
{
    struct test_map map = {.num_pairs = 0};
    test_map_set(&map, test_cbor_text("pubkey-hash"), hash_content);
    test_map_set(&map, test_cbor_text("key_0"), test_cbor_text("value"));
    if (nonce.len != 0) {
        test_map_set(&map, test_cbor_text("nonce"), nonce);
    }
    return test_map_encode(&map);
}

static struct atls_bytes hash_of(int64_t number, size_t len)
{
    const struct atls_bytes items[] = {test_cbor_int(number), test_cbor_fill(1, len)};
    return test_cbor_bytes(test_array_encode(items, 2));
}

static enum atls_err parse_claims(struct atls_ratls *found, struct atls_bytes claims)
{
    return atls_ratls_parse(found, put(ATLS_RATLS_SEV_SNP, test_fill(1, 4), claims), NULL);
}

static void hashes_and_nonces_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        int32_t alg;
        size_t len;
    } rows[] = {{1, ATLS_ALG_SHA256, 32}, {7, ATLS_ALG_SHA384, 48}, {8, ATLS_ALG_SHA512, 64}};
    struct atls_ratls found;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct atls_bytes hash = hash_of(rows[i].number, rows[i].len);
        assert_err(parse_claims(&found, claims_of(hash, test_cbor_fill(9, 5))), OK);
        assert_int_equal(found.hash_alg, rows[i].alg);
        assert_int_equal(found.key_hash.len, rows[i].len);
        assert_true(found.has_nonce);
        assert_bytes(found.nonce, test_fill(9, 5));
        assert_err(parse_claims(&found, claims_of(hash_of(rows[i].number, rows[i].len - 1),
                                                  test_cbor_fill(9, 5))),
                   MALFORMED);
    }
}

static void other_structures_are_refused(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    struct atls_ratls found;
    static const int64_t algorithms[] = {0, 2, 3, 9, 12, 1000};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(algorithms); i++) {
        assert_err(parse_claims(&found, claims_of(hash_of(algorithms[i], 32), none)), ALGORITHM);
    }
    static const char *const claims[] = {
        "",                                   /* nothing */
        "80",                                 /* no map */
        "a0",                                 /* no hash */
        "a16b7075626b65792d6861736840",       /* an empty one */
        "a16b7075626b65792d686173684180",     /* no members */
        "a16b7075626b65792d6861736801",       /* no octets */
        "a16b7075626b65792d68617368438201f6", /* null */
        "bf6b7075626b65792d6861736840ff",     /* indefinite */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(claims); i++) {
        assert_err(parse_claims(&found, test_hex(claims[i])), MALFORMED);
    }
    assert_err(parse_claims(&found, claims_of(hash_of(1, 32), test_cbor_int(1))), MALFORMED);
    static const char *const whole[] = {"",           "00",         "824101a0",     "d9ea6080",
                                        "d9ea608101", "d9ea608240", "d9ea60824140", "d9ea60a0",
                                        "d9ea6041aa"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(whole); i++) {
        assert_err(atls_ratls_parse(&found, test_hex(whole[i]), NULL), MALFORMED);
    }
}

static void evidence_and_claims_are_byte_strings(void **state)
{
    (void)state;
    static const struct {
        const char *input, *claim;
    } rows[] = {
        {"d9ea60 82 01 41a0", "evidence"},   /* a number */
        {"d9ea60 82 40 41a0", "evidence"},   /* an empty one */
        {"d9ea60 82 6101 41a0", "evidence"}, /* a text */
        {"d9ea60 82 f6 41a0", "evidence"},   /* null */
        {"d9ea60 82 4101 a0", "claims"},     /* the map itself */
        {"d9ea60 82 4101 01", "claims"},     /* a number */
        {"d9ea60 82 4101 6100", "claims"},   /* a text */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_ratls found;
        struct atls_diag diag;
        assert_err(atls_ratls_parse(&found, test_hex(rows[i].input), &diag), MALFORMED);
        assert_string_equal(diag.claim, rows[i].claim);
        assert_string_equal(diag.expected, "a byte string");
    }
}

static void judge_prefix(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_ratls found;
    struct atls_bytes quote;
    (void)at;
    (void)context;
    assert_err(atls_ratls_parse(&found, mutant, NULL), MALFORMED);
    assert_err(atls_ratls_open_enclave(&quote, mutant, NULL), MALFORMED);
}

static void no_prefix_is_one(void **state)
{
    (void)state;
    test_each_truncation(put(ATLS_RATLS_INTEL_QUOTE, test_fill(3, 40), good_claims()), judge_prefix,
                         NULL);
    test_each_truncation(test_hex("01000000020000000300000000000000aabbcc"), judge_prefix, NULL);
}

static void the_header_of_open_enclave_is_held_exactly(void **state)
{
    (void)state;
    struct atls_bytes quote;
    assert_err(
        atls_ratls_open_enclave(&quote, test_hex("01000000020000000300000000000000aabbcc"), NULL),
        OK);
    assert_bytes(quote, test_hex("aabbcc"));
    static const char *const others[] = {
        "02000000020000000300000000000000aabbcc", "01000000010000000300000000000000aabbcc",
        "01000000020000000200000000000000aabbcc", "01000000020000000400000000000000aabbcc",
        "01000000020000000300000000000001aabbcc", "01000000020000000000000000000000",
        "00000001000000020000000000000003aabbcc"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        assert_err(atls_ratls_open_enclave(&quote, test_hex(others[i]), NULL), MALFORMED);
    }
}

/* RFC 9999: id-pe-cmw is a CHOICE, of which the octets are written and read. */
static void a_cmw_stands_in_an_octet_string(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 5000, 65535, 65536};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        const struct atls_buf room = test_room(lengths[i] + 8);
        struct atls_writer w = atls_writer_of(room);
        struct atls_bytes found;
        size_t len = 0;
        atls_ratls_put_cmw(&w, test_fill(0x83, lengths[i]));
        assert_true(atls_writer_finish(&w, &len));
        assert_err(atls_ratls_open_cmw(&found, atls_bytes_of(room.data, len), NULL), OK);
        assert_bytes(found, test_fill(0x83, lengths[i]));
        if (len > 2) {
            assert_err(atls_ratls_open_cmw(&found, atls_bytes_of(room.data, len - 1), NULL),
                       MALFORMED);
        }
    }
    static const char *const others[] = {
        "",         "04",         "0401", "040183ff",       "040283", "0c0183",
        "04810183", "0482000183", "0480", "048400000001aa", "240183", "04818000"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct atls_bytes found;
        assert_err(atls_ratls_open_cmw(&found, test_hex(others[i]), NULL), MALFORMED);
    }
}

/* Version 3, the format, four octets that align, the size; then quote and claims. */
#define HEAD(version, size) version "a3a21e871b4d4014b70aa125d2fbcd8c00000000" size

static struct atls_bytes evidence_of(const char *head, size_t quote_len, uint8_t says,
                                     const char *claims)
{
    const struct atls_bytes header = test_hex(head);
    const struct atls_bytes rest = test_hex(claims);
    const struct atls_buf room = test_room(header.len + quote_len + rest.len);
    memset(room.data, 0x11, room.cap);
    memcpy(room.data, header.data, header.len);
    memset(&room.data[header.len + 432], 0, 4);
    room.data[header.len + 432] = says;
    memcpy(&room.data[header.len + quote_len], rest.data, rest.len);
    return atls_bytes_of(room.data, room.cap);
}

static void evidence_of_open_enclave_is_a_quote_and_claims(void **state)
{
    (void)state;
    struct atls_bytes quote, claims;
    static const char head[] = HEAD("03000000", "bb01000000000000"); /* 443: 436, 5 and 2 */
    struct atls_bytes whole = evidence_of(head, 441, 5, "aabb");
    assert_err(atls_ratls_open_enclave_evidence(&quote, &claims, whole, NULL), OK);
    assert_int_equal(quote.len, 441);
    assert_bytes(claims, test_hex("aabb"));
    for (size_t len = 0; len < whole.len; len++) {
        assert_err(atls_ratls_open_enclave_evidence(
                       &quote, &claims, test_copy(atls_bytes_of(whole.data, len)), NULL),
                   MALFORMED);
    }
    static const struct {
        const char *head;
        uint8_t says;
        const char *claim;
    } rows[] = {
        {HEAD("01000000", "bb01000000000000"), 5, "Open Enclave's header"},
        {HEAD("03000000", "bc01000000000000"), 5, "Open Enclave's header"},
        {"030000001923d91e12d24c72b22025cd8dace87100000000bb01000000000000", 5,
         "Open Enclave's header"},
        {HEAD("03000000", "bb01000000000000"), 8, "quote"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_diag diag;
        whole = evidence_of(rows[i].head, 441, rows[i].says, "aabb");
        assert_err(atls_ratls_open_enclave_evidence(&quote, &claims, whole, &diag), MALFORMED);
        assert_string_equal(diag.claim, rows[i].claim);
    }
}

static void endorsements_are_seven_parts_of_intels(void **state)
{
    (void)state;
    struct atls_ratls_endorsements parts;
    /* 60000([1, 'a' NUL, 'b', ...]) */
    assert_err(atls_ratls_endorsements_parse(&parts,
                                             test_hex("d9ea60880142610041624163416441654166"
                                                      "4167"),
                                             NULL),
               OK);
    assert_int_equal(parts.num, 7);
    assert_bytes(parts.part[0], test_hex("61"));
    assert_bytes(parts.part[6], test_hex("67"));
    assert_err(atls_ratls_endorsements_parse(&parts,
                                             test_hex("d9ea6089014061416241634164416541664167"
                                                      "4168"),
                                             NULL),
               MALFORMED); /* one part is a text's octet too many */
    static const char *const others[] = {
        "d9ea6087014061",           /* seven entries */
        "d9ea60880140404040404001", /* a number */
        "d9ea608a01404040404040404040",
        "d9ea60a0",           /* ten; a map */
        "880140404040404040", /* no tag */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        assert_err(atls_ratls_endorsements_parse(&parts, test_hex(others[i]), NULL), MALFORMED);
    }
    /* of another maker there is nothing to read */
    assert_err(atls_ratls_endorsements_parse(&parts, test_hex("da001a750480"), NULL), OK);
    assert_int_equal(parts.num, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(hashes_and_nonces_are_taken_apart),
        cmocka_unit_test(other_structures_are_refused),
        cmocka_unit_test(evidence_and_claims_are_byte_strings),
        cmocka_unit_test(no_prefix_is_one),
        cmocka_unit_test(a_cmw_stands_in_an_octet_string),
        cmocka_unit_test(the_header_of_open_enclave_is_held_exactly),
        cmocka_unit_test(evidence_of_open_enclave_is_a_quote_and_claims),
        cmocka_unit_test(endorsements_are_seven_parts_of_intels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
