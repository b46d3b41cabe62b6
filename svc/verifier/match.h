/* SPDX-License-Identifier: Apache-2.0 */
/* How Evidence and endorsements find each other, and what an endorsement is about. */
#ifndef SVC_VERIFIER_MATCH_H
#define SVC_VERIFIER_MATCH_H

#include "base/diag.h"
#include "base/formats.h"

enum {
    VERIFIER_MAX_KEY_LEN = 128, /* instance or class in octets */
    VERIFIER_MAX_SIGNED_BY_LEN = 400,
    VERIFIER_MAX_MATCHES = 65536 /* keys and classes that one CoRIM names */
};

/* Where a piece of Evidence or an endorsement belongs. */
struct verifier_match {
    const struct atls_format *format;
    struct atls_bytes instance; /* empty: not said */
    struct atls_bytes class_id; /* empty: not said */
    struct atls_bytes key;      /* SHA-256 of an endorsed key's SubjectPublicKeyInfo, or empty */
};

/* EXAMINE: may this CoRIM be used, and what is it about? */
struct verifier_examine {
    int64_t now_s;
    struct atls_bytes content;
};
struct verifier_examined {
    struct atls_diag why;
    struct atls_bytes id; /* as encoded */
    uint64_t version;
    bool is_signed;
    struct atls_bytes endorser;     /* who signed it: a text that names nobody else; or empty */
    int64_t until_s;                /* INT64_MAX: it has no end */
    struct atls_bytes profile;      /* of the format's row, old or new */
    struct verifier_match *matches; /* owned array */
    size_t num_matches;
    void *memory; /* what the spans borrow, where this is not a message */
    void (*free_memory)(void *memory);
};
void verifier_examined_cleanup(struct verifier_examined *examined);

#endif
