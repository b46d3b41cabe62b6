/* SPDX-License-Identifier: Apache-2.0 */
/* What libpq is told: the operator's URI, and safe values for what it leaves open. */
#include "suite.h"

#include <stdio.h>

#ifdef STORE_HAS_POSTGRES
#include "store/postgres/connection.h"

static struct store_postgres_options options;

static int forget(void **state)
{
    (void)state;
    store_postgres_options_cleanup(&options);
    store_postgres_options_cleanup(&options); /* the zero state is safe */
    return 0;
}

/* told gives the value of a keyword that stands there once; NULL for one that does not. */
static const char *told(const char *keyword)
{
    const char *value = NULL;
    for (size_t i = 0; options.keywords[i] != NULL; i++) {
        if (strcmp(options.keywords[i], keyword) == 0) {
            assert_null(value);
            value = options.values[i];
        }
    }
    return value;
}

static void read_uri(const char *uri)
{
    (void)forget(NULL);
    assert_err(store_postgres_options_read(&options, uri, 5000, NULL), OK);
}

static void server_elsewhere_is_verified_unless_the_uri_says_otherwise(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *sslmode;
    } cases[] = {
        {"postgres://db.example/atls", "verify-full"},
        {"postgresql://u@db.example:5433/atls", "verify-full"},
        {"postgres://192.0.2.1/atls", "verify-full"},
        {"postgres://localhost,db.example/atls", "verify-full"},
        {"postgres://db.example,localhost/atls", "verify-full"},
        {"postgres://localhost.example/atls", "verify-full"},
        {"postgres://localhost/atls?hostaddr=192.0.2.1", "verify-full"},
        {"postgres://db.example/atls?hostaddr=127.0.0.1", "verify-full"},
        {"postgres://db.example/atls?sslmode=disable", "disable"},
        {"postgres://db.example/atls?sslmode=verify-ca", "verify-ca"},
        {"postgres://localhost/atls?sslmode=require", "require"},
        {"postgres://localhost/atls", "prefer"},
        {"postgres://127.0.0.1,[::1]/atls", "prefer"},
        {"postgres:///atls", "prefer"},
        {"postgres:///atls?host=/run/postgresql", "prefer"},
        {"postgres://%2Frun%2Fpostgresql/atls", "prefer"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        read_uri(cases[i].uri);
        assert_string_equal(told("sslmode"), cases[i].sslmode);
    }
}

static void every_wait_has_an_end(void **state)
{
    (void)state;
    read_uri("postgres:///atls?options=-cwork_mem%3D8MB");
    assert_string_equal(told("connect_timeout"), "5");
    assert_string_equal(told("options"),
                        "-cwork_mem=8MB -c statement_timeout=3750 -c lock_timeout=3750"
                        " -c idle_in_transaction_session_timeout=5000 -c synchronous_commit=on"
                        " -c default_transaction_isolation=read\\ committed");
    assert_string_equal(told("target_session_attrs"), "read-write");
    assert_string_equal(told("client_encoding"), "UTF8");
    assert_string_equal(told("dbname"), "atls");
    read_uri("postgres://u:p@h/d?connect_timeout=9&application_name=mine");
    assert_string_equal(told("connect_timeout"), "9");
    assert_string_equal(told("application_name"), "mine");
    assert_string_equal(told("password"), "p");
    static const char *const endless[] = {"0", "-1", "61", "soon"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(endless); i++) {
        char uri[64];
        snprintf(uri, sizeof uri, "postgres:///d?connect_timeout=%s", endless[i]);
        read_uri(uri);
        assert_string_equal(told("connect_timeout"), "5");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(server_elsewhere_is_verified_unless_the_uri_says_otherwise,
                                  forget),
        cmocka_unit_test_teardown(every_wait_has_an_end, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    printf("skipped: the store in PostgreSQL, for libpq is not installed\n");
    return 77;
}
#endif
