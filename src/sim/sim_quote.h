/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated quotes of Intel SGX and TDX: every field of theirs, and of the platform and the
 * collateral around them, by a name that --set takes. What is asked for is done, however wrong.
 */
#ifndef SIM_SIM_QUOTE_H
#define SIM_SIM_QUOTE_H

#include "base/diag.h"
#include "base/writer.h"
#include "sim/sim_claims.h"

#include <jansson.h>

#define ATLS_SIM_QUOTE_REPORT_LEN 384

/* An enclave: that which attests, or the one that signs quotes. Numbers as they stand. */
struct atls_sim_enclave {
    uint8_t cpu_svn[16];
    uint8_t misc_select[4];
    uint8_t ext_prod_id[16];
    uint8_t attributes[16];
    uint8_t mr_enclave[32];
    uint8_t mr_signer[32];
    uint8_t config_id[64];
    int64_t prod_id;
    int64_t svn;
    int64_t config_svn;
    uint8_t family_id[16];
};

struct atls_sim_td {
    uint8_t tee_tcb_svn[16];
    uint8_t mr_seam[48];
    uint8_t mr_signer_seam[48];
    uint8_t seam_attributes[8];
    uint8_t attributes[8];
    uint8_t xfam[8];
    uint8_t mr_td[48];
    uint8_t mr_config_id[48];
    uint8_t mr_owner[48];
    uint8_t mr_owner_config[48];
    uint8_t rtmr[4][48];
    uint8_t tee_tcb_svn2[16];
    uint8_t mr_service_td[48];
};

/* What Intel would say of the platform: PCK certificate, and collateral. */
struct atls_sim_platform {
    uint8_t ppid[16];
    uint8_t fmspc[6];
    uint8_t pce_id[2];
    uint8_t components[16];
    int64_t pcesvn;
    uint8_t tcb_fmspc[6]; /* of TCB info */
    uint8_t tcb_pce_id[2];
    uint8_t tcb_components[16];
    uint8_t tcb_tdx_components[16];
    int64_t tcb_pcesvn;
    int64_t evaluation;
    char tcb_status[64];
    char tcb_advisory[64]; /* empty: none */
    int64_t module_version;
    int64_t module_svn;
    char module_status[64];
    uint8_t module_signer[48];
    struct atls_sim_enclave identity; /* of the quoting enclave, as Intel knows it */
    uint8_t identity_misc_mask[4];
    uint8_t identity_mask[16];
    char qe_status[64];
    char made[32]; /* RFC 3339: dates of all that is signed; the ends are a year later */
    char tcb_info_until[32];
    char identity_until[32];
    char crl_until[32];
    char pck_until[32];
    char revoked[16]; /* "pck", "ca", "tcb-signing", "none" */
};

struct atls_sim_quote {
    bool is_td;
    int64_t version;  /* 3, 4 or 5 */
    int64_t td_minor; /* 0 or 5: TD 1.0 or 1.5 (version 5 only) */
    struct atls_sim_enclave enclave;
    struct atls_sim_td td;
    struct atls_sim_enclave qe;
    struct atls_sim_platform platform;
    uint8_t qe_auth[64];
    int64_t qe_auth_len;
};

/* atls_sim_quote_init gives what an appraiser finds nothing wrong with, but its random names. */
ATLS_NODISCARD enum atls_err atls_sim_quote_init(struct atls_sim_quote *quote, bool is_td,
                                                 struct atls_diag *diag);
/* atls_sim_quote_set takes one "name=value"; octets are hex of exactly the field's length. */
ATLS_NODISCARD enum atls_err atls_sim_quote_set(struct atls_sim_quote *quote, const char *setting,
                                                struct atls_diag *diag);
/* The object of attester.json; the caller frees with json_decref. NULL without memory. */
json_t *atls_sim_quote_to_json(const struct atls_sim_quote *quote);
ATLS_NODISCARD enum atls_err atls_sim_quote_from_json(struct atls_sim_quote *quote,
                                                      const json_t *object, struct atls_diag *diag);

/* atls_sim_quote_put_covered writes header and body: what the attestation key signs. */
void atls_sim_quote_put_covered(struct atls_writer *w, const struct atls_sim_quote *quote,
                                struct atls_bytes report_data);
/* atls_sim_quote_put_enclave writes a report of an enclave, 384 octets. */
void atls_sim_quote_put_enclave(struct atls_writer *w, const struct atls_sim_enclave *enclave,
                                struct atls_bytes report_data);
/* Integers of quotes are little-endian. */
void atls_sim_put_le16(struct atls_writer *w, uint64_t value);
void atls_sim_put_le32(struct atls_writer *w, uint64_t value);

#endif
