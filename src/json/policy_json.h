/* SPDX-License-Identifier: Apache-2.0 */
/* Policy v1 from JSON (docs/policy.schema.json): strict, unknown keys are errors. */
#ifndef JSON_POLICY_JSON_H
#define JSON_POLICY_JSON_H

#include "result/policy.h"

ATLS_NODISCARD enum atls_err atls_policy_parse(struct atls_policy *out, struct atls_bytes json,
                                               struct atls_diag *diag);
/* atls_policy_cleanup frees the storage that parse attached. */
void atls_policy_cleanup(struct atls_policy *policy);
#endif
