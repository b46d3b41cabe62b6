/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Relying Party demands of a Result that a listed Verifier signed: its profile, its times,
 * the exchange it was made for, who made it, and the tier of every appraisal, recomputed from the
 * trustworthiness vector. The key that it speaks for is checked by json/ear_key.h.
 */
#ifndef RESULT_EAR_CHECK_H
#define RESULT_EAR_CHECK_H

#include "result/ear.h"

/* All zero demands an affirming Result of a known profile that is valid at second 0. */
struct atls_ear_terms {
    int64_t now_s;
    uint32_t max_age_s; /* since iat; 0: no bound, and then exp must be there */
    /* The nonce of this exchange, when the Relying Party ran it; empty: a passport, not compared.
     */
    struct atls_bytes nonce;
    const char *issuer;    /* iss must be this, and be there; NULL: not looked at */
    const char *developer; /* the verifier id must say so; NULL: not looked at */
    const char *build;
    /* Profiles that are taken besides those of the table; NULL-terminated, NULL: none. */
    const char *const *profiles;
    bool any_profile;
    /* NONE or AFFIRMING: every submod affirming; WARNING: or warning. Others take nothing. */
    enum atls_tier least;
    bool simulated; /* takes simulated roots: hardware = 32 of these counts as affirming */
};

/*
 * atls_ear_check gives ATLS_OK when everything holds: RESULT_EXPIRED for times, FRESHNESS for the
 * nonce, SIMULATED, STATUS for tiers, RESULT for the rest. A Result that says a better status than
 * its own vector is refused whatever the terms.
 */
ATLS_NODISCARD enum atls_err atls_ear_check(const struct atls_ear *ear,
                                            const struct atls_ear_terms *terms,
                                            struct atls_diag *diag);

/* atls_ear_check_status is the rule of statuses alone (draft-ietf-rats-ear-04): none is better than
 * a claim under it, and that of the whole, where it says something, than a submod. */
ATLS_NODISCARD enum atls_err atls_ear_check_status(const struct atls_ear *ear,
                                                   struct atls_diag *diag);

#endif
