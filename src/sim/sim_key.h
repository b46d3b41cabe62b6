/* SPDX-License-Identifier: Apache-2.0 */
/* The key of a simulated root of trust, as attester.json has it. */
#ifndef SIM_SIM_KEY_H
#define SIM_SIM_KEY_H

#include "crypto/key.h"

#include <jansson.h>

/* atls_sim_key_read reads "key", which must be one for `alg` (ATLS_ALG_...). Gives *out. */
ATLS_NODISCARD enum atls_err atls_sim_key_read(struct atls_key **out, const json_t *root,
                                               int32_t alg, const char *step,
                                               struct atls_diag *diag);

#endif
