/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of names that several formats share. */
#ifndef INSPECT_NAMES_H
#define INSPECT_NAMES_H

#include "inspect/explain.h"

extern const struct inspect_names inspect_cbor_tags;       /* IANA CBOR tags that occur here */
extern const struct inspect_names inspect_cose_algs;       /* IANA COSE algorithms */
extern const struct inspect_names inspect_cose_kty;        /* COSE key types */
extern const struct inspect_names inspect_cose_crv;        /* COSE elliptic curves */
extern const struct inspect_names inspect_content_formats; /* CoAP content formats */
extern const struct inspect_names inspect_hash_names;      /* IANA Named Information hashes */
extern const struct inspect_names inspect_tiers;           /* AR4SI trustworthiness tiers */

/* inspect_oid_name gives what the object identifier in `dotted` is called, NULL when unknown. */
const char *inspect_oid_name(const char *dotted);

#endif
