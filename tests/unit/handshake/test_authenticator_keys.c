/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection exports for its authenticators: known answers of an independent computation. */
#include "authenticator_test.h"

static void assert_keys(int32_t alg, struct atls_bytes secret, enum atls_role maker,
                        const char *context, const char *finished)
{
    struct test_exporter exporter;
    struct atls_authenticator_keys keys;
    test_exporter_init(&exporter, alg, secret);
    assert_err(atls_authenticator_keys_take(&keys, &exporter.exporter, maker, NULL), OK);
    assert_int_equal(keys.hash_alg, alg);
    assert_bytes(atls_digest_bytes(&keys.context), test_hex(context));
    assert_bytes(atls_digest_bytes(&keys.finished), test_hex(finished));
    atls_authenticator_keys_cleanup(&keys);
    assert_true(atls_is_zero(atls_bytes_of(&keys, sizeof keys)));
}

static void sides_have_their_own_values_from_the_secret_of_rfc_8448(void **state)
{
    (void)state;
    const struct atls_bytes secret = test_rfc8448_exporter_secret();
    assert_keys(ATLS_ALG_SHA256, secret, ATLS_ROLE_CLIENT,
                "3ce40ddfb5a8566480bb683fa63f43f1d6d52ab962854a98a3c080d81ed5631f",
                "34db53a0d817c518dc905f36e253a11271904ea43778358aaeb85d377a4fe0fb");
    assert_keys(ATLS_ALG_SHA256, secret, ATLS_ROLE_SERVER,
                "b5920228102885ce3bbc879252d7c4ae80f47616cdc91456338427e7890941b0",
                "d7571ccc1577b04277765da1c875d933be15717b3ecf45d0708431fa077df54d");
}

static void sides_have_their_own_values_with_sha_384(void **state)
{
    (void)state;
    const struct atls_bytes secret = counting(48, 0);
    assert_keys(ATLS_ALG_SHA384, secret, ATLS_ROLE_CLIENT,
                "e67ca215c3e32e882c8ceec2190e567b65f2d75a4e02b7ef0cffe6dad4da7eebed386f5dd34685f7"
                "8375d6cd4eac7c67",
                "1e28695d6ebde143b8066acb42613b98b7920f55242975dab23a970c376adb0db2abaf32bc855344"
                "953d68b0797b7a4f");
    assert_keys(ATLS_ALG_SHA384, secret, ATLS_ROLE_SERVER,
                "54b355e72966d2f2ab9ddfafd65271fbd4eaff04f9cedb369ac7efc721751ffd92e50cd087d0f445"
                "9ad0ad3902e8b8de",
                "bc139c8cc073ea27dc715745cf548d2cf5554f9898b0d25749c7020e0bd26b5e42805e2949790e07"
                "a0afaef7a952ccf7");
}

static enum atls_err export_nothing(void *arg, const char *label, struct atls_bytes context,
                                    struct atls_buf out)
{
    (void)arg;
    (void)label;
    (void)context;
    (void)out;
    return ATLS_ERR_STATE;
}

static void a_connection_that_exports_nothing_has_no_keys(void **state)
{
    (void)state;
    const struct atls_exporter exporter = {export_nothing, NULL, ATLS_ALG_SHA256};
    struct atls_authenticator_keys keys = {.hash_alg = 7};
    struct atls_diag diag;
    assert_err(atls_authenticator_keys_take(&keys, &exporter, ATLS_ROLE_CLIENT, &diag), STATE);
    assert_int_equal(keys.hash_alg, 7);
    assert_string_equal(diag.expected, "a connection that exports it");
}

static void hashes_of_no_suite_are_refused(void **state)
{
    (void)state;
    static const int32_t others[] = {ATLS_ALG_SHA512, ATLS_ALG_NONE, ATLS_ALG_ES256};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        const struct atls_exporter exporter = {export_nothing, NULL, others[i]};
        struct atls_authenticator_keys keys;
        assert_err(atls_authenticator_keys_take(&keys, &exporter, ATLS_ROLE_CLIENT, NULL),
                   ALGORITHM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sides_have_their_own_values_from_the_secret_of_rfc_8448),
        cmocka_unit_test(sides_have_their_own_values_with_sha_384),
        cmocka_unit_test(a_connection_that_exports_nothing_has_no_keys),
        cmocka_unit_test(hashes_of_no_suite_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
