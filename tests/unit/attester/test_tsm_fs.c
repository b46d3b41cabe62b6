/* SPDX-License-Identifier: Apache-2.0 */
/* The table for the kernel's files, on ordinary ones: what it opens, how far it reads, what it
 * says. */
#include "attester/tsm/fs.h"

#include "support/check.h"
#include "support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[64];
    char path[96];
};

static struct place place_of(const char *name)
{
    struct place place;
    test_folder_make(place.folder, sizeof place.folder, "tsm");
    (void)snprintf(place.path, sizeof place.path, "%s/%s", place.folder, name);
    return place;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

static int read_up_to(const char *path, size_t cap, char out[16], size_t *len)
{
    const struct atls_buf room = {(uint8_t *)out, cap};
    *len = 99;
    return atls_tsm_linux.read(NULL, path, room, len);
}

static void files_are_read_to_their_end_and_no_further_than_the_room(void **state)
{
    (void)state;
    const struct place place = place_of("outblob");
    char out[16] = "";
    size_t len;
    put(place.path, "12345678");
    assert_int_equal(read_up_to(place.path, 9, out, &len), 0);
    assert_text(atls_bytes_of(out, len), "12345678");
    assert_int_equal(read_up_to(place.path, 8, out, &len), 0);
    assert_int_equal(len, 8);
    assert_int_equal(read_up_to(place.path, 7, out, &len), EFBIG);
    assert_int_equal(len, 99);
    put(place.path, "");
    assert_int_equal(read_up_to(place.path, 8, out, &len), 0);
    assert_int_equal(len, 0);
    test_folder_remove(place.folder);
}

static void what_cannot_be_read_or_written_says_why(void **state)
{
    (void)state;
    const struct place place = place_of("inblob");
    char out[16];
    size_t len;
    const struct atls_bytes value = atls_bytes_text("value");
    assert_int_equal(read_up_to(place.path, 8, out, &len), ENOENT);
    assert_int_equal(atls_tsm_linux.write(NULL, place.path, value), ENOENT); /* it makes none */
    assert_int_equal(read_up_to(place.folder, 8, out, &len), EISDIR);
    assert_int_equal(symlink("/dev/null", place.path), 0);
    assert_int_equal(read_up_to(place.path, 8, out, &len), ELOOP);
    assert_int_equal(atls_tsm_linux.write(NULL, place.path, value), ELOOP);
    test_folder_remove(place.folder);
}

static void a_value_is_written_whole(void **state)
{
    (void)state;
    const struct place place = place_of("inblob");
    char out[16];
    size_t len;
    put(place.path, "");
    assert_int_equal(atls_tsm_linux.write(NULL, place.path, atls_bytes_text("value")), 0);
    assert_int_equal(read_up_to(place.path, 16, out, &len), 0);
    assert_text(atls_bytes_of(out, len), "value");
    /* a device that takes nothing */
    assert_int_equal(atls_tsm_linux.write(NULL, "/dev/full", atls_bytes_text("value")), ENOSPC);
    test_folder_remove(place.folder);
}

static void objects_are_folders_for_their_maker_alone(void **state)
{
    (void)state;
    const struct place place = place_of("object");
    struct stat about;
    assert_int_equal(atls_tsm_linux.make(NULL, place.path), 0);
    assert_int_equal(stat(place.path, &about), 0);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(about.st_mode & 077, 0);
    assert_int_equal(atls_tsm_linux.make(NULL, place.path), EEXIST);
    assert_int_equal(atls_tsm_linux.remove(NULL, place.path), 0);
    assert_int_equal(atls_tsm_linux.remove(NULL, place.path), ENOENT);
    test_folder_remove(place.folder);
}

static void no_descriptor_stays_open(void **state)
{
    (void)state;
    const struct place place = place_of("inblob");
    char out[16];
    size_t len;
    put(place.path, "12345678");
    const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    assert_int_equal(read_up_to(place.path, 4, out, &len), EFBIG);
    assert_int_equal(read_up_to(place.folder, 8, out, &len), EISDIR);
    assert_int_equal(atls_tsm_linux.write(NULL, place.path, atls_bytes_text("v")), 0);
    assert_int_equal(atls_tsm_linux.write(NULL, "/dev/full", atls_bytes_text("v")), ENOSPC);
    const int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    assert_int_equal(after, before);
    test_folder_remove(place.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_to_their_end_and_no_further_than_the_room),
        cmocka_unit_test(what_cannot_be_read_or_written_says_why),
        cmocka_unit_test(a_value_is_written_whole),
        cmocka_unit_test(objects_are_folders_for_their_maker_alone),
        cmocka_unit_test(no_descriptor_stays_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
