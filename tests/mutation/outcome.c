/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/outcome.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "result/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char context[200];

void outcome_context(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
}

static _Noreturn void give_up(const struct outcome *outcome, const char *why)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    atls_diag_sentence(sentence, sizeof sentence, &outcome->diag);
    printf("FAIL %s: %s: %s: %s\n", context, why, atls_err_name(outcome->appraisal), sentence);
    exit(1);
}

/* check_refusal: ours are the faults that end in internal_error, and no peer may cause one. */
static void check_refusal(const struct outcome *outcome, const struct atls_appraisal *appraisal)
{
    const enum atls_fault fault = atls_err_fault(outcome->appraisal);
    struct atls_appraisal untouched;
    memset(&untouched, 0xa5, sizeof untouched);
    if (fault != ATLS_FAULT_PEER && fault != ATLS_FAULT_POLICY) {
        give_up(outcome, "a mutant caused a fault of ours");
    }
    if (memcmp(appraisal, &untouched, sizeof untouched) != 0) {
        give_up(outcome, "a refusal left something in the output");
    }
    if (outcome->diag.err != outcome->appraisal || outcome->diag.step[0] == '\0') {
        give_up(outcome, "a refusal did not say why");
    }
}

static enum atls_err decide(const struct test_sample *sample,
                            const struct atls_appraisal *appraisal, struct atls_diag *diag)
{
    struct atls_policy policy;
    struct atls_digest key;
    atls_policy_default(&policy);
    if (atls_crypto_openssl()->hash(ATLS_ALG_SHA256, sample->tls_spki, &key) != ATLS_OK) {
        exit(1);
    }
    const struct atls_decision_input input = {
        .peer_spki_sha256 = atls_digest_bytes(&key),
        .appraisal = appraisal,
        .channel_ok = true,
        .timing = ATLS_TIMING_HANDSHAKE,
    };
    return atls_policy_decide(&policy, &input, diag);
}

void outcome_of(struct outcome *out, const struct test_sample *sample, struct atls_bytes cmw,
                const struct atls_endorsements *set, const struct atls_crypto_ops *crypto)
{
    outcome_with(out, sample, cmw, set, NULL, crypto);
}

void outcome_with(struct outcome *out, const struct test_sample *sample, struct atls_bytes cmw,
                  const struct atls_endorsements *set, const struct atls_collateral *collateral,
                  const struct atls_crypto_ops *crypto)
{
    const struct atls_verify_request request = {
        .crypto = crypto,
        .endorsements = set,
        .format = sample->format,
        .cmw = cmw,
        .expected_nonce = sample->nonce,
        .tls_spki = sample->tls_spki,
        .now_s = 1790000000,
        .want_claims = true,
        .collateral = collateral,
    };
    struct atls_appraisal appraisal;
    memset(out, 0, sizeof *out);
    memset(&appraisal, 0xa5, sizeof appraisal);
    out->appraisal = atls_verify(&appraisal, &request, &out->diag);
    if (out->appraisal != ATLS_OK) {
        check_refusal(out, &appraisal);
        return;
    }
    out->decision = decide(sample, &appraisal, &out->diag);
    if (appraisal.num_submods != 1) {
        give_up(out, "not one submod");
    }
    out->submod = appraisal.submods[0];
    appraisal.submods[0].claims_json = NULL;
    const struct atls_bytes machine = out->submod.machine;
    if (machine.len > sizeof out->machine || out->submod.claims_json == NULL) {
        give_up(out, "too long a name of a machine, or no claims");
    }
    if (machine.len != 0) {
        memcpy(out->machine, machine.data, machine.len);
    }
    out->submod.machine = atls_bytes_of(out->machine, machine.len);
    atls_appraisal_cleanup(&appraisal, free);
}

void outcome_cleanup(struct outcome *outcome)
{
    free(outcome->submod.claims_json);
    outcome->submod.claims_json = NULL;
}

/* Measurements are in the claims; `reason` is a sentence about the claims. */
bool outcome_equal(const struct outcome *a, const struct outcome *b)
{
    const struct atls_submod *x = &a->submod;
    const struct atls_submod *y = &b->submod;
    return a->appraisal == b->appraisal && a->decision == b->decision && x->format == y->format &&
           memcmp(&x->vector, &y->vector, sizeof x->vector) == 0 && x->status == y->status &&
           x->simulated == y->simulated && x->debug == y->debug && x->fresh == y->fresh &&
           x->key_binding == y->key_binding && x->has_reference_values == y->has_reference_values &&
           atls_bytes_equal(atls_digest_bytes(&x->attested_key),
                            atls_digest_bytes(&y->attested_key)) &&
           atls_bytes_equal(x->machine, y->machine) && x->num_measurements == y->num_measurements &&
           strcmp(x->claims_json, y->claims_json) == 0;
}

void outcome_text(char out[200], const struct outcome *outcome, const struct outcome *original)
{
    static const char *const names[ATLS_NUM_TRUST_CLAIMS] = {
        "instance-identity", "configuration",  "executables",    "file-system",
        "hardware",          "runtime-opaque", "storage-opaque", "sourced-data"};
    if (outcome->appraisal != ATLS_OK) {
        snprintf(out, 200, "%s", atls_err_name(outcome->appraisal));
        return;
    }
    if (outcome->decision == ATLS_OK) {
        snprintf(out, 200, "accepted");
        return;
    }
    int len = snprintf(out, 200, "%s", atls_err_name(outcome->submod.reason.err));
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const int value = outcome->submod.vector.claim[i];
        if (value != original->submod.vector.claim[i]) {
            len += snprintf(&out[len], (size_t)(200 - len), " %s=%d", names[i], value);
        }
    }
}
