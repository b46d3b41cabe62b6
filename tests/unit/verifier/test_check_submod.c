/* SPDX-License-Identifier: Apache-2.0 */
/* An appraiser that contradicts itself is not believed. */
#include "support/check.h"

#include "verifier/verifier.h"

static const struct atls_format *format(const char *name)
{
    return atls_format_by_name(atls_bytes_text(name));
}

static struct atls_submod good(void)
{
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    submod.format = format("psa");
    submod.vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE;
    submod.status = ATLS_TIER_AFFIRMING;
    submod.fresh = true;
    atls_identities_add(&submod.identities, ATLS_REVOKED_UEID, "ueid", atls_bytes_text("u"));
    return submod;
}

static enum atls_err check(const struct atls_submod *submod)
{
    struct atls_diag diag;
    memset(&diag, 0, sizeof diag);
    const enum atls_err err = atls_verify_check_submod(submod, format("psa"), false, &diag);
    assert_string_equal(atls_err_name(diag.err), atls_err_name(err));
    assert_string_equal(atls_err_name(atls_verify_check_submod(submod, format("psa"), false, NULL)),
                        atls_err_name(err));
    return err;
}

static void a_consistent_submod_passes(void **state)
{
    (void)state;
    const struct atls_submod submod = good();
    assert_err(check(&submod), OK);
}

static void a_submod_of_another_format_is_refused(void **state)
{
    (void)state;
    struct atls_submod submod = good();
    submod.format = format("tpm2");
    assert_err(check(&submod), STATE);
    submod.format = NULL;
    assert_err(check(&submod), STATE);
}

/* What comes of a bundle is about its platform, and only about what can be one. */
static void a_bundle_has_the_submod_of_its_platform(void **state)
{
    (void)state;
    struct atls_submod submod = good();
    assert_err(atls_verify_check_submod(&submod, format("kat"), false, NULL), OK);
    submod.format = format("tpm2");
    assert_err(atls_verify_check_submod(&submod, format("kat"), false, NULL), STATE);
    submod.format = format("kat");
    assert_err(atls_verify_check_submod(&submod, format("kat"), false, NULL), STATE);
    submod.format = NULL;
    assert_err(atls_verify_check_submod(&submod, format("kat"), false, NULL), STATE);
}

static void a_nonce_that_was_not_compared_is_refused(void **state)
{
    (void)state;
    struct atls_submod submod = good();
    submod.fresh = false;
    assert_err(check(&submod), FRESHNESS);
    assert_err(atls_verify_check_submod(&submod, format("psa"), true, NULL), OK);
    submod.fresh = true; /* there was nothing to compare */
    assert_err(atls_verify_check_submod(&submod, format("psa"), true, NULL), FRESHNESS);
}

static void a_status_better_than_its_vector_is_refused(void **state)
{
    (void)state;
    for (int status = 0; status < 256; status++) {
        struct atls_submod submod = good();
        submod.status = (enum atls_tier)status;
        const bool ok = status == ATLS_TIER_AFFIRMING || status == ATLS_TIER_WARNING ||
                        status == ATLS_TIER_CONTRAINDICATED;
        assert_string_equal(atls_err_name(check(&submod)), ok ? "OK" : "STATE");
    }
}

static void a_simulated_root_on_genuine_hardware_is_refused(void **state)
{
    (void)state;
    struct atls_submod submod = good();
    submod.simulated = true;
    assert_err(check(&submod), STATE);
    submod.vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE;
    submod.status = ATLS_TIER_WARNING;
    assert_err(check(&submod), OK);
}

static void lengths_out_of_range_are_refused(void **state)
{
    (void)state;
    struct atls_submod submod = good();
    submod.num_measurements = ATLS_MAX_COMPONENTS;
    assert_err(check(&submod), OK);
    submod.num_measurements = ATLS_MAX_COMPONENTS + 1;
    assert_err(check(&submod), STATE);
    submod = good();
    submod.attested_key.len = 32;
    assert_err(check(&submod), OK);
    submod.attested_key.len = 48;
    assert_err(check(&submod), STATE);
}

/* a format that names nothing could not be revoked. */
static void a_submod_that_nothing_could_revoke_is_refused(void **state)
{
    (void)state;
    struct atls_submod submod = good();
    submod.identities.num = 0;
    assert_err(check(&submod), STATE);
    submod = good();
    atls_identities_add(&submod.identities, ATLS_REVOKED_SPKI, "no key", atls_bytes_text("u"));
    assert_err(check(&submod), STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consistent_submod_passes),
        cmocka_unit_test(a_submod_of_another_format_is_refused),
        cmocka_unit_test(a_bundle_has_the_submod_of_its_platform),
        cmocka_unit_test(a_nonce_that_was_not_compared_is_refused),
        cmocka_unit_test(a_status_better_than_its_vector_is_refused),
        cmocka_unit_test(a_simulated_root_on_genuine_hardware_is_refused),
        cmocka_unit_test(lengths_out_of_range_are_refused),
        cmocka_unit_test(a_submod_that_nothing_could_revoke_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
