/* SPDX-License-Identifier: Apache-2.0 */
/* What to endorse of a simulated SEV-SNP platform. */
#ifndef SIM_SIM_SNP_COMID_H
#define SIM_SIM_SNP_COMID_H

#include "sim/sim_snp_report.h"

#include <jansson.h>

/* atls_sim_snp_triples gives the triples of a CoMID template: the ARK, and as reference values the
 * launch measurement with guest SVN, policy, VMPL and TCB. NULL without memory. */
json_t *atls_sim_snp_triples(const struct atls_sim_snp *snp, const char *ark_pem);

#endif
