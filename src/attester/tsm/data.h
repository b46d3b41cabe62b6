/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a report says what it was asked for. Each gives the place of the 64 octets, or an empty
 * span when this is no such report. Only an attester's look at its own report: nothing is verified.
 */
#ifndef ATTESTER_TSM_DATA_H
#define ATTESTER_TSM_DATA_H

#include "atls/bytes.h"

/* report_data of an ATTESTATION_REPORT (SEV-SNP ABI specification, 7.3). */
struct atls_bytes atls_tsm_snp_data(struct atls_bytes report);
/* REPORTDATA of a quote of version 4 or 5 (Intel TDX DCAP quoting library API, A.3). */
struct atls_bytes atls_tsm_tdx_data(struct atls_bytes quote);
/* The realm's challenge in a CCA token (RMM specification; draft-ffm-rats-cca-token, 4.7.1), in the
 * collection of tag 399 or in that of tag 907. */
struct atls_bytes atls_tsm_cca_data(struct atls_bytes token);

#endif
