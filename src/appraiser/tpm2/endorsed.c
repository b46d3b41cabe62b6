/* SPDX-License-Identifier: Apache-2.0 */
/* The values that the quoted PCRs were found to have, as endorsers' conditions see them. */
#include "appraiser/endorsed.h"
#include "appraiser/tpm2/tpm2.h"

#include "base/diag.h"
#include "base/span.h"
#include "endorsement/corim.h"

#include <stdlib.h>

struct accepted {
    struct atls_environment environment;
    struct atls_mdigest digests[ATLS_TPM2_NUM_PCRS];
    struct atls_measurement_map measurements[ATLS_TPM2_NUM_PCRS];
    struct atls_claim claims[ATLS_TPM2_NUM_PCRS];
    size_t num;
};

static int64_t number_of(int32_t bank)
{
    return bank == ATLS_ALG_SHA256 ? 1 : bank == ATLS_ALG_SHA384 ? 7 : 8;
}

enum atls_err atls_tpm2_endorsed(struct atls_additions **out,
                                 const struct atls_tpm2_verified *verified,
                                 const struct atls_tpm2_pcrs *pcrs,
                                 const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_trust_anchor *anchor = atls_tpm2_anchor(verified);
    if (!atls_endorsed_wanted(input)) {
        return ATLS_OK;
    }
    struct accepted *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "evidence appraisal", "endorsed values");
    }
    a->environment.class_id = (struct atls_tagged){ATLS_TAG_UUID, anchor->class_id};
    a->environment.instance =
        (struct atls_tagged){ATLS_TAG_BYTES, atls_tpm2_contents(verified)->kid};
    for (size_t pcr = 0; pcr < ATLS_TPM2_NUM_PCRS; pcr++) {
        if (pcrs->value[pcr].len == 0) {
            continue;
        }
        struct atls_measurement_map *m = &a->measurements[a->num];
        a->digests[a->num] =
            (struct atls_mdigest){.number = number_of(pcrs->bank), .value = pcrs->value[pcr]};
        m->mkey = (struct atls_mkey){.kind = ATLS_MKEY_UINT, .number = pcr};
        m->values.has = ATLS_HAS_DIGESTS;
        m->values.digests = (struct atls_mdigest_list){.items = &a->digests[a->num], .num = 1};
        a->claims[a->num] = (struct atls_claim){&a->environment, m};
        a->num++;
    }
    const struct atls_claims accepted = {
        .items = a->claims, .num = a->num, .signer = anchor->spki, .labels = ATLS_LABELS_IGNORED};
    const enum atls_err err = atls_endorsed_new(out, input, "tpm2", &accepted, diag);
    free(a);
    return err;
}
