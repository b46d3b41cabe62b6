/* SPDX-License-Identifier: Apache-2.0 */
/* tests/kat/corim/cases.txt, line by line: what is accepted with what in it, and what is refused
 * with which sentence. */
#include "samples.h"

#include "endorsement/statement.h"

#include <dirent.h>
#include <stdlib.h>

struct one_case {
    char name[120];
    char expect[200];
};

/* take_line copies what follows `label` on a line, when it starts so. */
static void take_line(const char *line, size_t len, const char *label, char *out, size_t cap)
{
    const size_t label_len = strlen(label);
    if (len < label_len || memcmp(line, label, label_len) != 0) {
        return;
    }
    assert_true(len - label_len < cap);
    memcpy(out, &line[label_len], len - label_len);
    out[len - label_len] = '\0';
}

typedef void case_fn(const struct one_case *one);

/* each_case gives the number of cases. */
static size_t each_case(case_fn *fn)
{
    const char *text = test_text_file(KAT_FOLDER "/cases.txt");
    struct one_case one = {"", ""};
    size_t num = 0;
    while (*text != '\0') {
        const size_t len = strcspn(text, "\n");
        take_line(text, len, "name: ", one.name, sizeof one.name);
        take_line(text, len, "expect: ", one.expect, sizeof one.expect);
        text += len + (text[len] == '\n');
        if (one.expect[0] != '\0') {
            fn(&one);
            num++;
            one.expect[0] = '\0';
        }
    }
    return num;
}

/* load gives the error of loading one file by its path, and what came of it. */
static enum atls_err load(const char *name, struct atls_endorsements *set, struct atls_diag *diag)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s.cbor", KAT_FOLDER, name);
    return atls_endorsements_load_at(set, path, NOW, diag);
}

/* check_note: what the file holds without effect is said, and only where the case expects it. */
static void check_note(const struct one_case *one, const struct atls_endorsements *set)
{
    static const char label[] = "note: ";
    const char *expected = strstr(one->expect, label);
    size_t cursor = 0;
    bool found = expected == NULL;
    const char *note;
    while ((note = atls_endorsements_next_note(set, &cursor)) != NULL) {
        assert_non_null(strstr(note, one->name)); /* the file */
        found = found || strstr(note, &expected[sizeof label - 1]) != NULL;
    }
    if (!found) {
        print_message("%s: %zu other notes\n", one->name, cursor);
    }
    assert_true(found);
}

static void check_kept(const struct one_case *one, const struct atls_endorsements *set)
{
    unsigned statements = 0;
    unsigned authorities = 0;
    const char *kept = strstr(one->expect, "statements");
    if (kept != NULL) {
        assert_int_equal(sscanf(kept, "statements %u, authorities %u", &statements, &authorities),
                         2);
    }
    assert_int_equal(atls_endorsements_num_statements(set), statements);
    assert_int_equal(atls_endorsements_num_authorities(set), authorities);
}

static void check_good(const struct one_case *one)
{
    unsigned keys = 0;
    unsigned references = 0;
    if (strstr(one->name, "good") == NULL) {
        return;
    }
    assert_int_equal(sscanf(one->expect, "keys %u, references %u", &keys, &references), 2);
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = load(one->name, set, &diag);
    if (err != ATLS_OK) {
        print_message("%s\n", one->name);
    }
    show(err, &diag);
    assert_err(err, OK);
    assert_int_equal(atls_endorsements_num_keys(set), keys);
    assert_int_equal(atls_endorsements_num_references(set), references);
    check_kept(one, set);
    check_note(one, set);
    atls_endorsements_unref(set);
}

static void check_bad(const struct one_case *one)
{
    if (strstr(one->name, "good") != NULL) {
        return;
    }
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = load(one->name, set, &diag);
    if (err != ATLS_ERR_ENDORSEMENT) {
        print_message("%s\n", one->name);
    }
    assert_err(err, ENDORSEMENT);
    assert_err(diag.err, ENDORSEMENT);
    assert_says(&diag, one->expect);
    assert_says(&diag, one->name); /* the file */
    assert_true(diag.found[0] != '\0');
    assert_true(diag.expected[0] != '\0');
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    assert_int_equal(atls_endorsements_num_references(set), 0);
    assert_int_equal(atls_endorsements_num_statements(set), 0);
    assert_int_equal(atls_endorsements_num_authorities(set), 0);
    /* Without a diag it is refused just so. */
    assert_err(load(one->name, set, NULL), ENDORSEMENT);
    atls_endorsements_unref(set);
}

static void each_good_file_holds_what_its_case_says(void **state)
{
    (void)state;
    assert_true(each_case(check_good) > 30);
}

static void each_bad_file_is_refused_with_its_own_sentence(void **state)
{
    (void)state;
    assert_true(each_case(check_bad) > 250);
}

static void count_nothing(const struct one_case *one)
{
    (void)one;
}

static int is_cbor(const struct dirent *entry)
{
    return strstr(entry->d_name, ".cbor") != NULL;
}

static void each_file_of_the_folder_has_a_case(void **state)
{
    (void)state;
    struct dirent **entries = NULL;
    const int num = scandir(KAT_FOLDER, &entries, is_cbor, NULL);
    assert_true(num >= 0);
    for (int i = 0; i < num; i++) {
        free(entries[i]);
    }
    free(entries);
    assert_int_equal((size_t)num, each_case(count_nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_good_file_holds_what_its_case_says),
        cmocka_unit_test(each_bad_file_is_refused_with_its_own_sentence),
        cmocka_unit_test(each_file_of_the_folder_has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
