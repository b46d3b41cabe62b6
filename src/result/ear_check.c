/* SPDX-License-Identifier: Apache-2.0 */
#include "result/ear_check.h"

#include "base/span.h"
#include "result/ear_form.h"
#include "result/vector.h"

static const struct atls_bytes whole = {NULL, 0};

static enum atls_err recode(struct atls_diag *diag, enum atls_err err)
{
    if (diag != NULL) {
        diag->err = err;
    }
    return err;
}

/* ---- profile, verifier ---- */

static enum atls_err check_profile(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                                   struct atls_diag *diag)
{
    if (ear->profile != ATLS_EAR_OTHER || terms->any_profile) {
        return ATLS_OK;
    }
    for (const char *const *one = terms->profiles; one != NULL && *one != NULL; one++) {
        if (ear->profile_text.len != 0 && atls_bytes_is_text(ear->profile_text, *one)) {
            return ATLS_OK;
        }
    }
    const enum atls_err err = atls_ear_refuse(diag, whole, "eat_profile", NULL,
                                              "a profile of EAR that is known or was listed");
    atls_diag_found_peer_text(diag, ear->profile_text);
    atls_diag_found_text(diag, ear->profile_text.len == 0 ? "an OID" : "");
    return err;
}

static enum atls_err check_text(const char *claim, struct atls_bytes found, const char *expected,
                                struct atls_diag *diag)
{
    if (expected == NULL || (found.len != 0 && atls_bytes_is_text(found, expected))) {
        return ATLS_OK;
    }
    const enum atls_err err =
        atls_ear_refuse(diag, whole, claim, found.len == 0 ? "nothing" : NULL,
                        expected[0] != '\0' ? expected : "a name that is not empty");
    atls_diag_found_peer_text(diag, found);
    return err;
}

static enum atls_err check_verifier(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                                    struct atls_diag *diag)
{
    if (ear->has_audience) { /* a Relying Party here has no name that it could be (RFC 7519, 4.1.3)
                              */
        return atls_ear_refuse(diag, whole, "aud", "an audience, which is another",
                               "no aud: a Result for whoever verifies it");
    }
    enum atls_err err = check_text("iss", ear->issuer, terms->issuer, diag);
    if (err == ATLS_OK) {
        err = check_text("ear_verifier_id developer", ear->developer, terms->developer, diag);
    }
    return err == ATLS_OK ? check_text("ear_verifier_id build", ear->build, terms->build, diag)
                          : err;
}

/* ---- times (R-22, R-23) ---- */

static enum atls_err bad_time(struct atls_diag *diag, const char *claim, int64_t found,
                              const char *expected, int64_t bound)
{
    atls_fail_texts(diag, ATLS_ERR_RESULT_EXPIRED, ATLS_EAR_STEP, claim, NULL, expected);
    atls_diag_found_time(diag, found);
    atls_diag_expected_time(diag, bound);
    return ATLS_ERR_RESULT_EXPIRED;
}

static enum atls_err check_times(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                                 struct atls_diag *diag)
{
    const int64_t latest = terms->now_s + ATLS_MAX_SKEW_S;
    const int64_t earliest = terms->now_s - ATLS_MAX_SKEW_S;
    if (ear->iat_s > latest) {
        return bad_time(diag, "iat", ear->iat_s, "no later than ", latest);
    }
    if (ear->has_nbf && ear->nbf_s > latest) {
        return bad_time(diag, "nbf", ear->nbf_s, "no later than ", latest);
    }
    if (ear->has_exp && ear->exp_s <= earliest) {
        return bad_time(diag, "exp", ear->exp_s, "later than ", earliest);
    }
    if (terms->max_age_s != 0 && ear->iat_s < earliest - (int64_t)terms->max_age_s) {
        return bad_time(diag, "iat", ear->iat_s, "within the largest age, so not before ",
                        earliest - (int64_t)terms->max_age_s);
    }
    if (!ear->has_exp && terms->max_age_s == 0) {
        return atls_fail_texts(diag, ATLS_ERR_RESULT_EXPIRED, ATLS_EAR_STEP, "exp", "nothing",
                               "an end, or a largest age in the policy");
    }
    return ATLS_OK;
}

/* ---- the exchange (R-21) ---- */

static enum atls_err bad_nonce(struct atls_diag *diag, struct atls_bytes submod, const char *found)
{
    atls_ear_refuse(diag, submod, "eat_nonce", found, "the nonce of this exchange");
    return recode(diag, ATLS_ERR_FRESHNESS);
}

/* check_nonce: the nonce of the Result is the one that the Verifier was asked with, that of a
 * submod is what it found in the Evidence (draft-ietf-rats-ear-03, 3.1 and 3.2): where it says one,
 * that is the same. */
static enum atls_err check_nonce(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                                 struct atls_diag *diag)
{
    const struct atls_bytes nonce = atls_ear_find_nonce(ear);
    if (terms->nonce.len == 0) {
        return ATLS_OK;
    }
    if (nonce.len == 0 || !atls_ct_equal(nonce, terms->nonce)) {
        return bad_nonce(diag, whole, nonce.len == 0 ? "nothing" : "another");
    }
    for (size_t i = 0; i < ear->num_submods; i++) {
        const struct atls_ear_submod *submod = &ear->submods[i];
        if (submod->nonce.len != 0 && !atls_ct_equal(submod->nonce, terms->nonce)) {
            return bad_nonce(diag, submod->name, "another, in the Evidence");
        }
    }
    return ATLS_OK;
}

/* ---- tiers ---- */

enum atls_err atls_ear_check_status(const struct atls_ear *ear, struct atls_diag *diag)
{
    for (size_t i = 0; i < ear->num_submods; i++) {
        const struct atls_ear_submod *submod = &ear->submods[i];
        const enum atls_tier least = atls_vector_status(&submod->vector);
        if (!atls_tier_is_known(submod->status) || atls_tier_worse(least, submod->status)) {
            const enum atls_err err =
                atls_ear_refuse(diag, submod->name, "ear_status", atls_tier_name(submod->status),
                                "no better than its worst claim, ");
            atls_diag_expected_text(diag, atls_tier_name(least));
            return err;
        }
        if (ear->has_status && ear->status != ATLS_TIER_NONE &&
            atls_tier_worse(submod->status, ear->status)) {
            const enum atls_err err =
                atls_ear_refuse(diag, whole, "ear_status", atls_tier_name(ear->status),
                                "no better than its worst submod, ");
            atls_diag_expected_text(diag, atls_tier_name(submod->status));
            return err;
        }
    }
    return ATLS_OK;
}

static bool is_taken(const struct atls_ear_terms *terms, enum atls_tier tier)
{
    switch (terms->least) {
    case ATLS_TIER_NONE:
    case ATLS_TIER_AFFIRMING:
        return tier == ATLS_TIER_AFFIRMING;
    case ATLS_TIER_WARNING:
        return tier == ATLS_TIER_AFFIRMING || tier == ATLS_TIER_WARNING;
    case ATLS_TIER_CONTRAINDICATED:
    default:
        return false;
    }
}

/* effective gives the tier that counts: of a simulation that is taken, and whose status its vector
 * explains, that of the vector with hardware = 32 set aside, and nothing else. */
static enum atls_tier effective(const struct atls_ear_submod *submod,
                                const struct atls_ear_terms *terms)
{
    struct atls_trust_vector vector = submod->vector;
    int8_t *hardware = &vector.claim[ATLS_TRUST_HARDWARE];
    const bool explained = submod->status == atls_vector_status(&vector);
    if (!submod->simulated || !terms->simulated || !explained ||
        *hardware != ATLS_HARDWARE_UNSAFE) {
        return submod->status;
    }
    *hardware = ATLS_HARDWARE_GENUINE;
    return atls_vector_status(&vector);
}

static enum atls_err bad_tier(const struct atls_ear_terms *terms, struct atls_bytes submod,
                              enum atls_tier tier, struct atls_bytes problem,
                              struct atls_diag *diag)
{
    enum { most = 160 }; /* the quotation ends inside of the room that a sentence has */
    const bool is_long = problem.len > most;
    atls_ear_refuse(diag, submod, "ear_status", atls_tier_name(tier),
                    terms->least == ATLS_TIER_WARNING ? "affirming or warning" : "affirming");
    if (problem.len != 0) {
        atls_diag_found_text(diag, ", since \"");
        atls_diag_found_peer_text(diag, atls_bytes_of(problem.data, is_long ? most : problem.len));
        atls_diag_found_text(diag, is_long ? "...\"" : "\"");
    }
    return recode(diag, ATLS_ERR_STATUS);
}

static enum atls_err check_submod(const struct atls_ear_submod *submod,
                                  const struct atls_ear_terms *terms, struct atls_diag *diag)
{
    if (submod->simulated && !terms->simulated) {
        atls_ear_refuse(diag, submod->name, "simulated", "true",
                        "a real root of trust; simulations are taken with --simulated or "
                        "\"simulated\": true in the policy");
        return recode(diag, ATLS_ERR_SIMULATED);
    }
    const enum atls_tier tier = effective(submod, terms);
    return is_taken(terms, tier) ? ATLS_OK
                                 : bad_tier(terms, submod->name, tier, submod->problem, diag);
}

/* check_whole: a Verifier that says of the whole what it says of no part knows more than it shows,
 * unless a simulation that is taken is what it knows. */
static enum atls_err check_whole(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                                 struct atls_diag *diag)
{
    enum atls_tier worst = ATLS_TIER_NONE;
    for (size_t i = 0; i < ear->num_submods; i++) {
        worst = atls_tier_worse(ear->submods[i].status, worst) ? ear->submods[i].status : worst;
    }
    if (!ear->has_status || ear->status == ATLS_TIER_NONE || ear->status == worst ||
        is_taken(terms, ear->status)) {
        return ATLS_OK;
    }
    return bad_tier(terms, whole, ear->status, whole, diag);
}

static enum atls_err check_tiers(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                                 struct atls_diag *diag)
{
    enum atls_err err = atls_ear_check_status(ear, diag);
    for (size_t i = 0; err == ATLS_OK && i < ear->num_submods; i++) {
        err = check_submod(&ear->submods[i], terms, diag);
    }
    return err == ATLS_OK ? check_whole(ear, terms, diag) : err;
}

enum atls_err atls_ear_check(const struct atls_ear *ear, const struct atls_ear_terms *terms,
                             struct atls_diag *diag)
{
    if (ear->num_submods == 0 || ear->num_submods > ATLS_MAX_SUBMODS) {
        return atls_ear_refuse(diag, whole, "submods", "none that are usable", "1 to 8");
    }
    enum atls_err err = check_profile(ear, terms, diag);
    if (err == ATLS_OK) {
        err = check_times(ear, terms, diag);
    }
    if (err == ATLS_OK) {
        err = check_nonce(ear, terms, diag);
    }
    if (err == ATLS_OK) {
        err = check_verifier(ear, terms, diag);
    }
    return err == ATLS_OK ? check_tiers(ear, terms, diag) : err;
}
