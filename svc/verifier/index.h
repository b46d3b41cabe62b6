/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which endorsements match a piece of Evidence: an index in the memory of the front over all that
 * the store has. What a document is about an appraiser has found out; here it is octets to compare.
 */
#ifndef SVC_VERIFIER_INDEX_H
#define SVC_VERIFIER_INDEX_H

#include "svc/verifier/match.h"

struct verifier_index;

struct verifier_index *verifier_index_new(void); /* NULL without memory */
void verifier_index_free(struct verifier_index *index);

/* verifier_index_add notes a document, instead of the one with the same id (R-47: it is newer).
 * One without matches is known and matches nothing. Errors: MEMORY. */
ATLS_NODISCARD enum atls_err verifier_index_add(struct verifier_index *index, struct atls_bytes id,
                                                uint64_t generation,
                                                const struct verifier_match *matches, size_t num,
                                                struct atls_diag *diag);

/*
 * verifier_index_find gives the generations, in order, of the documents that are about this
 * Evidence: those with a key of its instance; those about its class, or about the class that such a
 * key has; those about all of its format. Without an instance and a class, all of the format.
 * Errors: STORE (more than `max` match).
 */
ATLS_NODISCARD enum atls_err verifier_index_find(struct verifier_index *index,
                                                 const struct verifier_match *wanted, uint64_t *out,
                                                 size_t max, size_t *out_num,
                                                 struct atls_diag *diag);
/* verifier_index_remove forgets a document that was withdrawn; one that it does not know is fine.
 */
void verifier_index_remove(struct verifier_index *index, struct atls_bytes id);

/* A document as the status page shows it. */
struct verifier_indexed {
    uint64_t generation;
    const struct atls_format *format; /* NULL: it matches nothing */
    size_t num_keys, num_references;  /* instances, and classes of reference values */
    uint8_t class_id[VERIFIER_MAX_KEY_LEN];
    size_t class_len; /* of the first class that it names */
};
/* verifier_index_newest gives those that were taken in last, the newest first. */
void verifier_index_newest(const struct verifier_index *index, struct verifier_indexed *out,
                           size_t max, size_t *out_num);
size_t verifier_index_count(const struct verifier_index *index); /* documents */

#endif
