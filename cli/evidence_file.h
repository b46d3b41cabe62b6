/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence, or a Result, from a file. */
#ifndef CLI_EVIDENCE_FILE_H
#define CLI_EVIDENCE_FILE_H

#include "base/diag.h"

/* cli_evidence_read reads a file, or with "-" standard input. One that is nothing but hexadecimal
 * is what it stands for. Freed with atls_file_free. */
ATLS_NODISCARD enum atls_err cli_evidence_read(uint8_t **out, size_t *out_len, const char *path,
                                               struct atls_diag *diag);

#endif
