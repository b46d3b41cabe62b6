/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision. Four legs: who the peer is, what it is, that the key of this connection
 * belongs to what was attested, and that the channel is one to which attestation may be bound. All
 * are evaluated, every time; only all of them together open the gate.
 *
 * Anything that is missing, zero or not a value of its list refuses.
 */
#include "result/policy.h"

#include "base/span.h"
#include "result/policy_internal.h"

#define SHA256_LEN 32

/* A Result is worth as little as five minutes by default: long enough for a fetch and a handshake.
 */
#define DEFAULT_RESULT_AGE_S 300

void atls_policy_default(struct atls_policy *out)
{
    static const char id[] = "default";
    memset(out, 0, sizeof *out);
    memcpy(out->id, id, sizeof id);
    out->identity = ATLS_IDENTITY_ANY;
    out->key_binding_hardware = true;
    out->key_binding_challenge = true;
    out->max_result_age_s = DEFAULT_RESULT_AGE_S;
}

const char *atls_key_binding_name(enum atls_key_binding binding)
{
    switch (binding) {
    case ATLS_KEY_BINDING_HARDWARE:
        return "hardware";
    case ATLS_KEY_BINDING_CHALLENGE:
        return "challenge";
    case ATLS_KEY_BINDING_NONE:
    default:
        return "none";
    }
}

const char *atls_timing_name(enum atls_timing timing)
{
    switch (timing) {
    case ATLS_TIMING_HANDSHAKE:
        return "handshake";
    case ATLS_TIMING_POST:
        return "post";
    case ATLS_TIMING_BOTH:
        return "both";
    case ATLS_TIMING_CERTIFICATE:
        return "certificate";
    case ATLS_TIMING_NONE:
    default:
        return "none";
    }
}

/* check_peer_key refuses a peer whose certificate was not seen, and one that presents our own key
 * . A hash that is all zero was never filled in. */
static enum atls_err check_peer_key(const struct atls_decision_input *input, struct atls_diag *diag)
{
    const struct atls_bytes peer = input->peer_spki_sha256;
    const struct atls_bytes own = input->own_spki_sha256;
    if (peer.len != SHA256_LEN || atls_is_zero(peer)) {
        return atls_fail_texts(diag, ATLS_ERR_NO_VERDICT, "identity", "key of the peer",
                               "no certificate", "the certificate of the peer");
    }
    if (own.len != 0 && own.len != SHA256_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_NO_VERDICT, "identity", "our own key",
                               "a hash of another length", "SHA-256, or none");
    }
    if (atls_ct_equal(peer, own)) {
        atls_fail_texts(diag, ATLS_ERR_REFLECTED, "identity", "key of the peer",
                        "our own key, SHA-256 ", "another key than our own");
        atls_diag_found_bytes(diag, peer);
        return ATLS_ERR_REFLECTED;
    }
    return ATLS_OK;
}

/* Attestation does not say which machine this is, nor does a certificate say what it runs: neither
 * takes the place of the other. */
static enum atls_err identity_leg(const struct atls_policy *policy,
                                  const struct atls_decision_input *input, struct atls_diag *diag)
{
    const enum atls_err err = check_peer_key(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (input->pkix_required && !input->pkix_ok) {
        return atls_fail_texts(diag, ATLS_ERR_PKIX, "identity", "certificate chain and name",
                               "not verified", "a verified chain and the expected name");
    }
    switch (policy->identity) {
    case ATLS_IDENTITY_ANY:
    case ATLS_IDENTITY_KEY: /* the handshake signature has proven the key */
        return ATLS_OK;
    case ATLS_IDENTITY_PKIX:
        if (input->pkix_ok) {
            return ATLS_OK;
        }
        return atls_fail_texts(diag, ATLS_ERR_IDENTITY, "policy", "require.identity",
                               "a key without a verified certificate", "pkix");
    default:
        return atls_fail_texts(diag, ATLS_ERR_IDENTITY, "policy", "require.identity",
                               "an unknown value", "pkix or key");
    }
}

static unsigned timing_bit(enum atls_timing timing)
{
    return 1u << (unsigned)timing;
}

/* accepted_timings gives the timings of Evidence that satisfy a policy. `both` has an exchange in
 * the handshake and one after it, so that it satisfies a policy that names either. */
static unsigned accepted_timings(const struct atls_policy *policy)
{
    const unsigned in_band = timing_bit(ATLS_TIMING_HANDSHAKE) | timing_bit(ATLS_TIMING_POST);
    if (policy->timings == 0) {
        return in_band | timing_bit(ATLS_TIMING_BOTH);
    }
    if ((policy->timings & in_band) != 0) {
        return policy->timings | timing_bit(ATLS_TIMING_BOTH);
    }
    return policy->timings;
}

static void expect_timings(struct atls_diag *diag, unsigned timings)
{
    static const enum atls_timing all[] = {ATLS_TIMING_HANDSHAKE, ATLS_TIMING_POST,
                                           ATLS_TIMING_BOTH, ATLS_TIMING_CERTIFICATE};
    const char *separator = "";
    for (size_t i = 0; i < ATLS_ARRAY_LEN(all); i++) {
        if ((timings & timing_bit(all[i])) != 0) {
            atls_diag_expected_text(diag, separator);
            atls_diag_expected_text(diag, atls_timing_name(all[i]));
            separator = " or ";
        }
    }
}

enum atls_err atls_policy_check_timing(const struct atls_policy *policy, enum atls_timing timing,
                                       struct atls_diag *diag)
{
    const unsigned accepted = accepted_timings(policy);
    if (policy->timings == 0 || (accepted & timing_bit(timing)) != 0) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_CONFIG, "policy", "timing", NULL, NULL);
    atls_diag_found_text(diag, "attestation that can never satisfy it: ");
    atls_diag_found_text(diag, atls_timing_name(timing));
    expect_timings(diag, accepted);
    return ATLS_ERR_CONFIG;
}

static enum atls_err channel_leg(const struct atls_policy *policy,
                                 const struct atls_decision_input *input, struct atls_diag *diag)
{
    if (!input->channel_ok) {
        return atls_fail_texts(diag, ATLS_ERR_CHANNEL, "channel", "connection",
                               "a channel that does not qualify",
                               "TLS 1.3, a listed suite and group, and a full handshake");
    }
    const unsigned accepted = accepted_timings(policy);
    const enum atls_timing timing = input->timing;
    switch (timing) {
    case ATLS_TIMING_HANDSHAKE:
    case ATLS_TIMING_POST:
    case ATLS_TIMING_BOTH:
    case ATLS_TIMING_CERTIFICATE:
        if ((accepted & timing_bit(timing)) != 0) {
            return ATLS_OK;
        }
        break;
    case ATLS_TIMING_NONE:
    default:
        break;
    }
    atls_fail_texts(diag, ATLS_ERR_CHANNEL, "policy", "timing", atls_timing_name(timing), NULL);
    expect_timings(diag, accepted);
    return ATLS_ERR_CHANNEL;
}

/* check_appraisal refuses what is no appraisal before anything in it is looked at. */
static enum atls_err check_appraisal(const struct atls_appraisal *appraisal, struct atls_diag *diag)
{
    if (appraisal == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_NOT_ATTESTED, "policy", "Evidence", "none",
                               "appraised Evidence of the peer");
    }
    if (appraisal->num_submods == 0 || appraisal->num_submods > ATLS_MAX_SUBMODS) {
        atls_fail_texts(diag, ATLS_ERR_NO_VERDICT, "policy", "submods", NULL, "1 to ");
        atls_diag_found_int(diag, (int64_t)appraisal->num_submods);
        atls_diag_expected_int(diag, ATLS_MAX_SUBMODS);
        return ATLS_ERR_NO_VERDICT;
    }
    return ATLS_OK;
}

/* check_policy refuses a policy struct that was not made by atls_policy_default or a parser. */
static enum atls_err check_policy(const struct atls_policy *policy, struct atls_diag *diag)
{
    if (policy == NULL || policy->num_formats > ATLS_ARRAY_LEN(policy->formats) ||
        policy->num_measurements > ATLS_MAX_POLICY_ITEMS ||
        policy->num_machines > ATLS_MAX_POLICY_ITEMS ||
        policy->num_callers > ATLS_MAX_POLICY_ITEMS) {
        return atls_fail_texts(diag, ATLS_ERR_NO_VERDICT, "policy", "policy", "none that is usable",
                               "a policy");
    }
    return ATLS_OK;
}

/*
 * judged_submods gives what the Evidence and key-binding legs look at. With ensemble "any" both
 * must hold for one and the same submod: the first for which they do, else the first.
 */
static struct atls_judged judged_submods(const struct atls_policy *policy,
                                         const struct atls_appraisal *appraisal,
                                         const struct atls_bytes *peer)
{
    const struct atls_judged all = {appraisal->submods, appraisal->num_submods};
    if (!policy->ensemble_any) {
        return all;
    }
    for (size_t i = 0; i < all.count; i++) {
        const struct atls_judged one = {&all.submods[i], 1};
        if (atls_evidence_leg(policy, one, NULL) == ATLS_OK &&
            (peer == NULL || atls_key_binding_leg(policy, one, *peer, NULL) == ATLS_OK)) {
            return one;
        }
    }
    const struct atls_judged first = {all.submods, 1};
    return first;
}

static enum atls_err evidence_leg(const struct atls_policy *policy,
                                  const struct atls_decision_input *input, struct atls_diag *diag)
{
    const enum atls_err err = check_appraisal(input->appraisal, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return atls_evidence_leg(
        policy, judged_submods(policy, input->appraisal, &input->peer_spki_sha256), diag);
}

static enum atls_err key_binding_leg(const struct atls_policy *policy,
                                     const struct atls_decision_input *input,
                                     struct atls_diag *diag)
{
    const enum atls_err err = check_appraisal(input->appraisal, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return atls_key_binding_leg(policy,
                                judged_submods(policy, input->appraisal, &input->peer_spki_sha256),
                                input->peer_spki_sha256, diag);
}

typedef enum atls_err leg_function(const struct atls_policy *policy,
                                   const struct atls_decision_input *input, struct atls_diag *diag);

static leg_function *const legs[ATLS_NUM_LEGS] = {
    [ATLS_LEG_IDENTITY] = identity_leg,
    [ATLS_LEG_EVIDENCE] = evidence_leg,
    [ATLS_LEG_KEY_BINDING] = key_binding_leg,
    [ATLS_LEG_CHANNEL] = channel_leg,
};

enum atls_err atls_policy_decide_legs(const struct atls_policy *policy,
                                      const struct atls_decision_input *input,
                                      struct atls_decision *out, struct atls_diag *diag)
{
    enum atls_err first = check_policy(policy, diag);
    if (first == ATLS_OK && input == NULL) {
        first = atls_fail(diag, ATLS_ERR_NO_VERDICT, "policy", "decision");
    }
    if (first != ATLS_OK) {
        for (size_t i = 0; i < ATLS_NUM_LEGS; i++) {
            out->leg[i] = first;
        }
        return first;
    }
    for (size_t i = 0; i < ATLS_NUM_LEGS; i++) {
        out->leg[i] = legs[i](policy, input, first == ATLS_OK ? diag : NULL);
        first = first == ATLS_OK ? out->leg[i] : first;
    }
    return first;
}

enum atls_err atls_policy_decide(const struct atls_policy *policy,
                                 const struct atls_decision_input *input, struct atls_diag *diag)
{
    struct atls_decision decision;
    return atls_policy_decide_legs(policy, input, &decision, diag);
}

enum atls_err atls_policy_check_evidence(const struct atls_policy *policy,
                                         const struct atls_appraisal *appraisal,
                                         struct atls_diag *diag)
{
    enum atls_err err = check_policy(policy, diag);
    if (err == ATLS_OK) {
        err = check_appraisal(appraisal, diag);
    }
    if (err == ATLS_OK) {
        err = atls_evidence_leg(policy, judged_submods(policy, appraisal, NULL), diag);
    }
    return err;
}
