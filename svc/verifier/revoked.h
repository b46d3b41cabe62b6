/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of --revoked in the front: read from its file, looked through for our own keys,
 * and handed to appraisers, which know lists by their number. A task keeps the list that it began
 * with, while a new one takes its place for all others.
 */
#ifndef SVC_VERIFIER_REVOKED_H
#define SVC_VERIFIER_REVOKED_H

#include "base/diag.h"

#include <jansson.h>

struct verifier_revoked;

/* What an appraiser is told. */
struct verifier_revoked_text {
    uint64_t number;        /* 0: there is no list */
    struct atls_bytes text; /* JSON */
};

struct verifier_revoked *verifier_revoked_new(void); /* NULL without memory */
void verifier_revoked_free(struct verifier_revoked *revoked);

/* verifier_revoked_load reads the file, and puts it in the place of the list before. Errors: FILE,
 * REVOKED_FILE, MEMORY; the list before stays then. */
ATLS_NODISCARD enum atls_err verifier_revoked_load(struct verifier_revoked *revoked,
                                                   const char *path, struct atls_diag *diag);
/* verifier_revoked_check_own is REVOKED when the list names one of `keys`, {"keys":[JWK...]}, as
 * verifier-key at `now_s`: nobody who has the list takes Results of it. */
ATLS_NODISCARD enum atls_err verifier_revoked_check_own(struct verifier_revoked *revoked,
                                                        const json_t *keys, int64_t now_s,
                                                        struct atls_diag *diag);

struct verifier_revoked_list;
/* verifier_revoked_take gives the list as it is now, NULL without one; release it. */
struct verifier_revoked_list *verifier_revoked_take(struct verifier_revoked *revoked);
struct verifier_revoked_text verifier_revoked_text_of(const struct verifier_revoked_list *list);
void verifier_revoked_release(struct verifier_revoked *revoked, struct verifier_revoked_list *list);

#endif
