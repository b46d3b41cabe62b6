/* SPDX-License-Identifier: Apache-2.0 */
/* The Evidence and key-binding legs of a decision, submod by submod. */
#include "base/span.h"
#include "result/policy_internal.h"
#include "result/vector.h"

#define SHA256_LEN 32

static const struct atls_bytes no_name = {NULL, 0};

/* put appends printable ASCII, as much as fits with a NUL; anything else shows as '?'. */
static size_t put(struct atls_claim_text *out, size_t used, struct atls_bytes text)
{
    for (size_t i = 0; i < text.len && used + 1 < sizeof out->text; i++) {
        const uint8_t octet = text.data[i];
        out->text[used++] = octet >= 0x20 && octet < 0x7f ? (char)octet : '?';
    }
    return used;
}

struct atls_claim_text atls_claim_text_of(const struct atls_submod *submod, const char *what,
                                          struct atls_bytes name)
{
    struct atls_claim_text out;
    memset(&out, 0, sizeof out);
    size_t used = 0;
    if (submod->format != NULL) {
        used = put(&out, used, atls_bytes_text(submod->format->submod));
        used = put(&out, used, atls_bytes_text(" "));
    }
    used = put(&out, used, atls_bytes_text(what));
    if (name.len != 0) {
        used = put(&out, used, atls_bytes_text(" "));
        used = put(&out, used, name);
    }
    out.text[used] = '\0';
    return out;
}

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err,
                            const struct atls_submod *submod, const char *what, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, err, "policy", atls_claim_text_of(submod, what, no_name).text,
                           found, expected);
}

static enum atls_err check_format(const struct atls_policy *policy,
                                  const struct atls_submod *submod, struct atls_diag *diag)
{
    if (submod->format == NULL) {
        return refuse(diag, ATLS_ERR_EVIDENCE_TYPE, submod, "format", "none", "a known format");
    }
    if (policy->num_formats == 0) {
        return ATLS_OK;
    }
    for (size_t i = 0; i < policy->num_formats; i++) {
        if (policy->formats[i] == submod->format) {
            return ATLS_OK;
        }
    }
    refuse(diag, ATLS_ERR_EVIDENCE_TYPE, submod, "format", submod->format->name, NULL);
    for (size_t i = 0; i < policy->num_formats; i++) {
        atls_diag_expected_text(diag, i == 0 ? "" : " or ");
        atls_diag_expected_text(diag, policy->formats[i] != NULL ? policy->formats[i]->name : "?");
    }
    return ATLS_ERR_EVIDENCE_TYPE;
}

/* check_conditions is what no tier can make good: revocation, debugging, freshness, simulation; in
 * this order, for what no other nonce would mend is the better reason. */
static enum atls_err check_conditions(const struct atls_policy *policy,
                                      const struct atls_submod *submod, struct atls_diag *diag)
{
    if (submod->revoked) {
        if (diag != NULL) {
            *diag = submod->reason;
        }
        return ATLS_ERR_REVOKED;
    }
    if (submod->debug && !policy->debug) {
        return refuse(diag, ATLS_ERR_DEBUG, submod, "debug", "open for debugging",
                      "closed, or \"debug\": true in the policy");
    }
    const bool by_certificate =
        submod->of_certificate && (policy->timings >> ATLS_TIMING_CERTIFICATE & 1) != 0;
    if (!submod->fresh && !by_certificate) {
        return refuse(
            diag, ATLS_ERR_FRESHNESS, submod, "nonce", "not compared",
            submod->of_certificate
                ? "compared with a nonce of ours, or \"certificate\" in the timing of the policy"
                : "compared with a nonce of ours");
    }
    if (submod->simulated && !policy->simulated) {
        return refuse(diag, ATLS_ERR_SIMULATED, submod, "root", "one marked as a simulation",
                      "a real one; simulations are taken with --simulated or \"simulated\": true "
                      "in the policy, and a root that was loaded by hand with --endorsements");
    }
    return ATLS_OK;
}

/* is_masked is true for an identifier that names no machine: absent, all zero or all ones, also
 * after a leading octet that only says the kind (UEID, RFC 9711 4.2.1). R-13. */
static bool is_masked(struct atls_bytes id)
{
    if (id.len == 0) {
        return true;
    }
    const size_t from = id.len > 1 ? 1 : 0;
    uint8_t any = 0;
    uint8_t all = 0xff;
    for (size_t i = from; i < id.len; i++) {
        any |= id.data[i];
        all &= id.data[i];
    }
    return any == 0 || all == 0xff;
}

static enum atls_err check_machine(const struct atls_policy *policy,
                                   const struct atls_submod *submod, struct atls_diag *diag)
{
    if (!policy->machines_set && policy->num_machines == 0) {
        return ATLS_OK;
    }
    if (is_masked(submod->machine)) {
        refuse(diag, ATLS_ERR_MACHINE, submod, "machine", "an absent or masked identifier ",
               "one that the policy lists");
        atls_diag_found_bytes(diag, submod->machine);
        return ATLS_ERR_MACHINE;
    }
    for (size_t i = 0; i < policy->num_machines; i++) {
        if (atls_bytes_equal(policy->machines[i], submod->machine)) {
            return ATLS_OK;
        }
    }
    refuse(diag, ATLS_ERR_MACHINE, submod, "machine", NULL, "one of the ");
    atls_diag_found_bytes(diag, submod->machine);
    atls_diag_expected_int(diag, (int64_t)policy->num_machines);
    atls_diag_expected_text(diag, " that the policy lists");
    return ATLS_ERR_MACHINE;
}

/* check_caller: "it is essential that this claim is checked" where several on one machine can ask
 * for Evidence, so that none passes for another (RFC 9783, 4.1.2; R-63). */
static enum atls_err check_caller(const struct atls_policy *policy,
                                  const struct atls_submod *submod, struct atls_diag *diag)
{
    if (!policy->callers_set && policy->num_callers == 0) {
        return ATLS_OK;
    }
    if (!submod->has_caller) {
        return refuse(diag, ATLS_ERR_CLAIM, submod, "caller", "a format that names none",
                      "one that the policy lists");
    }
    if ((policy->callers_spe && submod->caller > 0) ||
        (policy->callers_nspe && submod->caller < 0)) {
        return ATLS_OK;
    }
    for (size_t i = 0; i < policy->num_callers; i++) {
        if (policy->callers[i] == submod->caller) {
            return ATLS_OK;
        }
    }
    refuse(diag, ATLS_ERR_CLAIM, submod, "caller", NULL, "one that the policy lists");
    atls_diag_found_int(diag, submod->caller);
    return ATLS_ERR_CLAIM;
}

/* is_allowed is true when one of the entries with that name has that value. */
static bool is_allowed(const struct atls_policy *policy, const struct atls_measurement *measured)
{
    for (size_t i = 0; i < policy->num_measurements; i++) {
        if (atls_bytes_equal(policy->measurements[i].name, measured->name) &&
            atls_bytes_equal(policy->measurements[i].value, measured->value)) {
            return true;
        }
    }
    return false;
}

static void expect_measurement(struct atls_diag *diag, const struct atls_policy *policy,
                               struct atls_bytes name)
{
    size_t num = 0;
    for (size_t i = 0; i < policy->num_measurements; i++) {
        if (!atls_bytes_equal(policy->measurements[i].name, name)) {
            continue;
        }
        if (num == 0) {
            atls_diag_expected_bytes(diag, policy->measurements[i].value);
        }
        num++;
    }
    if (num > 1) {
        atls_diag_expected_text(diag, " or one of ");
        atls_diag_expected_int(diag, (int64_t)num - 1);
        atls_diag_expected_text(diag, " more");
    }
}

/* check_measurement judges every measurement called `name`: two components may share one. Sets
 * *seen when there was any. */
static enum atls_err check_measurement(const struct atls_policy *policy,
                                       const struct atls_submod *submod, struct atls_bytes name,
                                       bool *seen, struct atls_diag *diag)
{
    for (size_t i = 0; i < submod->num_measurements; i++) {
        const struct atls_measurement *measured = &submod->measurements[i];
        if (!atls_bytes_equal(measured->name, name)) {
            continue;
        }
        *seen = true;
        if (is_allowed(policy, measured)) {
            continue;
        }
        atls_fail(diag, ATLS_ERR_REFERENCE_VALUES, "policy",
                  atls_claim_text_of(submod, "measurement", name).text);
        atls_diag_found_bytes(diag, measured->value);
        expect_measurement(diag, policy, name);
        return ATLS_ERR_REFERENCE_VALUES;
    }
    return ATLS_OK;
}

/* check_measurements: a name that the policy lists must be there, and each time with a value that
 * the policy allows. What it does not list is left to the reference values. */
static enum atls_err check_measurements(const struct atls_policy *policy, struct atls_judged judged,
                                        struct atls_diag *diag)
{
    for (size_t i = 0; i < policy->num_measurements; i++) {
        const struct atls_bytes name = policy->measurements[i].name;
        bool seen = false;
        for (size_t j = 0; j < judged.count; j++) {
            const enum atls_err err =
                check_measurement(policy, &judged.submods[j], name, &seen, diag);
            if (err != ATLS_OK) {
                return err;
            }
        }
        if (!seen) {
            atls_fail(diag, ATLS_ERR_REFERENCE_VALUES, "policy",
                      atls_claim_text_of(&judged.submods[0], "measurement", name).text);
            atls_diag_found_text(diag, "no measurement of that name");
            expect_measurement(diag, policy, name);
            return ATLS_ERR_REFERENCE_VALUES;
        }
    }
    return ATLS_OK;
}

static enum atls_err check_submod(const struct atls_policy *policy,
                                  const struct atls_submod *submod, struct atls_diag *diag)
{
    enum atls_err err = check_format(policy, submod, diag);
    if (err == ATLS_OK && submod->num_measurements > ATLS_MAX_COMPONENTS) {
        err = refuse(diag, ATLS_ERR_NO_VERDICT, submod, "measurements", "too many", NULL);
    }
    if (err == ATLS_OK) {
        err = check_conditions(policy, submod, diag);
    }
    if (err == ATLS_OK) {
        err = atls_tier_check(policy, submod, diag);
    }
    if (err == ATLS_OK) {
        err = check_machine(policy, submod, diag);
    }
    if (err == ATLS_OK) {
        err = check_caller(policy, submod, diag);
    }
    return err;
}

enum atls_err atls_evidence_leg(const struct atls_policy *policy, struct atls_judged judged,
                                struct atls_diag *diag)
{
    for (size_t i = 0; i < judged.count; i++) {
        const enum atls_err err = check_submod(policy, &judged.submods[i], diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return check_measurements(policy, judged, diag);
}

/* check_attested_key: a key that the Evidence shows is the key of this connection. */
static enum atls_err check_attested_key(const struct atls_submod *submod, struct atls_bytes peer,
                                        struct atls_diag *diag)
{
    const struct atls_digest *key = &submod->attested_key;
    if (key->len == 0) {
        return submod->key_binding == ATLS_KEY_BINDING_HARDWARE
                   ? refuse(diag, ATLS_ERR_KEY_BINDING, submod, "attested key", "none",
                            "the key of this connection")
                   : ATLS_OK;
    }
    if (key->len == SHA256_LEN && atls_ct_equal(atls_digest_bytes(key), peer)) {
        return ATLS_OK;
    }
    refuse(diag, ATLS_ERR_KEY_BINDING, submod, "attested key", "SHA-256 ",
           "the key of this connection, SHA-256 ");
    if (key->len <= sizeof key->data) {
        atls_diag_found_bytes(diag, atls_digest_bytes(key));
    }
    atls_diag_expected_bytes(diag, peer);
    return ATLS_ERR_KEY_BINDING;
}

static bool is_binding_taken(const struct atls_policy *policy, enum atls_key_binding binding)
{
    switch (binding) {
    case ATLS_KEY_BINDING_HARDWARE:
        return policy->key_binding_hardware;
    case ATLS_KEY_BINDING_CHALLENGE:
        return policy->key_binding_challenge;
    case ATLS_KEY_BINDING_NONE:
    default:
        return false;
    }
}

static const char *taken_bindings(const struct atls_policy *policy)
{
    if (policy->key_binding_hardware) {
        return policy->key_binding_challenge ? "hardware or challenge" : "hardware";
    }
    return policy->key_binding_challenge ? "challenge" : "a policy that takes some key binding";
}

enum atls_err atls_key_binding_leg(const struct atls_policy *policy, struct atls_judged judged,
                                   struct atls_bytes peer_spki_sha256, struct atls_diag *diag)
{
    for (size_t i = 0; i < judged.count; i++) {
        const struct atls_submod *submod = &judged.submods[i];
        if (!is_binding_taken(policy, submod->key_binding)) {
            return refuse(diag, ATLS_ERR_KEY_BINDING, submod, "key binding",
                          atls_key_binding_name(submod->key_binding), taken_bindings(policy));
        }
        const enum atls_err err = check_attested_key(submod, peer_spki_sha256, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return ATLS_OK;
}
