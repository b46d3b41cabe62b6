/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of environments and measured values: for each rule of the draft's section 8 a pair
 * that matches and pairs that do not. */
#include "samples.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/apply.h"
#include "endorsement/measured.h"

/* One member of measured values: `c` expected, `e` the Evidence. */
struct row {
    const char *name;
    struct atls_measured c, e;
    bool matches;
};

static struct atls_bytes octets(const char *text)
{
    return atls_bytes_text(text);
}

static void check(const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        if (atls_measured_matches(&rows[i].c, &rows[i].e) != rows[i].matches) {
            fail_msg("%s: expected %s", rows[i].name, rows[i].matches ? "a match" : "none");
        }
    }
}

static struct atls_measured version(const char *text, int64_t scheme)
{
    return (struct atls_measured){.has = ATLS_HAS_VERSION |
                                         (scheme != 0 ? (uint32_t)ATLS_HAS_VERSION_SCHEME : 0),
                                  .version = octets(text),
                                  .version_scheme = scheme};
}

static struct atls_measured svn(uint64_t number, bool is_min)
{
    return (struct atls_measured){.has = ATLS_HAS_SVN, .svn = number, .svn_is_min = is_min};
}

static void versions_and_svns(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"equal version", version("1.2", 0), version("1.2", 0), true},
        {"other version", version("1.2", 0), version("1.3", 0), false},
        {"scheme not asked for", version("1.2", 0), version("1.2", 16384), true},
        {"scheme equal", version("1.2", 16384), version("1.2", 16384), true},
        {"scheme other", version("1.2", 16384), version("1.2", 1), false},
        {"scheme not said", version("1.2", 16384), version("1.2", 0), false},
        {"svn equal", svn(5, false), svn(5, false), true},
        {"svn below", svn(5, false), svn(4, false), false},
        {"svn above", svn(5, false), svn(6, false), false},
        {"min equal", svn(5, true), svn(5, false), true},
        {"min above", svn(5, true), svn(6, false), true},
        {"min below", svn(5, true), svn(4, false), false},
        {"Evidence min, plain expected", svn(5, false), svn(5, true), false},
        {"Evidence min, same min", svn(5, true), svn(5, true), true},
        {"Evidence min, other min", svn(5, true), svn(6, true), false},
        {"svn not said", svn(5, false), version("5", 0), false},
    };
    check(rows, ATLS_ARRAY_LEN(rows));
}

static const struct atls_mdigest sha256_a = {1, {NULL, 0}, {(const uint8_t *)"aaaa", 4}};
static const struct atls_mdigest sha256_b = {1, {NULL, 0}, {(const uint8_t *)"bbbb", 4}};
static const struct atls_mdigest sha384_a = {7, {NULL, 0}, {(const uint8_t *)"AAAA", 4}};
static const struct atls_mdigest sha384_b = {7, {NULL, 0}, {(const uint8_t *)"BBBB", 4}};
static const struct atls_mdigest named_a = {
    0, {(const uint8_t *)"x", 1}, {(const uint8_t *)"a", 1}};
static const struct atls_mdigest other_a = {
    0, {(const uint8_t *)"y", 1}, {(const uint8_t *)"a", 1}};

static struct atls_measured digests(const struct atls_mdigest *items, size_t num)
{
    return (struct atls_measured){.has = ATLS_HAS_DIGESTS, .digests = {.items = items, .num = num}};
}

static void digests_need_a_common_algorithm_and_none_that_differs(void **state)
{
    (void)state;
    const struct atls_mdigest a[] = {sha256_a}, b[] = {sha256_b}, big[] = {sha384_a};
    const struct atls_mdigest both[] = {sha256_a, sha384_a}, half[] = {sha256_a, sha384_b};
    const struct atls_mdigest twice[] = {sha256_a, sha256_b}, same_twice[] = {sha256_a, sha256_a};
    const struct atls_mdigest named[] = {named_a}, other[] = {other_a};
    const struct row rows[] = {
        {"equal", digests(a, 1), digests(a, 1), true},
        {"other value", digests(a, 1), digests(b, 1), false},
        {"no common algorithm", digests(a, 1), digests(big, 1), false},
        {"one of two", digests(both, 2), digests(a, 1), true},
        {"Evidence has more", digests(a, 1), digests(both, 2), true},
        {"one common one differs", digests(both, 2), digests(half, 2), false},
        {"twice expected", digests(twice, 2), digests(a, 1), false},
        {"twice in Evidence", digests(a, 1), digests(twice, 2), false},
        {"the same twice", digests(same_twice, 2), digests(a, 1), false},
        {"by name", digests(named, 1), digests(named, 1), true},
        {"other name", digests(named, 1), digests(other, 1), false},
        {"name and number", digests(named, 1), digests(a, 1), false},
        {"empty", digests(a, 0), digests(a, 0), false},
    };
    check(rows, ATLS_ARRAY_LEN(rows));
}

static struct atls_measured flags(uint16_t stated, uint16_t set)
{
    return (struct atls_measured){.has = ATLS_HAS_FLAGS, .flags = stated, .flags_set = set};
}

static struct atls_measured raw(struct atls_bytes value, struct atls_bytes mask)
{
    return (struct atls_measured){.has = ATLS_HAS_RAW, .raw = value, .raw_mask = mask};
}

static void flags_and_masked_values(void **state)
{
    (void)state;
    const struct atls_bytes none = no_octets();
    const struct row rows[] = {
        {"flag equal", flags(2, 2), flags(2, 2), true},
        {"flag other", flags(2, 2), flags(2, 0), false},
        {"flag not said", flags(2, 0), flags(4, 0), false},
        {"more flags said", flags(2, 2), flags(6, 6), true},
        {"raw equal", raw(test_hex("1234"), none), raw(test_hex("1234"), none), true},
        {"raw other", raw(test_hex("1234"), none), raw(test_hex("1235"), none), false},
        {"raw shorter", raw(test_hex("1234"), none), raw(test_hex("12"), none), false},
        {"masked bits equal", raw(test_hex("1200"), test_hex("ff00")), raw(test_hex("1234"), none),
         true},
        {"masked bits differ", raw(test_hex("1200"), test_hex("ff00")), raw(test_hex("1334"), none),
         false},
        {"one bit of a mask", raw(test_hex("1200"), test_hex("ff01")), raw(test_hex("1201"), none),
         false},
        {"mask of zeros", raw(test_hex("1200"), test_hex("0000")), raw(test_hex("abcd"), none),
         true},
        {"mask too short", raw(test_hex("1200"), test_hex("ff")), raw(test_hex("1200"), none),
         false},
        {"Evidence says these bits", raw(test_hex("1200"), test_hex("ff00")),
         raw(test_hex("1234"), test_hex("ff00")), true},
        {"Evidence hides a bit", raw(test_hex("1234"), none),
         raw(test_hex("1234"), test_hex("fffe")), false},
    };
    check(rows, ATLS_ARRAY_LEN(rows));
}

static void strings_are_compared_as_they_are(void **state)
{
    (void)state;
    static const uint32_t has[] = {ATLS_HAS_MAC,  ATLS_HAS_IP,   ATLS_HAS_SERIAL,  ATLS_HAS_UEID,
                                   ATLS_HAS_UUID, ATLS_HAS_NAME, ATLS_HAS_CERT_NUM};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(has); i++) {
        struct atls_measured c = {.has = has[i]};
        struct atls_bytes *const members[] = {&c.mac,  &c.ip,   &c.serial,  &c.ueid,
                                              &c.uuid, &c.name, &c.cert_num};
        *members[i] = octets("one");
        struct atls_measured e = c;
        assert_true(atls_measured_matches(&c, &e));
        *members[i] = octets("two");
        assert_false(atls_measured_matches(&c, &e));
        *members[i] = octets("on");
        assert_false(atls_measured_matches(&c, &e));
        e.has = 0;
        *members[i] = octets("one");
        assert_false(atls_measured_matches(&c, &e));
    }
    const struct atls_measured nothing = {.has = 0};
    const struct atls_measured something = {.has = ATLS_HAS_NAME, .name = octets("x")};
    assert_false(atls_measured_matches(&nothing, &something));
    assert_false(atls_measured_matches(&nothing, &nothing));
}

static struct atls_measured keys(const struct atls_tagged *items, size_t num)
{
    return (struct atls_measured){.has = ATLS_HAS_CRYPTOKEYS,
                                  .cryptokeys = {.items = items, .num = num}};
}

static void keys_are_compared_in_pairs_and_in_order(void **state)
{
    (void)state;
    const struct atls_tagged a = {560, octets("a")}, b = {560, octets("b")}, c = {557, octets("a")};
    const struct atls_tagged ab[] = {a, b}, ba[] = {b, a}, other_tag[] = {c};
    const struct row rows[] = {
        {"equal", keys(ab, 2), keys(ab, 2), true},
        {"other order", keys(ab, 2), keys(ba, 2), false},
        {"fewer expected", keys(ab, 1), keys(ab, 2), false},
        {"more expected", keys(ab, 2), keys(ab, 1), false},
        {"other tag", keys(ab, 1), keys(other_tag, 1), false},
        {"none", keys(ab, 0), keys(ab, 0), false},
    };
    check(rows, ATLS_ARRAY_LEN(rows));
}

static struct atls_mregister reg(uint64_t number, const char *name,
                                 const struct atls_mdigest *digest)
{
    return (struct atls_mregister){.is_text = name != NULL,
                                   .number = number,
                                   .text = name != NULL ? octets(name) : no_octets(),
                                   .digests = {.items = digest, .num = 1}};
}

static struct atls_measured registers(const struct atls_mregister *items, size_t num)
{
    return (struct atls_measured){.has = ATLS_HAS_REGISTERS,
                                  .registers = {.items = items, .num = num}};
}

static void every_register_that_is_expected_must_be_there(void **state)
{
    (void)state;
    const struct atls_mregister zero = reg(0, NULL, &sha256_a), one = reg(1, NULL, &sha256_b);
    const struct atls_mregister named = reg(0, "r", &sha256_a), bad = reg(0, NULL, &sha256_b);
    const struct atls_mregister expected[] = {zero, named}, found[] = {one, named, zero};
    const struct atls_mregister changed[] = {one, named, bad}, only_named[] = {named};
    const struct row rows[] = {
        {"all there", registers(expected, 2), registers(found, 3), true},
        {"one missing", registers(expected, 2), registers(only_named, 1), false},
        {"one differs", registers(expected, 2), registers(changed, 3), false},
        {"a name is no number", registers(&zero, 1), registers(only_named, 1), false},
        {"none", registers(expected, 0), registers(found, 3), false},
    };
    check(rows, ATLS_ARRAY_LEN(rows));
}

static struct atls_measured range(bool is_range, int64_t min, int64_t max)
{
    return (struct atls_measured){.has = ATLS_HAS_RANGE, .range = {is_range, min, max}};
}

static void integers_and_ranges(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"equal", range(false, 5, 5), range(false, 5, 5), true},
        {"other", range(false, 5, 5), range(false, 6, 6), false},
        {"at the start", range(true, 5, 7), range(false, 5, 5), true},
        {"at the end", range(true, 5, 7), range(false, 7, 7), true},
        {"below", range(true, 5, 7), range(false, 4, 4), false},
        {"above", range(true, 5, 7), range(false, 8, 8), false},
        {"open start", range(true, INT64_MIN, 7), range(false, -9, -9), true},
        {"open end", range(true, 5, INT64_MAX), range(false, 99, 99), true},
        {"Evidence is a range", range(true, 5, 7), range(true, 5, 7), true},
        {"Evidence is a narrower range", range(true, 5, 7), range(true, 6, 7), false},
        {"a range for a number", range(false, 5, 5), range(true, 5, 5), false},
    };
    check(rows, ATLS_ARRAY_LEN(rows));
}

static void one_member_that_differs_is_enough(void **state)
{
    (void)state;
    struct atls_measured c = version("1", 0);
    c.has |= ATLS_HAS_SVN | ATLS_HAS_NAME;
    c.svn = 3;
    c.name = octets("n");
    struct atls_measured e = c;
    assert_true(atls_measured_matches(&c, &e));
    e.svn = 2;
    assert_false(atls_measured_matches(&c, &e));
    e = c;
    e.name = octets("m");
    assert_false(atls_measured_matches(&c, &e));
    /* Evidence may say more. */
    e = c;
    c.has = ATLS_HAS_NAME;
    assert_true(atls_measured_matches(&c, &e));
}

static void measurement_keys(void **state)
{
    (void)state;
    const struct atls_mkey none = {.kind = ATLS_MKEY_NONE};
    const struct atls_mkey five = {.kind = ATLS_MKEY_UINT, .number = 5};
    const struct atls_mkey six = {.kind = ATLS_MKEY_UINT, .number = 6};
    const struct atls_mkey a = {.kind = ATLS_MKEY_TEXT, .text = octets("a")};
    const struct atls_mkey b = {.kind = ATLS_MKEY_TEXT, .text = octets("b")};
    const struct atls_mkey oid = {.kind = ATLS_MKEY_TAGGED, .tagged = {111, octets("a")}};
    const struct atls_mkey uuid = {.kind = ATLS_MKEY_TAGGED, .tagged = {37, octets("a")}};
    const struct atls_mkey *const all[] = {&none, &five, &six, &a, &b, &oid, &uuid};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(all); i++) {
        for (size_t j = 0; j < ATLS_ARRAY_LEN(all); j++) {
            assert_int_equal(atls_mkey_matches(all[i], all[j]), i == j);
        }
    }
}

static void each_member_of_an_environment_must_be_there(void **state)
{
    (void)state;
    const struct atls_environment evidence = {.class_id = {560, octets("class")},
                                              .has_vendor = true,
                                              .has_model = true,
                                              .has_layer = true,
                                              .has_index = true,
                                              .vendor = octets("v"),
                                              .model = octets("m"),
                                              .layer = 1,
                                              .index = 2,
                                              .instance = {550, octets("i")},
                                              .group = {37, octets("g")}};
    const struct {
        struct atls_environment good, bad;
    } rows[] = {
        {{.class_id = {560, octets("class")}}, {.class_id = {37, octets("class")}}},
        {{.class_id = {560, octets("class")}}, {.class_id = {560, octets("clasz")}}},
        {{.has_vendor = true, .vendor = octets("v")}, {.has_vendor = true, .vendor = octets("w")}},
        {{.has_model = true, .model = octets("m")}, {.has_model = true, .model = octets("")}},
        {{.has_layer = true, .layer = 1}, {.has_layer = true, .layer = 0}},
        {{.has_index = true, .index = 2}, {.has_index = true, .index = 1}},
        {{.instance = {550, octets("i")}}, {.instance = {550, octets("j")}}},
        {{.group = {37, octets("g")}}, {.group = {37, octets("h")}}},
    };
    const struct atls_environment nothing = {.has_vendor = false};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        assert_true(atls_environment_matches(&rows[i].good, &evidence, ATLS_LABELS_COMPARED));
        assert_false(atls_environment_matches(&rows[i].bad, &evidence, ATLS_LABELS_COMPARED));
        assert_false(atls_environment_matches(&rows[i].good, &nothing, ATLS_LABELS_COMPARED));
    }
    assert_true(atls_environment_matches(&evidence, &evidence, ATLS_LABELS_COMPARED));
    assert_false(atls_environment_matches(&nothing, &evidence, ATLS_LABELS_COMPARED));
}

static void labels_are_ignored_where_the_profile_says_so(void **state)
{
    (void)state;
    const struct atls_environment evidence = {.class_id = {560, octets("class")}};
    struct atls_environment condition = evidence;
    condition.has_vendor = true;
    condition.vendor = octets("v");
    assert_false(atls_environment_matches(&condition, &evidence, ATLS_LABELS_COMPARED));
    assert_true(atls_environment_matches(&condition, &evidence, ATLS_LABELS_IGNORED));
    /* A condition of labels alone says nothing then. */
    condition.class_id.tag = 0;
    assert_false(atls_environment_matches(&condition, &evidence, ATLS_LABELS_IGNORED));
}

/* authorized-by: [557([1, SHA-256 of the signer's key])], a list of one. */
static struct atls_cbor by_key(struct atls_bytes spki)
{
    struct atls_digest digest;
    struct atls_cbor list;
    assert_err(atls_crypto_openssl()->hash(ATLS_ALG_SHA256, spki, &digest), OK);
    const struct atls_buf room = test_room(64);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cbor_put_array(&w, 1);
    atls_cbor_put_tag(&w, 557);
    atls_cbor_put_array(&w, 2);
    atls_cbor_put_uint(&w, 1);
    atls_cbor_put_bytes(&w, atls_digest_bytes(&digest));
    assert_true(atls_writer_finish(&w, &len));
    assert_err(atls_cbor_parse(&list, atls_bytes_of(room.data, len), 0, "list", NULL), OK);
    return list;
}

static void what_one_signer_may_say_another_may_not(void **state)
{
    (void)state;
    const struct atls_bytes signer = octets("a key");
    const struct atls_measurement_map said = {.values = svn(5, false)};
    struct atls_measurement_map expected = said;
    assert_true(atls_measurement_matches(&expected, &said, signer));
    expected.authorized_by.encoded = by_key(signer);
    assert_true(atls_measurement_matches(&expected, &said, signer));
    assert_false(atls_measurement_matches(&expected, &said, octets("another")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_and_svns),
        cmocka_unit_test(what_one_signer_may_say_another_may_not),
        cmocka_unit_test(digests_need_a_common_algorithm_and_none_that_differs),
        cmocka_unit_test(flags_and_masked_values),
        cmocka_unit_test(strings_are_compared_as_they_are),
        cmocka_unit_test(keys_are_compared_in_pairs_and_in_order),
        cmocka_unit_test(every_register_that_is_expected_must_be_there),
        cmocka_unit_test(integers_and_ranges),
        cmocka_unit_test(one_member_that_differs_is_enough),
        cmocka_unit_test(measurement_keys),
        cmocka_unit_test(each_member_of_an_environment_must_be_there),
        cmocka_unit_test(labels_are_ignored_where_the_profile_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
