/* SPDX-License-Identifier: Apache-2.0 */
/* An authenticator that answers a request: the first octet is the request's length. What is opened
 * lies in the input; with the keys here no MAC is ever right, so a toy one is put behind the ops.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "handshake/authenticator.h"

/* A hash of nothing but zeros, so that a Finished of zeros is right. */
static enum atls_err init(struct atls_hash *state, int32_t alg)
{
    state->storage[0] = atls_hash_len(alg);
    return ATLS_OK;
}

static enum atls_err update(struct atls_hash *state, struct atls_bytes data)
{
    (void)state;
    (void)data;
    return ATLS_OK;
}

static enum atls_err peek(const struct atls_hash *state, struct atls_digest *out)
{
    memset(out, 0, sizeof *out);
    out->len = (size_t)state->storage[0];
    return ATLS_OK;
}

static void cleanup(struct atls_hash *state)
{
    (void)state;
}

static enum atls_err hmac(int32_t hash_alg, struct atls_bytes key, const struct atls_bytes *parts,
                          size_t num_parts, struct atls_digest *out)
{
    (void)key;
    (void)parts;
    (void)num_parts;
    memset(out, 0, sizeof *out);
    out->len = atls_hash_len(hash_alg);
    return ATLS_OK;
}

static const struct atls_crypto_ops ops = {.abi = ATLS_CRYPTO_ABI,
                                           .size = (uint32_t)sizeof(struct atls_crypto_ops),
                                           .hash_init = init,
                                           .hash_update = update,
                                           .hash_peek = peek,
                                           .hash_cleanup = cleanup,
                                           .hmac = hmac};

static bool lies_in(struct atls_bytes inner, struct atls_bytes outer)
{
    return inner.len == 0 || (inner.data >= outer.data && inner.len <= outer.len &&
                              (size_t)(inner.data - outer.data) <= outer.len - inner.len);
}

static void read_request(struct atls_authenticator_request *request, struct atls_bytes message)
{
    struct atls_diag diag = {0};
    const enum atls_err err =
        atls_authenticator_request_parse(request, message, ATLS_CMW_EXTENSION_TYPE, &diag);
    fuzz_require(err == diag.err);
    if (err != ATLS_OK) {
        static const uint8_t context[] = {0xaa}, schemes[] = {0x04, 0x03};
        request->context = atls_bytes_of(context, sizeof context);
        request->schemes = atls_bytes_of(schemes, sizeof schemes);
        request->wants_attestation = true;
        return;
    }
    fuzz_require(request->context.len != 0 && request->schemes.len >= 2);
    fuzz_require(lies_in(request->context, message) && lies_in(request->schemes, message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const size_t rest = size - 1;
    const size_t request_len = data[0] < rest ? data[0] : rest;
    const struct atls_bytes message = {&data[1 + request_len], rest - request_len};
    const struct atls_authenticator_keys keys = {.hash_alg = ATLS_ALG_SHA256};
    struct atls_authenticator_request request = {.has_server_name = false};
    struct atls_authenticator opened;
    struct atls_diag diag = {0};
    read_request(&request, atls_bytes_of(&data[1], request_len));
    const enum atls_err err = atls_authenticator_open(&ops, &opened, &keys, &request, message,
                                                      ATLS_CMW_EXTENSION_TYPE, &diag);
    fuzz_require(err == diag.err);
    if (err != ATLS_OK || opened.refused) {
        return 0;
    }
    fuzz_require(opened.num_certs >= 1 && opened.num_certs <= ATLS_MAX_AUTHENTICATOR_CERTS);
    for (size_t i = 0; i < opened.num_certs; i++) {
        fuzz_require(opened.certs[i].len != 0 && lies_in(opened.certs[i], message));
    }
    fuzz_require(lies_in(opened.cmw, message) && lies_in(opened.signature, message));
    fuzz_require(request.wants_attestation || opened.cmw.len == 0);
    fuzz_require(atls_authenticator_request_has_scheme(&request, opened.scheme));
    return 0;
}
