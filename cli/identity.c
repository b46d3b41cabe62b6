/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include "atls/limits.h"
#include "attesters.h"
#include "base/diag.h"
#include "base/span.h"
#include "json/file.h"

#include <openssl/evp.h>
#include <stdio.h>

enum atls_err cli_path(char *out, size_t cap, const char *directory, const char *name,
                       struct atls_diag *diag)
{
    if ((size_t)snprintf(out, cap, "%s/%s", directory, name) >= cap) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, "path", name, "a folder with a long name",
                               "a path of at most 1000 characters");
    }
    return ATLS_OK;
}

enum atls_err cli_key_read(struct atls_key **out, const struct atls_attester_ops *ops,
                           struct atls_attester *attester, const char *path, struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    EVP_PKEY *pkey = NULL;
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_bytes pem = atls_bytes_of(text, len);
    /* atls_file_read ends the text with a NUL. */
    if (strstr((const char *)text, "BEGIN TSS2 PRIVATE KEY") == NULL) {
        err = atls_key_from_pem(out, pem, diag);
    } else if (ops == NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_KEY, "private key", path, "a TSS2 PRIVATE KEY",
                              "--identity with the attester that keygen made");
    } else {
        err = ops->load_key(attester, &pkey, pem, diag);
        if (err == ATLS_OK) {
            err = atls_key_wrap_evp(out, pkey, diag);
            EVP_PKEY_free(pkey);
        }
    }
    atls_file_free(text, len);
    return err;
}

enum atls_err cli_identity_open(struct cli_identity *out, const char *directory,
                                struct atls_diag *diag)
{
    struct cli_identity made = {.ops = NULL};
    uint8_t *config = NULL;
    size_t len = 0;
    char path[1024];
    enum atls_err err = cli_attester_read(&made.ops, &config, &len, directory, diag);
    if (err == ATLS_OK) {
        err = made.ops->open(&made.attester, atls_bytes_of(config, len), diag);
    }
    atls_file_free(config, len);
    if (err == ATLS_OK) {
        err = cli_path(path, sizeof path, directory, "key.pem", diag);
    }
    if (err == ATLS_OK) {
        err = cli_key_read(&made.key, made.ops, made.attester, path, diag);
    }
    if (err != ATLS_OK) {
        cli_identity_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

void cli_identity_cleanup(struct cli_identity *identity)
{
    atls_key_free(identity->key);
    if (identity->ops != NULL && identity->attester != NULL) {
        identity->ops->close(identity->attester);
    }
    identity->key = NULL;
    identity->attester = NULL;
}
