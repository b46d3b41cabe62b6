/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of CoMID templates, and the reference values of each format as templates have them. */
#include "json/references.h"

#include "base/span.h"
#include "json/comid_json.h"
#include "json/json.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t octets[64] = {1, 2, 3, 4, 5, 6, 7, 8};

static struct atls_bytes first(size_t len)
{
    return atls_bytes_of(octets, len);
}

static void assert_json(json_t *made, const char *text)
{
    char *found = json_dumps(made, JSON_COMPACT);
    assert_non_null(found);
    assert_string_equal(found, text);
    free(found);
    json_decref(made);
}

static void parts_have_their_forms(void **state)
{
    (void)state;
    assert_json(atls_comid_typed("bytes", first(3)), "{\"type\":\"bytes\",\"value\":\"AQID\"}");
    assert_json(json_pack("[o]", atls_comid_digest(first(32))),
                "[\"sha-256;AQIDBAUGBwgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]");
    json_t *digest = atls_comid_digest(first(48));
    assert_int_equal(strncmp(json_string_value(digest), "sha-384;", 8), 0);
    json_decref(digest);
    digest = atls_comid_digest(first(64));
    assert_int_equal(strncmp(json_string_value(digest), "sha-512;", 8), 0);
    json_decref(digest);
    assert_json(atls_comid_numbered(7, "svn", json_integer(1)),
                "{\"key\":{\"type\":\"uint\",\"value\":7},\"value\":{\"svn\":1}}");
    assert_json(atls_comid_named("xfam", "svn", json_integer(1)),
                "{\"key\":{\"type\":\"string\",\"value\":\"xfam\"},\"value\":{\"svn\":1}}");
}

static void a_list_without_memory_stays_without(void **state)
{
    (void)state;
    json_t *list = json_array();
    atls_comid_append(&list, json_integer(1));
    assert_int_equal(json_array_size(list), 1);
    atls_comid_append(&list, NULL); /* as what there was no memory for */
    assert_null(list);
    atls_comid_append(&list, json_integer(2));
    assert_null(list);
    assert_null(atls_references_nitro(list));
    char *text = NULL;
    struct atls_diag diag;
    assert_err(atls_comid_of(&text, NULL, "test", &diag), MEMORY);
    assert_null(text);
}

static void two_templates_are_two_tags(void **state)
{
    (void)state;
    char *texts[2] = {NULL, NULL};
    char id[2][ATLS_UUID_SIZE];
    for (size_t i = 0; i < 2; i++) {
        json_t *root = NULL;
        assert_err(atls_comid_of(&texts[i], json_pack("{s:i}", "x", 1), "test", NULL), OK);
        assert_err(atls_json_parse(&root, atls_bytes_text(texts[i]), "test", NULL), OK);
        const char *found =
            json_string_value(json_object_get(json_object_get(root, "tag-identity"), "id"));
        assert_non_null(found);
        assert_int_equal(strlen(found), sizeof id[i] - 1);
        memcpy(id[i], found, sizeof id[i]);
        assert_int_equal(id[i][14], '4');           /* RFC 9562, 5.4: the version, */
        assert_non_null(strchr("89ab", id[i][19])); /* and the variant */
        assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "triples"), "x")),
                         1);
        json_decref(root);
        free(texts[i]);
    }
    assert_string_not_equal(id[0], id[1]);
}

static void a_component_has_what_it_says(void **state)
{
    (void)state;
    struct atls_psa_reference component = {.value = first(32), .signer = first(32)};
    json_t *plain = atls_reference_psa(&component);
    assert_null(json_object_get(json_object_get(plain, "value"), "name"));
    assert_null(json_object_get(json_object_get(plain, "value"), "version"));
    json_decref(plain);
    component.type = "BL";
    component.version = "1.2";
    json_t *named = atls_reference_psa(&component);
    const json_t *value = json_object_get(named, "value");
    assert_string_equal(json_string_value(json_object_get(value, "name")), "BL");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(value, "version"), "value")), "1.2");
    json_decref(named);
}

static void numbers_of_a_report_are_turned_around(void **state)
{
    (void)state;
    const struct atls_snp_references guest = {
        .guest_svn = first(4),
        .policy = first(8),
        .vmpl = first(4),
        .measurement = first(48),
        .reported_tcb = first(8),
        .firmware = "1.55.29",
    };
    json_t *records = atls_references_snp(&guest);
    const json_t *list = json_object_get(json_array_get(records, 0), "measurements");
    char *text = json_dumps(list, JSON_COMPACT);
    assert_int_equal(json_array_size(list), 6);
    assert_non_null(strstr(text, "\"67305985\""));           /* 0x04030201 */
    assert_non_null(strstr(text, "\"578437695752307201\"")); /* 0x0807060504030201 */
    assert_non_null(strstr(text, "\"CAcGBQQDAgE=\""));       /* 08 07 .. 01 */
    assert_non_null(strstr(text, "\"BAMCAQ==\""));
    assert_non_null(strstr(text, "\"1.55.29\""));
    free(text);
    json_decref(records);
}

static void what_is_zero_is_left_open(void **state)
{
    (void)state;
    static const uint8_t zeros[48];
    const struct atls_named_value named[] = {
        {"mr_owner", {zeros, sizeof zeros}}, {"mr_config_id", {octets, 48}}, {"none", {NULL, 0}}};
    const struct atls_td_references td = {
        .mr_td = first(48),
        .rtmr = {first(48), first(48), first(48), first(48)},
        .attributes = first(8),
        .named = named,
        .num_named = ATLS_ARRAY_LEN(named),
    };
    json_t *records = atls_references_td(&td);
    char *text = json_dumps(records, JSON_COMPACT);
    assert_non_null(strstr(text, "mr_config_id"));
    assert_null(strstr(text, "mr_owner"));
    assert_null(strstr(text, "none"));
    assert_non_null(strstr(text, "\"attributes\":\"AQIDBAUGBwg=\""));
    assert_non_null(strstr(text, "\"3\":{\"key-type\":\"uint\""));
    free(text);
    json_decref(records);
}

static void the_flags_of_an_enclave_are_stated_and_xfrm_is_not(void **state)
{
    (void)state;
    static const uint8_t attributes[16] = {5, 0, 0, 0, 0, 0, 0, 0, 0xe7};
    struct atls_enclave_references enclave = {.mr_enclave = first(32),
                                              .mr_signer = first(32),
                                              .prod_id = 1,
                                              .svn = 2,
                                              .attributes = {attributes, sizeof attributes}};
    json_t *records = atls_references_enclave(&enclave);
    char *text = json_dumps(records, JSON_COMPACT);
    assert_non_null(strstr(text, "\"attributes\":{\"value\":\"BQAAAAAAAAAAAAAAAAAAAA==\","
                                 "\"mask\":\"//////////8AAAAAAAAAAA==\"}"));
    assert_null(strstr(text, "config_svn"));
    free(text);
    json_decref(records);
    enclave.attributes = first(0);
    enclave.config_svn = 3;
    records = atls_references_enclave(&enclave);
    text = json_dumps(records, JSON_COMPACT);
    assert_null(strstr(text, "attributes"));
    assert_non_null(strstr(text, "config_svn"));
    free(text);
    json_decref(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_have_their_forms),
        cmocka_unit_test(a_list_without_memory_stays_without),
        cmocka_unit_test(two_templates_are_two_tags),
        cmocka_unit_test(a_component_has_what_it_says),
        cmocka_unit_test(numbers_of_a_report_are_turned_around),
        cmocka_unit_test(what_is_zero_is_left_open),
        cmocka_unit_test(the_flags_of_an_enclave_are_stated_and_xfrm_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
