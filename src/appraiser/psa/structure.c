/* SPDX-License-Identifier: Apache-2.0 */
/* Structure of a PSA token: COSE_Sign1 in tag 18, a map of claims, a known profile, two ids. */
#include "appraiser/psa/psa.h"

#include "appraiser/input.h"
#include "appraiser/lookup.h"
#include "appraiser/psa/unverified.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

static const struct atls_psa_labels labels_of[] = {
    [ATLS_PSA_TFM] = {.profile_text = "tag:psacertified.org,2023:psa#tfm",
                      .profile = 265,
                      .nonce = 10,
                      .instance_id = 256,
                      .client_id = 2394,
                      .lifecycle = 2395,
                      .implementation_id = 2396,
                      .certification_reference = 2398,
                      .components = 2399,
                      .service_indicator = 2400,
                      .boot_seed = 268},
    [ATLS_PSA_INTERIM] = {.profile_text = "http://arm.com/psa/2.0.0",
                          .profile = 265,
                          .nonce = 10,
                          .instance_id = 256,
                          .client_id = 2394,
                          .lifecycle = 2395,
                          .implementation_id = 2396,
                          .certification_reference = 2398,
                          .components = 2399,
                          .service_indicator = 2400,
                          .boot_seed = 2397},
    [ATLS_PSA_LEGACY] = {.profile_text = "PSA_IOT_PROFILE_1",
                         .profile = -75000,
                         .nonce = -75008,
                         .instance_id = -75009,
                         .client_id = -75001,
                         .lifecycle = -75002,
                         .implementation_id = -75003,
                         .certification_reference = -75005,
                         .components = -75006,
                         .no_components = -75007,
                         .service_indicator = -75010,
                         .boot_seed = -75004},
};

const struct atls_psa_labels *atls_psa_labels(enum atls_psa_profile profile)
{
    return &labels_of[profile];
}

void atls_psa_parsed_free(struct atls_psa_parsed *parsed)
{
    free(parsed);
}

void atls_psa_parsed_cleanup(struct atls_psa_parsed **parsed)
{
    atls_psa_parsed_free(*parsed);
}

/*
 * refuse_other_envelopes says plainly what is not a signed token: nobody signed a UCCS or a bare
 * map, and whoever can check a COSE_Mac0 can make one. Anything else is left to the COSE
 * parser, which takes tag 18 and nothing but.
 */
static enum atls_err refuse_other_envelopes(struct atls_bytes evidence, struct atls_diag *diag)
{
    static const char claim[] = "PSA token envelope";
    static const char expected[] = "COSE_Sign1 (tag 18)";
    const uint8_t first = evidence.len > 0 ? evidence.data[0] : 0;
    const uint8_t second = evidence.len > 1 ? evidence.data[1] : 0;
    const uint8_t third = evidence.len > 2 ? evidence.data[2] : 0;
    if (first == 0xd1) {
        return atls_fail_texts(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_STRUCTURE, claim,
                               "COSE_Mac0 (tag 17), which its verifier could have made", expected);
    }
    if (first == 0xd9 && second == 0x02 && third == 0x59) {
        return atls_fail_texts(diag, ATLS_ERR_SIGNATURE, ATLS_STEP_STRUCTURE, claim,
                               "UCCS (tag 601), which nobody signed", expected);
    }
    if (first >> 5 == ATLS_CBOR_MAP) {
        return atls_fail_texts(diag, ATLS_ERR_SIGNATURE, ATLS_STEP_STRUCTURE, claim,
                               "a bare map of claims, which nobody signed", expected);
    }
    if (first == 0xd8 && second == 61) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, claim,
                               "CWT (tag 61), which RFC 9783 does not use", expected);
    }
    return ATLS_OK;
}

static enum atls_err parse_message(struct atls_psa_parsed *parsed, struct atls_bytes evidence,
                                   struct atls_diag *diag)
{
    enum atls_err err = refuse_other_envelopes(evidence, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = atls_cose_sign1_parse(&parsed->message, evidence, ATLS_COSE_TAGGED, "PSA token", diag);
    if (err != ATLS_OK) {
        return atls_evidence_recode(err, diag);
    }
    /* RFC 9783, 5.2: what a receiver of this profile takes, less the MACs. */
    if (parsed->message.alg != ATLS_ALG_ES256 && parsed->message.alg != ATLS_ALG_ES384 &&
        parsed->message.alg != ATLS_ALG_ES512) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_STRUCTURE, "alg", NULL,
                        "ES256, ES384 or ES512");
        atls_diag_found_int(diag, parsed->message.alg);
        return ATLS_ERR_ALGORITHM;
    }
    if (parsed->message.detached) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, "payload",
                               "none", "the claims inside the token");
    }
    struct atls_cbor claims;
    err = atls_cbor_parse(&claims, parsed->message.payload, ATLS_CBOR_STRICT, "PSA token payload",
                          diag);
    if (err != ATLS_OK) {
        return atls_evidence_recode(err, diag);
    }
    if (claims.type != ATLS_CBOR_MAP) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, "payload",
                               "another type", "a map of claims");
    }
    atls_cbor_index_read(&parsed->claims, &claims);
    return ATLS_OK;
}

static enum atls_err refuse_profile(const char *claim, const struct atls_cbor *found,
                                    const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, claim, NULL, expected);
    if (found->type == ATLS_CBOR_TEXT) {
        atls_diag_found_peer_text(diag, found->content);
    } else {
        atls_diag_found_text(diag, "another type");
    }
    return ATLS_ERR_EVIDENCE_TYPE;
}

/* find_profile: eat_profile names one of two; without it the token is of the first profile, which
 * may name itself (spec of Arm's psa-1.0; RFC 9783, 5). Both claims at once are no token. */
static enum atls_err find_profile(struct atls_psa_parsed *parsed, struct atls_diag *diag)
{
    struct atls_cbor value;
    struct atls_cbor legacy;
    const bool is_eat = atls_cbor_index_get(&parsed->claims, 265, &value);
    const bool is_legacy = atls_cbor_index_get(&parsed->claims, -75000, &legacy);
    if (is_eat && is_legacy) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "eat_profile",
                               "two claims that name a profile", "one");
    }
    if (!is_eat) {
        parsed->profile = ATLS_PSA_LEGACY;
        return is_legacy && !atls_cbor_is_text(&legacy, labels_of[ATLS_PSA_LEGACY].profile_text)
                   ? refuse_profile("profile definition", &legacy, "PSA_IOT_PROFILE_1", diag)
                   : ATLS_OK;
    }
    if (atls_cbor_is_text(&value, labels_of[ATLS_PSA_TFM].profile_text)) {
        parsed->profile = ATLS_PSA_TFM;
        return ATLS_OK;
    }
    if (atls_cbor_is_text(&value, labels_of[ATLS_PSA_INTERIM].profile_text)) {
        parsed->profile = ATLS_PSA_INTERIM;
        return ATLS_OK;
    }
    return refuse_profile("eat_profile", &value,
                          "tag:psacertified.org,2023:psa#tfm or http://arm.com/psa/2.0.0", diag);
}

/* profile_of gives the profile that a label names: no label at all is that of the content format.
 */
static bool profile_of(enum atls_psa_profile *out, struct atls_bytes media_type)
{
    static const struct {
        const char *type;
        enum atls_psa_profile profile;
    } named[] = {
        {"application/eat-cwt; profile=\"http://arm.com/psa/2.0.0\"", ATLS_PSA_INTERIM},
        {"application/eat+cwt; eat_profile=\"tag:psacertified.org,2019:psa#legacy\"",
         ATLS_PSA_LEGACY},
    };
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("psa"));
    *out = ATLS_PSA_TFM;
    if (media_type.len == 0 || atls_media_type_is(media_type, format->media_type)) {
        return true;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(named); i++) {
        if (atls_media_type_is(media_type, named[i].type)) {
            *out = named[i].profile;
            return true;
        }
    }
    return false;
}

/* check_label: a label that names a profile must be true of the token inside. */
static enum atls_err check_label(const struct atls_psa_parsed *parsed, struct atls_bytes media_type,
                                 struct atls_diag *diag)
{
    enum atls_psa_profile profile = ATLS_PSA_TFM;
    if (atls_media_type_is(media_type, "application/psa-attestation-token")) {
        return ATLS_OK;
    }
    if (!profile_of(&profile, media_type)) {
        atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "media type", NULL,
                        atls_format_by_name(atls_bytes_text("psa"))->media_type);
        atls_diag_found_peer_text(diag, media_type);
        return ATLS_ERR_EVIDENCE_TYPE;
    }
    if (parsed->profile != profile) {
        atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "eat_profile",
                        labels_of[parsed->profile].profile_text, labels_of[profile].profile_text);
        atls_diag_expected_text(diag, ", as the token is labelled");
        return ATLS_ERR_EVIDENCE_TYPE;
    }
    return ATLS_OK;
}

static enum atls_err find_ids(struct atls_psa_parsed *parsed, struct atls_diag *diag)
{
    const struct atls_psa_labels *labels = atls_psa_labels(parsed->profile);
    struct atls_cbor value;
    if (!atls_cbor_index_get(&parsed->claims, labels->instance_id, &value) ||
        !atls_cbor_bytes(&value, 33, 33, &parsed->instance_id) ||
        parsed->instance_id.data[0] != 0x01) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                               "psa-instance-id", "none such",
                               "a byte string of 33 octets that starts with 01");
    }
    if (!atls_cbor_index_get(&parsed->claims, labels->implementation_id, &value) ||
        !atls_cbor_bytes(&value, 32, 32, &parsed->implementation_id)) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                               "psa-implementation-id", "none such", "a byte string of 32 octets");
    }
    return ATLS_OK;
}

static enum atls_err read_token(struct atls_psa_parsed *parsed, struct atls_bytes evidence,
                                struct atls_bytes media_type, struct atls_diag *diag)
{
    enum atls_err err = parse_message(parsed, evidence, diag);
    if (err == ATLS_OK) {
        err = find_profile(parsed, diag);
    }
    if (err == ATLS_OK) {
        err = check_label(parsed, media_type, diag);
    }
    return err == ATLS_OK ? find_ids(parsed, diag) : err;
}

enum atls_err atls_psa_parse(struct atls_psa_parsed **out, struct atls_bytes evidence,
                             struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_psa_parsed *parsed = calloc(1, sizeof *parsed);
    if (parsed == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "PSA token");
    }
    enum atls_err err = read_token(parsed, evidence, media_type, diag);
    if (err != ATLS_OK) {
        atls_psa_parsed_free(parsed);
        return err;
    }
    parsed->evidence = evidence;
    parsed->media_type = media_type;
    *out = parsed;
    return ATLS_OK;
}

static bool same_span(struct atls_bytes a, struct atls_bytes b)
{
    return a.data == b.data && a.len == b.len;
}

enum atls_err atls_psa_parse_once(const struct atls_psa_parsed **out, struct atls_psa_parsed **own,
                                  const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_psa_parsed *known = input->lookup != NULL ? input->lookup->psa : NULL;
    if (known != NULL && same_span(known->evidence, input->evidence) &&
        same_span(known->media_type, input->media_type)) {
        *out = known;
        return ATLS_OK;
    }
    const enum atls_err err = atls_psa_parse(own, input->evidence, input->media_type, diag);
    if (err == ATLS_OK) {
        *out = *own;
    }
    return err;
}
