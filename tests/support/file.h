/* SPDX-License-Identifier: Apache-2.0 */
/* Test data on disk. */
#ifndef SUPPORT_FILE_H
#define SUPPORT_FILE_H

#include "atls/bytes.h"

/* test_file gives a whole file; one that cannot be read ends the test program with a failure. */
struct atls_bytes test_file(const char *path);
/* test_text_file is the same with a NUL after the last octet, which `len` does not count. */
const char *test_text_file(const char *path);

/* TEST_SHARED names a file of the published test data, which the source tree does not hold. */
#define TEST_SHARED(path) (TEST_SHARED_DIR "/" path)
/* TEST_NEED_SHARED ends the program as skipped, with the reason, where that data is absent. */
#define TEST_NEED_SHARED() test_need_folder(TEST_SHARED_DIR "/vectors")
void test_need_folder(const char *path);

#endif
