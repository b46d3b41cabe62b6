/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values out of an SEV-SNP report, for corim_from.c. */
#ifndef ENDORSEMENT_CORIM_FROM_SNP_H
#define ENDORSEMENT_CORIM_FROM_SNP_H

#include "base/diag.h"

#include <jansson.h>

/* atls_corim_snp_triples adds reference values for the launch measurement: policy and VMPL as they
 * are, and guest SVN, TCB version and committed firmware as minimums. ATLS_ERR_ENDORSEMENT when the
 * claims do not give them. */
ATLS_NODISCARD enum atls_err atls_corim_snp_triples(json_t *triples, const json_t *claims,
                                                    struct atls_diag *diag);

#endif
