/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "support/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

void test_folder_make(char *out, size_t cap, const char *purpose)
{
    snprintf(out, cap, "/tmp/atls-%s-XXXXXX", purpose);
    if (mkdtemp(out) == NULL) {
        perror(out);
        exit(1);
    }
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void test_folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
