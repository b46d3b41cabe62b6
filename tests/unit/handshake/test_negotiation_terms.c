/* SPDX-License-Identifier: Apache-2.0 */
/* A server that goes over to other terms, as one does whose context is chosen by a server name. */
#include "negotiation_test.h"

/* At first the server can nothing; then it proves itself by P and requires T of the client. */
static const struct side nothing = {"", "", false};
static const struct side second_side = {"P", "T", true};

static struct peer server, second;

static void begin(void)
{
    peer_init(&server, ATLS_ROLE_SERVER, &nothing);
    peer_init(&second, ATLS_ROLE_SERVER, &second_side);
}

static enum atls_err offer(const char *server_list, const char *client_list, struct atls_diag *diag)
{
    const struct atls_offer sent = {list_of(server_list), list_of(client_list)};
    return atls_negotiation_take_offer(&server.n, &sent, diag);
}

static void the_new_terms_decide_on_an_offer_that_came_before(void **state)
{
    (void)state;
    struct atls_scheme chosen;
    bool send = false;
    begin();
    assert_err(offer("P", "T", NULL), OK);
    assert_err(atls_negotiation_switch_terms(&server.n, &second.n.terms, NULL), OK);
    assert_sound(&server);
    assert_err(atls_negotiation_choose_server(&server.n, &send, &chosen, NULL), OK);
    assert_true(send);
    assert_int_equal(letter_of(&chosen), 'P');
    assert_err(atls_negotiation_choose_client(&server.n, &send, &chosen, NULL), OK);
    assert_int_equal(letter_of(&chosen), 'T');
    assert_sound(&server);
}

static void what_they_require_is_required(void **state)
{
    (void)state;
    struct atls_scheme chosen;
    struct atls_diag diag;
    bool send = false;
    begin();
    assert_err(atls_negotiation_switch_terms(&server.n, &second.n.terms, NULL), OK);
    assert_err(atls_negotiation_choose_client(&server.n, &send, &chosen, &diag), NOTHING_OFFERED);
    assert_err(diag.err, NOTHING_OFFERED);
}

static void hello_retry_request_is_not_forgotten(void **state)
{
    (void)state;
    struct atls_scheme chosen;
    struct atls_diag diag;
    bool send = false;
    begin();
    assert_err(offer("P", "T", NULL), OK);
    assert_err(atls_negotiation_retry(&server.n, NULL), OK);
    assert_err(atls_negotiation_switch_terms(&server.n, &second.n.terms, NULL), OK);
    assert_int_equal(server.n.state, ATLS_NEGOTIATION_RETRY);
    /* a second ClientHello without the extension is no right to choose from the first */
    assert_err(atls_negotiation_choose_server(&server.n, &send, &chosen, &diag), ILLEGAL);
    assert_string_equal(diag.found, "no such extension in the second ClientHello");
}

static void the_second_offer_must_still_equal_the_first(void **state)
{
    (void)state;
    struct atls_diag diag;
    begin();
    assert_err(offer("P", "T", NULL), OK);
    assert_err(atls_negotiation_retry(&server.n, NULL), OK);
    assert_err(atls_negotiation_switch_terms(&server.n, &second.n.terms, NULL), OK);
    assert_err(offer("PM", "T", &diag), ILLEGAL);
    begin();
    assert_err(atls_negotiation_retry(&server.n, NULL), OK);
    assert_err(atls_negotiation_switch_terms(&server.n, &second.n.terms, NULL), OK);
    assert_err(offer("P", "T", &diag), ILLEGAL);
}

static void after_a_choice_or_a_refusal_nothing_is_switched(void **state)
{
    (void)state;
    struct atls_scheme chosen;
    struct atls_diag diag;
    bool send = false;
    begin();
    assert_err(offer("P", "T", NULL), OK);
    assert_err(atls_negotiation_choose_server(&server.n, &send, &chosen, NULL), OK);
    assert_false(send);
    assert_err(atls_negotiation_switch_terms(&server.n, &second.n.terms, &diag), STATE);
    assert_int_equal(server.n.state, ATLS_NEGOTIATION_FAILED);
    assert_err(atls_negotiation_switch_terms(&server.n, &second.n.terms, &diag), STATE);
    assert_int_equal(server.n.state, ATLS_NEGOTIATION_FAILED);
}

static void a_client_has_one_context(void **state)
{
    (void)state;
    struct peer client;
    struct atls_diag diag;
    begin();
    peer_init(&client, ATLS_ROLE_CLIENT, &second_side);
    assert_err(atls_negotiation_switch_terms(&client.n, &second.n.terms, &diag), STATE);
    assert_string_equal(diag.claim, "switch_terms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_new_terms_decide_on_an_offer_that_came_before),
        cmocka_unit_test(what_they_require_is_required),
        cmocka_unit_test(hello_retry_request_is_not_forgotten),
        cmocka_unit_test(the_second_offer_must_still_equal_the_first),
        cmocka_unit_test(after_a_choice_or_a_refusal_nothing_is_switched),
        cmocka_unit_test(a_client_has_one_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
