/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The context: what this side attests with, what it requires of its peer, and what it knows
 * beforehand (endorsements, policy). One context serves any number of connections and threads.
 *
 * Three calls make an attested connection:
 *
 *     struct atls_context *atls = NULL;
 *     atls_context_new(&atls, &diag);                              // 1. a context
 *     atls_context_require(atls, "tpm2", &diag);                   // 2. what I require ...
 *     atls_context_load_endorsements(atls, "fleet.corim", &diag);  //    ... and what I trust
 *     atls_openssl_enable(ssl_ctx, atls, &diag);                   // 3. on an SSL_CTX
 *
 * Threads: set a context up in one thread. From atls_openssl_enable() on it is frozen (the setters
 * but atls_context_set_revoked() return ATLS_ERR_STATE) and may be used by all threads.
 */
#ifndef ATLS_CONTEXT_H
#define ATLS_CONTEXT_H

#include "atls/attester.h"
#include "atls/result.h"
#include "atls/bytes.h"
#include "atls/error.h"
#include "atls/fetcher.h"

#ifdef __cplusplus
extern "C" {
#endif

/** struct atls_context is reference-counted and opaque. */
struct atls_context;

/** atls_context_new gives an empty context: it attests with nothing and requires nothing.
 *  @param[out] out   the caller's, to be given back by atls_context_unref()
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK          `*out` is set
 *  @retval ATLS_ERR_MEMORY  no memory */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_new(struct atls_context **out,
                                                       struct atls_diag *diag);
/** atls_context_ref takes one more reference.
 *  @param context  not NULL
 *  @return its argument */
ATLS_API struct atls_context *atls_context_ref(struct atls_context *context);
/** atls_context_unref gives a reference back; the last one waits for running jobs and frees the
 *  context.
 *  @param context  NULL is fine */
ATLS_API void atls_context_unref(struct atls_context *context);

/**
 * atls_context_add_attester says what this side can attest with; the order of calls is its order of
 * preference.
 * @param context      not yet in use
 * @param ops          the table that an attester library exports; must outlive the context
 * @param config_json  text of attester.json; borrowed until return
 * @param[out] diag    why it failed; may be NULL
 * @retval ATLS_OK            added
 * @retval ATLS_ERR_STATE     the context is in use
 * @retval ATLS_ERR_CONFIG    it is the ninth, or `open` does not take the configuration
 * @retval ATLS_ERR_ARGUMENT  the table is incomplete, of another ABI, or its format is unknown
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_add_attester(struct atls_context *context,
                                                                const struct atls_attester_ops *ops,
                                                                struct atls_bytes config_json,
                                                                struct atls_diag *diag);

/**
 * atls_context_load_key loads a "TSS2 PRIVATE KEY" by the first attester whose key it is.
 * @param context    with attesters
 * @param[out] out   an EVP_PKEY that the caller frees
 * @param pem        text of the file; borrowed until return
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK       `*out` is set
 * @retval ATLS_ERR_KEY  no attester of this context can load it
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_load_key(struct atls_context *context,
                                                            struct evp_pkey_st **out,
                                                            struct atls_bytes pem,
                                                            struct atls_diag *diag);

/**
 * atls_context_require says what the peer must attest with.
 * @param context    not yet in use
 * @param terms      "none", or names separated by commas, in order of preference: "tpm2,psa"
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK             set, in place of what was required before
 * @retval ATLS_ERR_STATE      the context is in use
 * @retval ATLS_ERR_CONFIG     an unknown name
 * @retval ATLS_ERR_NOT_BUILT  a term that this version does not have
 */
ATLS_API ATLS_NODISCARD enum atls_err
atls_context_require(struct atls_context *context, const char *terms, struct atls_diag *diag);

/**
 * atls_context_endorsement_key takes endorsements from the holder of this key only; unsigned files
 * are then refused. Call it before atls_context_load_endorsements(), once for each key.
 * @param context    not yet in use
 * @param pem        a public key, or certificates: then their keys count, and those of certificates
 *                   that they issued, which a file brings along (x5chain)
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK         added
 * @retval ATLS_ERR_KEY    neither, or a private key
 * @retval ATLS_ERR_STATE  files are loaded already, or the context is in use
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_endorsement_key(struct atls_context *context,
                                                                   struct atls_bytes pem,
                                                                   struct atls_diag *diag);

/**
 * atls_context_load_endorsements adds a CoRIM file, or all files of a folder
 * (docs/endorsements.md).
 * @param context    not yet in use
 * @param path       of the file or folder; a folder is taken whole or not at all
 * @param[out] diag  why it failed, with the name of the file; may be NULL
 * @retval ATLS_OK                         loaded
 * @retval ATLS_ERR_STATE                  the context is in use
 * @retval ATLS_ERR_FILE                   it cannot be read
 * @retval ATLS_ERR_ENDORSEMENT            it is no CoRIM that this version takes
 * @retval ATLS_ERR_ENDORSEMENT_SIGNATURE  its signature is not that of an endorsement key
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_load_endorsements(struct atls_context *context,
                                                                     const char *path,
                                                                     struct atls_diag *diag);

/**
 * atls_context_endorsement_note gives sentences about what of the loaded files is kept and has no
 * effect here, such as a CoRIM for a format that is not built in.
 * @param context  borrowed
 * @param index    0 for the first
 * @return borrowed from the context; NULL behind the last
 */
ATLS_API const char *atls_context_endorsement_note(const struct atls_context *context,
                                                   size_t index);

/** atls_context_set_policy replaces the default policy.
 *  @param context    not yet in use
 *  @param json       text of a policy (docs/policy.schema.json); borrowed until return
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK               set
 *  @retval ATLS_ERR_STATE        the context is in use
 *  @retval ATLS_ERR_POLICY_FILE  it is not valid; the policy before stays in force */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_policy(struct atls_context *context,
                                                              struct atls_bytes json,
                                                              struct atls_diag *diag);

/**
 * atls_context_set_revoked replaces the list of what is revoked (docs/revoked.schema.json): keys,
 * certificates and machines that are refused from a time on, whatever else is true of them. It is
 * the one setting that a context in use takes, from any thread: what is looked up afterwards is
 * looked up in the new list, handshakes under way included; connections that are open stay open.
 * "[]" revokes nothing.
 * @param context    in use or not
 * @param json       borrowed until return
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK                set
 * @retval ATLS_ERR_REVOKED_FILE  not a valid list; the one before stays in force
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_revoked(struct atls_context *context,
                                                               struct atls_bytes json,
                                                               struct atls_diag *diag);

/** atls_context_allow_simulated accepts Evidence whose root of trust is a simulation, if its root
 *  was loaded by hand. For demonstrations and tests.
 *  @param context    not yet in use
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_allow_simulated(struct atls_context *context,
                                                                   struct atls_diag *diag);

/** atls_context_keep_claims keeps the verified claims of every peer in its verdict, as JSON. It
 *  costs a few percent of a handshake, so it is off by default.
 *  @param context    not yet in use
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_keep_claims(struct atls_context *context,
                                                               struct atls_diag *diag);

/** atls_context_set_timing says when the peer's Evidence is taken, and ours given:
 *  ATLS_TIMING_HANDSHAKE, the default; ATLS_TIMING_POST: after the handshake and before application
 *  data, bound to what the connection exports (atls/post.h); ATLS_TIMING_BOTH: the one and then the
 *  other, about the same key; ATLS_TIMING_CERTIFICATE: the peer's from its certificate (RA-TLS),
 *  which is bound to the key and to no session, and needs a policy whose timing names it.
 *  @param context    not yet in use
 *  @param timing     one of these four
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK            set
 *  @retval ATLS_ERR_ARGUMENT  no timing
 *  @retval ATLS_ERR_STATE     the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_timing(struct atls_context *context,
                                                              enum atls_timing timing,
                                                              struct atls_diag *diag);

/** atls_context_set_own_carriage says that the application itself carries, in a protocol of its
 *  own, what is exchanged after the handshake (atls/post.h). Then nothing is agreed upon by ALPN,
 *  and the connection is not shut until the peer has attested: no verdict opens before it has, and
 *  it is the application that must not use the connection for anything else meanwhile.
 *  @param context    not yet in use
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_own_carriage(struct atls_context *context,
                                                                    struct atls_diag *diag);

/** atls_context_set_framed says that application data may go in frames (PROTOCOL.md, section 11),
 * so that rounds can take place among them while the connection lives. Where the peer says so, too,
 * the application uses atls_post_read() and atls_post_write() of atls/post.h, which do what
 * SSL_read(3) and SSL_write(3) do where it does not. Needs timing post or both.
 *  @param context    not yet in use
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_framed(struct atls_context *context,
                                                              struct atls_diag *diag);

/** What becomes of a connection on which no round was accepted in time. */
enum atls_late {
    ATLS_LATE_CLOSE = 0, /**< it is refused, and shut */
    ATLS_LATE_TELL       /**< data stop until a round is accepted: ATLS_POST_LATE */
};

/** atls_context_set_reattest has the peer attest again while the connection lives: each time
 *  `period_ms` after it was accepted, and when the application says so (atls_post_round()). Data
 * flow meanwhile. They stop where no round was accepted `deadline_ms` after one was due. Each round
 * is appraised by policy, endorsements and revocations as they are then. Data are framed
 *  (atls_context_set_framed()), and a peer that does not frame them is refused. Needs a
 * requirement.
 *  @param context      not yet in use
 *  @param period_ms    at most one day; 0: only when the application says so
 *  @param deadline_ms  at most 600,000; 0: 10,000
 *  @param late         what becomes of the connection then
 *  @param[out] diag    why it failed; may be NULL
 *  @retval ATLS_OK            set
 *  @retval ATLS_ERR_ARGUMENT  out of range
 *  @retval ATLS_ERR_STATE     the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err
atls_context_set_reattest(struct atls_context *context, uint32_t period_ms, uint32_t deadline_ms,
                          enum atls_late late, struct atls_diag *diag);

/** atls_context_set_cmw_extension_type sets the code point of cmw_attestation, the extension of
 *  authenticators.
 *  @param context    not yet in use
 *  @param type       default 0xff5f; both sides must agree
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK          set
 *  @retval ATLS_ERR_CONFIG  another extension of the same messages has it
 *  @retval ATLS_ERR_STATE   the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err
atls_context_set_cmw_extension_type(struct atls_context *context, uint16_t type,
                                    struct atls_diag *diag);

/** atls_context_set_exporter_label sets the label by which the binder after the handshake is
 *  exported, for peers of an older draft-fossati-seat-expat.
 *  @param context    not yet in use
 *  @param label      "EXPORTER-cmw-attestation" (-04, the default), "Attestation" (-02, -03) or
 *                    "Attestation Binding" (-01); both sides must agree
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK          set
 *  @retval ATLS_ERR_CONFIG  another label
 *  @retval ATLS_ERR_STATE   the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_exporter_label(struct atls_context *context,
                                                                      const char *label,
                                                                      struct atls_diag *diag);

/** atls_context_set_no_pkix uses attestation instead of PKIX for the peer: its certificate must be
 *  self-signed and in its dates, and its identity is its key. Needs a requirement.
 *  @param context    not yet in use
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_no_pkix(struct atls_context *context,
                                                               struct atls_diag *diag);

/**
 * atls_context_set_resume lets sessions be resumed (docs/resumption.md): a ticket carries what was
 * appraised, by which configuration, and until when; a session that lapsed, or of which something
 * is revoked, is not resumed, and the handshake is a full one. Off by default. Both sides must have
 * it on. A session serves as long as `max_result_age_s` of the policy says, one day at most, and
 * never longer than what the appraisal rests on. 0-RTT stays off. On OpenSSL the facts are the
 * ticket_appdata of an SSL_SESSION, so they go with it wherever an application keeps that.
 * @param context    not yet in use, with timing ATLS_TIMING_HANDSHAKE
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK          set
 * @retval ATLS_ERR_STATE   the context is in use
 * @retval ATLS_ERR_MEMORY  no memory
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_resume(struct atls_context *context,
                                                              struct atls_diag *diag);

/** atls_context_set_extension_type sets the code point of remoteAttestation.
 *  @param context    not yet in use
 *  @param type       default 0xff5e; both sides must agree
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_extension_type(struct atls_context *context,
                                                                      uint16_t type,
                                                                      struct atls_diag *diag);

/** atls_context_set_timeout bounds the making of Evidence in one handshake.
 *  @param context     not yet in use
 *  @param timeout_ms  milliseconds, 1 to 600,000; default 10,000
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use
 *  @retval ATLS_ERR_ARGUMENT  out of range */
ATLS_API ATLS_NODISCARD enum atls_err
atls_context_set_timeout(struct atls_context *context, uint32_t timeout_ms, struct atls_diag *diag);

/** atls_context_set_workers sizes the pool in which Evidence is made and appraised.
 *  @param context    not yet in use
 *  @param threads    1 to 64; default 2
 *  @param max_queue  jobs that may wait, 1 to 65,536; default 256; a full queue is ATLS_ERR_BUSY
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use
 *  @retval ATLS_ERR_ARGUMENT  out of range */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_workers(struct atls_context *context,
                                                               unsigned threads, unsigned max_queue,
                                                               struct atls_diag *diag);

/** What atls_context_set_verifier needs to know. Everything is borrowed until return. */
struct atls_verifier_spec {
    /** The table that a fetcher library exports, such as atls_fetcher_curl; outlives the context.
     */
    const struct atls_fetcher_ops *fetcher;
    /** https URL of a Verifier with Veraison's challenge-response API; with "trustee+" before it,
     * of Trustee's Attestation Service with its RESTful API. */
    const char *url;
    /** PEM: the CA of the Verifier's certificate, or that certificate itself. No other is taken. */
    struct atls_bytes ca_pem;
    bool plain_http; /**< takes http:// to an address of this machine; the keys must then be pinned
                      */
};

/**
 * atls_context_set_verifier has Evidence of peers appraised by a Verifier over the network, in
 * place of this process with endorsements of its own. Freshness and key are compared here all the
 * same, and the policy applies to the Result. Each appraisal runs in the pool of workers, of which
 * there are 32 then unless atls_context_set_workers() says otherwise.
 *
 * Its Results are taken if they verify by the keys of atls_context_trust_verifier() or
 * atls_context_trust_verifier_at(), which come before; without either, by those that its discovery
 * document names. Nothing is sent before the first handshake.
 *
 * @param context    not yet in use
 * @param spec       which Verifier, and how to reach it
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK            set
 * @retval ATLS_ERR_CONFIG    a URL that is not taken, or no way to know who answers there
 * @retval ATLS_ERR_FILE      ca_pem has no certificate
 * @retval ATLS_ERR_ARGUMENT  the table is incomplete, or of another ABI
 * @retval ATLS_ERR_STATE     there is one already
 */
ATLS_API ATLS_NODISCARD enum atls_err
atls_context_set_verifier(struct atls_context *context, const struct atls_verifier_spec *spec,
                          struct atls_diag *diag);

/** What atls_context_set_collateral needs to know. Everything is borrowed until return. */
struct atls_collateral_spec {
    /** The table that a fetcher library exports, such as atls_fetcher_curl; outlives the context.
     *  NULL where there is no URL. */
    const struct atls_fetcher_ops *fetcher;
    /** Servers like AMD's KDS, Intel's PCS and PCCS, in the order in which they are asked. They are
     *  transport only: what they give is verified here, up to a root that is trusted. */
    const char *const *urls;
    size_t num_urls; /**< at most 4; 0: nothing is fetched */
    /** PEM: what the certificates of https servers lead to; empty: what the system trusts. */
    struct atls_bytes ca_pem;
    /** Folder where it is kept, and where collateral may lie that was loaded by other means; it is
     *  made where it is not there. NULL: what is fetched is kept in memory only. */
    const char *folder;
    /** What is kept in the folder is renewed in time from now on, in use or not: for a program that
     *  runs long, and has set its clock. Its thread begins here: fork before. */
    bool watches;
};

/**
 * atls_context_set_collateral has what is missing to appraise Evidence of peers (certificates of
 * chips, lists of revoked ones, TCB info: docs/collateral.md) fetched, and kept until it ends.
 * An appraisal that has to wait for a server does so in the pool of workers, within the time of its
 * handshake; what was fetched before costs no wait. Without `watches` nothing is fetched before the
 * first handshake.
 *
 * @param context    not yet in use, and appraising by itself
 * @param spec       from where, and where it is kept
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK               set
 * @retval ATLS_ERR_CONFIG       a URL that is not taken, or too many
 * @retval ATLS_ERR_FILE         the folder or a file in it cannot be used, or ca_pem has no
 *                               certificate
 * @retval ATLS_ERR_ENDORSEMENT  a file in the folder is no collateral
 * @retval ATLS_ERR_ARGUMENT     the table is incomplete, or of another ABI
 * @retval ATLS_ERR_STATE        it is set already, or a Verifier elsewhere appraises
 */
ATLS_API ATLS_NODISCARD enum atls_err
atls_context_set_collateral(struct atls_context *context, const struct atls_collateral_spec *spec,
                            struct atls_diag *diag);

/**
 * atls_context_trust_verifier takes Results of this Verifier.
 * @param context    not yet in use
 * @param identity   absolute URI, as in "iss" of its Results where they have one
 * @param keys       its public keys: a JWK set, a JWK, PEM, or a discovery document; borrowed until
 *                   return
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK          added
 * @retval ATLS_ERR_CONFIG  no absolute URI, the same twice, or a seventeenth
 * @retval ATLS_ERR_KEY     keys that are none
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_trust_verifier(struct atls_context *context,
                                                                  const char *identity,
                                                                  struct atls_bytes keys,
                                                                  struct atls_diag *diag);

/** atls_context_trust_verifier_at is the same with keys that are fetched when they are needed, from
 *  a JWK set or discovery document.
 *  @param context    not yet in use
 *  @param identity   as for atls_context_trust_verifier()
 *  @param url        https, of a server that `ca_pem` of the Verifier names
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK          added
 *  @retval ATLS_ERR_CONFIG  as for atls_context_trust_verifier() */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_trust_verifier_at(struct atls_context *context,
                                                                     const char *identity,
                                                                     const char *url,
                                                                     struct atls_diag *diag);

/**
 * atls_context_add_passport brings an Attestation Result that was obtained before ("passport"): it
 * is offered by the identity of its Verifier, beside what attesters make. It must be about the TLS
 * key, which is looked at by atls_openssl_enable() where a certificate is loaded by then, and in
 * each handshake; so is its end. atls_openssl_renew_passport() replaces it in time.
 * @param context    not yet in use
 * @param identity   of its Verifier, an absolute URI; NULL: what its "iss" says
 * @param result     a JWT or CWT, by itself or in a CMW of any form; borrowed until return
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK            added
 * @retval ATLS_ERR_PASSPORT  not a signed Result, not valid now, or of another Verifier
 * @retval ATLS_ERR_CONFIG    a second one of that Verifier, or a fifth
 * @retval ATLS_ERR_STATE     the context is in use
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_add_passport(struct atls_context *context,
                                                                const char *identity,
                                                                struct atls_bytes result,
                                                                struct atls_diag *diag);

/** An executor of the application's own: it must call run(job) exactly once, on any thread, and
 *  return false only if it will not. */
typedef bool atls_executor(void *arg, void (*run)(void *job), void *job);
/** atls_context_set_executor uses an executor instead of the built-in pool.
 *  @param context    not yet in use
 *  @param executor   NULL: the built-in pool
 *  @param arg        its first argument; must outlive the context
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_executor(struct atls_context *context,
                                                                atls_executor *executor, void *arg,
                                                                struct atls_diag *diag);

/** A clock: seconds since 1970-01-01T00:00:00Z. */
typedef int64_t atls_clock(void *arg);
/** atls_context_set_clock replaces the system's clock, for tests.
 *  @param context    not yet in use
 *  @param clock      NULL: the system's
 *  @param arg        its argument; must outlive the context
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         set
 *  @retval ATLS_ERR_STATE  the context is in use */
ATLS_API ATLS_NODISCARD enum atls_err atls_context_set_clock(struct atls_context *context,
                                                             atls_clock *clock, void *arg,
                                                             struct atls_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
