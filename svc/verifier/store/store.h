/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of the Verifier service: challenge-response sessions, endorsements, submissions.
 *
 * Two back ends do the same: SQLite (one machine, any number of processes) and PostgreSQL (many
 * nodes). Every call is one transaction. What a call has acknowledged with ATLS_OK survives the end
 * of the process, and of the machine as far as its disks keep what they were told to keep; it is
 * seen by every call of every node that begins afterwards.
 *
 *               submit                    complete
 *     WAITING ----------> PROCESSING --------------------> COMPLETE
 *                          |      ^ |
 *                          +------+ +--------------------> FAILED
 *                          take over    fail; sweep, when too many nodes died over it
 *
 * A session whose id says by itself that it was opened needs no row while it waits: it is settled
 * with its Result at once, or buried, whichever comes first. One that takes long is created and
 * claimed, so that it outlives who has it in hand.
 *
 * Who moves a session to PROCESSING holds a claim: a number that grows with each holder, and a
 * lease. A node that dies lets its lease run out, and another takes the session over. One that was
 * only slow finds its number outdated: complete and fail are refused to it, so of several Results
 * one at most is ever seen. It must sign nothing once verifier_claim_is_valid is false, which comes
 * before any other node may take over; so one at most is signed.
 *
 * Threads: all calls on one store may be made by several threads at once. Fork: a store belongs to
 * the process that opened it. Waiting: no call waits longer than two of the `timeout_ms` of its
 * configuration (one for a connection, one for the answer), what a disk takes apart.
 * Texts are UTF-8 without control characters, spans are any octets.
 *
 * Errors, besides those named below:
 *   ARGUMENT           a size, text or period that the call does not take; nothing was asked
 *   STORE_UNREACHABLE  no connection or no answer in time. A change may have been made or not: what
 *                      to do is said at each call
 *   BUSY               as many calls wait as may
 *   STORE              a full disk, a damaged file, a database that is not ours
 *   MEMORY
 * On failure outputs are untouched.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "atls/bytes.h"
#include "atls/error.h"
#include "atls/limits.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every size, in octets, meets one of these before it goes into the store. */
enum {
    VERIFIER_MAX_ID_LEN = 64, /* of a session or submission: A-Z a-z 0-9 - _ */
    VERIFIER_MIN_NONCE_LEN = 8,
    VERIFIER_MAX_NONCE_LEN = ATLS_MAX_NONCE_LEN,
    VERIFIER_MAX_MEDIA_TYPE_LEN = 512,
    VERIFIER_MAX_ACCEPT = 64,            /* media types of one session */
    VERIFIER_MAX_EVIDENCE_LEN = 1 << 20, /* a TLS message takes 65528; chains and logs need more */
    VERIFIER_MAX_RESULT_LEN = 1 << 20,
    VERIFIER_MAX_ENDORSEMENT_ID_LEN = 512,
    VERIFIER_MAX_ENDORSEMENT_LEN = ATLS_MAX_FILE_LEN,
    VERIFIER_MAX_PROFILE_LEN = 512,
    VERIFIER_MAX_SUBMITTER_LEN = 256,
    VERIFIER_MAX_ENDORSER_LEN = 512,
    VERIFIER_MAX_SUBJECTS = 1 << 18, /* of one endorsement */
    VERIFIER_MAX_REASON_LEN = ATLS_MAX_SENTENCE_LEN,
    /* Nodes that may hold one session in turn: Evidence that brings down each is given up. */
    VERIFIER_MAX_CLAIMS = 3,
    VERIFIER_MAX_SETTLED = 64, /* sessions of one call */
    /* Of a lease and of a session's life: a day. */
    VERIFIER_MAX_PERIOD_MS = 86400000
};

struct verifier_store;

/* How a store is opened; zero members stand for the defaults. */
struct verifier_store_config {
    uint32_t max_sessions;     /* 100000; rows that are not swept yet count */
    uint32_t max_endorsements; /* 10000 */
    uint32_t max_submissions;  /* 10000 */
    uint32_t connections;      /* 8, at most 64: calls that work at the same time */
    uint32_t timeout_ms;       /* 5000, from 100 to 60000 */
    /* The clock, in ms since 1970; NULL is that of the machine (SQLite) or of the server
     * (PostgreSQL), which is one for all nodes. */
    int64_t (*now_ms)(void *arg);
    void *now_arg;
};

/*
 * verifier_store_open opens "sqlite:FILE" (made, for its owner alone, where it is not there), or
 * "postgres://..." and "postgresql://..." as libpq reads them. It brings the schema to the version
 * of this program, under a lock, so that any number of nodes may start at once. PostgreSQL on
 * another machine is asked for TLS with its name checked (sslmode=verify-full) unless the URI has
 * an sslmode of its own.
 * Errors: CONFIG (no such URI, values out of range), NOT_BUILT (this build has no such back end),
 * STORE also for a schema that is newer than this program.
 */
ATLS_NODISCARD enum atls_err verifier_store_open(struct verifier_store **out, const char *uri,
                                                 const struct verifier_store_config *config,
                                                 struct atls_diag *diag);
/* verifier_store_close ends it; no call may be running. NULL is fine. */
void verifier_store_close(struct verifier_store *store);
/* verifier_store_kind gives "sqlite" or "postgres". */
const char *verifier_store_kind(const struct verifier_store *store);
/* verifier_store_ping asks the store for something small, for /healthz, and after a write that
 * failed writes as much. */
ATLS_NODISCARD enum atls_err verifier_store_ping(struct verifier_store *store,
                                                 struct atls_diag *diag);

/*
 * verifier_store_sweep removes what has expired, and fails sessions that VERIFIER_MAX_CLAIMS nodes
 * left: at most 1000 rows of each kind a call. Every node calls it about once a second.
 * @param[out] out_removed  rows; may be NULL
 */
ATLS_NODISCARD enum atls_err verifier_store_sweep(struct verifier_store *store,
                                                  uint64_t *out_removed, struct atls_diag *diag);

/* Sessions. */

enum verifier_session_state {
    VERIFIER_SESSION_WAITING = 1,
    VERIFIER_SESSION_PROCESSING = 2,
    VERIFIER_SESSION_COMPLETE = 3,
    VERIFIER_SESSION_FAILED = 4,
    VERIFIER_SESSION_DELETED = 5 /* what is left so that nobody makes the session again */
};

/* verifier_session_state_name gives the word of the protocol, such as "waiting"; never NULL. */
const char *verifier_session_state_name(enum verifier_session_state state);

struct verifier_session_new {
    const char *id; /* 128 random bits or more, as text: who knows it may use the session */
    struct atls_bytes nonce;   /* 8 to 64 octets */
    const char *const *accept; /* media types of Evidence */
    size_t num_accept;
    int64_t ttl_ms; /* Evidence is taken so long; each change keeps the session so long from then */
    uint8_t form;   /* of the Result that its client wants, in the caller's numbers */
};

/* A session as it was read. All zero is none; verifier_session_cleanup frees what it owns. */
struct verifier_session {
    char id[VERIFIER_MAX_ID_LEN + 1];
    enum verifier_session_state state;
    struct atls_bytes nonce;
    const char **accept;
    size_t num_accept;
    const char *evidence_type; /* NULL while it waits, and when it failed; so are the next two */
    struct atls_bytes evidence;
    struct atls_bytes result; /* empty unless COMPLETE */
    int64_t created_ms;       /* since 1970 */
    int64_t expiry_ms;        /* no Evidence is taken from then on */
    uint8_t form;             /* as it was made; 0 by a program that did not say */
    void *memory;
};

/* The right to process one session. */
struct verifier_claim {
    char session[VERIFIER_MAX_ID_LEN + 1];
    uint32_t number;
    int64_t deadline_ms; /* of CLOCK_MONOTONIC: seven eighths of the lease, from before the call */
    uint64_t generation; /* endorsements to appraise with: see verifier_store_generation */
    uint8_t nonce[VERIFIER_MAX_NONCE_LEN];
    size_t nonce_len;
};

/*
 * verifier_session_create makes a session that waits.
 * Errors: CONFLICT (there is such an id), BUSY (max_sessions: exact for one node; each of several
 * may go beyond it by what the others made in the last second). After STORE_UNREACHABLE: forget it.
 * @param[out] out_expiry_ms  since 1970
 */
ATLS_NODISCARD enum atls_err verifier_session_create(struct verifier_store *store,
                                                     int64_t *out_expiry_ms,
                                                     const struct verifier_session_new *session,
                                                     struct atls_diag *diag);

/* A session that is made and complete at once. */
struct verifier_settled {
    const char *id;
    struct atls_bytes nonce;
    const char *media_type;
    struct atls_bytes evidence;
    struct atls_bytes result;
    int64_t expiry_ms; /* since 1970 */
    int64_t ttl_ms;    /* it is kept so long from now */
    enum atls_err err; /* out: OK; CONFLICT (it is there already); NOT_FOUND (it was deleted) */
};
/*
 * verifier_session_settle makes up to VERIFIER_MAX_SETTLED sessions with their Results, in one
 * transaction; what became of each is in its `err`. It sorts them by their ids. Errors: BUSY
 * (max_sessions). After STORE_UNREACHABLE call it again: what is there with the same Result is OK.
 * What it has acknowledged survives the end of every process; with SQLite a power cut may take what
 * came in the last seconds.
 */
ATLS_NODISCARD enum atls_err verifier_session_settle(struct verifier_store *store,
                                                     struct verifier_settled *sessions, size_t num,
                                                     struct atls_diag *diag);
/*
 * verifier_session_bury deletes a session in any state, also one that has no row, and leaves a mark
 * that keeps it from being settled for `ttl_ms`. Errors: NOT_FOUND (it was deleted before).
 */
ATLS_NODISCARD enum atls_err verifier_session_bury(struct verifier_store *store, const char *id,
                                                   struct atls_bytes nonce, int64_t expiry_ms,
                                                   int64_t ttl_ms, struct atls_diag *diag);
/* verifier_session_get reads one; DELETED is a state as the others. Errors: NOT_FOUND. */
ATLS_NODISCARD enum atls_err verifier_session_get(struct verifier_store *store,
                                                  struct verifier_session *out, const char *id,
                                                  struct atls_diag *diag);
/*
 * verifier_session_submit takes Evidence into a session that waits, and gives the claim on it.
 * Errors: NOT_FOUND (also when it has expired), CONFLICT (it does not wait any more). After
 * STORE_UNREACHABLE: answer 503; if the Evidence came in, a node takes the session over later.
 */
ATLS_NODISCARD enum atls_err verifier_session_submit(struct verifier_store *store,
                                                     struct verifier_claim *out, const char *id,
                                                     const char *media_type,
                                                     struct atls_bytes evidence, int64_t lease_ms,
                                                     struct atls_diag *diag);
/*
 * verifier_session_take_over finds a session whose holder let its lease run out, claims it and
 * gives it with its Evidence. Every node calls it about once a second, until nothing is found.
 * @param[out] out_found  false: there is none, and the other two are untouched
 */
ATLS_NODISCARD enum atls_err verifier_session_take_over(struct verifier_store *store,
                                                        bool *out_found,
                                                        struct verifier_session *out_session,
                                                        struct verifier_claim *out_claim,
                                                        int64_t lease_ms, struct atls_diag *diag);
/* verifier_session_renew begins the lease anew. Errors: NOT_FOUND, CONFLICT (claim outdated). */
ATLS_NODISCARD enum atls_err verifier_session_renew(struct verifier_store *store,
                                                    struct verifier_claim *claim, int64_t lease_ms,
                                                    struct atls_diag *diag);
/*
 * verifier_session_complete publishes the Result. Errors: NOT_FOUND (deleted meanwhile), CONFLICT
 * (claim outdated, or the session has ended). After STORE_UNREACHABLE call it again with the same
 * Result: that is no conflict.
 */
ATLS_NODISCARD enum atls_err verifier_session_complete(struct verifier_store *store,
                                                       const struct verifier_claim *claim,
                                                       struct atls_bytes result,
                                                       struct atls_diag *diag);
/* verifier_session_fail ends a session that could not be processed, and forgets the Evidence.
 * Errors and repetition as of verifier_session_complete. */
ATLS_NODISCARD enum atls_err verifier_session_fail(struct verifier_store *store,
                                                   const struct verifier_claim *claim,
                                                   struct atls_diag *diag);
/* verifier_session_delete removes the row of one in any state. Errors: NOT_FOUND. */
ATLS_NODISCARD enum atls_err verifier_session_delete(struct verifier_store *store, const char *id,
                                                     struct atls_diag *diag);

struct verifier_session_counts {
    uint64_t waiting, processing, complete, failed;
};
/* verifier_session_count counts those that have not expired, for /metrics and the status page. */
ATLS_NODISCARD enum atls_err verifier_session_count(struct verifier_store *store,
                                                    struct verifier_session_counts *out,
                                                    struct atls_diag *diag);
void verifier_session_cleanup(struct verifier_session *session);

/* verifier_claim_is_valid is true while no other node can have taken over. Ask right before a
 * Result is signed. */
bool verifier_claim_is_valid(const struct verifier_claim *claim);

/*
 * Endorsements.
 *
 * Of what one of them says (a subject) two things are kept, as hashes of the caller's making: what
 * it is about, and its value. No two endorsements that are in force may give one subject different
 * values; and where the value is zero, no two endorsers may have it. One is in force until its end,
 * or until it is withdrawn. What it said before it was replaced counts no more.
 */

struct verifier_subject {
    uint8_t scope[32];
    uint8_t value[32]; /* zero: it belongs to one endorser */
};

/* What an endorsement says, and who. All zero: nothing, by nobody. */
struct verifier_about {
    const char *endorser; /* a name that nobody else has; NULL is "" */
    int64_t until_ms;     /* 0: it has no end */
    const struct verifier_subject *subjects;
    size_t num_subjects;
    /* These are compared and not kept. */
    const struct verifier_subject *also;
    size_t num_also;
    /* Where ENDORSEMENT_DISPUTED is about a subject: its number, those of `also` behind the others.
     * NULL is fine; else untouched. */
    size_t *disputed;
};

struct verifier_endorsement_new {
    struct atls_bytes id; /* as encoded, 1 octet or more */
    uint64_t version;     /* below 2^63 */
    const char *media_type;
    const char *profile;   /* may be empty */
    const char *submitter; /* who was authenticated; may be empty */
    struct atls_bytes content;
    struct verifier_about about;
};

struct verifier_endorsement_put {
    uint64_t generation; /* at which it is there */
    bool is_new;         /* false: the same was there already */
};

/*
 * verifier_endorsement_put takes an endorsement, instead of an older version where there is one
 * and marks the submission as a success in the same transaction.
 * Errors: ENDORSEMENT_OLDER (a newer version is there, or this version with other content),
 * ENDORSEMENT_DISPUTED (another endorser's of the same id; or another says otherwise),
 * BUSY (max_endorsements; or one is not described yet, see verifier_endorsement_describe),
 * NOT_FOUND or CONFLICT (no such submission, or it has ended).
 * After STORE_UNREACHABLE call it again: the same endorsement twice is no error.
 * @param[out] out   may be NULL
 * @param submission id, or NULL for an endorsement that comes without one
 */
ATLS_NODISCARD enum atls_err
verifier_endorsement_put(struct verifier_store *store, struct verifier_endorsement_put *out,
                         const char *submission, const struct verifier_endorsement_new *endorsement,
                         struct atls_diag *diag);

/*
 * verifier_endorsement_describe says what an endorsement is about that was taken in by a program
 * which did not know: the one with the smallest generation above *described.
 * verifier_store_described gives that number; equal to the generation of the store it means that
 * all are described. Nothing is taken in before that. Errors: CONFLICT (another generation is next,
 * or the id has another by now).
 * @param[out] out_disputed  it is in force all the same; *diag says why it should not
 */
ATLS_NODISCARD enum atls_err verifier_store_described(struct verifier_store *store, uint64_t *out,
                                                      struct atls_diag *diag);
ATLS_NODISCARD enum atls_err verifier_endorsement_describe(struct verifier_store *store,
                                                           bool *out_disputed, uint64_t generation,
                                                           const struct verifier_about *about,
                                                           struct atls_diag *diag);

/*
 * verifier_endorsement_withdraw ends an endorsement: its content is gone, its subjects are free.
 * Its id and version stay, so that no older one comes back; whoever brings a newer version has the
 * id. Errors: NOT_FOUND (none, or withdrawn already), IDENTITY (it is not that of `submitter`), and
 * as of verifier_endorsement_put where one is not described.
 * @param submitter  NULL: whosesoever it is
 */
ATLS_NODISCARD enum atls_err
verifier_endorsement_withdraw(struct verifier_store *store, uint64_t *out_generation,
                              struct atls_bytes id, const char *submitter, struct atls_diag *diag);

/* An endorsement as it was read; without content_len it is withdrawn. All zero is none;
 * verifier_endorsement_cleanup frees it. */
struct verifier_endorsement {
    uint64_t generation;
    struct atls_bytes id;
    uint64_t version;
    const char *media_type;
    const char *profile;
    const char *submitter;
    int64_t submitted_ms;
    uint64_t content_len;
    struct atls_bytes content; /* empty where it was not asked for */
    void *memory;
};

/*
 * verifier_endorsement_next gives the endorsement with the smallest generation above `after`: from
 * 0 on, each with the generation of the one before, that is all of them. One that is replaced
 * meanwhile comes later with its new generation.
 */
ATLS_NODISCARD enum atls_err verifier_endorsement_next(struct verifier_store *store,
                                                       bool *out_found,
                                                       struct verifier_endorsement *out,
                                                       uint64_t after, bool with_content,
                                                       struct atls_diag *diag);
void verifier_endorsement_cleanup(struct verifier_endorsement *endorsement);

/*
 * verifier_store_generation gives the number that grows with each endorsement that is taken. A node
 * whose own set is of a smaller one loads what is missing before it appraises; verifier_claim has
 * the number as of the claim, so no call more is needed for it.
 */
ATLS_NODISCARD enum atls_err verifier_store_generation(struct verifier_store *store, uint64_t *out,
                                                       struct atls_diag *diag);

/* Submissions: what became of an endorsement that was sent in. */

enum verifier_submission_status {
    VERIFIER_SUBMISSION_PROCESSING = 1,
    VERIFIER_SUBMISSION_SUCCESS = 2,
    VERIFIER_SUBMISSION_FAILED = 3
};

/* verifier_submission_status_name gives the word of the protocol; never NULL. */
const char *verifier_submission_status_name(enum verifier_submission_status status);

struct verifier_submission_new {
    const char *id; /* as that of a session */
    const char *media_type;
    const char *submitter; /* may be empty */
    int64_t ttl_ms;
};

struct verifier_submission {
    char id[VERIFIER_MAX_ID_LEN + 1];
    enum verifier_submission_status status;
    char media_type[VERIFIER_MAX_MEDIA_TYPE_LEN + 1];
    char submitter[VERIFIER_MAX_SUBMITTER_LEN + 1];
    char reason[VERIFIER_MAX_REASON_LEN + 1]; /* why it failed, else empty */
    int64_t created_ms, expiry_ms;
};

/* verifier_submission_create begins one. Errors: CONFLICT (there is such an id), BUSY. */
ATLS_NODISCARD enum atls_err
verifier_submission_create(struct verifier_store *store, int64_t *out_expiry_ms,
                           const struct verifier_submission_new *submission,
                           struct atls_diag *diag);
/* verifier_submission_fail ends one that was refused. Errors: NOT_FOUND, CONFLICT (ended). */
ATLS_NODISCARD enum atls_err verifier_submission_fail(struct verifier_store *store, const char *id,
                                                      const char *reason, struct atls_diag *diag);
/* verifier_submission_get and _delete: NOT_FOUND where there is none, or it has expired. */
ATLS_NODISCARD enum atls_err verifier_submission_get(struct verifier_store *store,
                                                     struct verifier_submission *out,
                                                     const char *id, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err verifier_submission_delete(struct verifier_store *store,
                                                        const char *id, struct atls_diag *diag);

#endif
