/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transcript against a model that keeps what should have been hashed. Input: messages one
 * after the other, each with two octets of length in front, exactly as the stack would hand them
 * over. The hash is a stand-in that shows every octet and its place; it is no cryptography.
 */
#include "fuzz_check.h"

#include "base/reader.h"
#include "base/span.h"
#include "handshake/transcript.h"

/* ---- a stand-in for a hash ---- */

static size_t hashes_open;

/* mix is FNV-1a, 64 bits. */
static uint64_t mix(uint64_t sum, struct atls_bytes data)
{
    for (size_t i = 0; i < data.len; i++) {
        sum = (sum ^ data.data[i]) * 0x100000001b3u;
    }
    return sum;
}

static void spread(uint64_t sum, size_t len, struct atls_digest *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < len; i++) {
        out->data[i] = (uint8_t)(sum >> (8 * (i % 8)));
    }
    out->len = len;
}

static enum atls_err stub_init(struct atls_hash *hash, int32_t alg)
{
    fuzz_require(hash->library == NULL);
    hash->library = hash;
    hash->storage[0] = 0xcbf29ce484222325u;
    hash->storage[1] = atls_hash_len(alg);
    hashes_open++;
    return ATLS_OK;
}

static enum atls_err stub_update(struct atls_hash *hash, struct atls_bytes data)
{
    fuzz_require(hash->library != NULL);
    hash->storage[0] = mix(hash->storage[0], data);
    return ATLS_OK;
}

static enum atls_err stub_peek(const struct atls_hash *hash, struct atls_digest *out)
{
    fuzz_require(hash->library != NULL);
    spread(hash->storage[0], hash->storage[1], out);
    return ATLS_OK;
}

static void stub_cleanup(struct atls_hash *hash)
{
    if (hash->library != NULL) {
        hashes_open--;
    }
    memset(hash, 0, sizeof *hash);
}

static const struct atls_crypto_ops ops = {.abi = ATLS_CRYPTO_ABI,
                                           .size = (uint32_t)sizeof(struct atls_crypto_ops),
                                           .hash_init = stub_init,
                                           .hash_update = stub_update,
                                           .hash_peek = stub_peek,
                                           .hash_cleanup = stub_cleanup};

/* ---- the model: the sum of the octets of RFC 8446, 4.4.1, for one hash ---- */

struct model {
    size_t hash_len;
    uint64_t sum;
};

static void model_start(struct model *model)
{
    model->sum = 0xcbf29ce484222325u;
}

static void model_substitute(struct model *model)
{
    struct atls_digest first;
    const uint8_t header[4] = {254, 0, 0, (uint8_t)model->hash_len};
    spread(model->sum, model->hash_len, &first);
    model_start(model);
    model->sum = mix(model->sum, atls_bytes_of(header, sizeof header));
    model->sum = mix(model->sum, atls_digest_bytes(&first));
}

static void follow(struct model *model, enum atls_transcript_state before,
                   enum atls_transcript_state after, struct atls_bytes message)
{
    if (before == after || after == ATLS_TRANSCRIPT_FAILED) {
        return;
    }
    if (before == ATLS_TRANSCRIPT_START) {
        model_start(model);
    }
    if (after == ATLS_TRANSCRIPT_HRR) {
        model_substitute(model);
    }
    model->sum = mix(model->sum, message);
}

static void check(const struct atls_transcript *t, const struct model *model, int32_t alg)
{
    struct atls_digest found;
    struct atls_digest expected;
    struct atls_diag diag;
    const enum atls_err err = atls_transcript_hash(&ops, t, alg, &found, &diag);
    if (t->state != ATLS_TRANSCRIPT_DONE) {
        fuzz_require(err == ATLS_ERR_TRANSCRIPT && diag.expected[0] != '\0');
        return;
    }
    fuzz_require(err == ATLS_OK);
    spread(model->sum, model->hash_len, &expected);
    fuzz_require(atls_bytes_equal(atls_digest_bytes(&found), atls_digest_bytes(&expected)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_reader r = atls_reader_of(atls_bytes_of(data, size));
    struct atls_transcript t = {0};
    struct model sha256 = {32, 0};
    struct model sha384 = {48, 0};
    struct atls_bytes message;
    while (atls_read_vec16(&r, 0, UINT16_MAX, &message)) {
        const enum atls_transcript_state before = t.state;
        struct atls_diag diag = {0};
        const enum atls_err err = atls_transcript_add(&ops, &t, message, &diag);
        fuzz_require((err == ATLS_OK) == (t.state != ATLS_TRANSCRIPT_FAILED));
        fuzz_require(before != ATLS_TRANSCRIPT_FAILED || err != ATLS_OK);
        fuzz_require(err == ATLS_OK || (diag.found[0] != '\0' && diag.expected[0] != '\0'));
        follow(&sha256, before, t.state, message);
        follow(&sha384, before, t.state, message);
        check(&t, &sha256, ATLS_ALG_SHA256);
        check(&t, &sha384, ATLS_ALG_SHA384);
        fuzz_require(
            hashes_open ==
            (t.state == ATLS_TRANSCRIPT_START || t.state == ATLS_TRANSCRIPT_FAILED ? 0 : 2));
    }
    atls_transcript_reset(&ops, &t);
    fuzz_require(hashes_open == 0);
    return 0;
}
