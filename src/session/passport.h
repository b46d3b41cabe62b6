/* SPDX-License-Identifier: Apache-2.0 */
/* A Result that we bring: opened and looked at when a context gets it; for stacks and this room. */
#ifndef SESSION_PASSPORT_H
#define SESSION_PASSPORT_H

#include "session/context.h"

struct session_passport;

/* session_passport_find gives the index of what a context brings of this Verifier. */
bool session_passport_find(const struct atls_context *context, struct atls_bytes identity,
                           size_t *out);
/* session_passport_take gives that of now, with a reference: it stays as it is whatever is renewed
 * meanwhile. session_passport_release gives the reference back; NULL is fine. */
struct session_passport *session_passport_take(struct atls_context *context, size_t index);
void session_passport_release(struct session_passport *passport);
struct atls_bytes session_passport_cmw(const struct session_passport *passport);
/* session_passport_check refuses with PASSPORT one that is not valid now, or, where `own_spki` is
 * not empty, is about another key: the peer would only refuse it later. */
ATLS_NODISCARD enum atls_err session_passport_check(const struct session_passport *passport,
                                                    const struct atls_context *context,
                                                    struct atls_bytes own_spki,
                                                    struct atls_diag *diag);

/* atls_context_check_passports does it for all of them. */
ATLS_NODISCARD enum atls_err atls_context_check_passports(struct atls_context *context,
                                                          struct atls_bytes own_spki,
                                                          struct atls_diag *diag);

/* session_passport_renew replaces, in a context that is in use, the passport of the same Verifier,
 * after the checks of atls_context_add_passport and of session_passport_check. PASSPORT, and the
 * one before stays, where that fails or there is none. */
ATLS_NODISCARD enum atls_err session_passport_renew(struct atls_context *context,
                                                    const char *identity, struct atls_bytes result,
                                                    struct atls_bytes own_spki,
                                                    struct atls_diag *diag);

#endif
