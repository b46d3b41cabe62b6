/* SPDX-License-Identifier: Apache-2.0 */
/* A TPM for tests, made of software keys: it writes whatever it is told to, also what no TPM
 * would, and signs it (link room_appraiser, room_crypto). */
#ifndef SUPPORT_TPM_MAKER_H
#define SUPPORT_TPM_MAKER_H

#include "support/cbor.h"
#include "support/keys.h"

/* TPMS_ATTEST, field by field. */
struct test_tpm_attest {
    uint32_t magic;
    uint16_t type; /* 8017 or 8018: which body follows */
    struct atls_bytes qualified_signer;
    struct atls_bytes extra_data;
    uint64_t clock;
    uint32_t reset_count, restart_count;
    uint8_t safe;
    uint64_t firmware_version;
    struct atls_bytes name, qualified_name; /* certify; empty name: that of the public area */
    uint16_t banks[4];                      /* quote */
    uint32_t pcrs[4];
    size_t num_banks;
    struct atls_bytes pcr_digest;
};

struct test_tpm {
    struct atls_key *ak;
    struct atls_key *tls;
    struct atls_bytes kid;
    uint16_t scheme, hash; /* of the AK's signatures: TPM_ALG_ID */
    /* the TLS key's public area */
    uint16_t name_alg;
    uint32_t attributes;
    uint16_t key_scheme, key_scheme_hash;
    struct test_tpm_attest certify;
    struct test_tpm_attest quote;
};

/* The members of the bundle, to be swapped and spoilt. */
struct test_bundle {
    struct atls_bytes kat_kid, kat_sig, cert_info, pub_area;
    struct atls_bytes pat_kid, pat_sig, attest_info;
};

/* test_tpm_init gives a machine whose Evidence is in order: P-256 for both keys, ECDSA with
 * SHA-256, nonce 32 times 4e, kid 01 and 32 times `machine`, PCRs 0, 1 and 7 of bank SHA-256. */
void test_tpm_init(struct test_tpm *tpm, uint8_t machine);
/* test_tpm_use takes other keys, and the AK's usual scheme with them. */
void test_tpm_use(struct test_tpm *tpm, struct atls_key *ak, struct atls_key *tls);
struct atls_bytes test_tpm_nonce(void);
/* test_tpm_pcr is the value of a PCR in test_tpm_init: `len` times the octet c0 + pcr. */
struct atls_bytes test_tpm_pcr(unsigned pcr, size_t len);
/* test_tpm_pcr_digest hashes such values for the PCRs of a mask. */
struct atls_bytes test_tpm_pcr_digest(uint32_t pcrs, size_t value_len, int32_t hash);

struct test_bundle test_tpm_make(const struct test_tpm *tpm);
struct atls_bytes test_bundle_encode(const struct test_bundle *bundle);
/* Both in one. */
struct atls_bytes test_tpm_evidence(const struct test_tpm *tpm);

/* TPMT_PUBLIC of the machine's TLS key, TPMT_SIGNATURE by its AK, TPMS_ATTEST. */
struct atls_bytes test_tpm_public(const struct test_tpm *tpm);
struct atls_bytes test_tpm_signature(const struct test_tpm *tpm, struct atls_bytes octets);
struct atls_bytes test_tpm_write_attest(const struct test_tpm_attest *attest);

#endif
