/* SPDX-License-Identifier: Apache-2.0 */
#include "result/appraisal.h"

#include "base/span.h"

void atls_appraisal_init(struct atls_appraisal *appraisal)
{
    for (size_t i = 0; i < ATLS_MAX_SUBMODS; i++) {
        appraisal->submods[i].claims_json = NULL;
        appraisal->submods[i].storage = NULL;
    }
    appraisal->num_submods = 0;
    appraisal->storage = NULL;
}

void atls_appraisal_cleanup(struct atls_appraisal *appraisal, void (*free_text)(void *))
{
    if (appraisal == NULL) {
        return;
    }
    /* All of them, not num_submods: a half-built appraisal is zero where nothing was attached. */
    for (size_t i = 0; i < ATLS_MAX_SUBMODS; i++) {
        if (appraisal->submods[i].claims_json != NULL) {
            free_text(appraisal->submods[i].claims_json);
        }
        if (appraisal->submods[i].storage != NULL) {
            free_text(appraisal->submods[i].storage);
        }
    }
    if (appraisal->storage != NULL) {
        free_text(appraisal->storage);
    }
    memset(appraisal, 0, sizeof *appraisal);
}

static void copy_name(char *out, size_t cap, const char *name)
{
    const size_t len = atls_text_len(name);
    const size_t kept = len < cap ? len : cap - 1;
    memcpy(out, name, kept);
    out[kept] = '\0';
}

void atls_verdict_take_evidence(struct atls_verdict *verdict, struct atls_appraisal *appraisal)
{
    verdict->num_evidence = 0;
    for (size_t i = 0; i < appraisal->num_submods && i < ATLS_MAX_SUBMODS; i++) {
        struct atls_submod *submod = &appraisal->submods[i];
        struct atls_verdict_evidence *evidence = &verdict->evidence[verdict->num_evidence++];
        const bool named = submod->format != NULL;
        copy_name(evidence->format, sizeof evidence->format, named ? submod->format->name : "");
        copy_name(evidence->submod, sizeof evidence->submod, named ? submod->format->submod : "");
        evidence->status = submod->status;
        evidence->vector = submod->vector;
        evidence->simulated = submod->simulated;
        evidence->claims_json = submod->claims_json;
        submod->claims_json = NULL;
    }
    if (verdict->num_evidence != 0) {
        verdict->key_binding = appraisal->submods[0].key_binding;
    }
}
