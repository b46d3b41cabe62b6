/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders: the kind by content, all or nothing. */
#include "samples.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
    size_t num_files;
    const char *files[8];
};

static void make_folder(struct folder *folder)
{
    memset(folder, 0, sizeof *folder);
    snprintf(folder->path, sizeof folder->path, "/tmp/atls-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

/* path_in gives the path of an entry, and remembers it for removal. */
static const char *path_in(struct folder *folder, const char *name)
{
    const struct atls_buf room = test_room(128);
    char *path = (char *)room.data;
    snprintf(path, room.cap, "%s/%s", folder->path, name);
    folder->files[folder->num_files++] = path;
    return path;
}

static void put(struct folder *folder, const char *name, struct atls_bytes content)
{
    FILE *file = fopen(path_in(folder, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content.data, 1, content.len, file), content.len);
    assert_int_equal(fclose(file), 0);
}

static void remove_folder(struct folder *folder)
{
    while (folder->num_files > 0) {
        assert_int_equal(remove(folder->files[--folder->num_files]), 0);
    }
    assert_int_equal(rmdir(folder->path), 0);
}

/* assert_loads loads and gives the number of keys. */
static size_t assert_loads(const char *path)
{
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_endorsements_load_at(set, path, NOW, &diag);
    show(err, &diag);
    assert_err(err, OK);
    const size_t num = atls_endorsements_num_keys(set);
    atls_endorsements_unref(set);
    return num;
}

static void assert_refused(const char *path, const char *sentence)
{
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(atls_endorsements_load_at(set, path, NOW, &diag), ENDORSEMENT);
    assert_says(&diag, sentence);
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    assert_err(atls_endorsements_load_at(set, path, NOW, NULL), ENDORSEMENT);
    atls_endorsements_unref(set);
}

static void a_folder_gives_all_its_files(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "a.corim", kat("psa-good"));
    put(&folder, "no-ending", kat("tpm2-good"));
    put(&folder, ".hidden", kat("old-tpm2-good"));
    assert_int_equal(assert_loads(folder.path), 2);
    remove_folder(&folder);
}

static void the_folder_of_an_identity_is_refused_with_the_file_to_give(void **state)
{
    (void)state;
    struct folder folder;
    struct atls_diag diag;
    struct atls_endorsements *set = new_set();
    make_folder(&folder);
    put(&folder, "attester.json", atls_bytes_text("{}"));
    put(&folder, "endorsement.corim", kat("psa-good"));
    assert_err(atls_endorsements_load_at(set, folder.path, NOW, &diag), ENDORSEMENT);
    assert_non_null(strstr(diag.found, "an identity that keygen made in /tmp/"));
    assert_non_null(strstr(diag.expected, "endorsement.corim in that folder"));
    assert_int_equal(assert_loads(folder.files[1]), 1);
    atls_endorsements_unref(set);
    remove_folder(&folder);
}

static void subfolders_are_left_out_and_links_are_followed(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    assert_int_equal(mkdir(path_in(&folder, "sub"), 0700), 0);
    put(&folder, "sub/bad", atls_bytes_text("not a CoRIM"));
    put(&folder, "psa", kat("psa-good"));
    assert_int_equal(symlink("sub", path_in(&folder, "link-to-folder")), 0);
    assert_int_equal(symlink("psa", path_in(&folder, "link-to-file")), 0);
    assert_int_equal(assert_loads(folder.path), 1);
    remove_folder(&folder);
}

static void one_bad_file_refuses_the_folder_and_names_itself(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "a", kat("psa-good"));
    put(&folder, "b-notes", atls_bytes_text("notes about the endorsements"));
    put(&folder, "c", kat("tpm2-good"));
    assert_refused(folder.path, "something not recognised in ");
    assert_refused(folder.path, "/b-notes");
    remove_folder(&folder);
}

static void a_folder_with_two_keys_for_one_instance_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "a", kat("psa-good"));
    put(&folder, "b", renamed(kat("bad-two-keys-for-one-instance"), "another-file"));
    assert_refused(folder.path, "two for instance 01a0a1a2");
    remove_folder(&folder);
}

static void an_empty_folder_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    assert_refused(folder.path, "found no file in ");
    assert_refused(folder.path, folder.path);
    assert_int_equal(mkdir(path_in(&folder, "sub"), 0700), 0);
    assert_refused(folder.path, "found no file in ");
    remove_folder(&folder);
}

static void what_is_not_a_corim_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *sentence;
    } kinds[] = {
        {"", "found nothing in "},
        {"00", "found something not recognised in "},
        {"d901", "found something not recognised in "},
        {"d901fa40", "found something not recognised in "},
        {"2d2d2d2d2d424547494e", "(PEM: found a block that does not end in "},
        {"7b7d", "(JSON: found another object in "},
        {"5b5d", "found a JSON array in "},
        {"30820100", "(X.509: found something else in "},
        {"d284", "expected --endorsement-key FILE"},
        {"d901f4d901f6", "expected --endorsement-key FILE"},
        {"d901f6", "expected --endorsement-key FILE"},
        {"d901f5", "CoRIM: an endorsement cannot be used (CBOR: found "},
        {"a0", "(CoRIM: found a map in "},
        {"bb", "CoRIM: an endorsement cannot be used (CBOR: found "},
        {"bf", "found something not recognised in "},
    };
    struct folder folder;
    make_folder(&folder);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        put(&folder, "file", test_hex(kinds[i].hex));
        assert_refused(folder.files[0], kinds[i].sentence);
        assert_refused(folder.files[0], "/file");
        folder.num_files = 0;
    }
    folder.num_files = 1;
    remove_folder(&folder);
}

static void what_cannot_be_read_is_an_error_of_files(void **state)
{
    (void)state;
    struct folder folder;
    struct atls_diag diag = {.err = ATLS_OK};
    make_folder(&folder);
    struct atls_endorsements *set = new_set();
    char absent[128];
    snprintf(absent, sizeof absent, "%s/absent", folder.path);
    assert_err(atls_endorsements_load_at(set, absent, NOW, &diag), FILE);
    assert_says(&diag, "No such file");
    assert_says(&diag, "/absent");
    assert_err(atls_endorsements_load_at(set, "", NOW, &diag), FILE);
    /* In a folder, a link that leads nowhere is not left out. */
    put(&folder, "good", kat("psa-good"));
    assert_int_equal(symlink("nowhere", path_in(&folder, "broken")), 0);
    assert_err(atls_endorsements_load_at(set, folder.path, NOW, &diag), FILE);
    assert_says(&diag, "/broken");
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    atls_endorsements_unref(set);
    remove_folder(&folder);
}

static void a_pipe_is_refused_without_waiting(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    assert_int_equal(mkfifo(path_in(&folder, "pipe"), 0600), 0);
    assert_refused(folder.files[0], "neither a file nor a folder");
    assert_refused(folder.path, "neither a file nor a folder");
    assert_refused("/dev/null", "neither a file nor a folder");
    remove_folder(&folder);
}

static void a_file_longer_than_the_limit_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct atls_diag diag = {.err = ATLS_OK};
    make_folder(&folder);
    put(&folder, "long", kat("psa-good"));
    assert_int_equal(truncate(folder.files[0], ATLS_MAX_FILE_LEN + 1), 0);
    struct atls_endorsements *set = new_set();
    assert_err(atls_endorsements_load_at(set, folder.files[0], NOW, &diag), FILE);
    assert_says(&diag, "4194304");
    /* At the limit it is read, and malformed: octets follow the CoRIM. */
    assert_int_equal(truncate(folder.files[0], ATLS_MAX_FILE_LEN), 0);
    assert_err(atls_endorsements_load_at(set, folder.files[0], NOW, &diag), ENDORSEMENT);
    atls_endorsements_unref(set);
    remove_folder(&folder);
}

static void load_takes_the_time_of_the_system(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    assert_err(atls_endorsements_load(set, KAT_FOLDER "/psa-good.cbor", NULL), OK);
    assert_err(atls_endorsements_load(set, KAT_FOLDER "/bad-validity-future.cbor", NULL),
               ENDORSEMENT);
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    atls_endorsements_unref(set);
}

static void a_long_name_shows_its_end(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    char name[301];
    memset(name, 'x', 300);
    memcpy(&name[290], "/the.corim", sizeof "/the.corim");
    assert_err(atls_endorsements_add_corim(set, atls_bytes_text("?"), name, NOW, &diag),
               ENDORSEMENT);
    assert_says(&diag, " in ...xxx");
    assert_says(&diag, "/the.corim");
    atls_endorsements_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_gives_all_its_files),
        cmocka_unit_test(the_folder_of_an_identity_is_refused_with_the_file_to_give),
        cmocka_unit_test(subfolders_are_left_out_and_links_are_followed),
        cmocka_unit_test(one_bad_file_refuses_the_folder_and_names_itself),
        cmocka_unit_test(a_folder_with_two_keys_for_one_instance_is_refused),
        cmocka_unit_test(an_empty_folder_is_refused),
        cmocka_unit_test(what_is_not_a_corim_is_named),
        cmocka_unit_test(what_cannot_be_read_is_an_error_of_files),
        cmocka_unit_test(a_pipe_is_refused_without_waiting),
        cmocka_unit_test(a_file_longer_than_the_limit_is_refused),
        cmocka_unit_test(load_takes_the_time_of_the_system),
        cmocka_unit_test(a_long_name_shows_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
