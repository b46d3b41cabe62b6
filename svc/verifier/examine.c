/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/examine.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/corim.h"
#include "endorsement/profile.h"
#include "endorsement/set.h"
#include "svc/verifier/endorser.h"

#include <stdlib.h>

static const char step[] = "endorsement";

static bool same_octets(struct atls_bytes a, struct atls_bytes b)
{
    return a.len == b.len &&
           (a.len == 0 || (a.data != NULL && b.data != NULL && atls_bytes_equal(a, b)));
}

static bool is_same(const struct verifier_match *a, const struct verifier_match *b)
{
    return a->format == b->format && same_octets(a->instance, b->instance) &&
           same_octets(a->class_id, b->class_id) && same_octets(a->key, b->key);
}

/* add leaves out what the one before said: references of one class stand together. */
static enum atls_err add(struct verifier_examined *out, size_t cap,
                         const struct verifier_match *match)
{
    if (out->num_matches != 0 && is_same(&out->matches[out->num_matches - 1], match)) {
        return ATLS_OK;
    }
    if (out->num_matches == cap || match->instance.len > VERIFIER_MAX_KEY_LEN ||
        match->class_id.len > VERIFIER_MAX_KEY_LEN) {
        return atls_fail_texts(&out->why, ATLS_ERR_ENDORSEMENT, step, "environments",
                               "more or longer ones than a Verifier keeps", NULL);
    }
    out->matches[out->num_matches++] = *match;
    return ATLS_OK;
}

/* What the spans of an examination borrow. */
struct memory {
    struct atls_batch batch;
    struct atls_digest *keys; /* of the anchors */
    char endorser[VERIFIER_MAX_SIGNED_BY_LEN + 1];
};

static enum atls_err add_anchor(struct verifier_examined *out, struct atls_digest *hash,
                                const struct atls_trust_anchor *anchor)
{
    const enum atls_err err = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, anchor->spki, hash);
    if (err != ATLS_OK) {
        return atls_fail(&out->why, err, step, "attestation key");
    }
    const struct verifier_match match = {anchor->format, anchor->instance, anchor->class_id,
                                         atls_digest_bytes(hash)};
    return add(out, VERIFIER_MAX_MATCHES, &match);
}

/* formats_of gives those of a profile whose statements are not looked up by class and instance:
 * they are about all Evidence of these formats, as far as is known here. */
static size_t formats_of(const struct atls_format *out[2], const struct atls_profile *profile)
{
    size_t num = 0;
    for (size_t i = 0; profile != NULL && profile->rules == NULL && i < 2; i++) {
        const struct atls_format *format =
            profile->formats[i] != NULL ? atls_format_by_name(atls_bytes_text(profile->formats[i]))
                                        : NULL;
        if (format != NULL) {
            out[num++] = format;
        }
    }
    return num;
}

static enum atls_err add_authority(struct verifier_examined *out, struct atls_digest *hash,
                                   const struct atls_authority *authority)
{
    const struct atls_format *formats[2];
    const size_t num = authority->is_anchor ? formats_of(formats, authority->profile) : 0;
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        const struct atls_trust_anchor anchor = {.format = formats[i], .spki = authority->spki};
        err = add_anchor(out, hash, &anchor);
    }
    return err;
}

/* describe_rest: roots of makers, and statements of profiles that have rules of their own. */
static enum atls_err describe_rest(struct verifier_examined *out, struct memory *memory)
{
    const struct atls_batch *batch = &memory->batch;
    struct atls_digest *hashes = &memory->keys[batch->num_anchors];
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < batch->num_authorities; i++) {
        err = add_authority(out, &hashes[i], &batch->authorities[i]->authority);
    }
    for (size_t i = 0; err == ATLS_OK && i < batch->num_statements; i++) {
        const struct atls_format *formats[2];
        const size_t num = formats_of(formats, batch->statements[i]->profile);
        for (size_t j = 0; err == ATLS_OK && j < num; j++) {
            const struct verifier_match match = {.format = formats[j]};
            err = add(out, VERIFIER_MAX_MATCHES, &match);
        }
    }
    return err;
}

static enum atls_err describe(struct verifier_examined *out, struct memory *memory)
{
    const struct atls_batch *batch = &memory->batch;
    enum atls_err err = ATLS_OK;
    memory->keys = calloc(batch->num_anchors + batch->num_authorities + 1, sizeof *memory->keys);
    if (memory->keys == NULL) {
        return atls_fail(&out->why, ATLS_ERR_MEMORY, step, NULL);
    }
    out->matches = calloc(VERIFIER_MAX_MATCHES, sizeof *out->matches);
    if (out->matches == NULL) {
        return atls_fail(&out->why, ATLS_ERR_MEMORY, step, NULL);
    }
    for (size_t i = 0; err == ATLS_OK && i < batch->num_anchors; i++) {
        err = add_anchor(out, &memory->keys[i], &batch->anchors[i]->anchor);
    }
    for (size_t i = 0; err == ATLS_OK && i < batch->num_references; i++) {
        const struct atls_reference *reference = batch->references[i];
        const struct verifier_match match = {.format = reference->format,
                                             .class_id = reference->class_id};
        err = add(out, VERIFIER_MAX_MATCHES, &match);
    }
    return err == ATLS_OK ? describe_rest(out, memory) : err;
}

static void memory_free(void *arg)
{
    struct memory *memory = arg;
    atls_batch_cleanup(&memory->batch);
    free(memory->keys);
    free(memory);
}

/* find_endorser: of what nobody signed, who submitted it is the endorser, and the front knows. */
static enum atls_err find_endorser(struct verifier_examined *out, struct memory *memory,
                                   const struct atls_signers *signers,
                                   const struct verifier_examine *request)
{
    out->is_signed = atls_corim_is_signed(request->content);
    if (!out->is_signed) {
        return ATLS_OK;
    }
    const enum atls_err err = verifier_endorser_name(memory->endorser, request->content, signers,
                                                     request->now_s, &out->why);
    out->endorser = atls_bytes_text(memory->endorser);
    return err;
}

enum atls_err verifier_examine_corim(struct verifier_examined *out,
                                     const struct atls_endorsements *rules,
                                     const struct verifier_examine *request)
{
    struct memory *memory = calloc(1, sizeof *memory);
    const struct atls_corim_reading reading = {atls_endorsements_signers(rules), true,
                                               request->now_s};
    memset(out, 0, sizeof *out);
    if (memory == NULL) {
        return atls_fail(&out->why, ATLS_ERR_MEMORY, step, NULL);
    }
    out->memory = memory;
    out->free_memory = memory_free;
    enum atls_err err =
        atls_corim_read(&memory->batch, request->content, "submission", &reading, &out->why);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_corim_source *file = memory->batch.sources;
    if (file == NULL || file->id.len == 0 || file->id.len > 512 || file->version > INT64_MAX) {
        return atls_fail_texts(&out->why, ATLS_ERR_ENDORSEMENT, step, "id or version",
                               "out of range", "an id of at most 512 octets");
    }
    out->id = file->id;
    out->version = file->version;
    out->until_s = file->not_after_s;
    err = find_endorser(out, memory, reading.signers, request);
    if (err == ATLS_OK) {
        err = describe(out, memory);
    }
    if (err == ATLS_OK && out->num_matches == 0) {
        err = atls_fail_texts(&out->why, ATLS_ERR_ENDORSEMENT, step, NULL,
                              "neither keys nor reference values", NULL);
    }
    const struct atls_format *format = err == ATLS_OK ? out->matches[0].format : NULL;
    if (format != NULL && format->corim_profile != NULL) {
        out->profile = atls_bytes_text(format->corim_profile);
    }
    return err;
}
