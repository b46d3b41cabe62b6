/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own for a test program. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>

/* test_folder_make writes its path: 64 octets are enough. */
void test_folder_make(char *out, size_t cap, const char *purpose);
/* test_folder_remove removes it with all that is in it. */
void test_folder_remove(const char *path);

#endif
