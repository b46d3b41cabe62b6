/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the claims of a Result as deterministic CBOR (RFC 8949, 4.2.1): keys in the order of
 * their encoding, so labels upwards, then negative ones, then names.
 */
#include "base/span.h"
#include "base/utf8.h"
#include "result/ear_form.h"
#include "result/vector.h"

/* ---- what can be written ---- */

static bool is_time(int64_t time_s)
{
    return time_s > 0;
}

static enum atls_err wrong(struct atls_diag *diag, const char *claim, const char *found,
                           const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_EAR_STEP, claim, found, expected);
}

static enum atls_err check_nonce(struct atls_bytes nonce, struct atls_diag *diag)
{
    if (nonce.len == 0 || (nonce.len >= ATLS_MIN_EAR_NONCE && nonce.len <= ATLS_MAX_NONCE_LEN)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, ATLS_EAR_STEP, "eat_nonce", NULL,
                    "8 to 64 octets");
    atls_diag_found_int(diag, (int64_t)nonce.len);
    return ATLS_ERR_NONCE_LENGTH;
}

static bool asserts_something(const struct atls_ear_submod *submod)
{
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (submod->asserted[i]) {
            return true;
        }
    }
    return false;
}

static enum atls_err check_submod(const struct atls_ear *ear, size_t index, struct atls_diag *diag)
{
    const struct atls_ear_submod *submod = &ear->submods[index];
    const size_t most = atls_ear_is_dotted(ear->profile) ? 1 : ATLS_MAX_EAR_POLICIES;
    if (submod->name.len == 0 || submod->name.len > ATLS_MAX_EAR_NAME_LEN ||
        !atls_tier_is_known(submod->status)) {
        return wrong(diag, "submods", "one without a name or a status", "1 to 64 octets, a tier");
    }
    for (size_t i = 0; i < index; i++) {
        if (atls_bytes_equal(ear->submods[i].name, submod->name)) {
            return wrong(diag, "submods", "two with one name", "each with its own name");
        }
    }
    if (submod->has_vector && !asserts_something(submod)) {
        return wrong(diag, "trustworthiness vector", "an empty one", "one claim or more");
    }
    for (size_t i = 0; i < submod->num_policy_ids && i < most; i++) {
        if (!atls_utf8_is_valid(submod->policy_ids[i])) {
            return wrong(diag, "policy ids", "no text", "UTF-8");
        }
    }
    if (submod->num_policy_ids > most) {
        return wrong(diag, "policy ids", "more than the flavour has", "one, in the drafts 8");
    }
    return check_nonce(submod->nonce, diag);
}

enum atls_err atls_ear_check_writable(const struct atls_ear *ear, struct atls_diag *diag)
{
    const bool dotted = ear->profile == ATLS_EAR_VERAISON;
    if (!dotted && ear->profile != ATLS_EAR_DRAFT_04) {
        return wrong(diag, "eat_profile", atls_ear_profile_text(ear->profile),
                     "the profile of 2023 or that of draft 04");
    }
    if (!is_time(ear->iat_s) || (ear->has_exp && ear->exp_s <= ear->iat_s)) {
        return wrong(diag, "iat, exp", "times out of order",
                     "a time after 1970, and an end after it");
    }
    if (ear->developer.data == NULL || ear->build.data == NULL) {
        return wrong(diag, "verifier id", "none", "developer and build");
    }
    if (!atls_utf8_is_valid(ear->developer) || !atls_utf8_is_valid(ear->build) ||
        !atls_utf8_is_valid(ear->issuer)) {
        return wrong(diag, "verifier id, iss", "no text", "UTF-8");
    }
    if (ear->raw.present && !dotted && !ear->raw.is_record) {
        return wrong(diag, "raw evidence", "octets without a type", "a CMW record");
    }
    if (dotted && atls_ear_has_value(&ear->topology)) {
        return wrong(diag, "device topology", "one", "none in the flavour of 2023");
    }
    if (ear->num_submods == 0 || ear->num_submods > ATLS_MAX_SUBMODS) {
        return wrong(diag, "submods", "none that are usable", "1 to 8");
    }
    enum atls_err err = check_nonce(ear->nonce, diag);
    for (size_t i = 0; err == ATLS_OK && i < ear->num_submods; i++) {
        err = check_submod(ear, i, diag);
    }
    return err;
}

/* ---- writing ---- */

static void put_label(struct atls_writer *w, enum atls_ear_claim claim)
{
    const struct atls_ear_row *row = atls_ear_row(claim);
    if (row->label == ATLS_EAR_NO_LABEL) {
        atls_cbor_put_str(w, row->name);
    } else {
        atls_cbor_put_int(w, row->label);
    }
}

static void put_int(struct atls_writer *w, enum atls_ear_claim claim, int64_t value)
{
    put_label(w, claim);
    atls_cbor_put_int(w, value);
}

static void put_text(struct atls_writer *w, enum atls_ear_claim claim, struct atls_bytes text)
{
    put_label(w, claim);
    atls_cbor_put_text(w, text);
}

static void put_octets(struct atls_writer *w, enum atls_ear_claim claim, struct atls_bytes octets)
{
    put_label(w, claim);
    atls_cbor_put_bytes(w, octets);
}

/* put_free copies a claim whose contents are free; one that is not CBOR fails in the writer. */
static void put_free(struct atls_writer *w, const struct atls_ear_value *value)
{
    if (value->cbor.len == 0) {
        w->failed = true;
    }
    atls_cbor_put_encoded(w, value->cbor);
}

static void put_vector(struct atls_writer *w, const struct atls_ear_submod *submod)
{
    uint64_t count = 0;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        count += submod->asserted[i] ? 1 : 0;
    }
    put_label(w, ATLS_EAR_VECTOR);
    atls_cbor_put_map(w, count);
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (submod->asserted[i]) {
            atls_cbor_put_uint(w, i);
            atls_cbor_put_int(w, submod->vector.claim[i]);
        }
    }
}

static void put_policy_ids(struct atls_writer *w, const struct atls_ear_submod *submod, bool dotted)
{
    put_label(w, ATLS_EAR_POLICY_IDS);
    if (!dotted) {
        atls_cbor_put_array(w, submod->num_policy_ids);
    }
    for (size_t i = 0; i < submod->num_policy_ids; i++) {
        atls_cbor_put_text(w, submod->policy_ids[i]);
    }
}

/* put_verifier_claims writes those that there are, else the problem alone. */
static void put_verifier_claims(struct atls_writer *w, const struct atls_ear_submod *submod)
{
    if (atls_ear_has_value(&submod->verifier_claims)) {
        put_free(w, &submod->verifier_claims);
        return;
    }
    atls_cbor_put_map(w, 1);
    put_text(w, ATLS_EAR_PROBLEM, submod->problem);
}

static void put_submod(struct atls_writer *w, const struct atls_ear_submod *submod, bool dotted)
{
    const bool has_attester = atls_ear_has_value(&submod->attester_claims);
    const bool has_verifier =
        atls_ear_has_value(&submod->verifier_claims) || submod->problem.len != 0;
    const bool has_teep = atls_ear_has_value(&submod->teep_claims);
    const struct atls_ear_row *attester = atls_ear_row(ATLS_EAR_ATTESTER_CLAIMS);
    const struct atls_ear_row *verifier = atls_ear_row(ATLS_EAR_VERIFIER_CLAIMS);
    atls_cbor_put_map(w, 1 + (uint64_t)(submod->nonce.len != 0) + submod->has_vector +
                             (submod->num_policy_ids != 0) + has_attester + has_verifier +
                             has_teep + (submod->akpub.len != 0) + submod->simulated);
    if (submod->nonce.len != 0) {
        put_octets(w, ATLS_EAR_NONCE, submod->nonce);
    }
    put_int(w, ATLS_EAR_STATUS, submod->status);
    if (submod->has_vector) {
        put_vector(w, submod);
    }
    if (submod->num_policy_ids != 0) {
        put_policy_ids(w, submod, dotted);
    }
    if (has_attester && !dotted) {
        atls_cbor_put_int(w, attester->label);
        put_free(w, &submod->attester_claims);
    }
    if (has_verifier && !dotted) {
        atls_cbor_put_int(w, verifier->label);
        put_verifier_claims(w, submod);
    }
    if (has_teep) {
        put_label(w, ATLS_EAR_TEEP_CLAIMS);
        put_free(w, &submod->teep_claims);
    }
    if (has_attester && dotted) {
        atls_cbor_put_int(w, attester->old_label);
        put_free(w, &submod->attester_claims);
    }
    if (has_verifier && dotted) {
        atls_cbor_put_int(w, verifier->old_label);
        put_verifier_claims(w, submod);
    }
    if (submod->akpub.len != 0) {
        put_label(w, ATLS_EAR_KEY_ATTESTATION);
        atls_cbor_put_map(w, 1);
        put_octets(w, ATLS_EAR_AKPUB, submod->akpub);
    }
    if (submod->simulated) {
        put_label(w, ATLS_EAR_SIMULATED);
        atls_cbor_put_bool(w, true);
    }
}

/* comes_before is the order of two names as map keys: the shorter first, then by octets. */
static bool comes_before(struct atls_bytes a, struct atls_bytes b)
{
    if (a.len != b.len) {
        return a.len < b.len;
    }
    size_t i = 0;
    while (i < a.len && a.data[i] == b.data[i]) {
        i++;
    }
    return i < a.len && a.data[i] < b.data[i];
}

static void put_submods(struct atls_writer *w, const struct atls_ear *ear)
{
    const struct atls_ear_submod *last = NULL;
    put_label(w, ATLS_EAR_SUBMODS);
    atls_cbor_put_map(w, ear->num_submods);
    for (size_t n = 0; n < ear->num_submods; n++) {
        const struct atls_ear_submod *next = NULL;
        for (size_t i = 0; i < ear->num_submods; i++) {
            const struct atls_ear_submod *one = &ear->submods[i];
            if ((last == NULL || comes_before(last->name, one->name)) &&
                (next == NULL || comes_before(one->name, next->name))) {
                next = one;
            }
        }
        if (next != NULL) { /* names differ, so there always is one */
            atls_cbor_put_text(w, next->name);
            put_submod(w, next, atls_ear_is_dotted(ear->profile));
            last = next;
        }
    }
}

static void put_raw(struct atls_writer *w, const struct atls_ear *ear)
{
    const struct atls_cmw *record = &ear->raw.record;
    if (atls_ear_is_dotted(ear->profile)) {
        put_octets(w, ATLS_EAR_RAW, ear->raw.octets);
        return;
    }
    put_label(w, ATLS_EAR_RAW);
    atls_cbor_put_array(w, record->ind != 0 ? 3 : 2);
    if (record->by_content_format) {
        atls_cbor_put_uint(w, record->content_format);
    } else {
        atls_cbor_put_text(w, record->media_type);
    }
    atls_cbor_put_bytes(w, record->value);
    if (record->ind != 0) {
        atls_cbor_put_uint(w, record->ind);
    }
}

static void put_cnf(struct atls_writer *w, const struct atls_ear_cnf *cnf)
{
    put_label(w, ATLS_EAR_CNF);
    atls_cbor_put_map(w, (uint64_t)cnf->has_key + (cnf->ckt.len != 0));
    if (cnf->has_key) {
        atls_cbor_put_uint(w, 1); /* COSE_Key */
        atls_cose_key_put(w, &cnf->key);
    }
    if (cnf->ckt.len != 0) {
        atls_cbor_put_uint(w, 5); /* ckt */
        atls_cbor_put_bytes(w, cnf->ckt);
    }
}

/* put_first writes the claims below 1000, which are those of CWT and EAT. */
static void put_first(struct atls_writer *w, const struct atls_ear *ear)
{
    if (ear->issuer.len != 0) {
        put_text(w, ATLS_EAR_ISS, ear->issuer);
    }
    if (ear->has_exp) {
        put_int(w, ATLS_EAR_EXP, ear->exp_s);
    }
    if (ear->has_nbf) {
        put_int(w, ATLS_EAR_NBF, ear->nbf_s);
    }
    put_int(w, ATLS_EAR_IAT, ear->iat_s);
    if (ear->jti.len != 0) {
        put_octets(w, ATLS_EAR_JTI, ear->jti);
    }
    if (ear->cnf.has_key || ear->cnf.ckt.len != 0) {
        put_cnf(w, &ear->cnf);
    }
    if (ear->nonce.len != 0) {
        put_octets(w, ATLS_EAR_NONCE, ear->nonce);
    }
    put_text(w, ATLS_EAR_PROFILE, atls_bytes_text(atls_ear_profile_text(ear->profile)));
}

enum atls_err atls_ear_put_cbor(struct atls_writer *w, const struct atls_ear *ear,
                                struct atls_diag *diag)
{
    const enum atls_err err = atls_ear_check_writable(ear, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const bool has_cnf = ear->cnf.has_key || ear->cnf.ckt.len != 0;
    const bool has_topology = atls_ear_has_value(&ear->topology);
    const bool has_tee_info = atls_ear_has_value(&ear->tee_info);
    atls_cbor_put_map(w, 4 + (uint64_t)(ear->issuer.len != 0) + ear->has_exp + ear->has_nbf +
                             (ear->jti.len != 0) + has_cnf + (ear->nonce.len != 0) +
                             ear->has_status + ear->raw.present + has_topology + has_tee_info);
    put_first(w, ear);
    put_submods(w, ear);
    if (ear->has_status) {
        put_int(w, ATLS_EAR_STATUS, ear->status);
    }
    if (ear->raw.present) {
        put_raw(w, ear);
    }
    put_label(w, ATLS_EAR_VERIFIER_ID);
    atls_cbor_put_map(w, 2);
    put_text(w, ATLS_EAR_DEVELOPER, ear->developer);
    put_text(w, ATLS_EAR_BUILD, ear->build);
    if (has_topology) {
        put_label(w, ATLS_EAR_TOPOLOGY);
        put_free(w, &ear->topology);
    }
    if (has_tee_info) {
        put_label(w, ATLS_EAR_TEE_INFO);
        put_free(w, &ear->tee_info);
    }
    return w->failed ? atls_fail(diag, ATLS_ERR_BUFFER, ATLS_EAR_STEP, "claims") : ATLS_OK;
}
