/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that recognise formats. */
#ifndef INSPECT_DETECT_H
#define INSPECT_DETECT_H

#include "inspect/formats.h"

/* CBOR, and some of them JSON */
bool inspect_is_cmw_tag(const struct inspect_value *v);
bool inspect_is_cmw_record(const struct inspect_value *v);
bool inspect_is_cmw_collection(const struct inspect_value *v);
bool inspect_is_parsec(const struct inspect_value *v);
bool inspect_is_tsm(const struct inspect_value *v);
bool inspect_is_cose_key(const struct inspect_value *v);
bool inspect_is_claims(const struct inspect_value *v);
bool inspect_is_corim(const struct inspect_value *v);
bool inspect_is_comid(const struct inspect_value *v);
bool inspect_is_cotl(const struct inspect_value *v);
bool inspect_is_cots(const struct inspect_value *v);
bool inspect_is_coswid(const struct inspect_value *v);

/* DER, TPM structures, reports of processors */
ATLS_NODISCARD bool inspect_detect_octets(struct atls_bytes octets, struct inspect_found *out);

#endif
