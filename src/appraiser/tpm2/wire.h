/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three TPM 2.0 structures that a key attestation carries (TPM 2.0 Library, part 2): read
 * exactly, big-endian, with nothing behind them, and only in the variants that make sense here.
 */
#ifndef APPRAISER_TPM2_WIRE_H
#define APPRAISER_TPM2_WIRE_H

#include "base/crypto_ops.h"
#include "base/diag.h"

/* TPM_ALG_ID */
enum {
    ATLS_TPM_RSA = 0x0001,
    ATLS_TPM_SHA1 = 0x0004,
    ATLS_TPM_SHA256 = 0x000b,
    ATLS_TPM_SHA384 = 0x000c,
    ATLS_TPM_SHA512 = 0x000d,
    ATLS_TPM_NULL = 0x0010,
    ATLS_TPM_RSASSA = 0x0014,
    ATLS_TPM_RSAPSS = 0x0016,
    ATLS_TPM_ECDSA = 0x0018,
    ATLS_TPM_ECC = 0x0023
};
/* TPM_ECC_CURVE */
enum { ATLS_TPM_P256 = 3, ATLS_TPM_P384 = 4, ATLS_TPM_P521 = 5 };
/* TPM_ST */
enum { ATLS_TPM_ST_CERTIFY = 0x8017, ATLS_TPM_ST_QUOTE = 0x8018 };
/* TPMA_OBJECT */
enum {
    ATLS_TPM_FIXED_TPM = 1u << 1,
    ATLS_TPM_FIXED_PARENT = 1u << 4,
    ATLS_TPM_SENSITIVE_DATA_ORIGIN = 1u << 5,
    ATLS_TPM_RESTRICTED = 1u << 16,
    ATLS_TPM_SIGN = 1u << 18
};

/* TPMT_SIGNATURE */
struct atls_tpm_signature {
    uint16_t scheme;
    uint16_t hash;
    struct atls_bytes r, s; /* ECDSA: may lack leading zeros */
    struct atls_bytes rsa;
};

/* TPMT_PUBLIC of a signing key */
struct atls_tpm_public {
    struct atls_bytes encoded; /* what the name is a hash of */
    uint16_t type;
    uint16_t name_alg;
    uint32_t attributes;
    struct atls_bytes auth_policy;
    uint16_t scheme, scheme_hash; /* scheme ATLS_TPM_NULL: any */
    uint16_t curve;               /* ECC */
    struct atls_bytes x, y;
    uint16_t key_bits; /* RSA */
    uint32_t exponent;
    struct atls_bytes n;
};

#define ATLS_TPM_MAX_BANKS 16
/* Octets of a bitmap that we read: PCR 0 to 31. */
#define ATLS_TPM_MAX_SELECT 4

/* TPMS_PCR_SELECTION */
struct atls_tpm_selection {
    uint16_t bank;
    uint32_t pcrs; /* bit n: PCR n */
};

/* TPMS_ATTEST of TPM2_Certify or TPM2_Quote */
struct atls_tpm_attest {
    struct atls_bytes encoded; /* what the signature covers */
    uint16_t type;
    struct atls_bytes qualified_signer;
    struct atls_bytes extra_data;
    uint64_t clock;
    uint32_t reset_count, restart_count;
    bool safe;
    uint64_t firmware_version;
    /* certify */
    struct atls_bytes name, qualified_name;
    /* quote */
    struct atls_tpm_selection selections[ATLS_TPM_MAX_BANKS];
    size_t num_selections;
    struct atls_bytes pcr_digest;
};

/* `what` names the member of the bundle in sentences. */
ATLS_NODISCARD enum atls_err atls_tpm_read_signature(struct atls_tpm_signature *out,
                                                     struct atls_bytes input, const char *what,
                                                     struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_tpm_read_public(struct atls_tpm_public *out,
                                                  struct atls_bytes input, const char *what,
                                                  struct atls_diag *diag);
/* atls_tpm_read_attest refuses a magic other than TPM_GENERATED_VALUE and a type other than
 * `type`: a restricted key signs nothing else that begins so. */
ATLS_NODISCARD enum atls_err atls_tpm_read_attest(struct atls_tpm_attest *out,
                                                  struct atls_bytes input, uint16_t type,
                                                  const char *what, struct atls_diag *diag);

/* atls_tpm_hash gives the COSE number of a TPM hash; ATLS_ALG_NONE for SHA-1 and all that is not
 * accepted. atls_tpm_hash_name is for sentences and claims, never NULL. */
int32_t atls_tpm_hash(uint16_t alg);
const char *atls_tpm_hash_name(uint16_t alg);

#endif
