/* SPDX-License-Identifier: Apache-2.0 */
/* The C session takes every step of formal/spin/session.pml. */
#include "models/replay.h"
#include "models/replay_peer.h"
#include "unit/session/loopback.h"

#include "atls/sim.h"
#include "crypto/crypto.h"
#include "session/resumption.h"
#include "session/session_internal.h"

#include <stdio.h>

static struct test_world *world;

/* Both roles, each with the context that requires attestation of the peer and the one that does
 * not; SWITCH goes between them. */
static struct role_setup {
    struct end end;
    struct atls_context *requires, *requires_nothing;
    struct atls_bytes evidence, evidence_retried; /* of the peer, as a body of its Certificate */
    struct atls_bytes own_evidence;
    struct atls_bytes facts, facts_of_nothing; /* what was kept: with the demand, and without */
} roles[2];
static struct role_setup *now; /* the role that is replayed */
static uint8_t own_evidence[1 << 17];
static struct atls_digest plain_hash, retried_hash;
static struct atls_bytes offer, other_offer;
static int64_t now_s = 1790000000;
static const uint8_t connection[ATLS_CONNECTION_DIGEST_LEN] = {1, 2, 3};
static char revocation[512]; /* of both machines' keys, one list a role */

static int64_t clock_of_replay(void *arg)
{
    (void)arg;
    return now_s;
}

static bool is_client(void)
{
    return now->end.role == ATLS_ROLE_CLIENT;
}

/* ---- what the peer's messages hold ---- */

/* offer_of gives what a client with these terms offers. */
static struct atls_bytes offer_of(const struct test_spec *spec)
{
    struct end end;
    bool send = false;
    struct atls_bytes body;
    open_end(&end, test_context(world, spec), ATLS_ROLE_CLIENT, &world->client);
    atls_session_begin(end.session, atls_session_context(end.session), ATLS_ROLE_CLIENT);
    assert_err(atls_session_write_client_hello(end.session, &send, &body), OK);
    assert_true(send);
    body = test_copy(body);
    close_end(&end);
    return body;
}

static void set_up(struct role_setup *setup, enum atls_role role, const struct test_machine *own,
                   const struct test_machine *peer)
{
    struct atls_diag diag;
    const struct test_spec requires = {
        .attests = own, .requires = peer, .resume = true, .clock = clock_of_replay};
    const struct test_spec requires_nothing = {
        .attests = own, .resume = true, .clock = clock_of_replay};
    setup->requires = test_context(world, &requires);
    setup->requires_nothing = test_context(world, &requires_nothing);
    assert_err(atls_context_freeze(setup->requires_nothing, &diag), OK);
    open_end(&setup->end, atls_context_ref(setup->requires), role, own);
    setup->evidence = replay_body_of(peer, &plain_hash);
    setup->evidence_retried = replay_body_of(peer, &retried_hash);
}

static void tear_down(struct role_setup *setup)
{
    close_end(&setup->end);
    atls_context_unref(setup->requires);
    atls_context_unref(setup->requires_nothing);
}

/* ---- the events ---- */

static enum atls_err see(struct atls_bytes message)
{
    atls_session_message(now->end.session, message);
    return ATLS_OK;
}

static struct atls_bytes bytes_of(const char *octets, size_t len)
{
    return atls_bytes_of((const uint8_t *)octets, len);
}
#define LITERAL(octets) bytes_of("" octets, sizeof(octets) - 1)

static enum atls_err see_event(const char *event)
{
    const bool again = now->end.session->transcript.state == ATLS_TRANSCRIPT_HRR;
    static struct atls_bytes first, second, retry, hello;
    if (first.len == 0) {
        first = toy_hello(1, 0x11);
        second = toy_hello(1, 0x12);
        retry = toy_retry();
        hello = toy_hello(2, 0x22);
    }
    if (strcmp(event, "SEE_CLIENT_HELLO") == 0) {
        return see(again ? second : first);
    }
    if (strcmp(event, "SEE_RETRY") == 0) {
        return see(retry);
    }
    return see(strcmp(event, "SEE_SERVER_HELLO") == 0 ? hello : LITERAL("\x08\0\0\0"));
}

static enum atls_err read_event(const char *event)
{
    static const struct {
        const char *event;
        enum atls_err (*read)(struct atls_session *session, struct atls_bytes body);
        const char *octets;
        size_t len;
    } rows[] = {
        /* PSA's content format, and another */
        {"READ_SERVER_CHOICE", atls_session_read_encrypted_extensions, "\0\0\x27\x13", 4},
        {"READ_STRANGE_SERVER_CHOICE", atls_session_read_encrypted_extensions, "\0\0\x01\x07", 4},
        {"READ_CLIENT_CHOICE", atls_session_read_certificate_request, "\0\0\x27\x13", 4},
        {"READ_STRANGE_CLIENT_CHOICE", atls_session_read_certificate_request, "\0\0\x01\x07", 4},
        {"READ_MALFORMED_CHOICE", atls_session_read_certificate_request, "\x09", 1},
        {"READ_MALFORMED_OFFER", atls_session_read_client_hello, "\0", 1},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        if (strcmp(event, rows[i].event) == 0) {
            return rows[i].read(now->end.session, bytes_of(rows[i].octets, rows[i].len));
        }
    }
    return atls_session_read_client_hello(now->end.session,
                                          strcmp(event, "READ_OFFER") == 0 ? offer : other_offer);
}

static enum atls_err credential_event(const char *event)
{
    struct atls_bytes body = now->evidence;
    size_t index = 0;
    if (strcmp(event, "READ_EVIDENCE_RETRIED") == 0) {
        body = now->evidence_retried;
    } else if (strcmp(event, "READ_EVIDENCE_BEHIND") == 0) {
        index = 1;
    } else if (strcmp(event, "READ_OWN_EVIDENCE") == 0) {
        body = now->own_evidence;
    } else if (strcmp(event, "READ_NO_CMW") == 0) {
        body = LITERAL("\0\0\x01\xff");
    } else if (strcmp(event, "READ_MALFORMED_CREDENTIAL") == 0) {
        body = LITERAL("\0\0");
    } else if (strcmp(event, "READ_EVIDENCE") != 0) {
        fail_msg("no event is called %s", event);
    }
    return atls_session_read_certificate(now->end.session, index, body);
}

static enum atls_err appraise_event(const char *event)
{
    const struct test_machine *machine = is_client() ? &world->server : &world->client;
    const struct atls_bytes own = spki_of(now->end.machine);
    struct atls_channel channel = good_channel;
    struct atls_peer peer = {.spki = spki_of(machine),
                             .own_spkis = &own,
                             .num_own_spkis = 1,
                             .subject = "CN=replay",
                             .pkix_ok = strcmp(event, "APPRAISE_NO_PKIX") != 0};
    channel.resumed = strcmp(event, "APPRAISE_RESUMED") == 0;
    if (strcmp(event, "APPRAISE_OWN_KEY") == 0) {
        peer.spki = own;
    } else if (strcmp(event, "APPRAISE_OTHER_KEY") == 0) {
        peer.spki = spki_of(&world->other);
    }
    return atls_session_appraise(now->end.session, &channel, &peer);
}

static enum atls_err finish_event(const char *event)
{
    struct atls_channel channel = good_channel;
    channel.resumed = strcmp(event, "FINISH_RESUMED") == 0;
    const bool open = atls_session_finish(now->end.session, &channel);
    const struct atls_verdict *verdict = atls_session_verdict(now->end.session);
    assert_int_equal(open, atls_verdict_opens(verdict)); /* one gate, however it is asked */
    return verdict->state == ATLS_VERDICT_REFUSED ? verdict->reason.err : ATLS_OK;
}

/* resume_event shows facts: those that hold for the context of now, or others. */
static enum atls_err resume_event(const char *event)
{
    static const uint8_t elsewhere[ATLS_CONNECTION_DIGEST_LEN] = {1, 2, 4};
    struct atls_session *session = now->end.session;
    struct atls_context *context = atls_session_context(session);
    const bool of_requires = (context == now->requires) != (strstr(event, "_POLICY") != NULL);
    struct atls_bytes facts = of_requires ? now->facts : now->facts_of_nothing;
    const bool here = strstr(event, "_CONNECTION") == NULL;
    const int64_t before_s = now_s;
    const bool revoked = strstr(event, "_REVOKED") != NULL;
    if (strstr(event, "_MALFORMED") != NULL) {
        facts.len -= 1;
    }
    now_s += strstr(event, "_LAPSED") != NULL ? 90000 : 0; /* a day is the longest */
    if (revoked) {
        assert_err(atls_context_set_revoked(context, atls_bytes_text(revocation), NULL), OK);
    }
    atls_session_resume(session, facts, atls_bytes_of(here ? connection : elsewhere, 32));
    if (revoked) {
        assert_err(atls_context_set_revoked(context, LITERAL("[]"), NULL), OK);
    }
    now_s = before_s;
    const struct atls_verdict *verdict = atls_session_verdict(session);
    return verdict->state == ATLS_VERDICT_REFUSED ? verdict->reason.err : ATLS_OK;
}

static enum atls_err write_event(const char *event, bool *out_made)
{
    struct atls_session *session = now->end.session;
    struct atls_bytes out = {NULL, 0};
    bool send = false;
    if (strcmp(event, "WRITE_CLIENT_HELLO") == 0) {
        return atls_session_write_client_hello(session, &send, &out);
    }
    if (strcmp(event, "WRITE_SERVER_CHOICE") == 0) {
        return atls_session_write_encrypted_extensions(session, &send, &out);
    }
    if (strcmp(event, "WRITE_CLIENT_CHOICE") == 0) {
        return atls_session_write_certificate_request(session, &send, &out);
    }
    const struct test_machine *peer = is_client() ? &world->server : &world->client;
    const bool of_peer = strcmp(event, "WRITE_CERTIFICATE_OF_PEER") == 0;
    const struct atls_bytes key = spki_of(of_peer ? peer : now->end.machine);
    const enum atls_err err =
        atls_session_write_certificate(session, ATLS_ALG_SHA256, key, &send, &out);
    *out_made = err == ATLS_OK && send;
    if (*out_made) {
        assert_true(out.len <= sizeof own_evidence);
        memcpy(own_evidence, out.data, out.len);
        now->own_evidence = atls_bytes_of(own_evidence, out.len);
    }
    return err;
}

static enum atls_err other_event(const char *event)
{
    struct atls_session *session = now->end.session;
    if (strcmp(event, "BEGIN") == 0) {
        atls_session_begin(session, atls_session_context(session), now->end.role);
        return ATLS_OK;
    }
    if (strcmp(event, "REFUSE") == 0) {
        struct atls_diag diag;
        const enum atls_err err = atls_fail(&diag, ATLS_ERR_CALLBACK, "replay", NULL);
        atls_session_refuse(session, &diag);
        return err;
    }
    assert_string_equal(event, "SWITCH");
    return atls_session_rebind(session, atls_session_context(session) == now->requires
                                            ? now->requires_nothing
                                            : now->requires);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void do_event(const char *event, char *answer)
{
    bool made = false;
    enum atls_err err = ATLS_OK;
    if (begins(event, "SEE_")) {
        err = see_event(event);
    } else if (begins(event, "WRITE_")) {
        err = write_event(event, &made);
    } else if (begins(event, "APPRAISE")) {
        err = appraise_event(event);
    } else if (begins(event, "FINISH")) {
        err = finish_event(event);
    } else if (begins(event, "RESUME")) {
        err = resume_event(event);
    } else if (strstr(event, "_OFFER") != NULL || strstr(event, "_CHOICE") != NULL) {
        err = read_event(event);
    } else if (begins(event, "READ_")) {
        err = credential_event(event);
    } else {
        err = other_event(event);
    }
    snprintf(answer, REPLAY_TEXT, "%s %d", atls_err_name(err), made);
    /* what a handshake alone needs is let go at its end, the client's offer among it */
    assert_true(now->end.session->finished ||
                atls_negotiation_check_state(&now->end.session->negotiation));
}

/* ---- the state, by the names of the model ---- */

static const char *transcript_name(const struct atls_transcript *t)
{
    static const char *const names[] = {"t_start", "t_ch", "t_hrr", "t_ch2", "t_done", "t_failed"};
    return names[t->state];
}

/* Which hellos were hashed, of which the state alone does not tell. */
static bool was_retried(const struct atls_transcript *t)
{
    struct atls_digest digest;
    if (t->state == ATLS_TRANSCRIPT_CH2) {
        return true;
    }
    if (t->state != ATLS_TRANSCRIPT_DONE) {
        return false;
    }
    assert_err(atls_transcript_hash(atls_crypto_openssl(), t, ATLS_ALG_SHA256, &digest, NULL), OK);
    const bool retried = memcmp(digest.data, retried_hash.data, digest.len) == 0;
    assert_true(retried || memcmp(digest.data, plain_hash.data, digest.len) == 0);
    return retried;
}

static const char *offer_name(const struct atls_session *session)
{
    const struct atls_negotiation *n = &session->negotiation;
    if (!n->offered) {
        return "no_offer";
    }
    if (is_client()) {
        return "offer";
    }
    if (session->finished && n->peer.server.count == 0) {
        return "released_offer";
    }
    return n->peer.client.count != 0 ? "offer" : "other_offer";
}

static bool is_cmw_of(const struct atls_session *session, struct atls_bytes body)
{
    return body.len >= 3 && session->peer_cmw_len == body.len - 3 &&
           memcmp(session->peer_cmw, body.data + 3, body.len - 3) == 0;
}

static const char *cmw_name(const struct atls_session *session)
{
    if (session->peer_cmw == NULL) {
        return "nothing";
    }
    if (is_cmw_of(session, now->evidence)) {
        return "evidence";
    }
    if (is_cmw_of(session, now->evidence_retried)) {
        return "evidence_retried";
    }
    if (is_cmw_of(session, now->own_evidence)) {
        return "own_evidence";
    }
    return session->peer_cmw_len == 1 ? "no_cmw" : "earlier_own_evidence";
}

static void write_state(char *text)
{
    static const char *const negotiation[] = {"n_start",  "n_hello",      "n_retry",
                                              "n_chosen", "n_credential", "n_failed"};
    static const char *const verdicts[] = {"v_none", "v_accepted", "v_refused", "v_not_required"};
    const struct atls_session *session = now->end.session;
    const struct atls_negotiation *n = &session->negotiation;
    const struct atls_verdict *verdict = atls_session_verdict(session);
    const bool refused = verdict->state == ATLS_VERDICT_REFUSED;
    const char *role = is_client() ? "client" : "server";
    const bool requires = session->context->num_required != 0;
    if (refused) { /* the model keeps what still decides */
        snprintf(text, REPLAY_TEXT,
                 "%s %d t_start 0 %s no_offer 0 0 nothing 0 %d 0 0 0 v_refused %s", role, requires,
                 negotiation[n->state], session->finished, atls_err_name(verdict->reason.err));
        return;
    }
    snprintf(text, REPLAY_TEXT, "%s %d %s %d %s %s %d %d %s %d %d %d %d %d %s OK", role, requires,
             transcript_name(&session->transcript), was_retried(&session->transcript),
             negotiation[n->state], offer_name(session), n->server_chosen, n->client_chosen,
             cmw_name(session), session->own_cmw_sha256.len != 0, session->finished,
             session->appraised, session->resumed,
             session->resumed && session->resumed_by == now->requires, verdicts[verdict->state]);
}

/* facts_of runs a handshake to its open gate, and gives what is kept of it. */
static struct atls_bytes facts_of(struct role_setup *setup, bool requires)
{
    static const char *const client[] = {"SEE_CLIENT_HELLO",
                                         "WRITE_CLIENT_HELLO",
                                         "SEE_SERVER_HELLO",
                                         "READ_SERVER_CHOICE",
                                         "READ_EVIDENCE",
                                         "APPRAISE",
                                         "FINISH"};
    static const char *const server[] = {"SEE_CLIENT_HELLO",
                                         "READ_OFFER",
                                         "SEE_SERVER_HELLO",
                                         "WRITE_CLIENT_CHOICE",
                                         "READ_EVIDENCE",
                                         "APPRAISE",
                                         "FINISH"};
    const struct atls_buf room = test_room(SESSION_MAX_FACTS_LEN);
    char answer[REPLAY_TEXT];
    size_t len = 0;
    now = setup;
    atls_session_begin(now->end.session, requires ? now->requires : now->requires_nothing,
                       now->end.role);
    for (size_t i = requires ? 0 : 5; i < ATLS_ARRAY_LEN(client); i++) {
        do_event((is_client() ? client : server)[i], answer);
        assert_string_equal(answer, "OK 0");
    }
    assert_err(
        atls_session_write_facts(now->end.session, atls_bytes_of(connection, 32), room, &len, NULL),
        OK);
    return atls_bytes_of(room.data, len);
}

static void begin_at(const char *root)
{
    char found[REPLAY_TEXT];
    now = &roles[begins(root, "client ") ? 0 : 1];
    const bool requires = root[sizeof "client"] == '1';
    atls_session_begin(now->end.session, requires ? now->requires : now->requires_nothing,
                       now->end.role);
    write_state(found);
    assert_string_equal(found, root);
}

static void the_session_takes_every_step_of_the_model(void **state)
{
    (void)state;
    static const struct replay_driver driver = {begin_at, do_event, write_state};
    world = test_world(&atls_attester_sim_psa);
    plain_hash = replay_hash_of_hellos(false);
    retried_hash = replay_hash_of_hellos(true);
    const struct test_spec both = {.attests = &world->client, .requires = &world->server};
    const struct test_spec asks_only = {.requires = &world->server};
    offer = offer_of(&both);
    other_offer = offer_of(&asks_only);
    set_up(&roles[0], ATLS_ROLE_CLIENT, &world->client, &world->server);
    set_up(&roles[1], ATLS_ROLE_SERVER, &world->server, &world->client);
    replay_revoke_all(world, revocation, sizeof revocation);
    for (size_t i = 0; i < 2; i++) {
        roles[i].facts = facts_of(&roles[i], true);
        roles[i].facts_of_nothing = facts_of(&roles[i], false);
    }
    assert_true(replay(&driver) > 0);
    tear_down(&roles[0]);
    tear_down(&roles[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_session_takes_every_step_of_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
