/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CORIM_FROM_SNP_H
#define CLI_CORIM_FROM_SNP_H

#include "corim_from.h"

/* cli_corim_read_snp gives the claims of one, and looks whether AMD's chain in it verifies. */
ATLS_NODISCARD enum atls_err cli_corim_read_snp(struct cli_corim_from *from,
                                                struct atls_bytes evidence, struct atls_diag *diag);

#endif
