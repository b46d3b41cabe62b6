/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results in JSON: what is read can be judged, bound and, in the flavours that we write, written in
 * both forms; from CBOR it is read again. As a token, nothing opens that this key did not sign.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/ear_json.h"
#include "json/ear_key.h"
#include "json/ear_token.h"
#include "result/ear_check.h"

#include <stdlib.h>
#include <string.h>

static const struct atls_jwk_set *the_key(void)
{
    static struct atls_jwk_set set;
    static const char jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                              "\"x\":\"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg\"}";
    if (set.num_keys == 0) {
        fuzz_require(atls_jwk_set_parse(&set, atls_bytes_text(jwk), NULL) == ATLS_OK);
    }
    return &set;
}

static void check_written(const struct atls_ear *ear)
{
    uint8_t *cbor = NULL;
    size_t len = 0;
    json_t *claims = NULL;
    struct atls_ear again;
    const enum atls_err err = atls_ear_to_cbor(&cbor, &len, ear, NULL);
    const enum atls_err in_json = atls_ear_to_json(&claims, ear, NULL);
    if (err == ATLS_OK) {
        /* Free claims may nest as deeply as CBOR does by themselves, and so be too deep inside. */
        const enum atls_err read = atls_ear_read_cbor(&again, atls_bytes_of(cbor, len), NULL);
        fuzz_require(read != ATLS_OK || again.num_submods == ear->num_submods);
    }
    fuzz_require(in_json == ATLS_OK || claims == NULL);
    json_decref(claims);
    free(cbor);
}

static void check_claims(struct atls_bytes input)
{
    static const uint8_t spki[91] = {0x30, 0x59};
    struct atls_ear ear;
    struct atls_ear_json storage;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_ear_read_json(&ear, &storage, input, &diag);
    fuzz_require(err == diag.err && (err == ATLS_OK || err == ATLS_ERR_RESULT));
    if (err != ATLS_OK) {
        return;
    }
    const struct atls_ear_terms terms = {
        .now_s = ear.iat_s, .max_age_s = UINT32_MAX, .any_profile = true};
    fuzz_require(ear.num_submods >= 1 && ear.num_submods <= ATLS_MAX_SUBMODS);
    (void)!atls_ear_check(&ear, &terms, NULL);
    (void)!atls_ear_check_key(&ear, atls_crypto_openssl(), atls_bytes_of(spki, sizeof spki), NULL);
    check_written(&ear);
    atls_ear_json_cleanup(&storage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    struct atls_ear_token *token = NULL;
    check_claims(input);
    fuzz_require(atls_ear_open(&token, input, atls_crypto_openssl(), the_key(), NULL) != ATLS_OK);
    fuzz_require(token == NULL);
    if (atls_ear_open_unverified(&token, input, NULL) == ATLS_OK) {
        fuzz_require(atls_ear_token_get(token)->num_submods >= 1);
    }
    atls_ear_token_free(token);
    return 0;
}
