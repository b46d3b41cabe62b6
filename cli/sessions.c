/* SPDX-License-Identifier: Apache-2.0 */
#include "sessions.h"

#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "json/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A session with its ticket, the peer's certificate and what was appraised. */
enum { MAX_SESSION_LEN = 131072 };

static void note(const struct cli_sessions *s, const char *what, const char *why)
{
    cli_note(s->verb, "note: %s: %s: a full handshake", what, why);
}

/* ---- the place ---- */

/* base_folder: where a user's programs keep such things (XDG Base Directory Specification). The
 * environment says where, and nothing else: what lies there is looked at like any file. */
static bool base_folder(char *out, size_t cap)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int len = -1;
    if (state != NULL && state[0] == '/') {
        len = snprintf(out, cap, "%s", state);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(out, cap, "%s/.local/state", home);
    }
    return len > 0 && (size_t)len < cap;
}

/* make_folders makes what is missing of a path, for us alone. */
static bool make_folders(char *path)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            const bool there = mkdir(path, 0700) == 0 || errno == EEXIST;
            *at = '/';
            if (!there) {
                return false;
            }
        }
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* check_folder gives NULL, or why nothing is kept there. */
static const char *check_folder(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return strerror(errno);
    }
    if (!S_ISDIR(status.st_mode)) {
        return "no folder";
    }
    return status.st_uid != geteuid()    ? "a folder of another user"
           : (status.st_mode & 077) != 0 ? "a folder that others can use"
                                         : NULL;
}

/* file_name is a hash, since names of hosts are no names of files. */
static bool file_name(char out[65], const char *host, const char *port, const char *name)
{
    char text[1024];
    struct atls_digest digest;
    const int len = snprintf(text, sizeof text, "%s\n%s\n%s", host, port, name);
    if (len < 0 || (size_t)len >= sizeof text ||
        atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_text(text), &digest) != ATLS_OK) {
        return false;
    }
    for (size_t i = 0; i < digest.len; i++) {
        snprintf(&out[2 * i], 3, "%02x", digest.data[i]);
    }
    return true;
}

void cli_sessions_open(struct cli_sessions *out, const char *verb, const char *host,
                       const char *port, const char *name)
{
    char folder[1100], base[1024], file[65];
    out->verb = verb;
    out->path[0] = '\0';
    if (!base_folder(base, sizeof base)) {
        note(out, "--resume", "neither XDG_STATE_HOME nor HOME names a folder");
        return;
    }
    snprintf(folder, sizeof folder, "%s/atls/sessions", base);
    const char *why = make_folders(folder) ? check_folder(folder) : strerror(errno);
    if (why != NULL) {
        note(out, folder, why);
    } else if (file_name(file, host, port, name)) {
        snprintf(out->path, sizeof out->path, "%s/%s", folder, file);
    }
}

/* ---- taking one ---- */

/* open_own opens a file of ours that nobody else can read; -1 with *why: NULL, there is none. */
static int open_own(const char *path, const char **why)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    *why = fd < 0 && errno != ENOENT ? strerror(errno) : NULL;
    if (fd >= 0) {
        *why = fstat(fd, &status) != 0       ? strerror(errno)
               : !S_ISREG(status.st_mode)    ? "something else than a file"
               : status.st_uid != geteuid()  ? "a file of another user"
               : (status.st_mode & 077) != 0 ? "a file that others can read"
                                             : NULL;
    }
    if (fd >= 0 && *why != NULL) {
        close(fd);
        return -1;
    }
    return fd;
}

static SSL_SESSION *parse(const struct cli_sessions *s, int fd)
{
    uint8_t *der = NULL;
    size_t len = 0;
    struct atls_diag diag;
    if (atls_file_read_fd(&der, &len, fd, s->path, MAX_SESSION_LEN, &diag) != ATLS_OK) {
        note(s, s->path, diag.found);
        return NULL;
    }
    const unsigned char *at = der;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)len);
    if (session == NULL || at != der + len) {
        note(s, s->path, "no session");
        SSL_SESSION_free(session);
        session = NULL;
    }
    ERR_clear_error();
    atls_file_free(der, len);
    return session;
}

/* take gives the kept session, and takes the file away by another name first: of two programs that
 * connect at once only one gets it. */
static SSL_SESSION *take(const struct cli_sessions *s)
{
    char taken[sizeof s->path + 32];
    const char *why = NULL;
    snprintf(taken, sizeof taken, "%s.%ld", s->path, (long)getpid());
    if (rename(s->path, taken) != 0) {
        if (errno != ENOENT) {
            note(s, s->path, strerror(errno));
        }
        return NULL;
    }
    const int fd = open_own(taken, &why);
    (void)unlink(taken);
    if (fd < 0) {
        note(s, s->path, why != NULL ? why : "gone");
        return NULL;
    }
    SSL_SESSION *session = parse(s, fd);
    close(fd);
    return session;
}

/* ---- keeping one ---- */

/* keep is the callback of SSL_CTX_sess_set_new_cb(3); 0: OpenSSL keeps its reference. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
    const struct cli_sessions *s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct atls_diag diag;
    unsigned char *der = NULL;
    const int len = i2d_SSL_SESSION(session, &der);
    if (s != NULL && s->path[0] != '\0' && len > 0 && len <= MAX_SESSION_LEN &&
        atls_file_write(s->path, atls_bytes_of(der, (size_t)len), ATLS_FILE_SECRET, &diag) !=
            ATLS_OK) {
        note(s, s->path, diag.found);
    }
    OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
    return 0;
}

void cli_sessions_offer(struct cli_sessions *s, SSL *ssl)
{
    struct atls_diag why;
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    if (s->path[0] == '\0') {
        return;
    }
    SSL_SESSION *session = take(s);
    if (session != NULL && atls_openssl_check_session(ssl, session, &why) != ATLS_OK) {
        atls_diag_sentence(sentence, sizeof sentence, &why);
        cli_note(s->verb, "note: %s: a full handshake", sentence);
    } else if (session != NULL) {
        (void)SSL_set_session(ssl, session);
    }
    SSL_SESSION_free(session);
    /* of the SSL_CTX, which has this one connection: that of the SSL is for its rounds */
    (void)SSL_CTX_set_app_data(SSL_get_SSL_CTX(ssl), s);
    SSL_CTX_sess_set_new_cb(SSL_get_SSL_CTX(ssl), keep);
}
