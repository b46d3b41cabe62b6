/* SPDX-License-Identifier: Apache-2.0 */
/* What structure.c hands to signatures.c and to those who read Evidence that somebody else
 * verifies. No other file includes this. */
#ifndef APPRAISER_INTEL_UNVERIFIED_H
#define APPRAISER_INTEL_UNVERIFIED_H

#include "appraiser/intel/quote.h"

struct atls_quote_parsed {
    struct atls_quote_body body;
    struct atls_bytes covered;   /* header, descriptor and body: what the attestation key signed */
    struct atls_bytes signature; /* 64 */
    struct atls_bytes key;       /* 64: x || y of the attestation key */
    struct atls_bytes qe_report; /* 384: what the PCK signed */
    struct atls_enclave qe;
    struct atls_bytes qe_signature; /* 64 */
    struct atls_bytes qe_auth;      /* its length is its own; empty is right */
    struct atls_bytes pck_chain;    /* PEM */
};

#endif
