/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CORIM_FROM_RESULT_H
#define CLI_CORIM_FROM_RESULT_H

#include "corim_from.h"

/* cli_corim_is_result tells a Result from Evidence: JSON, a JWT, or a CWT with a verifier id. */
bool cli_corim_is_result(struct atls_bytes file);
/* cli_corim_read_result gives the claims of its one submod; --key names the Verifier's keys. */
ATLS_NODISCARD enum atls_err cli_corim_read_result(struct cli_corim_from *from,
                                                   const struct cli_options *o,
                                                   struct atls_diag *diag);

#endif
