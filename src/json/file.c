/* SPDX-License-Identifier: Apache-2.0 */
#include "json/file.h"

#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum atls_err fail(struct atls_diag *diag, const char *step, const char *name, int error)
{
    atls_fail(diag, ATLS_ERR_FILE, step, name);
    char reason[100] = "";
    if (error != 0 && strerror_r(error, reason, sizeof reason) == 0) {
        atls_diag_found_text(diag, reason);
    }
    return ATLS_ERR_FILE;
}

static enum atls_err too_long(struct atls_diag *diag, const char *name, size_t max)
{
    atls_fail_texts(diag, ATLS_ERR_FILE, "reading", name, "a longer file", "at most ");
    atls_diag_expected_int(diag, (int64_t)max);
    atls_diag_expected_text(diag, " octets");
    return ATLS_ERR_FILE;
}

void atls_file_free(uint8_t *data, size_t len)
{
    if (data != NULL) {
        atls_wipe(data, len);
        free(data);
    }
}

/* grow moves `used` octets to a block of twice the size; the old one may hold a secret. */
static bool grow(uint8_t **data, size_t used, size_t *cap)
{
    const size_t bigger = *cap * 2;
    uint8_t *block = malloc(bigger);
    if (block == NULL) {
        return false;
    }
    memcpy(block, *data, used);
    atls_file_free(*data, used);
    *data = block;
    *cap = bigger;
    return true;
}

enum atls_err atls_file_read_fd(uint8_t **out, size_t *out_len, int fd, const char *name,
                                size_t max, struct atls_diag *diag)
{
    size_t cap = 8192;
    size_t used = 0;
    enum atls_err err = ATLS_OK;
    uint8_t *data = malloc(cap);
    if (data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "reading", name);
    }
    for (;;) {
        if (used + 1 == cap && !grow(&data, used, &cap)) {
            err = atls_fail(diag, ATLS_ERR_MEMORY, "reading", name);
            break;
        }
        const ssize_t got = read(fd, &data[used], cap - 1 - used);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            err = fail(diag, "reading", name, errno);
            break;
        }
        used += got > 0 ? (size_t)got : 0;
        if (used > max) {
            err = too_long(diag, name, max);
            break;
        }
    }
    if (err != ATLS_OK) {
        atls_file_free(data, used);
        return err;
    }
    data[used] = '\0';
    *out = data;
    *out_len = used;
    return ATLS_OK;
}

enum atls_err atls_file_read(uint8_t **out, size_t *out_len, const char *path, size_t max,
                             struct atls_diag *diag)
{
    /* Opening a FIFO waits for whoever writes to it, which a server that reads its files again must
     * not: without one it is an empty file. Reading waits, as that of a pipe of the shell's does.
     */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return fail(diag, "reading", path, errno);
    }
    (void)fcntl(fd, F_SETFL, 0);
    enum atls_err err = atls_file_read_fd(out, out_len, fd, path, max, diag);
    close(fd);
    return err;
}

static bool write_all(int fd, struct atls_bytes content)
{
    while (content.len > 0) {
        const ssize_t put = write(fd, content.data, content.len);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        const size_t done = put > 0 ? (size_t)put : 0;
        content = atls_bytes_of(content.data + done, content.len - done);
    }
    return true;
}

/* fill gives the file its mode before its content, and brings both to the disk. */
static bool fill(int fd, struct atls_bytes content, enum atls_file_kind kind)
{
    return fchmod(fd, (mode_t)kind) == 0 && write_all(fd, content) && fsync(fd) == 0;
}

enum atls_err atls_file_write(const char *path, struct atls_bytes content, enum atls_file_kind kind,
                              struct atls_diag *diag)
{
    static const char suffix[] = ".XXXXXX";
    const size_t len = strlen(path);
    char *beside = malloc(len + sizeof suffix);
    if (beside == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "writing", path);
    }
    memcpy(beside, path, len);
    memcpy(&beside[len], suffix, sizeof suffix);
    enum atls_err err = ATLS_OK;
    const int fd = mkstemp(beside);
    if (fd < 0) {
        err = fail(diag, "writing", path, errno);
        free(beside);
        return err;
    }
    bool done = fill(fd, content, kind);
    int error = errno;
    if (close(fd) != 0 && done) {
        done = false;
        error = errno;
    }
    if (done && rename(beside, path) != 0) {
        done = false;
        error = errno;
    }
    if (!done) {
        unlink(beside);
        err = fail(diag, "writing", path, error);
    }
    free(beside);
    return err;
}
