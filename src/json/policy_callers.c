/* SPDX-License-Identifier: Apache-2.0 */
#include "json/policy_callers.h"

#include "base/span.h"
#include "json/json.h"

static enum atls_err refuse(struct atls_diag *diag, const char *found)
{
    return atls_fail_texts(diag, ATLS_ERR_POLICY_FILE, "policy", "callers", found,
                           "numbers of 32 bits but 0, spe or nspe");
}

static enum atls_err read_number(struct atls_policy *policy, json_int_t number,
                                 struct atls_diag *diag)
{
    if (number < INT32_MIN || number > INT32_MAX || number == 0) {
        refuse(diag, NULL);
        atls_diag_found_int(diag, (int64_t)number);
        return ATLS_ERR_POLICY_FILE;
    }
    policy->callers[policy->num_callers++] = (int32_t)number;
    return ATLS_OK;
}

static enum atls_err read_caller(struct atls_policy *policy, const json_t *value,
                                 struct atls_diag *diag)
{
    struct atls_bytes word;
    if (json_is_integer(value)) {
        return read_number(policy, json_integer_value(value), diag);
    }
    if (!atls_json_text_of(value, &word)) {
        return refuse(diag, atls_json_type_name(value));
    }
    bool *taken = atls_bytes_is_text(word, "spe")    ? &policy->callers_spe
                  : atls_bytes_is_text(word, "nspe") ? &policy->callers_nspe
                                                     : NULL;
    if (taken == NULL || *taken) {
        refuse(diag, taken == NULL ? "\"" : "twice \"");
        atls_diag_found_peer_text(diag, word);
        atls_diag_found_text(diag, "\"");
        return ATLS_ERR_POLICY_FILE;
    }
    *taken = true;
    return ATLS_OK;
}

enum atls_err atls_policy_read_callers(struct atls_policy *policy, const json_t *list,
                                       struct atls_diag *diag)
{
    if (json_array_size(list) > ATLS_MAX_POLICY_ITEMS) {
        return refuse(diag, "more than 64 of them");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const enum atls_err err = read_caller(policy, json_array_get(list, i), diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    policy->callers_set = true;
    return ATLS_OK;
}
