/* SPDX-License-Identifier: Apache-2.0 */
#include "json/jws.h"

#include "atls/limits.h"
#include "base/span.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/json.h"
#include "json/writer.h"

#include <stdlib.h>

static const char step[] = "JWS";

/* Signatures of RSA-16384, the longest that a key here can make. */
#define MAX_SIGNATURE_LEN (ATLS_MAX_RSA_BITS / 8)

struct name {
    const char *text;
    int32_t alg;
    int32_t crv; /* 0: whatever curve `alg` has */
};

/* RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2. The first row of an algorithm is what we write. */
static const struct name names[] = {
    {"ES256", ATLS_ALG_ES256, ATLS_CRV_P256},
    {"ES384", ATLS_ALG_ES384, ATLS_CRV_P384},
    {"ES512", ATLS_ALG_ES512, ATLS_CRV_P521},
    {"PS256", ATLS_ALG_PS256, 0},
    {"EdDSA", ATLS_ALG_EDDSA, 0},
    {"Ed25519", ATLS_ALG_EDDSA, ATLS_CRV_ED25519},
    {"Ed448", ATLS_ALG_EDDSA, ATLS_CRV_ED448},
};

static const struct name *name_of_alg(int32_t alg)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        if (names[i].alg == alg) {
            return &names[i];
        }
    }
    return NULL;
}

/* split cuts `token` at its two dots. */
static bool split(struct atls_bytes token, struct atls_bytes part[3])
{
    size_t start = 0;
    size_t found = 0;
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] != '.') {
            continue;
        }
        if (found == 2) {
            return false;
        }
        part[found++] = atls_bytes_of(&token.data[start], i - start);
        start = i + 1;
    }
    if (found != 2) {
        return false;
    }
    part[2] = atls_bytes_of(&token.data[start], token.len - start);
    return true;
}

static enum atls_err bad_base64(const char *claim, size_t offset, struct atls_diag *diag)
{
    return atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, offset, "base64url without padding");
}

static enum atls_err parse_header(struct atls_jws *jws, struct atls_bytes text,
                                  struct atls_diag *diag)
{
    size_t len = 0;
    struct atls_buf room = {malloc(ATLS_BASE64_DECODED_SIZE(text.len)),
                            ATLS_BASE64_DECODED_SIZE(text.len)};
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "header");
    }
    enum atls_err err = ATLS_OK;
    if (!atls_base64url_decode(text, room, &len)) {
        err = bad_base64("header", 0, diag);
    } else {
        err = atls_json_parse(&jws->header, atls_bytes_of(room.data, len), "JWS header", diag);
    }
    free(room.data);
    return err;
}

/* read_header takes from the header what counts, and refuses what must not be there. */
static enum atls_err read_header(struct atls_jws *jws, struct atls_diag *diag)
{
    struct atls_bytes alg;
    enum atls_err err = atls_json_text(&alg, jws->header, "alg", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_json_has(jws->header, "crit")) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "crit", "a critical extension",
                               "none, because none is known here");
    }
    if (atls_json_has(jws->header, "kid")) {
        err = atls_json_text(&jws->kid, jws->header, "kid", step, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        if (atls_bytes_is_text(alg, names[i].text)) {
            jws->alg = names[i].alg;
            jws->crv = names[i].crv;
            return ATLS_OK;
        }
    }
    atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "alg", NULL,
                    "ES256, ES384, ES512, PS256 or EdDSA");
    atls_diag_found_peer_text(diag, alg);
    return ATLS_ERR_ALGORITHM;
}

static enum atls_err parse_octets(struct atls_jws *jws, const struct atls_bytes part[3],
                                  struct atls_diag *diag)
{
    const size_t cap = ATLS_BASE64_DECODED_SIZE(part[1].len) + MAX_SIGNATURE_LEN;
    jws->octets = malloc(cap);
    if (jws->octets == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "payload");
    }
    struct atls_buf room = {jws->octets, cap};
    if (!atls_base64url_decode(part[1], room, &jws->payload_len)) {
        return bad_base64("payload", part[0].len + 1, diag);
    }
    room.data += jws->payload_len;
    room.cap -= jws->payload_len;
    if (!atls_base64url_decode(part[2], room, &jws->signature_len)) {
        return bad_base64("signature", part[0].len + part[1].len + 2, diag);
    }
    return ATLS_OK;
}

enum atls_err atls_jws_parse(struct atls_jws *out, struct atls_bytes token, struct atls_diag *diag)
{
    struct atls_bytes part[3];
    if (token.len > ATLS_MAX_FILE_LEN || !split(token, part)) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "compact form", NULL,
                               "three parts with dots between, at most 4 MiB");
    }
    struct atls_jws jws = {0};
    enum atls_err err = parse_header(&jws, part[0], diag);
    if (err == ATLS_OK) {
        err = read_header(&jws, diag);
    }
    if (err == ATLS_OK) {
        err = parse_octets(&jws, part, diag);
    }
    if (err != ATLS_OK) {
        atls_jws_cleanup(&jws);
        return err;
    }
    jws.signing_input = atls_bytes_of(token.data, part[0].len + 1 + part[1].len);
    *out = jws;
    return ATLS_OK;
}

void atls_jws_cleanup(struct atls_jws *jws)
{
    json_decref(jws->header);
    free(jws->octets);
    memset(jws, 0, sizeof *jws);
}

struct atls_bytes atls_jws_unverified_payload(const struct atls_jws *jws)
{
    return atls_bytes_of(jws->octets, jws->payload_len);
}

static enum atls_err check_alg(const struct atls_key *key, const struct atls_jws *jws,
                               struct atls_diag *diag)
{
    struct atls_cose_key parts;
    atls_key_to_cose(key, &parts);
    if (atls_key_takes_alg(key, jws->alg) && (jws->crv == 0 || jws->crv == parts.crv)) {
        return ATLS_OK;
    }
    struct atls_bytes found;
    const struct name *fitting = name_of_alg(atls_key_default_alg(key));
    atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "alg", NULL,
                    fitting != NULL ? fitting->text : NULL);
    if (atls_json_text_of(json_object_get(jws->header, "alg"), &found)) {
        atls_diag_found_peer_text(diag, found);
    }
    atls_diag_expected_text(diag, ", by the type and curve of the key");
    return ATLS_ERR_ALGORITHM;
}

enum atls_err atls_jws_verify(struct atls_bytes *out_payload, const struct atls_crypto_ops *crypto,
                              const struct atls_key *key, const struct atls_jws *jws,
                              struct atls_diag *diag)
{
    enum atls_err err = check_alg(key, jws, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_bytes signature =
        atls_bytes_of(&jws->octets[jws->payload_len], jws->signature_len);
    err = crypto->verify(jws->alg, key, &jws->signing_input, 1, signature);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "signature");
    }
    *out_payload = atls_jws_unverified_payload(jws);
    return ATLS_OK;
}

static void put_member(struct atls_json_writer *header, const char *name, const char *value)
{
    if (value != NULL) {
        atls_json_put_name(header, name);
        atls_json_put_string(header, atls_bytes_text(value));
    }
}

/* header_text gives the JSON of the protected header in new memory. */
static char *header_text(const char *alg, const char *typ, const char *kid)
{
    struct atls_json_writer header = {.text = NULL};
    atls_json_put(&header, "{");
    put_member(&header, "alg", alg);
    put_member(&header, "typ", typ);
    put_member(&header, "kid", kid);
    atls_json_put(&header, "}");
    return atls_json_writer_take(&header);
}

/* signing_input gives "header.payload" with room for `more` characters after it. */
static char *signing_input(const char *header, struct atls_bytes payload, size_t more, size_t *len,
                           size_t *cap)
{
    const struct atls_bytes head = atls_bytes_text(header);
    const size_t size = ATLS_BASE64_SIZE(head.len) + ATLS_BASE64_SIZE(payload.len) + more;
    char *text = malloc(size);
    if (text == NULL || !atls_base64url_encode(head, text, size)) {
        free(text);
        return NULL;
    }
    size_t at = strlen(text);
    text[at++] = '.';
    if (!atls_base64url_encode(payload, &text[at], size - at)) {
        free(text);
        return NULL;
    }
    *len = at + strlen(&text[at]);
    *cap = size;
    return text;
}

static enum atls_err append_signature(char *text, size_t len, size_t cap,
                                      const struct atls_crypto_ops *crypto,
                                      const struct atls_key *key, struct atls_diag *diag)
{
    uint8_t signature[MAX_SIGNATURE_LEN];
    const struct atls_buf room = {signature, sizeof signature};
    const struct atls_bytes input = atls_bytes_of(text, len);
    size_t signature_len = 0;
    enum atls_err err =
        crypto->sign(atls_key_default_alg(key), key, &input, 1, room, &signature_len);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "signing");
    }
    text[len] = '.';
    if (!atls_base64url_encode(atls_bytes_of(signature, signature_len), &text[len + 1],
                               cap - len - 1)) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, "signing");
    }
    return ATLS_OK;
}

enum atls_err atls_jws_sign(char **out, const struct atls_crypto_ops *crypto,
                            const struct atls_key *key, const char *typ, const char *kid,
                            struct atls_bytes payload, struct atls_diag *diag)
{
    if (payload.len > ATLS_MAX_FILE_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "payload", NULL, "at most 4 MiB");
    }
    const struct name *alg = name_of_alg(atls_key_default_alg(key));
    if (alg == NULL) {
        return atls_fail(diag, ATLS_ERR_ALGORITHM, step, "alg");
    }
    size_t len = 0;
    size_t cap = 0;
    char *header = header_text(alg->text, typ, kid);
    char *text = NULL;
    if (header != NULL) {
        text = signing_input(header, payload, ATLS_BASE64_SIZE(atls_key_signature_len(key)) + 1,
                             &len, &cap);
    }
    free(header);
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "signing");
    }
    enum atls_err err = append_signature(text, len, cap, crypto, key, diag);
    if (err != ATLS_OK) {
        free(text);
        return err;
    }
    *out = text;
    return ATLS_OK;
}
