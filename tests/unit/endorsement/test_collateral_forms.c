/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that collateral comes in: what is taken, and that what is not is refused whole. */
#include "collateral_test.h"
#include "support/intel_maker.h"
#include "support/mutate.h"

#include "endorsement/bag.h"
#include "json/base64.h"

static struct test_chain chain;
static struct atls_bytes list;

static int set_up(void **state)
{
    (void)state;
    const struct atls_issue_crl_spec spec = {.this_update_s = NOW - 100,
                                             .next_update_s = NOW + 100,
                                             .signature = ATLS_CHAIN_ECDSA_SHA256};
    chain = test_chain_make(&atls_chain_intel, test_tcb_names, 2);
    list = test_crl(&chain, 1, &spec);
    return 0;
}

/* pem_of writes one block; every `eol` is what ends its lines. */
static const char *pem_of(const char *label, struct atls_bytes der, const char *eol)
{
    const size_t cap = 2 * der.len + 200;
    char *text = (char *)test_room(cap).data;
    char *base64 = atls_base64_new(der);
    snprintf(text, cap, "-----BEGIN %s-----%s%s%s-----END %s-----%s", label, eol, base64, eol,
             label, eol);
    free(base64);
    return text;
}

static const char *joined(const char *a, const char *b)
{
    const size_t cap = strlen(a) + strlen(b) + 1;
    char *text = (char *)test_room(cap).data;
    snprintf(text, cap, "%s%s", a, b);
    return text;
}

static const char *encoded(const char *text)
{
    const size_t cap = 3 * strlen(text) + 1;
    char *out = (char *)test_room(cap).data;
    size_t at = 0;
    for (; *text != '\0'; text++) {
        const bool plain = *text == '-' || (*text >= '0' && *text <= '9') ||
                           (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
        at += (size_t)snprintf(&out[at], cap - at, plain ? "%c" : "%%%02X", *text);
    }
    return out;
}

/* takes adds octets and asks for the chain of the signer, which needs both certificates. */
static enum atls_err takes(struct atls_bytes octets, bool *has_chain, bool *has_list)
{
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    struct atls_chain *made = NULL;
    struct atls_root root;
    assert_err(trust(set, "sgx", chain.ders[1]), OK);
    const enum atls_err err = atls_collateral_add(brought, octets, "test", &diag);
    const struct atls_collateral_scope scope = scope_of(set, brought, "sgx");
    *has_chain =
        atls_collateral_chain(&made, &root, &scope, chain.ders, 2, chain.profile, NULL) == ATLS_OK;
    assert_true(*has_chain);
    *has_list = atls_collateral_check_revoked(&scope, made, 0, NULL) == ATLS_OK;
    atls_chain_release(made);
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
    return err;
}

static void every_form_of_a_list_is_taken(void **state)
{
    (void)state;
    char *hex = atls_hex_new(list);
    const char *const texts[] = {
        hex,
        joined(hex, "\n"),
        pem_of("X509 CRL", list, "\n"),
        pem_of("X509 CRL", list, "\r\n"),
        joined(pem_of("CERTIFICATE", chain.ders[0], "\n"), pem_of("X509 CRL", list, "\n")),
        joined(pem_of("CERTIFICATE", chain.ders[0], ""), pem_of("X509 CRL", list, "")),
        encoded(pem_of("X509 CRL", list, "\n"))};
    bool has_chain = false;
    bool has_list = false;
    assert_err(takes(list, &has_chain, &has_list), OK);
    assert_true(has_list);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        assert_err(takes(atls_bytes_text(texts[i]), &has_chain, &has_list), OK);
        assert_true(has_list);
    }
    free(hex);
}

/* Whatever it holds: a sequence of fewer than 128 octets has its length in one. */
static void der_is_known_by_its_head_however_short(void **state)
{
    (void)state;
    const struct atls_bytes whole = test_hex("3003020101");
    assert_true(atls_bag_takes(whole));
    assert_true(atls_bag_takes(test_hex("308180")));
    assert_true(atls_bag_takes(test_hex("3082ffff")));
    assert_false(atls_bag_takes(test_hex("300302010100"))); /* "0..." may be any text */
    assert_false(atls_bag_takes(test_hex("30030201")));
    assert_false(atls_bag_takes(test_hex("3084ffffffff")));
    assert_false(atls_bag_takes(test_hex("3003")));
}

static void what_is_no_collateral_is_refused_whole(void **state)
{
    (void)state;
    const char *good = pem_of("X509 CRL", list, "\n");
    const char *const texts[] = {
        "",
        "{}",
        "{\"tcbInfo\":{},\"signature\":\"00\"}",
        "{\"tcb_info\":\"{}\"}",
        "-----",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN%20CERTIFICATE-----%2",
        "308",
        "3082zz",
        joined(good, "-----BEGIN X509 CRL-----\nAAAA"),
        joined(good, "-----BEGIN X509 CRL-----\nAA\n-----END X-----\n"),
        joined(good, pem_of("CERTIFICATE", list, "\n")),
        joined(good, pem_of("PRIVATE KEY", list, "\n")),
        joined(good, "-----BEGIN X509 CRL-----\n!!\n-----END X509 CRL-----")};
    bool has_chain = false;
    bool has_list = false;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        assert_err(takes(atls_bytes_text(texts[i]), &has_chain, &has_list), ENDORSEMENT);
        assert_says(&diag, " in test");
        assert_false(has_list);
    }
}

static void a_bag_has_a_bound(void **state)
{
    (void)state;
    struct atls_collateral *small = NULL;
    assert_err(atls_collateral_new(&small, 2, NULL), OK);
    put(small, list);
    put(small, chain.ders[0]);
    assert_err(atls_collateral_add(small, chain.ders[1], "test", &diag), ENDORSEMENT);
    assert_says(&diag, "more than may be");
    atls_collateral_free(small);
}

static void add_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_collateral *brought = bag();
    struct atls_bytes copy = mutant;
    if (atls_collateral_add(brought, copy, "test", NULL) == ATLS_OK) {
        /* It was read; whether it counts is for its signature to say. */
        const struct atls_collateral_scope scope = scope_of(NULL, brought, "sgx");
        const struct atls_intel_tcb_info *tcb = NULL;
        struct atls_root root;
        assert_true(atls_collateral_tcb_info(&tcb, &root, &scope, test_hex(TEST_FMSPC),
                                             ATLS_INTEL_SGX, NULL) != ATLS_OK);
    }
    atls_collateral_free(brought);
}

static void no_mutant_of_a_file_is_taken_for_good(void **state)
{
    (void)state;
    const struct test_intel_spec spec = test_intel_spec_of(NOW);
    test_each_mutant(list, add_mutant, NULL);
    test_each_truncation(test_tcb_info(&spec, chain.certs[0].key), add_mutant, NULL);
}

static struct atls_bytes packed(const struct atls_collateral *of)
{
    uint8_t *data = NULL;
    size_t len = 0;
    assert_err(atls_collateral_pack(&data, &len, of, &diag), OK);
    const struct atls_buf room = test_room(len + 1);
    memcpy(room.data, data, len);
    free(data);
    return atls_bytes_of(room.data, len);
}

static struct atls_collateral *one_of_each(void)
{
    const struct test_intel_spec spec = test_intel_spec_of(NOW);
    struct atls_collateral *made = bag();
    put(made, chain.ders[0]);
    put(made, list);
    put(made, test_tcb_info(&spec, chain.certs[0].key));
    return made;
}

static void a_bag_is_packed_for_another_process(void **state)
{
    (void)state;
    struct atls_collateral *made = one_of_each();
    struct atls_collateral *again = bag();
    const struct atls_bytes octets = packed(made);
    assert_err(atls_collateral_unpack(again, octets, &diag), OK);
    assert_int_equal(again->num_certs, 1);
    assert_int_equal(again->num_crls, 1);
    assert_int_equal(again->num_jsons, 1);
    assert_string_equal(again->crls[0].source, "test");
    assert_true(atls_bytes_equal(packed(again), octets));
    assert_int_equal(packed(NULL).len, 0);
    assert_err(atls_collateral_unpack(again, packed(NULL), &diag), OK);
    atls_collateral_free(again);
    atls_collateral_free(made);
}

/* A prefix is whole only where a part ends: of three parts, behind none, one and two. */
static void unpack_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_collateral *again = bag();
    size_t *whole = context;
    (void)at;
    const enum atls_err err = atls_collateral_unpack(again, mutant, &diag);
    assert_true(err == ATLS_OK || err == ATLS_ERR_MALFORMED || err == ATLS_ERR_ENDORSEMENT);
    *whole += err == ATLS_OK;
    atls_collateral_free(again);
}

static void what_was_not_packed_is_not_unpacked(void **state)
{
    (void)state;
    struct atls_collateral *made = one_of_each();
    struct atls_collateral *again = bag();
    size_t whole = 0;
    test_each_truncation(packed(made), unpack_mutant, &whole);
    assert_int_equal(whole, 3);
    test_each_bit_flip(packed(made), unpack_mutant, &whole);
    static const uint8_t zero_in_name[] = {0, 2, 'a', 0, 0, 0, 0, 0};
    assert_err(
        atls_collateral_unpack(again, atls_bytes_of(zero_in_name, sizeof zero_in_name), &diag),
        MALFORMED);
    assert_says(&diag, "packed collateral: found octets that were not packed");
    static const uint8_t no_collateral[] = {0, 1, 'a', 0, 0, 0, 1, '?'};
    assert_err(
        atls_collateral_unpack(again, atls_bytes_of(no_collateral, sizeof no_collateral), &diag),
        ENDORSEMENT);
    atls_collateral_free(again);
    atls_collateral_free(made);
}

static void whom_to_trust_is_not_packed(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    uint8_t *data = NULL;
    size_t len = 0;
    assert_err(trust(set, "sgx", chain.ders[1]), OK);
    assert_err(atls_collateral_pack(&data, &len, atls_endorsements_collateral(set), &diag),
               ENDORSEMENT);
    assert_says(&diag, "trust anchor: found a bare certificate");
    assert_null(data);
    atls_endorsements_unref(set);
}

static void what_is_packed_has_a_bound(void **state)
{
    (void)state;
    const struct test_intel_spec spec = test_intel_spec_of(NOW);
    const struct atls_bytes json = test_tcb_info(&spec, chain.certs[0].key);
    struct atls_collateral *made = bag();
    uint8_t *data = NULL, *wide = malloc(ATLS_MAX_FILE_LEN);
    size_t len = 0;
    assert_non_null(wide);
    memset(wide, ' ', ATLS_MAX_FILE_LEN);
    wide[0] = '{';
    memcpy(&wide[ATLS_MAX_FILE_LEN - json.len + 1], &json.data[1], json.len - 1);
    put(made, atls_bytes_of(wide, ATLS_MAX_FILE_LEN));
    put(made, atls_bytes_of(wide, ATLS_MAX_FILE_LEN));
    assert_err(atls_collateral_pack(&data, &len, made, &diag), ENDORSEMENT);
    assert_says(&diag, "more than may be handed on");
    assert_null(data);
    atls_collateral_free(made);
    free(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_list_is_taken),
        cmocka_unit_test(der_is_known_by_its_head_however_short),
        cmocka_unit_test(what_is_no_collateral_is_refused_whole),
        cmocka_unit_test(a_bag_has_a_bound),
        cmocka_unit_test(no_mutant_of_a_file_is_taken_for_good),
        cmocka_unit_test(a_bag_is_packed_for_another_process),
        cmocka_unit_test(what_was_not_packed_is_not_unpacked),
        cmocka_unit_test(whom_to_trust_is_not_packed),
        cmocka_unit_test(what_is_packed_has_a_bound),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
