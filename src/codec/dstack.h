/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence in certificates of dstack, inside of its extensions (1.3.6.1.4.1.62397.1): an OCTET
 * STRING with a quote (.1), or with an attestation (.8) of version 0, in SCALE, or of version 1, in
 * MessagePack. Only the platform's own Evidence is read: logs and configuration beside it are
 * signed by nobody, and what they say is in no register that is compared here.
 */
#ifndef CODEC_DSTACK_H
#define CODEC_DSTACK_H

#include "base/diag.h"

/* What the Evidence is of. */
enum atls_dstack_platform { ATLS_DSTACK_TDX = 1, ATLS_DSTACK_SNP };

struct atls_dstack {
    enum atls_dstack_platform platform;
    size_t len; /* octets of the quote or report */
};

/* atls_dstack_quote finds the quote of the older extension. *out borrows `input`. MALFORMED. */
ATLS_NODISCARD enum atls_err atls_dstack_quote(struct atls_bytes *out, struct atls_bytes input,
                                               struct atls_diag *diag);

/*
 * atls_dstack_attestation writes the quote or report of an attestation into `room`, for which the
 * octets of `input` are always enough. MALFORMED for another structure; EVIDENCE_TYPE for a
 * platform whose Evidence is of more parts than one, or of another format.
 */
ATLS_NODISCARD enum atls_err atls_dstack_attestation(struct atls_dstack *out, struct atls_buf room,
                                                     struct atls_bytes input,
                                                     struct atls_diag *diag);

#endif
