/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of an enclave of Intel SGX: {"quote": octets, ? "collateral": [+ octets]}. Collateral
 * that comes with Evidence counts as what is loaded does: if it verifies
 * (endorsement/collateral.h).
 */
#ifndef APPRAISER_SGX_SGX_H
#define APPRAISER_SGX_SGX_H

#include "appraiser/intel/appraisal.h"

/* attributes.flags of an enclave (Intel SDM, volume 3D, ATTRIBUTES). */
#define ATLS_SGX_INIT  UINT64_C(0x01)
#define ATLS_SGX_DEBUG UINT64_C(0x02)
/* The two above, MODE64BIT, PROVISIONKEY, EINITTOKENKEY, CET, KSS, AEXNOTIFY. */
#define ATLS_SGX_KNOWN     UINT64_C(0x4f7)

#define ATLS_SGX_NUM_RULES 17
extern const struct atls_appraiser_rule atls_sgx_rules[ATLS_SGX_NUM_RULES];
extern const struct atls_quote_kind atls_sgx_kind;

struct atls_sgx_evidence {
    struct atls_bytes quote;
    struct atls_cbor collateral; /* array; encoded.len 0: none */
};

/* structure.c. */
ATLS_NODISCARD enum atls_err atls_sgx_unwrap(struct atls_sgx_evidence *out,
                                             struct atls_bytes evidence,
                                             struct atls_bytes media_type, struct atls_diag *diag);
/* atls_sgx_collateral gives what came with the Evidence to the caller; *out is NULL for nothing. */
ATLS_NODISCARD enum atls_err atls_sgx_collateral(struct atls_collateral **out,
                                                 const struct atls_sgx_evidence *evidence,
                                                 struct atls_diag *diag);

#endif
