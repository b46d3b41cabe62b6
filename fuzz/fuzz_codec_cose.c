/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1 and COSE_Key: what is accepted lies in the input, and can be verified and written. */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/cose.h"

#include <string.h>

static bool lies_in(struct atls_bytes part, struct atls_bytes whole)
{
    return part.len == 0 || (part.data >= whole.data && part.len <= whole.len &&
                             (size_t)(part.data - whole.data) <= whole.len - part.len);
}

/* summing_verify reads every octet that it is given, so that ASan sees them. */
static enum atls_err summing_verify(int32_t alg, const struct atls_key *key,
                                    const struct atls_bytes *parts, size_t num_parts,
                                    struct atls_bytes signature)
{
    (void)alg;
    (void)key;
    unsigned sum = 0;
    for (size_t i = 0; i < num_parts; i++) {
        for (size_t j = 0; j < parts[i].len; j++) {
            sum += parts[i].data[j];
        }
    }
    return sum == 1 || signature.len == 0 ? ATLS_ERR_CRYPTO : ATLS_OK;
}

static const struct atls_crypto_ops ops = {
    .abi = ATLS_CRYPTO_ABI, .size = sizeof(struct atls_crypto_ops), .verify = summing_verify};

static void check_message(const struct atls_cose_sign1 *message, struct atls_bytes input)
{
    const struct atls_bytes none = {NULL, 0};
    fuzz_require(message->alg != ATLS_ALG_NONE && message->signature.len > 0);
    fuzz_require(message->headers.type == ATLS_CBOR_MAP && message->headers.argument > 0);
    fuzz_require(message->unprotected.type == ATLS_CBOR_MAP);
    fuzz_require(!message->detached || message->payload.len == 0);
    fuzz_require(lies_in(message->protect, input) && lies_in(message->kid, input) &&
                 lies_in(message->payload, input) && lies_in(message->signature, input));
    struct atls_diag diag;
    const enum atls_err err =
        atls_cose_sign1_verify(&ops, NULL, message, none, none, "fuzz", &diag);
    fuzz_require(err == (message->detached ? ATLS_ERR_MALFORMED : ATLS_OK));
}

static void check_messages(struct atls_bytes input)
{
    struct atls_cose_sign1 message;
    struct atls_diag diag = {0};
    const enum atls_err any = atls_cose_sign1_parse(&message, input, ATLS_COSE_ANY, "fuzz", &diag);
    fuzz_require(any == diag.err);
    if (any == ATLS_OK) {
        check_message(&message, input);
    }
    const bool was_tagged = any == ATLS_OK && message.tagged;
    const bool tagged =
        atls_cose_sign1_parse(&message, input, ATLS_COSE_TAGGED, "fuzz", NULL) == ATLS_OK;
    const bool untagged =
        atls_cose_sign1_parse(&message, input, ATLS_COSE_UNTAGGED, "fuzz", NULL) == ATLS_OK;
    fuzz_require((any == ATLS_OK) == (tagged || untagged));
    fuzz_require(any != ATLS_OK || (was_tagged == tagged && was_tagged != untagged));
}

/* What is written of a key is read as the same key, and written the same again. */
static void check_key(struct atls_bytes input)
{
    struct atls_cbor item;
    struct atls_cose_key key;
    struct atls_cose_key again;
    uint8_t room[2200];
    const struct atls_buf buf = {room, sizeof room};
    if (atls_cbor_parse(&item, input, ATLS_CBOR_STRICT, "fuzz", NULL) != ATLS_OK ||
        atls_cose_key_parse(&key, &item, "fuzz", NULL) != ATLS_OK) {
        return;
    }
    struct atls_writer w = atls_writer_of(buf);
    size_t len = 0;
    atls_cose_key_put(&w, &key);
    fuzz_require(atls_writer_finish(&w, &len) && len <= input.len);
    fuzz_require(atls_cbor_parse(&item, atls_bytes_of(room, len), ATLS_CBOR_STRICT, "fuzz", NULL) ==
                 ATLS_OK);
    fuzz_require(atls_cose_key_parse(&again, &item, "fuzz", NULL) == ATLS_OK);
    fuzz_require(again.kty == key.kty && again.crv == key.crv && atls_bytes_equal(again.x, key.x) &&
                 atls_bytes_equal(again.y, key.y) && atls_bytes_equal(again.n, key.n) &&
                 atls_bytes_equal(again.e, key.e));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    check_messages(input);
    check_key(input);
    return 0;
}
