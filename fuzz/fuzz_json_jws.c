/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS: no token verifies by this key but the one that was signed with it, which is a seed. The same
 * input as a JWK set gives keys that can be written again.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/json.h"
#include "json/jwk.h"

static const char signed_input[] = "eyJhbGciOiJFZERTQSJ9.YSBwYXlsb2FkIGZvciB0aGUgZnV6emVy";

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

static void check_token(struct atls_bytes input)
{
    struct atls_jws jws = {0};
    struct atls_bytes payload;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_jws_parse(&jws, input, &diag);
    fuzz_require(err == diag.err);
    if (err != ATLS_OK) {
        return;
    }
    fuzz_require(jws.alg != ATLS_ALG_NONE && atls_hash_len(jws.alg) == 0);
    if (atls_jwk_set_verify(&payload, NULL, atls_crypto_openssl(), the_key(), &jws, NULL) ==
        ATLS_OK) {
        fuzz_require(atls_bytes_is_text(jws.signing_input, signed_input));
        fuzz_require(atls_bytes_is_text(payload, "a payload for the fuzzer"));
    }
    atls_jws_cleanup(&jws);
}

static void check_set(struct atls_bytes input)
{
    struct atls_jwk_set set = {0};
    if (atls_jwk_set_parse(&set, input, NULL) != ATLS_OK) {
        fuzz_require(set.num_keys == 0);
        return;
    }
    fuzz_require(set.num_keys >= 1 && set.num_keys <= ATLS_MAX_JWK_SET);
    for (size_t i = 0; i < set.num_keys; i++) {
        json_t *jwk = NULL;
        struct atls_key *again = NULL;
        fuzz_require(atls_key_to_jwk(&jwk, set.keys[i].key, set.keys[i].kid, NULL) == ATLS_OK);
        fuzz_require(atls_key_from_jwk(&again, jwk, NULL) == ATLS_OK);
        fuzz_require(atls_key_equal(set.keys[i].key, again));
        atls_key_free(again);
        json_decref(jwk);
    }
    atls_jwk_set_cleanup(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_token(atls_bytes_of(data, size));
    check_set(atls_bytes_of(data, size));
    return 0;
}
