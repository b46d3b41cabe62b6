/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of a made-up AMD against reference values: each field, and what none of them states. */
#include "snp_scene.h"

/* What an endorser has to state to have it taken. */
static void assert_default(const char *const *settings, const char *claim, const char *statement)
{
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, settings);
    struct atls_endorsements *set = test_endorsements();
    test_snp_add_root(set, &snp, "Milan", false);
    test_snp_add_reference(set, &snp,
                           "[{\"key\":{\"type\":\"uint\",\"value\":1},\"value\":"
                           "{\"svn\":{\"type\":\"min-value\",\"value\":0}}}]");
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, 2, 96, 3, 0, 2, 2, 0, 0);
    assert_err(s.submod.reason.err, CLAIM);
    assert_string_equal(s.submod.reason.claim, claim);
    test_snp_add_reference(set, &snp, statement);
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, 2, 96, 3, 0, 2, 2, 0, 0); /* alternatives: the first one holds */
    set = test_endorsements();
    test_snp_add_root(set, &snp, "Milan", false);
    test_snp_add_reference(set, &snp, statement);
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, GOOD_VECTOR);
}

#define RAW(key, base64)                                                                           \
    "[{\"key\":{\"type\":\"uint\",\"value\":" #key "},\"value\":{\"raw-value\":{\"type\":"         \
    "\"bytes\",\"value\":\"" base64 "\"}}}]"
#define MASKED(key, base64, mask)                                                                  \
    "[{\"key\":{\"type\":\"uint\",\"value\":" #key "},\"value\":{\"raw-value\":{\"type\":"         \
    "\"masked\",\"value\":{\"value\":\"" base64 "\",\"mask\":\"" mask "\"}}}}]"
#define SVN(key, kind, number)                                                                     \
    "[{\"key\":{\"type\":\"uint\",\"value\":" #key "},\"value\":{\"svn\":{\"type\":\"" kind        \
    "\",\"value\":\"" #number "\"}}}]"
#define VERSION(key, text)                                                                         \
    "[{\"key\":{\"type\":\"uint\",\"value\":" #key "},\"value\":{\"version\":{\"value\":\"" text   \
    "\"}}}]"
#define DIGEST(key, base64)                                                                        \
    "[{\"key\":{\"type\":\"uint\",\"value\":" #key "},\"value\":{\"digests\":[[7,\"" base64        \
    "\"]]}}]"

static void what_no_reference_value_states_falls_to_the_defaults(void **state)
{
    (void)state;
    static const char *const migration[] = {"policy=0x70000", NULL};
    static const char *const vmpl[] = {"vmpl=2", NULL};
    static const char *const provisional[] = {"current_version=1e3701", NULL};
    assert_default(migration, "POLICY.MIGRATE_MA", RAW(2, "AAAAAAAHAAA="));
    assert_default(migration, "POLICY.MIGRATE_MA", MASKED(2, "AAAAAAAEAAA=", "AAAAAAAEAAA="));
    assert_default(vmpl, "VMPL", RAW(5, "AAAAAg=="));
    assert_default(provisional, "firmware version", VERSION(3936, "1.55.29"));
    assert_default(provisional, "firmware version", VERSION(3330, "1.55.30"));
    /* A mask that leaves the bit out says nothing of it. */
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, migration);
    struct atls_endorsements *set = test_endorsements();
    test_snp_add_root(set, &snp, "Milan", false);
    test_snp_add_reference(set, &snp, MASKED(2, "AAAAAAAAAAA=", "AAAAAAAIAAA="));
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, 2, 96, 3, 0, 2, 2, 0, 0);
    test_snp_init(&snp, vmpl);
    set = test_endorsements();
    test_snp_add_root(set, &snp, "Milan", false);
    test_snp_add_reference(set, &snp, MASKED(5, "AAAAAA==", "AAAABA=="));
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, 2, 96, 3, 0, 2, 2, 0, 0);
}

/* One reference value, and what comes of it. */
struct comparison {
    const char *settings[MAX_SETTINGS];
    const char *statement;
    const char *claim; /* NULL: it holds */
    int8_t configuration, executables, hardware;
};

static const struct comparison comparisons[] = {
    {{NULL}, VERSION(0, "3"), NULL, 2, 3, 2},
    {{NULL}, VERSION(0, "2"), "VERSION", 96, 3, 2},
    {{"guest_svn=5"}, SVN(1, "min-value", 5), NULL, 2, 3, 2},
    {{"guest_svn=5"}, SVN(1, "min-value", 6), "GUEST_SVN", 2, 32, 2},
    {{"guest_svn=5"}, SVN(1, "exact-value", 4), "GUEST_SVN", 2, 32, 2},
    {{NULL}, RAW(2, "AAAAAAADAAA="), NULL, 2, 3, 2},
    {{"policy=0x20000"}, RAW(2, "AAAAAAADAAA="), "POLICY", 96, 3, 2}, /* no SMT */
    {{"policy=0x130000"}, MASKED(2, "AAAAAAAQAAA=", "AAAAAAAQAAA="), NULL, 2, 3, 2},
    {{NULL}, MASKED(2, "AAAAAAAQAAA=", "AAAAAAAQAAA="), "POLICY", 96, 3, 2}, /* single socket */
    {{NULL}, MASKED(2, "AAAAAAIAAAA=", "AAAAAAIAAAA="), "POLICY", 96, 3, 2}, /* page swap */
    {{"policy=0x3011f"}, MASKED(2, "AAAAAAAAASA=", "AAAAAAAA//8="), "POLICY", 96, 3, 2}, /* ABI */
    {{NULL}, RAW(3, "AAAAAAAAAAAAAAAAAAAAAA=="), NULL, 2, 3, 2},
    {{"family_id=01000000000000000000000000000000"},
     RAW(3, "AAAAAAAAAAAAAAAAAAAAAA=="),
     "FAMILY_ID",
     96,
     3,
     2},
    {{"image_id=01000000000000000000000000000000"},
     RAW(4, "AAAAAAAAAAAAAAAAAAAAAA=="),
     "IMAGE_ID",
     96,
     3,
     2},
    {{NULL}, RAW(5, "AAAAAQ=="), "VMPL", 96, 3, 2},
    {{NULL}, MASKED(7, "AAAAAAAAACA=", "AAAAAAAAACA="), NULL, 2, 3, 2}, /* ALIAS_CHECK_COMPLETE */
    {{"platform_info=5"}, MASKED(7, "AAAAAAAAACA=", "AAAAAAAAACA="), "PLATFORM_INFO", 96, 3, 2},
    {{NULL},
     DIGEST(641, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
     "MEASUREMENT",
     2,
     33,
     2},
    {{NULL}, RAW(642, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), NULL, 2, 3, 2},
    {{"host_data=0100000000000000000000000000000000000000000000000000000000000000"},
     RAW(642, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
     "HOST_DATA",
     96,
     3,
     2},
    {{"id_key_digest=" KEY_DIGEST},
     DIGEST(643, "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"),
     NULL,
     2,
     3,
     2},
    {{NULL},
     DIGEST(643, "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"),
     "ID_KEY_DIGEST",
     96,
     3,
     2},
    {{NULL},
     DIGEST(644, "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"),
     "AUTHOR_KEY_DIGEST",
     96,
     3,
     2},
    {{NULL}, RAW(645, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "REPORT_ID", 96, 3, 2},
    {{NULL}, RAW(646, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "REPORT_ID_MA", 96, 3, 2},
    {{NULL},
     RAW(3328,
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "AA=="),
     "CHIP_ID",
     96,
     3,
     2},
    /* REPORT_DATA is the nonce's, whatever a reference value says. */
    {{NULL},
     RAW(640, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
              "AA=="),
     NULL,
     2,
     3,
     2},
    /* 0xdb18000000000004 and its neighbours: each component by itself. */
    {{NULL}, SVN(647, "exact-value", 15787368493747273732), NULL, 2, 3, 2},
    {{NULL}, SVN(647, "min-value", 15787087018770563076), NULL, 2, 3, 2},
    {{NULL}, SVN(647, "min-value", 5), "REPORTED_TCB", 2, 3, 96},
    {{NULL},
     SVN(647, "exact-value", 15715310899709345797),
     "REPORTED_TCB",
     2,
     3,
     96}, /* lower as one number */
    {{NULL}, SVN(6, "min-value", 5), "CURRENT_TCB", 2, 3, 96},
    {{NULL}, SVN(3329, "min-value", 5), "COMMITTED_TCB", 2, 3, 96},
    {{NULL}, SVN(3968, "min-value", 5), "LAUNCH_TCB", 2, 3, 96},
    {{NULL}, VERSION(3330, "1.55.29"), NULL, 2, 3, 2},
    {{NULL}, VERSION(3330, "1.54.99"), NULL, 2, 3, 2},
    {{NULL}, VERSION(3330, "1.55.30"), "CURRENT_VERSION", 2, 3, 96},
    {{NULL}, VERSION(3936, "2.0.0"), "COMMITTED_VERSION", 2, 3, 96},
    {{NULL}, VERSION(3936, "1.55"), "COMMITTED_VERSION", 2, 3, 96},
};

static void every_reference_value_is_held_against_its_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(comparisons); i++) {
        const struct comparison *c = &comparisons[i];
        struct scene s;
        struct test_snp snp;
        test_snp_init(&snp, c->settings);
        struct atls_endorsements *set = test_endorsements();
        test_snp_add_root(set, &snp, "Milan", false);
        test_snp_add_reference(set, &snp, c->statement);
        assert_err(run(&s, &snp, set), OK);
        const int8_t *v = s.submod.vector.claim;
        if (v[1] != c->configuration || v[2] != c->executables || v[4] != c->hardware) {
            fail_msg("%s: %d %d %d, %s %s", c->statement, v[1], v[2], v[4], s.submod.reason.claim,
                     s.submod.reason.found);
        }
        assert_string_equal(s.submod.reason.claim, c->claim != NULL ? c->claim : "");
    }
}

static void one_of_several_reference_values_is_enough(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    struct atls_endorsements *set = test_endorsements();
    test_snp_add_root(set, &snp, "Milan", false);
    test_snp_add_reference(set, &snp, VERSION(3330, "9.0.0"));
    assert_err(run(&s, &snp, set), OK);
    assert_string_equal(s.submod.reason.expected, "at least 9.0.0, of test.corim");
    test_snp_add_reference(set, &snp, VERSION(3330, "1.55.0"));
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, GOOD_VECTOR);
    /* Those of another launch measurement say nothing here. */
    static const char *const other[] = {"measurement=" KEY_DIGEST, NULL};
    test_snp_init(&snp, other);
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, 2, 2, 33, 0, 2, 2, 0, 0);
    assert_string_equal(s.submod.reason.claim, "MEASUREMENT");
}

static void an_endorser_can_only_make_it_worse(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    struct atls_endorsements *set = test_snp_endorsements(&snp, false);
    test_add_comid(set,
                   "{\"tag-identity\":{\"id\":\"e\"},\"triples\":{\"endorsed-values\":[{"
                   "\"environment\":{\"class\":{\"id\":{\"type\":\"oid\",\"value\":"
                   "\"1.3.6.1.4.1.3704.3.1\"}}},\"measurements\":[{\"value\":{\"flags\":{"
                   "\"is-secure\":false}}}]}]}}",
                   "tag:amd.com,2024:snp-corim-profile", false);
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, 2, 32, 3, 0, 2, 2, 0, 0);
    assert_err(s.submod.reason.err, LIFECYCLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_reference_value_states_falls_to_the_defaults),
        cmocka_unit_test(every_reference_value_is_held_against_its_field),
        cmocka_unit_test(one_of_several_reference_values_is_enough),
        cmocka_unit_test(an_endorser_can_only_make_it_worse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
