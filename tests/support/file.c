/* SPDX-License-Identifier: Apache-2.0 */
#include "support/file.h"

#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SKIPPED 77 /* SKIP_RETURN_CODE in cmake/tests.cmake */

static _Noreturn void give_up(const char *path)
{
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
}

/* read_whole reads a file into a block of its size and `extra` octets. */
static struct atls_buf read_whole(const char *path, size_t extra)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        give_up(path);
    }
    const long size = ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0) {
        give_up(path);
    }
    const struct atls_buf room = test_room((size_t)size + extra);
    if (fread(room.data, 1, (size_t)size, file) != (size_t)size) {
        give_up(path);
    }
    fclose(file);
    return room;
}

struct atls_bytes test_file(const char *path)
{
    const struct atls_buf room = read_whole(path, 0);
    const struct atls_bytes octets = {room.data, room.cap};
    return octets;
}

const char *test_text_file(const char *path)
{
    const struct atls_buf room = read_whole(path, 1);
    room.data[room.cap - 1] = '\0';
    return (const char *)room.data;
}

void test_need_folder(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        printf("skipped: %s is absent\n", path);
        exit(SKIPPED);
    }
}
