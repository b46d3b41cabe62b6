/* SPDX-License-Identifier: Apache-2.0 */
/* Published PSA tokens, claims sets and endorsements, with the outcome that their index gives. */
#include "scene.h"

#include "codec/cose.h"
#include "json/base64.h"
#include "json/json.h"
#include "support/file.h"

#include <ctype.h>
#include <stdio.h>

#define PSA(path) TEST_SHARED("vectors/04-psa/" path)

static struct atls_key *test_iak; /* signs what was published as claims only */

/* ids_of reads the two ids under the labels of either dialect. */
static void ids_of(struct atls_bytes token, struct atls_bytes *instance,
                   struct atls_bytes *implementation)
{
    struct atls_cose_sign1 message;
    struct atls_cbor claims;
    struct atls_cbor value;
    assert_err(atls_cose_sign1_parse(&message, token, ATLS_COSE_TAGGED, "token", NULL), OK);
    assert_err(atls_cbor_parse(&claims, message.payload, ATLS_CBOR_STRICT, "claims", NULL), OK);
    assert_true(atls_cbor_get(&claims, 256, &value) || atls_cbor_get(&claims, -75009, &value));
    assert_true(atls_cbor_bytes(&value, 33, 33, instance));
    assert_true(atls_cbor_get(&claims, 2396, &value) || atls_cbor_get(&claims, -75003, &value));
    assert_true(atls_cbor_bytes(&value, 32, 32, implementation));
}

static const struct {
    const char *token, *pem, *nonce, *profile, *media_type;
    const char *cuts; /* a member of its claims, as JSON */
} tokens[] = {
    {PSA("tfm/psa-2_0_0_sign1.bin"), PSA("tfm/public.pem"),
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "http://arm.com/psa/2.0.0", "application/psa-attestation-token",
     "\"psa-certification-reference\":\"0604565272829-10010\""},
    {PSA("tfm/psa-iot-1_sign1.bin"), PSA("tfm/public.pem"),
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "PSA_IOT_PROFILE_1", "application/psa-attestation-token", "\"psa-client-id\":3002"},
    {PSA("rfc9783/psa-sign1.cbor"), PSA("rfc9783/tfm-es-iak.pem"),
     "0101010101010101010101010101010101010101010101010101010101010101",
     "tag:psacertified.org,2023:psa#tfm", "", "\"psa-client-id\":2147483647"},
    {PSA("veraison/psa-profile1.cbor"), PSA("veraison/key.pem"),
     "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918", "PSA_IOT_PROFILE_1",
     "application/psa-attestation-token", "\"measurement-desc\":\"TF-M_SHA256MemPreXIP\""},
};

static void published_tokens_verify_under_their_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tokens); i++) {
        struct scene s;
        struct atls_bytes instance;
        struct atls_bytes implementation;
        const struct atls_bytes token = test_file(tokens[i].token);
        ids_of(token, &instance, &implementation);
        struct atls_endorsements *set = test_endorsements();
        test_add_psa_key(set, implementation, instance, test_key_from_pem(test_file(tokens[i].pem)),
                         false);
        scene_init(&s, set, test_hex(tokens[i].nonce));
        s.input.media_type = atls_bytes_text(tokens[i].media_type);
        s.input.want_claims = true;
        assert_err(appraise(&s, &atls_appraiser_psa, token), OK);
        assert_vector(&s, 2, 2, 33, 0, 2, 0, 0, 0); /* no reference values were published */
        assert_err(s.submod.reason.err, REFERENCE_VALUES);
        assert_non_null(strstr(s.submod.claims_json, tokens[i].profile));
        assert_non_null(strstr(s.submod.claims_json, tokens[i].cuts));
        assert_bytes(s.submod.machine, instance);
        /* the same token for another connection, and under another key */
        s.input.expected_nonce = test_fill(0x77, 32);
        assert_err(appraise(&s, &atls_appraiser_psa, token), FRESHNESS);
        set = test_endorsements();
        test_add_psa_key(set, implementation, instance, test_iak, false);
        scene_init(&s, set, test_hex(tokens[i].nonce));
        s.input.media_type = atls_bytes_text(tokens[i].media_type);
        assert_err(appraise(&s, &atls_appraiser_psa, token), SIGNATURE);
    }
}

/* The signer-ids of the token are not those of the CoRIM that it was published with (acbb… against
 * 5378…), so its measurements are recognised, and who signed them is not. */
static void a_published_token_meets_its_published_endorsements(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *set = test_endorsements();
    test_add_corim(set, test_file(PSA("veraison-corim/corim-psa-valid.cbor")));
    scene_init(&s, set,
               test_hex("414a7c174141b3d0e9a1d28af31520f0d42299feac4007ded89d68ae6cd92f19"));
    s.input.media_type = atls_bytes_text("application/psa-attestation-token");
    const struct atls_bytes token = test_file(PSA("veraison/psa.good.cose"));
    assert_err(appraise(&s, &atls_appraiser_psa, token), OK);
    assert_vector(&s, 2, 2, 33, 0, 2, 0, 0, 0);
    assert_non_null(strstr(s.submod.reason.found, "component BL signed by acbb11c7"));
    assert_non_null(strstr(s.submod.reason.expected, "5378796307535df3"));
    /* With the signer-id of the token stated as well, the same token is affirmed. */
    static const struct {
        const char *name, *value;
    } components[] = {
        {"BL", "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"},
        {"PRoT", "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f"},
        {"ARoT", "a3a5e715f0cc574a73c3f9bebb6bc24f32ffd5b67b387244c2c909da779a1478"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(components); i++) {
        test_add_psa_component(
            set, atls_bytes_text("acme-implementation-id-000000001"), components[i].name, NULL,
            test_hex(components[i].value),
            test_hex("acbb11c7e4da217205523ce4ce1a245ae1a239ae3c6bfd9e7871f7e5d8bae86b"));
    }
    assert_err(appraise(&s, &atls_appraiser_psa, token), OK);
    assert_vector(&s, 2, 2, 3, 0, 2, 0, 0, 0);
}

/* sign_claims wraps a claims set of others in a token of ours, and endorses what it names. */
static enum atls_err appraise_claims(struct scene *s, struct atls_bytes claims)
{
    struct test_psa token;
    test_psa_init(&token, test_iak, 1);
    struct atls_endorsements *set = test_endorsements();
    struct atls_cbor map;
    struct atls_cbor instance;
    struct atls_cbor implementation;
    assert_err(atls_cbor_parse(&map, claims, ATLS_CBOR_STRICT, "claims", NULL), OK);
    const bool named =
        (atls_cbor_get(&map, 256, &instance) || atls_cbor_get(&map, -75009, &instance)) &&
        (atls_cbor_get(&map, 2396, &implementation) ||
         atls_cbor_get(&map, -75003, &implementation));
    /* an id that is wrong is refused before it is looked up */
    if (named && instance.content.len == 33 && implementation.content.len == 32) {
        test_add_psa_key(set, implementation.content, instance.content, test_iak, false);
    }
    scene_init(s, set, test_fill(0, 32));
    s->input.media_type = atls_bytes_text("application/psa-attestation-token");
    struct atls_cbor nonce;
    if ((atls_cbor_get(&map, 10, &nonce) || atls_cbor_get(&map, -75008, &nonce)) &&
        nonce.content.len <= 64) {
        s->input.expected_nonce = nonce.content;
    }
    return appraise(s, &atls_appraiser_psa, test_psa_envelope(&token, claims));
}

/* Members of the JSON form, and their labels. The first column is of RFC 9783's predecessor. */
static const struct {
    const char *name;
    int64_t label, old_label;
} members[] = {
    {"eat-profile", 265, 0},
    {"psa-profile", 0, -75000},
    {"psa-client-id", 2394, -75001},
    {"psa-security-lifecycle", 2395, -75002},
    {"psa-implementation-id", 2396, -75003},
    {"psa-boot-seed", 2397, -75004},
    {"psa-certification-reference", 2398, -75005},
    {"psa-software-components", 2399, -75006},
    {"psa-nonce", 10, -75008},
    {"psa-instance-id", 256, -75009},
    {"psa-verification-service-indicator", 2400, -75010},
};
static const char *const texts[] = {"eat-profile",
                                    "psa-profile",
                                    "psa-certification-reference",
                                    "psa-verification-service-indicator",
                                    "measurement-type",
                                    "version"};

static bool is_text(const char *name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        if (strcmp(texts[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static struct atls_bytes encode_scalar(const char *name, const json_t *value)
{
    if (json_is_integer(value)) {
        return test_cbor_int(json_integer_value(value));
    }
    if (is_text(name)) {
        return test_cbor_text(json_string_value(value));
    }
    const struct atls_buf room = test_room(256);
    size_t len = 0;
    assert_true(atls_base64_decode(atls_bytes_text(json_string_value(value)), room, &len));
    return test_cbor_bytes(atls_bytes_of(room.data, len));
}

static struct atls_bytes encode_components(const json_t *list)
{
    static const struct {
        const char *name;
        int64_t label;
    } names[] = {
        {"measurement-type", 1}, {"measurement-value", 2}, {"version", 4}, {"signer-id", 5}};
    struct atls_bytes items[8];
    assert_true(json_array_size(list) <= ATLS_ARRAY_LEN(items));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct test_map map = {.num_pairs = 0};
        for (size_t j = 0; j < ATLS_ARRAY_LEN(names); j++) {
            const json_t *value = json_object_get(json_array_get(list, i), names[j].name);
            if (value != NULL) {
                test_map_set(&map, test_cbor_int(names[j].label),
                             encode_scalar(names[j].name, value));
            }
        }
        items[i] = test_map_encode(&map);
    }
    return test_array_encode(items, json_array_size(list));
}

static struct atls_bytes encode_json(const char *path)
{
    json_t *root = NULL;
    assert_err(atls_json_parse(&root, test_file(path), path, NULL), OK);
    const bool is_old = !atls_json_has(root, "eat-profile");
    struct test_map map = {.num_pairs = 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        const json_t *value = json_object_get(root, members[i].name);
        const int64_t label = is_old ? members[i].old_label : members[i].label;
        if (value != NULL && label != 0) {
            test_map_set(&map, test_cbor_int(label),
                         json_is_array(value) ? encode_components(value)
                                              : encode_scalar(members[i].name, value));
        }
    }
    json_decref(root);
    return test_map_encode(&map);
}

static void published_claims_sets_have_their_outcome(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *claim; /* what it is refused for; NULL: it is read */
    } sets[] = {
        {"test-boot-seed-invalid-long", "psa-boot-seed"},
        /* Optional in the profile that this one names; a reject case of the first profile only. */
        {"test-boot-seed-invalid-missing", NULL},
        {"test-client-id-invalid-missing", "psa-client-id"},
        {"test-hardware-version-invalid", "psa-certification-reference"},
        {"test-implementation-id-invalid-missing", "psa-implementation-id"},
        {"test-implementation-id-invalid-short", "psa-implementation-id"},
        {"test-instance-id-invalid-long", "psa-instance-id"},
        {"test-instance-id-invalid-missing", "psa-instance-id"},
        {"test-nonce-invalid-long", "psa-nonce"},
        {"test-nonce-invalid-missing", "psa-nonce"},
        /* Published under two names; without a profile it is of the first one, and in order. */
        {"test-profile-invalid-missing", NULL},
        {"test-profile-invalid-unknown", "eat_profile"},
        {"test-security-lifecycle-invalid-missing", "psa-security-lifecycle"},
        {"test-security-lifecycle-invalid-state", "psa-security-lifecycle"},
        {"test-sw-component-measurement-value-invalid-missing", "measurement-value"},
        {"test-sw-component-measurement-value-invalid-short", "measurement-value"},
        {"test-sw-component-signer-id-invalid-short", "signer-id"},
        {"test-sw-components-empty", "psa-software-components"},
        {"test-sw-components-invalid-missing", "psa-software-components"},
        {"test-token-valid-full", NULL},
        {"test-token-valid-minimalist-p1", NULL},
        {"test-token-valid-minimalist-p2", NULL},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(sets); i++) {
        struct scene s;
        char path[512];
        snprintf(path, sizeof path, PSA("claims-json/%s.json"), sets[i].name);
        const enum atls_err err = appraise_claims(&s, encode_json(path));
        if (sets[i].claim == NULL) {
            assert_err(err, OK);
        } else {
            assert_int_not_equal(err, ATLS_OK);
            assert_string_equal(s.diag.claim, sets[i].claim);
        }
    }
}

/* Diagnostic notation (RFC 8949, 8), as much of it as the published files use. */
static void skip_blanks(const char **at)
{
    while (isspace((unsigned char)**at) || **at == '/' || **at == ',' || **at == ':') {
        *at = **at == '/' ? strchr(*at + 1, '/') + 1 : *at + 1;
    }
}

static struct atls_bytes read_item(const char **at);

static struct atls_bytes read_array(const char **at)
{
    struct atls_bytes items[8];
    size_t num = 0;
    for (skip_blanks(at); **at != ']'; skip_blanks(at)) {
        assert_true(num < ATLS_ARRAY_LEN(items));
        items[num++] = read_item(at);
    }
    (*at)++;
    return test_array_encode(items, num);
}

static struct atls_bytes read_map(const char **at)
{
    struct test_map map = {.num_pairs = 0};
    for (skip_blanks(at); **at != '}'; skip_blanks(at)) {
        const struct atls_bytes key = read_item(at);
        test_map_add(&map, key, read_item(at));
    }
    (*at)++;
    return test_map_encode(&map);
}

static struct atls_bytes read_item(const char **at)
{
    skip_blanks(at);
    const char first = **at;
    if (first == '{' || first == '[') {
        (*at)++;
        return first == '{' ? read_map(at) : read_array(at);
    }
    if (first == '"' || first == 'h') {
        const char *start = first == 'h' ? *at + 2 : *at + 1;
        const char *end = strchr(start, first == 'h' ? '\'' : '"');
        const struct atls_buf room = test_room((size_t)(end - start) + 1);
        memcpy(room.data, start, room.cap - 1);
        room.data[room.cap - 1] = '\0';
        *at = end + 1;
        const char *text = (const char *)room.data;
        return first == 'h' ? test_cbor_bytes(test_hex(text)) : test_cbor_text(text);
    }
    char *end = NULL;
    const long long number = strtoll(*at, &end, 10);
    assert_ptr_not_equal(end, *at);
    *at = end;
    return test_cbor_int(number);
}

static void the_rfcs_own_claims_sets_have_their_outcome(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *claim;
    } sets[] = {
        {PSA("rfc9783-cddl-test/FAIL_BootSeed_too_big.diag"), "psa-boot-seed"},
        {PSA("rfc9783-cddl-test/FAIL_BootSeed_too_small.diag"), "psa-boot-seed"},
        {PSA("rfc9783-cddl-test/FAIL_ImplementationID_wrong_format.diag"), "psa-implementation-id"},
        {PSA("rfc9783-cddl-test/FAIL_InstanceID_missing.diag"), "psa-instance-id"},
        {PSA("rfc9783-cddl-test/FAIL_SoftwareComponent_Measurement_missing.diag"),
         "measurement-value"},
        {PSA("rfc9783-cddl-test/GOOD_full.diag"), NULL},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(sets); i++) {
        struct scene s;
        const char *at = test_text_file(sets[i].path);
        const enum atls_err err = appraise_claims(&s, read_item(&at));
        if (sets[i].claim == NULL) {
            assert_err(err, OK);
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, sets[i].claim);
        }
    }
}

int main(void)
{
    TEST_NEED_SHARED();
    test_iak = test_key(ATLS_CRV_P256);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_tokens_verify_under_their_keys),
        cmocka_unit_test(a_published_token_meets_its_published_endorsements),
        cmocka_unit_test(published_claims_sets_have_their_outcome),
        cmocka_unit_test(the_rfcs_own_claims_sets_have_their_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
