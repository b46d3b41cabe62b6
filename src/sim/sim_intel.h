/* SPDX-License-Identifier: Apache-2.0 */
/* What Intel signs beside quotes, for a simulated platform: PCK chain, report of the quoting
 * enclave, TCB info, identity, lists of revoked certificates. */
#ifndef SIM_SIM_INTEL_H
#define SIM_SIM_INTEL_H

#include "crypto/key.h"
#include "sim/sim_quote.h"

/* All texts and octets are freed by atls_sim_intel_cleanup. */
struct atls_sim_intel {
    struct atls_key *root;
    struct atls_key *ca;
    struct atls_key *pck;
    struct atls_key *tcb; /* signs TCB info and identities */
    char *root_pem;
    char *chain_pem;     /* PCK certificate, Platform CA, root */
    char *tcb_chain_pem; /* TCB signing, root */
    char *collateral;    /* JSON, the bundle that quote verifiers keep */
};

/* atls_sim_intel_make makes keys and certificates new, and signs what `quote` says. */
ATLS_NODISCARD enum atls_err atls_sim_intel_make(struct atls_sim_intel *out,
                                                 const struct atls_sim_quote *quote,
                                                 struct atls_diag *diag);
void atls_sim_intel_cleanup(struct atls_sim_intel *intel);

/* sim_collateral.c: the bundle, of what has been made so far. */
ATLS_NODISCARD enum atls_err atls_sim_collateral(char **out, const struct atls_sim_intel *intel,
                                                 const struct atls_sim_quote *quote,
                                                 struct atls_bytes root_crl,
                                                 struct atls_bytes pck_crl, struct atls_diag *diag);

/*
 * atls_sim_certification writes what follows the signature of a quote in all its versions: the
 * attestation key, and the report of the quoting enclave that vouches for it, signed by the PCK.
 */
ATLS_NODISCARD enum atls_err atls_sim_certification(struct atls_writer *w,
                                                    const struct atls_sim_intel *intel,
                                                    const struct atls_sim_quote *quote,
                                                    const struct atls_key *key,
                                                    struct atls_diag *diag);
/* atls_sim_quote_sign writes a whole quote around a certification. */
ATLS_NODISCARD enum atls_err
atls_sim_quote_sign(struct atls_writer *w, const struct atls_sim_quote *quote,
                    const struct atls_key *key, struct atls_bytes certification,
                    struct atls_bytes report_data, struct atls_diag *diag);

#endif
