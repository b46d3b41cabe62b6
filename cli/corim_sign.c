/* SPDX-License-Identifier: Apache-2.0 */
/* atls corim sign and verify: who vouches for a file of endorsements. */
#include "corim.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/corim_sign.h"
#include "endorsement/signer.h"
#include "identity.h"
#include "json/base64.h"
#include "json/file.h"
#include "when.h"

#include <stdio.h>
#include <stdlib.h>

#define SECONDS_OF_DAY INT64_C(86400)

static const char *alg_name(int32_t alg)
{
    switch (alg) {
    case ATLS_ALG_ES256:
        return "ES256";
    case ATLS_ALG_ES384:
        return "ES384";
    case ATLS_ALG_ES512:
        return "ES512";
    case ATLS_ALG_EDDSA:
        return "EdDSA";
    case ATLS_ALG_PS256:
        return "PS256";
    default:
        return "another algorithm";
    }
}

json_t *cli_corim_date(int64_t seconds, int64_t none)
{
    char text[sizeof "-2147483648-01-01T00:00:00Z"];
    return seconds != none && cli_when_text(text, sizeof text, seconds) ? json_string(text)
                                                                        : json_null();
}

json_t *cli_corim_signature(const struct atls_corim_signature *signature)
{
    char *kid = atls_hex_new(signature->kid);
    json_t *signer = json_stringn((const char *)signature->signer.data, signature->signer.len);
    json_t *object =
        json_pack("{s:o,s:s,s:s?,s:o,s:o,s:I}", "signer", signer, "alg", alg_name(signature->alg),
                  "kid", signature->kid.len != 0 ? kid : NULL, "not_before",
                  cli_corim_date(signature->not_before_s, INT64_MIN), "not_after",
                  cli_corim_date(signature->not_after_s, INT64_MAX), "certificates",
                  (json_int_t)signature->chain_len);
    free(kid);
    return object;
}

static json_t *describe(const char *action, const char *file,
                        const struct atls_corim_signature *signature)
{
    json_t *result = json_pack("{s:s,s:s}", "action", action, "file", file);
    json_t *object = cli_corim_signature(signature);
    if (result != NULL && object != NULL) {
        (void)json_object_update(result, object);
    }
    json_decref(object);
    return result;
}

/* print writes one line; a name is shown as JSON writes it, so that none can forge a line. */
static void print(const char *what, const json_t *result)
{
    char *signer =
        json_dumps(json_object_get(result, "signer"), JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    const char *until = json_string_value(json_object_get(result, "not_after"));
    printf("%s: %s by %s, %s, %s%s\n", json_string_value(json_object_get(result, "file")), what,
           signer != NULL ? signer : "\"\"", json_string_value(json_object_get(result, "alg")),
           until != NULL ? "until " : "without an end", until != NULL ? until : "");
    free(signer);
}

struct signing {
    uint8_t *corim, *certs;
    size_t corim_len, certs_len;
    struct atls_key *key;
    struct atls_cert_list chain;
    struct atls_digest kid;
    char name[sizeof "sha256:" + 64];
    struct atls_corim_signing spec;
};

static void signing_cleanup(struct signing *s)
{
    atls_file_free(s->corim, s->corim_len);
    atls_file_free(s->certs, s->certs_len);
    atls_cert_list_cleanup(&s->chain);
    atls_key_free(s->key);
}

/* name_key makes the kid, SHA-256 of the SubjectPublicKeyInfo, and of it a name for who gave
 * none. */
static enum atls_err name_key(struct signing *s, const char *name, struct atls_diag *diag)
{
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {spki, sizeof spki};
    char hex[65];
    size_t len = 0;
    enum atls_err err = atls_key_spki(s->key, room, &len);
    if (err == ATLS_OK) {
        err = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(spki, len), &s->kid);
    }
    if (err != ATLS_OK || !atls_hex_encode(atls_digest_bytes(&s->kid), hex, sizeof hex)) {
        return atls_fail(diag, err != ATLS_OK ? err : ATLS_ERR_BUFFER, "corim sign", "key");
    }
    snprintf(s->name, sizeof s->name, "sha256:%s", hex);
    s->spec.kid = atls_digest_bytes(&s->kid);
    s->spec.signer = name != NULL ? name : s->name;
    return ATLS_OK;
}

static enum atls_err set_dates(struct signing *s, const char *days, struct atls_diag *diag)
{
    uint64_t number = 0;
    int64_t now_s = 0;
    s->spec.not_before_s = INT64_MIN;
    s->spec.not_after_s = INT64_MAX;
    if (days == NULL) {
        return ATLS_OK;
    }
    enum atls_err err = cli_number(&number, "--days", days, 1, 36500, diag);
    if (err == ATLS_OK) {
        err = cli_when(&now_s, NULL, diag);
    }
    if (err == ATLS_OK) {
        s->spec.not_before_s = now_s;
        s->spec.not_after_s = now_s + (int64_t)number * SECONDS_OF_DAY;
    }
    return err;
}

static enum atls_err set_chain(struct signing *s, const char *path, struct atls_diag *diag)
{
    if (path == NULL) {
        return ATLS_OK;
    }
    enum atls_err err = atls_file_read(&s->certs, &s->certs_len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_cert_list_read(&s->chain, atls_bytes_of(s->certs, s->certs_len), diag);
    }
    s->spec.chain = s->chain.cert;
    s->spec.chain_len = s->chain.count;
    return err;
}

static enum atls_err prepare(struct signing *s, const struct cli_options *o, struct atls_diag *diag)
{
    enum atls_err err =
        atls_file_read(&s->corim, &s->corim_len, o->operands.items[1], ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = cli_key_read(&s->key, NULL, NULL, o->key, diag);
    }
    if (err == ATLS_OK) {
        s->spec.key = s->key;
        err = name_key(s, o->signer, diag);
    }
    if (err == ATLS_OK) {
        err = set_dates(s, o->days, diag);
    }
    return err == ATLS_OK ? set_chain(s, o->cert, diag) : err;
}

static enum atls_err sign(struct signing *s, const struct cli_options *o, json_t **result,
                          struct atls_diag *diag)
{
    uint8_t *out = NULL;
    size_t len = 0;
    struct atls_corim_signature signature;
    enum atls_err err =
        atls_corim_sign(&out, &len, atls_bytes_of(s->corim, s->corim_len), &s->spec, diag);
    if (err == ATLS_OK) {
        err = atls_corim_signature_peek(&signature, atls_bytes_of(out, len), diag);
    }
    if (err == ATLS_OK) {
        err = atls_file_write(o->output, atls_bytes_of(out, len), ATLS_FILE_PUBLIC, diag);
    }
    if (err == ATLS_OK) {
        *result = describe("sign", o->output, &signature);
    }
    free(out);
    return err;
}

enum atls_err cli_corim_sign(const struct cli_options *o, json_t **result, struct atls_diag *diag)
{
    static const char synopsis[] = "corim sign FILE --key FILE -o FILE";
    if (o->operands.count != 2 || o->key == NULL || o->output == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim sign", NULL,
                               o->key == NULL      ? "no --key"
                               : o->output == NULL ? "no -o FILE"
                                                   : "another number of files",
                               synopsis);
    }
    struct signing s = {.corim = NULL};
    enum atls_err err = prepare(&s, o, diag);
    if (err == ATLS_OK) {
        err = sign(&s, o, result, diag);
    }
    signing_cleanup(&s);
    if (err == ATLS_OK && !o->json) {
        print("signed", *result);
    }
    return err;
}

static enum atls_err add_signer(struct atls_signers *signers, const char *path,
                                enum atls_signer_kind kind, struct atls_diag *diag)
{
    uint8_t *pem = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read(&pem, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_signers_add(signers, atls_bytes_of(pem, len), kind, diag);
    }
    atls_file_free(pem, len);
    return err;
}

static enum atls_err verify(const struct cli_options *o, const struct atls_signers *signers,
                            json_t **result, struct atls_diag *diag)
{
    uint8_t *file = NULL;
    size_t len = 0;
    int64_t now_s = 0;
    struct atls_corim_signature signature;
    enum atls_err err = cli_when(&now_s, o->time, diag);
    if (err == ATLS_OK) {
        err = atls_file_read(&file, &len, o->operands.items[1], ATLS_MAX_FILE_LEN, diag);
    }
    const struct atls_bytes octets = {file, len};
    if (err == ATLS_OK && !atls_corim_is_signed(octets)) {
        err = atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT_SIGNATURE, "corim verify", NULL,
                              "a file that is not a signed CoRIM", "a signed CoRIM");
    }
    if (err == ATLS_OK) {
        err = atls_corim_signature_verify(&signature, octets, signers, now_s, diag);
    }
    if (err == ATLS_OK) {
        *result = describe("verify", o->operands.items[1], &signature);
    }
    atls_file_free(file, len);
    return err;
}

enum atls_err cli_corim_verify(const struct cli_options *o, json_t **result, struct atls_diag *diag)
{
    if (o->operands.count != 2 || (o->key == NULL) == (o->ca == NULL)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim verify", NULL,
                               o->operands.count != 2 ? "another number of files"
                               : o->key == NULL       ? "neither --key nor --ca"
                                                      : "--key and --ca",
                               "corim verify FILE --key FILE | --ca FILE");
    }
    struct atls_signers *signers = calloc(1, sizeof *signers);
    if (signers == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "corim verify", NULL);
    }
    enum atls_err err = o->key != NULL ? add_signer(signers, o->key, ATLS_SIGNER_ANY, diag)
                                       : add_signer(signers, o->ca, ATLS_SIGNER_CERTIFICATES, diag);
    if (err == ATLS_OK) {
        err = verify(o, signers, result, diag);
    }
    atls_signers_cleanup(signers);
    free(signers);
    if (err == ATLS_OK && !o->json) {
        print("signed", *result);
    }
    return err;
}
