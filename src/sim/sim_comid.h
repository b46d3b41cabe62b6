/* SPDX-License-Identifier: Apache-2.0 */
/* CoMID templates of simulated attesters. */
#ifndef SIM_SIM_COMID_H
#define SIM_SIM_COMID_H

#include "base/diag.h"

#include <jansson.h>

/* atls_sim_comid_of wraps triples (the shape of cocli's templates of 2025), which it takes, with an
 * id of their own: two machines' CoMIDs are two tags. Gives *out, freed by free(). */
ATLS_NODISCARD enum atls_err atls_sim_comid_of(char **out, json_t *triples, const char *step,
                                               struct atls_diag *diag);

#endif
