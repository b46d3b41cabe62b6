/* SPDX-License-Identifier: Apache-2.0 */
/* What the depot asks for, how often, and what it makes of the answers. */
#include "depot_test.h"

static void what_was_fetched_once_is_given_from_memory(void **state)
{
    (void)state;
    struct atls_lease *first = NULL;
    struct atls_lease *second = NULL;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    reset(gives(list_until(NOW + TEST_DAY)), says(404));
    struct atls_depot *depot = depot_of(NULL, 2);
    assert_true(atls_depot_asks(depot));
    assert_null(atls_depot_loaded(depot));
    assert_err(obtain(depot, &first, &wanted), OK);
    assert_int_equal(asked(), 1);
    assert_string_equal(web.urls[0], SERVER_A "/vcek/v1/Milan/crl");
    assert_int_equal(web.max_body, ATLS_DEPOT_MAX_BODY);
    assert_true(web.timeout_ms > 0 && web.timeout_ms <= ATLS_DEPOT_TIMEOUT_MS);
    assert_err(obtain(depot, &second, &wanted), OK);
    assert_int_equal(asked(), 1);
    assert_ptr_equal(atls_lease_bag(first), atls_lease_bag(second));
    atls_depot_give_back(depot, first, ATLS_LEASE_GOOD);
    atls_depot_give_back(depot, second, ATLS_LEASE_UNKNOWN);
    atls_depot_close(depot);
    assert_int_equal(web.opened, 0);
}

static void every_kind_has_its_place(void **state)
{
    (void)state;
    struct atls_collateral_wanted chip = {
        .kind = ATLS_WANTED_AMD_LEAF, .product = "Milan", .chip_id_len = 64};
    chip.tcb.bootloader = 3;
    chip.tcb.snp = 8;
    chip.tcb.microcode = 115;
    chip.chip_id[0] = 0xab;
    struct atls_collateral_wanted turin = chip;
    memcpy(turin.product, "Turin", 6);
    turin.tcb.has_fmc = true;
    turin.tcb.fmc = 1;
    turin.chip_id_len = 8;
    struct atls_collateral_wanted vlek = chip;
    vlek.amd_key = ATLS_AMD_VLEK;
    vlek.chip_id_len = 0;
    const struct atls_collateral_wanted others[] = {
        {.kind = ATLS_WANTED_AMD_CHAIN, .product = "Genoa"},
        {.kind = ATLS_WANTED_AMD_CHAIN, .product = "Genoa", .amd_key = ATLS_AMD_VLEK},
        {.kind = ATLS_WANTED_AMD_CRL, .product = "Genoa", .amd_key = ATLS_AMD_VLEK},
        {.kind = ATLS_WANTED_TCB_INFO, .tee = ATLS_INTEL_TDX, .fmspc = {0x00, 0x80, 0x6f, 5}},
        {.kind = ATLS_WANTED_TCB_INFO, .tee = ATLS_INTEL_SGX},
        {.kind = ATLS_WANTED_IDENTITY, .enclave = ATLS_INTEL_QE},
        {.kind = ATLS_WANTED_IDENTITY, .enclave = ATLS_INTEL_TD_QE},
        {.kind = ATLS_WANTED_IDENTITY, .enclave = ATLS_INTEL_QVE},
        {.kind = ATLS_WANTED_PCK_CRL, .platform_ca = true},
        {.kind = ATLS_WANTED_PCK_CRL},
        {.kind = ATLS_WANTED_ROOT_CRL},
    };
    static const char *const paths[] = {
        "/vlek/v1/Milan/cert?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115",
        "/vcek/v1/Turin/ab00000000000000?fmcSPL=01&blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115",
        "/vcek/v1/Genoa/cert_chain",
        "/vlek/v1/Genoa/cert_chain",
        "/vlek/v1/Genoa/crl",
        "/tdx/certification/v4/tcb?fmspc=00806f050000",
        "/sgx/certification/v4/tcb?fmspc=000000000000",
        "/sgx/certification/v4/qe/identity",
        "/tdx/certification/v4/qe/identity",
        "/sgx/certification/v4/qve/identity",
        "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
        "/sgx/certification/v4/pckcrl?ca=processor&encoding=der",
        "/sgx/certification/v4/rootcacrl"};
    reset(gives(list_until(NOW + TEST_DAY)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    struct atls_lease *lease = NULL;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(paths); i++) {
        const struct atls_collateral_wanted *wanted = i == 0   ? &vlek
                                                      : i == 1 ? &turin
                                                               : &others[i - 2];
        char url[400];
        snprintf(url, sizeof url, "%s%s", SERVER_A, paths[i]);
        assert_err(obtain(depot, &lease, wanted), OK);
        assert_string_equal(web.urls[i], url);
        atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    }
    assert_err(obtain(depot, &lease, &chip), OK);
    assert_non_null(strstr(web.urls[ATLS_ARRAY_LEN(paths)], "/vcek/v1/Milan/ab0000"));
    assert_non_null(strstr(web.urls[ATLS_ARRAY_LEN(paths)], "00?blSPL=03&"));
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    /* What Evidence says is not put into a URL as it is. */
    struct atls_collateral_wanted bad = list_of("../Milan");
    assert_err(obtain(depot, &lease, &bad), COLLATERAL);
    bad = list_of("");
    assert_err(obtain(depot, &lease, &bad), COLLATERAL);
    memset(bad.product, 'a', sizeof bad.product);
    assert_err(obtain(depot, &lease, &bad), COLLATERAL);
    bad = chip;
    bad.chip_id_len = 63;
    assert_err(obtain(depot, &lease, &bad), COLLATERAL);
    bad.kind = ATLS_WANTED_NOTHING;
    assert_err(obtain(depot, &lease, &bad), COLLATERAL);
    assert_int_equal(asked(), ATLS_ARRAY_LEN(paths) + 1);
    atls_depot_close(depot);
}

static void the_chain_of_a_header_field_comes_along(void **state)
{
    (void)state;
    const struct test_chain chain = test_chain_make(&atls_chain_intel, test_tcb_names, 2);
    const struct test_intel_spec spec = test_intel_spec_of(NOW);
    const struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_TCB_INFO};
    struct atls_lease *lease = NULL;
    reset(gives(test_tcb_info(&spec, chain.certs[0].key)), says(404));
    web.by_a.field = "-----BEGIN%20CERTIFICATE-----%0A";
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
    assert_string_equal(web.field, "tcb-info-issuer-chain");
    atls_depot_close(depot);
    web.by_a.field = NULL; /* without a chain it may lie beside */
    depot = depot_of(NULL, 1);
    assert_err(obtain(depot, &lease, &wanted), OK);
    assert_int_equal(atls_collateral_end(atls_lease_bag(lease)), NOW + TEST_DAY);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    atls_depot_close(depot);
}

static void the_next_server_is_asked_where_one_has_it_not(void **state)
{
    (void)state;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    reset(says(404), gives(list_until(NOW + TEST_DAY)));
    struct atls_depot *depot = depot_of(NULL, 2);
    assert_err(obtain(depot, &lease, &wanted), OK);
    assert_string_equal(web.urls[1], "http://b.example:8080/proxy/vcek/v1/Milan/crl");
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    atls_depot_close(depot);
}

static void what_no_server_has_is_not_asked_for_at_once_again(void **state)
{
    (void)state;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    reset(says(404), says(400));
    struct atls_depot *depot = depot_of(NULL, 2);
    assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
    assert_int_equal(asked(), 2);
    assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
    assert_int_equal(asked(), 2);
    assert_non_null(strstr(diag.found, "status 40"));
    atls_depot_close(depot);
}

static void a_server_that_asks_for_a_pause_is_left_alone(void **state)
{
    (void)state;
    static const unsigned statuses[] = {429, 503, 500, 302, 401};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(statuses); i++) {
        struct atls_collateral_wanted wanted = list_of("Milan");
        struct atls_lease *lease = NULL;
        reset(says(statuses[i]), says(404));
        web.by_a.has_retry_after = i < 2;
        web.by_a.retry_after_s = 99999;
        struct atls_depot *depot = depot_of(NULL, 1);
        assert_err(obtain(depot, &lease, &wanted), COLLATERAL_SERVER);
        assert_non_null(strstr(diag.found, "status "));
        assert_int_equal(asked(), 1);
        wanted = list_of("Genoa");
        assert_err(obtain(depot, &lease, &wanted), COLLATERAL_SERVER);
        assert_non_null(strstr(diag.found, "a pause"));
        assert_int_equal(asked(), 1);
        atls_depot_close(depot);
    }
}

static void another_server_helps_in_the_pause_of_the_first(void **state)
{
    (void)state;
    struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    reset(says(429), gives(list_until(NOW + TEST_DAY)));
    struct atls_depot *depot = depot_of(NULL, 2);
    assert_err(obtain(depot, &lease, &wanted), OK);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    wanted = list_of("Genoa");
    assert_err(obtain(depot, &lease, &wanted), OK);
    assert_int_equal(asked(), 3);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    /* Neither answers: what may pass by itself is told, whoever said it. */
    web.by_b = says(404);
    wanted = list_of("Turin");
    assert_err(obtain(depot, &lease, &wanted), COLLATERAL_SERVER);
    atls_depot_close(depot);
}

static void what_does_not_come_is_an_error_of_the_server(void **state)
{
    (void)state;
    static const enum atls_fetch_outcome outcomes[] = {ATLS_FETCH_UNREACHABLE, ATLS_FETCH_UNTRUSTED,
                                                       ATLS_FETCH_TIMEOUT, ATLS_FETCH_OVERSIZED,
                                                       ATLS_FETCH_MALFORMED};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(outcomes); i++) {
        const struct atls_collateral_wanted wanted = list_of("Milan");
        struct atls_lease *lease = NULL;
        reset(says(0), says(404));
        web.by_a.outcome = outcomes[i];
        struct atls_depot *depot = depot_of(NULL, 1);
        assert_err(obtain(depot, &lease, &wanted), COLLATERAL_SERVER);
        assert_non_null(strstr(diag.found, "no such luck"));
        assert_non_null(strstr(diag.expected, SERVER_A));
        atls_depot_close(depot);
    }
}

static void no_time_left_asks_nobody(void **state)
{
    (void)state;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    reset(gives(list_until(NOW + TEST_DAY)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_err(atls_depot_obtain(depot, &lease, &wanted, atls_depot_clock_ms(), &diag),
               COLLATERAL_SERVER);
    assert_int_equal(asked(), 0);
    atls_depot_close(depot);
}

static void answers_that_are_no_collateral_are_refused(void **state)
{
    (void)state;
    const struct atls_bytes list = list_until(NOW + TEST_DAY);
    const struct atls_bytes bad[] = {atls_bytes_text(""), atls_bytes_text("<html>sorry</html>"),
                                     atls_bytes_text("{\"tcbInfo\":{}}"),
                                     atls_bytes_of(list.data, list.len - 1), list_until(NOW - 1)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        const struct atls_collateral_wanted wanted = list_of("Milan");
        struct atls_lease *lease = NULL;
        reset(gives(bad[i]), says(404));
        struct atls_depot *depot = depot_of(NULL, 1);
        assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
        assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
        assert_int_equal(asked(), 1);
        atls_depot_close(depot);
    }
}

static void strangers_do_not_make_us_ask_for_ever(void **state)
{
    (void)state;
    struct atls_lease *lease = NULL;
    unsigned refused = 0;
    reset(says(404), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    for (unsigned i = 0; i < 200; i++) {
        struct atls_collateral_wanted chip = {
            .kind = ATLS_WANTED_AMD_LEAF, .product = "Milan", .chip_id_len = 64};
        chip.chip_id[0] = (uint8_t)i;
        const enum atls_err err = obtain(depot, &lease, &chip);
        assert_true(err == ATLS_ERR_COLLATERAL || err == ATLS_ERR_COLLATERAL_SERVER);
        refused += err == ATLS_ERR_COLLATERAL_SERVER ? 1 : 0;
    }
    assert_int_equal(asked() + refused, 200);
    assert_true(refused > 0);
    assert_non_null(strstr(diag.found, "more questions"));
    atls_depot_close(depot);
}

static void urls_are_checked_when_they_are_set(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "ftp://a.example",
                                      "https://",
                                      "https:///path",
                                      "https://user@a.example",
                                      "https://a.example?x=1",
                                      "https://a.example/#x",
                                      "https://a.example/a b",
                                      "a.example"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        const struct atls_depot_options options = {
            .fetcher = &web_ops, .urls = &bad[i], .num_urls = 1, .now_s = now_of};
        struct atls_depot *depot = NULL;
        assert_err(atls_depot_open(&depot, &options, &diag), CONFIG);
        assert_null(depot);
    }
    static const char *const five[] = {SERVER_A, SERVER_A, SERVER_A, SERVER_A, SERVER_A};
    struct atls_depot_options options = {
        .fetcher = &web_ops, .urls = five, .num_urls = 5, .now_s = now_of};
    struct atls_depot *depot = NULL;
    assert_err(atls_depot_open(&depot, &options, &diag), CONFIG);
    options.num_urls = 1;
    options.fetcher = NULL;
    assert_err(atls_depot_open(&depot, &options, &diag), NOT_BUILT);
    struct atls_fetcher_ops ops = web_ops;
    ops.fetch = NULL;
    options.fetcher = &ops;
    assert_err(atls_depot_open(&depot, &options, &diag), ARGUMENT);
    ops = web_ops;
    ops.abi--;
    assert_err(atls_depot_open(&depot, &options, &diag), ARGUMENT);
    assert_int_equal(web.opened, 0);
}

/* A report of version 2 may be of either line: what is kept of one is not asked for of the other.
 */
static void of_two_lines_the_second_is_asked_for_where_the_first_has_none(void **state)
{
    (void)state;
    struct atls_collateral_wanted wanted = list_of("Milan");
    const struct atls_collateral_wanted genoa = list_of("Genoa");
    struct atls_lease *lease = NULL;
    snprintf(wanted.otherwise, sizeof wanted.otherwise, "Genoa");
    reset(says(404), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_true(atls_depot_would_wait(depot, &wanted));
    assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
    assert_int_equal(asked(), 2);
    assert_non_null(strstr(web.urls[0], "/Milan/"));
    assert_non_null(strstr(web.urls[1], "/Genoa/"));
    assert_false(atls_depot_would_wait(depot, &wanted));
    atls_depot_close(depot);
    reset(gives(list_until(NOW + 1000)), says(404));
    depot = depot_of(NULL, 1);
    assert_err(obtain(depot, &lease, &genoa), OK);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    assert_false(atls_depot_would_wait(depot, &wanted));
    assert_err(obtain(depot, &lease, &wanted), OK);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    assert_int_equal(asked(), 1);
    assert_non_null(strstr(web.urls[0], "/Genoa/"));
    atls_depot_close(depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_lines_the_second_is_asked_for_where_the_first_has_none),
        cmocka_unit_test(what_was_fetched_once_is_given_from_memory),
        cmocka_unit_test(every_kind_has_its_place),
        cmocka_unit_test(the_chain_of_a_header_field_comes_along),
        cmocka_unit_test(the_next_server_is_asked_where_one_has_it_not),
        cmocka_unit_test(what_no_server_has_is_not_asked_for_at_once_again),
        cmocka_unit_test(a_server_that_asks_for_a_pause_is_left_alone),
        cmocka_unit_test(another_server_helps_in_the_pause_of_the_first),
        cmocka_unit_test(what_does_not_come_is_an_error_of_the_server),
        cmocka_unit_test(no_time_left_asks_nobody),
        cmocka_unit_test(answers_that_are_no_collateral_are_refused),
        cmocka_unit_test(strangers_do_not_make_us_ask_for_ever),
        cmocka_unit_test(urls_are_checked_when_they_are_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
