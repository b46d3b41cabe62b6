/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated PSA root of trust claims: defaults, settings, and its form in attester.json. */
#ifndef SIM_SIM_CLAIMS_H
#define SIM_SIM_CLAIMS_H

#include "base/diag.h"

#include <jansson.h>

#define ATLS_SIM_MAX_COMPONENTS 16
#define ATLS_SIM_MAX_TEXT       4096 /* long enough to make a token as large as wanted */

struct atls_sim_octets {
    uint8_t data[64];
    size_t len; /* 0: the claim is left out */
};

struct atls_sim_component {
    char type[64];
    char version[ATLS_SIM_MAX_TEXT];
    struct atls_sim_octets value;
    struct atls_sim_octets signer;
};

struct atls_sim_claims {
    int64_t client_id;
    int64_t lifecycle;
    struct atls_sim_octets implementation_id;
    struct atls_sim_octets instance_id;
    struct atls_sim_octets boot_seed;
    char certification_reference[64]; /* empty: left out */
    char service_indicator[ATLS_SIM_MAX_TEXT];
    struct atls_sim_component components[ATLS_SIM_MAX_COMPONENTS];
    size_t num_components;
};

/* atls_sim_claims_init gives two components, "secured", an implementation-id that all simulations
 * share, and no instance-id: it comes from the key. */
ATLS_NODISCARD enum atls_err atls_sim_claims_init(struct atls_sim_claims *claims,
                                                  struct atls_diag *diag);

/*
 * atls_sim_claims_set takes one "claim=value": implementation-id, instance-id, boot-seed (hex);
 * client-id, security-lifecycle (numbers, 0x3000 too); certification-reference, vsi (text); and for
 * a component NAME sw.NAME (hex, or "none" to take it out), sw.NAME.signer, sw.NAME.version.
 */
ATLS_NODISCARD enum atls_err atls_sim_claims_set(struct atls_sim_claims *claims,
                                                 const char *setting, struct atls_diag *diag);

/* The JSON object of attester.json; the caller frees with json_decref. NULL without memory. */
json_t *atls_sim_claims_to_json(const struct atls_sim_claims *claims);
ATLS_NODISCARD enum atls_err atls_sim_claims_from_json(struct atls_sim_claims *claims,
                                                       const json_t *object,
                                                       struct atls_diag *diag);

#endif
