/* SPDX-License-Identifier: Apache-2.0 */
#include "passport_file.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "json/file.h"
#include "net.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 1000 };

/* path_of gives FILE of "URI=FILE", in which only a URI has a colon before any slash. */
static const char *path_of(const char *text)
{
    const char *equals = strrchr(text, '=');
    const size_t scheme = strcspn(text, ":/=");
    return equals != NULL && scheme != 0 && text[scheme] == ':' ? equals + 1 : text;
}

enum atls_err cli_passport_read(struct cli_passport_file *out, const char *text,
                                struct atls_diag *diag)
{
    struct cli_passport_file file = {.identity = NULL};
    const char *path = path_of(text);
    if (path != text) {
        file.identity = strndup(text, (size_t)(path - text) - 1);
        if (file.identity == NULL) {
            return atls_fail(diag, ATLS_ERR_MEMORY, "--passport", NULL);
        }
    }
    const enum atls_err err =
        atls_file_read(&file.result, &file.len, path, ATLS_MAX_FILE_LEN, diag);
    if (err != ATLS_OK) {
        cli_passport_file_cleanup(&file);
        return err;
    }
    *out = file;
    return ATLS_OK;
}

void cli_passport_file_cleanup(struct cli_passport_file *file)
{
    free(file->identity);
    atls_file_free(file->result, file->len);
    memset(file, 0, sizeof *file);
}

/* look gives what stands there now; all zero for nothing. */
static void look(struct stat *out, const char *text)
{
    memset(out, 0, sizeof *out);
    if (stat(path_of(text), out) != 0) {
        memset(out, 0, sizeof *out);
    }
}

/* is_same: a file that was replaced is another inode; one that was written to has another time. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void cli_passport_watch_start(struct cli_passport_watch *watch, const struct cli_list *files)
{
    watch->files = files;
    watch->next_ms = cli_now_ms() + LOOK_MS;
    for (size_t i = 0; i < files->count; i++) {
        look(&watch->seen[i], files->items[i]);
    }
}

static enum atls_err renew(SSL_CTX *ctx, const char *text, struct atls_diag *diag)
{
    struct cli_passport_file file = {.identity = NULL};
    enum atls_err err = cli_passport_read(&file, text, diag);
    if (err == ATLS_OK) {
        err = atls_openssl_renew_passport(ctx, file.identity, atls_bytes_of(file.result, file.len),
                                          diag);
    }
    cli_passport_file_cleanup(&file);
    return err;
}

void cli_passport_watch_look(struct cli_passport_watch *watch, SSL_CTX *ctx, const char *verb)
{
    if (watch->files->count == 0 || cli_now_ms() < watch->next_ms) {
        return;
    }
    watch->next_ms = cli_now_ms() + LOOK_MS;
    for (size_t i = 0; i < watch->files->count; i++) {
        struct stat now;
        struct atls_diag diag;
        const char *text = watch->files->items[i];
        look(&now, text);
        if (is_same(&now, &watch->seen[i])) {
            continue;
        }
        watch->seen[i] = now; /* as it was before it is read: what changes meanwhile is seen */
        if (renew(ctx, text, &diag) == ATLS_OK) {
            cli_note(verb, "%s: a new passport", path_of(text));
        } else {
            cli_note_error(verb, &diag);
            cli_note(verb, "%s: the passport before stays", path_of(text));
        }
    }
}
