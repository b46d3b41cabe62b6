/* SPDX-License-Identifier: Apache-2.0 */
/* Small files: read whole with a bound, written whole or not at all. */
#ifndef JSON_FILE_H
#define JSON_FILE_H

#include "base/diag.h"

/* atls_file_read gives the content in new memory with a NUL after it that `len` does not count.
 * More than `max` octets is ATLS_ERR_FILE; ATLS_MAX_FILE_LEN is the bound for our own kinds. */
ATLS_NODISCARD enum atls_err atls_file_read(uint8_t **out, size_t *out_len, const char *path,
                                            size_t max, struct atls_diag *diag);
/* atls_file_read_fd is the same for an open descriptor, such as standard input; `name` is for
 * sentences. The descriptor stays open. */
ATLS_NODISCARD enum atls_err atls_file_read_fd(uint8_t **out, size_t *out_len, int fd,
                                               const char *name, size_t max,
                                               struct atls_diag *diag);
/* atls_file_free wipes and frees what was read; NULL is fine. */
void atls_file_free(uint8_t *data, size_t len);

enum atls_file_kind {
    ATLS_FILE_PUBLIC = 0644, /* certificates, endorsements, Evidence */
    ATLS_FILE_SECRET = 0600  /* keys and what names them */
};

/* atls_file_write puts `content` in place of `path`, through a file beside it that is renamed: a
 * reader sees the old content or the new, and a secret never has another mode. */
ATLS_NODISCARD enum atls_err atls_file_write(const char *path, struct atls_bytes content,
                                             enum atls_file_kind kind, struct atls_diag *diag);

#endif
