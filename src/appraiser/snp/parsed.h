/* SPDX-License-Identifier: Apache-2.0 */
/* A report that was read and that nobody has verified: for the files that may look into one. */
#ifndef APPRAISER_SNP_PARSED_H
#define APPRAISER_SNP_PARSED_H

#include "appraiser/snp/snp.h"

struct atls_snp_parsed {
    struct atls_snp_report report;
    struct atls_snp_table table;
    struct atls_bytes signed_part; /* what the signature is over */
    struct atls_bytes signature;   /* R and S, little-endian, 72 octets each */
};

#endif
