/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise_result.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/cmw_json.h"
#include "json/ear_json.h"
#include "json/ear_token.h"
#include "json/file.h"
#include "json/json.h"
#include "verifier/remote.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "Attestation Result";

void cli_result_cleanup(struct cli_result *result)
{
    atls_jwk_set_cleanup(&result->keys);
    json_decref(result->claims);
    free(result->jwt);
    free(result->cwt);
    memset(result, 0, sizeof *result);
}

static enum atls_err refuse(struct atls_diag *diag, const char *option, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option, found, expected);
}

static enum atls_err read_key(struct cli_result *out, const char *path, struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_jwk_set_add(&out->keys, atls_bytes_of(text, len), atls_crypto_openssl(), diag);
    }
    atls_file_free(text, len);
    if (err == ATLS_OK && atls_key_is_public(out->keys.keys[out->keys.num_keys - 1].key)) {
        err = atls_fail_texts(diag, ATLS_ERR_KEY, "--signing-key", path, "a public key",
                              "a private key, as PEM or JWK");
    }
    return err;
}

enum atls_err cli_result_options(struct cli_result *out, const struct cli_options *o,
                                 struct atls_diag *diag)
{
    const char *profile = o->ear_profile != NULL ? o->ear_profile : "veraison";
    const char *form = o->ear_form != NULL ? o->ear_form : "jwt";
    if (strcmp(profile, "veraison") != 0 && strcmp(profile, "ietf") != 0) {
        return refuse(diag, "--ear-profile", profile, "veraison or ietf");
    }
    if (strcmp(form, "jwt") != 0 && strcmp(form, "cwt") != 0) {
        return refuse(diag, "--ear-form", form, "jwt or cwt");
    }
    out->profile = strcmp(profile, "ietf") == 0 ? ATLS_EAR_DRAFT_04 : ATLS_EAR_VERAISON;
    out->as_cwt = strcmp(form, "cwt") == 0;
    if (out->as_cwt && o->signing_keys.count == 0) {
        return refuse(diag, "--ear-form", "cwt without --signing-key",
                      "a key: claims that nobody signed are JSON");
    }
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < o->signing_keys.count; i++) {
        err = read_key(out, o->signing_keys.items[i], diag);
    }
    return err;
}

/* attested_key finds the key that the Evidence shows, for cnf. */
static enum atls_err attested_key(struct atls_key **out, const struct atls_appraisal *appraisal,
                                  struct atls_diag *diag)
{
    for (size_t i = 0; i < appraisal->num_submods; i++) {
        const struct atls_submod *submod = &appraisal->submods[i];
        if (submod->attested_spki_len != 0) {
            return atls_key_from_spki_der(
                out, atls_bytes_of(submod->attested_spki, submod->attested_spki_len), diag);
        }
    }
    return refuse(diag, "--cnf", "Evidence that shows no key", "Evidence of a key, such as tpm2's");
}

/* cbor_form gives the CBOR form of a CMW; *storage is the caller's to free. */
static struct atls_bytes cbor_form(uint8_t **storage, struct atls_bytes cmw)
{
    size_t len = 0;
    if (cmw.len != 0 && (cmw.data[0] == '[' || cmw.data[0] == '{') &&
        atls_cmw_json_parse(storage, &len, cmw, NULL) == ATLS_OK) {
        return atls_bytes_of(*storage, len);
    }
    return cmw;
}

static enum atls_err sign(struct cli_result *result, const struct atls_ear *ear,
                          struct atls_diag *diag)
{
    const struct atls_crypto_ops *crypto = atls_crypto_openssl();
    if (result->keys.num_keys == 0) {
        return ATLS_OK;
    }
    const struct atls_key *key = result->keys.keys[0].key;
    const char *kid = result->keys.keys[0].kid;
    return result->as_cwt
               ? atls_ear_sign_cwt(&result->cwt, &result->cwt_len, ear, crypto, key, kid, diag)
               : atls_ear_sign_jwt(&result->jwt, ear, crypto, key, kid, diag);
}

static enum atls_err make(struct cli_result *result, const struct atls_appraisal *appraisal,
                          const struct atls_ear_options *options, const struct atls_format *format,
                          struct atls_diag *diag)
{
    struct atls_ear_made *made = NULL;
    enum atls_err err = appraisal->num_submods != 0
                            ? atls_ear_new(&made, appraisal, options, diag)
                            : atls_ear_new_error(&made, options->refusal, format, options, diag);
    if (err == ATLS_OK) {
        err = atls_ear_to_json(&result->claims, atls_ear_made_get(made), diag);
    }
    if (err == ATLS_OK) {
        err = sign(result, atls_ear_made_get(made), diag);
    }
    atls_ear_made_free(made);
    return err;
}

enum atls_err cli_result_make(struct cli_result *result, const struct cli_options *o,
                              const struct atls_appraisal *appraisal,
                              struct atls_ear_options options, const struct atls_format *format,
                              struct atls_bytes cmw, struct atls_diag *diag)
{
    struct atls_key *key = NULL;
    uint8_t *storage = NULL;
    enum atls_err err = ATLS_OK;
    options.profile = result->profile;
    if (o->raw_evidence) {
        options.raw_evidence = cbor_form(&storage, cmw);
    }
    if (o->cnf && appraisal->num_submods != 0) {
        err = attested_key(&key, appraisal, diag);
    }
    if (key != NULL) {
        atls_key_to_cose(key, &options.cnf);
    }
    if (err == ATLS_OK) {
        err = make(result, appraisal, &options, format, diag);
    }
    atls_key_free(key);
    free(storage);
    return err;
}

/* payload_of gives the claims of a JWT that has verified. */
static json_t *payload_of(const char *jwt)
{
    const char *begin = strchr(jwt, '.');
    const char *end = begin != NULL ? strchr(begin + 1, '.') : NULL;
    json_t *claims = NULL;
    size_t len = end != NULL ? (size_t)(end - begin - 1) : 0;
    uint8_t *text = malloc(len + 1);
    const struct atls_buf room = {text, len};
    if (text != NULL && end != NULL &&
        atls_base64url_decode(atls_bytes_of(begin + 1, len), room, &len) &&
        atls_json_parse(&claims, atls_bytes_of(text, len), step, NULL) != ATLS_OK) {
        claims = NULL;
    }
    free(text);
    return claims;
}

/* take_cwt gives its claims as JSON; it has verified. */
static enum atls_err take_cwt(struct cli_result *result, const char *text, struct atls_diag *diag)
{
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    struct atls_bytes octets;
    enum atls_err err = verifier_result_octets(&octets, &result->cwt, atls_bytes_text(text), diag);
    result->cwt_len = octets.len;
    if (err == ATLS_OK) {
        err = atls_ear_open_unverified(&token, octets, diag);
    }
    return err == ATLS_OK ? atls_ear_to_json(&result->claims, atls_ear_token_get(token), diag)
                          : err;
}

enum atls_err cli_result_take(struct cli_result *result, char *text, struct atls_diag *diag)
{
    result->is_remote = true;
    if (text == NULL) {
        return ATLS_OK;
    }
    if (strchr(text, '.') == NULL) {
        const enum atls_err err = take_cwt(result, text, diag);
        free(text);
        return err;
    }
    result->jwt = text;
    result->claims = payload_of(text);
    return result->claims != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_VERIFIER_ANSWER, step, NULL);
}

void cli_result_print(const struct cli_result *result, const char *verb)
{
    if (result->jwt != NULL) {
        printf("%s\n", result->jwt);
        return;
    }
    if (result->cwt != NULL) {
        if (fwrite(result->cwt, 1, result->cwt_len, stdout) != result->cwt_len ||
            fflush(stdout) != 0) {
            cli_note(verb, "the Result could not be written");
        }
        return;
    }
    if (result->is_remote) { /* no Result: what is wrong is said as an error */
        return;
    }
    char *text = json_dumps(result->claims, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    printf("%s\n", text != NULL ? text : "{}");
    free(text);
    cli_note(verb, "this Attestation Result is unsigned (--signing-key signs it)");
}

enum atls_err cli_result_json(json_t *object, const struct cli_result *result,
                              struct atls_diag *diag)
{
    json_t *keys = NULL;
    char *cwt = result->cwt != NULL
                    ? atls_base64url_new(atls_bytes_of(result->cwt, result->cwt_len))
                    : NULL;
    enum atls_err err =
        result->keys.num_keys != 0 ? atls_jwk_set_public(&keys, &result->keys, diag) : ATLS_OK;
    json_t *members =
        json_pack("{s:O?,s:s?,s:s?,s:o,s:b}", "ear", result->claims, "jwt", result->jwt, "cwt", cwt,
                  "jwks", keys != NULL ? keys : json_null(), "unsigned",
                  !result->is_remote && result->jwt == NULL && result->cwt == NULL);
    if (err == ATLS_OK && (members == NULL || json_object_update(object, members) != 0)) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    json_decref(members);
    free(cwt);
    return err;
}
