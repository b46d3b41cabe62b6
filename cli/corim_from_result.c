/* SPDX-License-Identifier: Apache-2.0 */
/* What a Verifier said of a machine: a Result (EAR, as JWT, CWT or JSON) with the claims in it. */
#include "corim_from_result.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "json/ear_json.h"
#include "json/ear_token.h"
#include "json/file.h"
#include "json/json.h"

static const char step[] = "corim create --from";

enum { EAR_VERIFIER_ID = 1004 }; /* draft-ietf-rats-ear-04 */

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, claim, found, expected);
}

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

/* take_platform: of a bundle that names a key, the platform's part. */
static void take_platform(struct cli_corim_from *from, const struct atls_format *format)
{
    json_t *platform = json_object_get(from->claims, "pat");
    if (atls_format_is_pat(format) && json_is_object(platform)) {
        json_incref(platform);
        json_decref(from->claims);
        from->claims = platform;
    }
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
            return refuse(diag, "submods", "several", "one of a format that is known here");
        }
        const enum atls_err err = atls_ear_value_json(&from->claims, claims, diag);
        if (err != ATLS_OK) {
            return err;
        }
        take_platform(from, format);
        from->format = format;
        from->simulated = from->simulated || submod->simulated;
        if (submod->status != ATLS_TIER_AFFIRMING) {
            cli_note("corim", "warning: the Result does not say affirming: what it found wrong "
                              "would become what is right");
        }
    }
    return from->claims != NULL
               ? ATLS_OK
               : refuse(diag, "submods", "no annotated evidence of a format that is known here",
                        "an EAR with ear.veraison.annotated-evidence or ear_attester_claims");
}

/* is_json_result: collections of CMW and reports are objects, too, and so is much else. What is no
 * JSON at all gets the sentence of one. */
static bool is_json_result(struct atls_bytes file)
{
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    return atls_json_parse(&root, file, step, NULL) != ATLS_OK ||
           json_object_get(root, "submods") != NULL || json_object_get(root, "eat_profile") != NULL;
}

bool cli_corim_is_result(struct atls_bytes file)
{
    struct atls_cose_sign1 message;
    struct atls_cbor claims;
    struct atls_cbor value;
    if (file.data[0] == '{') {
        return is_json_result(file);
    }
    if (file.data[0] == 'e') { /* a JWT: {" in base64url */
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

enum atls_err cli_corim_read_result(struct cli_corim_from *from, const struct cli_options *o,
                                    struct atls_diag *diag)
{
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    const enum atls_err err =
        open_result(&token, o, atls_bytes_of(from->file, from->file_len), diag);
    return err == ATLS_OK ? take_submod(from, atls_ear_token_get(token), diag) : err;
}
