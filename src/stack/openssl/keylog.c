/* SPDX-License-Identifier: Apache-2.0 */
/* The key log: whoever reads it reads the connections, so nobody else may. */
#include "stack/openssl/adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct keylog {
    int fd;
};
static CRYPTO_ONCE keylog_once = CRYPTO_ONCE_STATIC_INIT;
static int keylog_index = -1;

static void close_keylog(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl,
                         void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    struct keylog *log = ptr;
    if (log != NULL) {
        close(log->fd);
        OPENSSL_free(log);
    }
}

static void make_keylog_index(void)
{
    keylog_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, close_keylog);
}

static void write_keylog(const SSL *ssl, const char *line)
{
    const struct keylog *log = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keylog_index);
    char text[512];
    const int len = snprintf(text, sizeof text, "%s\n", line);
    /* One write of one line in append mode, so that threads and processes do not mix their lines. A
     * full disk must not end a connection: a short write is let go. */
    if (log != NULL && len > 0 && (size_t)len < sizeof text) {
        (void)!write(log->fd, text, (size_t)len);
    }
    OPENSSL_cleanse(text, sizeof text);
}

/* open_log opens without waiting for a reader, should the path be a FIFO. */
static enum atls_err open_log(int *out, const char *path, struct atls_diag *diag)
{
    const int fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        const char *why = strerror(errno);
        if (fd >= 0) {
            close(fd);
        }
        return atls_fail_texts(diag, ATLS_ERR_FILE, "key log", path, why, "a file to append to");
    }
    const char *found = NULL;
    if (!S_ISREG(status.st_mode)) {
        found = "something else than a file";
    } else if (status.st_uid != geteuid()) {
        found = "a file of another user";
    } else if ((status.st_mode & 077) != 0) {
        found = "a file that others can read";
    }
    if (found != NULL) {
        close(fd);
        return atls_fail_texts(diag, ATLS_ERR_FILE, "key log", path, found, "mode 0600, and ours");
    }
    *out = fd;
    return ATLS_OK;
}

enum atls_err atls_openssl_keylog(SSL_CTX *ctx, const char *path, struct atls_diag *diag)
{
    int fd = -1;
    if (CRYPTO_THREAD_run_once(&keylog_once, make_keylog_index) != 1 || keylog_index < 0) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "key log", NULL);
    }
    if (SSL_CTX_get_ex_data(ctx, keylog_index) != NULL) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "key log", path, "a key log in use",
                               "one for an SSL_CTX");
    }
    enum atls_err err = open_log(&fd, path, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct keylog *log = OPENSSL_zalloc(sizeof *log);
    if (log != NULL) {
        log->fd = fd;
    }
    if (log == NULL || SSL_CTX_set_ex_data(ctx, keylog_index, log) != 1) {
        OPENSSL_free(log);
        close(fd);
        return atls_fail(diag, ATLS_ERR_MEMORY, "key log", NULL);
    }
    SSL_CTX_set_keylog_callback(ctx, write_keylog);
    return ATLS_OK;
}
