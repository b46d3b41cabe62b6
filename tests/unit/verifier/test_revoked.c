/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of which something is revoked: what the vector says, and that no policy takes it. */
#include "atls_build.h"

#include <stdio.h>

#if ATLS_SIM
#include "sim_evidence.h"

#include "result/policy.h"

static struct sim sim;
static struct atls_revoked_entry entry;

static int make_sim(void **state)
{
    (void)state;
    sim = sim_new();
    return 0;
}

static int free_sim(void **state)
{
    (void)state;
    atls_endorsements_unref(sim.endorsements);
    return 0;
}

static struct atls_appraisal appraised(const struct atls_revocations *list, bool no_nonce)
{
    struct atls_appraisal appraisal;
    struct atls_verify_request request = sim_request(&sim);
    request.revoked = list;
    request.no_nonce = no_nonce;
    request.expected_nonce = no_nonce ? atls_bytes_of(NULL, 0) : request.expected_nonce;
    assert_err(atls_verify(&appraisal, &request, NULL), OK);
    return appraisal;
}

/* revoke lists the identity of that name. */
static struct atls_revocations revoke(const struct atls_submod *submod, const char *what)
{
    for (size_t i = 0; i < submod->identities.num; i++) {
        const struct atls_identity *item = &submod->identities.items[i];
        if (strcmp(item->what, what) == 0) {
            entry.kind = item->kind;
            entry.len = item->len;
            memcpy(entry.value, item->value, sizeof entry.value);
            entry.from_s = NOW_S;
            const struct atls_revocations list = {&entry, 1};
            return list;
        }
    }
    fail_msg("the Evidence has no %s", what);
    return (struct atls_revocations){NULL, 0};
}

static void assert_revoked(const char *what, bool no_nonce)
{
    struct atls_diag diag;
    struct atls_policy policy;
    atls_policy_default(&policy);
    policy.simulated = true;
    struct atls_appraisal appraisal = appraised(NULL, false);
    assert_false(appraisal.submods[0].revoked);
    assert_err(atls_policy_check_evidence(&policy, &appraisal, &diag), OK);
    const struct atls_revocations list = revoke(&appraisal.submods[0], what);
    atls_appraisal_cleanup(&appraisal, free);

    appraisal = appraised(&list, no_nonce);
    const struct atls_submod *submod = &appraisal.submods[0];
    assert_true(submod->revoked);
    assert_int_equal(submod->vector.claim[ATLS_TRUST_INSTANCE_IDENTITY], 96);
    assert_int_equal(submod->status, ATLS_TIER_CONTRAINDICATED);
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) { /* as little as a policy can demand */
        policy.min_tier_set[i] = true;
        policy.min_tier[i] = ATLS_TIER_NONE;
    }
    policy.debug = true;
    assert_err(atls_policy_check_evidence(&policy, &appraisal, &diag), REVOKED);
    assert_string_equal(diag.claim, what);
    policy.simulated = false; /* of two reasons, this one is said */
    assert_err(atls_policy_check_evidence(&policy, &appraisal, &diag), REVOKED);
    assert_err(atls_policy_check_evidence(&policy, &appraisal, NULL), REVOKED);
    atls_appraisal_cleanup(&appraisal, free);
}

static void evidence_of_a_revoked_machine_or_key_is_contraindicated(void **state)
{
    (void)state;
    assert_revoked("psa-instance-id", false);
    assert_revoked("attestation key", false);
    assert_revoked("psa-instance-id", true);
}

static void an_entry_of_the_future_does_not_revoke_yet(void **state)
{
    (void)state;
    struct atls_appraisal appraisal = appraised(NULL, false);
    struct atls_revocations list = revoke(&appraisal.submods[0], "attestation key");
    atls_appraisal_cleanup(&appraisal, free);
    list.entries[0].from_s = NOW_S + 1;
    appraisal = appraised(&list, false);
    assert_false(appraisal.submods[0].revoked);
    assert_int_equal(appraisal.submods[0].vector.claim[ATLS_TRUST_INSTANCE_IDENTITY], 2);
    atls_appraisal_cleanup(&appraisal, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_of_a_revoked_machine_or_key_is_contraindicated),
        cmocka_unit_test(an_entry_of_the_future_does_not_revoke_yet),
    };
    return cmocka_run_group_tests(tests, make_sim, free_sim);
}
#else
int main(void)
{
    puts("skipped: there is no libatls-sim in this build");
    return 77;
}
#endif
