/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the claims of a PSA token are worth (docs/appraisal.md, "psa"): the security lifecycle, and
 * every software component against the reference values of its implementation-id.
 */
#include "appraiser/psa/psa.h"

#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"

/* The rows of docs/appraisal.md, "psa". */
enum rule {
    GOOD,
    LIFECYCLE_UNKNOWN,
    LIFECYCLE_ASSEMBLY,
    LIFECYCLE_PROVISIONING,
    LIFECYCLE_NON_ROT_DEBUG,
    LIFECYCLE_ROT_DEBUG,
    LIFECYCLE_DECOMMISSIONED,
    OTHER_COMPONENT,
    NOTHING_MEASURED,
    NO_REFERENCES,
    NUM_OWN_RULES
};

/* Only "secured" is trusted as it is. With non-psa-rot-debug the root of trust and its key
 * still hold, what runs above it is open: a warning. In every other state the attestation key
 * itself may be known, so neither the identity nor the hardware is worth anything. */
#define KEY_MAY_BE_KNOWN                                                                           \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_UNTRUSTWORTHY,                          \
            [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNACCEPTABLE,                                 \
            [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_CONTRAINDICATED,                                 \
            [ATLS_TRUST_RUNTIME_OPAQUE] = ATLS_RUNTIME_VISIBLE,                                    \
            [ATLS_TRUST_STORAGE_OPAQUE] = ATLS_STORAGE_UNPROTECTED                                 \
        }                                                                                          \
    }
#define UNRECOGNISED                                                                               \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED                               \
        }                                                                                          \
    }

const struct atls_appraiser_rule atls_psa_rules[ATLS_PSA_NUM_RULES] = {
    /* What a PSA root of trust measures is what it booted. */
    [GOOD] = {"secured, every component known",
              ATLS_ERR_OK,
              {{[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_RECOGNISED,
                [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_APPROVED,
                [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_BOOT,
                [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE}}},
    [LIFECYCLE_UNKNOWN] = {"lifecycle unknown", ATLS_ERR_LIFECYCLE, KEY_MAY_BE_KNOWN},
    [LIFECYCLE_ASSEMBLY] = {"lifecycle assembly-and-test", ATLS_ERR_LIFECYCLE, KEY_MAY_BE_KNOWN},
    [LIFECYCLE_PROVISIONING] = {"lifecycle psa-rot-provisioning", ATLS_ERR_LIFECYCLE,
                                KEY_MAY_BE_KNOWN},
    [LIFECYCLE_NON_ROT_DEBUG] = {"lifecycle non-psa-rot-debug",
                                 ATLS_ERR_LIFECYCLE,
                                 {{[ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE}}},
    [LIFECYCLE_ROT_DEBUG] = {"lifecycle recoverable-psa-rot-debug", ATLS_ERR_LIFECYCLE,
                             KEY_MAY_BE_KNOWN},
    [LIFECYCLE_DECOMMISSIONED] = {"lifecycle decommissioned", ATLS_ERR_LIFECYCLE, KEY_MAY_BE_KNOWN},
    [OTHER_COMPONENT] = {"a component that no reference value matches", ATLS_ERR_REFERENCE_VALUES,
                         UNRECOGNISED},
    [NOTHING_MEASURED] = {"the claim of the first profile that nothing was measured",
                          ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [NO_REFERENCES] = {"no reference values for the implementation-id", ATLS_ERR_REFERENCE_VALUES,
                       UNRECOGNISED},
    [NUM_OWN_RULES] = ATLS_RULE_NOT_FRESH,
    [NUM_OWN_RULES + 1] = ATLS_RULE_SIMULATED,
    [NUM_OWN_RULES + 2] = ATLS_RULE_REVOKED,
    [NUM_OWN_RULES + 3] = ATLS_RULE_ENDORSED,
};

static void apply(struct atls_submod *submod, enum rule rule, const struct atls_diag *why)
{
    atls_outcome_apply(submod, &atls_psa_rules[rule], why);
}

/* RFC 9783, 4.3.1: the high octet decides, the low one is left to the implementation. */
static const struct lifecycle {
    const char *name;
    enum rule rule;
    uint8_t high;
    bool debug;
} lifecycles[] = {
    {"unknown", LIFECYCLE_UNKNOWN, 0x00, false},
    {"assembly-and-test", LIFECYCLE_ASSEMBLY, 0x10, false},
    {"psa-rot-provisioning", LIFECYCLE_PROVISIONING, 0x20, false},
    {"secured", GOOD, 0x30, false},
    {"non-psa-rot-debug", LIFECYCLE_NON_ROT_DEBUG, 0x40, true},
    {"recoverable-psa-rot-debug", LIFECYCLE_ROT_DEBUG, 0x50, true},
    {"decommissioned", LIFECYCLE_DECOMMISSIONED, 0x60, false},
};

static const struct lifecycle *find_lifecycle(uint16_t lifecycle)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lifecycles); i++) {
        if (lifecycle >> 8 == lifecycles[i].high) {
            return &lifecycles[i];
        }
    }
    return NULL;
}

const char *atls_psa_lifecycle_name(uint16_t lifecycle)
{
    const struct lifecycle *found = find_lifecycle(lifecycle);
    return found != NULL ? found->name : NULL;
}

static void judge_lifecycle(struct atls_submod *submod, uint16_t lifecycle)
{
    const struct lifecycle *found = find_lifecycle(lifecycle);
    submod->debug = found != NULL && found->debug;
    if (found != NULL && found->rule == GOOD) {
        return;
    }
    struct atls_diag why;
    atls_fail_texts(&why, ATLS_ERR_LIFECYCLE, ATLS_STEP_APPRAISAL, "psa-security-lifecycle",
                    atls_psa_lifecycle_name(lifecycle), "secured");
    apply(submod, found != NULL ? found->rule : LIFECYCLE_UNKNOWN, &why);
}

/* stated is true when the reference says nothing of a text, or says the same. */
static bool stated(struct atls_bytes reference, struct atls_bytes found)
{
    return reference.len == 0 || atls_bytes_equal(reference, found);
}

/* The token names its hash in free text, so the length is what must fit the algorithm. */
static bool has_digest(const struct atls_reference *reference, struct atls_bytes value)
{
    for (size_t i = 0; i < reference->num_digests; i++) {
        if (atls_hash_len(reference->digests[i].alg) == value.len &&
            atls_bytes_equal(reference->digests[i].value, value)) {
            return true;
        }
    }
    return false;
}

static bool is_component(const struct atls_reference *reference)
{
    return !reference->key_is_uint &&
           atls_bytes_is_text(reference->key_text, "psa.software-component");
}

static bool matches(const struct atls_reference *reference,
                    const struct atls_psa_component *component)
{
    return is_component(reference) && has_digest(reference, component->value) &&
           atls_bytes_equal(reference->signer_id, component->signer_id) &&
           stated(reference->name, component->type) &&
           stated(reference->version, component->version);
}

bool atls_psa_is_known(const struct atls_psa_component *component,
                       const struct atls_trust_anchor *anchor,
                       const struct atls_appraisal_input *input)
{
    size_t cursor = 0;
    const struct atls_reference *reference;
    while ((reference = atls_input_next_reference(input, anchor->format, anchor->class_id, anchor,
                                                  &cursor)) != NULL) {
        if (matches(reference, component)) {
            return true;
        }
    }
    return false;
}

/* expect_text shows a text of the references, which is no NUL-terminated one. */
static void expect_text(struct atls_diag *why, struct atls_bytes text)
{
    char shown[64] = {0};
    memcpy(shown, text.data, text.len < sizeof shown ? text.len : sizeof shown - 1);
    atls_diag_expected_text(why, shown);
}

/* explain finds the reference that the component comes nearest to, for the sentence. */
static enum rule explain(struct atls_diag *why, const struct atls_psa_component *component,
                         const struct atls_trust_anchor *anchor,
                         const struct atls_appraisal_input *input)
{
    atls_fail(why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "psa-software-components");
    atls_diag_found_text(why, "component ");
    atls_diag_found_peer_text(why, component->type);
    atls_diag_found_text(why, " ");
    size_t cursor = 0;
    size_t num_components = 0;
    const struct atls_reference *reference;
    while ((reference = atls_input_next_reference(input, anchor->format, anchor->class_id, anchor,
                                                  &cursor)) != NULL) {
        num_components += is_component(reference) ? 1 : 0;
        if (!is_component(reference) || !atls_bytes_equal(reference->name, component->type)) {
            continue;
        }
        if (!has_digest(reference, component->value)) {
            atls_diag_found_text(why, "measured as ");
            atls_diag_found_bytes(why, component->value);
            if (reference->num_digests != 0) {
                atls_diag_expected_bytes(why, reference->digests[0].value);
            }
        } else if (!atls_bytes_equal(reference->signer_id, component->signer_id)) {
            atls_diag_found_text(why, "signed by ");
            atls_diag_found_bytes(why, component->signer_id);
            atls_diag_expected_bytes(why, reference->signer_id);
        } else {
            atls_diag_found_text(why, "in version ");
            atls_diag_found_peer_text(why, component->version);
            expect_text(why, reference->version);
        }
        return OTHER_COMPONENT;
    }
    atls_diag_found_text(why, "measured as ");
    atls_diag_found_bytes(why, component->value);
    atls_diag_expected_text(why, num_components == 0
                                     ? "reference values, of which none is loaded for "
                                       "implementation-id "
                                     : "a component that a reference value names for "
                                       "implementation-id ");
    atls_diag_expected_bytes(why, anchor->class_id);
    return num_components == 0 ? NO_REFERENCES : OTHER_COMPONENT;
}

/*
 * judge_software: every component must be known. Components that the references name and the token
 * lacks are no fault: reference values are alternatives, not a list of what must run (CoRIM, 8).
 */
static void judge_software(struct atls_submod *submod, const struct atls_psa_claims *claims,
                           const struct atls_trust_anchor *anchor,
                           const struct atls_appraisal_input *input)
{
    struct atls_diag why;
    submod->has_reference_values = true; /* the format has them: an empty set accepts nobody */
    if (claims->num_components == 0) {
        atls_fail_texts(&why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL,
                        "psa-software-components", "the claim that nothing was measured",
                        "measurements to compare");
        apply(submod, NOTHING_MEASURED, &why);
        return;
    }
    atls_psa_measurements(submod, claims);
    for (size_t i = 0; i < claims->num_components; i++) {
        const struct atls_psa_component *component = &claims->components[i];
        if (!atls_psa_is_known(component, anchor, input)) {
            const enum rule rule = explain(&why, component, anchor, input);
            apply(submod, rule, &why);
        }
    }
}

void atls_psa_measurements(struct atls_submod *submod, const struct atls_psa_claims *claims)
{
    for (size_t i = 0; i < claims->num_components; i++) {
        submod->measurements[i].name = claims->components[i].type;
        submod->measurements[i].value = claims->components[i].value;
    }
    submod->num_measurements = claims->num_components;
}

void atls_psa_judge(struct atls_submod *submod, const struct atls_psa_claims *claims,
                    const struct atls_trust_anchor *anchor,
                    const struct atls_appraisal_input *input)
{
    judge_lifecycle(submod, claims->lifecycle);
    judge_software(submod, claims, anchor, input);
}
