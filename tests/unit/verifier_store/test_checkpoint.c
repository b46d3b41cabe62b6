/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a SQLite file goes into the file while the store is open, and begins anew. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MIB = 1 << 20,
    LARGE = 3 * MIB, /* one endorsement */
    LARGE_ROUND = 6, /* of them fill a log from which on it is brought in */
    NUM_ROUNDS = 3,
    WAIT_S = 120 /* nothing but a store that never does it takes so long */
};

static off_t size_of(const char *ending)
{
    char path[160];
    struct stat found;
    snprintf(path, sizeof path, "%s%s", suite.file, ending);
    return stat(path, &found) == 0 ? found.st_size : 0;
}

static void put_large(struct verifier_store *store, char *content, unsigned number)
{
    char id[16];
    snprintf(id, sizeof id, "large%u", number);
    content[0] = (char)('a' + number);
    assert_err(suite_put(store, id, 1, content, NULL), OK);
}

/* until_file_has makes small commits until the file has grown to `octets`. */
static void until_file_has(struct verifier_store *store, off_t octets)
{
    static unsigned number;
    for (int i = 0; size_of("") < octets && i < 100 * WAIT_S; i++) {
        char id[16];
        snprintf(id, sizeof id, "small%u", number++);
        assert_err(suite_create(store, id, NULL), OK);
        usleep(10000);
    }
    assert_true(size_of("") >= octets);
}

static void the_log_is_brought_in_and_begins_anew(void **state)
{
    (void)state;
    struct verifier_store_config config = suite_config();
    char *content = calloc(1, LARGE + 1);
    config.max_sessions = 100000;
    config.max_endorsements = 100;
    struct verifier_store *store = suite_another(&config);
    assert_non_null(content);
    memset(content, 'x', LARGE);
    for (unsigned round = 0; round < NUM_ROUNDS; round++) {
        for (unsigned i = 0; i < LARGE_ROUND; i++) {
            put_large(store, content, round * LARGE_ROUND + i);
        }
        until_file_has(store, (off_t)(round + 1) * (LARGE_ROUND - 1) * LARGE);
    }
    /* what the log of two rounds would have, of three that it had */
    assert_true(size_of("-wal") > 0);
    assert_true(size_of("-wal") < (off_t)2 * LARGE_ROUND * LARGE);
    free(content);
    verifier_store_close(store);
    assert_int_equal(size_of("-wal"), 0); /* the last one leaves none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_brought_in_and_begins_anew),
    };
    return suite_sqlite_main(tests);
}
