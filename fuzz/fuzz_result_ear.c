/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results in CBOR: what is read lies in the input, is judged without a reading past it, and where
 * it can be written is read again as the same. The same input as the envelope of a CWT.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "result/ear_check.h"
#include "result/vector.h"

#include <string.h>

static bool lies_in(struct atls_bytes part, struct atls_bytes whole)
{
    return part.len == 0 || (part.data >= whole.data && part.len <= whole.len &&
                             (size_t)(part.data - whole.data) <= whole.len - part.len);
}

static void check_read(const struct atls_ear *ear, struct atls_bytes input)
{
    fuzz_require(ear->num_submods >= 1 && ear->num_submods <= ATLS_MAX_SUBMODS);
    fuzz_require(lies_in(ear->profile_text, input) && lies_in(ear->nonce, input) &&
                 lies_in(ear->developer, input) && lies_in(ear->build, input) &&
                 lies_in(ear->raw.octets, input) && lies_in(ear->issuer, input) &&
                 lies_in(ear->jti, input) && lies_in(ear->topology.cbor, input) &&
                 lies_in(ear->cnf.ckt, input) && lies_in(ear->cnf.key.x, input));
    fuzz_require(ear->nonce.len == 0 || ear->nonce.len >= ATLS_MIN_EAR_NONCE);
    for (size_t i = 0; i < ear->num_submods; i++) {
        const struct atls_ear_submod *submod = &ear->submods[i];
        fuzz_require(lies_in(submod->name, input) && lies_in(submod->akpub, input) &&
                     lies_in(submod->problem, input) &&
                     lies_in(submod->attester_claims.cbor, input));
        fuzz_require(atls_tier_is_known(submod->status));
        fuzz_require(submod->num_policy_ids <= ATLS_MAX_EAR_POLICIES);
    }
}

/* check_judged: with the loosest terms what is accepted is affirming or a warning throughout. */
static void check_judged(const struct atls_ear *ear)
{
    const struct atls_ear_terms terms = {.now_s = ear->iat_s,
                                         .max_age_s = UINT32_MAX,
                                         .any_profile = true,
                                         .least = ATLS_TIER_WARNING,
                                         .simulated = true};
    struct atls_diag diag = {0};
    const enum atls_err err = atls_ear_check(ear, &terms, &diag);
    fuzz_require(err == diag.err);
    for (size_t i = 0; err == ATLS_OK && i < ear->num_submods; i++) {
        const struct atls_ear_submod *submod = &ear->submods[i];
        fuzz_require(submod->status == ATLS_TIER_AFFIRMING || submod->status == ATLS_TIER_WARNING);
        fuzz_require(!atls_tier_worse(atls_vector_status(&submod->vector), submod->status));
    }
}

static void check_written(const struct atls_ear *ear)
{
    static uint8_t first[1 << 16];
    static uint8_t second[1 << 16];
    const struct atls_buf rooms[2] = {{first, sizeof first}, {second, sizeof second}};
    struct atls_ear again;
    size_t len[2] = {0, 0};
    struct atls_writer w = atls_writer_of(rooms[0]);
    if (atls_ear_put_cbor(&w, ear, NULL) != ATLS_OK) {
        return;
    }
    fuzz_require(atls_writer_finish(&w, &len[0]));
    fuzz_require(atls_ear_read_cbor(&again, atls_bytes_of(first, len[0]), NULL) == ATLS_OK);
    w = atls_writer_of(rooms[1]);
    fuzz_require(atls_ear_put_cbor(&w, &again, NULL) == ATLS_OK);
    fuzz_require(atls_writer_finish(&w, &len[1]));
    fuzz_require(atls_bytes_equal(atls_bytes_of(first, len[0]), atls_bytes_of(second, len[1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    struct atls_ear ear;
    struct atls_cose_sign1 message;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_ear_read_cbor(&ear, input, &diag);
    fuzz_require(err == diag.err && (err == ATLS_OK || err == ATLS_ERR_RESULT));
    if (err == ATLS_OK) {
        check_read(&ear, input);
        check_judged(&ear);
        check_written(&ear);
    }
    if (atls_ear_cwt_parse(&message, input, NULL) == ATLS_OK) {
        fuzz_require(!message.detached && lies_in(message.payload, input));
        (void)!atls_ear_read_cbor(&ear, message.payload, NULL);
    }
    return 0;
}
