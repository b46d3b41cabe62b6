/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what --from names: a Result (EAR, as JWT, CWT or JSON) or Evidence (in a CMW or bare).
 *
 * With --ak Evidence is appraised, so its claims are those of that key. Without it a PSA token is
 * taken at its word, and a warning says so; a quote is of no use without its key.
 */
#include "corim_from.h"
#include "corim_from_nitro.h"
#include "corim_from_snp.h"

#include "appraiser/psa/psa.h"
#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "endorsement/corim_create.h"
#include "endorsement/corim_from.h"
#include "identity.h"
#include "json/base64.h"
#include "json/ear_json.h"
#include "json/ear_token.h"
#include "json/file.h"
#include "json/json.h"
#include "when.h"

#include <stdlib.h>

static const char step[] = "corim create --from";

enum { EAR_VERIFIER_ID = 1004 }; /* draft-ietf-rats-ear-04 */

void cli_corim_from_cleanup(struct cli_corim_from *from)
{
    atls_file_free(from->file, from->file_len);
    atls_file_free(from->pcrs, from->pcrs_len);
    free(from->wrapped);
    free(from->template);
    json_decref(from->claims);
    atls_key_free(from->ak);
    memset(from, 0, sizeof *from);
}

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, claim, found, expected);
}

/* ---- Results ---- */

/* format_of finds the format whose submod has that name; NULL for others. */
static const struct atls_format *format_of(struct atls_bytes name)
{
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (atls_formats[i].submod != NULL && atls_bytes_is_text(name, atls_formats[i].submod)) {
            return &atls_formats[i];
        }
    }
    return NULL;
}

/* take_submod finds the one submod of a format that endorsements are made for. */
static enum atls_err take_submod(struct cli_corim_from *from, const struct atls_ear *ear,
                                 struct atls_diag *diag)
{
    for (size_t i = 0; i < ear->num_submods; i++) {
        const struct atls_ear_submod *submod = &ear->submods[i];
        const struct atls_ear_value *claims = &submod->attester_claims;
        const struct atls_format *format = format_of(submod->name);
        if (format == NULL || (claims->cbor.len == 0 && claims->json == NULL)) {
            continue;
        }
        if (from->claims != NULL) {
            return refuse(diag, "submods", "several", "one of PSA_IOT and PARSEC_TPM");
        }
        const enum atls_err err = atls_ear_value_json(&from->claims, claims, diag);
        if (err != ATLS_OK) {
            return err;
        }
        from->format = format;
        from->simulated = from->simulated || submod->simulated;
        if (submod->status != ATLS_TIER_AFFIRMING) {
            cli_note("corim", "warning: the Result does not say affirming: what it found wrong "
                              "would become what is right");
        }
    }
    return from->claims != NULL
               ? ATLS_OK
               : refuse(diag, "submods", "no annotated evidence of PSA_IOT or PARSEC_TPM",
                        "an EAR with ear.veraison.annotated-evidence or ear_attester_claims");
}

/* is_result tells a Result from Evidence: JSON, a JWT, or a CWT with a verifier id. */
static bool is_result(struct atls_bytes file)
{
    struct atls_cose_sign1 message;
    struct atls_cbor claims;
    struct atls_cbor value;
    if (file.data[0] == '{' || file.data[0] == 'e') {
        return true;
    }
    return atls_ear_cwt_parse(&message, file, NULL) == ATLS_OK &&
           atls_cbor_parse(&claims, message.payload, ATLS_CBOR_STRICT, step, NULL) == ATLS_OK &&
           atls_cbor_get(&claims, EAR_VERIFIER_ID, &value);
}

static enum atls_err read_keys(struct atls_jwk_set *out, const char *path, struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_jwk_set_load(out, atls_bytes_of(text, len), diag);
    }
    atls_file_free(text, len);
    return err;
}

/* open_result gives a Result, verified where --key names the Verifier's keys. */
static enum atls_err open_result(struct atls_ear_token **out, const struct cli_options *o,
                                 struct atls_bytes token, struct atls_diag *diag)
{
    struct atls_jwk_set keys = {0};
    const bool is_text = token.data[0] < 0x80;
    while (is_text && token.len > 1 &&
           (token.data[token.len - 1] == '\n' || token.data[token.len - 1] == '\r')) {
        token.len--;
    }
    if (o->key == NULL) {
        if (token.data[0] != '{') {
            cli_note("corim", "warning: the signature of the Result was not checked (--key FILE)");
        }
        return atls_ear_open_unverified(out, token, diag);
    }
    if (token.data[0] == '{') {
        return refuse(diag, "--key", "a Result that nobody signed", "a JWT or a CWT");
    }
    enum atls_err err = read_keys(&keys, o->key, diag);
    if (err == ATLS_OK) {
        err = atls_ear_open(out, token, atls_crypto_openssl(), &keys, diag);
    }
    atls_jwk_set_cleanup(&keys);
    return err;
}

static enum atls_err read_result(struct cli_corim_from *from, const struct cli_options *o,
                                 struct atls_diag *diag)
{
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    const enum atls_err err =
        open_result(&token, o, atls_bytes_of(from->file, from->file_len), diag);
    return err == ATLS_OK ? take_submod(from, atls_ear_token_get(token), diag) : err;
}

/* ---- Evidence ---- */

static void set_hex(json_t *object, const char *name, struct atls_bytes octets)
{
    char *hex = atls_hex_new(octets);
    json_object_set_new(object, name, json_string(hex));
    free(hex);
}

/* copy_claim copies a byte or text string of a claims set, when it is there. */
static void copy_claim(json_t *object, const char *name, const struct atls_cbor *map, int64_t label)
{
    struct atls_cbor value;
    struct atls_bytes content;
    if (label == 0 || !atls_cbor_get(map, label, &value)) {
        return;
    }
    if (atls_cbor_bytes(&value, 0, SIZE_MAX, &content)) {
        set_hex(object, name, content);
    } else if (atls_cbor_text(&value, 0, SIZE_MAX, &content)) {
        json_object_set_new(object, name, json_stringn((const char *)content.data, content.len));
    }
}

static json_t *components_of(const struct atls_cbor *list)
{
    json_t *components = json_array();
    struct atls_cbor item;
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (atls_cbor_next(&iter, &item)) {
        json_t *component = json_object(); /* labels of RFC 9783, 4.4.1 */
        copy_claim(component, "measurement-type", &item, 1);
        copy_claim(component, "measurement-value", &item, 2);
        copy_claim(component, "version", &item, 4);
        copy_claim(component, "signer-id", &item, 5);
        json_array_append_new(components, component);
    }
    return components;
}

/* read_psa takes a token at its word; cli_corim_from_check holds it against --ak. */
static enum atls_err read_psa(struct cli_corim_from *from, struct atls_bytes token,
                              struct atls_diag *diag)
{
    struct atls_cose_sign1 message;
    struct atls_cbor payload;
    struct atls_cbor value;
    enum atls_err err = atls_cose_sign1_parse(&message, token, ATLS_COSE_ANY, "PSA token", diag);
    if (err == ATLS_OK) {
        err =
            atls_cbor_parse(&payload, message.payload, ATLS_CBOR_STRICT, "PSA token payload", diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    for (int profile = ATLS_PSA_TFM; profile <= ATLS_PSA_LEGACY; profile++) {
        const struct atls_psa_labels *labels = atls_psa_labels((enum atls_psa_profile)profile);
        if (!atls_cbor_get(&payload, labels->implementation_id, &value)) {
            continue;
        }
        from->claims = json_object();
        copy_claim(from->claims, "psa-implementation-id", &payload, labels->implementation_id);
        copy_claim(from->claims, "psa-instance-id", &payload, labels->instance_id);
        if (atls_cbor_get(&payload, labels->components, &value) && value.type == ATLS_CBOR_ARRAY) {
            json_object_set_new(from->claims, "psa-software-components", components_of(&value));
        }
        return ATLS_OK;
    }
    return refuse(diag, "psa-implementation-id", "none", "a PSA token");
}

/* make makes a CoRIM of the claims as they are now. */
static enum atls_err make(uint8_t **out, size_t *len, const struct cli_corim_from *from,
                          struct atls_diag *diag)
{
    char *text = NULL;
    const struct atls_corim_facts facts = {
        .format = from->format, .claims = from->claims, .ak = from->ak};
    enum atls_err err = atls_corim_from_claims(&text, &facts, diag);
    const struct atls_bytes template = atls_bytes_text(text != NULL ? text : "");
    if (err == ATLS_OK) {
        err = atls_corim_create(out, len, &template, 1, from->format->corim_profile, true, diag);
    }
    free(text);
    return err;
}

/* appraise gives what came of the Evidence; it is not fresh, and nobody asks it to be. */
static enum atls_err appraise(struct atls_appraisal *out, const struct cli_corim_from *from,
                              struct atls_bytes corim, struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    struct atls_verify_request request = {.crypto = atls_crypto_openssl(),
                                          .format = from->format,
                                          .cmw = from->cmw,
                                          .no_nonce = true,
                                          .want_claims = true};
    enum atls_err err = cli_when(&request.now_s, NULL, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_new(&set, diag);
    }
    if (err == ATLS_OK) {
        err = atls_endorsements_add_corim(set, corim, "the new CoRIM", request.now_s, diag);
    }
    if (err == ATLS_OK) {
        request.endorsements = set;
        err = atls_verify(out, &request, diag);
    }
    atls_endorsements_unref(set);
    return err;
}

/* kid_of gives the name of the key that a Parsec bundle says to have been signed by. */
static bool kid_of(struct atls_bytes bundle, struct atls_bytes *out)
{
    struct atls_cbor map;
    struct atls_cbor quote;
    struct atls_cbor kid;
    return atls_cbor_parse(&map, bundle, ATLS_CBOR_STRICT, "tpm2 Evidence", NULL) == ATLS_OK &&
           atls_cbor_get_text(&map, "pat", &quote) && atls_cbor_get_text(&quote, "kid", &kid) &&
           atls_cbor_bytes(&kid, 1, SIZE_MAX, out);
}

/* read_tpm2 reads the quote by way of its appraisal under --ak: its claims are verified ones. */
static enum atls_err read_tpm2(struct cli_corim_from *from, struct atls_bytes bundle,
                               struct atls_diag *diag)
{
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal);
    struct atls_bytes kid;
    uint8_t *corim = NULL;
    size_t len = 0;
    json_t *claims = NULL;
    enum atls_err err = appraisal != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK && from->ak == NULL) {
        err = refuse(diag, "--ak", "none",
                     "the attestation key of a TPM, without which a quote "
                     "says nothing");
    }
    if (err == ATLS_OK && !kid_of(bundle, &kid)) {
        err = refuse(diag, "kid", "none", "the Parsec key attestation");
    }
    if (err == ATLS_OK) {
        from->claims = json_object();
        set_hex(from->claims, "kid", kid);
        err = make(&corim, &len, from, diag);
    }
    if (err == ATLS_OK) {
        err = appraise(appraisal, from, atls_bytes_of(corim, len), diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_parse(&claims, atls_bytes_text(appraisal->submods[0].claims_json), step,
                              diag);
    }
    if (err == ATLS_OK) {
        json_decref(from->claims);
        from->claims = claims;
    }
    if (appraisal != NULL) {
        atls_appraisal_cleanup(appraisal, free);
    }
    free(appraisal);
    free(corim);
    return err;
}

/* wrap puts bare Evidence into the record that names it. */
static enum atls_err wrap(struct cli_corim_from *from, const char *name, struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text(name));
    const struct atls_buf room = {malloc(from->file_len + 256), from->file_len + 256};
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    from->wrapped = room.data;
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const char *type =
        format->accepted_types[0] != NULL ? format->accepted_types[0] : format->media_type;
    atls_cmw_put_record_media(&w, type, atls_bytes_of(from->file, from->file_len),
                              ATLS_CMW_EVIDENCE);
    if (!atls_writer_finish(&w, &len)) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, NULL);
    }
    from->cmw = atls_bytes_of(room.data, len);
    return ATLS_OK;
}

static enum atls_err read_evidence(struct cli_corim_from *from, struct atls_diag *diag)
{
    const uint8_t first = from->file[0];
    const bool is_nitro = cli_corim_is_nitro(atls_bytes_of(from->file, from->file_len));
    const bool is_token = from->file_len > 1 && first == 0xd2 && from->file[1] == 0x84;
    struct atls_cmw cmw;
    enum atls_err err = ATLS_OK;
    from->cmw = atls_bytes_of(from->file, from->file_len);
    if (is_nitro || is_token || (first >= 0xa0 && first <= 0xbb)) {
        const bool is_snp = cli_corim_is_snp(atls_bytes_of(from->file, from->file_len));
        err = wrap(from, is_nitro ? "nitro" : is_token ? "psa" : is_snp ? "snp" : "tpm2", diag);
    }
    if (err == ATLS_OK) {
        err = atls_cmw_parse(&cmw, from->cmw, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    from->format = cmw.kind == ATLS_CMW_COLLECTION ? NULL : atls_cmw_format(&cmw);
    if (from->format == NULL || from->format->outside_only) {
        return refuse(diag, "--from", "Evidence of another format",
                      "psa, tpm2, nitro or snp, or an EAR");
    }
    if (strcmp(from->format->name, "nitro") == 0) {
        return cli_corim_read_nitro(from, cmw.value, diag);
    }
    if (strcmp(from->format->name, "snp") == 0) {
        return cli_corim_read_snp(from, cmw.value, diag);
    }
    return strcmp(from->format->name, "psa") == 0 ? read_psa(from, cmw.value, diag)
                                                  : read_tpm2(from, cmw.value, diag);
}

/* ---- all of it ---- */

static enum atls_err read_files(struct cli_corim_from *from, const struct cli_options *o,
                                struct atls_diag *diag)
{
    enum atls_err err =
        atls_file_read(&from->file, &from->file_len, o->from, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK && from->file_len == 0) {
        err = refuse(diag, "--from", "an empty file", "Evidence or an EAR");
    }
    if (err == ATLS_OK && o->ak != NULL) {
        err = cli_key_read(&from->ak, NULL, NULL, o->ak, diag);
    }
    if (err == ATLS_OK && o->pcr_values != NULL) {
        err = atls_file_read(&from->pcrs, &from->pcrs_len, o->pcr_values, ATLS_MAX_FILE_LEN, diag);
    }
    return err;
}

static enum atls_err check_options(const struct cli_corim_from *from, const struct cli_options *o,
                                   struct atls_diag *diag)
{
    const bool is_tpm2 = strcmp(from->format->name, "tpm2") == 0;
    if (is_tpm2 && from->pcrs_len == 0) {
        return refuse(diag, "--pcr-values",
                      "none: a quote has a digest over the PCRs, not the PCRs",
                      "--pcr-values FILE, the output of tpm2_pcrread on that machine");
    }
    if (!is_tpm2 && (from->pcrs_len != 0 || o->class_uuid != NULL)) {
        return refuse(diag, "--pcr-values, --class", "one of them beside other Evidence",
                      "them for tpm2 only");
    }
    return ATLS_OK;
}

static void warn(const struct cli_corim_from *from)
{
    cli_note("corim", "warning: what this machine says of itself becomes what is trusted; make "
                      "this only of a machine whose software you know to be right");
    if (from->cmw.len != 0 && from->ak == NULL && !from->checked) {
        cli_note("corim", "warning: the signature of the Evidence was not checked (--ak FILE)");
    }
}

enum atls_err cli_corim_from_read(struct cli_corim_from *from, const struct cli_options *o,
                                  struct atls_diag *diag)
{
    from->simulated = o->simulated;
    enum atls_err err = read_files(from, o, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = is_result(atls_bytes_of(from->file, from->file_len)) ? read_result(from, o, diag)
                                                               : read_evidence(from, diag);
    if (err == ATLS_OK) {
        err = check_options(from, o, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_corim_facts facts = {
            .format = from->format,
            .claims = from->claims,
            .ak = from->ak,
            .class_uuid = o->class_uuid,
            .pcr_values = atls_bytes_of(from->pcrs, from->pcrs_len),
        };
        err = atls_corim_from_claims(&from->template, &facts, diag);
    }
    if (err == ATLS_OK) {
        warn(from);
    }
    return err;
}

enum atls_err cli_corim_from_check(const struct cli_corim_from *from, struct atls_bytes corim,
                                   struct atls_diag *diag)
{
    if (from->cmw.len == 0 || from->ak == NULL) {
        return ATLS_OK;
    }
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal);
    if (appraisal == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    enum atls_err err = appraise(appraisal, from, corim, diag);
    const struct atls_submod *submod = &appraisal->submods[0];
    if (err == ATLS_OK &&
        atls_tier_of(submod->vector.claim[ATLS_TRUST_EXECUTABLES]) != ATLS_TIER_AFFIRMING) {
        err = refuse(diag, "measurements", "Evidence that what was made of it does not accept",
                     "measurements that reference values can name");
    }
    atls_appraisal_cleanup(appraisal, free);
    free(appraisal);
    return err;
}
