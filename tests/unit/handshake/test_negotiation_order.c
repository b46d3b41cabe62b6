/* SPDX-License-Identifier: Apache-2.0 */
/* The order of events in both roles, HelloRetryRequest, the credential, and the invariants. */
#include "negotiation_test.h"

enum { START, HELLO, RETRY, CHOSEN, CREDENTIAL, FAILED, STATES };
enum event {
    OFFER,
    SERVER_CHOICE,
    CLIENT_CHOICE,
    RETRIES,
    TAKE_OFFER,
    CHOOSE_SERVER,
    CHOOSE_CLIENT,
    TAKE_CREDENTIAL,
    EVENTS
};

/* In both roles the server proves itself by P and the client by T. */
static const struct side sides[] = {{"T", "P", true}, {"P", "T", true}};

static enum atls_err do_event(struct peer *peer, enum event event, struct atls_diag *diag)
{
    const struct atls_scheme server_choice = scheme_of('P');
    const struct atls_scheme client_choice = scheme_of('T');
    struct atls_offer offer = {list_of("P"), list_of("T")};
    struct atls_scheme out;
    bool send = false;
    switch (event) {
    case OFFER:
        return atls_negotiation_offer(&peer->n, &send, &offer, diag);
    case SERVER_CHOICE:
        return atls_negotiation_take_server_choice(&peer->n, &server_choice, diag);
    case CLIENT_CHOICE:
        return atls_negotiation_take_client_choice(&peer->n, &client_choice, diag);
    case RETRIES:
        return atls_negotiation_retry(&peer->n, diag);
    case TAKE_OFFER:
        return atls_negotiation_take_offer(&peer->n, &offer, diag);
    case CHOOSE_SERVER:
        return atls_negotiation_choose_server(&peer->n, &send, &out, diag);
    case CHOOSE_CLIENT:
        return atls_negotiation_choose_client(&peer->n, &send, &out, diag);
    case TAKE_CREDENTIAL:
        return atls_negotiation_take_credential(&peer->n, 0, diag);
    case EVENTS:
    default:
        fail();
        return ATLS_ERR_STATE;
    }
}

/* reach brings a peer into a state by the shortest way; CHOSEN has only the choice by which its
 * own peer attests. */
static void reach(struct peer *peer, enum atls_role role, int to)
{
    const bool is_client = role == ATLS_ROLE_CLIENT;
    peer_init(peer, role, &sides[is_client ? 0 : 1]);
    if (to == START) {
        return;
    }
    assert_err(do_event(peer, is_client ? OFFER : TAKE_OFFER, NULL), OK);
    if (to == RETRY) {
        assert_err(do_event(peer, RETRIES, NULL), OK);
    }
    if (to == CHOSEN || to == CREDENTIAL) {
        assert_err(do_event(peer, is_client ? SERVER_CHOICE : CHOOSE_CLIENT, NULL), OK);
    }
    if (to == CREDENTIAL) {
        assert_err(do_event(peer, TAKE_CREDENTIAL, NULL), OK);
    }
    if (to == FAILED) {
        assert_err(do_event(peer, is_client ? TAKE_OFFER : OFFER, NULL), STATE);
    }
    assert_int_equal(peer->n.state, to);
}

/* What each event gives in each state, from the drawing in negotiation.c:
 * k ok, x our own mistake (STATE), i illegal (47), u unsolicited (110), n nothing offered (109). */
static const char *const client_table[STATES] = {
    /*            O S C R T S C K */
    [START] = "kxxkxxxu",  [HELLO] = "kkkkxxxu",      [RETRY] = "kxxxxxxu",
    [CHOSEN] = "xikxxxxk", [CREDENTIAL] = "xiixxxxi", [FAILED] = "xxxxxxxx",
};
static const char *const server_table[STATES] = {
    [START] = "xxxkkknu",  [HELLO] = "xxxkkkku",      [RETRY] = "xxxxkiiu",
    [CHOSEN] = "xxxxxkkk", [CREDENTIAL] = "xxxxxxxi", [FAILED] = "xxxxxxxx",
};

static enum atls_err err_of(char letter)
{
    switch (letter) {
    case 'k':
        return ATLS_OK;
    case 'x':
        return ATLS_ERR_STATE;
    case 'i':
        return ATLS_ERR_ILLEGAL;
    case 'u':
        return ATLS_ERR_UNSOLICITED;
    case 'n':
    default:
        return ATLS_ERR_NOTHING_OFFERED;
    }
}

static void check_table(enum atls_role role, const char *const table[STATES])
{
    for (int from = START; from < STATES; from++) {
        for (int event = OFFER; event < EVENTS; event++) {
            struct peer peer;
            struct atls_diag diag = {0};
            reach(&peer, role, from);
            const enum atls_err err = do_event(&peer, (enum event)event, &diag);
            if (err != err_of(table[from][event])) {
                fail_msg("role %d, state %d, event %d: %s", (int)role, from, event,
                         atls_err_name(err));
            }
            assert_true(atls_negotiation_check_state(&peer.n));
            assert_int_equal(diag.err, err);
            if (err != ATLS_OK) {
                assert_int_equal(peer.n.state, ATLS_NEGOTIATION_FAILED);
                assert_string_not_equal(diag.found, "");
                assert_string_not_equal(diag.expected, "");
            }
        }
    }
}

static void every_event_in_every_state_of_a_client_does_what_the_drawing_says(void **state)
{
    (void)state;
    check_table(ATLS_ROLE_CLIENT, client_table);
}

static void every_event_in_every_state_of_a_server_does_what_the_drawing_says(void **state)
{
    (void)state;
    check_table(ATLS_ROLE_SERVER, server_table);
}

static void wrong_moment_is_named_in_the_sentence(void **state)
{
    (void)state;
    struct peer peer;
    struct atls_diag diag;
    reach(&peer, ATLS_ROLE_CLIENT, RETRY);
    assert_err(do_event(&peer, SERVER_CHOICE, &diag), STATE);
    assert_sentence(&diag, "negotiation: a function was called at a moment when it cannot work "
                           "(take_choice: found a client after HelloRetryRequest, expected a call "
                           "in the order of the messages of TLS 1.3)");
}

/* ---- HelloRetryRequest (RFC 8446, 4.1.2) ---- */

static void second_client_hello_may_repeat_the_offer(void **state)
{
    (void)state;
    struct peer server;
    reach(&server, ATLS_ROLE_SERVER, RETRY);
    assert_err(do_event(&server, TAKE_OFFER, NULL), OK);
    assert_err(do_event(&server, CHOOSE_SERVER, NULL), OK);
    assert_true(server.n.server_chosen);
}

static void second_client_hello_with_another_offer_is_illegal(void **state)
{
    (void)state;
    static const struct {
        const char *server, *client;
    } others[] = {{"PM", "T"}, {"M", "T"}, {"", "T"}, {"P", ""}, {"P", "TV"}, {"T", "P"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        for (int told = 0; told <= 1; told++) { /* of the HelloRetryRequest, or not */
            const struct atls_offer other = {list_of(others[i].server), list_of(others[i].client)};
            struct peer server;
            struct atls_diag diag;
            reach(&server, ATLS_ROLE_SERVER, told ? RETRY : HELLO);
            assert_err(atls_negotiation_take_offer(&server.n, &other, &diag), ILLEGAL);
            assert_sentence(&diag, "ClientHello: a message says something that is illegal at this "
                                   "place (remoteAttestation: found other schemes in the second "
                                   "ClientHello, expected those of the first ClientHello)");
        }
    }
}

static void second_client_hello_with_a_first_offer_is_illegal(void **state)
{
    (void)state;
    struct peer server;
    struct atls_diag diag;
    reach(&server, ATLS_ROLE_SERVER, START);
    assert_err(do_event(&server, RETRIES, NULL), OK);
    assert_err(do_event(&server, TAKE_OFFER, &diag), ILLEGAL);
    assert_string_equal(diag.found, "the extension in the second ClientHello alone");
}

static void second_client_hello_without_the_offer_is_illegal(void **state)
{
    (void)state;
    struct peer server;
    struct atls_diag diag;
    reach(&server, ATLS_ROLE_SERVER, RETRY);
    assert_err(do_event(&server, CHOOSE_SERVER, &diag), ILLEGAL);
    assert_string_equal(diag.found, "no such extension in the second ClientHello");
}

static void two_client_hellos_without_the_extension_are_plain_tls(void **state)
{
    (void)state;
    const struct side plain = {"P", "", false};
    struct peer server;
    peer_init(&server, ATLS_ROLE_SERVER, &plain);
    assert_err(do_event(&server, RETRIES, NULL), OK);
    assert_err(do_event(&server, CHOOSE_SERVER, NULL), OK);
    assert_false(server.n.server_chosen);
    assert_err(atls_negotiation_check_complete(&server.n, NULL), OK);
}

static void client_offers_the_same_again(void **state)
{
    (void)state;
    struct peer client;
    struct atls_offer first;
    struct atls_offer second;
    bool send = false;
    reach(&client, ATLS_ROLE_CLIENT, START);
    assert_err(atls_negotiation_offer(&client.n, &send, &first, NULL), OK);
    assert_err(atls_negotiation_retry(&client.n, NULL), OK);
    assert_err(atls_negotiation_offer(&client.n, &send, &second, NULL), OK);
    assert_true(send);
    assert_true(atls_scheme_lists_equal(&first.server, &second.server));
    assert_true(atls_scheme_lists_equal(&first.client, &second.client));
    assert_err(do_event(&client, SERVER_CHOICE, NULL), OK);
}

static void choosing_twice_gives_the_same(void **state)
{
    (void)state;
    struct peer server;
    struct atls_scheme first;
    struct atls_scheme second;
    bool send = false;
    reach(&server, ATLS_ROLE_SERVER, HELLO);
    assert_err(atls_negotiation_choose_server(&server.n, &send, &first, NULL), OK);
    assert_err(atls_negotiation_choose_server(&server.n, &send, &second, NULL), OK);
    assert_true(atls_scheme_equal(&first, &second));
}

/* ---- the credential (R-14, R-16) ---- */

static void credential_is_taken_from_the_first_entry_once(void **state)
{
    (void)state;
    static const enum atls_role roles[] = {ATLS_ROLE_CLIENT, ATLS_ROLE_SERVER};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(roles); i++) {
        static const size_t wrong[] = {1, 2, SIZE_MAX};
        struct peer peer;
        struct atls_diag diag;
        for (size_t j = 0; j < ATLS_ARRAY_LEN(wrong); j++) {
            reach(&peer, roles[i], CHOSEN);
            assert_err(atls_negotiation_take_credential(&peer.n, wrong[j], &diag), ILLEGAL);
            assert_string_equal(diag.expected, "it in the first one, which has index 0");
        }
        reach(&peer, roles[i], CHOSEN);
        assert_err(atls_negotiation_take_credential(&peer.n, 0, NULL), OK);
        assert_err(atls_negotiation_check_complete(&peer.n, NULL), OK);
        assert_err(atls_negotiation_take_credential(&peer.n, 0, &diag), ILLEGAL);
        assert_string_equal(diag.found, "a second credential");
        assert_err(atls_negotiation_check_complete(&peer.n, NULL), STATE);
    }
}

static void credential_that_was_never_chosen_is_unsolicited(void **state)
{
    (void)state;
    struct peer client;
    struct atls_diag diag;
    reach(&client, ATLS_ROLE_CLIENT, HELLO);
    /* The server chose how the client attests, and nothing for itself. */
    assert_err(do_event(&client, CLIENT_CHOICE, NULL), OK);
    assert_err(atls_negotiation_take_credential(&client.n, 1, &diag), UNSOLICITED);
    assert_sentence(&diag, "Certificate: an extension was sent that was never offered "
                           "(remoteAttestation: found a credential, expected none, since no scheme "
                           "was chosen for the peer)");
}

static void negotiated_and_absent_is_not_attested(void **state)
{
    (void)state;
    for (int requires = 0; requires <= 1; requires ++) {
        const struct side side = {"", "P", requires != 0};
        struct peer client;
        struct atls_diag diag;
        peer_init(&client, ATLS_ROLE_CLIENT, &side);
        assert_err(do_event(&client, OFFER, NULL), OK);
        assert_err(do_event(&client, SERVER_CHOICE, NULL), OK);
        assert_err(atls_negotiation_check_complete(&client.n, &diag), NOT_ATTESTED);
        assert_sentence(&diag, "Certificate: the peer did not attest (remoteAttestation: found no "
                               "such extension, expected evidence of content format 10003)");
    }
}

static void required_and_never_negotiated_is_not_attested(void **state)
{
    (void)state;
    struct peer peer;
    struct atls_diag diag;
    for (int at = START; at <= RETRY; at++) {
        reach(&peer, ATLS_ROLE_CLIENT, at);
        assert_err(atls_negotiation_check_complete(&peer.n, &diag), NOT_ATTESTED);
        assert_sentence(&diag, "EncryptedExtensions: the peer did not attest "
                               "(chosen_server_scheme: found no remoteAttestation, expected "
                               "attestation of the peer, which is required)");
        reach(&peer, ATLS_ROLE_SERVER, at);
        assert_err(atls_negotiation_check_complete(&peer.n, &diag), NOT_ATTESTED);
        assert_string_equal(diag.step, "CertificateRequest");
    }
}

static void nothing_is_handed_out_after_a_refusal(void **state)
{
    (void)state;
    struct peer server;
    struct atls_scheme scheme;
    reach(&server, ATLS_ROLE_SERVER, CHOSEN);
    assert_err(do_event(&server, CHOOSE_SERVER, NULL), OK);
    assert_true(atls_negotiation_must_attest(&server.n, &scheme));
    assert_true(atls_negotiation_expects_peer(&server.n, &scheme));
    assert_err(atls_negotiation_take_credential(&server.n, 3, NULL), ILLEGAL);
    assert_false(atls_negotiation_must_attest(&server.n, &scheme));
    assert_false(atls_negotiation_expects_peer(&server.n, &scheme));
    struct atls_diag diag;
    assert_err(atls_negotiation_check_complete(&server.n, &diag), STATE);
    assert_string_equal(diag.found, "a connection that was refused before");
}

/* ---- beginning ---- */

static void missing_terms_and_unknown_roles_begin_as_failed(void **state)
{
    (void)state;
    const struct atls_terms nothing = {NULL, NULL, false};
    struct atls_negotiation n;
    atls_negotiation_init(&n, ATLS_ROLE_CLIENT, NULL);
    assert_int_equal(n.state, ATLS_NEGOTIATION_FAILED);
    assert_err(atls_negotiation_check_complete(&n, NULL), STATE);
    atls_negotiation_init(&n, (enum atls_role)0, &nothing);
    assert_int_equal(n.state, ATLS_NEGOTIATION_FAILED);
    assert_err(atls_negotiation_retry(&n, NULL), STATE);
    assert_true(atls_negotiation_check_state(&n));
}

static void init_begins_again_from_nothing(void **state)
{
    (void)state;
    struct peer server;
    reach(&server, ATLS_ROLE_SERVER, CREDENTIAL);
    reach(&server, ATLS_ROLE_SERVER, START);
    assert_false(server.n.offered);
    assert_false(server.n.peer_credential_seen);
    assert_int_equal(server.n.peer.client.count, 0);
}

/* ---- the invariants find what is broken ---- */

static void each_broken_invariant_is_found(void **state)
{
    (void)state;
    struct peer peer;
    reach(&peer, ATLS_ROLE_SERVER, FAILED); /* 1 */
    peer.n.client_chosen = true;
    assert_false(atls_negotiation_check_state(&peer.n));
    reach(&peer, ATLS_ROLE_SERVER, CHOSEN);
    peer.n.role = (enum atls_role)3;
    assert_false(atls_negotiation_check_state(&peer.n));

    reach(&peer, ATLS_ROLE_SERVER, CHOSEN); /* 2 */
    peer.n.state = ATLS_NEGOTIATION_HELLO;
    assert_false(atls_negotiation_check_state(&peer.n));

    reach(&peer, ATLS_ROLE_SERVER, CHOSEN); /* 3 */
    peer.n.offered = false;
    assert_false(atls_negotiation_check_state(&peer.n));
    reach(&peer, ATLS_ROLE_CLIENT, START);
    peer.n.offered = true;
    assert_false(atls_negotiation_check_state(&peer.n));

    reach(&peer, ATLS_ROLE_SERVER, CHOSEN); /* 4: not ours, not offered, not our memory */
    peer.n.client_scheme = scheme_of('V');
    assert_false(atls_negotiation_check_state(&peer.n));
    reach(&peer, ATLS_ROLE_SERVER, CHOSEN);
    peer.n.peer.client.count = 0;
    assert_false(atls_negotiation_check_state(&peer.n));
    reach(&peer, ATLS_ROLE_SERVER, CHOSEN);
    peer.n.client_scheme.text = test_copy(peer.n.client_scheme.text);
    assert_false(atls_negotiation_check_state(&peer.n));

    reach(&peer, ATLS_ROLE_CLIENT, CREDENTIAL); /* 5 */
    peer.n.peer_credential_seen = false;
    assert_false(atls_negotiation_check_state(&peer.n));
    reach(&peer, ATLS_ROLE_CLIENT, CREDENTIAL);
    peer.n.server_chosen = false;
    assert_false(atls_negotiation_check_state(&peer.n));

    reach(&peer, ATLS_ROLE_CLIENT, HELLO); /* 6 */
    peer.n.peer.client.count = 1;
    assert_false(atls_negotiation_check_state(&peer.n));
    reach(&peer, ATLS_ROLE_SERVER, HELLO);
    peer.n.peer.server.count = ATLS_MAX_SCHEMES + 1;
    assert_false(atls_negotiation_check_state(&peer.n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state_of_a_client_does_what_the_drawing_says),
        cmocka_unit_test(every_event_in_every_state_of_a_server_does_what_the_drawing_says),
        cmocka_unit_test(wrong_moment_is_named_in_the_sentence),
        cmocka_unit_test(second_client_hello_may_repeat_the_offer),
        cmocka_unit_test(second_client_hello_with_another_offer_is_illegal),
        cmocka_unit_test(second_client_hello_with_a_first_offer_is_illegal),
        cmocka_unit_test(second_client_hello_without_the_offer_is_illegal),
        cmocka_unit_test(two_client_hellos_without_the_extension_are_plain_tls),
        cmocka_unit_test(client_offers_the_same_again),
        cmocka_unit_test(choosing_twice_gives_the_same),
        cmocka_unit_test(credential_is_taken_from_the_first_entry_once),
        cmocka_unit_test(credential_that_was_never_chosen_is_unsolicited),
        cmocka_unit_test(negotiated_and_absent_is_not_attested),
        cmocka_unit_test(required_and_never_negotiated_is_not_attested),
        cmocka_unit_test(nothing_is_handed_out_after_a_refusal),
        cmocka_unit_test(missing_terms_and_unknown_roles_begin_as_failed),
        cmocka_unit_test(init_begins_again_from_nothing),
        cmocka_unit_test(each_broken_invariant_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
