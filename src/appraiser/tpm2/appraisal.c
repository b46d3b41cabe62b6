/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quoted PCRs against the reference values of the AK's class (docs/appraisal.md, "tpm2"). The
 * quote shows one digest over all selected PCRs, so it is computed from the reference values: the
 * selection must be exactly the PCRs that have one.
 */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/span.h"

/* The rows of docs/appraisal.md, "tpm2". */
enum rule { GOOD, OTHER_PCRS, OTHER_BANK, OTHER_VALUE, NO_REFERENCES, TOO_MANY, NUM_OWN_RULES };

#define UNRECOGNISED                                                                               \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED                               \
        }                                                                                          \
    }

const struct atls_appraiser_rule atls_tpm2_rules[ATLS_TPM2_NUM_RULES] = {
    /* PCRs say what was measured on the way up. */
    [GOOD] = {"the PCRs are as expected",
              ATLS_ERR_OK,
              {{[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_RECOGNISED,
                [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_BOOT,
                [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE}}},
    [OTHER_PCRS] = {"other PCRs are selected", ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [OTHER_BANK] = {"the SHA-1 bank, several banks, or one without reference values",
                    ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [OTHER_VALUE] = {"a PCR has another value", ATLS_ERR_REFERENCE_VALUES, UNRECOGNISED},
    [NO_REFERENCES] = {"no reference values for the class", ATLS_ERR_REFERENCE_VALUES,
                       UNRECOGNISED},
    [TOO_MANY] = {"more alternative reference values than are tried", ATLS_ERR_REFERENCE_VALUES,
                  UNRECOGNISED},
    [NUM_OWN_RULES] = ATLS_RULE_NOT_FRESH,
    [NUM_OWN_RULES + 1] = ATLS_RULE_SIMULATED,
    [NUM_OWN_RULES + 2] = ATLS_RULE_REVOKED,
    [NUM_OWN_RULES + 3] = ATLS_RULE_ENDORSED,
};

#define NUM_PCRS         ATLS_TPM2_NUM_PCRS
#define MAX_ALTERNATIVES 8
/* How many ways of choosing among alternative values are tried. */
#define MAX_COMBINATIONS 1024

/* The values that one bank's PCRs may have. */
struct expected_pcrs {
    uint32_t pcrs;    /* bit n: some reference value names PCR n */
    uint32_t in_bank; /* bit n: one of them is of this bank */
    struct atls_bytes values[NUM_PCRS][MAX_ALTERNATIVES];
    size_t num_values[NUM_PCRS];
    bool too_many;
};

static void add_value(struct expected_pcrs *expected, size_t pcr, struct atls_bytes value)
{
    for (size_t i = 0; i < expected->num_values[pcr]; i++) {
        if (atls_bytes_equal(expected->values[pcr][i], value)) {
            return;
        }
    }
    if (expected->num_values[pcr] == MAX_ALTERNATIVES) {
        expected->too_many = true;
        return;
    }
    expected->values[pcr][expected->num_values[pcr]++] = value;
}

static void collect(struct expected_pcrs *expected, const struct atls_submod *submod,
                    const struct atls_trust_anchor *anchor, int32_t bank,
                    const struct atls_appraisal_input *input)
{
    memset(expected, 0, sizeof *expected);
    size_t cursor = 0;
    const struct atls_reference *reference;
    while ((reference = atls_input_next_reference(input, submod->format, anchor->class_id, anchor,
                                                  &cursor)) != NULL) {
        if (!reference->key_is_uint || reference->key_uint >= NUM_PCRS) {
            continue;
        }
        const size_t pcr = (size_t)reference->key_uint;
        expected->pcrs |= UINT32_C(1) << pcr;
        for (size_t i = 0; i < reference->num_digests; i++) {
            if (reference->digests[i].alg == bank) {
                expected->in_bank |= UINT32_C(1) << pcr;
                add_value(expected, pcr, reference->digests[i].value);
            }
        }
    }
}

static size_t num_combinations(const struct expected_pcrs *expected)
{
    size_t product = 1;
    for (size_t pcr = 0; pcr < NUM_PCRS; pcr++) {
        if (expected->num_values[pcr] > 1) {
            product *= expected->num_values[pcr];
        }
        if (product > MAX_COMBINATIONS) {
            return product;
        }
    }
    return product;
}

/* digest_of hashes the values of choice number `choice`, PCRs ascending, with the hash of the
 * signing scheme (part 3, TPM2_Quote), which need not be that of the bank. */
static enum atls_err digest_of(struct atls_digest *out, const struct expected_pcrs *expected,
                               size_t choice, int32_t hash, const struct atls_crypto_ops *crypto)
{
    uint8_t values[NUM_PCRS * ATLS_MAX_HASH_LEN];
    size_t len = 0;
    for (size_t pcr = 0; pcr < NUM_PCRS; pcr++) {
        const size_t count = expected->num_values[pcr];
        if (count == 0) {
            continue;
        }
        const struct atls_bytes value = expected->values[pcr][choice % count];
        choice /= count;
        if (value.len == 0 || value.len > sizeof values - len) {
            return ATLS_ERR_REFERENCE_VALUES;
        }
        memcpy(&values[len], value.data, value.len);
        len += value.len;
    }
    return crypto->hash(hash, atls_bytes_of(values, len), out);
}

/* take_choice gives the values of choice number `choice`, as digest_of takes them. */
static void take_choice(struct atls_tpm2_pcrs *out, const struct expected_pcrs *expected,
                        size_t choice, int32_t bank)
{
    out->bank = bank;
    for (size_t pcr = 0; pcr < NUM_PCRS; pcr++) {
        const size_t count = expected->num_values[pcr];
        if (count != 0) {
            out->value[pcr] = expected->values[pcr][choice % count];
            choice /= count;
        }
    }
}

static enum atls_err find_match(bool *out, struct atls_tpm2_pcrs *out_pcrs,
                                const struct expected_pcrs *expected, int32_t bank,
                                const struct atls_tpm2_contents *contents,
                                const struct atls_crypto_ops *crypto)
{
    const size_t num = num_combinations(expected);
    *out = false;
    for (size_t choice = 0; choice < num && !*out; choice++) {
        struct atls_digest digest;
        const enum atls_err err =
            digest_of(&digest, expected, choice, atls_tpm_hash(contents->quote_hash), crypto);
        if (err != ATLS_OK) {
            return err;
        }
        *out = atls_bytes_equal(atls_digest_bytes(&digest), contents->quote.pcr_digest);
        if (*out) {
            take_choice(out_pcrs, expected, choice, bank);
        }
    }
    return ATLS_OK;
}

static void show_pcrs(void (*show_text)(struct atls_diag *, const char *),
                      void (*show_int)(struct atls_diag *, int64_t), struct atls_diag *why,
                      uint32_t pcrs)
{
    bool first = true;
    for (int64_t pcr = 0; pcr < NUM_PCRS; pcr++) {
        if ((pcrs >> pcr & 1) != 0) {
            show_text(why, first ? "PCR " : ", ");
            show_int(why, pcr);
            first = false;
        }
    }
    if (first) {
        show_text(why, "no PCR");
    }
}

/* fail_pcrs begins a reason that is about which PCRs were quoted, and which are expected. */
static void fail_pcrs(struct atls_diag *why, const struct atls_tpm_selection *quoted,
                      uint32_t expected)
{
    atls_fail(why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "attestInfo.pcrSelect");
    show_pcrs(atls_diag_found_text, atls_diag_found_int, why, quoted->pcrs);
    atls_diag_found_text(why, " of bank ");
    atls_diag_found_text(why, atls_tpm_hash_name(quoted->bank));
    show_pcrs(atls_diag_expected_text, atls_diag_expected_int, why, expected);
}

/* judge_selection says in `why` what is wrong with it, before any digest is computed. */
static enum rule judge_selection(struct atls_diag *why, const struct expected_pcrs *expected,
                                 const struct atls_tpm_selection *quoted)
{
    if (expected->pcrs == 0) {
        fail_pcrs(why, quoted, 0);
        atls_diag_expected_text(why, ": no reference values are loaded for the class of this AK");
        return NO_REFERENCES;
    }
    if (quoted->pcrs != expected->pcrs) {
        fail_pcrs(why, quoted, expected->pcrs);
        return OTHER_PCRS;
    }
    if (expected->in_bank != expected->pcrs) {
        fail_pcrs(why, quoted, expected->in_bank);
        atls_diag_expected_text(why, ": the others have no reference value in that bank");
        return OTHER_BANK;
    }
    if (expected->too_many || num_combinations(expected) > MAX_COMBINATIONS) {
        atls_fail_texts(why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "reference values",
                        "too many alternatives for these PCRs",
                        "8 for a PCR and 1024 combinations at most");
        return TOO_MANY;
    }
    return GOOD;
}

/* one_bank: the digest is over one selection, of a bank that is still worth something. */
static const struct atls_tpm_selection *one_bank(struct atls_diag *why,
                                                 const struct atls_tpm_attest *quote)
{
    if (quote->num_selections != 1) {
        atls_fail_texts(why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "attestInfo.pcrSelect",
                        NULL, "one bank");
        atls_diag_found_int(why, (int64_t)quote->num_selections);
        atls_diag_found_text(why, " banks");
        return NULL;
    }
    if (atls_tpm_hash(quote->selections[0].bank) == ATLS_ALG_NONE) {
        atls_fail_texts(why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "attestInfo.pcrSelect",
                        "the bank of ", "a bank of sha256, sha384 or sha512");
        atls_diag_found_text(why, atls_tpm_hash_name(quote->selections[0].bank));
        return NULL;
    }
    return &quote->selections[0];
}

enum atls_err atls_tpm2_judge(struct atls_submod *submod, struct atls_tpm2_pcrs *out_pcrs,
                              const struct atls_tpm2_verified *verified,
                              const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_tpm2_contents *contents = atls_tpm2_contents(verified);
    struct atls_diag why;
    bool match = false;
    memset(out_pcrs, 0, sizeof *out_pcrs);
    submod->has_reference_values = true; /* the format has them: an empty set accepts nobody */
    submod->measurements[0].name = atls_bytes_text("pcrs");
    submod->measurements[0].value = contents->quote.pcr_digest;
    submod->num_measurements = 1;
    const struct atls_tpm_selection *quoted = one_bank(&why, &contents->quote);
    enum rule rule = OTHER_BANK;
    if (quoted != NULL) {
        struct expected_pcrs expected;
        collect(&expected, submod, atls_tpm2_anchor(verified), atls_tpm_hash(quoted->bank), input);
        rule = judge_selection(&why, &expected, quoted);
        if (rule == GOOD) {
            const enum atls_err err = find_match(
                &match, out_pcrs, &expected, atls_tpm_hash(quoted->bank), contents, input->crypto);
            if (err != ATLS_OK) {
                return atls_fail(diag, err, ATLS_STEP_APPRAISAL, "attestInfo.pcrDigest");
            }
            rule = match ? GOOD : OTHER_VALUE;
            atls_fail_texts(&why, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL,
                            "attestInfo.pcrDigest", NULL, "the digest of the reference values");
            atls_diag_found_bytes(&why, contents->quote.pcr_digest);
        }
    }
    if (rule != GOOD) {
        atls_outcome_apply(submod, &atls_tpm2_rules[rule], &why);
    }
    return ATLS_OK;
}
