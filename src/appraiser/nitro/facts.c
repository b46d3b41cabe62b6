/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCRs of a document as reference values and endorsers' conditions see them: environment of
 * vendor, model and the module, digests by their length (docs/endorsements.md, "nitro").
 */
#include "appraiser/nitro/nitro.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"
#include "endorsement/apply.h"
#include "endorsement/corim.h"

#include <stdlib.h>

struct atls_nitro_facts {
    struct atls_environment environment;
    struct atls_mdigest digests[ATLS_NITRO_NUM_PCRS];
    struct atls_measurement_map measurements[ATLS_NITRO_NUM_PCRS];
    struct atls_claim items[ATLS_NITRO_NUM_PCRS];
    struct atls_claims all;
};

/* number_of gives the number in the registry of named information. */
static int64_t number_of(size_t len)
{
    return len == 32 ? 1 : len == 48 ? 7 : 8;
}

static void add(struct atls_nitro_facts *facts, size_t pcr, struct atls_bytes value)
{
    const size_t at = facts->all.num++;
    struct atls_measurement_map *m = &facts->measurements[at];
    facts->digests[at] = (struct atls_mdigest){.number = number_of(value.len), .value = value};
    m->mkey = (struct atls_mkey){.kind = ATLS_MKEY_UINT, .number = pcr};
    m->values.has = ATLS_HAS_DIGESTS;
    m->values.digests = (struct atls_mdigest_list){.items = &facts->digests[at], .num = 1};
    facts->items[at] = (struct atls_claim){&facts->environment, m};
}

struct atls_environment atls_nitro_environment(void)
{
    const struct atls_environment all = {.has_vendor = true,
                                         .vendor = atls_bytes_text("Amazon"),
                                         .has_model = true,
                                         .model = atls_bytes_text("aws.nitro-enclaves")};
    return all;
}

enum atls_err atls_nitro_facts_new(struct atls_nitro_facts **out,
                                   const struct atls_nitro_claims *claims,
                                   struct atls_bytes root_spki, struct atls_diag *diag)
{
    struct atls_nitro_facts *facts = calloc(1, sizeof *facts);
    if (facts == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_APPRAISAL, "PCRs");
    }
    facts->environment = atls_nitro_environment();
    facts->environment.instance = (struct atls_tagged){ATLS_TAG_BYTES, claims->module_id};
    facts->all.items = facts->items;
    facts->all.signer = root_spki;
    facts->all.labels = ATLS_LABELS_COMPARED;
    for (size_t pcr = 0; pcr < ATLS_NITRO_NUM_PCRS; pcr++) {
        if ((claims->pcrs >> pcr & 1) != 0) {
            add(facts, pcr, claims->pcr[pcr]);
        }
    }
    *out = facts;
    return ATLS_OK;
}

void atls_nitro_facts_cleanup(struct atls_nitro_facts **facts)
{
    free(*facts);
    *facts = NULL;
}

const struct atls_claims *atls_nitro_facts_of(struct atls_nitro_facts *facts,
                                              const struct atls_statement *image)
{
    static const struct atls_tagged none = {0, {NULL, 0}};
    facts->environment.class_id = image != NULL ? image->environment.class_id : none;
    return &facts->all;
}
