/* SPDX-License-Identifier: Apache-2.0 */
/* What is an attestation document at all: envelope, algorithm, label, certificates. */
#include "nitro_scene.h"

static struct test_nitro fresh(void)
{
    struct test_nitro document;
    test_nitro_init(&document, &chain);
    return document;
}

static void tagged_and_indefinite_documents_are_accepted(void **state)
{
    (void)state;
    struct scene s;
    for (int form = 0; form < 4; form++) {
        struct test_nitro document = fresh();
        document.tagged = (form & 1) != 0;
        document.indefinite = (form & 2) != 0;
        assert_err(appraise_document(&s, &document), OK);
        assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    }
}

static void other_envelopes_are_refused(void **state)
{
    (void)state;
    static const char *const tags[] = {"d1", "d3", "d2d2", "d83d", "d862"};
    struct scene s;
    struct test_nitro document = fresh();
    const struct atls_bytes good = test_nitro_sign(&document);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tags); i++) {
        const struct atls_bytes tag = test_hex(tags[i]);
        const struct atls_buf room = test_room(tag.len + good.len);
        memcpy(room.data, tag.data, tag.len);
        memcpy(&room.data[tag.len], good.data, good.len);
        assert_err(appraise_octets(&s, atls_bytes_of(room.data, room.cap)), EVIDENCE_MALFORMED);
    }
    const struct atls_buf more = test_room(good.len + 1);
    memcpy(more.data, good.data, good.len);
    more.data[good.len] = 0;
    assert_err(appraise_octets(&s, atls_bytes_of(more.data, more.cap)), EVIDENCE_MALFORMED);
    assert_err(appraise_octets(&s, test_hex("")), EVIDENCE_MALFORMED);
    assert_err(appraise_octets(&s, test_map_encode(&document.claims)), EVIDENCE_MALFORMED);
}

/* ES384 under the one number that NSMs write. */
static void other_algorithms_are_refused(void **state)
{
    (void)state;
    static const int64_t others[] = {-7, -9, -36, -51, -52, -8, -19, -37, -257, 5, 0};
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct test_nitro document = fresh();
        test_map_set(&document.protect, test_cbor_int(1), test_cbor_int(others[i]));
        assert_err(appraise_document(&s, &document), ALGORITHM);
        assert_string_equal(s.diag.claim, "alg");
    }
    struct test_nitro document = fresh();
    test_map_drop(&document.protect, test_cbor_int(1));
    assert_err(appraise_document(&s, &document), ALGORITHM);
    test_map_set(&document.unprotected, test_cbor_int(1), test_cbor_int(-35));
    assert_err(appraise_document(&s, &document), ALGORITHM);
}

static void a_header_beside_the_algorithm_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    test_map_set(&document.unprotected, test_cbor_int(4), test_cbor_fill(0x6b, 2));
    enum atls_err err = appraise_document(&s, &document);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "unprotected header");
    document = fresh();
    test_map_set(&document.protect, test_cbor_int(4), test_cbor_fill(0x6b, 2));
    err = appraise_document(&s, &document);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "protected header");
}

/* parts_of takes a document apart. */
static void parts_of(struct atls_bytes parts[4], struct atls_bytes document)
{
    struct atls_cbor array, member;
    assert_err(atls_cbor_parse(&array, document, ATLS_CBOR_STRICT, "document", NULL), OK);
    for (size_t i = 0; i < 4; i++) {
        assert_true(atls_cbor_at(&array, i, &member));
        parts[i] = member.encoded;
    }
}

static void a_signature_of_another_length_is_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 64, 95, 97, 132};
    struct scene s;
    struct atls_bytes parts[4];
    struct test_nitro document = fresh();
    parts_of(parts, test_nitro_sign(&document));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        parts[3] = test_cbor_fill(0x51, lengths[i]);
        const enum atls_err err = appraise_octets(&s, test_array_encode(parts, 4));
        assert_refused(&s, err, EVIDENCE_MALFORMED, "octets of the signature");
    }
    parts[3] = test_cbor_fill(0x51, 96);
    assert_err(appraise_octets(&s, test_array_encode(parts, 4)), SIGNATURE);
}

static void a_payload_that_is_no_document_is_refused(void **state)
{
    (void)state;
    static const char *const payloads[] = {"", "80", "f6", "a0", "bfff", "bf", "a10a4000", "ff"};
    struct scene s;
    struct atls_bytes parts[4];
    struct test_nitro document = fresh();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(payloads); i++) {
        const struct atls_bytes octets = test_nitro_envelope(&document, test_hex(payloads[i]));
        assert_err(appraise_octets(&s, octets), EVIDENCE_MALFORMED);
    }
    parts_of(parts, test_nitro_sign(&document));
    parts[2] = test_hex("f6");
    enum atls_err err = appraise_octets(&s, test_array_encode(parts, 4));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "payload");
    assert_string_equal(s.diag.found, "none");
}

/* The limit of the payload, at -1, 0 and +1. */
static void a_payload_has_at_most_16384_octets(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    test_nitro_set(&document, "more", test_cbor_fill(0, 1000));
    const size_t rest = test_map_encode(&document.claims).len - 1000;
    for (size_t len = 16383; len <= 16385; len++) {
        test_nitro_set(&document, "more", test_cbor_fill(0, len - rest));
        assert_int_equal(test_map_encode(&document.claims).len, len);
        const enum atls_err err = appraise_document(&s, &document);
        if (len <= 16384) {
            assert_err(err, OK);
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, "octets of the payload");
        }
    }
}

static void a_member_that_stands_twice_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    test_map_add(&document.claims, test_cbor_text("nonce"), test_cbor_bytes(test_nitro_nonce()));
    assert_err(appraise_document(&s, &document), EVIDENCE_MALFORMED);
}

/* member gives the encoded value of a member. */
static struct atls_bytes member(const struct test_nitro *document, const char *name)
{
    struct atls_cbor map;
    struct atls_cbor value;
    const struct atls_bytes encoded = test_map_encode(&document->claims);
    assert_err(atls_cbor_parse(&map, encoded, ATLS_CBOR_STRICT, "test", NULL), OK);
    assert_true(atls_cbor_get_text(&map, name, &value));
    return value.encoded;
}

/* opened puts another head in front of `skip` octets less, and a break behind them. */
static struct atls_bytes opened(struct atls_bytes item, uint8_t head, size_t skip)
{
    const struct atls_buf room = test_room(item.len - skip + 2);
    room.data[0] = head;
    memcpy(&room.data[1], &item.data[skip], item.len - skip);
    room.data[room.cap - 1] = 0xff;
    return atls_bytes_of(room.data, room.cap);
}

/* Of indefinite length may be every map and array of the payload, and nothing that is a string. */
static void what_is_inside_may_be_indefinite_but_for_strings(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t head;
        size_t skip;
        enum atls_err err;
    } cases[] = {
        {"pcrs", 0xbf, 1, ATLS_ERR_OK},
        {"cabundle", 0x9f, 1, ATLS_ERR_OK},
        {"pcrs", 0x9f, 1, ATLS_ERR_EVIDENCE_MALFORMED}, /* an array of keys and values */
        {"cabundle", 0xbf, 1, ATLS_ERR_EVIDENCE_MALFORMED},
        {"certificate", 0x5f, 0, ATLS_ERR_EVIDENCE_MALFORMED}, /* chunks */
        {"nonce", 0x5f, 0, ATLS_ERR_EVIDENCE_MALFORMED},
        {"digest", 0x7f, 0, ATLS_ERR_EVIDENCE_MALFORMED},
        {"module_id", 0x7f, 0, ATLS_ERR_EVIDENCE_MALFORMED},
    };
    for (size_t i = 0; i < 2 * ATLS_ARRAY_LEN(cases); i++) {
        const size_t at = i / 2;
        struct scene s;
        struct test_nitro document = fresh();
        document.indefinite = i % 2 == 1;
        const struct atls_bytes value = member(&document, cases[at].name);
        test_nitro_set(&document, cases[at].name, opened(value, cases[at].head, cases[at].skip));
        const enum atls_err err = appraise_document(&s, &document);
        if (err != cases[at].err) {
            fail_msg("%s as %02x: %s", cases[at].name, cases[at].head, atls_err_name(err));
        }
    }
}

static void a_pcr_that_stands_twice_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    const struct atls_bytes pcrs = member(&document, "pcrs");
    const struct atls_buf room = test_room(pcrs.len + 51 + 1);
    room.data[0] = 0xbf;
    memcpy(&room.data[1], &pcrs.data[1], pcrs.len - 1);
    memcpy(&room.data[pcrs.len], &pcrs.data[1], 51); /* 00 58 30 and PCR 0 again */
    room.data[room.cap - 1] = 0xff;
    test_nitro_set(&document, "pcrs", atls_bytes_of(room.data, room.cap));
    assert_err(appraise_document(&s, &document), EVIDENCE_MALFORMED);
}

static void members_that_are_not_known_are_ignored(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    test_nitro_set(&document, "of a later version", test_cbor_int(1));
    assert_err(appraise_document(&s, &document), OK);
}

static void a_document_of_an_instance_is_none_of_an_enclave(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    test_nitro_drop(&document, "pcrs");
    test_nitro_set(&document, "nitrotpm_pcrs", test_nitro_pcrs(16, test_fill(1, 48)));
    const enum atls_err err = appraise_document(&s, &document);
    assert_refused(&s, err, EVIDENCE_TYPE, "nitrotpm_pcrs");
}

static void the_label_must_be_that_of_the_format(void **state)
{
    (void)state;
    static const char *const others[] = {"application/eat+cwt", "application/cose",
                                         "application/vnd.atls.nitro+cose; x=1"};
    struct scene s;
    struct test_nitro document = fresh();
    const struct atls_bytes evidence = test_nitro_sign(&document);
    scene_init(&s, set, test_nitro_nonce());
    s.input.media_type = atls_bytes_text("Application/vnd.atls.nitro+cose");
    assert_err(appraise(&s, &atls_appraiser_nitro, evidence), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        s.input.media_type = atls_bytes_text(others[i]);
        const enum atls_err err = appraise(&s, &atls_appraiser_nitro, evidence);
        assert_refused(&s, err, EVIDENCE_TYPE, "media type");
    }
}

/* with_bundle gives a document whose cabundle has these items, encoded. */
static struct test_nitro with_bundle(const struct atls_bytes *items, size_t num)
{
    struct test_nitro document = fresh();
    test_nitro_set(&document, "cabundle", test_array_encode(items, num));
    return document;
}

static void certificates_are_octets_within_their_limits(void **state)
{
    (void)state;
    struct scene s;
    static const char *const names[] = {"certificate", "cabundle"};
    for (size_t i = 0; i < 2; i++) {
        struct test_nitro document = fresh();
        test_nitro_drop(&document, names[i]);
        enum atls_err err = appraise_document(&s, &document);
        assert_refused(&s, err, EVIDENCE_MALFORMED, names[i]);
        test_nitro_set(&document, names[i], test_hex("f6"));
        err = appraise_document(&s, &document);
        assert_refused(&s, err, EVIDENCE_MALFORMED, names[i]);
        assert_string_equal(s.diag.found, "another type");
    }
    static const size_t wrong[] = {0, 1025};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        const struct atls_bytes item = test_cbor_fill(0x30, wrong[i]);
        struct test_nitro document = with_bundle(&item, 1);
        enum atls_err err = appraise_document(&s, &document);
        assert_refused(&s, err, EVIDENCE_MALFORMED, "cabundle");
        document = fresh();
        test_nitro_set(&document, "certificate", item);
        err = appraise_document(&s, &document);
        assert_refused(&s, err, EVIDENCE_MALFORMED, "certificate");
    }
    struct test_nitro document = fresh();
    test_nitro_set(&document, "certificate", test_cbor_fill(0x30, 1024)); /* is read as one */
    assert_err(appraise_document(&s, &document), EVIDENCE_MALFORMED);
    assert_string_not_equal(s.diag.claim, "certificate");
}

static void a_bundle_has_one_to_six_certificates(void **state)
{
    (void)state;
    struct scene s;
    struct atls_bytes items[7];
    for (size_t i = 0; i < 7; i++) {
        items[i] = test_cbor_bytes(chain.certs[i < TEST_NITRO_LEAF ? i : 3]);
    }
    struct test_nitro document = with_bundle(items, 0);
    enum atls_err err = appraise_document(&s, &document);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "cabundle");
    assert_string_equal(s.diag.found, "an empty one");
    document = with_bundle(items, 7);
    err = appraise_document(&s, &document);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "cabundle");
    assert_string_equal(s.diag.found, "7");
    document = with_bundle(items, 6); /* as many as it may have, and no path */
    assert_err(appraise_document(&s, &document), CHAIN);
    items[1] = test_cbor_int(1);
    document = with_bundle(items, 4);
    err = appraise_document(&s, &document);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "cabundle");
}

struct hunt {
    struct scene scene;
    size_t num_accepted;
};

static void judge_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct hunt *hunt = context;
    (void)at;
    scene_init(&hunt->scene, set, test_nitro_nonce());
    hunt->num_accepted += appraise(&hunt->scene, &atls_appraiser_nitro, mutant) == ATLS_OK ? 1 : 0;
}

/* Every third bit of the envelope, and of what is signed one in every eighth octet: a flip costs a
 * verification, and one in a certificate five. The mutations of tests/mutation look at the rest. */
static void no_prefix_and_no_bit_flip_is_accepted(void **state)
{
    (void)state;
    struct hunt hunt = {.num_accepted = 0};
    struct test_nitro document = fresh();
    const struct atls_bytes evidence = test_nitro_sign(&document);
    const size_t signature = evidence.len - 98;
    judge_mutant(evidence, 0, &hunt);
    assert_int_equal(hunt.num_accepted, 1);
    test_each_truncation(evidence, judge_mutant, &hunt);
    for (size_t bit = 0; bit < 8 * evidence.len; bit++) {
        const size_t at = bit / 8;
        const bool in_envelope = at < 16 || at >= signature;
        if (in_envelope ? bit % 3 != 0 : bit % 8 != at % 8 || at % 8 != 3) {
            continue;
        }
        const struct atls_bytes mutant = test_copy(evidence);
        ((uint8_t *)(uintptr_t)mutant.data)[at] ^= (uint8_t)(1u << bit % 8);
        judge_mutant(mutant, at, &hunt);
    }
    assert_int_equal(hunt.num_accepted, 1);
}

int main(void)
{
    nitro_set_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tagged_and_indefinite_documents_are_accepted),
        cmocka_unit_test(other_envelopes_are_refused),
        cmocka_unit_test(other_algorithms_are_refused),
        cmocka_unit_test(a_header_beside_the_algorithm_is_refused),
        cmocka_unit_test(a_signature_of_another_length_is_refused),
        cmocka_unit_test(a_payload_that_is_no_document_is_refused),
        cmocka_unit_test(a_payload_has_at_most_16384_octets),
        cmocka_unit_test(a_member_that_stands_twice_is_refused),
        cmocka_unit_test(what_is_inside_may_be_indefinite_but_for_strings),
        cmocka_unit_test(a_pcr_that_stands_twice_is_refused),
        cmocka_unit_test(members_that_are_not_known_are_ignored),
        cmocka_unit_test(a_document_of_an_instance_is_none_of_an_enclave),
        cmocka_unit_test(the_label_must_be_that_of_the_format),
        cmocka_unit_test(certificates_are_octets_within_their_limits),
        cmocka_unit_test(a_bundle_has_one_to_six_certificates),
        cmocka_unit_test(no_prefix_and_no_bit_flip_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
