/* SPDX-License-Identifier: Apache-2.0 */
#include "json/file.h"

#include "support/check.h"
#include "support/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/atls-file-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *content, enum atls_file_kind kind)
{
    assert_err(atls_file_write(path, atls_bytes_text(content), kind, NULL), OK);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t len = 0;
    write_file("content", ATLS_FILE_PUBLIC);
    assert_err(atls_file_read(&data, &len, path, 7, NULL), OK);
    assert_text(atls_bytes_of(data, len), "content");
    assert_int_equal(data[len], '\0');
    atls_file_free(data, len);
    write_file("", ATLS_FILE_PUBLIC);
    assert_err(atls_file_read(&data, &len, path, 7, NULL), OK);
    assert_int_equal(len, 0);
    atls_file_free(data, len);
    atls_file_free(NULL, 0);
}

static void a_longer_file_than_allowed_is_refused(void **state)
{
    (void)state;
    uint8_t *data = (uint8_t *)0x10;
    size_t len = 77;
    struct atls_diag diag = {0};
    write_file("content", ATLS_FILE_PUBLIC);
    assert_err(atls_file_read(&data, &len, path, 6, &diag), FILE);
    assert_ptr_equal(data, (uint8_t *)0x10);
    assert_int_equal(len, 77);
    assert_string_equal(diag.expected, "at most 6 octets");
    /* A file without an end is refused too, in bounded memory. */
    assert_err(atls_file_read(&data, &len, "/dev/zero", 100000, &diag), FILE);
    assert_int_equal(len, 77);
}

static void a_large_file_is_read_whole(void **state)
{
    (void)state;
    const struct atls_buf big = test_room(100000);
    uint8_t *data = NULL;
    size_t len = 0;
    for (size_t i = 0; i < big.cap; i++) {
        big.data[i] = (uint8_t)(i * 7 + i / 256);
    }
    const struct atls_bytes content = atls_bytes_of(big.data, big.cap);
    assert_err(atls_file_write(path, content, ATLS_FILE_PUBLIC, NULL), OK);
    assert_err(atls_file_read(&data, &len, path, big.cap, NULL), OK);
    assert_bytes(atls_bytes_of(data, len), content);
    atls_file_free(data, len);
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    int ends[2];
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    close(ends[1]);
    assert_err(atls_file_read_fd(&data, &len, ends[0], "pipe", 10, NULL), OK);
    close(ends[0]);
    assert_text(atls_bytes_of(data, len), "ab");
    atls_file_free(data, len);
}

/* An operator's list replaced by a FIFO must not hold up the server that reads it again. */
static void a_fifo_that_nobody_writes_to_is_empty(void **state)
{
    (void)state;
    uint8_t *read = NULL;
    size_t len = 1;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(120);
    assert_err(atls_file_read(&read, &len, path, 100, NULL), OK);
    alarm(0);
    assert_int_equal(len, 0);
    atls_file_free(read, len);
    assert_int_equal(unlink(path), 0);
}

static void a_file_that_cannot_be_read_is_named_with_the_reason(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t len = 0;
    struct atls_diag diag = {0};
    assert_err(atls_file_read(&data, &len, "/nonexistent/file", 10, &diag), FILE);
    assert_string_equal(diag.claim, "/nonexistent/file");
    assert_string_equal(diag.found, "No such file or directory");
    assert_err(atls_file_read(&data, &len, folder, 10, &diag), FILE);
    assert_null(data);
}

static mode_t mode_of(const char *name)
{
    struct stat info;
    assert_int_equal(stat(name, &info), 0);
    return info.st_mode & 0777;
}

static void a_file_has_the_mode_of_its_kind_whatever_the_umask(void **state)
{
    (void)state;
    const mode_t before = umask(0);
    write_file("public", ATLS_FILE_PUBLIC);
    assert_int_equal(mode_of(path), 0644);
    write_file("secret", ATLS_FILE_SECRET);
    assert_int_equal(mode_of(path), 0600);
    umask(077);
    write_file("public", ATLS_FILE_PUBLIC);
    assert_int_equal(mode_of(path), 0644);
    umask(before);
}

static size_t files_in_folder(void)
{
    size_t count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        count += entry->d_name[0] != '.';
    }
    closedir(listing);
    return count;
}

static void a_write_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    struct atls_diag diag = {0};
    char inside[128];
    write_file("old", ATLS_FILE_PUBLIC);
    assert_err(atls_file_write("/nonexistent/file", atls_bytes_text("x"), ATLS_FILE_PUBLIC, &diag),
               FILE);
    assert_string_equal(diag.step, "writing");
    /* The target is a folder: the rename fails after the file beside it was written. */
    snprintf(inside, sizeof inside, "%s/target", folder);
    assert_int_equal(mkdir(inside, 0700), 0);
    assert_err(atls_file_write(inside, atls_bytes_text("x"), ATLS_FILE_PUBLIC, &diag), FILE);
    assert_int_equal(rmdir(inside), 0);
    assert_int_equal(files_in_folder(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_longer_file_than_allowed_is_refused),
        cmocka_unit_test(a_large_file_is_read_whole),
        cmocka_unit_test(a_pipe_is_read_to_its_end),
        cmocka_unit_test(a_fifo_that_nobody_writes_to_is_empty),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named_with_the_reason),
        cmocka_unit_test(a_file_has_the_mode_of_its_kind_whatever_the_umask),
        cmocka_unit_test(a_write_that_fails_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
