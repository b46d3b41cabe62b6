/* SPDX-License-Identifier: Apache-2.0 */
/* A quote whose signatures hold: only atls_quote_verify makes one. */
#ifndef APPRAISER_INTEL_VERIFIED_H
#define APPRAISER_INTEL_VERIFIED_H

#include "appraiser/intel/tcb.h"
#include "endorsement/collateral.h"

/* Who signs quotes is trusted in environments of this vendor and of these models. */
#define ATLS_INTEL_VENDOR    "Intel Corporation"
#define ATLS_INTEL_MODEL_SGX "SGX"
#define ATLS_INTEL_MODEL_TDX "TDX"

/* What the signatures and Intel's collateral vouch for. Spans borrow the quote and the chain. */
struct atls_quote_facts {
    struct atls_quote_body body;
    struct atls_enclave qe; /* the quoting enclave */
    struct atls_pck pck;
    struct atls_root root;
    struct atls_quote_tcb tcb;
};

struct atls_quote_verified;

/*
 * atls_quote_verify follows the signatures from a root that is trusted down to the body: chain of
 * the PCK certificate and what is revoked of it, report of the quoting enclave, attestation key,
 * quote; and compares the platform with TCB info and enclave identity, which the scope must have.
 * Gives *out to the caller; it borrows `parsed` and the scope.
 */
ATLS_NODISCARD enum atls_err atls_quote_verify(struct atls_quote_verified **out,
                                               const struct atls_quote_parsed *parsed,
                                               const struct atls_crypto_ops *crypto,
                                               const struct atls_collateral_scope *scope,
                                               struct atls_diag *diag);
/*
 * atls_quote_check_signatures is for tools: the same signatures from a trusted root down to the
 * body, and neither what is revoked nor the platform, for which collateral is needed.
 */
ATLS_NODISCARD enum atls_err atls_quote_check_signatures(const struct atls_quote_parsed *parsed,
                                                         const struct atls_crypto_ops *crypto,
                                                         const struct atls_collateral_scope *scope,
                                                         struct atls_diag *diag);
void atls_quote_verified_free(struct atls_quote_verified *verified);
void atls_quote_verified_cleanup(struct atls_quote_verified **verified);
const struct atls_quote_facts *atls_quote_facts(const struct atls_quote_verified *verified);

/* atls_quote_root_key lends the DER SubjectPublicKeyInfo of the root, which is whom endorsers may
 * authorize to say something. */
struct atls_bytes atls_quote_root_key(const struct atls_quote_verified *verified);

/* atls_quote_identities adds all that a list may revoke: platform, certificates and keys. */
void atls_quote_identities(struct atls_identities *out, const struct atls_quote_verified *verified,
                           const struct atls_crypto_ops *crypto);

#endif
