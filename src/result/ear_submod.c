/* SPDX-License-Identifier: Apache-2.0 */
/* One appraisal of a Result: status, trustworthiness vector, key, and what else it may have. */
#include "base/span.h"
#include "result/ear_internal.h"

static enum atls_err read_trust_claim(const struct atls_ear_reader *r,
                                      const struct atls_ear_node *vector, size_t i,
                                      struct atls_ear_submod *submod)
{
    const struct atls_ear_row row = atls_ear_trust_row((enum atls_trust_claim)i);
    struct atls_ear_node node;
    int64_t value = 0;
    const enum atls_err err = atls_ear_find(r, vector, &row, &node, &submod->asserted[i]);
    if (err != ATLS_OK || !submod->asserted[i]) {
        return err;
    }
    if (!r->form->integer(&node, &value) || value < INT8_MIN || value > INT8_MAX) {
        return atls_ear_wrong(r, &row, "another type or range", "a whole number from -128 to 127");
    }
    submod->vector.claim[i] = (int8_t)value;
    return ATLS_OK;
}

static enum atls_err read_vector(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                 struct atls_ear_submod *submod)
{
    struct atls_ear_node vector;
    enum atls_err err =
        atls_ear_find(r, map, atls_ear_row(ATLS_EAR_VECTOR), &vector, &submod->has_vector);
    if (err != ATLS_OK || !submod->has_vector) {
        return err;
    }
    if (r->form->kind(&vector) != ATLS_EAR_IS_MAP || r->form->count(&vector) == 0) {
        return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_VECTOR), "another type, or an empty one",
                              "a map of one claim or more");
    }
    submod->has_vector = false; /* of claims that nobody knows there is no vector */
    for (size_t i = 0; err == ATLS_OK && i < ATLS_NUM_TRUST_CLAIMS; i++) {
        err = read_trust_claim(r, &vector, i, submod);
        submod->has_vector = submod->has_vector || submod->asserted[i];
    }
    return err;
}

/* read_policy_ids: a list in the drafts, one text with dotted names; each name may have either. */
static enum atls_err read_policy_ids(const struct atls_ear_reader *r,
                                     const struct atls_ear_node *map,
                                     struct atls_ear_submod *submod)
{
    struct atls_ear_node list;
    struct atls_ear_node node;
    struct atls_bytes name;
    bool found = false;
    enum atls_err err = atls_ear_find(r, map, atls_ear_row(ATLS_EAR_POLICY_IDS), &list, &found);
    if (err != ATLS_OK || !found) {
        return err;
    }
    if (r->form->kind(&list) == ATLS_EAR_IS_OTHER) {
        submod->num_policy_ids = 1;
        return atls_ear_text(r, &list, ATLS_EAR_POLICY_IDS, &submod->policy_ids[0]);
    }
    const size_t count = r->form->count(&list);
    if (r->form->kind(&list) != ATLS_EAR_IS_ARRAY || count == 0 || count > ATLS_MAX_EAR_POLICIES) {
        return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_POLICY_IDS), "another type or number",
                              "a list of 1 to 8 texts, or one text");
    }
    for (size_t i = 0; err == ATLS_OK && i < count && r->form->at(&list, i, &name, &node); i++) {
        err = atls_ear_text(r, &node, ATLS_EAR_POLICY_IDS, &submod->policy_ids[i]);
        submod->num_policy_ids = i + 1;
    }
    return err;
}

/* read_problem lends the sentence with which Verifiers say why something is not affirming. */
static void read_problem(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                         struct atls_ear_submod *submod)
{
    struct atls_ear_node claims;
    struct atls_ear_node node;
    bool found = false;
    if (atls_ear_find(r, map, atls_ear_row(ATLS_EAR_VERIFIER_CLAIMS), &claims, &found) == ATLS_OK &&
        found && r->form->member(&claims, atls_ear_row(ATLS_EAR_PROBLEM), 0, &node)) {
        (void)!r->form->text(&node, &submod->problem);
    }
}

static enum atls_err read_key(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                              struct atls_ear_submod *submod)
{
    struct atls_ear_node key;
    bool found = false;
    enum atls_err err = atls_ear_find(r, map, atls_ear_row(ATLS_EAR_KEY_ATTESTATION), &key, &found);
    if (err != ATLS_OK || !found) {
        return err;
    }
    if (r->form->kind(&key) != ATLS_EAR_IS_MAP) {
        return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_KEY_ATTESTATION), "another type",
                              "a map with akpub");
    }
    err = atls_ear_octets(r, &key, ATLS_EAR_AKPUB, 1, ATLS_MAX_SPKI_LEN, &submod->akpub);
    if (err == ATLS_OK && submod->akpub.len == 0) {
        err = atls_ear_wrong(r, atls_ear_row(ATLS_EAR_AKPUB), "nothing", "the attested key");
    }
    return err;
}

static enum atls_err read_simulated(const struct atls_ear_reader *r,
                                    const struct atls_ear_node *map, struct atls_ear_submod *submod)
{
    struct atls_ear_node node;
    bool found = false;
    const enum atls_err err =
        atls_ear_find(r, map, atls_ear_row(ATLS_EAR_SIMULATED), &node, &found);
    if (err != ATLS_OK || !found || r->form->boolean(&node, &submod->simulated)) {
        return err;
    }
    return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_SIMULATED), "another type", "true or false");
}

enum atls_err atls_ear_submod_read(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                   struct atls_ear_submod *submod)
{
    struct atls_ear_node node;
    bool found = false;
    if (r->form->kind(map) != ATLS_EAR_IS_MAP) {
        return atls_ear_refuse(r->diag, r->submod, "submod", "another type", "an appraisal, a map");
    }
    enum atls_err err = atls_ear_need(r, map, ATLS_EAR_STATUS, &node);
    if (err == ATLS_OK) {
        err = atls_ear_status(r, map, &submod->status, &found);
    }
    if (err == ATLS_OK) {
        err = read_vector(r, map, submod);
    }
    if (err == ATLS_OK) {
        err = atls_ear_octets(r, map, ATLS_EAR_NONCE, ATLS_MIN_EAR_NONCE, ATLS_MAX_NONCE_LEN,
                              &submod->nonce);
    }
    if (err == ATLS_OK) {
        err = read_policy_ids(r, map, submod);
    }
    if (err == ATLS_OK) {
        err = read_key(r, map, submod);
    }
    if (err == ATLS_OK) {
        err = read_simulated(r, map, submod);
    }
    if (err == ATLS_OK) {
        err = atls_ear_free_map(r, map, ATLS_EAR_ATTESTER_CLAIMS, &submod->attester_claims);
    }
    if (err == ATLS_OK) {
        err = atls_ear_free_map(r, map, ATLS_EAR_VERIFIER_CLAIMS, &submod->verifier_claims);
    }
    if (err == ATLS_OK) {
        err = atls_ear_free_map(r, map, ATLS_EAR_TEEP_CLAIMS, &submod->teep_claims);
    }
    if (err == ATLS_OK) {
        read_problem(r, map, submod);
    }
    return err;
}
