/* SPDX-License-Identifier: Apache-2.0 */
/* The extension of PCK certificates. */
#ifndef SIM_SIM_INTEL_PCK_H
#define SIM_SIM_INTEL_PCK_H

#include "sim/sim_quote.h"

#define ATLS_SIM_PCK_OID "1.2.840.113741.1.13.1"
/* Octets that are always enough. */
#define ATLS_SIM_PCK_LEN 1024

/* atls_sim_pck_put writes the content of extnValue. */
void atls_sim_pck_put(struct atls_writer *w, const struct atls_sim_platform *platform);

#endif
