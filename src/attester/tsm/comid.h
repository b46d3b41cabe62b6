/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values of a guest out of its own report, as a CoMID template (docs/endorsements.md).
 * Who hands them on vouches for what the guest is now. The maker's root is none of them: it is
 * known. */
#ifndef ATTESTER_TSM_COMID_H
#define ATTESTER_TSM_COMID_H

#include "base/diag.h"

/* Each gives a text that the caller frees, or ATLS_ERR_ATTESTER for what is no such report. */
ATLS_NODISCARD enum atls_err atls_tsm_snp_comid(char **out, struct atls_bytes report,
                                                struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_tsm_tdx_comid(char **out, struct atls_bytes quote,
                                                struct atls_diag *diag);

#endif
