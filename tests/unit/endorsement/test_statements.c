/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and authorities of a set as an appraiser finds them, and what follows from accepted
 * claims: the self-made files of tests/kat/corim. */
#include "samples.h"

#include "endorsement/apply.h"
#include "endorsement/intel.h"

#include <stdlib.h>

static struct atls_endorsements *loaded(const char *name)
{
    struct atls_endorsements *set = new_set();
    add(set, kat(name), name);
    return set;
}

static const struct atls_statement *first(const struct atls_endorsements *set, const char *format,
                                          enum atls_triple triple)
{
    size_t cursor = 0;
    return atls_endorsements_next_statement(set, format, triple, NOW, &cursor);
}

/* repeated gives `len` octets of one value. */
static struct atls_bytes repeated(uint8_t octet, size_t len)
{
    const struct atls_buf room = test_room(len);
    memset(room.data, octet, len);
    return atls_bytes_of(room.data, len);
}

static void statements_are_found_by_format_and_triple(void **state)
{
    (void)state;
    static const struct {
        const char *file, *format;
        bool has_references, has_keys;
    } rows[] = {
        {"cca-platform-good", "cca", true, true}, {"parsec-cca-good", "cca", true, true},
        {"cca-realm-good", "cca", true, false},   {"snp-good", "snp", true, true},
        {"intel-good", "sgx", true, false},       {"intel-good", "tdx", true, false},
        {"riot-good", "riot", false, true},       {"enacttrust-good", "enacttrust", true, true},
        {"nitro-good", "nitro", true, true},      {"old-cca-good", "cca", true, true},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_endorsements *set = loaded(rows[i].file);
        const struct atls_statement *reference = first(set, rows[i].format, ATLS_TRIPLE_REFERENCE);
        const struct atls_statement *key = first(set, rows[i].format, ATLS_TRIPLE_ATTEST_KEY);
        assert_int_equal(reference != NULL, rows[i].has_references);
        assert_int_equal(key != NULL, rows[i].has_keys);
        assert_null(first(set, "psa", ATLS_TRIPLE_REFERENCE));
        assert_null(first(set, rows[i].format, ATLS_TRIPLE_ENDORSED));
        /* What has ended is not found: `now` is behind the end of every file here. */
        size_t cursor = 0;
        assert_non_null(atls_endorsements_next_statement(
            set, NULL, reference != NULL ? ATLS_TRIPLE_REFERENCE : ATLS_TRIPLE_ATTEST_KEY, NOW,
            &cursor));
        atls_endorsements_unref(set);
    }
}

static void a_file_without_a_known_profile_speaks_for_no_format(void **state)
{
    (void)state;
    static const char *const formats[] = {"psa", "tpm2", "cca", "snp", "sgx", "tdx", "nitro"};
    struct atls_endorsements *set = loaded("psa-good-no-profile");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(formats); i++) {
        assert_null(first(set, formats[i], ATLS_TRIPLE_REFERENCE));
        assert_null(first(set, formats[i], ATLS_TRIPLE_ATTEST_KEY));
    }
    assert_non_null(first(set, NULL, ATLS_TRIPLE_REFERENCE));
    assert_null(atls_endorsements_find_key(set, psa(), psa_instance(), no_octets()));
    atls_endorsements_unref(set);
}

/* One image of Nitro: PCR 0 and PCR 8, of one module. */
struct image {
    struct atls_environment environment;
    struct atls_mdigest digests[2];
    struct atls_measurement_map measurements[2];
    struct atls_claim claims[2];
    struct atls_claims all;
};

static void make_image(struct image *image, struct atls_bytes pcr0, struct atls_bytes pcr8)
{
    const struct atls_bytes values[] = {pcr0, pcr8};
    memset(image, 0, sizeof *image);
    image->environment = (struct atls_environment){.has_vendor = true,
                                                   .has_model = true,
                                                   .vendor = atls_bytes_text("Amazon"),
                                                   .model = atls_bytes_text("aws.nitro-enclaves"),
                                                   .instance = {560, atls_bytes_text("i-1")}};
    for (size_t i = 0; i < 2; i++) {
        image->digests[i] = (struct atls_mdigest){.number = 7, .value = values[i]};
        image->measurements[i] = (struct atls_measurement_map){
            .mkey = {.kind = ATLS_MKEY_UINT, .number = i * 8},
            .values = {.has = ATLS_HAS_DIGESTS,
                       .digests = {.items = &image->digests[i], .num = 1}}};
        image->claims[i] = (struct atls_claim){&image->environment, &image->measurements[i]};
    }
    image->all = (struct atls_claims){.items = image->claims, .num = 2};
}

static void every_measurement_of_a_record_must_match_in_its_environment(void **state)
{
    (void)state;
    struct image image;
    struct atls_endorsements *set = loaded("nitro-good");
    const struct atls_statement *record = first(set, "nitro", ATLS_TRIPLE_REFERENCE);
    make_image(&image, repeated(1, 48), repeated(2, 48));
    assert_true(atls_statement_matches(record, &image.all));
    image.all.num = 1;
    assert_false(atls_statement_matches(record, &image.all));
    make_image(&image, repeated(1, 48), repeated(3, 48));
    assert_false(atls_statement_matches(record, &image.all));
    make_image(&image, repeated(1, 48), repeated(2, 48));
    image.environment.instance.octets = atls_bytes_text("i-2");
    assert_false(atls_statement_matches(record, &image.all));
    make_image(&image, repeated(1, 48), repeated(2, 48));
    image.environment.vendor = atls_bytes_text("Other");
    assert_false(atls_statement_matches(record, &image.all));
    /* Only reference values are compared so. */
    assert_false(atls_statement_matches(first(set, "nitro", ATLS_TRIPLE_ATTEST_KEY), &image.all));
    atls_endorsements_unref(set);
}

static size_t count_authorities(const struct atls_endorsements *set, const char *format,
                                const struct atls_environment *environment, uint32_t purposes)
{
    size_t cursor = 0;
    size_t num = 0;
    while (atls_endorsements_next_authority(set, format, environment, purposes, NOW, &cursor) !=
           NULL) {
        num++;
    }
    return num;
}

static void authorities_are_for_their_environment_and_purpose(void **state)
{
    (void)state;
    const struct atls_environment amazon = {.has_vendor = true,
                                            .vendor = atls_bytes_text("Amazon")};
    const struct atls_environment other = {.has_vendor = true, .vendor = atls_bytes_text("Other")};
    struct atls_endorsements *set = loaded("cots-good");
    assert_int_equal(count_authorities(set, "nitro", &amazon, ATLS_PURPOSE_EAT), 3);
    assert_int_equal(count_authorities(set, "nitro", &amazon, ATLS_PURPOSE_CERTIFICATE), 3);
    assert_int_equal(count_authorities(set, "nitro", &amazon, ATLS_PURPOSE_CORIM), 0);
    assert_int_equal(count_authorities(set, "nitro", &other, ATLS_PURPOSE_EAT), 0);
    assert_int_equal(count_authorities(set, "snp", &amazon, ATLS_PURPOSE_EAT), 0);
    size_t cursor = 0;
    const struct atls_authority *authority =
        atls_endorsements_next_authority(set, "nitro", &amazon, ATLS_PURPOSE_EAT, NOW, &cursor);
    assert_true(authority->is_anchor && authority->cert.len == 333 && authority->spki.len == 44);
    authority =
        atls_endorsements_next_authority(set, "nitro", &amazon, ATLS_PURPOSE_EAT, NOW, &cursor);
    assert_true(authority->is_anchor && authority->cert.len == 0 && authority->spki.len == 44);
    authority =
        atls_endorsements_next_authority(set, "nitro", &amazon, ATLS_PURPOSE_EAT, NOW, &cursor);
    assert_true(!authority->is_anchor && authority->cert.len == 333);
    atls_endorsements_unref(set);
    set = loaded("cots-good-everywhere");
    assert_int_equal(count_authorities(set, "nitro", &other, ATLS_PURPOSE_EAT), 3);
    atls_endorsements_unref(set);
    set = loaded("cots-good-unknown-profile");
    assert_int_equal(count_authorities(set, "nitro", &amazon, ATLS_PURPOSE_ALL), 0);
    assert_int_equal(count_authorities(set, NULL, &amazon, ATLS_PURPOSE_ALL), 3);
    atls_endorsements_unref(set);
    set = loaded("cots-good-named");
    assert_int_equal(count_authorities(set, "nitro", &amazon, ATLS_PURPOSE_ALL), 0);
    atls_endorsements_unref(set);
}

static void the_last_certificate_of_a_path_is_the_anchor(void **state)
{
    (void)state;
    const struct atls_environment riot = {.has_vendor = true,
                                          .has_model = true,
                                          .vendor = atls_bytes_text("Veraison Project"),
                                          .model = atls_bytes_text("RIOT")};
    struct atls_endorsements *set = loaded("riot-good");
    size_t cursor = 0;
    const struct atls_authority *authority = atls_endorsements_next_authority(
        set, "riot", &riot, ATLS_PURPOSE_CERTIFICATE, NOW, &cursor);
    assert_false(authority->is_anchor);
    authority = atls_endorsements_next_authority(set, "riot", &riot, ATLS_PURPOSE_CERTIFICATE, NOW,
                                                 &cursor);
    assert_true(authority->is_anchor);
    assert_null(atls_endorsements_next_authority(set, "riot", &riot, ATLS_PURPOSE_CERTIFICATE, NOW,
                                                 &cursor));
    atls_endorsements_unref(set);
}

static void a_newer_file_takes_statements_notes_and_authorities_away(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    add(set, kat("nitro-good"), "nitro-good");
    assert_int_equal(atls_endorsements_num_statements(set), 2);
    assert_int_equal(atls_endorsements_num_authorities(set), 1);
    /* A store of version 4, and the same of version 5. */
    const struct atls_bytes store = kat("cots-good-unknown-profile");
    add(set, store, "first");
    assert_int_equal(atls_endorsements_num_authorities(set), 4);
    add(set, edited(store, test_hex("0104"), test_hex("0105")), "second");
    assert_int_equal(atls_endorsements_num_authorities(set), 4);
    size_t cursor = 0;
    size_t notes = 0;
    const char *note;
    while ((note = atls_endorsements_next_note(set, &cursor)) != NULL) {
        assert_null(strstr(note, "first"));
        notes++;
    }
    assert_int_equal(notes, 1);
    atls_endorsements_unref(set);
}

/* The one accepted component of endorsed.diag. */
struct component {
    struct atls_environment environment;
    struct atls_measurement_map measurement;
    struct atls_claim claim;
    struct atls_claims claims;
};

static void make_component(struct component *c, const char *version)
{
    memset(c, 0, sizeof *c);
    c->environment.class_id = (struct atls_tagged){560, psa_class()};
    c->measurement = (struct atls_measurement_map){
        .mkey = {.kind = ATLS_MKEY_TEXT, .text = atls_bytes_text("psa.software-component")},
        .values = {.has = ATLS_HAS_NAME | ATLS_HAS_VERSION,
                   .name = atls_bytes_text("BL"),
                   .version = atls_bytes_text(version)}};
    c->claim = (struct atls_claim){&c->environment, &c->measurement};
    c->claims = (struct atls_claims){.items = &c->claim, .num = 1, .labels = ATLS_LABELS_IGNORED};
}

static size_t applied(const struct atls_endorsements *set, const struct component *c,
                      struct atls_additions *out)
{
    assert_err(atls_endorsements_apply(out, set, "psa", &c->claims, NOW, NULL), OK);
    return out->num;
}

static void what_endorsers_add_follows_from_accepted_claims(void **state)
{
    (void)state;
    struct component c;
    struct atls_additions *out = calloc(1, sizeof *out);
    assert_non_null(out);
    struct atls_endorsements *set = loaded("psa-good-endorsed");
    make_component(&c, "1.2.3");
    /* The endorsed value, the second record of the series, and what follows from that. */
    assert_int_equal(applied(set, &c, out), 3);
    assert_int_equal(out->items[0].statement->triple, ATLS_TRIPLE_ENDORSED);
    assert_int_equal(out->items[0].measurement.values.flags_set, 1 << ATLS_FLAG_SECURE);
    assert_int_equal(out->items[1].statement->triple, ATLS_TRIPLE_SERIES);
    assert_true(atls_bytes_is_text(out->items[1].measurement.values.name, "current"));
    assert_int_equal(out->items[2].statement->triple, ATLS_TRIPLE_CONDITIONAL);
    assert_true(
        atls_bytes_is_text(out->items[2].measurement.values.cert_num, "1234567890123-12345"));
    /* Another version: the third record, and nothing follows. */
    make_component(&c, "1.2.4");
    assert_int_equal(applied(set, &c, out), 2);
    assert_true(atls_bytes_is_text(out->items[1].measurement.values.name, "too late"));
    /* Another component: the condition of the series does not hold. */
    make_component(&c, "1.2.3");
    c.measurement.values.name = atls_bytes_text("M1");
    assert_int_equal(applied(set, &c, out), 1);
    /* Another class, or nothing accepted. */
    make_component(&c, "1.2.3");
    c.environment.class_id.octets = repeated(9, 32);
    assert_int_equal(applied(set, &c, out), 0);
    c.claims.num = 0;
    assert_int_equal(applied(set, &c, out), 0);
    atls_endorsements_unref(set);
    free(out);
}

static void a_claim_is_authorized_by_every_key_that_is_named(void **state)
{
    (void)state;
    const struct atls_bytes other = repeated(7, 91);
    struct atls_endorsements *set = loaded("psa-good-endorsed");
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    size_t cursor = 0;
    const struct atls_reference *reference =
        atls_endorsements_next_reference(set, psa(), psa_class(), &cursor);
    assert_non_null(anchor);
    assert_true(reference->authorized_by.len != 0);
    assert_true(atls_encoded_is_authorized(reference->authorized_by, anchor->spki));
    assert_false(atls_encoded_is_authorized(reference->authorized_by, other));
    assert_true(atls_encoded_is_authorized(no_octets(), other));
    /* [560(h'aa')] names a key by octets that nothing here can compare. */
    assert_false(atls_encoded_is_authorized(test_hex("81d9023041aa"), anchor->spki));
    /* PEM that is none. */
    assert_false(atls_encoded_is_authorized(test_hex("81d9022a6161"), anchor->spki));
    atls_endorsements_unref(set);
}

static const uint64_t components[ATLS_INTEL_NUM_COMPONENTS] = {10, 2,  3,  4,  5,  6,  7,  8,
                                                               9,  10, 11, 12, 13, 14, 15, 0};
static const struct atls_bytes up_to_date = {(const uint8_t *)"UpToDate", 8};
static const struct atls_bytes advisory = {(const uint8_t *)"INTEL-SA-00079", 14};

enum { DATE, ISVSVN, INSTANCE, PCEID, MISC, ATTRIBUTES, MRTEE, MRSIGNER, PRODID, EVALNUM };
enum { STATUS = EVALNUM + 1, ADVISORIES, COMPONENTS, NUM_EXTENSIONS };

static void make_extensions(struct atls_mextension e[NUM_EXTENSIONS])
{
    const struct atls_mextension all[NUM_EXTENSIONS] = {
        [DATE] = {.key = -72, .number = 1735689600},
        [ISVSVN] = {.key = -73, .number = 9},
        [INSTANCE] = {.key = -77, .octets = test_hex("00112233")},
        [PCEID] = {.key = -80, .octets = atls_bytes_text("0000")},
        [MISC] = {.key = -81, .octets = test_hex("a0bf")},
        [ATTRIBUTES] = {.key = -82, .octets = test_hex("11")},
        [MRTEE] = {.key = -83, .digest = {.number = 7, .value = repeated(0x66, 48)}},
        [MRSIGNER] = {.key = -84, .digest = {.number = 1, .value = repeated(0x77, 32)}},
        [PRODID] = {.key = -85, .number = 1},
        [EVALNUM] = {.key = -86, .number = 11},
        [STATUS] = {.key = -88, .texts = &up_to_date, .num_texts = 1},
        [ADVISORIES] = {.key = -89, .texts = &advisory, .num_texts = 1},
        [COMPONENTS] = {.key = -125,
                        .numbers = components,
                        .num_numbers = ATLS_INTEL_NUM_COMPONENTS},
    };
    memcpy(e, all, sizeof all);
}

static void expressions_of_intel_compare_each_value(void **state)
{
    (void)state;
    static const uint64_t worse[ATLS_INTEL_NUM_COMPONENTS] = {9, 2,  3,  4,  5,  6,  7,  8,
                                                              9, 10, 11, 12, 13, 14, 15, 0};
    struct atls_endorsements *set = loaded("intel-good");
    struct atls_measurement_map expected;
    struct atls_mextension e[NUM_EXTENSIONS];
    assert_true(atls_statement_measurement(first(set, "tdx", ATLS_TRIPLE_REFERENCE), 0, &expected));
    struct atls_measured found = {.has = ATLS_HAS_EXTENSIONS,
                                  .extensions = {.items = e, .num = NUM_EXTENSIONS}};
    make_extensions(e);
    assert_true(atls_measured_matches(&expected.values, &found));
    /* One value at a time is another one, or is missing. */
    for (size_t i = 0; i < NUM_EXTENSIONS; i++) {
        make_extensions(e);
        e[i].number = 7;
        e[i].octets = test_hex("b0");
        e[i].digest.value = repeated(0x78, 32);
        e[i].texts = &e[i].octets;
        e[i].num_texts = 1;
        e[i].numbers = worse;
        assert_false(atls_measured_matches(&expected.values, &found));
        make_extensions(e);
        e[i].key = -1;
        assert_false(atls_measured_matches(&expected.values, &found));
    }
    /* A subset may be empty; a member must be there. */
    make_extensions(e);
    e[ADVISORIES].num_texts = 0;
    assert_true(atls_measured_matches(&expected.values, &found));
    e[STATUS].num_texts = 0;
    assert_false(atls_measured_matches(&expected.values, &found));
    make_extensions(e);
    e[COMPONENTS].num_numbers = 15;
    assert_false(atls_measured_matches(&expected.values, &found));
    /* Two CoRIM are compared as they are encoded. */
    assert_true(atls_measured_matches(&expected.values, &expected.values));
    atls_endorsements_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_are_found_by_format_and_triple),
        cmocka_unit_test(a_file_without_a_known_profile_speaks_for_no_format),
        cmocka_unit_test(every_measurement_of_a_record_must_match_in_its_environment),
        cmocka_unit_test(authorities_are_for_their_environment_and_purpose),
        cmocka_unit_test(the_last_certificate_of_a_path_is_the_anchor),
        cmocka_unit_test(a_newer_file_takes_statements_notes_and_authorities_away),
        cmocka_unit_test(what_endorsers_add_follows_from_accepted_claims),
        cmocka_unit_test(a_claim_is_authorized_by_every_key_that_is_named),
        cmocka_unit_test(expressions_of_intel_compare_each_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
