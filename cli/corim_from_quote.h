/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CORIM_FROM_QUOTE_H
#define CLI_CORIM_FROM_QUOTE_H

#include "corim_from.h"

/* cli_corim_read_quote gives the claims of a quote of TDX or SGX, and looks whether it is signed
 * under Intel's root. */
ATLS_NODISCARD enum atls_err cli_corim_read_quote(struct cli_corim_from *from,
                                                  struct atls_bytes evidence,
                                                  struct atls_diag *diag);

#endif
