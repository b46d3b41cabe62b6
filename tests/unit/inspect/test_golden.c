/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of tests/kat/inspect: what is said about each, octet by octet. */
#include "inspect_test.h"

#include <dirent.h>

/* compare holds the text against NAME.txt and shows the first line that differs. */
static void compare(const char *name, const char *found, const char *expected)
{
    size_t line = 1;
    size_t start = 0;
    size_t i = 0;
    for (; found[i] != '\0' && found[i] == expected[i]; i++) {
        if (found[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    if (found[i] == expected[i]) {
        return;
    }
    const size_t found_len = strcspn(&found[start], "\n");
    const size_t expected_len = strcspn(&expected[start], "\n");
    print_error("%s, line %zu\nfound:    %.*s\nexpected: %.*s\n", name, line, (int)found_len,
                &found[start], (int)expected_len, &expected[start]);
    fail();
}

static void check_sample(const char *name)
{
    char path[300];
    struct said said;
    (void)snprintf(path, sizeof path, "%s%s.txt", KAT(""), name);
    const char *expected = test_text_file(path);
    (void)snprintf(path, sizeof path, "%s%s", KAT(""), name);
    say(&said, test_file(path));
    compare(name, said.text, expected);
    free(said.text);
}

static void each_sample_is_explained_as_written_down(void **state)
{
    DIR *folder = opendir(KAT(""));
    const struct dirent *entry = NULL;
    size_t count = 0;
    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        const size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(&entry->d_name[len - 4], ".txt") == 0) {
            char name[256];
            (void)snprintf(name, sizeof name, "%.*s", (int)(len - 4), entry->d_name);
            check_sample(name);
            count++;
        }
    }
    closedir(folder);
    assert_true(count > 60);
}

static void no_sample_shows_a_private_part(void **state)
{
    static const char *const samples[] = {
        KAT("keys.pem"),      KAT("jwk-set.json"), KAT("cose-key.cbor"), KAT("cose-key-wrong.cbor"),
        KAT("attester.json"),
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(samples); i++) {
        struct said said;
        say(&said, test_file(samples[i]));
        assert_null(strstr(said.text, "a5a5a5a5"));
        assert_null(strstr(said.text, "paWlpaWl"));
        assert_non_null(strstr(said.text, "secret"));
        free(said.text);
    }
}

/* Lines of the examples that begin with an offset stand in what is printed. */
static void the_documentation_shows_what_is_printed(void **state)
{
    const char *page = test_text_file(TEST_SOURCE_DIR "/docs/inspect.md");
    const char *whole = test_text_file(KAT("psa-token.cbor.txt"));
    const char *cut = test_text_file(KAT("psa-cut.cbor.txt"));
    size_t count = 0;
    (void)state;
    for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const size_t len = strcspn(line, "\n");
        const size_t blanks = strspn(line, " ");
        if (blanks < 4 || len < 12 || strchr("0123456789!", line[blanks]) == NULL) {
            continue;
        }
        char text[400];
        (void)snprintf(text, sizeof text, "\n%.*s\n", (int)len, line);
        if (strstr(whole, text) == NULL && strstr(cut, text) == NULL) {
            print_error("docs/inspect.md has a line that is not printed:%s", text);
            fail();
        }
        count++;
    }
    assert_true(count > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_is_explained_as_written_down),
        cmocka_unit_test(no_sample_shows_a_private_part),
        cmocka_unit_test(the_documentation_shows_what_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
