/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the negotiation: a client and a server over the octets of the four messages. */
#include "negotiation_test.h"

struct rule {
    const char *name;
    struct side client, server;
    bool offers;                       /* the extension is in the ClientHello */
    char server_scheme, client_scheme; /* what is chosen for each direction, 0 for nothing */
    enum atls_err server_err;          /* of the server: its CertificateRequest, or at the end */
    enum atls_err client_err;          /* of the client, at the end */
};

static const struct rule rules[] = {
    {"nobody wants anything", {"", "", false}, {"", "", false}, false, 0, 0, ATLS_OK, ATLS_OK},
    {"the server proves itself", {"", "P", true}, {"P", "", false}, true, 'P', 0, ATLS_OK, ATLS_OK},
    {"the client proves itself", {"P", "", false}, {"", "P", true}, true, 0, 'P', ATLS_OK, ATLS_OK},
    {"both prove themselves", {"T", "P", true}, {"P", "T", true}, true, 'P', 'T', ATLS_OK, ATLS_OK},
    {"a result one way, evidence the other",
     {"T", "V", true},
     {"PV", "T", true},
     true,
     'V',
     'T',
     ATLS_OK,
     ATLS_OK},

    /* The order of the relying side decides. */
    {"the client's order decides how the server proves itself",
     {"", "TP", true},
     {"PT", "", false},
     true,
     'T',
     0,
     ATLS_OK,
     ATLS_OK},
    {"the server's order decides how the client proves itself",
     {"PT", "", false},
     {"", "TP", true},
     true,
     0,
     'T',
     ATLS_OK,
     ATLS_OK},
    {"the first common scheme, not the first of all",
     {"", "VTP", true},
     {"MPT", "", false},
     true,
     'T',
     0,
     ATLS_OK,
     ATLS_OK},
    {"content format and media type are two schemes",
     {"", "M", true},
     {"P", "", false},
     true,
     0,
     0,
     ATLS_OK,
     ATLS_ERR_NOT_ATTESTED},

    /* Optional attestation: taken when there, done without when not. */
    {"a client that requires nothing takes what the server can",
     {"", "P", false},
     {"P", "", false},
     true,
     'P',
     0,
     ATLS_OK,
     ATLS_OK},
    {"a client that requires nothing goes on without",
     {"", "P", false},
     {"T", "", false},
     true,
     0,
     0,
     ATLS_OK,
     ATLS_OK},
    {"a server that requires nothing asks when it can appraise",
     {"P", "", false},
     {"", "P", false},
     true,
     0,
     'P',
     ATLS_OK,
     ATLS_OK},
    {"a server that requires nothing goes on without",
     {"T", "", false},
     {"", "P", false},
     true,
     0,
     0,
     ATLS_OK,
     ATLS_OK},
    {"a server that can appraise nothing does not ask",
     {"P", "", false},
     {"", "", false},
     true,
     0,
     0,
     ATLS_OK,
     ATLS_OK},
    {"a server proves itself to nobody who did not ask",
     {"", "", false},
     {"P", "", false},
     false,
     0,
     0,
     ATLS_OK,
     ATLS_OK},

    /* Required and not to be had. */
    {"client requires, server has nothing",
     {"", "P", true},
     {"", "", false},
     true,
     0,
     0,
     ATLS_OK,
     ATLS_ERR_NOT_ATTESTED},
    {"client requires, server has another scheme",
     {"", "P", true},
     {"T", "", false},
     true,
     0,
     0,
     ATLS_OK,
     ATLS_ERR_NOT_ATTESTED},
    {"server requires, client sends no extension",
     {"", "", false},
     {"", "P", true},
     false,
     0,
     0,
     ATLS_ERR_NOTHING_OFFERED,
     ATLS_OK},
    {"server requires, client offers no client scheme",
     {"", "P", false},
     {"P", "P", true},
     true,
     'P',
     0,
     ATLS_ERR_NOTHING_OFFERED,
     ATLS_OK},
    {"server requires, client has another scheme",
     {"T", "", false},
     {"", "P", true},
     true,
     0,
     0,
     ATLS_ERR_NOTHING_OFFERED,
     ATLS_OK},
    {"both require, only the server can",
     {"", "P", true},
     {"P", "T", true},
     true,
     'P',
     0,
     ATLS_ERR_NOTHING_OFFERED,
     ATLS_OK},
    {"roles are not mixed up: what a client appraises it does not attest",
     {"", "P", false},
     {"", "P", true},
     true,
     0,
     0,
     ATLS_ERR_NOTHING_OFFERED,
     ATLS_OK},
};

/* over_the_wire writes and reads a choice, as EncryptedExtensions or CertificateRequest would. */
static struct atls_scheme over_the_wire(const struct atls_scheme *choice)
{
    const struct atls_buf room = test_room(600);
    struct atls_scheme out;
    size_t len = 0;
    assert_err(atls_choice_write(room, &len, choice, NULL), OK);
    assert_err(atls_choice_parse(&out, atls_bytes_of(room.data, len), NULL), OK);
    return out;
}

static void client_hello(struct peer *client, struct peer *server, bool expected)
{
    struct atls_offer offer;
    bool send = !expected;
    assert_err(atls_negotiation_offer(&client->n, &send, &offer, NULL), OK);
    assert_int_equal(send, expected);
    if (send) {
        const struct atls_buf room = test_room(4096);
        struct atls_offer received;
        size_t len = 0;
        assert_err(atls_offer_write(room, &len, &offer, NULL), OK);
        assert_err(atls_offer_parse(&received, atls_bytes_of(room.data, len), NULL), OK);
        assert_err(atls_negotiation_take_offer(&server->n, &received, NULL), OK);
    }
    assert_sound(client);
    assert_sound(server);
}

static void encrypted_extensions(struct peer *client, struct peer *server, char expected)
{
    struct atls_scheme choice;
    bool send = false;
    assert_err(atls_negotiation_choose_server(&server->n, &send, &choice, NULL), OK);
    assert_int_equal(send, expected != 0);
    if (send) {
        assert_int_equal(letter_of(&choice), expected);
        const struct atls_scheme received = over_the_wire(&choice);
        assert_err(atls_negotiation_take_server_choice(&client->n, &received, NULL), OK);
    }
    assert_sound(client);
    assert_sound(server);
}

static enum atls_err certificate_request(struct peer *client, struct peer *server, char expected)
{
    struct atls_scheme choice;
    bool send = false;
    const enum atls_err err = atls_negotiation_choose_client(&server->n, &send, &choice, NULL);
    assert_int_equal(send, expected != 0);
    if (send) {
        assert_int_equal(letter_of(&choice), expected);
        const struct atls_scheme received = over_the_wire(&choice);
        assert_err(atls_negotiation_take_client_choice(&client->n, &received, NULL), OK);
    }
    assert_sound(client);
    assert_sound(server);
    return err;
}

static void certificate(struct peer *from, struct peer *to, char expected)
{
    struct atls_scheme attested;
    struct atls_scheme awaited;
    const bool attests = atls_negotiation_must_attest(&from->n, &attested);
    assert_int_equal(attests, expected != 0);
    assert_int_equal(atls_negotiation_expects_peer(&to->n, &awaited), attests);
    if (attests) {
        assert_int_equal(letter_of(&attested), expected);
        assert_true(atls_scheme_equal(&attested, &awaited));
        assert_err(atls_negotiation_take_credential(&to->n, 0, NULL), OK);
    }
    assert_sound(to);
}

static void run_rule(const struct rule *rule)
{
    struct peer client;
    struct peer server;
    peer_init(&client, ATLS_ROLE_CLIENT, &rule->client);
    peer_init(&server, ATLS_ROLE_SERVER, &rule->server);
    client_hello(&client, &server, rule->offers);
    encrypted_extensions(&client, &server, rule->server_scheme);
    const enum atls_err err = certificate_request(&client, &server, rule->client_scheme);
    assert_int_equal(err, rule->server_err);
    if (err != ATLS_OK) {
        struct atls_scheme none;
        assert_false(atls_negotiation_must_attest(&server.n, &none));
        return;
    }
    certificate(&server, &client, rule->server_scheme);
    assert_int_equal(atls_negotiation_check_complete(&client.n, NULL), rule->client_err);
    certificate(&client, &server, rule->client_scheme);
    assert_err(atls_negotiation_check_complete(&server.n, NULL), OK);
}

static void every_rule_of_the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rules); i++) {
        print_message("           %s\n", rules[i].name);
        run_rule(&rules[i]);
    }
}

/* Every pair of sides with up to two schemes each: a refusal if and only if something required
 * has no common scheme, and otherwise the first common one in the order of the relying side. */
static char first_common(const char *first, const char *second)
{
    for (; *first != '\0'; first++) {
        if (strchr(second, *first) != NULL) {
            return *first;
        }
    }
    return 0;
}

static void every_pair_of_small_sides_agrees_with_the_definition(void **state)
{
    (void)state;
    static const char *const lists[] = {"", "P", "T", "PT", "TP", "VP"};
    enum { LISTS = 6 };
    for (size_t i = 0; i < (size_t)LISTS * LISTS * LISTS * LISTS * 4; i++) {
        struct rule rule = {.name = "generated"};
        size_t rest = i;
        rule.client.can_attest = lists[rest % LISTS];
        rest /= LISTS;
        rule.client.can_appraise = lists[rest % LISTS];
        rest /= LISTS;
        rule.server.can_attest = lists[rest % LISTS];
        rest /= LISTS;
        rule.server.can_appraise = lists[rest % LISTS];
        rest /= LISTS;
        rule.client.requires_peer = rest % 2 != 0 && rule.client.can_appraise[0] != '\0';
        rule.server.requires_peer = rest / 2 != 0 && rule.server.can_appraise[0] != '\0';
        rule.offers = rule.client.can_attest[0] != '\0' || rule.client.can_appraise[0] != '\0';
        rule.server_scheme = first_common(rule.client.can_appraise, rule.server.can_attest);
        rule.client_scheme = first_common(rule.server.can_appraise, rule.client.can_attest);
        rule.server_err = rule.server.requires_peer && rule.client_scheme == 0
                              ? ATLS_ERR_NOTHING_OFFERED
                              : ATLS_OK;
        rule.client_err =
            rule.client.requires_peer && rule.server_scheme == 0 ? ATLS_ERR_NOT_ATTESTED : ATLS_OK;
        run_rule(&rule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_of_the_table_holds),
        cmocka_unit_test(every_pair_of_small_sides_agrees_with_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
