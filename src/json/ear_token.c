/* SPDX-License-Identifier: Apache-2.0 */
#include "json/ear_token.h"

#include "base/span.h"
#include "json/ear_json.h"
#include "json/json.h"
#include "result/ear_form.h"

#include <stdlib.h>

struct atls_ear_token {
    struct atls_ear ear;
    bool is_cwt;
    uint8_t *octets; /* the token, for a CWT */
    struct atls_ear_json json;
};

const struct atls_ear *atls_ear_token_get(const struct atls_ear_token *token)
{
    return &token->ear;
}

bool atls_ear_token_is_cwt(const struct atls_ear_token *token)
{
    return token->is_cwt;
}

void atls_ear_token_free(struct atls_ear_token *token)
{
    if (token != NULL) {
        atls_ear_json_cleanup(&token->json);
        free(token->octets);
    }
    free(token);
}

void atls_ear_token_cleanup(struct atls_ear_token **token)
{
    atls_ear_token_free(*token);
    *token = NULL;
}

/* recode makes the codes of envelopes those of Results. */
static enum atls_err recode(enum atls_err err, struct atls_diag *diag)
{
    const enum atls_err result = err == ATLS_ERR_MALFORMED   ? ATLS_ERR_RESULT
                                 : err == ATLS_ERR_SIGNATURE ? ATLS_ERR_RESULT_SIGNATURE
                                                             : err;
    if (diag != NULL && err != ATLS_OK) {
        diag->err = result;
    }
    if (err == ATLS_ERR_SIGNATURE) {
        atls_diag_expected_text(diag, "one by a key that is trusted for its Verifier");
    }
    return result;
}

/* What a token is verified by: nothing at all where `keys` is NULL. */
struct trust {
    const struct atls_crypto_ops *crypto;
    const struct atls_jwk_set *keys;
};

static enum atls_err open_jwt(struct atls_ear_token *token, struct atls_bytes text,
                              const struct trust *trust, struct atls_diag *diag)
{
    struct atls_jws jws = {.header = NULL};
    struct atls_bytes payload = {NULL, 0};
    enum atls_err err = atls_jws_parse(&jws, text, diag);
    if (err == ATLS_OK && trust->keys != NULL) {
        err = atls_jwk_set_verify(&payload, NULL, trust->crypto, trust->keys, &jws, diag);
    } else if (err == ATLS_OK) {
        payload = atls_jws_unverified_payload(&jws);
    }
    err = recode(err, diag);
    if (err == ATLS_OK) {
        err = atls_ear_read_json(&token->ear, &token->json, payload, diag);
    }
    atls_jws_cleanup(&jws);
    return err;
}

struct cose_context {
    const struct atls_crypto_ops *crypto;
    const struct atls_cose_sign1 *message;
};

static enum atls_err verify_cose(void *context, const struct atls_key *key, struct atls_diag *diag)
{
    static const struct atls_bytes none = {NULL, 0};
    const struct cose_context *c = context;
    return atls_cose_sign1_verify(c->crypto, key, c->message, none, none, ATLS_EAR_STEP, diag);
}

static enum atls_err open_cwt(struct atls_ear_token *token, struct atls_bytes octets,
                              const struct trust *trust, struct atls_diag *diag)
{
    struct atls_cose_sign1 message;
    token->is_cwt = true;
    token->octets = malloc(octets.len);
    if (token->octets == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_EAR_STEP, NULL);
    }
    memcpy(token->octets, octets.data, octets.len);
    enum atls_err err =
        atls_ear_cwt_parse(&message, atls_bytes_of(token->octets, octets.len), diag);
    if (err == ATLS_OK && trust->keys != NULL) {
        struct cose_context context = {trust->crypto, &message};
        err = atls_jwk_set_try(NULL, trust->keys, message.kid, verify_cose, &context, diag);
    }
    err = recode(err, diag);
    return err == ATLS_OK ? atls_ear_read_cbor(&token->ear, message.payload, diag) : err;
}

static enum atls_err open_any(struct atls_ear_token *token, struct atls_bytes input,
                              const struct trust *trust, struct atls_diag *diag)
{
    static const struct atls_bytes whole = {NULL, 0};
    if (input.len == 0 || input.len > ATLS_MAX_FILE_LEN) {
        return atls_ear_refuse(diag, whole, "token", "nothing, or too much", "1 octet to 4 MiB");
    }
    if (input.data[0] == '{') {
        return trust->keys != NULL ? atls_ear_refuse(diag, whole, "token",
                                                     "claims that nobody signed", "a JWT or a CWT")
                                   : atls_ear_read_json(&token->ear, &token->json, input, diag);
    }
    /* A JWT is text, and no CWT begins with an octet of ASCII. */
    return input.data[0] < 0x80 ? open_jwt(token, input, trust, diag)
                                : open_cwt(token, input, trust, diag);
}

static enum atls_err open_token(struct atls_ear_token **out, struct atls_bytes input,
                                const struct trust *trust, struct atls_diag *diag)
{
    struct atls_ear_token *token = calloc(1, sizeof *token);
    const enum atls_err err = token != NULL ? open_any(token, input, trust, diag)
                                            : atls_fail(diag, ATLS_ERR_MEMORY, ATLS_EAR_STEP, NULL);
    if (err != ATLS_OK) {
        atls_ear_token_free(token);
        return err;
    }
    *out = token;
    return ATLS_OK;
}

enum atls_err atls_ear_open(struct atls_ear_token **out, struct atls_bytes token,
                            const struct atls_crypto_ops *crypto, const struct atls_jwk_set *keys,
                            struct atls_diag *diag)
{
    const struct trust trust = {crypto, keys};
    if (crypto == NULL || keys == NULL || keys->num_keys == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_EAR_STEP, "keys", "none",
                               "the keys of a Verifier");
    }
    return open_token(out, token, &trust, diag);
}

enum atls_err atls_ear_open_unverified(struct atls_ear_token **out, struct atls_bytes token,
                                       struct atls_diag *diag)
{
    const struct trust trust = {NULL, NULL};
    return open_token(out, token, &trust, diag);
}
