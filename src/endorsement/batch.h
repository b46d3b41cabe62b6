/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: what was read from one or more files and is not part of a set yet. A set takes a whole
 * batch or nothing of it, so a folder with one bad file changes nothing.
 */
#ifndef ENDORSEMENT_BATCH_H
#define ENDORSEMENT_BATCH_H

#include "endorsement/collateral.h"
#include "endorsement/endorsement.h"
#include "endorsement/statement.h"

/* A sentence about what of a file has no effect here. */
struct atls_note {
    struct atls_note *next;
    char text[320];
};

/* The octets of one file and its name: anchors and references borrow both. Id, version and content
 * say which of several files counts (see rank.h). */
struct atls_corim_source {
    struct atls_corim_source *next;
    char *name;
    uint8_t *data;
    size_t len;
    struct atls_bytes id;      /* as encoded, so that text and octets differ */
    struct atls_bytes content; /* what the signature covers, or the whole file */
    uint64_t version;          /* the highest tag-version of its CoMIDs */
    int64_t not_after_s;       /* the end of its validity or of its signature, whichever is first */
    bool superseded;           /* another file says what counts */
    struct atls_note *notes;   /* in the order of reading */
};

/* An authority with what it owns. */
struct atls_authority_entry {
    struct atls_authority authority;
    uint8_t *cert;
    uint8_t *spki;
};

/* A trust anchor with what it owns. */
struct atls_anchor_entry {
    struct atls_trust_anchor anchor;
    struct atls_key *key;
    uint8_t *spki;
};

/*
 * All zero is an empty batch. Arrays hold pointers, so entries never move. What two files say alike
 * is there twice, for one of them may be superseded later; the arrays of what is shown, made by
 * merging, have it once.
 */
struct atls_batch {
    struct atls_anchor_entry **anchors;
    size_t num_anchors;
    size_t cap_anchors;
    struct atls_reference **references;
    size_t num_references;
    size_t cap_references;
    struct atls_anchor_entry **shown_anchors;
    size_t num_shown_anchors;
    struct atls_reference **shown_references;
    size_t num_shown_references;
    struct atls_statement **statements; /* in the order of loading */
    size_t num_statements;
    size_t cap_statements;
    struct atls_authority_entry **authorities;
    size_t num_authorities;
    size_t cap_authorities;
    struct atls_corim_source *sources;
    struct atls_collateral *collateral; /* bags, the one that was loaded last at the front */
};

/* atls_batch_cleanup frees all that the batch owns and returns it to the zero state. */
void atls_batch_cleanup(struct atls_batch *batch);
void atls_anchor_entry_free(struct atls_anchor_entry *entry);
void atls_authority_entry_free(struct atls_authority_entry *entry);

/* atls_batch_add_source copies `octets` and `name` into the batch; *out is borrowed from it. */
ATLS_NODISCARD enum atls_err atls_batch_add_source(struct atls_batch *batch,
                                                   struct atls_corim_source **out,
                                                   struct atls_bytes octets, const char *name,
                                                   struct atls_diag *diag);
/* atls_batch_add_anchor takes `key` on success and copies the rest; `anchor` has neither key nor
 * SubjectPublicKeyInfo yet. */
ATLS_NODISCARD enum atls_err atls_batch_add_anchor(struct atls_batch *batch,
                                                   const struct atls_trust_anchor *anchor,
                                                   struct atls_key *key, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_batch_add_reference(struct atls_batch *batch,
                                                      const struct atls_reference *reference,
                                                      struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_batch_add_statement(struct atls_batch *batch,
                                                      const struct atls_statement *statement,
                                                      struct atls_diag *diag);
/* atls_batch_add_authority copies certificate and SubjectPublicKeyInfo as well. */
ATLS_NODISCARD enum atls_err atls_batch_add_authority(struct atls_batch *batch,
                                                      const struct atls_authority *authority,
                                                      struct atls_diag *diag);
/* atls_batch_add_note adds "NAME: WHAT: WHY", once. */
ATLS_NODISCARD enum atls_err atls_batch_add_note(struct atls_corim_source *source, const char *what,
                                                 const char *why, struct atls_diag *diag);

#endif
