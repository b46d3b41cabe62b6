/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample.h"

#include "base/span.h"
#include "support/endorse.h"
#include "support/file.h"
#include "support/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *folder, const char *why)
{
    fprintf(stderr, "%s: %s\n", folder, why);
    exit(1);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct test_sample *)a)->name, ((const struct test_sample *)b)->name);
}

/* list_names fills the names: every NAME.cmw of the folder. */
static size_t list_names(struct test_sample out[TEST_MAX_SAMPLES], const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        fail(folder, "cannot be read");
    }
    size_t num = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        const size_t len = strlen(entry->d_name);
        if (len <= 4 || strcmp(&entry->d_name[len - 4], ".cmw") != 0) {
            continue;
        }
        if (num == TEST_MAX_SAMPLES || len - 4 >= sizeof out->name) {
            fail(folder, "too many samples, or too long a name");
        }
        memcpy(out[num].name, entry->d_name, len - 4);
        out[num].name[len - 4] = '\0';
        num++;
    }
    closedir(dir);
    qsort(out, num, sizeof *out, compare_names);
    return num;
}

static const char *path_of(const char *folder, const char *name, const char *ending)
{
    static char path[1024];
    const int len = snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    if (len < 0 || (size_t)len >= sizeof path) {
        fail(folder, "too long a path");
    }
    return path;
}

static void folder_of(char out[512], const char *source_dir, const char *format)
{
    const int len = snprintf(out, 512, "%s/tests/kat/%s", source_dir, format);
    if (len < 0 || len >= 512) {
        fail(source_dir, "too long a path");
    }
}

size_t test_samples(struct test_sample out[TEST_MAX_SAMPLES], const char *source_dir,
                    const char *format)
{
    char folder[512];
    folder_of(folder, source_dir, format);
    memset(out, 0, TEST_MAX_SAMPLES * sizeof *out);
    const size_t num = list_names(out, folder);
    if (num == 0) {
        fail(folder, "no sample");
    }
    for (size_t i = 0; i < num; i++) {
        struct test_sample *sample = &out[i];
        sample->format = atls_format_by_name(atls_bytes_text(format));
        sample->cmw = test_file(path_of(folder, sample->name, ".cmw"));
        sample->evidence = test_file(path_of(folder, sample->name, ".evidence.cbor"));
        sample->nonce = test_hex(test_text_file(path_of(folder, sample->name, ".nonce.hex")));
        sample->tls_spki = test_file(path_of(folder, sample->name, ".spki.der"));
        sample->expected = test_text_file(path_of(folder, sample->name, ".expected.json"));
    }
    return num;
}

/* add_collateral loads collateral-1.json, or collateral-1.crl, and so on, of formats whose Evidence
 * needs some. */
static void add_collateral(struct atls_endorsements *set, const char *folder)
{
    struct atls_diag diag;
    for (unsigned number = 1; number < 100; number++) {
        char name[32];
        snprintf(name, sizeof name, "collateral-%u", number);
        const char *path = path_of(folder, name, ".json");
        if (access(path, F_OK) != 0) {
            path = path_of(folder, name, ".crl");
        }
        if (access(path, F_OK) != 0) {
            return;
        }
        if (atls_endorsements_load_at(set, path, TEST_SAMPLE_NOW, &diag) != ATLS_OK) {
            fail(folder, diag.found);
        }
    }
}

void test_sample_endorse(struct atls_endorsements *set, const char *source_dir, const char *format)
{
    char folder[512];
    folder_of(folder, source_dir, format);
    test_add_corim(set, test_file(path_of(folder, "endorsement", ".corim")));
    add_collateral(set, folder);
}

struct atls_endorsements *test_sample_endorsements(const char *source_dir, const char *format)
{
    struct atls_endorsements *set = test_endorsements();
    test_sample_endorse(set, source_dir, format);
    return set;
}
