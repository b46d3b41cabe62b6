/* SPDX-License-Identifier: Apache-2.0 */
/* The third of the three calls, and the key log. */
#include "stack/openssl/adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum atls_err atls_openssl_enable(SSL_CTX *ctx, struct atls_context *context,
                                  struct atls_diag *diag)
{
    enum atls_err err = openssl_index_init(diag);
    if (err == ATLS_OK && openssl_context_of(ctx) != NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_STATE, "OpenSSL", "SSL_CTX", "atls enabled already",
                              "one atls_openssl_enable() for an SSL_CTX");
    }
    if (err == ATLS_OK) {
        err = atls_context_freeze(context, diag);
    }
    if (err == ATLS_OK) {
        err = openssl_restrict_channel(ctx, context, diag);
    }
    if (err == ATLS_OK) {
        err = openssl_add_extension(ctx, context, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!openssl_context_set(ctx, context)) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "OpenSSL", "SSL_CTX");
    }
    SSL_CTX_set_msg_callback(ctx, atls_openssl_msg_callback);
    SSL_CTX_set_info_callback(ctx, atls_openssl_info_callback);
    SSL_CTX_set_cert_verify_callback(ctx, openssl_verify_callback, NULL);
    if (atls_context_requires(context)) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           SSL_CTX_get_verify_callback(ctx));
    }
    return ATLS_OK;
}

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

enum atls_err atls_openssl_keylog(SSL_CTX *ctx, const char *path, struct atls_diag *diag)
{
    if (CRYPTO_THREAD_run_once(&keylog_once, make_keylog_index) != 1 || keylog_index < 0) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "key log", NULL);
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        const char *why = strerror(errno);
        if (fd >= 0) {
            close(fd);
        }
        return atls_fail_texts(diag, ATLS_ERR_FILE, "key log", path, why, "a file to append to");
    }
    if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
        close(fd);
        return atls_fail_texts(diag, ATLS_ERR_FILE, "key log", path, "a file that others can read",
                               "mode 0600");
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
