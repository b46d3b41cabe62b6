/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/endorsed.h"

#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"
#include "endorsement/statement_json.h"

#include <stdlib.h>

bool atls_endorsed_wanted(const struct atls_appraisal_input *input)
{
    return atls_endorsements_num_statements(input->endorsements) != 0;
}

enum atls_err atls_endorsed_new(struct atls_additions **out,
                                const struct atls_appraisal_input *input, const char *format,
                                const struct atls_claims *claims, struct atls_diag *diag)
{
    struct atls_additions *additions = calloc(1, sizeof *additions);
    if (additions == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_APPRAISAL, "endorsed values");
    }
    const enum atls_err err =
        atls_endorsements_apply(additions, input->endorsements, format, claims, input->now_s, diag);
    if (err != ATLS_OK || additions->num == 0) {
        free(additions);
        return err;
    }
    *out = additions;
    return ATLS_OK;
}

void atls_endorsed_cleanup(struct atls_additions **additions)
{
    free(*additions);
    *additions = NULL;
}

static bool says(const struct atls_measured *values, enum atls_flag flag, bool value)
{
    return (values->has & ATLS_HAS_FLAGS) != 0 && (values->flags >> flag & 1) != 0 &&
           (values->flags_set >> flag & 1) == (value ? 1 : 0);
}

void atls_endorsed_judge(struct atls_submod *submod, const struct atls_additions *additions)
{
    for (size_t i = 0; additions != NULL && i < additions->num; i++) {
        const struct atls_addition *addition = &additions->items[i];
        const bool debug = says(&addition->measurement.values, ATLS_FLAG_DEBUG, true);
        const bool not_secure = says(&addition->measurement.values, ATLS_FLAG_SECURE, false);
        if (!debug && !not_secure) {
            continue;
        }
        struct atls_diag why;
        atls_fail_texts(&why, atls_rule_endorsed.reason, ATLS_STEP_APPRAISAL,
                        debug ? "endorsed flag is-debug" : "endorsed flag is-secure",
                        debug ? "true in " : "false in ", debug ? "false" : "true");
        atls_diag_found_text(&why, addition->statement->source);
        submod->debug = submod->debug || debug;
        atls_outcome_apply(submod, &atls_rule_endorsed, &why);
    }
}

void atls_endorsed_put(struct atls_claims_text *text, const struct atls_additions *additions)
{
    json_t *list = additions != NULL ? json_array() : NULL;
    for (size_t i = 0; additions != NULL && i < additions->num; i++) {
        json_t *item = atls_measurement_json(&additions->items[i].measurement);
        json_object_set_new(item, "environment",
                            atls_environment_json(&additions->items[i].environment));
        json_object_set_new(item, "by",
                            json_string(atls_triple_name(additions->items[i].statement->triple)));
        if (json_array_append_new(list, item) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    if (additions != NULL) {
        atls_claims_put_json(text, "endorsed", list);
    }
}
