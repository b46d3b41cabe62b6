/* SPDX-License-Identifier: Apache-2.0 */
/* The binder after the handshake: known answers of an independent computation. */
#include "authenticator_test.h"

#include "handshake/expat.h"

static struct atls_bytes binder_of(int32_t alg, struct atls_bytes secret, const char *label,
                                   struct atls_bytes context, struct atls_bytes spki)
{
    struct test_exporter exporter;
    struct atls_digest out;
    test_exporter_init(&exporter, alg, secret);
    assert_err(atls_expat_binder(ops(), &out, &exporter.exporter, label, context, spki, NULL), OK);
    return test_copy(atls_digest_bytes(&out));
}

static struct atls_bytes ed25519_spki(void)
{
    return test_hex("302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a"
                    "68f707511a");
}

static struct atls_bytes context(void)
{
    return counting(16, 0xa0);
}

static void the_binder_of_the_toy_evidence_is_known(void **state)
{
    (void)state;
    assert_bytes(binder_of(ATLS_ALG_SHA256, test_rfc8448_exporter_secret(), ATLS_EXPAT_LABEL,
                           context(), ed25519_spki()),
                 test_hex("e81aae3948db4cb6ba5b00b01741ea60b157f3a5f16bd6182a72ec27c2106e4b"));
}

/* The value that the exporter gives has a known answer too, seen through the hash. */
static void exported_values_of_each_label_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *label, *sha256, *sha384;
    } rows[] = {
        {ATLS_EXPAT_LABEL, "3874be697e00d621dd0c58297ae7b2a153df17643998cd970ebb1335029f9883",
         "0e0925b03210d528e4adc2117a99f10f9153aab04b699e6aea13e29c3d073ba9"},
        {"Attestation", "4320f475d42d75af358e7a029fbb41304a2d0ae2c6fce93b9569b12accdda989",
         "c787aac5d73c976807ae80121a61ebf8d91132723e2841936039795ccfd13293"},
        {"Attestation Binding", "9e8c3f447101c13eb53d9fbb4146cdb0ce704d7a8b4637558bc34231097cc2d6",
         "d3bf18308156232a1c97eadb5d225fe7de44cfe0f3114e57a498d55bf72c67e6"},
    };
    const struct atls_bytes asked = test_hex("00112233445566778899aabbccddeeff");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        uint8_t both[64];
        struct atls_digest expected;
        memset(both, 0x30, 32); /* some key */
        memcpy(&both[32], test_hex(rows[i].sha256).data, 32);
        assert_err(ops()->hash(ATLS_ALG_SHA256, atls_bytes_of(both, 64), &expected), OK);
        assert_bytes(binder_of(ATLS_ALG_SHA256, counting(32, 0), rows[i].label, asked,
                               atls_bytes_of(both, 32)),
                     atls_digest_bytes(&expected));
        memcpy(&both[32], test_hex(rows[i].sha384).data, 32);
        assert_err(ops()->hash(ATLS_ALG_SHA384, atls_bytes_of(both, 64), &expected), OK);
        assert_bytes(binder_of(ATLS_ALG_SHA384, counting(48, 0), rows[i].label, asked,
                               atls_bytes_of(both, 32)),
                     atls_digest_bytes(&expected));
    }
}

static void another_key_context_connection_or_label_gives_another_binder(void **state)
{
    (void)state;
    const struct atls_bytes secret = counting(32, 0);
    const struct atls_bytes one =
        binder_of(ATLS_ALG_SHA256, secret, ATLS_EXPAT_LABEL, context(), ed25519_spki());
    const struct atls_bytes others[] = {
        binder_of(ATLS_ALG_SHA256, secret, ATLS_EXPAT_LABEL, counting(16, 0xa1), ed25519_spki()),
        binder_of(ATLS_ALG_SHA256, secret, ATLS_EXPAT_LABEL, context(), counting(44, 1)),
        binder_of(ATLS_ALG_SHA256, counting(32, 1), ATLS_EXPAT_LABEL, context(), ed25519_spki()),
        binder_of(ATLS_ALG_SHA256, secret, "Attestation", context(), ed25519_spki()),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        assert_int_equal(others[i].len, one.len);
        assert_memory_not_equal(others[i].data, one.data, one.len);
    }
}

static enum atls_err export_nothing(void *arg, const char *label, struct atls_bytes asked,
                                    struct atls_buf out)
{
    (void)arg;
    (void)label;
    (void)asked;
    (void)out;
    return ATLS_ERR_STATE;
}

static void without_key_context_or_exporter_there_is_no_binder(void **state)
{
    (void)state;
    const struct atls_exporter exporter = {export_nothing, NULL, ATLS_ALG_SHA256};
    const struct atls_bytes none = {NULL, 0};
    struct atls_digest out = {.len = 5};
    assert_err(atls_expat_binder(ops(), &out, &exporter, ATLS_EXPAT_LABEL, context(), none, NULL),
               ARGUMENT);
    assert_err(
        atls_expat_binder(ops(), &out, &exporter, ATLS_EXPAT_LABEL, none, ed25519_spki(), NULL),
        ARGUMENT);
    assert_err(atls_expat_binder(ops(), &out, &exporter, ATLS_EXPAT_LABEL, context(),
                                 ed25519_spki(), NULL),
               STATE);
    assert_int_equal(out.len, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_binder_of_the_toy_evidence_is_known),
        cmocka_unit_test(exported_values_of_each_label_are_known),
        cmocka_unit_test(another_key_context_connection_or_label_gives_another_binder),
        cmocka_unit_test(without_key_context_or_exporter_there_is_no_binder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
