/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the threads of the front share, and the steps that the routes are made of. The HTTP library
 * and the sockets are in http.c and listener.c; here are sessions, endorsements and Results.
 */
#ifndef SVC_VERIFIER_SERVICE_H
#define SVC_VERIFIER_SERVICE_H

#include "svc/verifier/collateral.h"
#include "svc/verifier/crew.h"
#include "svc/verifier/index.h"
#include "svc/verifier/log.h"
#include "svc/verifier/message.h"
#include "svc/verifier/metrics.h"
#include "svc/verifier/response.h"
#include "svc/verifier/revoked.h"
#include "svc/verifier/store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    VERIFIER_SESSION_TTL_S = 150,   /* as the field has it: 2 min 30 s */
    VERIFIER_LEASE_MS = 30000,      /* of a session that is processed */
    VERIFIER_JOB_MS = 10000,        /* one answer of an appraiser or the signer */
    VERIFIER_FETCH_MS = 15000,      /* that Evidence may wait for servers of collateral */
    VERIFIER_FETCH_ALONE_MS = 5000, /* ... where nobody waits for its answer */
    VERIFIER_SUBMISSION_TTL_S = 600,
    VERIFIER_MAX_EVIDENCE_BODY = 128 << 10, /* a CMW in JSON is a third longer than its Evidence */
    VERIFIER_MAX_CORIM_BODY = ATLS_MAX_FILE_LEN
};

struct atls_depot;

struct verifier_service {
    const char *id;
    int64_t started_s; /* since 1970 */
    struct verifier_store *store;
    struct verifier_crew *crew;
    struct verifier_log *log;
    struct verifier_metrics metrics;
    bool takes_token; /* for provisioning */
    uint8_t token_hash[32];
    bool takes_certificates;
    bool signed_only;    /* endorsements */
    bool gives_cwt;      /* Results, to those who want no form of their own */
    json_t *keys;        /* {"keys":[...]} of the signer, immutable */
    json_t *media_types; /* of Evidence, immutable */
    const char *accept[VERIFIER_MAX_ACCEPT];
    size_t num_accept;
    char *accept_json; /* the same as a JSON array */
    struct verifier_handout *revoked, *collateral;
    struct atls_depot *depot;             /* what is fetched; NULL: nothing is */
    atomic_bool *stopping;                /* the order has come; of the front */
    struct verifier_unsettled *unsettled; /* Results that the store is still to take */
    bool store_away;                      /* as the log has it; of the thread that keeps house */
    uint64_t described; /* the store knows what is said up to here; of the same thread */

    pthread_mutex_t index_lock; /* the next two */
    struct verifier_index *index;
    uint64_t index_generation;
};

/* verifier_service_init fills in media types and keys; store, crew, log and id are set before. */
ATLS_NODISCARD enum atls_err verifier_service_init(struct verifier_service *service,
                                                   struct atls_diag *diag);
void verifier_service_cleanup(struct verifier_service *service);

/* verifier_service_token sets the bearer token that provisioning takes. */
ATLS_NODISCARD enum atls_err verifier_service_token(struct verifier_service *service,
                                                    const char *path, struct atls_diag *diag);

/* verifier_service_catch_up reads what the store has beyond the index, up to `generation`. */
ATLS_NODISCARD enum atls_err verifier_service_catch_up(struct verifier_service *service,
                                                       uint64_t generation, struct atls_diag *diag);

/*
 * verifier_service_endorse puts an endorsement that was examined into the store, when it
 * contradicts none that is in force, and appraises with it. `submitter` is who was
 * authenticated.
 */
ATLS_NODISCARD enum atls_err verifier_service_endorse(struct verifier_service *service,
                                                      const char *submission, const char *submitter,
                                                      const struct verifier_request *request,
                                                      const struct verifier_examined *examined,
                                                      struct atls_diag *diag);
/* verifier_service_describe tells the store what those endorsements say, up to `generation`, that a
 * program of an older version has taken in. */
ATLS_NODISCARD enum atls_err verifier_service_describe(struct verifier_service *service,
                                                       uint64_t generation, struct atls_diag *diag);

/* verifier_service_examine asks an appraiser about a CoRIM; `frame` holds what *out borrows. */
ATLS_NODISCARD enum atls_err verifier_service_examine(struct verifier_service *service,
                                                      struct verifier_examined *out,
                                                      struct verifier_frame *frame,
                                                      struct atls_bytes content,
                                                      struct atls_diag *diag);

/* verifier_service_housekeep does what is due once a second: sweep, take over, catch up. */
void verifier_service_housekeep(struct verifier_service *service);

/* verifier_service_answer is the table of routes. *out_route is its name for the metrics. */
void verifier_service_answer(struct verifier_service *service,
                             const struct verifier_request *request, struct verifier_response *out,
                             const char **out_route);
/* verifier_service_max_body gives the bound of a body for a target, before it is read. */
size_t verifier_service_max_body(struct atls_bytes path);

/* verifier_may_provision says whether the caller is one from whom endorsements are taken, and to
 * whom the status page is shown; else it answers. */
bool verifier_may_provision(const struct verifier_service *service,
                            const struct verifier_request *request, struct verifier_response *out);

int64_t verifier_wall_s(void); /* seconds since 1970 */

/* What waits together is answered together: */
enum verifier_kind {
    VERIFIER_SINGLE,  /* by itself */
    VERIFIER_OPENING, /* newSession */
    VERIFIER_EVIDENCE,
    VERIFIER_FETCHING, /* Evidence again, which waits for a server of collateral */
    VERIFIER_NUM_KINDS
};
enum verifier_kind verifier_service_kind(enum verifier_method method, struct atls_bytes path);
/* One of up to VERIFIER_MAX_BATCH requests of a kind. */
struct verifier_pair {
    const struct verifier_request *request;
    struct verifier_response *out;
    /* Evidence: how long it may wait for collateral, by CLOCK_MONOTONIC; 0: not at all, and then
     * `out` may say that it has to. */
    int64_t fetch_until_ms;
};
#define VERIFIER_SESSION_PATH "/challenge-response/v1/session/"
void verifier_new_sessions(struct verifier_service *service, const struct verifier_pair *pairs,
                           size_t num);
void verifier_take_evidence(struct verifier_service *service, const struct verifier_pair *pairs,
                            size_t num);

/* The routes. */
typedef void verifier_route(struct verifier_service *service,
                            const struct verifier_request *request, struct verifier_response *out);
verifier_route verifier_new_session;
verifier_route verifier_session;
verifier_route verifier_submit;
verifier_route verifier_submission;
verifier_route verifier_withdraw;
verifier_route verifier_list_endorsements;
verifier_route verifier_discover_verification;
verifier_route verifier_discover_provisioning;
verifier_route verifier_discover_management;
verifier_route verifier_show_policy;
verifier_route verifier_list_policies;
verifier_route verifier_health;
verifier_route verifier_show_metrics;
verifier_route verifier_show_status;

#endif
