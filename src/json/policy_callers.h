/* SPDX-License-Identifier: Apache-2.0 */
/* The key "callers" of a policy, for policy_json.c. */
#ifndef JSON_POLICY_CALLERS_H
#define JSON_POLICY_CALLERS_H

#include "result/policy.h"

#include <jansson.h>

/* atls_policy_read_callers takes a list of client-ids (whole numbers of 32 bits, not 0) and of the
 * words "spe" and "nspe". Errors are ATLS_ERR_POLICY_FILE. */
ATLS_NODISCARD enum atls_err atls_policy_read_callers(struct atls_policy *policy,
                                                      const json_t *list, struct atls_diag *diag);

#endif
