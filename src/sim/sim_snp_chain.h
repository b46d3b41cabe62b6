/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of a simulated SEV-SNP platform (AMD 57230): an ARK, an ASK or ASVK, and a VCEK
 * or VLEK that says of chip and firmware what is asked for; and the ARK's list of revoked ones. */
#ifndef SIM_SIM_SNP_CHAIN_H
#define SIM_SIM_SNP_CHAIN_H

#include "crypto/key.h"
#include "sim/sim_snp_report.h"

/* Whose certificates, and the entries of the table that a host gives beside a report. */
enum atls_sim_snp_part {
    ATLS_SIM_SNP_ARK = 0,
    ATLS_SIM_SNP_ASK,
    ATLS_SIM_SNP_LEAF,
    ATLS_SIM_SNP_CRL, /* no certificate: the ARK's list */
    ATLS_SIM_SNP_NUM_PARTS
};
#define ATLS_SIM_SNP_ALL_PARTS ((1u << ATLS_SIM_SNP_NUM_PARTS) - 1)

/* What a chain is made with. */
struct atls_sim_snp_maker {
    struct atls_key *keys[ATLS_SIM_SNP_CRL]; /* private: RSA of ARK and ASK, P-384 of the leaf */
    int64_t now_s;
    unsigned parts;          /* bit n: part n is in the table */
    const uint64_t *revoked; /* serial numbers on the list; the ASK has 65537 */
    size_t num_revoked;
};

struct atls_sim_snp_chain {
    char *ark_pem;
    uint8_t *table;
    size_t table_len;
};

/* atls_sim_snp_chain_make issues what `snp` says of chip and firmware. */
ATLS_NODISCARD enum atls_err atls_sim_snp_chain_make(struct atls_sim_snp_chain *out,
                                                     const struct atls_sim_snp *snp,
                                                     const struct atls_sim_snp_maker *maker,
                                                     struct atls_diag *diag);
void atls_sim_snp_chain_cleanup(struct atls_sim_snp_chain *chain);

#endif
