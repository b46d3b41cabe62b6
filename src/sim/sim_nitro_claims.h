/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated NSM says: defaults, settings, and its form in attester.json. */
#ifndef SIM_SIM_NITRO_CLAIMS_H
#define SIM_SIM_NITRO_CLAIMS_H

#include "base/diag.h"
#include "sim/sim_claims.h"

#define ATLS_SIM_NITRO_NUM_PCRS 32
#define ATLS_SIM_NITRO_PCR_LEN  48

struct atls_sim_nitro_claims {
    char module_id[64];
    int64_t timestamp_ms; /* 0: now */
    bool debug;           /* PCR 0, 1 and 2 are written as zeros */
    struct atls_sim_octets user_data;
    uint32_t pcrs; /* bit n: PCR n is written */
    uint8_t pcr[ATLS_SIM_NITRO_NUM_PCRS][ATLS_SIM_NITRO_PCR_LEN];
};

/* atls_sim_nitro_claims_init gives PCRs 0 to 15 of an image that all simulations share, and a
 * module of its own. */
ATLS_NODISCARD enum atls_err atls_sim_nitro_claims_init(struct atls_sim_nitro_claims *claims,
                                                        struct atls_diag *diag);

/* atls_sim_nitro_claims_set takes one "claim=value": module-id, user-data (hex), timestamp
 * (milliseconds since 1970), debug=true, pcr.N=HEX, pcr.N=none. */
ATLS_NODISCARD enum atls_err atls_sim_nitro_claims_set(struct atls_sim_nitro_claims *claims,
                                                       const char *setting, struct atls_diag *diag);

/* The JSON object of attester.json; the caller frees with json_decref. NULL without memory. */
json_t *atls_sim_nitro_claims_to_json(const struct atls_sim_nitro_claims *claims);
ATLS_NODISCARD enum atls_err atls_sim_nitro_claims_from_json(struct atls_sim_nitro_claims *claims,
                                                             const json_t *object,
                                                             struct atls_diag *diag);

#endif
