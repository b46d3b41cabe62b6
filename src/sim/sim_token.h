/* SPDX-License-Identifier: Apache-2.0 */
/* Writing what a simulated PSA root of trust says: the claims set, and what to endorse of it. */
#ifndef SIM_SIM_TOKEN_H
#define SIM_SIM_TOKEN_H

#include "base/writer.h"
#include "sim/sim_claims.h"

/* atls_sim_put_claims writes the claims set of RFC 9783 with this nonce. */
void atls_sim_put_claims(struct atls_writer *w, const struct atls_sim_claims *claims,
                         struct atls_bytes nonce);

/* atls_sim_comid makes a CoMID template (the shape of cocli's of 2025): the attestation key, and
 * every component as a reference value. Gives *out, freed by free(). */
ATLS_NODISCARD enum atls_err atls_sim_comid(char **out, const struct atls_sim_claims *claims,
                                            const char *public_pem, struct atls_diag *diag);

#endif
