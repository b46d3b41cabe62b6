/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which endorsements a piece of Evidence is about: what a Verifier looks up in its store before it
 * appraises. Nothing of it is verified. It selects what the appraisal is done with, and can make
 * that fail; it proves nothing.
 */
#ifndef APPRAISER_LOOKUP_H
#define APPRAISER_LOOKUP_H

#include "base/diag.h"
#include "base/formats.h"

struct atls_psa_parsed;

/* Spans borrow the Evidence; each is empty where the Evidence does not say it. */
struct atls_lookup {
    const struct atls_format *format; /* of the endorsements: of a bundle, that of its platform */
    struct atls_bytes instance;       /* content octets, as of struct atls_trust_anchor */
    struct atls_bytes class_id;
    /* What was read, of which nothing is known to be true: its appraisal need not read it again.
     * Owned, and it borrows the Evidence and its label; NULL where there is no such. */
    struct atls_psa_parsed *psa;
};

/* atls_lookup_read reads the structure of `evidence` as its appraiser does, and refuses what that
 * refuses. EVIDENCE_TYPE for a format without an appraiser. The caller runs atls_lookup_cleanup. */
ATLS_NODISCARD enum atls_err atls_lookup_read(struct atls_lookup *out,
                                              const struct atls_format *format,
                                              struct atls_bytes evidence,
                                              struct atls_bytes media_type, struct atls_diag *diag);

/* atls_lookup_cleanup is safe on one that is all zero. */
void atls_lookup_cleanup(struct atls_lookup *lookup);

/* One a format, beside its appraiser. */
ATLS_NODISCARD enum atls_err atls_psa_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                                             struct atls_bytes media_type, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_snp_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                                             struct atls_bytes media_type, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_tpm2_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                                              struct atls_bytes media_type, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_nitro_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                                               struct atls_bytes media_type,
                                               struct atls_diag *diag);

/* Which part of a bundle it is that endorsements are about. */
struct atls_kat_part {
    const struct atls_format *format;
    struct atls_bytes evidence;
    struct atls_bytes media_type;
};
ATLS_NODISCARD enum atls_err atls_kat_find_pat(struct atls_kat_part *out,
                                               struct atls_bytes evidence, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_tdx_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                                             struct atls_bytes media_type, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_sgx_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                                             struct atls_bytes media_type, struct atls_diag *diag);

#endif
