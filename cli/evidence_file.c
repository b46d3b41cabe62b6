/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence_file.h"

#include "atls/limits.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* undo_hex gives octets in new memory; NULL for a file that is no hexadecimal. No Evidence and no
 * Result is hexadecimal alone: CBOR of them begins with an octet above 7f, and the others have
 * zeros or dots. */
static uint8_t *undo_hex(size_t *out_len, struct atls_bytes text)
{
    while (text.len != 0 && strchr("\r\n", text.data[text.len - 1]) != NULL) {
        text.len--;
    }
    uint8_t *octets = text.len != 0 ? malloc(text.len / 2 + 1) : NULL;
    const struct atls_buf room = {octets, text.len / 2 + 1};
    if (octets != NULL && !atls_hex_decode(text, room, out_len)) {
        free(octets);
        return NULL;
    }
    return octets;
}

enum atls_err cli_evidence_read(uint8_t **out, size_t *out_len, const char *path,
                                struct atls_diag *diag)
{
    size_t len = 0;
    const enum atls_err err = strcmp(path, "-") == 0
                                  ? atls_file_read_fd(out, out_len, STDIN_FILENO, "standard input",
                                                      ATLS_MAX_FILE_LEN, diag)
                                  : atls_file_read(out, out_len, path, ATLS_MAX_FILE_LEN, diag);
    uint8_t *octets = err == ATLS_OK ? undo_hex(&len, atls_bytes_of(*out, *out_len)) : NULL;
    if (octets != NULL) {
        atls_file_free(*out, *out_len);
        *out = octets;
        *out_len = len;
    }
    return err;
}
