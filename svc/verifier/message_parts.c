/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/message_parts.h"

#include "base/span.h"

#include <stdlib.h>

void verifier_put_long(struct atls_writer *w, struct atls_bytes octets)
{
    if (octets.len > VERIFIER_MAX_FRAME_LEN) {
        w->failed = true;
        return;
    }
    atls_write_u32(w, (uint32_t)octets.len);
    atls_write_bytes(w, octets);
}

bool verifier_get_long(struct atls_reader *r, struct atls_bytes *out)
{
    uint32_t len = 0;
    return atls_read_u32(r, &len) && atls_read_bytes(r, len, out);
}

static void put_text(struct atls_writer *w, const char *text)
{
    atls_write_vec8(w, atls_bytes_text(text));
}

/* get_text copies a text into an array of a diag; one that does not fit, or holds a NUL, is no text
 * that such an array ever held. */
static bool get_text(struct atls_reader *r, char *out, size_t cap)
{
    struct atls_bytes text;
    if (!atls_read_vec8(r, 0, cap - 1, &text) ||
        (text.len != 0 && memchr(text.data, '\0', text.len) != NULL)) {
        return false;
    }
    if (text.len != 0) {
        memcpy(out, text.data, text.len);
    }
    out[text.len] = '\0';
    return true;
}

void verifier_put_diag(struct atls_writer *w, const struct atls_diag *diag)
{
    const bool none = diag == NULL || diag->err == ATLS_OK;
    atls_write_u16(w, none ? 0 : (uint16_t)diag->err);
    if (none) {
        return;
    }
    atls_write_u64(w, diag->offset);
    put_text(w, diag->step);
    put_text(w, diag->claim);
    put_text(w, diag->found);
    put_text(w, diag->expected);
}

static bool is_known_error(uint16_t number)
{
    static const uint16_t known[] = {
#define VERIFIER_ERROR_NUMBER(number, name, alert, fault, sentence) number,
        ATLS_ERROR_LIST(VERIFIER_ERROR_NUMBER)
#undef VERIFIER_ERROR_NUMBER
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(known); i++) {
        if (known[i] == number) {
            return true;
        }
    }
    return false;
}

bool verifier_get_diag(struct atls_reader *r, struct atls_diag *out)
{
    struct atls_diag diag = {.err = ATLS_OK};
    uint16_t number = 0;
    uint64_t offset = 0;
    if (!atls_read_u16(r, &number) || !is_known_error(number)) {
        return false;
    }
    if (number != 0) {
        diag.err = (enum atls_err)number;
        if (!atls_read_u64(r, &offset) || !get_text(r, diag.step, sizeof diag.step) ||
            !get_text(r, diag.claim, sizeof diag.claim) ||
            !get_text(r, diag.found, sizeof diag.found) ||
            !get_text(r, diag.expected, sizeof diag.expected)) {
            return false;
        }
        diag.offset = (size_t)offset;
    }
    *out = diag;
    return true;
}

void verifier_put_format(struct atls_writer *w, const struct atls_format *format)
{
    put_text(w, format != NULL ? format->name : "");
}

bool verifier_get_format(struct atls_reader *r, const struct atls_format **out)
{
    struct atls_bytes name;
    if (!atls_read_vec8(r, 0, 63, &name)) {
        return false;
    }
    *out = atls_format_by_name(name);
    return name.len == 0 || *out != NULL;
}

void verifier_put_match(struct atls_writer *w, const struct verifier_match *match)
{
    verifier_put_format(w, match->format);
    atls_write_vec8(w, match->instance);
    atls_write_vec8(w, match->class_id);
}

bool verifier_get_match(struct atls_reader *r, struct verifier_match *out)
{
    out->key = atls_bytes_of(NULL, 0); /* EXAMINED alone has it */
    return verifier_get_format(r, &out->format) &&
           atls_read_vec8(r, 0, VERIFIER_MAX_KEY_LEN, &out->instance) &&
           atls_read_vec8(r, 0, VERIFIER_MAX_KEY_LEN, &out->class_id);
}

/* Flags of a submod. */
enum { SIMULATED = 1, DEBUG = 2, FRESH = 4, HAS_REFERENCES = 8, HAS_CLAIMS = 16, ALL_FLAGS = 31 };

static void put_submod(struct atls_writer *w, const struct atls_submod *submod)
{
    const unsigned flags = (submod->simulated ? SIMULATED : 0u) | (submod->debug ? DEBUG : 0u) |
                           (submod->fresh ? FRESH : 0u) |
                           (submod->has_reference_values ? HAS_REFERENCES : 0u) |
                           (submod->claims_json != NULL ? HAS_CLAIMS : 0u);
    verifier_put_format(w, submod->format);
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        atls_write_u8(w, (uint8_t)submod->vector.claim[i]);
    }
    atls_write_u8(w, (uint8_t)submod->status);
    atls_write_u8(w, (uint8_t)flags);
    atls_write_u8(w, (uint8_t)submod->key_binding);
    atls_write_vec8(w, atls_digest_bytes(&submod->attested_key));
    atls_write_vec16(w, atls_bytes_of(submod->attested_spki, submod->attested_spki_len));
    atls_write_vec8(w, submod->machine);
    verifier_put_diag(w, &submod->reason);
    if (submod->claims_json != NULL) {
        verifier_put_long(w, atls_bytes_text(submod->claims_json));
    }
}

static bool get_vector(struct atls_reader *r, struct atls_submod *submod)
{
    uint8_t status = 0;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        uint8_t value = 0;
        if (!atls_read_u8(r, &value)) {
            return false;
        }
        submod->vector.claim[i] = (int8_t)value;
    }
    if (!atls_read_u8(r, &status)) {
        return false;
    }
    submod->status = (enum atls_tier)status;
    return status == ATLS_TIER_NONE || status == ATLS_TIER_AFFIRMING ||
           status == ATLS_TIER_WARNING || status == ATLS_TIER_CONTRAINDICATED;
}

static bool get_claims(struct atls_reader *r, struct atls_submod *submod, bool keeps)
{
    struct atls_bytes text;
    if (!verifier_get_long(r, &text) ||
        (text.len != 0 && memchr(text.data, '\0', text.len) != NULL)) {
        return false;
    }
    if (!keeps) {
        return true;
    }
    submod->claims_json = calloc(1, text.len + 1);
    if (submod->claims_json == NULL) {
        return false;
    }
    if (text.len != 0) {
        memcpy(submod->claims_json, text.data, text.len);
    }
    return true;
}

static bool get_submod(struct atls_reader *r, struct atls_submod *submod, bool with_claims)
{
    uint8_t flags = 0, binding = 0;
    struct atls_bytes key, spki;
    if (!verifier_get_format(r, &submod->format) || submod->format == NULL ||
        !get_vector(r, submod) || !atls_read_u8(r, &flags) || (flags & ~(unsigned)ALL_FLAGS) != 0 ||
        !atls_read_u8(r, &binding) || binding > ATLS_KEY_BINDING_CHALLENGE ||
        !atls_read_vec8(r, 0, 32, &key) || (key.len != 0 && key.len != 32) ||
        !atls_read_vec16(r, 0, sizeof submod->attested_spki, &spki) ||
        !atls_read_vec8(r, 0, 255, &submod->machine) || !verifier_get_diag(r, &submod->reason)) {
        return false;
    }
    if (key.len != 0) {
        memcpy(submod->attested_key.data, key.data, key.len);
    }
    submod->attested_key.len = key.len;
    if (spki.len != 0) {
        memcpy(submod->attested_spki, spki.data, spki.len);
    }
    submod->attested_spki_len = spki.len;
    submod->simulated = (flags & SIMULATED) != 0;
    submod->debug = (flags & DEBUG) != 0;
    submod->fresh = (flags & FRESH) != 0;
    submod->has_reference_values = (flags & HAS_REFERENCES) != 0;
    submod->key_binding = (enum atls_key_binding)binding;
    return (flags & HAS_CLAIMS) == 0 || get_claims(r, submod, with_claims);
}

void verifier_put_outcome(struct atls_writer *w, const struct verifier_outcome *outcome)
{
    verifier_put_diag(w, &outcome->why);
    verifier_put_format(w, outcome->format);
    atls_write_u8(w, (uint8_t)outcome->appraisal.num_submods);
    for (size_t i = 0; i < outcome->appraisal.num_submods; i++) {
        put_submod(w, &outcome->appraisal.submods[i]);
    }
}

/* An outcome has an error or submods, never both or neither. It is large, and little of it is used:
 * what is not written is not cleared either. */
bool verifier_get_outcome(struct atls_reader *r, struct verifier_outcome *out, bool with_claims)
{
    uint8_t num = 0;
    out->appraisal.num_submods = 0;
    out->appraisal.storage = NULL;
    bool ok = verifier_get_diag(r, &out->why) && verifier_get_format(r, &out->format) &&
              atls_read_u8(r, &num) && num <= ATLS_MAX_SUBMODS &&
              (num == 0) == (out->why.err != ATLS_OK);
    for (size_t i = 0; ok && i < num; i++) {
        struct atls_submod *submod = &out->appraisal.submods[i];
        memset(submod, 0, sizeof *submod);
        out->appraisal.num_submods++;
        ok = get_submod(r, submod, with_claims);
    }
    if (!ok) {
        verifier_outcome_cleanup(out);
    }
    return ok;
}

void verifier_outcome_cleanup(struct verifier_outcome *outcome)
{
    for (size_t i = 0; i < outcome->appraisal.num_submods; i++) {
        free(outcome->appraisal.submods[i].claims_json);
        free(outcome->appraisal.submods[i].storage);
    }
    free(outcome->appraisal.storage);
    outcome->appraisal.num_submods = 0;
    outcome->appraisal.storage = NULL;
    outcome->format = NULL;
    outcome->why.err = ATLS_OK;
}
