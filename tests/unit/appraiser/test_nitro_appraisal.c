/* SPDX-License-Identifier: Apache-2.0 */
/* What a document that is in order is worth: root, vector, reasons, reference values, identities.
 */
#include "nitro_scene.h"

#include "appraiser/outcome.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdio.h>

static const struct atls_bytes none = {NULL, 0};

static struct test_nitro fresh(void)
{
    struct test_nitro document;
    test_nitro_init(&document, &chain);
    return document;
}

static enum atls_err appraise_with_set(struct scene *s, const struct atls_endorsements *with,
                                       const struct test_nitro *document)
{
    scene_init(s, with, test_nitro_nonce());
    return appraise(s, &atls_appraiser_nitro, test_nitro_sign(document));
}

static void an_enclave_with_a_known_image_is_affirmed(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    assert_err(appraise_document(&s, &document), OK);
    assert_vector(&s, 2, 2, 3, 0, 2, 0, 0, 0);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_err(s.submod.reason.err, OK);
    assert_true(s.submod.fresh);
    assert_false(s.submod.simulated);
    assert_false(s.submod.debug);
    assert_true(s.submod.has_reference_values);
    assert_string_equal(s.submod.format->name, "nitro");
    assert_text(s.submod.machine, "i-1-enc1");
    assert_null(s.submod.claims_json);
    assert_int_equal(s.submod.num_measurements, 16);
    assert_text(s.submod.measurements[0].name, "PCR0");
    assert_bytes(s.submod.measurements[0].value, test_fill(0xa0, 48));
    assert_text(s.submod.measurements[15].name, "PCR15");
}

/* the enclave, and every certificate and key of the path. */
static void all_of_the_path_may_be_revoked(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    const struct atls_bytes spki = test_spki(test_key(ATLS_CRV_P256));
    test_nitro_set(&document, "public_key", test_cbor_bytes(spki));
    assert_err(appraise_document(&s, &document), OK);
    assert_int_equal(s.submod.identities.num, 2 + 2 * TEST_NITRO_CERTS);
    assert_identity(&s, 0, ATLS_REVOKED_SPKI, "attested key", test_hash(ATLS_ALG_SHA256, spki));
    assert_identity(&s, 1, ATLS_REVOKED_UEID, "module_id", atls_bytes_text("i-1-enc1"));
    for (size_t i = 0; i < TEST_NITRO_CERTS; i++) {
        const size_t cert = TEST_NITRO_LEAF - i;
        const uint8_t serial[] = {1, (uint8_t)cert};
        assert_identity(&s, 2 + 2 * i, ATLS_REVOKED_SPKI,
                        i == 0 ? "key of the document" : "key of an authority",
                        test_hash(ATLS_ALG_SHA256, test_spki(chain.keys[cert])));
        assert_identity(&s, 3 + 2 * i, ATLS_REVOKED_CERT_SERIAL,
                        i == 0 ? "certificate of the document" : "certificate of an authority",
                        atls_bytes_of(serial, 2));
    }
}

/* a root of one's own, and one that is endorsed for another maker. */
static void a_root_counts_only_where_somebody_vouches_for_it(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    struct atls_endorsements *without = test_endorsements();
    test_add_nitro_image(without, 7);
    assert_err(appraise_with_set(&s, without, &document), NOT_ENDORSED);
    struct test_nitro_chain other;
    test_nitro_chain_init(&other);
    for (size_t i = 0; i < TEST_NITRO_CERTS; i++) {
        other.keys[i] = test_key(ATLS_CRV_P384);
    }
    test_nitro_issue(&other);
    test_nitro_init(&document, &other);
    assert_err(appraise_document(&s, &document), NOT_ENDORSED);
    test_add_nitro_root(without, other.certs[0], false);
    assert_err(appraise_with_set(&s, without, &document), OK);
}

/* The certificate of the document must be that of the key that signs it. */
static void another_key_than_the_certificates_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    document.key = test_key(ATLS_CRV_P384);
    assert_err(appraise_document(&s, &document), SIGNATURE);
    document.key = chain.keys[3]; /* of the instance, which certifies, and signs no documents */
    assert_err(appraise_document(&s, &document), SIGNATURE);
}

/* What a path may not be: each made wrong in one place and signed all the same. */
enum wrong {
    LEAF_IS_CA,
    LEAF_DOES_NOT_SIGN,
    ISSUER_IS_NO_CA,
    ISSUER_DOES_NOT_CERTIFY,
    PATH_TOO_LONG,
    LEAF_ENDED,
    LEAF_NOT_YET,
    ZONE_ENDED,
    ROOT_ENDED,
    NUM_WRONG
};

static void spoil(struct test_nitro_chain *made, enum wrong wrong)
{
    struct atls_issue_spec *specs = made->specs;
    switch (wrong) {
    case LEAF_IS_CA:
        specs[TEST_NITRO_LEAF].is_ca = true;
        specs[TEST_NITRO_LEAF].usage |= ATLS_ISSUE_CERT_SIGN;
        break;
    case LEAF_DOES_NOT_SIGN:
        specs[TEST_NITRO_LEAF].usage = ATLS_ISSUE_NON_REPUDIATION;
        break;
    case ISSUER_IS_NO_CA:
        specs[3].is_ca = false;
        specs[3].path_len = ATLS_ISSUE_NO_PATH_LEN;
        break;
    case ISSUER_DOES_NOT_CERTIFY:
        specs[3].usage = ATLS_ISSUE_DIGITAL_SIGNATURE;
        break;
    case PATH_TOO_LONG:
        specs[1].path_len = 1;
        break;
    case LEAF_ENDED:
        specs[TEST_NITRO_LEAF].not_after_s = TEST_NITRO_NOW - 61;
        specs[TEST_NITRO_LEAF].not_before_s = TEST_NITRO_NOW - 61 - 10800;
        break;
    case LEAF_NOT_YET:
        specs[TEST_NITRO_LEAF].not_before_s = TEST_NITRO_NOW + 61;
        break;
    case ZONE_ENDED:
        specs[2].not_after_s = TEST_NITRO_NOW - 61;
        break;
    case ROOT_ENDED:
    case NUM_WRONG:
    default:
        specs[0].not_after_s = TEST_NITRO_NOW - 61;
        break;
    }
}

static void a_path_that_does_not_hold_is_refused(void **state)
{
    (void)state;
    struct scene s;
    for (int wrong = 0; wrong < NUM_WRONG; wrong++) {
        struct test_nitro document;
        struct test_nitro_chain made;
        test_nitro_chain_init(&made);
        spoil(&made, (enum wrong)wrong);
        test_nitro_issue(&made);
        struct atls_endorsements *with = test_endorsements();
        test_add_nitro_root(with, made.certs[0], false);
        test_nitro_init(&document, &made);
        const enum atls_err err = appraise_with_set(&s, with, &document);
        if (err != ATLS_ERR_CHAIN) {
            fail_msg("%d: %s", wrong, atls_err_name(err));
        }
    }
}

static enum atls_err appraise_bundle(struct scene *s, const size_t *order, size_t num)
{
    struct atls_bytes items[TEST_NITRO_CERTS];
    struct test_nitro document = fresh();
    for (size_t i = 0; i < num; i++) {
        items[i] = test_cbor_bytes(chain.certs[order[i]]);
    }
    test_nitro_set(&document, "cabundle", test_array_encode(items, num));
    return appraise_document(s, &document);
}

static void a_bundle_in_another_order_is_no_path(void **state)
{
    (void)state;
    static const size_t good[] = {0, 1, 2, 3}, backward[] = {3, 2, 1, 0}, swapped[] = {0, 2, 1, 3},
                        short_one[] = {0, 1, 3}, leaf_again[] = {0, 1, 2, 3, 4};
    struct scene s;
    assert_err(appraise_bundle(&s, good, 4), OK);
    /* What ends in another certificate than a root lacks its issuer. */
    assert_err(appraise_bundle(&s, backward, 4), COLLATERAL);
    assert_err(appraise_bundle(&s, swapped, 4), CHAIN);
    assert_err(appraise_bundle(&s, short_one, 3), CHAIN);
    assert_err(appraise_bundle(&s, leaf_again, 5), CHAIN);
}

/* zero in any of the three that describe an image. */
static void debug_mode_is_open(void **state)
{
    (void)state;
    struct scene s;
    for (size_t pcr = 0; pcr <= 2; pcr++) {
        struct test_nitro document = fresh();
        test_nitro_set(&document, "pcrs", test_nitro_pcrs(pcr, test_fill(0, 48)));
        assert_err(appraise_document(&s, &document), OK);
        assert_true(s.submod.debug);
        assert_vector(&s, 2, 32, 33, 0, 2, 0, 0, 0);
        assert_err(s.submod.reason.err, LIFECYCLE);
        assert_non_null(strstr(s.submod.reason.found, "debug mode"));
    }
}

/* */
static void without_reference_values_no_image_is_recognised(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    struct atls_endorsements *with = test_endorsements();
    test_add_nitro_root(with, chain.certs[0], false);
    assert_err(appraise_with_set(&s, with, &document), OK);
    assert_vector(&s, 2, 2, 33, 0, 2, 0, 0, 0);
    assert_err(s.submod.reason.err, REFERENCE_VALUES);
    assert_string_equal(s.submod.reason.claim, "pcrs");
    assert_non_null(strstr(s.submod.reason.expected, "none is loaded"));
}

static void every_pcr_of_a_record_must_match(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    struct atls_endorsements *with = test_endorsements();
    test_add_nitro_root(with, chain.certs[0], false);
    test_add_nitro_image(with, 0x117);
    assert_err(appraise_with_set(&s, with, &document), OK);
    assert_vector(&s, 2, 2, 3, 0, 2, 0, 0, 0);
    static const struct {
        size_t pcr;
        const char *claim;
    } rows[] = {{0, "PCR0"}, {1, "PCR1"}, {2, "PCR2"}, {4, "PCR4"}, {8, "PCR8"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        test_nitro_set(&document, "pcrs", test_nitro_pcrs(rows[i].pcr, test_fill(0xb1, 48)));
        assert_err(appraise_with_set(&s, with, &document), OK);
        assert_vector(&s, 2, 2, 33, 0, 2, 0, 0, 0);
        assert_err(s.submod.reason.err, REFERENCE_VALUES);
        assert_string_equal(s.submod.reason.claim, rows[i].claim);
        assert_non_null(strstr(s.submod.reason.found, "b1b1"));
        assert_non_null(strstr(s.submod.reason.expected, "test.corim"));
    }
    test_nitro_set(&document, "pcrs", test_nitro_pcrs(8, none));
    assert_err(appraise_with_set(&s, with, &document), OK);
    assert_string_equal(s.submod.reason.claim, "PCR8");
    assert_string_equal(s.submod.reason.found, "none");
}

static void several_records_are_alternatives(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    struct atls_endorsements *with = nitro_endorsements(false);
    test_nitro_set(&document, "pcrs", test_nitro_pcrs(0, test_fill(0xb0, 48)));
    assert_err(appraise_with_set(&s, with, &document), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_WARNING);
    char *digest = atls_base64url_new(test_fill(0xb0, 48));
    char json[300];
    snprintf(json, sizeof json,
             "{\"key\":{\"type\":\"uint\",\"value\":0},\"value\":{\"digests\":[[7,\"%s\"]]}}",
             digest);
    free(digest);
    test_add_nitro_record(with, "", "", json);
    assert_err(appraise_with_set(&s, with, &document), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
}

/* A record that matches whatever runs affirms nothing of it. */
static void a_record_must_say_what_runs(void **state)
{
    (void)state;
    static const struct {
        uint32_t pcrs;
        bool is_image;
    } rows[] = {{0x1, true},  {0x6, true},  {0x100, true}, {0x10, false}, {0x2, false},
                {0x4, false}, {0x8, false}, {0x12, false}, {0x110, true}, {0x11, true}};
    struct scene s;
    struct test_nitro document = fresh();
    /* PCR 3 is zero unless the instance has a role, and no reference value may be zero. */
    test_nitro_set(&document, "pcrs", test_nitro_pcrs(3, test_fill(0xa3, 48)));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_endorsements *with = test_endorsements();
        test_add_nitro_root(with, chain.certs[0], false);
        if (rows[i].pcrs == 0x8) {
            char *digest = atls_base64url_new(test_fill(0xa3, 48));
            char json[300];
            snprintf(json, sizeof json,
                     "{\"key\":{\"type\":\"uint\",\"value\":3},\"value\":{\"digests\":[[7,\"%s\"]]"
                     "}}",
                     digest);
            free(digest);
            test_add_nitro_record(with, "", "", json);
        } else {
            test_add_nitro_image(with, rows[i].pcrs);
        }
        assert_err(appraise_with_set(&s, with, &document), OK);
        assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], rows[i].is_image ? 3 : 33);
        if (!rows[i].is_image) {
            assert_non_null(strstr(s.submod.reason.found, "does not say what runs"));
        }
    }
}

#define PCR0 "{\"key\":{\"type\":\"uint\",\"value\":0},\"value\":{\"digests\":[[7,\"%s\"]]}}"

static enum atls_err appraise_record(struct scene *s, const char *class_more,
                                     const char *environment_more)
{
    char *digest = atls_base64url_new(test_fill(0xa0, 48));
    char json[300];
    snprintf(json, sizeof json, PCR0, digest);
    free(digest);
    struct test_nitro document = fresh();
    struct atls_endorsements *with = test_endorsements();
    test_add_nitro_root(with, chain.certs[0], false);
    test_add_nitro_record(with, class_more, environment_more, json);
    return appraise_with_set(s, with, &document);
}

static void a_record_may_be_for_one_enclave_and_its_class_id_is_a_label(void **state)
{
    (void)state;
    struct scene s;
    char other[100], this_one[100];
    char *text = atls_base64_new(atls_bytes_text("i-1-enc1"));
    snprintf(this_one, sizeof this_one, ",\"instance\":{\"type\":\"bytes\",\"value\":\"%s\"}",
             text);
    free(text);
    text = atls_base64_new(atls_bytes_text("i-2-enc2"));
    snprintf(other, sizeof other, ",\"instance\":{\"type\":\"bytes\",\"value\":\"%s\"}", text);
    free(text);
    assert_err(appraise_record(&s, "", this_one), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_err(appraise_record(&s, "", other), OK);
    assert_vector(&s, 2, 2, 33, 0, 2, 0, 0, 0);
    assert_string_equal(s.submod.reason.claim, "module_id");
    assert_string_equal(s.submod.reason.found, "i-1-enc1");
    assert_err(appraise_record(&s,
                               ",\"id\":{\"type\":\"uuid\",\"value\":"
                               "\"cd1f0e55-26f9-460d-b9d8-f7fde171787c\"}",
                               ""),
               OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
}

/* What an endorser adds to an image that is known; not to another. */
static void endorsers_speak_of_known_images_only(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    struct atls_endorsements *with = nitro_endorsements(false);
    test_add_comid(with,
                   "{\"tag-identity\":{\"id\":\"e\"},\"triples\":{\"endorsed-values\":[{"
                   "\"environment\":{\"class\":{\"vendor\":\"Amazon\",\"model\":"
                   "\"aws.nitro-enclaves\"}},\"measurements\":[{\"key\":{\"type\":\"uint\","
                   "\"value\":0},\"value\":{\"flags\":{\"is-secure\":false}}}]}]}}",
                   "nitro", false);
    scene_init(&s, with, test_nitro_nonce());
    s.input.want_claims = true;
    assert_err(appraise(&s, &atls_appraiser_nitro, test_nitro_sign(&document)), OK);
    assert_vector(&s, 2, 32, 3, 0, 2, 0, 0, 0);
    assert_err(s.submod.reason.err, LIFECYCLE);
    assert_non_null(strstr(s.submod.claims_json, "\"endorsed\""));
    test_nitro_set(&document, "pcrs", test_nitro_pcrs(0, test_fill(0xb0, 48)));
    assert_err(appraise(&s, &atls_appraiser_nitro, test_nitro_sign(&document)), OK);
    assert_vector(&s, 2, 2, 33, 0, 2, 0, 0, 0);
    assert_null(strstr(s.submod.claims_json, "\"endorsed\""));
    scene_cleanup(&s);
}

static void a_simulated_root_is_a_warning_in_hardware(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    assert_err(appraise_with_set(&s, nitro_endorsements(true), &document), OK);
    assert_true(s.submod.simulated);
    assert_vector(&s, 2, 2, 3, 0, 32, 0, 0, 0);
    assert_err(s.submod.reason.err, SIMULATED);
    assert_non_null(strstr(s.submod.reason.found, "test.corim"));
}

static void without_a_nonce_it_is_not_fresh(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    scene_init(&s, set, none);
    s.input.no_nonce = true;
    assert_err(appraise(&s, &atls_appraiser_nitro, test_nitro_sign(&document)), OK);
    assert_false(s.submod.fresh);
    assert_vector(&s, 2, 36, 3, 0, 2, 0, 0, 0);
    assert_err(s.submod.reason.err, FRESHNESS);
}

static void revocation_is_the_rule_that_all_formats_have(void **state)
{
    (void)state;
    struct scene s;
    struct atls_diag why;
    struct test_nitro document = fresh();
    assert_err(appraise_document(&s, &document), OK);
    atls_fail(&why, ATLS_ERR_REVOKED, "revocation", "key");
    atls_outcome_revoke(&s.submod, &why);
    assert_vector(&s, 96, 2, 3, 0, 2, 0, 0, 0);
}

static void verified_claims_have_the_names_of_the_document(void **state)
{
    (void)state;
    struct scene s;
    struct test_nitro document = fresh();
    test_nitro_set(&document, "user_data", test_cbor_fill(0x75, 4));
    scene_init(&s, set, test_nitro_nonce());
    s.input.want_claims = true;
    assert_err(appraise(&s, &atls_appraiser_nitro, test_nitro_sign(&document)), OK);
    ATLS_AUTO(atls_json_cleanup) json_t *claims = NULL;
    assert_err(atls_json_parse(&claims, atls_bytes_text(s.submod.claims_json), "claims", NULL), OK);
    assert_int_equal(json_object_size(claims), 6);
    assert_string_equal(json_string_value(json_object_get(claims, "module_id")), "i-1-enc1");
    assert_string_equal(json_string_value(json_object_get(claims, "digest")), "SHA384");
    assert_int_equal(json_integer_value(json_object_get(claims, "timestamp")),
                     TEST_NITRO_NOW * 1000);
    assert_string_equal(json_string_value(json_object_get(claims, "user_data")), "75757575");
    assert_int_equal(json_object_size(json_object_get(claims, "pcrs")), 16);
    scene_cleanup(&s);
}

int main(void)
{
    nitro_set_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enclave_with_a_known_image_is_affirmed),
        cmocka_unit_test(all_of_the_path_may_be_revoked),
        cmocka_unit_test(a_root_counts_only_where_somebody_vouches_for_it),
        cmocka_unit_test(another_key_than_the_certificates_is_refused),
        cmocka_unit_test(a_path_that_does_not_hold_is_refused),
        cmocka_unit_test(a_bundle_in_another_order_is_no_path),
        cmocka_unit_test(debug_mode_is_open),
        cmocka_unit_test(without_reference_values_no_image_is_recognised),
        cmocka_unit_test(every_pcr_of_a_record_must_match),
        cmocka_unit_test(several_records_are_alternatives),
        cmocka_unit_test(a_record_must_say_what_runs),
        cmocka_unit_test(a_record_may_be_for_one_enclave_and_its_class_id_is_a_label),
        cmocka_unit_test(endorsers_speak_of_known_images_only),
        cmocka_unit_test(a_simulated_root_is_a_warning_in_hardware),
        cmocka_unit_test(without_a_nonce_it_is_not_fresh),
        cmocka_unit_test(revocation_is_the_rule_that_all_formats_have),
        cmocka_unit_test(verified_claims_have_the_names_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
