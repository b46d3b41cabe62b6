/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel says of the security level of a platform: the levels of its TCB info, of the TDX
 * module's and of the quoting enclave's identity, and the one status that comes of them. The rules
 * are those of Intel's quote verification library, 4.1.2.4.
 */
#ifndef APPRAISER_INTEL_TCB_H
#define APPRAISER_INTEL_TCB_H

#include "appraiser/intel/pck.h"
#include "appraiser/intel/quote.h"
#include "endorsement/intel_tcb.h"

/* Statuses that a quote may come to; "Revoked" and no level at all are errors. */
enum atls_quote_status {
    ATLS_QUOTE_UP_TO_DATE = 0,
    ATLS_QUOTE_SW_HARDENING_NEEDED,
    ATLS_QUOTE_CONFIGURATION_NEEDED,
    ATLS_QUOTE_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    ATLS_QUOTE_TD_RELAUNCH_ADVISED,
    ATLS_QUOTE_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    ATLS_QUOTE_OUT_OF_DATE,
    ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED,
    ATLS_QUOTE_REVOKED,
    ATLS_NUM_QUOTE_STATUSES
};
/* atls_quote_status_name gives Intel's word, such as "UpToDate". */
const char *atls_quote_status_name(enum atls_quote_status status);

/* What was looked at, and what it came to. Levels borrow the collateral. */
struct atls_quote_tcb {
    enum atls_quote_status status;
    const struct atls_intel_level *platform;
    const struct atls_intel_level *module; /* NULL: of SGX, and of modules without a version */
    const struct atls_intel_level *qe;
    int64_t evaluation_number; /* the smaller one of both files */
};

/* What is to be judged. */
struct atls_quote_platform {
    const struct atls_pck *pck;
    const struct atls_quote_body *body;
    const struct atls_enclave *qe;
    const struct atls_intel_tcb_info *info;
    const struct atls_intel_identity *identity;
};

/*
 * atls_quote_tcb_evaluate compares a platform with its collateral. Errors: COLLATERAL for TCB info
 * of another platform, REFERENCE_VALUES for a quoting enclave or a TDX module that is not Intel's,
 * LIFECYCLE for SVNs below every level, REVOKED for a level that Intel has revoked.
 */
ATLS_NODISCARD enum atls_err atls_quote_tcb_evaluate(struct atls_quote_tcb *out,
                                                     const struct atls_quote_platform *platform,
                                                     struct atls_diag *diag);

#endif
