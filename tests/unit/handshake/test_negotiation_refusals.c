/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused, and the sentence of each refusal. */
#include "negotiation_test.h"

/* ---- the choices of a hostile server ---- */

static void choice_that_was_not_offered_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *can_attest, *can_appraise;
        bool for_client;
        char choice;
        enum atls_err err;
        const char *sentence;
    } rows[] = {
        {"", "P", false, 'T', ATLS_ERR_ILLEGAL,
         "EncryptedExtensions: a message says something that is illegal at this place "
         "(chosen_server_scheme: found evidence of media type \"application/vnd.example.tpm\", "
         "expected one of the 1 schemes that were offered in server_attester_schemes)"},
        {"T", "P", false, 'T', ATLS_ERR_ILLEGAL, /* from the other list */
         "EncryptedExtensions: a message says something that is illegal at this place "
         "(chosen_server_scheme: found evidence of media type \"application/vnd.example.tpm\", "
         "expected one of the 1 schemes that were offered in server_attester_schemes)"},
        {"T", "P", true, 'P', ATLS_ERR_ILLEGAL,
         "CertificateRequest: a message says something that is illegal at this place "
         "(chosen_client_scheme: found evidence of content format 10003, expected one of the 1 "
         "schemes that were offered in client_attester_schemes)"},
        {"", "P", true, 'P', ATLS_ERR_ILLEGAL,
         "CertificateRequest: a message says something that is illegal at this place "
         "(chosen_client_scheme: found evidence of content format 10003, expected one of the 0 "
         "schemes that were offered in client_attester_schemes)"},
        {"", "P", false, '-', ATLS_ERR_ILLEGAL,
         "EncryptedExtensions: a message says something that is illegal at this place "
         "(chosen_server_scheme: found a scheme with an empty name, expected a scheme that was "
         "offered)"},
        {"", "", false, 'P', ATLS_ERR_UNSOLICITED,
         "EncryptedExtensions: an extension was sent that was never offered "
         "(chosen_server_scheme: found remoteAttestation, expected no such extension, since "
         "ClientHello had none)"},
        {"", "", true, 'P', ATLS_ERR_UNSOLICITED,
         "CertificateRequest: an extension was sent that was never offered "
         "(chosen_client_scheme: found remoteAttestation, expected no such extension, since "
         "ClientHello had none)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct side side = {rows[i].can_attest, rows[i].can_appraise, false};
        const struct atls_scheme choice = scheme_of(rows[i].choice);
        struct peer client;
        struct atls_offer offer;
        struct atls_diag diag;
        bool send = false;
        peer_init(&client, ATLS_ROLE_CLIENT, &side);
        assert_err(atls_negotiation_offer(&client.n, &send, &offer, NULL), OK);
        const enum atls_err err =
            rows[i].for_client ? atls_negotiation_take_client_choice(&client.n, &choice, &diag)
                               : atls_negotiation_take_server_choice(&client.n, &choice, &diag);
        assert_int_equal(err, rows[i].err);
        assert_sentence(&diag, rows[i].sentence);
        assert_int_equal(client.n.state, ATLS_NEGOTIATION_FAILED);
        assert_sound(&client);
    }
}

/* An offer may hold schemes with an empty name: they are never chosen, not even by a server that
 * was told of one. */
static void empty_names_of_an_offer_are_never_chosen(void **state)
{
    (void)state;
    const struct side side = {"P", "T", true};
    const struct atls_offer offer = {list_of("-P"), list_of("-T")};
    struct peer server;
    struct atls_scheme choice;
    bool send = false;
    peer_init(&server, ATLS_ROLE_SERVER, &side);
    assert_err(atls_negotiation_take_offer(&server.n, &offer, NULL), OK);
    assert_err(atls_negotiation_choose_server(&server.n, &send, &choice, NULL), OK);
    assert_int_equal(letter_of(&choice), 'P');
    assert_err(atls_negotiation_choose_client(&server.n, &send, &choice, NULL), OK);
    assert_int_equal(letter_of(&choice), 'T');
    assert_sound(&server);
}

/* ---- what a server says when it requires and nothing fits ---- */

static void nothing_offered_says_what_came_and_what_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *offered; /* NULL: no extension */
        const char *taken, *sentence;
    } rows[] = {
        {NULL, "P",
         "ClientHello: the client offered no attestation that is required here "
         "(client_attester_schemes: found no remoteAttestation, expected evidence of content "
         "format 10003)"},
        {"", "P",
         "ClientHello: the client offered no attestation that is required here "
         "(client_attester_schemes: found an empty list, expected evidence of content format "
         "10003)"},
        {"T", "P",
         "ClientHello: the client offered no attestation that is required here "
         "(client_attester_schemes: found evidence of media type \"application/vnd.example.tpm\", "
         "expected evidence of content format 10003)"},
        {"TM", "VP",
         "ClientHello: the client offered no attestation that is required here "
         "(client_attester_schemes: found evidence of media type \"application/vnd.example.tpm\" "
         "and others, expected result of Verifier \"https://verifier.example\" or another that "
         "this server takes)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct side side = {"", rows[i].taken, true};
        struct peer server;
        struct atls_scheme choice;
        struct atls_diag diag;
        bool send = false;
        peer_init(&server, ATLS_ROLE_SERVER, &side);
        if (rows[i].offered != NULL) {
            const struct atls_offer offer = {{{{0}}, 0}, list_of(rows[i].offered)};
            assert_err(atls_negotiation_take_offer(&server.n, &offer, NULL), OK);
        }
        assert_err(atls_negotiation_choose_client(&server.n, &send, &choice, &diag),
                   NOTHING_OFFERED);
        assert_sentence(&diag, rows[i].sentence);
        assert_false(send);
        assert_err(atls_negotiation_check_complete(&server.n, NULL), STATE);
    }
}

/* ---- terms that cannot be negotiated ---- */

static void terms_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct side side;
        const char *sentence;
    } rows[] = {
        {{"P", "", true},
         "negotiation: the configuration is not valid (can_appraise: found no scheme, expected at "
         "least one, since attestation of the peer is required)"},
        {{"P-", "T", false},
         "negotiation: the configuration is not valid (can_attest: found a name of 0 octets, "
         "expected a media type or a Verifier identity of 1 to 512)"},
        {{"P", "T-", false},
         "negotiation: the configuration is not valid (can_appraise: found a name of 0 octets, "
         "expected a media type or a Verifier identity of 1 to 512)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct peer client;
        struct peer server;
        struct atls_offer offer = {0};
        struct atls_scheme choice;
        struct atls_diag diag;
        bool send = false;
        peer_init(&client, ATLS_ROLE_CLIENT, &rows[i].side);
        assert_err(atls_negotiation_offer(&client.n, &send, &offer, &diag), CONFIG);
        assert_sentence(&diag, rows[i].sentence);
        peer_init(&server, ATLS_ROLE_SERVER, &rows[i].side);
        assert_err(atls_negotiation_choose_client(&server.n, &send, &choice, &diag), CONFIG);
        assert_sentence(&diag, rows[i].sentence);
        peer_init(&server, ATLS_ROLE_SERVER, &rows[i].side);
        assert_err(atls_negotiation_take_offer(&server.n, &offer, NULL), CONFIG);
        assert_err(atls_negotiation_choose_server(&server.n, &send, &choice, NULL), STATE);
        assert_false(send);
    }
}

static void terms_keep_the_limits_of_the_wire(void **state)
{
    (void)state;
    const struct side side = {"", "P", true};
    const struct atls_buf text = test_room(ATLS_MAX_SCHEME_TEXT_LEN + 1);
    memset(text.data, 'm', text.cap);
    for (size_t over = 0; over <= 1; over++) {
        struct peer client;
        struct atls_offer offer;
        struct atls_diag diag = {0};
        bool send = false;
        peer_init(&client, ATLS_ROLE_CLIENT, &side);
        client.can_appraise.items[0] = by_verifier("");
        client.can_appraise.items[0].text =
            atls_bytes_of(text.data, ATLS_MAX_SCHEME_TEXT_LEN + over);
        enum atls_err err = atls_negotiation_offer(&client.n, &send, &offer, &diag);
        assert_int_equal(err, over == 0 ? ATLS_OK : ATLS_ERR_CONFIG);

        struct atls_scheme_list *list = &client.can_appraise;
        for (size_t i = 0; i < ATLS_MAX_SCHEMES; i++) {
            list->items[i] = by_format((uint16_t)i);
        }
        list->count = ATLS_MAX_SCHEMES + over;
        const struct atls_terms terms = {NULL, list, true};
        atls_negotiation_init(&client.n, ATLS_ROLE_CLIENT, &terms);
        err = atls_negotiation_offer(&client.n, &send, &offer, &diag);
        assert_int_equal(err, over == 0 ? ATLS_OK : ATLS_ERR_CONFIG);
        if (over != 0) {
            assert_string_equal(diag.found, "33 schemes");
            assert_string_equal(diag.expected, "at most 32");
        }
    }
}

static void absent_lists_are_empty_lists(void **state)
{
    (void)state;
    const struct atls_terms nothing = {NULL, NULL, false};
    struct atls_negotiation n;
    struct atls_offer offer;
    bool send = true;
    atls_negotiation_init(&n, ATLS_ROLE_CLIENT, &nothing);
    assert_err(atls_negotiation_offer(&n, &send, &offer, NULL), OK);
    assert_false(send);
    assert_err(atls_negotiation_check_complete(&n, NULL), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choice_that_was_not_offered_is_refused),
        cmocka_unit_test(empty_names_of_an_offer_are_never_chosen),
        cmocka_unit_test(nothing_offered_says_what_came_and_what_is_taken),
        cmocka_unit_test(terms_that_make_no_sense_are_refused),
        cmocka_unit_test(terms_keep_the_limits_of_the_wire),
        cmocka_unit_test(absent_lists_are_empty_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
