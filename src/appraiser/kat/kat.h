/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key and platform attested by two tokens (codec/kat.h). It is for Evidence that names no TLS key,
 * where a Verifier is to vouch for one: the platform's token is over a key that the attested
 * software made (kak), and that key signs which TLS key the software has, over the nonce.
 *
 * The order is in the types. A struct atls_kat_parsed shows nothing but to signatures.c, which has
 * the platform's part appraised by the appraiser of its own format, with SHA-256(kak-pub) as its
 * nonce; only then is the kak worth anything, and verifies the kat. Claims are read from a struct
 * atls_kat_verified.
 */
#ifndef APPRAISER_KAT_KAT_H
#define APPRAISER_KAT_KAT_H

#include "appraiser/appraiser.h"
#include "codec/kat.h"

struct atls_kat_parsed;   /* the bundle's structure; nothing of it is known to be true */
struct atls_kat_verified; /* a bundle whose parts belong together, and hold */

/* structure.c. Gives *out to the caller; it borrows `evidence`. EVIDENCE_TYPE for a pat that is
 * none of the formats that may be one, or that no appraiser here knows. */
ATLS_NODISCARD enum atls_err atls_kat_parse(struct atls_kat_parsed **out,
                                            struct atls_bytes evidence, struct atls_diag *diag);
void atls_kat_parsed_free(struct atls_kat_parsed *parsed);
void atls_kat_parsed_cleanup(struct atls_kat_parsed **parsed);

/* What becomes of the pat: its signatures are verified here, or by somebody else. */
enum atls_kat_pat { ATLS_KAT_APPRAISE_PAT = 0, ATLS_KAT_READ_PAT };

/* signatures.c: the pat, that its nonce is SHA-256(kak-pub), and the kat's signature by the kak, in
 * this order (draft, "Verification"). Errors of the pat are those of its format; CLAIM where it is
 * of another bundle. */
ATLS_NODISCARD enum atls_err atls_kat_verify(struct atls_kat_verified **out,
                                             const struct atls_kat_parsed *parsed,
                                             const struct atls_appraisal_input *input,
                                             enum atls_kat_pat how, struct atls_diag *diag);
void atls_kat_verified_free(struct atls_kat_verified *verified);
void atls_kat_verified_cleanup(struct atls_kat_verified **verified);

/* claims.c: nonce and TLS key, against `input`; they go into the submod that the pat gave, and with
 * it to *out. */
ATLS_NODISCARD enum atls_err atls_kat_take(struct atls_submod *out,
                                           struct atls_kat_verified *verified,
                                           const struct atls_appraisal_input *input,
                                           struct atls_diag *diag);

/* claims_json.c: the claims of both, {"kat": …, "pat": …}; takes the place of the pat's alone in
 * *claims. `spki` is the key of cnf. */
ATLS_NODISCARD enum atls_err atls_kat_claims_json(char **claims, const struct atls_kat_claims *kat,
                                                  struct atls_bytes kak_octets,
                                                  struct atls_bytes spki, struct atls_diag *diag);

#endif
