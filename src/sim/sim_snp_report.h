/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated SEV-SNP platform says: the report before it is signed, field by field. */
#ifndef SIM_SIM_SNP_REPORT_H
#define SIM_SIM_SNP_REPORT_H

#include "base/crypto_ops.h"
#include "base/diag.h"

#include <stdbool.h>

#define ATLS_SIM_SNP_REPORT_LEN 1184
#define ATLS_SIM_SNP_SIGNED_LEN 672

/* What differs among product lines. */
struct atls_sim_snp_line {
    const char *name;
    bool has_fmc;
    uint8_t chip_id_len;
    uint8_t cpuid[3]; /* family, model, stepping */
    uint8_t tcb[8];
};

struct atls_sim_snp {
    const struct atls_sim_snp_line *line;
    uint8_t report[ATLS_SIM_SNP_SIGNED_LEN];
    /* What the certificate says; of the report unless set apart, to be wrong on purpose. */
    uint8_t cert_tcb[8];
    uint8_t cert_chip_id[64];
    char cert_product[16];
    char cert_subject[24]; /* common names; "": those of AMD */
    char cert_issuer[24];
};

/*
 * atls_sim_snp_init gives a report that appraises as good, with an identity of its own, and changes
 * it by `settings`, each "field=value": product (Milan, Genoa, Turin), signing_key (vcek, vlek);
 * numbers, also 0x..: version, guest_svn, policy, vmpl, signature_algo, platform_info, key_info,
 * launch_mit_vector, current_mit_vector; and in hex, as they stand in the report: family_id,
 * image_id, measurement, host_data, id_key_digest, author_key_digest, report_id, report_id_ma,
 * current_tcb, reported_tcb, committed_tcb, launch_tcb, tcb (all four), cpuid, chip_id,
 * current_version, committed_version; certificate.tcb, certificate.chip_id; and as text
 * certificate.product, certificate.subject, certificate.issuer.
 */
ATLS_NODISCARD enum atls_err atls_sim_snp_init(struct atls_sim_snp *out,
                                               const char *const *settings, size_t num_settings,
                                               struct atls_diag *diag);

/* atls_sim_snp_sign writes the report over a nonce of 1 to 64 octets, signed by a VCEK or VLEK. */
ATLS_NODISCARD enum atls_err atls_sim_snp_sign(uint8_t out[ATLS_SIM_SNP_REPORT_LEN],
                                               const uint8_t unsigned_part[ATLS_SIM_SNP_SIGNED_LEN],
                                               const struct atls_key *key, struct atls_bytes nonce,
                                               struct atls_diag *diag);

/* atls_sim_snp_field lends a field by its name; empty for an unknown one. */
struct atls_bytes atls_sim_snp_field(const struct atls_sim_snp *snp, const char *name);
bool atls_sim_snp_is_vlek(const struct atls_sim_snp *snp);

#endif
