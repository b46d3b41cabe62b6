/* SPDX-License-Identifier: Apache-2.0 */
/* What a context holds, for this room only. */
#ifndef SESSION_CONTEXT_INTERNAL_H
#define SESSION_CONTEXT_INTERNAL_H

#include "atls/context.h"
#include "endorsement/endorsement.h"
#include "handshake/negotiation.h"
#include "result/policy.h"
#include "session/pool.h"
#include "verifier/operations.h"
#include "verifier/trust.h"

#include <pthread.h>
#include <sys/types.h>

#define ATLS_MAX_ATTESTERS 8
#define ATLS_MAX_PASSPORTS 4

/* One term of what the peer must bring. */
enum requirement_kind { REQUIRES_EVIDENCE = 1, REQUIRES_RESULT };
struct requirement {
    enum requirement_kind kind;
    const struct atls_format *format; /* of Evidence; a Result is of any Verifier that is listed */
};

struct atls_context {
    int references; /* atomic */
    bool frozen;
    const struct atls_crypto_ops *crypto;

    struct {
        const struct atls_attester_ops *ops;
        const struct atls_format *format;
        struct atls_attester *attester;
    } attesters[ATLS_MAX_ATTESTERS];
    size_t num_attesters;

    struct session_passport_slot {
        char identity[VERIFIER_MAX_IDENTITY];
        struct session_passport *passport; /* owned; read and written under context_lock() */
    } passports[ATLS_MAX_PASSPORTS];
    size_t num_passports;

    struct requirement required[ATLS_MAX_SCHEMES / 2]; /* in order of preference */
    size_t num_required;

    /* Made when the context is frozen; the spans in them borrow the table of names, the list of
     * trusted Verifiers, and the passports. */
    struct atls_scheme_list can_attest, can_appraise;

    struct atls_endorsements *endorsements;
    struct atls_depot *depot;                     /* where collateral is fetched; NULL: nowhere */
    const struct atls_verifier_ops *verifier_ops; /* never NULL */
    struct atls_verifier *verifier;
    struct verifier_trust *trust;  /* until a remote Verifier takes it; NULL: nobody */
    struct verifier_trust *listed; /* the same, borrowed, whoever has it now */
    size_t num_listed;             /* identities in it that the application named */
    struct atls_policy policy;
    bool simulated_allowed;
    bool no_pkix;
    enum atls_timing timing; /* when the peer's Evidence is taken, and ours is given */
    bool own_carriage;       /* the application carries what follows the handshake */
    bool framed;             /* application data may go in frames, among rounds */
    bool reattests;          /* the peer is asked again; for the next three see context.h */
    uint32_t reattest_period_ms, reattest_deadline_ms;
    enum atls_late late;
    bool keep_claims;
    uint16_t extension_type, cmw_extension_type;
    const char *exporter_label; /* of the binder after the handshake */
    uint32_t timeout_ms;

    unsigned threads, max_queue;
    bool workers_set;
    atls_executor *executor;
    void *executor_arg;
    /* The next five are read and written under context_lock(). */
    pthread_cond_t jobs_ended;
    size_t num_jobs;        /* how many use this context at the moment */
    pid_t jobs_pid;         /* in which process */
    struct atls_pool *pool; /* made for the first job: a server that forks has none before */
    struct session_revoked *revoked; /* NULL: never set */

    /* A running digest of the settings that decide over a peer and are kept in no other form. */
    struct atls_digest settings;
    bool settings_failed;
    struct context_resumption *resumption; /* NULL: no session is resumed */

    atls_clock *clock;
    void *clock_arg;
};

/* context_lock and context_unlock guard what changes in contexts that are in use. */
void context_lock(void);
void context_unlock(void);

/* How long a remote Verifier may take: less than a connection waits, so that it is the Verifier's
 * own sentence that tells what was late. */
int64_t context_verifier_deadline_ms(const struct atls_context *context);
/* context_check_framed refuses frames and rounds where no exchange follows the handshake. */
ATLS_NODISCARD enum atls_err context_check_framed(const struct atls_context *context,
                                                  struct atls_diag *diag);
/* context_check_verifier refuses settings that do not go together with a remote Verifier. */
ATLS_NODISCARD enum atls_err context_check_verifier(const struct atls_context *context,
                                                    struct atls_diag *diag);

/* What is required of the peer: Evidence, or a Result, or either. */
bool context_takes_evidence(const struct atls_context *context);
bool context_takes_results(const struct atls_context *context);

/* When this side asks and answers: in the handshake, after it, or both. */
bool context_appraises_in_handshake(const struct atls_context *context);
bool context_appraises_after(const struct atls_context *context);

/* context_check_open refuses a setting once the context is in use. */
ATLS_NODISCARD enum atls_err context_check_open(const struct atls_context *context,
                                                struct atls_diag *diag);

/* atls_context_submit runs `job` in the pool or executor, and counts it until
 * atls_context_job_ended; the context is not freed before. */
ATLS_NODISCARD enum atls_err atls_context_submit(struct atls_context *context, struct atls_job *job,
                                                 struct atls_diag *diag);
void atls_context_job_ended(struct atls_context *context);

/* context_appraisal_waits is true when an appraisal may wait for a network. */
bool context_appraisal_waits(const struct atls_context *context);

#endif
