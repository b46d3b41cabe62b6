/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CORIM_FROM_NITRO_H
#define CLI_CORIM_FROM_NITRO_H

#include "corim_from.h"

/* cli_corim_read_nitro gives the claims of one whose path leads to the root of AWS. */
ATLS_NODISCARD enum atls_err cli_corim_read_nitro(struct cli_corim_from *from,
                                                  struct atls_bytes document,
                                                  struct atls_diag *diag);

#endif
