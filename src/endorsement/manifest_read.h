/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_MANIFEST_READ_H
#define ENDORSEMENT_MANIFEST_READ_H

#include "endorsement/statement_read.h"

/* atls_corim_read_profile finds the row of the file's profile, or notes that there is none; `item`
 * is NULL where the file has none. */
ATLS_NODISCARD enum atls_err atls_corim_read_profile(struct atls_corim *corim,
                                                     const struct atls_cbor *item);
/* atls_corim_read_dependent reads where other manifests are; who wants them loads them. */
ATLS_NODISCARD enum atls_err atls_corim_read_dependent(const struct atls_corim *corim,
                                                       const struct atls_cbor *list);
/* atls_corim_read_tag reads one member of tags: a CoMID, CoTS, CoTL or CoSWID. */
ATLS_NODISCARD enum atls_err atls_corim_read_tag(struct atls_corim *corim,
                                                 const struct atls_cbor *item);

#endif
