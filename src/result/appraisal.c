/* SPDX-License-Identifier: Apache-2.0 */
#include "result/appraisal.h"

#include <string.h>

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
    }
    memset(appraisal, 0, sizeof *appraisal);
}
