/* SPDX-License-Identifier: Apache-2.0 */
#include "psk.h"

#include "base/diag.h"
#include "base/span.h"
#include "json/file.h"
#include "json/json.h"
#include "timing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char step[] = "PSK file";

enum { MAX_FILE_LEN = 4096, MAX_KEY_LEN = 64 };

enum atls_err cli_psk_check(const struct cli_options *o, struct atls_diag *diag)
{
    if (o->psk == NULL || cli_timing_of(o) == ATLS_TIMING_POST) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "--psk", "--timing",
                           o->timing != NULL ? o->timing : "handshake",
                           "--timing post: a handshake by PSK has no Certificate message");
}

/* read_secret reads a file that is ours alone. */
static enum atls_err read_secret(uint8_t **out, size_t *out_len, const char *path,
                                 struct atls_diag *diag)
{
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return atls_fail_texts(diag, ATLS_ERR_FILE, step, path, "what cannot be read", "a file");
    }
    const enum atls_err err = (status.st_mode & 077) != 0
                                  ? atls_fail_texts(diag, ATLS_ERR_KEY, step, path,
                                                    "a file that others can read", "mode 0600")
                                  : atls_file_read_fd(out, out_len, fd, path, MAX_FILE_LEN, diag);
    close(fd);
    return err;
}

static enum atls_err read_hash(struct atls_psk *out, const json_t *object, struct atls_diag *diag)
{
    struct atls_bytes word;
    if (!atls_json_has(object, "hash")) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_json_text(&word, object, "hash", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->is_sha384 = atls_bytes_is_text(word, "sha384");
    if (out->is_sha384 || atls_bytes_is_text(word, "sha256")) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_KEY, step, "hash", NULL, "sha256 or sha384");
    atls_diag_found_peer_text(diag, word);
    return ATLS_ERR_KEY;
}

/* parse reads the object; the identity borrows it. */
static enum atls_err parse(struct atls_psk *out, uint8_t key[MAX_KEY_LEN], const json_t *object,
                           struct atls_diag *diag)
{
    static const char *const names[] = {"identity", "key", "hash", "import", NULL};
    size_t len = 0;
    enum atls_err err = atls_json_only_keys(object, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&out->identity, object, "identity", step, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_buf room = {key, MAX_KEY_LEN};
        err = atls_json_hex(room, &len, 1, object, "key", step, diag);
        out->key = atls_bytes_of(key, len);
    }
    if (err == ATLS_OK) {
        err = read_hash(out, object, diag);
    }
    if (err == ATLS_OK && atls_json_has(object, "import")) {
        err = atls_json_bool(&out->is_imported, object, "import", step, diag);
    }
    return err;
}

enum atls_err cli_psk_set(SSL_CTX *ctx, const struct cli_options *o, struct atls_diag *diag)
{
    uint8_t key[MAX_KEY_LEN];
    struct atls_psk psk = {.is_sha384 = false};
    uint8_t *text = NULL;
    size_t len = 0;
    if (o->psk == NULL) {
        return ATLS_OK;
    }
    enum atls_err err = read_secret(&text, &len, o->psk, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_json_cleanup) json_t *object = NULL;
    err = atls_json_parse(&object, atls_bytes_of(text, len), step, diag);
    if (err == ATLS_OK) {
        err = parse(&psk, key, object, diag);
    }
    if (err == ATLS_OK) {
        err = atls_openssl_set_psk(ctx, &psk, diag);
    }
    atls_wipe(key, sizeof key);
    atls_file_free(text, len);
    return atls_json_recode(err, ATLS_ERR_KEY, diag);
}
