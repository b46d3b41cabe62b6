/* SPDX-License-Identifier: Apache-2.0 */
/* What structure.c hands to signatures.c, lookup.c and unverified.c, and to no other file. */
#ifndef APPRAISER_TPM2_UNVERIFIED_H
#define APPRAISER_TPM2_UNVERIFIED_H

#include "appraiser/tpm2/tpm2.h"

struct atls_tpm2_parsed {
    struct atls_tpm2_contents contents;
    struct atls_tpm_signature certify_signature;
    struct atls_tpm_signature quote_signature;
};

#endif
