/* SPDX-License-Identifier: Apache-2.0 */
/* What the depot keeps on disk, and what it makes of what it finds there. */
#include "depot_test.h"

#include "json/file.h"

#include <dirent.h>
#include <sys/stat.h>

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    test_folder_make(folder, sizeof folder, "depot");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

/* only_file gives the one file of the folder; false when there is none. */
static bool only_file(char path[400])
{
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    unsigned num = 0;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(path, 400, "%s/%s", folder, entry->d_name);
            num++;
        }
    }
    closedir(dir);
    assert_true(num <= 1);
    return num == 1;
}

/* keep fetches a list that ends then, and gives it back. */
static void keep(enum atls_lease_end end, int64_t end_s)
{
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    reset(gives(list_until(end_s)), says(404));
    struct atls_depot *depot = depot_of(folder, 1);
    assert_err(obtain(depot, &lease, &wanted), OK);
    atls_depot_give_back(depot, lease, end);
    atls_depot_close(depot);
}

/* offline asks a new depot without servers for a product's list. */
static enum atls_err offline(const char *product)
{
    const struct atls_collateral_wanted wanted = list_of(product);
    struct atls_lease *lease = NULL;
    struct atls_depot *depot = depot_of(folder, 0);
    assert_false(atls_depot_asks(depot));
    const enum atls_err err = obtain(depot, &lease, &wanted);
    if (err == ATLS_OK) {
        assert_true(atls_collateral_end(atls_lease_bag(lease)) >= NOW);
    }
    atls_depot_give_back(depot, lease, ATLS_LEASE_UNKNOWN);
    atls_depot_close(depot);
    return err;
}

static void what_was_found_good_is_there_without_a_server(void **state)
{
    (void)state;
    char path[400];
    struct stat status;
    assert_err(offline("Milan"), COLLATERAL);
    keep(ATLS_LEASE_GOOD, NOW + TEST_DAY);
    assert_true(only_file(path));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_err(offline("Milan"), OK);
    assert_err(offline("Genoa"), COLLATERAL);
    /* Until it ends, and then it is removed. */
    set_now(NOW + TEST_DAY + 1);
    assert_err(offline("Milan"), COLLATERAL);
    assert_false(only_file(path));
}

static void what_was_not_found_good_is_not_kept(void **state)
{
    (void)state;
    char path[400];
    keep(ATLS_LEASE_UNKNOWN, NOW + TEST_DAY);
    assert_false(only_file(path));
    keep(ATLS_LEASE_BAD, NOW + TEST_DAY);
    assert_false(only_file(path));
}

static void for_what_turns_out_bad_a_newer_one_is_asked_for_once(void **state)
{
    (void)state;
    char path[400];
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    keep(ATLS_LEASE_GOOD, NOW + TEST_DAY);
    reset(gives(list_until(NOW + TEST_DAY)), says(404));
    struct atls_depot *depot = depot_of(folder, 1);
    assert_err(obtain(depot, &lease, &wanted), OK);
    assert_int_equal(asked(), 0); /* from the folder */
    const uint64_t old = atls_lease_number(lease);
    atls_depot_give_back(depot, lease, ATLS_LEASE_BAD);
    assert_err(obtain(depot, &lease, &wanted), OK);
    assert_int_equal(asked(), 1);
    assert_int_not_equal(atls_lease_number(lease), old);
    /* The newer one is no better. The old one is still there, for whom it may be good. */
    atls_depot_give_back(depot, lease, ATLS_LEASE_BAD);
    assert_err(obtain(depot, &lease, &wanted), OK);
    assert_int_equal(asked(), 1);
    assert_int_equal(atls_lease_number(lease), old);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    assert_true(only_file(path));
    atls_depot_close(depot);
}

static void spoilt_files_are_removed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "{\"version\":2,\"path\":\"/vcek/v1/Milan/crl\",\"fetched\":\"2026-07-15T00:00:00Z\","
        "\"chain\":\"\",\"body\":\"\"}",
        "{\"version\":1,\"path\":\"/vcek/v1/Milan/crl\",\"fetched\":\"2026-07-15T00:00:00Z\","
        "\"chain\":\"\",\"body\":\"AAAA\"}",
        "{\"version\":1,\"path\":\"/vcek/v1/Milan/crl\",\"fetched\":\"2026-07-15T00:00:00Z\","
        "\"chain\":\"\",\"body\":\"A\"}",
        "{\"version\":1,\"path\":\"/vcek/v1/Milan/crl\",\"fetched\":\"never\",\"chain\":\"\","
        "\"body\":\"AAAA\"}"};
    char path[400];
    keep(ATLS_LEASE_GOOD, NOW + TEST_DAY);
    assert_true(only_file(path));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_err(atls_file_write(path, atls_bytes_text(bad[i]), ATLS_FILE_SECRET, NULL), OK);
        assert_err(offline("Milan"), COLLATERAL);
        assert_false(only_file(path));
    }
}

static void a_file_stands_for_its_own_path_only(void **state)
{
    (void)state;
    char from[400];
    char to[400];
    keep(ATLS_LEASE_GOOD, NOW + TEST_DAY);
    assert_true(only_file(from));
    /* The name that the list of another product would have. */
    const struct atls_collateral_wanted wanted = list_of("Genoa");
    struct atls_lease *lease = NULL;
    char kept[400];
    snprintf(kept, sizeof kept, "%s.aside", folder);
    assert_int_equal(rename(from, kept), 0);
    struct atls_depot *depot = depot_of(folder, 1);
    assert_err(obtain(depot, &lease, &wanted), OK);
    atls_depot_give_back(depot, lease, ATLS_LEASE_GOOD);
    atls_depot_close(depot);
    assert_true(only_file(to));
    assert_int_equal(rename(kept, to), 0);
    assert_err(offline("Genoa"), COLLATERAL);
    assert_false(only_file(to));
}

static void files_of_the_operator_are_loaded_or_refused(void **state)
{
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/list.der", folder);
    assert_err(atls_file_write(path, list_until(NOW + TEST_DAY), ATLS_FILE_PUBLIC, NULL), OK);
    struct atls_depot *depot = depot_of(folder, 0);
    assert_non_null(atls_depot_loaded(depot));
    assert_int_equal(atls_collateral_end(atls_depot_loaded(depot)), NOW + TEST_DAY);
    atls_depot_close(depot);
    assert_err(atls_file_write(path, atls_bytes_text("hello"), ATLS_FILE_PUBLIC, NULL), OK);
    const struct atls_depot_options options = {.folder = folder, .now_s = now_of};
    depot = NULL;
    assert_err(atls_depot_open(&depot, &options, &diag), ENDORSEMENT);
    assert_non_null(strstr(diag.found, "list.der"));
    assert_null(depot);
}

static void a_folder_is_made_where_there_is_none(void **state)
{
    (void)state;
    char path[400];
    struct stat status;
    snprintf(path, sizeof path, "%s/new", folder);
    struct atls_depot_options options = {.folder = path, .now_s = now_of};
    struct atls_depot *depot = NULL;
    assert_err(atls_depot_open(&depot, &options, &diag), OK);
    atls_depot_close(depot);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    options.folder = "/dev/null";
    assert_err(atls_depot_open(&depot, &options, &diag), FILE);
    options.folder = "/nowhere/at/all";
    assert_err(atls_depot_open(&depot, &options, &diag), FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_found_good_is_there_without_a_server, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_found_good_is_not_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(for_what_turns_out_bad_a_newer_one_is_asked_for_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(spoilt_files_are_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_stands_for_its_own_path_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_of_the_operator_are_loaded_or_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_is_made_where_there_is_none, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
