/* SPDX-License-Identifier: Apache-2.0 */
/* From an appraisal to a Result, as Veraison's services fill theirs in. */
#include "result/ear_make.h"

#include "base/span.h"
#include "base/text.h"
#include "base/utf8.h"
#include "result/ear_form.h"
#include "result/vector.h"

static struct atls_bytes text_or_none(const char *text)
{
    return text != NULL ? atls_bytes_text(text) : atls_bytes_of(NULL, 0);
}

/* set_raw: octets that are no CMW record become one that says so (RFC 2046, 4.5.1). */
static void set_raw(struct atls_ear_raw *raw, struct atls_bytes cmw)
{
    static const struct atls_bytes no_cmw = {(const uint8_t *)"application/octet-stream", 24};
    static const struct atls_bytes collection = {(const uint8_t *)"application/cmw+cbor", 20};
    raw->present = cmw.len != 0;
    if (!raw->present) {
        return;
    }
    const bool is_cmw = atls_cmw_parse(&raw->record, cmw, NULL) == ATLS_OK;
    if (!is_cmw || raw->record.kind == ATLS_CMW_COLLECTION) {
        memset(&raw->record, 0, sizeof raw->record);
        raw->record.media_type = is_cmw ? collection : no_cmw;
        raw->record.value = cmw;
    }
    raw->record.kind = ATLS_CMW_RECORD;
    raw->is_record = true;
    raw->octets = raw->record.value;
}

static void set_all(struct atls_ear_draft *draft, const struct atls_ear_options *options)
{
    struct atls_ear *ear = &draft->ear;
    memset(draft, 0, sizeof *draft);
    ear->profile = options->profile != ATLS_EAR_OTHER ? options->profile : ATLS_EAR_VERAISON;
    ear->iat_s = options->iat_s;
    ear->has_exp = options->exp_s != 0;
    ear->exp_s = options->exp_s;
    ear->issuer = text_or_none(options->issuer);
    ear->nonce = options->nonce;
    ear->developer = text_or_none(options->developer);
    ear->build = text_or_none(options->build);
    set_raw(&ear->raw, options->raw_evidence);
}

/* A vector has the claims that assert something; one without any is left out (CDDL: non-empty). */
static void set_vector(struct atls_ear_submod *submod, const struct atls_trust_vector *vector)
{
    submod->vector = *vector;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        submod->asserted[i] = vector->claim[i] != ATLS_TRUST_NONE;
        submod->has_vector = submod->has_vector || submod->asserted[i];
    }
}

/* What every submod has, whatever came of it. */
static void set_outcome(struct atls_ear_draft *draft, size_t index, const char *name,
                        enum atls_tier status, const struct atls_trust_vector *vector,
                        const struct atls_ear_options *options)
{
    static const char prefix[] = "policy:";
    struct atls_ear_submod *submod = &draft->ear.submods[index];
    char *id = draft->policy_ids[index];
    submod->name = atls_bytes_text(name);
    submod->status = status;
    set_vector(submod, vector);
    atls_text_copy(id, sizeof draft->policy_ids[0], prefix);
    atls_text_copy(&id[sizeof prefix - 1], sizeof draft->policy_ids[0] - (sizeof prefix - 1), name);
    submod->policy_ids[0] = atls_bytes_text(options->policy_id != NULL ? options->policy_id : id);
    submod->num_policy_ids = 1;
    draft->ear.num_submods = index + 1;
}

static void set_problem(struct atls_ear_draft *draft, size_t index, const struct atls_diag *why)
{
    char *sentence = draft->problems[index];
    const size_t len = atls_diag_sentence(sentence, sizeof draft->problems[0], why);
    const struct atls_bytes text = atls_bytes_of(sentence, len);
    for (size_t i = 0; i < len && !atls_utf8_is_valid(text); i++) {
        sentence[i] = (sentence[i] & 0x80) != 0 ? '?' : sentence[i];
    }
    draft->ear.submods[index].problem = text;
}

/* status_of is never better than the vector, and never affirming where the policy refuses: of what
 * it judges, machines and its own measurements say nothing in the vector. */
static enum atls_tier status_of(const struct atls_submod *submod, const struct atls_diag *refusal)
{
    const enum atls_tier least = atls_vector_status(&submod->vector);
    const enum atls_tier status = atls_tier_worse(submod->status, least) ? submod->status : least;
    const bool is_refused =
        refusal != NULL && (status == ATLS_TIER_AFFIRMING || refusal->err == ATLS_ERR_MACHINE);
    return is_refused ? ATLS_TIER_CONTRAINDICATED : status;
}

static void add_submod(struct atls_ear_draft *draft, size_t index, const struct atls_submod *submod,
                       const struct atls_ear_options *options)
{
    struct atls_ear_submod *out = &draft->ear.submods[index];
    const enum atls_tier status = status_of(submod, options->refusal);
    const struct atls_diag *why = options->refusal != NULL ? options->refusal : &submod->reason;
    set_outcome(draft, index, submod->format->submod, status, &submod->vector, options);
    if (status != ATLS_TIER_AFFIRMING && why->err != ATLS_OK) {
        set_problem(draft, index, why);
    }
    out->simulated = submod->simulated;
    if (submod->attested_spki_len != 0) {
        out->akpub = atls_bytes_of(submod->attested_spki, submod->attested_spki_len);
    } else if (submod->key_binding != ATLS_KEY_BINDING_NONE) {
        out->akpub = options->key_spki;
    }
}

/* is_usable: each submod has a format, hence a name, of its own. */
static bool is_usable(const struct atls_appraisal *appraisal, size_t index)
{
    const struct atls_format *format = appraisal->submods[index].format;
    for (size_t i = 0; i < index; i++) {
        if (appraisal->submods[i].format == format) {
            return false;
        }
    }
    return format != NULL && appraisal->submods[index].attested_spki_len <=
                                 sizeof appraisal->submods[0].attested_spki;
}

enum atls_err atls_ear_make(struct atls_ear_draft *out, const struct atls_appraisal *appraisal,
                            const struct atls_ear_options *options, struct atls_diag *diag)
{
    if (appraisal == NULL || appraisal->num_submods == 0 ||
        appraisal->num_submods > ATLS_MAX_SUBMODS) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_EAR_STEP, "submods",
                               "none that are usable", "1 to 8");
    }
    set_all(out, options);
    for (size_t i = 0; i < appraisal->num_submods; i++) {
        if (!is_usable(appraisal, i)) {
            return atls_fail_texts(diag, ATLS_ERR_STATE, ATLS_EAR_STEP, "submods",
                                   "one without a name of its own", "each with its own name");
        }
        add_submod(out, i, &appraisal->submods[i], options);
    }
    if (options->cnf.kty != 0) {
        out->ear.cnf.has_key = true;
        out->ear.cnf.key = options->cnf;
    }
    return atls_ear_check_writable(&out->ear, diag);
}

/* is_malfunction: it was not what the peer sent that made the appraisal fail. */
static bool is_malfunction(enum atls_err err)
{
    const enum atls_fault fault = atls_err_fault(err);
    return fault == ATLS_FAULT_LOCAL || fault == ATLS_FAULT_INFRA;
}

enum atls_err atls_ear_make_error(struct atls_ear_draft *out, const struct atls_diag *why,
                                  const struct atls_format *format,
                                  const struct atls_ear_options *options, struct atls_diag *diag)
{
    if (why == NULL || why->err == ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_EAR_STEP, "error", "none",
                               "why it failed");
    }
    const bool malfunction = is_malfunction(why->err);
    struct atls_trust_vector vector;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        vector.claim[i] = malfunction ? ATLS_TRUST_MALFUNCTION : ATLS_TRUST_CRYPTO_FAILED;
    }
    set_all(out, options);
    set_outcome(out, 0, format != NULL && format->submod != NULL ? format->submod : "ERROR",
                atls_vector_status(&vector), &vector, options);
    set_problem(out, 0, why);
    return atls_ear_check_writable(&out->ear, diag);
}
