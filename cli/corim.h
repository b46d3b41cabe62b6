/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of `atls corim`, one file each. Each gives the result object of --json, and prints
 * what a person reads where there is something to read. */
#ifndef CLI_CORIM_H
#define CLI_CORIM_H

#include "cli.h"
#include "options.h"

ATLS_NODISCARD enum atls_err cli_corim_create(const struct cli_options *o, json_t **result,
                                              struct atls_diag *diag);
ATLS_NODISCARD enum atls_err cli_corim_sign(const struct cli_options *o, json_t **result,
                                            struct atls_diag *diag);
ATLS_NODISCARD enum atls_err cli_corim_verify(const struct cli_options *o, json_t **result,
                                              struct atls_diag *diag);
ATLS_NODISCARD enum atls_err cli_corim_show(const struct cli_options *o, json_t **result,
                                            struct atls_diag *diag);

struct atls_corim_signature;
/* cli_corim_signature gives what the headers of a signed CoRIM say; NULL without memory. */
json_t *cli_corim_signature(const struct atls_corim_signature *signature);
/* cli_corim_date gives a date as text, or null where it is `none`. */
json_t *cli_corim_date(int64_t seconds, int64_t none);

#endif
