/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of an appraisal: trustworthiness vector (AR4SI), status, and the verdict on one peer.
 * A verdict is not an error. Its zero state is "no verdict", which opens nothing.
 */
#ifndef ATLS_RESULT_H
#define ATLS_RESULT_H

#include "atls/bytes.h"
#include "atls/error.h"
#include "atls/limits.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Trustworthiness tiers (draft-ietf-rats-ar4si-10, 2.3.2); the number is the status in an EAR. */
enum atls_tier {
    ATLS_TIER_NONE = 0,
    ATLS_TIER_AFFIRMING = 2,
    ATLS_TIER_WARNING = 32,
    ATLS_TIER_CONTRAINDICATED = 96
};

/** The eight trustworthiness claims, in the order of their EAR keys 0..7. */
enum atls_trust_claim {
    ATLS_TRUST_INSTANCE_IDENTITY = 0,
    ATLS_TRUST_CONFIGURATION,
    ATLS_TRUST_EXECUTABLES,
    ATLS_TRUST_FILE_SYSTEM,
    ATLS_TRUST_HARDWARE,
    ATLS_TRUST_RUNTIME_OPAQUE,
    ATLS_TRUST_STORAGE_OPAQUE,
    ATLS_TRUST_SOURCED_DATA,
    ATLS_NUM_TRUST_CLAIMS
};

/** A trustworthiness vector; 0 means that nothing is asserted. */
struct atls_trust_vector {
    int8_t claim[ATLS_NUM_TRUST_CLAIMS];
};

/** How the TLS key is known to belong to the attester. */
enum atls_key_binding {
    ATLS_KEY_BINDING_NONE = 0,
    ATLS_KEY_BINDING_HARDWARE = 1, /**< the Evidence shows the key: local, not exportable (R-04) */
    ATLS_KEY_BINDING_CHALLENGE = 2 /**< the attested software vouches, through the binder */
};

/** When the Evidence was exchanged. */
enum atls_timing {
    ATLS_TIMING_NONE = 0,
    ATLS_TIMING_HANDSHAKE = 1,
    ATLS_TIMING_POST = 2,
    ATLS_TIMING_BOTH = 3,
    ATLS_TIMING_CERTIFICATE = 4
};

/** The state of a verdict. Only ACCEPTED and NOT_REQUIRED let application data through. */
enum atls_verdict_state {
    ATLS_VERDICT_NONE = 0,        /**< nothing is known yet: closed */
    ATLS_VERDICT_ACCEPTED = 1,    /**< the peer attested, and everything that was required holds */
    ATLS_VERDICT_REFUSED = 2,     /**< see `reason` */
    ATLS_VERDICT_NOT_REQUIRED = 3 /**< this side requires no attestation of its peer */
};

/** One appraised piece of Evidence within a verdict. */
struct atls_verdict_evidence {
    char format[24]; /**< row of the table of names, such as "tpm2" */
    char submod[32]; /**< its name in an EAR */
    enum atls_tier status;
    struct atls_trust_vector vector;
    bool simulated;    /**< its root is a simulation, whatever else holds */
    char *claims_json; /**< verified claims as one JSON object, owned by the verdict; may be NULL */
};

/** What was decided about the peer of one connection. */
struct atls_verdict {
    enum atls_verdict_state state;
    struct atls_diag reason;      /**< why, when refused */
    bool peer_has_key;            /**< `peer_spki_sha256` is set */
    uint8_t peer_spki_sha256[32]; /**< SHA-256 of the DER SubjectPublicKeyInfo */
    char peer_subject[256];       /**< subject of the certificate; untrusted without PKIX */
    bool pkix;                    /**< chain and name were checked and hold */
    size_t num_evidence;
    struct atls_verdict_evidence evidence[ATLS_MAX_SUBMODS];
    enum atls_key_binding key_binding;
    enum atls_timing timing;
    uint8_t binder[ATLS_MAX_BINDER_LEN]; /**< the binder that the Evidence was compared with */
    size_t binder_len;                   /**< octets, 0 when there is none */
    char suite[40];
    char group[40];
    char policy_id[64];
    uint32_t policy_version; /**< 0: the built-in default */
    char verifier[128];      /**< "in-process", or the Verifier's identity */
};

/** atls_verdict_opens is the only test that lets data through: ACCEPTED or NOT_REQUIRED. */
ATLS_API bool atls_verdict_opens(const struct atls_verdict *verdict);

/** atls_verdict_cleanup frees what a verdict owns and returns it to the zero state. */
ATLS_API void atls_verdict_cleanup(struct atls_verdict *verdict);

/** atls_verdict_json writes the verdict as one line of JSON (docs/json/verdict.schema.json).
 *  @return a NUL-terminated string that the caller frees with free(), NULL without memory */
ATLS_API char *atls_verdict_json(const struct atls_verdict *verdict);

/** atls_tier_of gives the tier of a claim's value (AR4SI 2.3.2): the range, for negative ones too.
 */
ATLS_API enum atls_tier atls_tier_of(int8_t value);
/** atls_tier_name gives "none", "affirming", "warning" or "contraindicated". */
ATLS_API const char *atls_tier_name(enum atls_tier tier);
/** atls_trust_claim_name gives the AR4SI name, such as "instance-identity"; NULL out of range. */
ATLS_API const char *atls_trust_claim_name(enum atls_trust_claim claim);

#ifdef __cplusplus
}
#endif
#endif
