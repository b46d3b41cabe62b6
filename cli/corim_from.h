/* SPDX-License-Identifier: Apache-2.0 */
/* atls corim create --from: what a machine says of itself, as a template. */
#ifndef CLI_CORIM_FROM_H
#define CLI_CORIM_FROM_H

#include "base/crypto_ops.h"
#include "base/formats.h"
#include "options.h"
#include "verifier/verifier.h"

#include <jansson.h>

/* What --from names, read. All zero is safe to clean up. */
struct cli_corim_from {
    uint8_t *file; /* as read */
    size_t file_len;
    uint8_t *wrapped;      /* bare Evidence in a CMW record */
    uint8_t *storage;      /* the CBOR form of a CMW in JSON */
    struct atls_bytes cmw; /* Evidence; empty for a Result */
    const struct atls_format *format;
    json_t *claims;
    struct atls_key *ak; /* NULL without --ak */
    uint8_t *pcrs;
    size_t pcrs_len;
    bool simulated; /* a Result says so, or --simulated */
    bool checked;   /* the Evidence brought the path to its root, and its signature holds */
    struct atls_diag unchecked; /* why that path leads to no root that is trusted now */
    char *template;
};

/* cli_corim_from_read reads --from, --ak and --pcr-values, and gives the CoMID template in
 * from->template. */
ATLS_NODISCARD enum atls_err cli_corim_from_read(struct cli_corim_from *from,
                                                 const struct cli_options *o,
                                                 struct atls_diag *diag);
/* cli_corim_from_check appraises the Evidence with what was made of it: where an attestation key
 * was given, its signature must verify and its measurements match. */
ATLS_NODISCARD enum atls_err cli_corim_from_check(const struct cli_corim_from *from,
                                                  struct atls_bytes corim, struct atls_diag *diag);
/* For those who read one format: cli_corim_signed keeps what came of a check of its signatures.
 * That no root is known, or that dates are over, is a warning; anything else is wrong. */
ATLS_NODISCARD enum atls_err cli_corim_signed(struct cli_corim_from *from, enum atls_err err,
                                              const struct atls_diag *why, struct atls_diag *diag);
/* cli_corim_no_ak refuses --ak beside Evidence that needs none. */
ATLS_NODISCARD enum atls_err cli_corim_no_ak(const struct cli_corim_from *from, const char *what,
                                             struct atls_diag *diag);
void cli_corim_from_cleanup(struct cli_corim_from *from);

#endif
