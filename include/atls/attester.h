/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Attesters: what makes Evidence. An implementation exports one const table of operations, which a
 * program hands to its context (atls_context_add_attester); that is where it is checked.
 *
 * Threads: `attest` may be called from several threads at once for one attester.
 */
#ifndef ATLS_ATTESTER_H
#define ATLS_ATTESTER_H

#include "atls/bytes.h"
#include "atls/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/** struct atls_attester is one opened attester; each implementation defines its own. */
struct atls_attester;

/** What Evidence is asked for. */
struct atls_attest_request {
    struct atls_bytes nonce; /**< the binder or an outside nonce, exactly as it must appear */
    struct atls_bytes spki;  /**< DER SubjectPublicKeyInfo of the TLS key that presents it */
    uint32_t timeout_ms;     /**< give up with ATLS_ERR_DEADLINE after this time */
};

/** What `atls keygen` asks for. Strings are borrowed. */
struct atls_provision_request {
    const char *tcti; /**< TPM command interface, such as "device:/dev/tpmrm0"; may be NULL */
    const char *pcrs; /**< PCR selection, such as "sha256:0,1,2,7"; may be NULL */
    const char *const *claims; /**< "claim=value" settings of simulated attesters */
    size_t num_claims;         /**< entries of `claims` */
};

/** What a provisioned attester is made of. All strings are NUL-terminated, allocated with malloc,
 *  and freed by atls_provision_cleanup. */
struct atls_provision {
    char *config_json; /**< attester.json: all that `open` needs; holds secrets of simulations */
    char *key_pem;    /**< "TSS2 PRIVATE KEY" of the TLS key; NULL: the program makes its own key */
    char *comid_json; /**< CoMID template: attestation key and reference values; NULL: this version
                           appraises no such Evidence */
    bool simulated;   /**< the CoRIM made of it must carry the entity "atls simulation" */
    char *collateral_json; /**< what the maker of the root of trust signs beside Evidence, where
                              that is not in the Evidence itself; NULL: nothing */
};

/** Version of the table below; it changes with its layout or meaning. */
#define ATLS_ATTESTER_ABI 1u

/** Operations of an attester. Every entry is required; "nothing to do" is a named function. */
struct atls_attester_ops {
    uint32_t abi;       /**< ATLS_ATTESTER_ABI */
    uint32_t size;      /**< sizeof(struct atls_attester_ops) */
    const char *name;   /**< "tpm2", "sim-psa": --attest, --rot */
    const char *format; /**< row of the table of names that its Evidence belongs to */
    bool simulated;     /**< its root of trust proves nothing: for demonstrations and tests */
    bool computes; /**< `attest` only computes, and never waits for a device: it may run in place */

    size_t padded_len; /**< 64: the root of trust takes so many octets, and a shorter nonce is
                          padded with zeros on the right; 0: it takes a nonce as it is */

    /** open makes an attester from the JSON text of attester.json. Gives *out to the caller. */
    enum atls_err (*open)(struct atls_attester **out, struct atls_bytes config_json,
                          struct atls_diag *diag);
    /** close frees it; NULL is fine. No `attest` may be running. */
    void (*close)(struct atls_attester *attester);
    /** max_nonce gives the longest nonce in octets that it can bind (34 for a SHA-256-only TPM). */
    size_t (*max_nonce)(const struct atls_attester *attester);
    /** attest writes one CMW (at most `out.cap` octets) and sets *out_len. Blocks, at most
     *  request->timeout_ms. ATLS_ERR_KEY when the Evidence could not be about request->spki. */
    enum atls_err (*attest)(struct atls_attester *attester, struct atls_buf out, size_t *out_len,
                            const struct atls_attest_request *request, struct atls_diag *diag);
    /** load_key gives the TLS key of a "TSS2 PRIVATE KEY" PEM as an EVP_PKEY that the caller frees.
     *  ATLS_ERR_KEY for attesters whose keys are ordinary files. */
    enum atls_err (*load_key)(struct atls_attester *attester, struct evp_pkey_st **out,
                              struct atls_bytes pem, struct atls_diag *diag);
    /** provision makes a new attester: keys and the description of what to endorse. */
    enum atls_err (*provision)(struct atls_provision *out,
                               const struct atls_provision_request *request,
                               struct atls_diag *diag);
};

/** atls_provision_cleanup wipes and frees what `provision` gave.
 *  @param provision  all zero afterwards; NULL is fine */
ATLS_API void atls_provision_cleanup(struct atls_provision *provision);

#ifdef __cplusplus
}
#endif
#endif
