/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the PCRs of an attestation document are worth (docs/appraisal.md, "nitro"). One record of
 * reference values is one image: all of its PCRs must match. Several records are alternatives.
 */
#include "appraiser/nitro/nitro.h"

#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"
#include "endorsement/apply.h"

/* The rows of docs/appraisal.md, "nitro". */
enum rule { GOOD, DEBUG_MODE, OTHER_IMAGE, NO_IMAGE, NO_REFERENCES, NUM_OWN_RULES };

#define UNRECOGNISED                                                                               \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED                               \
        }                                                                                          \
    }

const struct atls_appraiser_rule atls_nitro_rules[ATLS_NITRO_NUM_RULES] = {
    /* PCRs say what an enclave booted. */
    [GOOD] = {"not in debug mode, and every PCR that the image's reference value names is as "
              "expected",
              ATLS_ERR_OK,
              {{[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_RECOGNISED,
                [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_APPROVED,
                [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_BOOT,
                [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE}}},
    /* In debug mode nothing is measured and the console is open. */
    [DEBUG_MODE] = {"PCR 0, 1 or 2 is all zero: debug mode",
                    ATLS_ERR_LIFECYCLE,
                    {{[ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE,
                      [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED}}},
    [OTHER_IMAGE] = {"a PCR has another value than every reference value",
                     ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [NO_IMAGE] = {"only reference values match that name neither PCR 0 nor 8, nor both 1 and 2",
                  ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [NO_REFERENCES] = {"no reference values for enclaves", ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [NUM_OWN_RULES] = ATLS_RULE_NOT_FRESH,
    [NUM_OWN_RULES + 1] = ATLS_RULE_SIMULATED,
    [NUM_OWN_RULES + 2] = ATLS_RULE_REVOKED,
    [NUM_OWN_RULES + 3] = ATLS_RULE_ENDORSED,
};

static const char pcr_names[ATLS_NITRO_NUM_PCRS][6] = {
    "PCR0",  "PCR1",  "PCR2",  "PCR3",  "PCR4",  "PCR5",  "PCR6",  "PCR7",
    "PCR8",  "PCR9",  "PCR10", "PCR11", "PCR12", "PCR13", "PCR14", "PCR15",
    "PCR16", "PCR17", "PCR18", "PCR19", "PCR20", "PCR21", "PCR22", "PCR23",
    "PCR24", "PCR25", "PCR26", "PCR27", "PCR28", "PCR29", "PCR30", "PCR31",
};

void atls_nitro_measurements(struct atls_submod *submod, const struct atls_nitro_claims *claims)
{
    _Static_assert(ATLS_NITRO_NUM_PCRS <= ATLS_MAX_COMPONENTS, "all PCRs are measurements");
    size_t num = 0;
    for (size_t pcr = 0; pcr < ATLS_NITRO_NUM_PCRS; pcr++) {
        if ((claims->pcrs >> pcr & 1) != 0) {
            submod->measurements[num].name = atls_bytes_text(pcr_names[pcr]);
            submod->measurements[num].value = claims->pcr[pcr];
            num++;
        }
    }
    submod->num_measurements = num;
}

static void apply(struct atls_submod *submod, enum rule rule, const struct atls_diag *why)
{
    atls_outcome_apply(submod, &atls_nitro_rules[rule], why);
}

static void judge_debug(struct atls_submod *submod, const struct atls_nitro_claims *claims)
{
    for (size_t pcr = 0; pcr <= 2 && !submod->debug; pcr++) {
        if (!atls_is_zero(claims->pcr[pcr])) {
            continue;
        }
        struct atls_diag why;
        atls_fail_texts(&why, ATLS_ERR_LIFECYCLE, ATLS_STEP_APPRAISAL, pcr_names[pcr],
                        "all zero, which it is in debug mode", "a measurement");
        submod->debug = true;
        apply(submod, DEBUG_MODE, &why);
    }
}

/* pcrs_of gives which PCRs a record names. */
static uint32_t pcrs_of(const struct atls_statement *record)
{
    struct atls_measurement_map measurement;
    uint32_t pcrs = 0;
    for (size_t i = 0; atls_statement_measurement(record, i, &measurement); i++) {
        if (measurement.mkey.kind == ATLS_MKEY_UINT &&
            measurement.mkey.number < ATLS_NITRO_NUM_PCRS) {
            pcrs |= UINT32_C(1) << measurement.mkey.number;
        }
    }
    return pcrs;
}

/* names_image: PCR 0 is the image file, 1 and 2 are kernel and application, 8 is who signed the
 * image. The others say where it runs or what it did, and match whatever runs. */
static bool names_image(const struct atls_statement *record)
{
    const uint32_t pcrs = pcrs_of(record);
    return (pcrs & 1) != 0 || (pcrs >> 8 & 1) != 0 || (pcrs & 6) == 6;
}

static const struct atls_statement *next_record(const struct atls_appraisal_input *input,
                                                size_t *cursor)
{
    return atls_endorsements_next_statement(input->endorsements, "nitro", ATLS_TRIPLE_REFERENCE,
                                            input->now_s, cursor);
}

/* differs says which PCR of a record has another value, or is absent; false: none, so that it is
 * the environment or the authority that does not match. */
static bool differs(struct atls_diag *why, const struct atls_statement *record,
                    const struct atls_nitro_claims *claims)
{
    struct atls_measurement_map wanted;
    for (size_t i = 0; atls_statement_measurement(record, i, &wanted); i++) {
        size_t cursor = 0;
        struct atls_mdigest digest;
        const uint64_t pcr = wanted.mkey.number;
        if (wanted.mkey.kind != ATLS_MKEY_UINT || pcr >= ATLS_NITRO_NUM_PCRS ||
            !atls_mdigest_next(&wanted.values.digests, &cursor, &digest) ||
            atls_bytes_equal(digest.value, claims->pcr[pcr])) {
            continue;
        }
        atls_fail(why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, pcr_names[pcr]);
        if (claims->pcr[pcr].len == 0) {
            atls_diag_found_text(why, "none");
        }
        atls_diag_found_bytes(why, claims->pcr[pcr]);
        atls_diag_expected_bytes(why, digest.value);
        return true;
    }
    return false;
}

/* explain is about the last record: of alternatives, any tells which PCR to look at. */
static void explain(struct atls_diag *why, const struct atls_statement *record,
                    const struct atls_nitro_claims *claims)
{
    if (!differs(why, record, claims)) {
        atls_fail_texts(why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "module_id", NULL,
                        "the enclave that a reference value is for");
        atls_diag_found_peer_text(why, claims->module_id);
    }
    atls_diag_expected_text(why, ", from ");
    atls_diag_expected_text(why, record->source != NULL ? record->source : "the endorsements");
}

static void judge_failed(struct atls_submod *submod, const struct atls_statement *last,
                         bool matched, const struct atls_nitro_claims *claims)
{
    struct atls_diag why;
    if (last == NULL) {
        atls_fail_texts(&why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "pcrs", "PCR 0 ",
                        "reference values, of which none is loaded for enclaves");
        atls_diag_found_bytes(&why, claims->pcr[0]);
        apply(submod, NO_REFERENCES, &why);
    } else if (matched) {
        atls_fail_texts(&why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "pcrs",
                        "a reference value that does not say what runs, from ",
                        "one with PCR 0, with 1 and 2, or with 8");
        atls_diag_found_text(&why, last->source != NULL ? last->source : "the endorsements");
        apply(submod, NO_IMAGE, &why);
    } else {
        explain(&why, last, claims);
        apply(submod, OTHER_IMAGE, &why);
    }
}

/* find_image gives the first record that matches and says what runs. */
static const struct atls_statement *find_image(struct atls_submod *submod,
                                               const struct atls_nitro_claims *claims,
                                               struct atls_nitro_facts *facts,
                                               const struct atls_appraisal_input *input)
{
    size_t cursor = 0;
    const struct atls_statement *record;
    const struct atls_statement *last = NULL;
    bool matched = false;
    while ((record = next_record(input, &cursor)) != NULL) {
        const bool matches = atls_statement_matches(record, atls_nitro_facts_of(facts, record));
        if (matches && names_image(record)) {
            return record;
        }
        last = matches || !matched ? record : last;
        matched = matched || matches;
    }
    judge_failed(submod, last, matched, claims);
    return NULL;
}

const struct atls_statement *atls_nitro_judge(struct atls_submod *submod,
                                              const struct atls_nitro_claims *claims,
                                              struct atls_nitro_facts *facts,
                                              const struct atls_appraisal_input *input)
{
    submod->has_reference_values = true; /* the format has them: an empty set accepts nobody */
    atls_nitro_measurements(submod, claims);
    judge_debug(submod, claims);
    return find_image(submod, claims, facts, input);
}
