/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appraisal policy for Attestation Results, version 1 (docs/policy.schema.json), and the one
 * function that decides. The decision is joint: identity, Evidence, key binding and channel
 * binding are seen together, and only all of them open the gate.
 *
 * The struct is plain data that json/policy_json.c fills; a policy that nobody gave is
 * atls_policy_default.
 */
#ifndef RESULT_POLICY_H
#define RESULT_POLICY_H

#include "base/diag.h"
#include "result/appraisal.h"

#define ATLS_MAX_POLICY_ITEMS 64

struct atls_policy_measurement {
    struct atls_bytes name;
    struct atls_bytes
        value; /* one allowed digest; several entries with one name are alternatives */
};

enum atls_policy_identity { ATLS_IDENTITY_ANY = 0, ATLS_IDENTITY_PKIX = 1, ATLS_IDENTITY_KEY = 2 };

struct atls_policy {
    char id[64];
    uint32_t version; /* 0: the built-in default */

    const struct atls_format *formats[16]; /* require.formats; none: whatever --require says */
    size_t num_formats;
    enum atls_policy_identity identity;

    /* The tier that each claim must reach. min_tier_set false: the default rule (affirming for
     * instance-identity, hardware and, where there are reference values, executables; elsewhere
     * "none" passes and anything asserted must be affirming). Set to AFFIRMING it must be that;
     * WARNING takes affirming and warning; NONE takes these and what is not asserted.
     * Contraindicated passes never. */
    bool min_tier_set[ATLS_NUM_TRUST_CLAIMS];
    enum atls_tier min_tier[ATLS_NUM_TRUST_CLAIMS];

    struct atls_policy_measurement measurements[ATLS_MAX_POLICY_ITEMS];
    size_t num_measurements;
    struct atls_bytes machines[ATLS_MAX_POLICY_ITEMS]; /* empty list: any machine */
    size_t num_machines;
    bool machines_set; /* an empty list then accepts no machine */
    /* Who on the machine asked for the Evidence; nothing set: anyone. */
    int32_t callers[ATLS_MAX_POLICY_ITEMS];
    size_t num_callers;
    bool callers_set, callers_spe, callers_nspe; /* all positive ones, all negative ones */
    bool key_binding_hardware;                   /* which kinds are taken; default both */
    bool key_binding_challenge;
    bool debug;       /* debug platforms are taken (configuration = 32 counts as affirming) */
    bool simulated;   /* simulated roots are taken (hardware = 32 counts as affirming) */
    unsigned timings; /* bit (1 << enum atls_timing); 0: any but `certificate` */
    uint32_t max_result_age_s;
    bool ensemble_any;
    void *storage; /* owned by the host room that filled the struct */
};

/* What must all hold: the four legs of the decision. */
struct atls_decision_input {
    /* identity */
    bool pkix_required, pkix_ok;
    struct atls_bytes peer_spki_sha256; /* 32 octets, or empty: certificate not seen */
    struct atls_bytes own_spki_sha256;  /* to refuse a reflected key; may be empty */
    /* evidence */
    const struct atls_appraisal *appraisal; /* NULL: there was none */
    /* channel */
    bool channel_ok; /* TLS 1.3, suite and group on the list, full handshake */
    enum atls_timing timing;
};

/* The four legs of a decision. */
enum atls_decision_leg {
    ATLS_LEG_IDENTITY = 0,
    ATLS_LEG_EVIDENCE,
    ATLS_LEG_KEY_BINDING,
    ATLS_LEG_CHANNEL,
    ATLS_NUM_LEGS
};

/* What came of each leg, for the event that reports a verdict: all four are there whatever the
 * first refusal was. */
struct atls_decision {
    enum atls_err leg[ATLS_NUM_LEGS];
};

/* atls_policy_default fills the policy that applies when none is given (design of
 * docs/appraisal.md). */
void atls_policy_default(struct atls_policy *out);

/*
 * atls_policy_decide returns ATLS_OK only when every leg holds; else the error and its sentence.
 * It is the only place where "accept" is decided. Zeroed or missing input refuses.
 */
ATLS_NODISCARD enum atls_err atls_policy_decide(const struct atls_policy *policy,
                                                const struct atls_decision_input *input,
                                                struct atls_diag *diag);
/* atls_policy_decide_legs is the same decision, and fills *out with all four legs. The diag is that
 * of the first leg, in their order, that refuses. */
ATLS_NODISCARD enum atls_err atls_policy_decide_legs(const struct atls_policy *policy,
                                                     const struct atls_decision_input *input,
                                                     struct atls_decision *out,
                                                     struct atls_diag *diag);

/* atls_policy_check_timing refuses, with CONFIG, a policy that names timings none of which
 * attestation at `timing` satisfies: it would refuse everybody. */
ATLS_NODISCARD enum atls_err atls_policy_check_timing(const struct atls_policy *policy,
                                                      enum atls_timing timing,
                                                      struct atls_diag *diag);

/* atls_policy_check_evidence is the Evidence leg alone: for `atls appraise`, where there is no
 * connection whose gate could open. */
ATLS_NODISCARD enum atls_err atls_policy_check_evidence(const struct atls_policy *policy,
                                                        const struct atls_appraisal *appraisal,
                                                        struct atls_diag *diag);

/* atls_key_binding_name gives "none", "hardware" or "challenge"; atls_timing_name "none",
 * "handshake", "post", "both" or "certificate": the words of policies and of verdicts. */
const char *atls_key_binding_name(enum atls_key_binding binding);
const char *atls_timing_name(enum atls_timing timing);
#endif
