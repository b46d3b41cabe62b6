/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values of a CoMID template (json/comid_json.h) out of what Evidence says of one
 * machine, format by format (docs/endorsements.md): what is stated, and how it is compared. Each
 * gives the list of records, or NULL without memory. Octets are as they stand in the Evidence.
 */
#ifndef JSON_REFERENCES_H
#define JSON_REFERENCES_H

#include "atls/bytes.h"

#include <jansson.h>
#include <stddef.h>

/* A software component of PSA (RFC 9783, 4.4.1), as one measurement. */
struct atls_psa_reference {
    struct atls_bytes value; /* 32, 48 or 64 octets */
    struct atls_bytes signer;
    const char *type;    /* NULL: none */
    const char *version; /* NULL: none */
};
json_t *atls_reference_psa(const struct atls_psa_reference *component);

/* A PCR, as one measurement. */
json_t *atls_reference_pcr(uint64_t pcr, struct atls_bytes value);

/* The image of a Nitro enclave: `measurements` are its PCRs, which it takes. */
json_t *atls_references_nitro(json_t *measurements);

/* A guest of SEV-SNP: policy and VMPL as they are; guest SVN, TCB and firmware at least. */
struct atls_snp_references {
    struct atls_bytes guest_svn;    /* 4 octets */
    struct atls_bytes policy;       /* 8 */
    struct atls_bytes vmpl;         /* 4 */
    struct atls_bytes measurement;  /* 48 */
    struct atls_bytes reported_tcb; /* 8 */
    const char *firmware;           /* that is committed, "1.55.29"; NULL: of any version */
};
json_t *atls_references_snp(const struct atls_snp_references *guest);

/* A value that nobody measured, and which is stated where it is not zero; empty: left open. */
struct atls_named_value {
    const char *name; /* key of its measurement */
    struct atls_bytes value;
};

/* A trust domain of TDX: all that is measured, and its attributes as they are. */
struct atls_td_references {
    struct atls_bytes mr_td; /* 48, as the registers */
    struct atls_bytes rtmr[4];
    struct atls_bytes attributes; /* 8 */
    const struct atls_named_value *named;
    size_t num_named;
};
json_t *atls_references_td(const struct atls_td_references *td);

/* An enclave of SGX: its code, its signer's product, and at least this security version. */
struct atls_enclave_references {
    struct atls_bytes mr_enclave; /* 32 */
    struct atls_bytes mr_signer;  /* 32 */
    uint16_t prod_id;
    uint16_t svn;
    uint16_t config_svn;          /* at least, where it is not zero */
    struct atls_bytes attributes; /* 16, of which the flags are compared and XFRM, which is the
                                     processor's, is not; empty: left open */
    const struct atls_named_value *named;
    size_t num_named;
};
json_t *atls_references_enclave(const struct atls_enclave_references *enclave);

#endif
