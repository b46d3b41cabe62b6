/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes of Intel's Data Center Attestation Primitives: version 3 of SGX, versions 4 and 5 of SGX
 * and TDX. Integers are little-endian; keys and ECDSA signatures are big-endian, x || y and r || s.
 *
 * The order is in the types: atls_quote_parse gives a struct that nobody can look into but
 * signatures.c and those who read Evidence for a remote Verifier; the body of a quote is read from
 * an atls_quote_verified, which only atls_quote_verify makes.
 */
#ifndef APPRAISER_INTEL_QUOTE_H
#define APPRAISER_INTEL_QUOTE_H

#include "appraiser/appraiser.h"

/* Largest quote: what the newest Linux gives a trust domain room for. */
#define ATLS_MAX_QUOTE_LEN 131072
/* Largest certification data inside; a chain of three certificates takes 4 KiB. */
#define ATLS_MAX_CERTIFICATION_LEN 65536

#define ATLS_QUOTE_SVN_LEN         16
#define ATLS_QUOTE_NUM_RTMRS       4
#define ATLS_QUOTE_REPORT_LEN      384 /* report of an enclave, that of the quoting enclave too */

enum atls_tee { ATLS_TEE_SGX = 0, ATLS_TEE_TDX = 0x81 };

/* Report of an enclave (Intel SDM, volume 3D, REPORT): 384 octets. */
struct atls_enclave {
    struct atls_bytes cpu_svn;     /* 16 octets */
    struct atls_bytes misc_select; /* 4 */
    struct atls_bytes ext_prod_id; /* 16 */
    struct atls_bytes attributes;  /* 16: flags and XFRM */
    struct atls_bytes mr_enclave;  /* 32 */
    struct atls_bytes mr_signer;   /* 32 */
    struct atls_bytes config_id;   /* 64 */
    uint16_t prod_id;
    uint16_t svn;
    uint16_t config_svn;
    struct atls_bytes family_id;   /* 16 */
    struct atls_bytes report_data; /* 64 */
};

/* Report of a trust domain (Intel TDX module, TDREPORT), 1.0 or 1.5. */
struct atls_trust_domain {
    struct atls_bytes tee_tcb_svn;     /* 16 */
    struct atls_bytes mr_seam;         /* 48, as all that begin with mr_ */
    struct atls_bytes mr_signer_seam;  /* 48 */
    struct atls_bytes seam_attributes; /* 8 */
    uint64_t attributes;
    uint64_t xfam;
    struct atls_bytes attributes_octets; /* 8: the same as they stand */
    struct atls_bytes xfam_octets;       /* 8 */
    struct atls_bytes mr_td;
    struct atls_bytes mr_config_id;
    struct atls_bytes mr_owner;
    struct atls_bytes mr_owner_config;
    struct atls_bytes rtmr[ATLS_QUOTE_NUM_RTMRS];
    struct atls_bytes report_data; /* 64 */
    bool is_1_5;
    struct atls_bytes tee_tcb_svn2;  /* 1.5 only */
    struct atls_bytes mr_service_td; /* 1.5 only */
};

struct atls_quote_body {
    uint16_t version;
    enum atls_tee tee;
    struct atls_enclave enclave; /* ATLS_TEE_SGX */
    struct atls_trust_domain td; /* ATLS_TEE_TDX */
};

struct atls_quote_parsed; /* the structure; nothing of it is known to be true */

/* structure.c. Takes quotes of `tee` only: EVIDENCE_TYPE for the other, ALGORITHM for another type
 * of attestation key, EVIDENCE_MALFORMED for anything that is no quote. Octets behind the quote
 * must be zero, as the buffer that a driver hands over has them. Gives *out to the caller; it
 * borrows `quote`. */
ATLS_NODISCARD enum atls_err atls_quote_parse(struct atls_quote_parsed **out, enum atls_tee tee,
                                              struct atls_bytes quote, struct atls_diag *diag);
/* atls_quote_has_head is true for octets that begin as a quote of a version and a TEE that are
 * known; what comes then may be anything. */
bool atls_quote_has_head(struct atls_bytes octets, enum atls_tee *out_tee);
void atls_quote_parsed_free(struct atls_quote_parsed *parsed);
void atls_quote_parsed_cleanup(struct atls_quote_parsed **parsed);

#endif
