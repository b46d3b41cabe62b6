/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in which each allocation fails in its turn, ours (linked with --wrap) and SQLite's (by
 * its own hook): MEMORY and untouched outputs, or all is well; and the store goes on afterwards.
 */
#include "support/check.h"
#include "support/folder.h"

#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t countdown; /* 0: never fail */
static bool failed;

static bool is_time(void)
{
    if (countdown != 0 && --countdown == 0) {
        failed = true;
        return true;
    }
    return false;
}

/* The linker gives these their names; the compiler warns about the underscores only. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return is_time() ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
    return is_time() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_time() ? NULL : __real_realloc(old, size);
}

/* SQLite finds these before libc's: thousands of commits need not wait for a disk here. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

__attribute__((visibility("default"))) int fsync(int fd)
{
    (void)fd;
    return 0;
}

static sqlite3_mem_methods real;

static void *sqlite_malloc(int size)
{
    return is_time() ? NULL : real.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
    return is_time() ? NULL : real.xRealloc(old, size);
}

static char folder[64], uri[128];
static unsigned serial;

/* use does one of everything, with ids that were not used yet; it stops at the first failure. */
static enum atls_err use(struct verifier_store *store, const char *id, struct atls_diag *diag)
{
    static const char *const accept[] = {"a/b", "c/d"};
    const struct verifier_session_new session = {.id = id,
                                                 .nonce = atls_bytes_text("0123456789abcdef"),
                                                 .accept = accept,
                                                 .num_accept = 2,
                                                 .ttl_ms = 60000};
    const struct verifier_endorsement_new endorsement = {.id = atls_bytes_text(id),
                                                         .version = 1,
                                                         .media_type = "a/b",
                                                         .profile = "",
                                                         .submitter = "",
                                                         .content = atls_bytes_text("content")};
    const struct verifier_submission_new submission = {
        .id = id, .media_type = "a/b", .submitter = "", .ttl_ms = 60000};
    struct verifier_session found = {.memory = NULL};
    struct verifier_endorsement listed = {.memory = NULL};
    struct verifier_claim claim = {.number = 0};
    int64_t expiry_ms = 0;
    bool is_found = false;
    enum atls_err err = verifier_session_create(store, &expiry_ms, &session, diag);
    if (err == ATLS_OK) {
        err = verifier_session_submit(store, &claim, id, "a/b", atls_bytes_text("e"), 60000, diag);
    }
    if (err == ATLS_OK) {
        err = verifier_session_complete(store, &claim, atls_bytes_text("r"), diag);
    }
    if (err == ATLS_OK) {
        err = verifier_session_get(store, &found, id, diag);
        assert_int_equal(err == ATLS_OK, found.memory != NULL);
    }
    if (err == ATLS_OK) {
        err = verifier_submission_create(store, &expiry_ms, &submission, diag);
    }
    if (err == ATLS_OK) {
        err = verifier_endorsement_put(store, NULL, id, &endorsement, diag);
    }
    if (err == ATLS_OK) {
        err = verifier_endorsement_next(store, &is_found, &listed, 0, true, diag);
        assert_int_equal(err == ATLS_OK, listed.memory != NULL); /* outputs are untouched */
    }
    if (err == ATLS_OK) {
        err = verifier_session_delete(store, id, diag);
    }
    verifier_session_cleanup(&found);
    verifier_endorsement_cleanup(&listed);
    return err;
}

static void next_id(char out[16])
{
    snprintf(out, 16, "s%u", serial++);
}

/* check holds an answer against the failure that was made. */
static void check(enum atls_err err, const struct atls_diag *diag)
{
    if (err != ATLS_OK) {
        assert_true(failed);
        assert_err(err, MEMORY);
        assert_err(diag->err, MEMORY);
    }
}

static void opening_fails_cleanly(void **state)
{
    (void)state;
    const struct verifier_store_config config = {.connections = 2};
    size_t failures = 0;
    failed = true;
    for (size_t at = 1; failed; at++) {
        struct verifier_store *store = NULL;
        struct atls_diag diag;
        assert_true(at < 20000);
        failed = false;
        countdown = at;
        const enum atls_err err = verifier_store_open(&store, uri, &config, &diag);
        countdown = 0;
        check(err, &diag);
        assert_int_equal(err == ATLS_OK, store != NULL);
        failures += err != ATLS_OK ? 1 : 0;
        verifier_store_close(store);
    }
    assert_true(failures > 20);
}

static void calls_fail_cleanly_and_the_store_goes_on(void **state)
{
    (void)state;
    const struct verifier_store_config config = {.connections = 2};
    size_t failures = 0;
    char id[16];
    failed = true;
    for (size_t at = 1; failed; at++) {
        struct verifier_store *store = NULL;
        struct atls_diag diag;
        assert_true(at < 20000);
        assert_err(verifier_store_open(&store, uri, &config, NULL), OK);
        failed = false;
        countdown = at;
        next_id(id);
        const enum atls_err err = use(store, id, &diag);
        countdown = 0;
        check(err, &diag);
        failures += err != ATLS_OK ? 1 : 0;
        next_id(id);
        assert_err(use(store, id, NULL), OK);
        verifier_store_close(store);
    }
    assert_true(failures > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_fails_cleanly),
        cmocka_unit_test(calls_fail_cleanly_and_the_store_goes_on),
    };
    test_folder_make(folder, sizeof folder, "store");
    snprintf(uri, sizeof uri, "sqlite:%s/store.db", folder);
    sqlite3_mem_methods mine;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) {
        return 1;
    }
    mine = real;
    mine.xMalloc = sqlite_malloc;
    mine.xRealloc = sqlite_realloc;
    /* without its cache of small blocks, each allocation is one */
    if (sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) != SQLITE_OK) {
        return 1;
    }
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove(folder);
    return failures;
}
