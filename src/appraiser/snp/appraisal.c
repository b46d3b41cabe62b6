/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an SNP report is worth (docs/appraisal.md, "snp"): what firmware itself says of the guest's
 * policy and of its own state, and the whole report against the reference values of its launch
 * measurement. What an endorser states, he has judged: only what none states falls to the defaults.
 */
#include "appraiser/snp/snp.h"

#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"
#include "endorsement/apply.h"

/* The rows of docs/appraisal.md, "snp". */
enum rule {
    GOOD,
    DEBUG,
    MIGRATABLE,
    OTHER_VMPL,
    PROVISIONAL,
    NOT_LOOKED_UP,
    OTHER_LAUNCH,
    OLD_GUEST,
    OTHER_CONFIGURATION,
    OLD_TCB,
    NO_REFERENCES,
    NUM_OWN_RULES
};

/* A finding that an endorser may take by stating it, and nobody else. */
#define UNACCEPTABLE                                                                               \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNACCEPTABLE                                  \
        }                                                                                          \
    }
#define UNRECOGNISED                                                                               \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED                               \
        }                                                                                          \
    }
/* A warning of a claim that has no value for it: nobody looked. */
enum { INSTANCE_NOT_LOOKED_UP = 32 };

const struct atls_appraiser_rule atls_snp_rules[ATLS_SNP_NUM_RULES] = {
    [GOOD] = {"genuine, current, as the reference values say",
              ATLS_ERR_OK,
              {{[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_RECOGNISED,
                [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_APPROVED,
                [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_BOOT,
                [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE,
                [ATLS_TRUST_RUNTIME_OPAQUE] = ATLS_RUNTIME_ENCRYPTED}}},
    /* The host, from whom memory is encrypted, reads and writes it: it hides nothing. */
    [DEBUG] = {"POLICY lets the host debug the guest",
               ATLS_ERR_DEBUG,
               {{[ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE,
                 [ATLS_TRUST_RUNTIME_OPAQUE] = ATLS_RUNTIME_VISIBLE}}},
    [MIGRATABLE] = {"POLICY lets a migration agent have the guest, which no reference value states",
                    ATLS_ERR_CLAIM, UNACCEPTABLE},
    [OTHER_VMPL] = {"VMPL is not 0, which no reference value states", ATLS_ERR_CLAIM, UNACCEPTABLE},
    [PROVISIONAL] = {"firmware that is not committed, which no reference value states",
                     ATLS_ERR_CLAIM, UNACCEPTABLE},
    [NOT_LOOKED_UP] = {"no list of the certificates that AMD has revoked",
                       ATLS_ERR_COLLATERAL,
                       {{[ATLS_TRUST_INSTANCE_IDENTITY] = INSTANCE_NOT_LOOKED_UP}}},
    [OTHER_LAUNCH] = {"a launch measurement that no reference value names",
                      ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [OLD_GUEST] = {"GUEST_SVN is not that of the reference value",
                   ATLS_ERR_REFERENCE_VALUES,
                   {{[ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNSAFE}}},
    [OTHER_CONFIGURATION] = {"a field of policy, platform or identity is not that of the reference "
                             "value",
                             ATLS_ERR_REFERENCE_VALUES, UNACCEPTABLE},
    [OLD_TCB] = {"firmware or microcode below the reference value",
                 ATLS_ERR_REFERENCE_VALUES,
                 {{[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_CONTRAINDICATED}}},
    [NO_REFERENCES] = {"no reference values", ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [NUM_OWN_RULES] = ATLS_RULE_NOT_FRESH,
    [NUM_OWN_RULES + 1] = ATLS_RULE_SIMULATED,
    [NUM_OWN_RULES + 2] = ATLS_RULE_REVOKED,
    [NUM_OWN_RULES + 3] = ATLS_RULE_ENDORSED,
};

static void apply(struct atls_submod *submod, enum rule rule, const struct atls_diag *why)
{
    atls_outcome_apply(submod, &atls_snp_rules[rule], why);
}

/* What the reference value that matched has said by itself. */
struct stated {
    bool migration, vmpl, version;
};

/* says_bits is true for a raw-value whose mask, if it has one, has all these bits of an octet. */
static bool says_bits(const struct atls_measured *values, size_t octet, uint8_t bits)
{
    return values->raw_mask.len == 0 ||
           (octet < values->raw_mask.len && (values->raw_mask.data[octet] & bits) == bits);
}

static void note_stated(struct stated *stated, const struct atls_measurement_map *reference)
{
    enum { POLICY = 2, VMPL = 5, CURRENT_VERSION = 3330, COMMITTED_VERSION = 3936 };
    switch (reference->mkey.number) {
    case POLICY:
        stated->migration = says_bits(&reference->values, 5, 4); /* big-endian: bit 18 */
        break;
    case VMPL:
        stated->vmpl = says_bits(&reference->values, 3, 3); /* 0 to 3 */
        break;
    case CURRENT_VERSION:
    case COMMITTED_VERSION:
        stated->version = true;
        break;
    default:
        break;
    }
}

static enum rule rule_of(enum atls_snp_field_kind kind)
{
    switch (kind) {
    case ATLS_SNP_FIELD_LAUNCH:
        return OTHER_LAUNCH;
    case ATLS_SNP_FIELD_GUEST_SVN:
        return OLD_GUEST;
    case ATLS_SNP_FIELD_TCB:
        return OLD_TCB;
    case ATLS_SNP_FIELD_CONFIGURATION:
    default:
        return OTHER_CONFIGURATION;
    }
}

/* holds compares every value of one statement. With a submod, it also says what does not hold. */
static bool holds(const struct atls_statement *statement, const struct atls_snp_measured *measured,
                  struct stated *stated, struct atls_submod *submod)
{
    struct atls_measurement_map reference;
    bool all = true;
    for (size_t i = 0; atls_statement_measurement(statement, i, &reference); i++) {
        const struct atls_snp_field *field = NULL;
        struct atls_diag why;
        if (atls_snp_compare(measured, &reference, &field, &why)) {
            note_stated(stated, &reference);
            continue;
        }
        all = false;
        if (submod != NULL) {
            atls_diag_expected_text(&why, ", of ");
            atls_diag_expected_text(&why, statement->source);
            apply(submod, rule_of(field->kind), &why);
        }
    }
    return all;
}

/* may_say: every value of the statement may be said by who signed the report (authorized-by). */
static bool may_say(const struct atls_statement *statement, struct atls_bytes signer)
{
    struct atls_measurement_map reference;
    for (size_t i = 0; atls_statement_measurement(statement, i, &reference); i++) {
        if (!atls_is_authorized(&reference.authorized_by, signer)) {
            return false;
        }
    }
    return true;
}

static void refuse_launch(struct atls_submod *submod, const struct atls_snp_report *report,
                          size_t num_statements)
{
    struct atls_diag why;
    atls_fail(&why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "MEASUREMENT");
    atls_diag_found_bytes(&why, report->measurement);
    atls_diag_expected_text(&why, num_statements == 0
                                      ? "reference values, of which none is loaded for snp"
                                      : "a launch measurement that a reference value names");
    apply(submod, num_statements == 0 ? NO_REFERENCES : OTHER_LAUNCH, &why);
}

/*
 * judge_references: statements about one launch measurement are alternatives, and one of them must
 * hold as a whole. Where none does, what differs from the first is what is said.
 */
static bool judge_references(struct atls_submod *submod, struct stated *stated,
                             const struct atls_snp_verified *verified,
                             const struct atls_snp_measured *measured,
                             const struct atls_appraisal_input *input)
{
    const struct atls_bytes signer = atls_x509_spki(atls_chain_cert(atls_snp_chain(verified), 0));
    const struct atls_statement *nearest = NULL;
    const struct atls_statement *statement;
    size_t cursor = 0, num = 0;
    while ((statement =
                atls_endorsements_next_statement(input->endorsements, "snp", ATLS_TRIPLE_REFERENCE,
                                                 input->now_s, &cursor)) != NULL) {
        num++;
        if (!atls_environment_matches(&statement->environment, &measured->environment,
                                      ATLS_LABELS_COMPARED) ||
            !may_say(statement, signer)) {
            continue;
        }
        struct stated said = {false, false, false};
        if (holds(statement, measured, &said, NULL)) {
            *stated = said;
            return true;
        }
        nearest = nearest != NULL ? nearest : statement;
    }
    struct stated none;
    if (nearest != NULL) {
        (void)holds(nearest, measured, &none, submod);
    } else {
        refuse_launch(submod, atls_snp_report(verified), num);
    }
    return false;
}

static void judge_debug(struct atls_submod *submod, const struct atls_snp_report *report)
{
    struct atls_diag why;
    submod->debug = (report->policy & ATLS_SNP_POLICY_DEBUG) != 0;
    if (submod->debug) {
        atls_fail_texts(&why, ATLS_ERR_DEBUG, ATLS_STEP_APPRAISAL, "POLICY.DEBUG", "allowed",
                        "not allowed");
        apply(submod, DEBUG, &why);
    }
}

static void judge_defaults(struct atls_submod *submod, const struct atls_snp_report *report,
                           const struct stated *stated)
{
    struct atls_diag why;
    if ((report->policy & ATLS_SNP_POLICY_MIGRATE_MA) != 0 && !stated->migration) {
        atls_fail_texts(&why, ATLS_ERR_CLAIM, ATLS_STEP_APPRAISAL, "POLICY.MIGRATE_MA", "allowed",
                        "not allowed, or a reference value for POLICY that says so");
        apply(submod, MIGRATABLE, &why);
    }
    if (report->vmpl != 0 && !stated->vmpl) {
        atls_fail_texts(&why, ATLS_ERR_CLAIM, ATLS_STEP_APPRAISAL, "VMPL", NULL,
                        "0, or a reference value for VMPL that says so");
        atls_diag_found_int(&why, (int64_t)report->vmpl);
        apply(submod, OTHER_VMPL, &why);
    }
    const struct atls_bytes current = {report->current_version, 3};
    const struct atls_bytes committed = {report->committed_version, 3};
    if (!atls_bytes_equal(current, committed) && !stated->version) {
        atls_fail_texts(&why, ATLS_ERR_CLAIM, ATLS_STEP_APPRAISAL, "firmware version", NULL,
                        "the committed one, ");
        atls_diag_found_bytes(&why, current);
        atls_diag_expected_bytes(&why, committed);
        atls_diag_expected_text(&why, ", or a reference value for either");
        apply(submod, PROVISIONAL, &why);
    }
}

void atls_snp_measurements(struct atls_submod *submod, const struct atls_snp_report *report)
{
    const struct atls_measurement all[] = {
        {atls_bytes_text("measurement"), report->measurement},
        {atls_bytes_text("host_data"), report->host_data},
        {atls_bytes_text("id_key_digest"), report->id_key_digest},
        {atls_bytes_text("author_key_digest"), report->author_key_digest},
    };
    memcpy(submod->measurements, all, sizeof all);
    submod->num_measurements = ATLS_ARRAY_LEN(all);
}

void atls_snp_judge(struct atls_submod *submod, bool *out_known,
                    const struct atls_snp_verified *verified,
                    const struct atls_snp_measured *measured,
                    const struct atls_appraisal_input *input)
{
    const struct atls_snp_report *report = atls_snp_report(verified);
    struct stated stated = {false, false, false};
    submod->has_reference_values = true; /* the format has them: an empty set accepts nobody */
    atls_snp_measurements(submod, report);
    judge_debug(submod, report);
    *out_known = judge_references(submod, &stated, verified, measured, input);
    judge_defaults(submod, report, &stated);
    if (atls_snp_unchecked(verified)->err != ATLS_OK) {
        apply(submod, NOT_LOOKED_UP, atls_snp_unchecked(verified));
    }
}
