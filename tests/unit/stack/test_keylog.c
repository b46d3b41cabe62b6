/* SPDX-License-Identifier: Apache-2.0 */
/* The key log: complete lines, for its owner alone. */
#include "support/pair.h"

#include "atls/sim.h"
#include "support/file.h"

#include <openssl/err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_world *world;
static char folder[] = "/tmp/atls-keylog-XXXXXX";
static char path[64], second_path[64];

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keys", folder);
    snprintf(second_path, sizeof second_path, "%s/other", folder);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    unlink(path);
    unlink(second_path);
    return 0;
}

static int stop(void **state)
{
    forget(state);
    rmdir(folder);
    return 0;
}

static SSL_CTX *new_ctx(void)
{
    return test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
}

static void shake_once(SSL_CTX *server)
{
    SSL_CTX *client =
        test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    test_pair_free(&pair);
    SSL_CTX_free(client);
}

static unsigned count_lines(const char *start_of_line)
{
    unsigned count = 0;
    const char *text = test_text_file(path);
    const size_t len = strlen(start_of_line);
    for (const char *line = text; *line != '\0';) {
        count += strncmp(line, start_of_line, len) == 0;
        const char *end = strchr(line, '\n');
        assert_non_null(end); /* each line is whole */
        line = end + 1;
    }
    return count;
}

static void secrets_of_each_connection_are_appended_to_a_file_of_mode_0600(void **state)
{
    (void)state;
    struct stat status;
    SSL_CTX *server = new_ctx();
    assert_err(atls_openssl_keylog(server, path, NULL), OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    shake_once(server);
    shake_once(server);
    SSL_CTX_free(server);
    assert_int_equal(count_lines("CLIENT_HANDSHAKE_TRAFFIC_SECRET "), 2);
    assert_int_equal(count_lines("SERVER_TRAFFIC_SECRET_0 "), 2);
    assert_int_equal(count_lines("EXPORTER_SECRET "), 2);
    server = new_ctx(); /* what is there stays */
    assert_err(atls_openssl_keylog(server, path, NULL), OK);
    shake_once(server);
    SSL_CTX_free(server);
    assert_int_equal(count_lines("EXPORTER_SECRET "), 3);
}

static void assert_refused_file(const char *found)
{
    struct atls_diag diag;
    SSL_CTX *ctx = new_ctx();
    const unsigned files = test_open_files();
    assert_err(atls_openssl_keylog(ctx, path, &diag), FILE);
    assert_string_equal(diag.step, "key log");
    assert_string_equal(diag.claim, path);
    assert_string_equal(diag.found, found);
    assert_int_equal(test_open_files(), files);
    assert_null(SSL_CTX_get_keylog_callback(ctx));
    SSL_CTX_free(ctx);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0604, 0640, 0620, 0666, 0601};
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_refused_file("a file that others can read");
    }
}

static void a_symbolic_link_is_refused(void **state)
{
    (void)state;
    assert_int_equal(symlink(second_path, path), 0);
    assert_refused_file("Too many levels of symbolic links");
    assert_int_equal(access(second_path, F_OK), -1); /* nor was anything made behind it */
}

static void a_fifo_is_refused_without_waiting_for_a_reader(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused_file("No such device or address");
}

static void a_file_of_another_user_is_refused(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
    if (geteuid() != 0 || chown(path, 1234, 1234) != 0) {
        printf("skipped: root alone can give a file away\n");
        skip();
    }
    assert_refused_file("a file of another user");
}

static void a_folder_that_is_not_there_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    SSL_CTX *ctx = new_ctx();
    assert_err(atls_openssl_keylog(ctx, "/nowhere/at/all", &diag), FILE);
    assert_string_equal(test_sentence(&diag),
                        "key log: a file cannot be read or written (/nowhere/at/all: found No such "
                        "file or directory, expected a file to append to)");
    SSL_CTX_free(ctx);
}

static void one_ssl_ctx_has_one_key_log(void **state)
{
    (void)state;
    struct atls_diag diag;
    SSL_CTX *server = new_ctx();
    assert_err(atls_openssl_keylog(server, path, NULL), OK);
    const unsigned files = test_open_files();
    assert_err(atls_openssl_keylog(server, second_path, &diag), STATE);
    assert_string_equal(diag.found, "a key log in use");
    assert_int_equal(test_open_files(), files);
    assert_int_equal(access(second_path, F_OK), -1);
    shake_once(server);
    assert_int_equal(count_lines("EXPORTER_SECRET "), 1);
    SSL_CTX_free(server);
    assert_int_equal(test_open_files(), files - 1);
}

static void a_full_disk_ends_no_connection(void **state)
{
    (void)state;
    SSL_CTX *server = new_ctx();
    assert_err(atls_openssl_keylog(server, path, NULL), OK);
    /* the descriptor that the key log has is the last one */
    const int full = open("/dev/full", O_WRONLY);
    assert_true(full > 0);
    for (int fd = full - 1; fd > 2; fd--) {
        struct stat ours, theirs;
        if (fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino) {
            assert_int_equal(dup2(full, fd), fd);
        }
    }
    shake_once(server);
    assert_int_equal(count_lines("EXPORTER_SECRET "), 0);
    close(full);
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(secrets_of_each_connection_are_appended_to_a_file_of_mode_0600,
                                  forget),
        cmocka_unit_test_teardown(a_file_that_others_can_read_is_refused, forget),
        cmocka_unit_test_teardown(a_symbolic_link_is_refused, forget),
        cmocka_unit_test_teardown(a_fifo_is_refused_without_waiting_for_a_reader, forget),
        cmocka_unit_test_teardown(a_file_of_another_user_is_refused, forget),
        cmocka_unit_test_teardown(a_folder_that_is_not_there_is_refused, forget),
        cmocka_unit_test_teardown(one_ssl_ctx_has_one_key_log, forget),
        cmocka_unit_test_teardown(a_full_disk_ends_no_connection, forget),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
