/* SPDX-License-Identifier: Apache-2.0 */
/* What a session holds, for this room only. */
#ifndef SESSION_SESSION_INTERNAL_H
#define SESSION_SESSION_INTERNAL_H

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

    bool appraised; /* the peer passed; the verdict says so once the peer has proved its key too */
    struct atls_job *job; /* waited for at this moment; freed with us if we go first */
    struct atls_verdict verdict;

    struct session_facts *facts; /* gathered, until they are kept; NULL: none, or not wanted */
    bool resumed;                /* facts took the place of an appraisal */
    int64_t facts_end_s;         /* of those that were kept or taken */
};

/* session_release frees what only a handshake needs: an open connection keeps its verdict. */
void session_release(struct atls_session *session);

/* session_check_usable gives the reason of an earlier refusal: it is for good. */
enum atls_err session_check_usable(const struct atls_session *session);

/* Sets the verdict to REFUSED unless it is already, and returns `reason->err`. */
enum atls_err session_refuse(struct atls_session *session, const struct atls_diag *reason);

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

#endif
