/* SPDX-License-Identifier: Apache-2.0 */
/* What stacks and programs ask of a context beyond the public setters. */
#ifndef SESSION_CONTEXT_H
#define SESSION_CONTEXT_H

#include "atls/context.h"

/* atls_context_freeze ends the setting up: checks that the whole can work and makes the lists of
 * schemes. Calling it again is harmless. */
ATLS_NODISCARD enum atls_err atls_context_freeze(struct atls_context *context,
                                                 struct atls_diag *diag);
bool atls_context_requires(const struct atls_context *context);
bool atls_context_attests(const struct atls_context *context);
bool atls_context_keeps_claims(const struct atls_context *context);
bool atls_context_is_no_pkix(const struct atls_context *context);
uint16_t atls_context_extension_type(const struct atls_context *context);
/* atls_context_max_binder gives the longest binder that every attester takes, in octets: suites
 * with a longer hash are not offered (R-10: never truncated). SIZE_MAX without an attester. */
size_t atls_context_max_binder(const struct atls_context *context);
uint32_t atls_context_timeout_ms(const struct atls_context *context);
int64_t atls_context_now(const struct atls_context *context);

/* atls_context_takes_certificates is true with timing "certificate": the adapter hands the peer's
 * certificate over. */
bool atls_context_takes_certificates(const struct atls_context *context);

/* atls_context_wants_prelude is true where attestation after the handshake is to be agreed upon
 * (ALPN) and carried by the adapter; atls_context_needs_prelude, where nothing goes without. */
bool atls_context_wants_prelude(const struct atls_context *context);
bool atls_context_needs_prelude(const struct atls_context *context);
/* atls_context_is_post_only is true with timing "post": the handshake itself attests nothing, so
 * that a server needs no certificate of its client in it. */
bool atls_context_is_post_only(const struct atls_context *context);

/* atls_context_is_framed is true where application data may go in frames. atls_context_reattests:
 * where the peer is to attest again; the three that follow say when, and what becomes of a
 * connection on which it has not. */
bool atls_context_is_framed(const struct atls_context *context);
bool atls_context_reattests(const struct atls_context *context);
uint32_t atls_context_reattest_period_ms(const struct atls_context *context);
uint32_t atls_context_reattest_deadline_ms(const struct atls_context *context);
bool atls_context_tells_late(const struct atls_context *context);

#endif
