/* SPDX-License-Identifier: Apache-2.0 */
/* A policy file: refused with a sentence, or a policy within its limits that opens nothing by
 * itself. */
#include "fuzz_check.h"

#include "base/span.h"
#include "json/policy_json.h"

static void check_policy(const struct atls_policy *policy)
{
    struct atls_decision_input nothing;
    memset(&nothing, 0, sizeof nothing);
    fuzz_require(policy->version == 1 && policy->id[0] != '\0');
    fuzz_require(memchr(policy->id, '\0', sizeof policy->id) != NULL);
    fuzz_require(policy->num_measurements <= ATLS_MAX_POLICY_ITEMS);
    fuzz_require(policy->num_machines <= ATLS_MAX_POLICY_ITEMS);
    fuzz_require(policy->key_binding_hardware || policy->key_binding_challenge);
    for (size_t i = 0; i < policy->num_measurements; i++) {
        const struct atls_bytes value = policy->measurements[i].value;
        fuzz_require(policy->measurements[i].name.len != 0);
        fuzz_require(value.len == 32 || value.len == 48 || value.len == 64);
        fuzz_require(atls_bytes_equal(value, value)); /* reads all of it */
    }
    fuzz_require(atls_policy_decide(policy, &nothing, NULL) != ATLS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_policy policy;
    struct atls_diag diag;
    const enum atls_err err = atls_policy_parse(&policy, atls_bytes_of(data, size), &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_POLICY_FILE && diag.err == err);
        fuzz_require(diag.expected[0] != '\0');
        return 0;
    }
    check_policy(&policy);
    atls_policy_cleanup(&policy);
    return 0;
}
