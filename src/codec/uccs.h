/* SPDX-License-Identifier: Apache-2.0 */
/* UCCS (RFC 9781): a CWT claims set without a signature, tag 601. Never Evidence by itself:
 * it counts only where something signed covers its octets. */
#ifndef CODEC_UCCS_H
#define CODEC_UCCS_H

#include "codec/cbor.h"

/* atls_uccs_parse gives the claims map inside tag 601; `claims->encoded` are the octets of the
 * map, and `input` those with the tag (which is what a challenge is taken over). */
ATLS_NODISCARD enum atls_err atls_uccs_parse(struct atls_cbor *claims, struct atls_bytes input,
                                             struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_uccs_parse_item(struct atls_cbor *claims,
                                                  const struct atls_cbor *item,
                                                  struct atls_diag *diag);
#endif
