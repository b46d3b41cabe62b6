/* SPDX-License-Identifier: Apache-2.0 */
/* AttestationScheme of draft-fossati-seat-early-attestation-07, section 4.1, and lists of them. */
#ifndef HANDSHAKE_SCHEME_H
#define HANDSHAKE_SCHEME_H

#include "atls/limits.h"
#include "base/diag.h"
#include "base/reader.h"
#include "base/writer.h"

enum atls_mechanism { ATLS_MECHANISM_EVIDENCE = 0, ATLS_MECHANISM_RESULT = 1 };

struct atls_scheme {
    enum atls_mechanism mechanism;
    bool by_content_format;  /* evidence only */
    uint16_t content_format; /* evidence, by_content_format */
    struct atls_bytes text;  /* evidence: media type; result: Verifier identity */
};

struct atls_scheme_list {
    struct atls_scheme items[ATLS_MAX_SCHEMES];
    size_t count;
};

/* atls_scheme_read reads one AttestationScheme; its text borrows the input. Unknown mechanisms and
 * encodings make the length unknowable, so they are malformed. */
ATLS_NODISCARD bool atls_scheme_read(struct atls_reader *r, struct atls_scheme *out);
/* atls_scheme_refuse says why atls_scheme_read returned false for the reader `at`, as
 * ATLS_ERR_MALFORMED with the octet where it went wrong. */
enum atls_err atls_scheme_refuse(struct atls_reader at, const char *step, const char *claim,
                                 struct atls_diag *diag);
/* atls_scheme_write fails the writer for what atls_scheme_read would not read back. */
void atls_scheme_write(struct atls_writer *w, const struct atls_scheme *scheme);

/* atls_scheme_equal is literal: content format 263 and "application/eat+cwt" are two schemes. */
ATLS_NODISCARD bool atls_scheme_equal(const struct atls_scheme *a, const struct atls_scheme *b);
/* atls_scheme_is_usable is false for an empty media type or Verifier identity. */
ATLS_NODISCARD bool atls_scheme_is_usable(const struct atls_scheme *scheme);
/* atls_scheme_in is true when `list` holds a scheme that equals `scheme`. */
ATLS_NODISCARD bool atls_scheme_in(const struct atls_scheme_list *list,
                                   const struct atls_scheme *scheme);
/* atls_scheme_find gives that entry of `list`, NULL when there is none. */
const struct atls_scheme *atls_scheme_find(const struct atls_scheme_list *list,
                                           const struct atls_scheme *scheme);
/* atls_scheme_lists_equal is true for the same schemes in the same order. */
ATLS_NODISCARD bool atls_scheme_lists_equal(const struct atls_scheme_list *a,
                                            const struct atls_scheme_list *b);
/* atls_scheme_list_read reads schemes<0..2^16-1> behind those that `out` has; at most
 * ATLS_MAX_SCHEMES. Texts borrow the input; `step` and `claim` are the diag's. */
ATLS_NODISCARD enum atls_err atls_scheme_list_read(struct atls_reader *r,
                                                   struct atls_scheme_list *out, const char *step,
                                                   const char *claim, struct atls_diag *diag);
/* atls_scheme_list_write fails the writer for what would not be read back. */
void atls_scheme_list_write(struct atls_writer *w, const struct atls_scheme_list *list);
/* atls_scheme_describe appends a printable name to the diag's `found`, the other one to
 * `expected`. */
void atls_scheme_describe(struct atls_diag *diag, const struct atls_scheme *scheme);
void atls_scheme_describe_expected(struct atls_diag *diag, const struct atls_scheme *scheme);

#endif
