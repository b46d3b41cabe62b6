/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tsm/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static int linux_make(void *arg, const char *object)
{
    (void)arg;
    return mkdir(object, 0700) == 0 ? 0 : errno;
}

static int linux_remove(void *arg, const char *object)
{
    (void)arg;
    return rmdir(object) == 0 ? 0 : errno;
}

static int linux_write(void *arg, const char *path, struct atls_bytes value)
{
    (void)arg;
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno;
    }
    const ssize_t written = write(fd, value.data, value.len);
    int error = written < 0 ? errno : (size_t)written != value.len ? EIO : 0;
    if (close(fd) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

/* read_some reads at most `len` octets; *out_len is 0 at the end. */
static int read_some(int fd, uint8_t *data, size_t len, size_t *out_len)
{
    const ssize_t got = read(fd, data, len);
    if (got < 0) {
        return errno;
    }
    *out_len = (size_t)got;
    return 0;
}

static int read_all(int fd, struct atls_buf out, size_t *out_len)
{
    size_t len = 0;
    while (true) {
        uint8_t beyond;
        const bool full = len == out.cap;
        size_t got = 0;
        const int error = full ? read_some(fd, &beyond, 1, &got)
                               : read_some(fd, &out.data[len], out.cap - len, &got);
        if (error != 0) {
            return error;
        }
        if (got == 0) {
            *out_len = len;
            return 0;
        }
        if (full) {
            return EFBIG;
        }
        len += got;
    }
}

static int linux_read(void *arg, const char *path, struct atls_buf out, size_t *out_len)
{
    (void)arg;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno;
    }
    const int error = read_all(fd, out, out_len);
    (void)close(fd);
    return error;
}

const struct atls_tsm_fs atls_tsm_linux = {
    .make = linux_make,
    .remove = linux_remove,
    .write = linux_write,
    .read = linux_read,
    .arg = NULL,
};
