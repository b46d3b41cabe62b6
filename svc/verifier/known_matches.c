/* SPDX-License-Identifier: Apache-2.0 */
/* A table in which each match has one place, and the latest takes it. */
#include "svc/verifier/known_matches.h"

#include "base/span.h"

#include <stdlib.h>

enum {
    NUM_PLACES = 4096,
    MAX_GENERATIONS = 6 /* of more documents than that the front is asked each time */
};

struct known_match {
    const struct atls_format *format; /* NULL: free, or what is malformed, which matches nothing */
    uint64_t generation;
    uint8_t instance_len, class_len, num;
    uint8_t instance[VERIFIER_MAX_KEY_LEN];
    uint8_t class_id[VERIFIER_MAX_KEY_LEN];
    uint64_t documents[MAX_GENERATIONS];
};

struct verifier_known_matches {
    struct known_match places[NUM_PLACES];
};

struct verifier_known_matches *verifier_known_matches_new(void)
{
    return calloc(1, sizeof(struct verifier_known_matches));
}

void verifier_known_matches_free(struct verifier_known_matches *matches)
{
    free(matches);
}

/* place_of: FNV-1a. Whoever makes two machines share a place makes them slower, nothing else. */
static size_t place_of(const struct verifier_match *match)
{
    const struct atls_bytes parts[] = {match->instance, match->class_id};
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(parts); i++) {
        for (size_t j = 0; j < parts[i].len; j++) {
            hash = (hash ^ parts[i].data[j]) * 0x100000001b3u;
        }
    }
    return (size_t)((hash ^ hash >> 32) % NUM_PLACES);
}

static bool is_key(struct atls_bytes found, const uint8_t *kept, size_t kept_len)
{
    return kept_len == 0 ? found.len == 0 : atls_bytes_equal(found, atls_bytes_of(kept, kept_len));
}

static void keep_key(uint8_t *kept, uint8_t *kept_len, struct atls_bytes key)
{
    if (key.len != 0) {
        memcpy(kept, key.data, key.len);
    }
    *kept_len = (uint8_t)key.len;
}

void verifier_known_matches_add(struct verifier_known_matches *matches,
                                const struct verifier_evaluate *request,
                                const struct verifier_match *match)
{
    if (match->format == NULL || request->num_documents > MAX_GENERATIONS ||
        match->instance.len > VERIFIER_MAX_KEY_LEN || match->class_id.len > VERIFIER_MAX_KEY_LEN) {
        return;
    }
    struct known_match *place = &matches->places[place_of(match)];
    place->format = match->format;
    place->generation = request->generation;
    keep_key(place->instance, &place->instance_len, match->instance);
    keep_key(place->class_id, &place->class_len, match->class_id);
    place->num = (uint8_t)request->num_documents;
    for (size_t i = 0; i < request->num_documents; i++) {
        place->documents[i] = request->documents[i].generation;
    }
}

bool verifier_known_matches_find(const struct verifier_known_matches *matches,
                                 struct verifier_evaluate *request,
                                 const struct verifier_match *match)
{
    const struct known_match *place = &matches->places[place_of(match)];
    if (match->format == NULL || place->format != match->format ||
        place->generation != request->generation ||
        !is_key(match->instance, place->instance, place->instance_len) ||
        !is_key(match->class_id, place->class_id, place->class_len)) {
        return false;
    }
    request->num_documents = place->num;
    for (size_t i = 0; i < place->num; i++) {
        request->documents[i] = (struct verifier_document){.generation = place->documents[i]};
    }
    return true;
}
