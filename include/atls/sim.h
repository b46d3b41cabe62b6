/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Simulated attesters, libatls-sim: for trying things out, for tests and for the demonstration.
 * What they make is accepted only where somebody loaded their endorsement by hand and allowed
 * simulations; every verdict says `simulated`.
 */
#ifndef ATLS_SIM_H
#define ATLS_SIM_H

#include "atls/attester.h"

#ifdef __cplusplus
extern "C" {
#endif

/** atls_attester_sim_psa signs PSA attestation tokens (RFC 9783) with a key in attester.json. */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_psa;

/** atls_attester_sim_nitro signs attestation documents as an enclave of AWS Nitro has them, under a
 *  root of its own. */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_nitro;
/** atls_attester_sim_snp signs SEV-SNP attestation reports with a VCEK or VLEK in attester.json,
 *  under an ARK of its own. */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_snp;

/** atls_attester_sim_tdx signs quotes of a trust domain of Intel TDX, with a platform, a quoting
 *  enclave and collateral of its own. */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_tdx;
/** atls_attester_sim_sgx signs quotes of an enclave of Intel SGX in the same way. */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_sgx;

/**
 * The replay attesters play the CMW in a file, whatever nonce they are asked for: an attack, to
 * show that it is refused. attester.json is {"rot":"sim-replay-psa","format":"psa","file":PATH}.
 */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_replay_psa;
/** The same for Evidence of a TPM: "sim-replay-tpm2", "tpm2". */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_replay_tpm2;
/** The same for Evidence of an enclave: "sim-replay-nitro", "nitro". */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_replay_nitro;
/** The same for Evidence of SEV-SNP: "sim-replay-snp", "snp". */
extern ATLS_API const struct atls_attester_ops atls_attester_sim_replay_snp;

#ifdef __cplusplus
}
#endif
#endif
