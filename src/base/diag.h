/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a struct atls_diag. Every function takes NULL, and returns what it was given so that a
 * refusal is one statement: `return atls_fail(diag, ATLS_ERR_FRESHNESS, "step", "claim");`.
 * The later atls_diag_* calls add what was found and expected. Core: no printf, no heap.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "atls/bytes.h"
#include "atls/error.h"
#include "base/compiler.h"

/* atls_fail starts a diag afresh and returns `err`. `step` and `claim` are borrowed texts. */
enum atls_err atls_fail(struct atls_diag *diag, enum atls_err err, const char *step,
                        const char *claim);
/* atls_fail_at is atls_fail for input that is malformed at octet `offset`. */
enum atls_err atls_fail_at(struct atls_diag *diag, enum atls_err err, const char *step,
                           const char *claim, size_t offset, const char *expected);
/* atls_fail_texts is atls_fail with both sides as texts; either may be NULL. */
enum atls_err atls_fail_texts(struct atls_diag *diag, enum atls_err err, const char *step,
                              const char *claim, const char *found, const char *expected);

#ifdef __clang_analyzer__
/* clang's analyser sees one file at a time: here it learns that these return what they are given.
 */
#define atls_fail(diag, err, step, claim) (atls_fail((diag), (err), (step), (claim)), (err))
#define atls_fail_at(diag, err, step, claim, offset, expected)                                     \
    (atls_fail_at((diag), (err), (step), (claim), (offset), (expected)), (err))
#define atls_fail_texts(diag, err, step, claim, found, expected)                                   \
    (atls_fail_texts((diag), (err), (step), (claim), (found), (expected)), (err))
#endif

/* These append to `found` and `expected`. Octets come as lower-case hex, cut after 34 octets with
 * "..."; text from a peer comes with everything but printable ASCII shown as '?'. */
void atls_diag_found_text(struct atls_diag *diag, const char *text);
void atls_diag_found_bytes(struct atls_diag *diag, struct atls_bytes octets);
void atls_diag_found_peer_text(struct atls_diag *diag, struct atls_bytes text);
void atls_diag_found_int(struct atls_diag *diag, int64_t value);
void atls_diag_expected_text(struct atls_diag *diag, const char *text);
void atls_diag_expected_bytes(struct atls_diag *diag, struct atls_bytes octets);
void atls_diag_expected_int(struct atls_diag *diag, int64_t value);
/* Seconds since 1970 come as a date in UTC (RFC 3339); those that have none as a number. */
void atls_diag_found_time(struct atls_diag *diag, int64_t seconds);
void atls_diag_expected_time(struct atls_diag *diag, int64_t seconds);

#endif
