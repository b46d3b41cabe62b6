/* SPDX-License-Identifier: Apache-2.0 */
/* The components that reference values name, as endorsers' conditions see them. */
#include "appraiser/endorsed.h"
#include "appraiser/psa/psa.h"

#include "base/diag.h"
#include "base/span.h"
#include "endorsement/corim.h"

#include <stdlib.h>

/* Accepted components as claims, with what these borrow. */
struct accepted {
    struct atls_environment environment;
    struct atls_mdigest digests[ATLS_MAX_COMPONENTS];
    struct atls_tagged signers[ATLS_MAX_COMPONENTS];
    struct atls_measurement_map measurements[ATLS_MAX_COMPONENTS];
    struct atls_claim claims[ATLS_MAX_COMPONENTS];
    size_t num;
};

/* alg_of: the token names its hash in free text, so its length says which one is meant, as it does
 * where reference values are compared. */
static int64_t alg_of(size_t len)
{
    return len == 32 ? 1 : len == 48 ? 7 : 8;
}

static void add(struct accepted *a, const struct atls_psa_component *component)
{
    struct atls_measurement_map *m = &a->measurements[a->num];
    a->digests[a->num] =
        (struct atls_mdigest){.number = alg_of(component->value.len), .value = component->value};
    a->signers[a->num] = (struct atls_tagged){ATLS_TAG_BYTES, component->signer_id};
    m->mkey.kind = ATLS_MKEY_TEXT;
    m->mkey.text = atls_bytes_text(ATLS_PSA_COMPONENT_KEY);
    m->values.has = ATLS_HAS_DIGESTS | ATLS_HAS_CRYPTOKEYS |
                    (component->type.len != 0 ? (uint32_t)ATLS_HAS_NAME : 0) |
                    (component->version.len != 0 ? (uint32_t)ATLS_HAS_VERSION : 0);
    m->values.digests = (struct atls_mdigest_list){.items = &a->digests[a->num], .num = 1};
    m->values.cryptokeys = (struct atls_mkeys){.items = &a->signers[a->num], .num = 1};
    m->values.name = component->type;
    m->values.version = component->version;
    a->claims[a->num] = (struct atls_claim){&a->environment, m};
    a->num++;
}

enum atls_err atls_psa_endorsed(struct atls_additions **out, const struct atls_psa_claims *claims,
                                const struct atls_trust_anchor *anchor,
                                const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    if (!atls_endorsed_wanted(input)) {
        return ATLS_OK;
    }
    struct accepted *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "evidence appraisal", "endorsed values");
    }
    a->environment.class_id = (struct atls_tagged){ATLS_TAG_BYTES, claims->implementation_id};
    a->environment.instance = (struct atls_tagged){ATLS_TAG_UEID, claims->instance_id};
    for (size_t i = 0; i < claims->num_components; i++) {
        if (atls_psa_is_known(&claims->components[i], anchor, input)) {
            add(a, &claims->components[i]);
        }
    }
    const struct atls_claims accepted = {
        .items = a->claims, .num = a->num, .signer = anchor->spki, .labels = ATLS_LABELS_IGNORED};
    const enum atls_err err = atls_endorsed_new(out, input, "psa", &accepted, diag);
    free(a);
    return err;
}
