/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts of a connection: gathered while it is appraised, kept with its session, and taken in place
 * of an appraisal when that is resumed. They end with the first thing that they rest on, and never
 * begin anew: a ticket of a resumed connection says what that of the first one said.
 */
#include "session/resumption_internal.h"

#include "base/ends.h"
#include "base/span.h"
#include "base/text.h"
#include "session/context.h"
#include "session/revoked.h"
#include "session/session_internal.h"

#include <stdlib.h>

static const char step[] = "resumption";

/* ---- gathering ---- */

struct session_basis *session_basis_new(const struct atls_context *context)
{
    struct session_basis *basis = atls_context_resumes(context) ? calloc(1, sizeof *basis) : NULL;
    if (basis != NULL) {
        basis->ends_s = INT64_MAX;
    }
    return basis;
}

/* Facts that were read and held, with the octets that they were read from. */
struct session_expected {
    struct session_facts facts;
    const struct atls_context *by; /* never followed */
    size_t len;
    uint8_t octets[];
};

static void forget_expected(struct atls_session *session)
{
    free(session->expected);
    session->expected = NULL;
}

void session_forget_facts(struct atls_session *session)
{
    free(session->facts);
    session->facts = NULL;
    forget_expected(session);
}

void session_note_peer(struct atls_session *session, const struct atls_peer *peer,
                       const struct atls_digest *spki_hash)
{
    struct atls_identities set;
    if (!atls_context_resumes(session->context)) {
        return;
    }
    session_forget_facts(session);
    struct session_facts *facts = calloc(1, sizeof *facts);
    if (facts == NULL) {
        return; /* a handshake goes on without: there is then nothing to keep */
    }
    facts->not_after_s = INT64_MAX;
    memset(&set, 0, sizeof set);
    atls_identities_add(&set, ATLS_REVOKED_SPKI, "key of the peer", atls_digest_bytes(spki_hash));
    session_facts_add(facts, &set);
    for (size_t i = 0; i < peer->num_chain; i++) {
        session_certificate_identities(&set, session->context->crypto, &peer->chain[i], i);
        session_facts_add(facts, &set);
        atls_ends_by(&facts->not_after_s, peer->chain[i].not_after_s);
    }
    session->facts = facts;
}

void session_note_appraisal(struct atls_session *session, const struct atls_appraisal *appraisal,
                            const struct session_basis *basis)
{
    struct session_facts *facts = session->facts;
    if (facts == NULL) {
        return;
    }
    if (basis == NULL) {
        facts->incomplete = true; /* nobody knows when it ends */
        return;
    }
    for (size_t i = 0; i < appraisal->num_submods && i < ATLS_MAX_SUBMODS; i++) {
        session_facts_add(facts, &appraisal->submods[i].identities);
    }
    session_facts_add(facts, &basis->verifier_keys);
    atls_ends_by(&facts->not_after_s, basis->ends_s);
}

/* begin_facts is for a peer that showed no certificate, of whom there is nothing to say. */
static void begin_facts(struct atls_session *session)
{
    if (session->facts == NULL && !session->verdict.peer_has_key) {
        session->facts = calloc(1, sizeof *session->facts);
        if (session->facts != NULL) {
            session->facts->not_after_s = INT64_MAX;
        }
    }
}

bool atls_session_may_be_resumed(const struct atls_session *session)
{
    if (!atls_context_resumes(session->context) || !atls_session_is_appraised(session) ||
        session->verdict.state == ATLS_VERDICT_REFUSED) {
        return false;
    }
    return session->resumed || !session->verdict.peer_has_key ||
           (session->facts != NULL && !session->facts->incomplete);
}

/* ---- keeping ---- */

static void copy_verdict(struct atls_verdict *out, const struct atls_verdict *verdict)
{
    *out = *verdict;
    for (size_t i = 0; i < ATLS_MAX_SUBMODS; i++) {
        out->evidence[i].claims_json = NULL; /* the other one's */
    }
}

enum atls_err atls_session_write_facts(struct atls_session *session, struct atls_bytes connection,
                                       struct atls_buf out, size_t *out_len, struct atls_diag *diag)
{
    const int64_t now_s = atls_context_now(session->context);
    begin_facts(session);
    struct session_facts *facts = session->facts;
    if (facts == NULL || !session->finished || !atls_verdict_opens(&session->verdict) ||
        connection.len != sizeof facts->connection) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, step, "facts", "none to keep",
                               "a full handshake that ended well");
    }
    copy_verdict(&facts->verdict, &session->verdict);
    memcpy(facts->context, atls_context_digest(session->context).data, sizeof facts->context);
    memcpy(facts->connection, connection.data, connection.len);
    facts->appraised_s = now_s;
    atls_ends_by(&facts->not_after_s,
                 now_s + (int64_t)atls_context_session_lifetime_s(session->context));
    if (session->context->num_required != 0) {
        atls_ends_by(&facts->not_after_s, context_next_end(session->context, now_s));
    }
    session->facts_end_s = facts->not_after_s;
    const enum atls_err err = session_facts_write(out, out_len, facts, diag);
    session_forget_facts(session);
    return err;
}

uint32_t atls_session_facts_left_s(const struct atls_session *session)
{
    const int64_t left_s = session->facts_end_s - atls_context_now(session->context);
    return left_s <= 0 ? 0 : left_s > UINT32_MAX ? UINT32_MAX : (uint32_t)left_s;
}

/* ---- taking ---- */

static enum atls_err check_times(const struct session_facts *facts, int64_t now_s,
                                 int64_t lifetime_s, struct atls_diag *diag)
{
    if (facts->appraised_s > now_s) {
        atls_fail(diag, ATLS_ERR_RESUMPTION, step, "time of the appraisal");
        atls_diag_found_time(diag, facts->appraised_s);
        atls_diag_expected_text(diag, "no later than now, ");
        atls_diag_expected_time(diag, now_s);
        return ATLS_ERR_RESUMPTION;
    }
    /* What was kept says its end; the lifetime of now bounds it once more. */
    if (facts->not_after_s <= now_s || now_s - facts->appraised_s >= lifetime_s) {
        atls_fail(diag, ATLS_ERR_RESUMPTION, step, "end of the appraisal");
        atls_diag_found_time(diag, facts->not_after_s);
        atls_diag_expected_text(diag, "later than now, ");
        atls_diag_expected_time(diag, now_s);
        return ATLS_ERR_RESUMPTION;
    }
    return ATLS_OK;
}

static enum atls_err check(struct atls_context *context, const struct session_facts *facts,
                           struct atls_bytes connection, struct atls_diag *diag)
{
    if (!atls_context_resumes(context)) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMED, step, "session", "one to resume",
                               "a full handshake");
    }
    const int64_t now_s = atls_context_now(context);
    const bool required = context->num_required != 0;
    if (!atls_bytes_equal(atls_bytes_of(facts->context, sizeof facts->context),
                          atls_context_digest(context)) ||
        required != (facts->verdict.state == ATLS_VERDICT_ACCEPTED)) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, step, "policy",
                               "an appraisal by another policy, requirement or endorsement",
                               "those of now");
    }
    if (!atls_bytes_equal(atls_bytes_of(facts->connection, sizeof facts->connection), connection)) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, step, "connection",
                               "a session with another name, trust or certificate of ours",
                               "those of now");
    }
    enum atls_err err =
        check_times(facts, now_s, (int64_t)atls_context_session_lifetime_s(context), diag);
    if (err == ATLS_OK) {
        struct session_revoked *revoked = session_revoked_take(context);
        err = session_facts_check_revoked(facts, session_revoked_list(revoked), now_s, diag);
        session_revoked_release(revoked);
    }
    return err;
}

/* read_checked gives facts that hold, in new memory. */
static enum atls_err read_checked(struct session_expected **out, struct atls_context *context,
                                  struct atls_bytes octets, struct atls_bytes connection,
                                  struct atls_diag *diag)
{
    const size_t len = octets.len <= SESSION_MAX_FACTS_LEN ? octets.len : 0;
    struct session_expected *read = malloc(sizeof *read + len); /* large for a fiber's stack */
    if (read == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "facts");
    }
    enum atls_err err = session_facts_read(&read->facts, octets, diag);
    if (err == ATLS_OK) {
        err = check(context, &read->facts, connection, diag);
    }
    if (err != ATLS_OK) {
        free(read);
        return err;
    }
    memcpy(read->octets, octets.data, len);
    read->len = len;
    read->by = context;
    *out = read;
    return ATLS_OK;
}

enum atls_err atls_context_check_facts(struct atls_context *context, struct atls_bytes facts,
                                       struct atls_bytes connection, struct atls_diag *diag)
{
    struct session_expected *read = NULL;
    const enum atls_err err = read_checked(&read, context, facts, connection, diag);
    free(read);
    return err;
}

enum atls_err atls_session_expect(struct atls_session *session, struct atls_bytes facts,
                                  struct atls_bytes connection, struct atls_diag *diag)
{
    forget_expected(session);
    return read_checked(&session->expected, session->context, facts, connection, diag);
}

bool atls_session_expects(const struct atls_session *session, struct atls_bytes facts)
{
    const struct session_expected *expected = session->expected;
    return expected != NULL && expected->by == session->context &&
           atls_bytes_equal(atls_bytes_of(expected->octets, expected->len), facts);
}

/* hold makes sure that what is expected are these facts, and that they hold now. */
static enum atls_err hold(struct atls_session *session, struct atls_bytes octets,
                          struct atls_bytes connection, struct atls_diag *diag)
{
    if (!atls_session_expects(session, octets)) {
        return atls_session_expect(session, octets, connection, diag);
    }
    const struct session_facts *facts = &session->expected->facts;
    const struct atls_bytes looked_at = atls_bytes_of(facts->connection, sizeof facts->connection);
    return check(session->context, facts, connection.len != 0 ? connection : looked_at, diag);
}

void atls_session_resume(struct atls_session *session, struct atls_bytes octets,
                         struct atls_bytes connection)
{
    struct atls_diag diag;
    if (session->verdict.state == ATLS_VERDICT_REFUSED) {
        return;
    }
    if (hold(session, octets, connection, &diag) != ATLS_OK) {
        session_refuse(session, &diag);
        return;
    }
    const struct session_facts *facts = &session->expected->facts;
    struct atls_verdict *verdict = &session->verdict;
    atls_verdict_cleanup(verdict);
    copy_verdict(verdict, &facts->verdict);
    verdict->state = ATLS_VERDICT_NONE; /* the gate's to say */
    verdict->timing =
        session->context->num_required != 0 ? ATLS_TIMING_HANDSHAKE : ATLS_TIMING_NONE;
    verdict->resumed = true;
    verdict->appraised_s = facts->appraised_s;
    verdict->age_s = (uint32_t)(atls_context_now(session->context) - facts->appraised_s);
    session->facts_end_s = facts->not_after_s;
    session->resumed = true;
    session->resumed_by = session->context;
    session->appraised = true;
    forget_expected(session);
}

bool atls_session_has_resumed(const struct atls_session *session)
{
    return session->resumed && session->resumed_by == session->context;
}
