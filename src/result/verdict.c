/* SPDX-License-Identifier: Apache-2.0 */
#include "result/verdict.h"

void atls_text_copy(char *out, size_t cap, const char *text)
{
    size_t len = 0;
    while (text != NULL && text[len] != '\0' && len + 1 < cap) {
        out[len] = text[len];
        len++;
    }
    out[len] = '\0';
}

void atls_verdict_take_evidence(struct atls_verdict *verdict, struct atls_appraisal *appraisal)
{
    verdict->num_evidence = appraisal->num_submods;
    for (size_t i = 0; i < appraisal->num_submods; i++) {
        struct atls_submod *submod = &appraisal->submods[i];
        struct atls_verdict_evidence *evidence = &verdict->evidence[i];
        atls_text_copy(evidence->format, sizeof evidence->format, submod->format->name);
        atls_text_copy(evidence->submod, sizeof evidence->submod, submod->format->submod);
        evidence->status = submod->status;
        evidence->vector = submod->vector;
        evidence->simulated = submod->simulated;
        evidence->claims_json = submod->claims_json;
        submod->claims_json = NULL;
    }
    if (appraisal->num_submods != 0) {
        verdict->key_binding = appraisal->submods[0].key_binding;
    }
}
