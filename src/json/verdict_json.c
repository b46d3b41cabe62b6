/* SPDX-License-Identifier: Apache-2.0 */
#include "json/verdict_json.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"
#include "json/output.h"
#include "result/policy.h"

#include <stdlib.h>

/* set takes `value`; false for NULL, which is how jansson says that there is no memory. */
static bool set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

/* The texts of a verdict are arrays: one that an application filled without its NUL is cut. */
static json_t *text_or_null(const char *text, size_t cap)
{
    const size_t len = strnlen(text, cap);
    if (len == 0) {
        return json_null();
    }
    char *copy = strndup(text, len);
    json_t *value = copy != NULL ? atls_output_text(copy) : NULL;
    free(copy);
    return value;
}

static json_t *hex_or_null(struct atls_bytes octets)
{
    if (octets.len == 0) {
        return json_null();
    }
    char *text = atls_hex_new(octets);
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

static const char *state_name(enum atls_verdict_state state)
{
    switch (state) {
    case ATLS_VERDICT_ACCEPTED:
        return "accepted";
    case ATLS_VERDICT_REFUSED:
        return "refused";
    case ATLS_VERDICT_NOT_REQUIRED:
        return "not required";
    case ATLS_VERDICT_NONE:
    default:
        return "none";
    }
}

/* What the peer's identity rests on. */
static json_t *identity(const struct atls_verdict *verdict)
{
    if (!verdict->peer_has_key) {
        return json_null();
    }
    return json_string(verdict->pkix ? "pkix" : "key");
}

static json_t *peer_json(const struct atls_verdict *verdict)
{
    const struct atls_bytes hash = {verdict->peer_spki_sha256,
                                    verdict->peer_has_key ? sizeof verdict->peer_spki_sha256 : 0};
    return json_pack("{s:o, s:o}", "spki_sha256", hex_or_null(hash), "subject",
                     text_or_null(verdict->peer_subject, sizeof verdict->peer_subject));
}

static json_t *vector_json(const struct atls_trust_vector *vector)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const char *name = atls_trust_claim_name((enum atls_trust_claim)i);
        if (!set(object, name, json_integer(vector->claim[i]))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* Claims that are no JSON object are our own mistake; they are left out, the verdict stands. */
static json_t *claims_json(const char *text)
{
    json_t *claims = NULL;
    if (text == NULL ||
        atls_json_parse(&claims, atls_bytes_text(text), "verdict", NULL) != ATLS_OK) {
        return json_null();
    }
    return claims;
}

static json_t *evidence_json(const struct atls_verdict *verdict)
{
    json_t *list = json_array();
    for (size_t i = 0; i < verdict->num_evidence && i < ATLS_MAX_SUBMODS; i++) {
        const struct atls_verdict_evidence *evidence = &verdict->evidence[i];
        json_t *one = json_pack(
            "{s:o, s:s, s:o, s:o, s:b}", "format",
            text_or_null(evidence->format, sizeof evidence->format), "status",
            atls_tier_name(evidence->status), "vector", vector_json(&evidence->vector), "claims",
            claims_json(evidence->claims_json), "simulated", evidence->simulated);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* When it was appraised, of a session that was resumed. */
static json_t *appraised_json(const struct atls_verdict *verdict)
{
    char text[ATLS_RFC3339_LEN];
    if (!verdict->resumed) {
        return json_null();
    }
    atls_rfc3339_write(text, verdict->appraised_s);
    return json_string(text);
}

static json_t *channel_json(const struct atls_verdict *verdict)
{
    const size_t len = verdict->binder_len <= sizeof verdict->binder ? verdict->binder_len : 0;
    json_t *age = verdict->resumed ? json_integer((json_int_t)verdict->age_s) : json_null();
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "timing", atls_timing_name(verdict->timing),
        "binder", hex_or_null(atls_bytes_of(verdict->binder, len)), "suite",
        text_or_null(verdict->suite, sizeof verdict->suite), "group",
        text_or_null(verdict->group, sizeof verdict->group), "psk", verdict->psk, "resumed",
        verdict->resumed, "appraised_at", appraised_json(verdict), "age_s", age);
}

static json_t *policy_json(const struct atls_verdict *verdict)
{
    return json_pack("{s:o, s:I}", "id",
                     text_or_null(verdict->policy_id, sizeof verdict->policy_id), "version",
                     (json_int_t)verdict->policy_version);
}

json_t *atls_verdict_to_json(const struct atls_verdict *verdict)
{
    return json_pack("{s:b, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "accepted",
                     verdict->state == ATLS_VERDICT_ACCEPTED, "state", state_name(verdict->state),
                     "peer", peer_json(verdict), "identity", identity(verdict), "evidence",
                     evidence_json(verdict), "key_binding",
                     atls_key_binding_name(verdict->key_binding), "channel", channel_json(verdict),
                     "policy", policy_json(verdict), "verifier",
                     text_or_null(verdict->verifier, sizeof verdict->verifier));
}

char *atls_verdict_json(const struct atls_verdict *verdict)
{
    if (verdict == NULL) {
        return NULL;
    }
    json_t *object = atls_verdict_to_json(verdict);
    char *text = object != NULL ? atls_json_dump(object) : NULL;
    json_decref(object);
    return text;
}

void atls_verdict_cleanup(struct atls_verdict *verdict)
{
    if (verdict == NULL) {
        return;
    }
    for (size_t i = 0; i < ATLS_MAX_SUBMODS; i++) {
        free(verdict->evidence[i].claims_json);
    }
    memset(verdict, 0, sizeof *verdict);
}
