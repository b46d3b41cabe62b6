/* SPDX-License-Identifier: Apache-2.0 */
/* The attesters that this program was linked with, by name. */
#ifndef CLI_ATTESTERS_H
#define CLI_ATTESTERS_H

#include "atls/attester.h"

/* cli_attester gives NULL for a name that is not built in. */
const struct atls_attester_ops *cli_attester(const char *name);
/* cli_attester_at walks the table; NULL at its end. */
const struct atls_attester_ops *cli_attester_at(size_t index);

/* cli_attester_open reads DIR/attester.json and finds the attester that it is for. *config is freed
 * with atls_file_free. */
ATLS_NODISCARD enum atls_err cli_attester_read(const struct atls_attester_ops **out,
                                               uint8_t **config, size_t *config_len,
                                               const char *directory, struct atls_diag *diag);
#endif
