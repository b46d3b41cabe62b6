/* SPDX-License-Identifier: Apache-2.0 */
/* What the folder has is renewed before anybody wants it, where somebody has said so. */
#include "depot_test.h"

#include "collateral/item.h"

#include <dirent.h>
#include <sched.h>

#define DAY_S INT64_C(86400)

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    test_folder_make(folder, sizeof folder, "watch");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static struct atls_depot *depot_that(bool watches)
{
    static const char *const urls[] = {SERVER_A};
    const struct atls_depot_options options = {.fetcher = &web_ops,
                                               .urls = urls,
                                               .num_urls = 1,
                                               .folder = folder,
                                               .watches = watches,
                                               .now_s = now_of};
    struct atls_depot *depot = NULL;
    assert_err(atls_depot_open(&depot, &options, &diag), OK);
    return depot;
}

/* keep has the list of a product in the folder, as of NOW. */
static void keep(const char *product, int64_t end_s)
{
    const struct atls_collateral_wanted wanted = list_of(product);
    struct atls_lease *lease = NULL;
    reset(gives(list_until(end_s)), says(404));
    struct atls_depot *depot = depot_that(false);
    assert_err(obtain(depot, &lease, &wanted), OK);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    atls_depot_close(depot);
    reset(gives(list_until(NOW + 50 * DAY_S)), says(404));
}

static int64_t given_end(struct atls_depot *depot, const char *product)
{
    const struct atls_collateral_wanted wanted = list_of(product);
    struct atls_lease *lease = NULL;
    assert_err(obtain(depot, &lease, &wanted), OK);
    const int64_t end_s = atls_collateral_end(atls_lease_bag(lease));
    atls_depot_give_back(depot, lease, ATLS_LEASE_UNKNOWN);
    return end_s;
}

static void wait_asked(unsigned num)
{
    while (asked() < num) {
        sched_yield();
    }
}

static void what_ends_soon_is_renewed_before_anybody_wants_it(void **state)
{
    (void)state;
    keep("Milan", NOW + 1000);
    set_now(NOW + 760);
    struct atls_depot *depot = depot_that(true);
    wait_asked(1);
    pthread_mutex_lock(&web.gate); /* the question is written behind its number */
    assert_string_equal(web.urls[0], SERVER_A "/vcek/v1/Milan/crl");
    pthread_mutex_unlock(&web.gate);
    while (given_end(depot, "Milan") != NOW + 50 * DAY_S) {
        sched_yield();
    }
    assert_int_equal(asked(), 1);
    atls_depot_close(depot);
}

static void a_renewal_is_not_kept_before_it_was_found_good(void **state)
{
    (void)state;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    keep("Milan", NOW + 1000);
    set_now(NOW + 760);
    struct atls_depot *depot = depot_that(true);
    wait_asked(1);
    atls_depot_close(depot);
    depot = depot_of(folder, 0);
    assert_int_equal(given_end(depot, "Milan"), NOW + 1000);
    atls_depot_close(depot);
    depot = depot_that(true);
    wait_asked(2);
    while (given_end(depot, "Milan") != NOW + 50 * DAY_S) {
        sched_yield();
    }
    assert_err(obtain(depot, &lease, &wanted), OK);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    atls_depot_close(depot);
    depot = depot_of(folder, 0);
    assert_int_equal(given_end(depot, "Milan"), NOW + 50 * DAY_S);
    atls_depot_close(depot);
}

static void what_ended_meanwhile_is_fetched_anew(void **state)
{
    (void)state;
    keep("Milan", NOW + 1000);
    set_now(NOW + 2000);
    struct atls_depot *depot = depot_that(true);
    wait_asked(1);
    assert_int_equal(given_end(depot, "Milan"), NOW + 50 * DAY_S);
    assert_int_equal(asked(), 1);
    atls_depot_close(depot);
}

/* What no server has any more is asked for once. */
static void what_ended_and_is_gone_is_let_be(void **state)
{
    (void)state;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    keep("Milan", NOW + 1000);
    reset(says(404), says(404));
    set_now(NOW + 2000);
    struct atls_depot *depot = depot_that(true);
    wait_asked(1);
    enum atls_err err = ATLS_OK;
    do { /* the answer may be on its way */
        err = obtain(depot, &lease, &wanted);
    } while (err == ATLS_ERR_COLLATERAL_SERVER);
    assert_err(err, COLLATERAL);
    assert_int_equal(asked(), 1);
    atls_depot_close(depot);
}

/* Of three the two that are due. */
static void only_what_is_due_is_looked_for(void **state)
{
    (void)state;
    struct depot_due due[DEPOT_MAX_DUE];
    keep("Milan", NOW + 1000);
    set_now(NOW + 760);
    assert_int_equal(depot_folder_due(due, folder, NOW + 760), 1);
    assert_string_equal(due[0].location.path, "/vcek/v1/Milan/crl");
    assert_non_null(due[0].item);
    depot_item_release(due[0].item);
    assert_int_equal(depot_folder_due(due, folder, NOW + 100), 0);
    keep("Genoa", NOW + DAY_S);
    keep("Turin", NOW + 1000);
    assert_int_equal(depot_folder_due(due, folder, NOW + 760), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_null(strstr(due[i].location.path, "Genoa"));
        depot_item_release(due[i].item);
    }
    assert_int_equal(depot_folder_due(due, "/nowhere/at/all", NOW), 0);
}

static void a_file_that_says_another_path_than_its_name_is_let_be(void **state)
{
    (void)state;
    struct depot_due due[DEPOT_MAX_DUE];
    char from[400] = "";
    char to[400];
    keep("Milan", NOW + 1000);
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    while (from[0] == '\0' && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(from, sizeof from, "%s/%s", folder, entry->d_name);
        }
    }
    closedir(dir);
    snprintf(to, sizeof to, "%s", from);
    to[strlen(folder) + 1] = to[strlen(folder) + 1] == 'a' ? 'b' : 'a';
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(depot_folder_due(due, folder, NOW + 760), 0);
    assert_int_equal(rename(to, from), 0);
    assert_int_equal(depot_folder_due(due, folder, NOW + 760), 1);
    depot_item_release(due[0].item);
}

static void without_the_word_nothing_is_asked_before_it_is_wanted(void **state)
{
    (void)state;
    keep("Milan", NOW + 1000);
    set_now(NOW + 760);
    struct atls_depot *depot = depot_that(false);
    atls_depot_close(depot);
    assert_int_equal(asked(), 0);
}

/* Who can write in the folder does not choose what a server is asked. */
static void only_paths_of_collateral_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "/vcek/v1/Milan/cert_chain",
        "/vlek/v1/Genoa/cert?blSPL=01&teeSPL=00&snpSPL=08&ucodeSPL=115",
        "/sgx/certification/v4/tcb?fmspc=00906ed50000", "/tdx/certification/v4/qe/identity",
        "/sgx/certification/v4/pckcrl?ca=platform&encoding=der"};
    static const char *const bad[] = {"",
                                      "/",
                                      "vcek/v1/Milan/crl",
                                      "/admin",
                                      "/vcek/v1/../../admin",
                                      "/vcek/v1/Milan/crl#",
                                      "/vcek/v1/Milan/crl HTTP/1.1",
                                      "/vcek/v1/Milan/crl\r\nX: y",
                                      "/vcek/v1/Milan/%2e%2e",
                                      "http://elsewhere/vcek/v1/Milan/crl",
                                      "@elsewhere/vcek/v1/",
                                      "/sgx/certification/v4/tcb"};
    struct depot_location location;
    char long_one[DEPOT_MAX_PATH_LEN + 1];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        assert_true(depot_locate_path(&location, good[i]));
        assert_string_equal(location.path, good[i]);
    }
    assert_string_equal(location.chain_field, "sgx-pck-crl-issuer-chain");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        if (depot_locate_path(&location, bad[i])) {
            fail_msg("\"%s\" is taken", bad[i]);
        }
    }
    memset(long_one, 'a', sizeof long_one - 1);
    memcpy(long_one, "/vcek/v1/", 9);
    long_one[sizeof long_one - 1] = '\0';
    assert_false(depot_locate_path(&location, long_one));
    long_one[sizeof long_one - 2] = '\0';
    assert_true(depot_locate_path(&location, long_one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_ends_soon_is_renewed_before_anybody_wants_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_renewal_is_not_kept_before_it_was_found_good, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_ended_meanwhile_is_fetched_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_ended_and_is_gone_is_let_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_is_due_is_looked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_says_another_path_than_its_name_is_let_be,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_the_word_nothing_is_asked_before_it_is_wanted,
                                        set_up, tear_down),
        cmocka_unit_test(only_paths_of_collateral_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
