/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of --revoked in the front: read from its file, looked through for our own keys,
 * and handed to appraisers (handout.h).
 */
#ifndef SVC_VERIFIER_REVOKED_H
#define SVC_VERIFIER_REVOKED_H

#include "svc/verifier/handout.h"

#include <jansson.h>

/* verifier_revoked_new gives a handout without a list; NULL without memory. */
struct verifier_handout *verifier_revoked_new(void);

/* verifier_revoked_load reads the file, and puts it in the place of the list before. Errors: FILE,
 * REVOKED_FILE, MEMORY; the list before stays then. */
ATLS_NODISCARD enum atls_err verifier_revoked_load(struct verifier_handout *revoked,
                                                   const char *path, struct atls_diag *diag);
/* verifier_revoked_check_own is REVOKED when the list names one of `keys`, {"keys":[JWK...]}, as
 * verifier-key at `now_s`: nobody who has the list takes Results of it. */
ATLS_NODISCARD enum atls_err verifier_revoked_check_own(struct verifier_handout *revoked,
                                                        const json_t *keys, int64_t now_s,
                                                        struct atls_diag *diag);

#endif
