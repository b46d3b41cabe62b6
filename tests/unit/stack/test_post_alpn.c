/* SPDX-License-Identifier: Apache-2.0 */
/* How both sides agree on the exchange after the handshake, what the application is shown, and that
 * nobody who requires it goes on without. */
#include "forger.h"

static struct test_world *world;

static const char no_protocol[] =
    "attestation after the handshake: no protocol was chosen that attests after the handshake "
    "(ALPN: found no protocol, or one without attestation, expected atls/1, or atls/1+ and a "
    "protocol of the application)";
static const char none_offered[] =
    "ClientHello: no protocol was chosen that attests after the handshake (ALPN: found no protocol "
    "with attestation after the handshake, expected atls/1, or atls/1+ and a protocol of the "
    "application)";

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

/* takes chooses the one protocol that `arg` names, of what it is shown. */
static char shown[256];

static int takes(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                 const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl;
    memcpy(shown, in, in_len);
    shown[in_len] = '\0';
    for (unsigned at = 0; at < in_len; at += in[at] + 1u) {
        if (in[at] == strlen(arg) && memcmp(&in[at + 1], arg, in[at]) == 0) {
            *out = &in[at + 1];
            *out_len = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static void use_protocols(SSL_CTX *ctx, const char *list)
{
    assert_err(atls_openssl_set_alpn(ctx, (const unsigned char *)list, strlen(list), NULL), OK);
}

static void use_select(SSL_CTX *ctx, const char *name)
{
    static char names[2][16];
    char *arg = names[strcmp(name, "h2") == 0];
    snprintf(arg, sizeof names[0], "%s", name);
    assert_err(atls_openssl_set_alpn_select(ctx, takes, arg, NULL), OK);
}

static void assert_selected(const struct test_end *end, const char *name, const char *on_the_wire)
{
    const unsigned char *data = NULL;
    unsigned len = 0;
    atls_openssl_alpn_selected(end->ssl, &data, &len);
    assert_text(atls_bytes_of(data, len), name);
    SSL_get0_alpn_selected(end->ssl, &data, &len);
    assert_text(atls_bytes_of(data, len), on_the_wire);
}

static struct test_pair pair_of(const struct test_spec *client, const char *offers,
                                const struct test_spec *server, const char *selects)
{
    SSL_CTX *client_ctx = test_enabled_ctx(world, &world->client, client);
    SSL_CTX *server_ctx = test_enabled_ctx(world, &world->server, server);
    if (offers != NULL) {
        use_protocols(client_ctx, offers);
    }
    if (selects != NULL) {
        use_select(server_ctx, selects);
    }
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    shown[0] = '\0';
    test_watch(&pair);
    test_shake(&pair);
    return pair;
}

static void the_application_s_protocol_travels_within(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server, .timing = ATLS_TIMING_POST};
    const struct test_spec server = {.attests = &world->server, .timing = ATLS_TIMING_POST};
    struct test_pair pair = pair_of(&client, NULL, &server, NULL);
    assert_selected(&pair.client, "", "atls/1");
    assert_selected(&pair.server, "", "atls/1");
    assert_exchanged(&pair);
    test_pair_free(&pair);
    pair = pair_of(&client, "\2h2\10http/1.1", &server, "http/1.1");
    assert_string_equal(shown, "\2h2\10http/1.1"); /* the application never sees ours */
    assert_selected(&pair.client, "http/1.1", "atls/1+http/1.1");
    assert_selected(&pair.server, "http/1.1", "atls/1+http/1.1");
    assert_exchanged(&pair);
    test_pair_free(&pair);
    pair = pair_of(&client, "\2h2\2h3", &server, "h3"); /* two of one length */
    assert_selected(&pair.client, "h3", "atls/1+h3");
    assert_selected(&pair.server, "h3", "atls/1+h3");
    assert_exchanged(&pair);
    test_pair_free(&pair);
    /* a server with protocols, and a client that has none */
    pair = pair_of(&client, NULL, &server, "h2");
    assert_selected(&pair.server, "", "atls/1");
    assert_exchanged(&pair);
    test_pair_free(&pair);
}

static void a_server_that_requires_takes_no_other_protocol(void **state)
{
    (void)state;
    const struct test_spec server = {.requires = &world->client, .timing = ATLS_TIMING_POST};
    const struct test_spec client = {.attests = &world->client};
    static const char *const offers[] = {NULL, "\2h2"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(offers); i++) {
        struct test_pair pair = pair_of(&client, offers[i], &server, "h2");
        assert_refused(&pair.server, NO_PROTOCOL, none_offered);
        assert_int_equal(pair.server.alert_out, SSL_AD_NO_APPLICATION_PROTOCOL);
        assert_outcome(&pair.client, PEER_REFUSED,
                       "handshake: the peer refused this connection with an alert (alert: found no "
                       "application protocol (120))");
        test_pair_free(&pair);
    }
}

static void a_protocol_that_the_application_does_not_take_is_refused(void **state)
{
    (void)state;
    const struct test_spec client = {.attests = &world->client, .timing = ATLS_TIMING_POST};
    const struct test_spec server = {.requires = &world->client, .timing = ATLS_TIMING_POST};
    struct test_pair pair = pair_of(&client, "\3foo", &server, "h2");
    assert_refused(&pair.server, NO_PROTOCOL, none_offered);
    assert_int_equal(pair.server.alert_out, SSL_AD_NO_APPLICATION_PROTOCOL);
    test_pair_free(&pair);
}

/* The peer itself chooses P in place of atls/1+P, or nothing: its right, and it gains nothing. */
static void a_client_that_requires_refuses_a_server_that_chooses_less(void **state)
{
    (void)state;
    static char plain[] = "h2", other[] = "atls/2";
    static char *const chosen[] = {plain, other, NULL};
    const struct test_spec spec = {.requires = &world->server, .timing = ATLS_TIMING_POST};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(chosen); i++) {
        SSL_CTX *client = test_enabled_ctx(world, NULL, &spec);
        SSL_CTX *server = test_plain_ctx(world, &world->server, false);
        use_protocols(client, "\2h2\6atls/2");
        if (chosen[i] != NULL) {
            SSL_CTX_set_alpn_select_cb(server, forger_select, chosen[i]);
        }
        struct test_pair pair = test_pair_of(client, server);
        test_watch(&pair);
        test_shake(&pair);
        assert_refused(&pair.client, NO_PROTOCOL, no_protocol);
        assert_int_equal(pair.client.alert_out, SSL_AD_HANDSHAKE_FAILURE);
        test_pair_free(&pair);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* An application that sets its protocols by OpenSSL's own function takes ours away: refused too. */
static void an_application_that_replaces_the_offer_is_refused(void **state)
{
    (void)state;
    const struct test_spec spec = {.requires = &world->server, .timing = ATLS_TIMING_POST};
    const struct test_spec attests = {.attests = &world->server, .timing = ATLS_TIMING_POST};
    struct test_pair pair = test_pair_of_spec(world, &spec, &attests);
    assert_int_equal(SSL_set_alpn_protos(pair.client.ssl, (const unsigned char *)"\2h2", 3), 0);
    test_shake(&pair);
    assert_refused(&pair.client, NO_PROTOCOL, no_protocol);
    test_pair_free(&pair);
    /* likewise a server whose callback chooses by itself */
    static char plain[] = "h2";
    const struct test_spec client = {.attests = &world->client, .timing = ATLS_TIMING_POST};
    const struct test_spec server = {.requires = &world->client, .timing = ATLS_TIMING_POST};
    SSL_CTX *client_ctx = test_enabled_ctx(world, &world->client, &client);
    SSL_CTX *server_ctx = test_enabled_ctx(world, &world->server, &server);
    use_protocols(client_ctx, "\2h2");
    SSL_CTX_set_alpn_select_cb(server_ctx, forger_select, plain);
    SSL_CTX_set_client_hello_cb(server_ctx, NULL, NULL);
    pair = test_pair_of(client_ctx, server_ctx);
    test_shake(&pair);
    assert_refused(&pair.server, NO_PROTOCOL, no_protocol);
    test_pair_free(&pair);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

static void who_only_attests_goes_on_without(void **state)
{
    (void)state;
    const struct test_spec attests = {.attests = &world->server, .timing = ATLS_TIMING_POST};
    const struct test_spec client_attests = {.attests = &world->client, .timing = ATLS_TIMING_POST};
    const struct test_spec none = {.requires = NULL};
    struct test_pair pair = pair_of(&none, "\2h2", &attests, "h2");
    assert_selected(&pair.server, "h2", "h2");
    assert_false(atls_post_is_due(pair.server.ssl));
    assert_open(&pair);
    test_pair_free(&pair);
    pair = pair_of(&client_attests, "\2h2", &none, "h2");
    assert_selected(&pair.client, "h2", "h2");
    assert_open(&pair);
    test_pair_free(&pair);
    /* a protocol of that name means nothing where the exchange is not wanted */
    pair = pair_of(&none, "\6atls/1", &none, "atls/1");
    assert_selected(&pair.client, "atls/1", "atls/1");
    assert_false(atls_post_is_due(pair.client.ssl));
    assert_open(&pair);
    test_pair_free(&pair);
}

static void lists_that_are_none_are_refused(void **state)
{
    (void)state;
    unsigned char longest[1 + 249];
    memset(longest, 'a', sizeof longest);
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    static const unsigned char empty_name[] = {0}, cut[] = {2, 'h'};
    assert_err(atls_openssl_set_alpn(ctx, empty_name, sizeof empty_name, NULL), ARGUMENT);
    assert_err(atls_openssl_set_alpn(ctx, cut, sizeof cut, NULL), ARGUMENT);
    longest[0] = 249;
    assert_err(atls_openssl_set_alpn(ctx, longest, sizeof longest, NULL), ARGUMENT);
    longest[0] = 248;
    assert_err(atls_openssl_set_alpn(ctx, longest, sizeof longest - 1, NULL), OK);
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application_s_protocol_travels_within),
        cmocka_unit_test(a_server_that_requires_takes_no_other_protocol),
        cmocka_unit_test(a_protocol_that_the_application_does_not_take_is_refused),
        cmocka_unit_test(a_client_that_requires_refuses_a_server_that_chooses_less),
        cmocka_unit_test(an_application_that_replaces_the_offer_is_refused),
        cmocka_unit_test(who_only_attests_goes_on_without),
        cmocka_unit_test(lists_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
