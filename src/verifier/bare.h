/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence as a device gives it or as it lies in a file, in no CMW: which format it seems to be,
 * and the CMW that names it. What it seems to be proves nothing: its appraiser reads it, and
 * refuses what is something else.
 */
#ifndef VERIFIER_BARE_H
#define VERIFIER_BARE_H

#include "base/diag.h"
#include "base/formats.h"

/* atls_bare_format finds the format by the octets: a raw quote or SEV-SNP report, the maps that
 * hold one (of configfs-tsm in JSON, too), an attestation document, a PSA token, a Parsec bundle, a
 * KAT bundle. NULL for others.
 */
const struct atls_format *atls_bare_format(struct atls_bytes evidence);

/* atls_bare_wrap puts Evidence of `format` into a CMW of it; a raw quote or report into the map
 * that snp, tdx and sgx have around one first; a collection stays as it is. Gives *out (caller:
 * free). atls_bare_wrap_raw is for one of these three, and takes what it is given for raw. */
ATLS_NODISCARD enum atls_err atls_bare_wrap(uint8_t **out, size_t *out_len,
                                            const struct atls_format *format,
                                            struct atls_bytes evidence, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_bare_wrap_raw(uint8_t **out, size_t *out_len,
                                                const struct atls_format *format,
                                                struct atls_bytes raw, struct atls_diag *diag);

#endif
