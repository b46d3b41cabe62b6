/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
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
    ATLS_TIER_NONE = 0,            /**< nothing is asserted */
    ATLS_TIER_AFFIRMING = 2,       /**< as it should be */
    ATLS_TIER_WARNING = 32,        /**< not as it should be, or not known */
    ATLS_TIER_CONTRAINDICATED = 96 /**< known to be wrong */
};

/** The eight trustworthiness claims, in the order of their EAR keys 0..7. */
enum atls_trust_claim {
    ATLS_TRUST_INSTANCE_IDENTITY = 0, /**< who this machine is */
    ATLS_TRUST_CONFIGURATION,         /**< how it is set up */
    ATLS_TRUST_EXECUTABLES,           /**< what it runs */
    ATLS_TRUST_FILE_SYSTEM,           /**< what it can read */
    ATLS_TRUST_HARDWARE,              /**< what it is made of */
    ATLS_TRUST_RUNTIME_OPAQUE,        /**< whether its memory is hidden from others */
    ATLS_TRUST_STORAGE_OPAQUE,        /**< whether its storage is */
    ATLS_TRUST_SOURCED_DATA,          /**< where its data come from */
    ATLS_NUM_TRUST_CLAIMS             /**< how many claims there are */
};

/** A trustworthiness vector; 0 means that nothing is asserted. */
struct atls_trust_vector {
    int8_t claim[ATLS_NUM_TRUST_CLAIMS]; /**< by enum atls_trust_claim, values of AR4SI */
};

/** How the TLS key is known to belong to the attester. */
enum atls_key_binding {
    ATLS_KEY_BINDING_NONE = 0,     /**< it is not known to */
    ATLS_KEY_BINDING_HARDWARE = 1, /**< the Evidence shows the key: local, not exportable (R-04) */
    ATLS_KEY_BINDING_CHALLENGE = 2 /**< the attested software vouches, through the binder */
};

/** When the Evidence was exchanged. */
enum atls_timing {
    ATLS_TIMING_NONE = 0,       /**< not over a connection */
    ATLS_TIMING_HANDSHAKE = 1,  /**< in the handshake */
    ATLS_TIMING_POST = 2,       /**< after it, before application data */
    ATLS_TIMING_BOTH = 3,       /**< in it and after it */
    ATLS_TIMING_CERTIFICATE = 4 /**< before it, in the certificate */
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
    char format[24];                 /**< row of the table of names, such as "tpm2" */
    char submod[32];                 /**< its name in an EAR */
    enum atls_tier status;           /**< worst tier of the vector */
    struct atls_trust_vector vector; /**< what each claim came to */
    bool simulated;                  /**< its root is a simulation, whatever else holds */
    char *claims_json; /**< verified claims as one JSON object, owned by the verdict; may be NULL */
};

/** What was decided about the peer of one connection. */
struct atls_verdict {
    enum atls_verdict_state state; /**< ask atls_verdict_opens(), not this */
    struct atls_diag reason;       /**< why, when refused; its texts are in it, and live as long */
    bool peer_has_key;             /**< `peer_spki_sha256` is set */
    uint8_t peer_spki_sha256[32];  /**< SHA-256 of the DER SubjectPublicKeyInfo */
    char peer_subject[256];        /**< subject of the certificate; untrusted without PKIX */
    bool pkix;                     /**< chain and name were checked and hold */
    size_t num_evidence;           /**< how many of `evidence` there are */
    struct atls_verdict_evidence evidence[ATLS_MAX_SUBMODS]; /**< authentic Evidence only */
    enum atls_key_binding key_binding;                       /**< how the TLS key belongs to it */
    enum atls_timing timing;                                 /**< when it was exchanged */
    uint8_t binder[ATLS_MAX_BINDER_LEN]; /**< the binder that the Evidence was compared with */
    size_t binder_len;                   /**< octets, 0 when there is none */
    char suite[40];                      /**< cipher suite, by its name in RFC 8446 */
    char group[40];                      /**< group of the key exchange */
    char policy_id[64];                  /**< "id" of the policy that decided */
    uint32_t policy_version;             /**< 0: the built-in default */
    char verifier[128];                  /**< "in-process", or the Verifier's identity */
    char own_format[24];                 /**< what this side attested with; empty: it did not */
    bool psk;                            /**< both sides proved that they have the external PSK */
    bool resumed;        /**< nothing was appraised on this connection: its session was resumed */
    int64_t appraised_s; /**< when it was, in seconds since 1970; resumed sessions only */
    uint32_t age_s;      /**< seconds since then, at the time of the handshake */
};

/** atls_verdict_opens is the only test that lets data through.
 *  @param verdict  NULL is closed
 *  @return true for ACCEPTED and NOT_REQUIRED */
ATLS_API bool atls_verdict_opens(const struct atls_verdict *verdict);

/** atls_verdict_cleanup frees what a verdict owns and returns it to the zero state.
 *  @param verdict  one of the caller's own; NULL is fine */
ATLS_API void atls_verdict_cleanup(struct atls_verdict *verdict);

/** atls_verdict_json writes the verdict as one line of JSON (docs/json/verdict.schema.json).
 *  @param verdict  in any state
 *  @return a NUL-terminated string that the caller frees with free(), NULL without memory */
ATLS_API char *atls_verdict_json(const struct atls_verdict *verdict);

/** atls_tier_of gives the tier of a claim's value (AR4SI 2.3.2).
 *  @param value  -128 to 127
 *  @return the tier of its range, which has a negative half as well */
ATLS_API enum atls_tier atls_tier_of(int8_t value);
/** atls_tier_name names a tier.
 *  @param tier  any value
 *  @return "none", "affirming", "warning" or "contraindicated" */
ATLS_API const char *atls_tier_name(enum atls_tier tier);
/** atls_trust_claim_name names a claim as AR4SI does.
 *  @param claim  one of the eight
 *  @return such as "instance-identity"; NULL out of range */
ATLS_API const char *atls_trust_claim_name(enum atls_trust_claim claim);

#ifdef __cplusplus
}
#endif
#endif
