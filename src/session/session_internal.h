/* SPDX-License-Identifier: Apache-2.0 */
/* What a session holds, for this room only. */
#ifndef SESSION_SESSION_INTERNAL_H
#define SESSION_SESSION_INTERNAL_H

#include "attester/attester.h"
#include "handshake/transcript.h"
#include "session/resumption_internal.h"
#include "session/session.h"

struct atls_session {
    struct atls_context *context; /* one reference */
    const struct atls_stack_ops *stack;
    void *connection;

    enum atls_role role;
    bool begun, finished;
    struct atls_transcript transcript;
    struct atls_negotiation negotiation;

    uint8_t *client_hello_body; /* the offer's spans borrow it */
    uint8_t *written;           /* what the last write_ gave out */
    uint8_t *peer_cmw;
    size_t peer_cmw_len;
    struct atls_digest own_spki_sha256, own_cmw_sha256; /* len 0: none */

    struct session_post *post; /* authenticators after the handshake; NULL: none are due */
    bool appraised; /* the peer passed; the verdict says so once the peer has proved its key too */
    struct atls_job *job; /* waited for at this moment; freed with us if we go first */
    struct atls_verdict verdict;

    struct session_facts *facts; /* gathered, until they are kept; NULL: none, or not wanted */
    struct session_expected *expected; /* facts of the session that may be resumed; NULL: none */
    bool resumed;                      /* facts took the place of an appraisal */
    /* Which context took them, to tell it from another that SNI brings; never followed. */
    const struct atls_context *resumed_by;
    int64_t facts_end_s; /* of those that were kept or taken */
};

/* session_release frees what only a handshake needs: an open connection keeps its verdict. */
void session_release(struct atls_session *session);

/* session_check_usable gives the reason of an earlier refusal: it is for good. */
enum atls_err session_check_usable(const struct atls_session *session);

/* Sets the verdict to REFUSED unless it is already, and returns `reason->err`. */
enum atls_err session_refuse(struct atls_session *session, const struct atls_diag *reason);
/* session_give_written lends a body that was written, which is the session's from now on, until the
 * next one is. */
void session_give_written(struct atls_session *session, uint8_t *body, size_t len,
                          struct atls_bytes *out);

/* session_give_reason copies the reason of a refusal out, and returns its error. */
enum atls_err session_give_reason(const struct atls_session *session, struct atls_diag *diag);

/* What a job's outcome is until it has run. In the child of a fork it never does, although the
 * parent's worker, which shares the eventfd, says that it has: nothing may then pass for done. */
enum atls_err session_not_run(struct atls_diag *diag);

/* Runs `job` and waits for it: in place when that blocks nobody but the caller and `in_place` is
 * allowed, else in the pool. ATLS_ERR_DEADLINE when it took too long; the job is then abandoned
 * and must not be touched. On ATLS_OK the caller still owns one reference. */
enum atls_err session_run(struct atls_session *session, struct atls_job *job, bool in_place,
                          struct atls_diag *diag);

/* session_appraise_certificate appraises the Evidence in the peer's certificate and decides. */
ATLS_NODISCARD enum atls_err session_appraise_certificate(struct atls_session *session,
                                                          const struct atls_peer *peer,
                                                          const struct atls_digest *spki_hash,
                                                          struct atls_diag *diag);

/* What is to be appraised: session->peer_cmw, which it takes, about this peer. */
struct session_appraisal {
    const struct atls_peer *peer;
    const struct atls_digest *spki_hash;
    /* What was negotiated; NULL: the peer was told what is required, and its label says which. */
    const struct atls_scheme *scheme;
    struct atls_digest binder;
    enum atls_timing timing;
};

/* session_run_appraisal appraises and decides; the verdict gets what is found, and no state. */
ATLS_NODISCARD enum atls_err session_run_appraisal(struct atls_session *session,
                                                   const struct session_appraisal *appraisal,
                                                   struct atls_diag *diag);

/* Parts of appraise.c for who appraises at another moment: the verdict's description of peer and
 * channel; the channel; the peer's key, and what it sends back of ours. */
void session_describe(struct atls_session *session, const struct atls_channel *channel,
                      const struct atls_peer *peer, const struct atls_digest *spki_sha256);
ATLS_NODISCARD enum atls_err session_check_channel(const struct atls_channel *channel,
                                                   struct atls_diag *diag);
ATLS_NODISCARD enum atls_err session_check_peer(const struct atls_session *session,
                                                const struct atls_peer *peer,
                                                const struct atls_digest *spki_hash,
                                                struct atls_diag *diag);
/* session_keep_credential copies a CMW of the peer's to session->peer_cmw. */
ATLS_NODISCARD enum atls_err session_keep_credential(struct atls_session *session,
                                                     struct atls_bytes cmw, struct atls_diag *diag);

/* What an attester binds Evidence to: a transcript's hash, or a value that the connection exports,
 * and how. */
struct session_binding {
    atls_binder_function *binder;
    int32_t hash_alg;
    struct atls_digest value;
};

/* session_make_credential makes the CMW that `scheme` names, or brings it, about our key
 * `own_spki`. The caller frees *out; *name is what a verdict calls it. */
ATLS_NODISCARD enum atls_err
session_make_credential(struct atls_session *session, const struct atls_scheme *scheme,
                        const struct session_binding *binding, struct atls_bytes own_spki,
                        uint8_t **out, size_t *out_len, const char **name, struct atls_diag *diag);
/* session_note_own keeps what a peer must not send back: our key, which is no key of the peer's. */
ATLS_NODISCARD enum atls_err session_note_own(struct atls_session *session,
                                              struct atls_bytes own_spki, struct atls_diag *diag);

#endif
