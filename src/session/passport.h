/* SPDX-License-Identifier: Apache-2.0 */
/* A Result that we bring: opened and looked at when a context gets it; for stacks and this room. */
#ifndef SESSION_PASSPORT_H
#define SESSION_PASSPORT_H

#include "session/context.h"

struct session_passport;

void session_passport_free(struct session_passport *passport);
const char *session_passport_identity(const struct session_passport *passport);
struct atls_bytes session_passport_cmw(const struct session_passport *passport);
/* session_passport_check refuses with PASSPORT one that is not valid now, or, where `own_spki` is
 * not empty, is about another key: the peer would only refuse it later. */
ATLS_NODISCARD enum atls_err session_passport_check(const struct session_passport *passport,
                                                    const struct atls_context *context,
                                                    struct atls_bytes own_spki,
                                                    struct atls_diag *diag);

/* atls_context_check_passports does it for all of them. */
ATLS_NODISCARD enum atls_err atls_context_check_passports(const struct atls_context *context,
                                                          struct atls_bytes own_spki,
                                                          struct atls_diag *diag);

#endif
