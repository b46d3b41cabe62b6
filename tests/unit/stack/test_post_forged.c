/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relying client against a peer that has the TLS key of a genuine machine, and may have Evidence
 * of it, too: each part of an authenticator is made for another connection in turn, and all the
 * others are right. The last resort of every case is a shut gate.
 */
#include "forger.h"

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

/* A client of ours, a forger as its server; and the forger as the client of a genuine machine. */
struct scene {
    struct test_pair victim, genuine;
    struct test_exchange at; /* of the victim */
    struct atls_bytes request;
};

static void prepare(struct scene *s)
{
    const struct test_spec requires = {.requires = &world->server, .timing = ATLS_TIMING_POST};
    const struct test_spec attests = {.attests = &world->server, .timing = ATLS_TIMING_POST};
    SSL_CTX *forger = forger_ctx(world, &world->server);
    SSL_CTX *client = test_enabled_ctx(world, NULL, &requires);
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &attests);
    assert_true(SSL_CTX_dane_enable(client) > 0); /* for those that pin */
    memset(s, 0, sizeof *s);
    s->victim = test_pair_of(client, forger);
    s->genuine = test_pair_of(forger, server);
    SSL_CTX_free(forger);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void begin(struct scene *s)
{
    test_shake(&s->victim);
    test_shake(&s->genuine);
    s->at.step = ATLS_POST_WANT_READ;
    test_exchange_step(&s->victim.client, &s->at);
    (void)take_frame(&s->victim.server, ATLS_FRAME_HELLO);
    s->request = take_frame(&s->victim.server, ATLS_FRAME_REQUEST);
    send_hello(&s->victim.server, false);
}

static void meet(struct scene *s)
{
    prepare(s);
    begin(s);
}

static void part(struct scene *s)
{
    test_pair_free(&s->victim);
    test_pair_free(&s->genuine);
}

/* honest: what the forger could make if it were the genuine machine. */
static struct forgery honest(const struct scene *s)
{
    return (struct forgery){.finished = s->victim.server.ssl,
                            .maker = ATLS_ROLE_SERVER,
                            .bound = s->victim.server.ssl,
                            .key = &world->server,
                            .attester = &world->server};
}

static void answer(struct scene *s, struct atls_bytes authenticator)
{
    send_frame(&s->victim.server, ATLS_FRAME_AUTHENTICATOR, authenticator);
    send_frame(&s->victim.server, ATLS_FRAME_DONE, atls_bytes_of(NULL, 0));
    test_exchange_step(&s->victim.client, &s->at);
}

/* expect: the victim refuses for this reason, tells its alert, and is shut. */
static void expect(struct scene *s, const char *err, uint8_t alert)
{
    assert_int_equal(s->at.step, ATLS_POST_FAILED);
    if (strcmp(atls_err_name(s->at.diag.err), err) != 0) {
        print_error("%s\n", test_sentence(&s->at.diag));
    }
    assert_string_equal(atls_err_name(s->at.diag.err), err);
    assert_bytes(take_frame(&s->victim.server, ATLS_FRAME_CLOSE), atls_bytes_of(&alert, 1));
    test_assert_shut(&s->victim.client);
    part(s);
}

static void what_is_all_of_one_connection_is_taken(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    const struct forgery f = honest(&s);
    answer(&s, forge(&f, s.request));
    assert_int_equal(s.at.step, ATLS_POST_DONE);
    assert_int_equal(take_frame(&s.victim.server, ATLS_FRAME_DONE).len, 0);
    assert_true(test_send(&s.victim.client, &s.victim.server));
    part(&s);
}

/* All of it is right but for the attestation, which is not there. */
static void an_authenticator_without_attestation_is_refused(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    f.bare = true;
    answer(&s, forge(&f, s.request));
    assert_string_equal(s.at.diag.claim, "cmw_attestation");
    expect(&s, "NOT_ATTESTED", SSL_AD_HANDSHAKE_FAILURE);
}

/* RSASSA-PKCS1-v1_5, as most authorities sign: a strict peer could not send its chain otherwise. */
static void a_request_takes_more_of_certificates_than_of_the_peer(void **state)
{
    (void)state;
    struct scene s;
    struct atls_authenticator_request request;
    meet(&s);
    assert_err(atls_authenticator_request_parse(&request, s.request, ATLS_CMW_EXTENSION_TYPE, NULL),
               OK);
    assert_int_equal(request.schemes.len, 22);
    assert_int_equal(request.cert_schemes.len, 28);
    assert_memory_equal(request.cert_schemes.data, request.schemes.data, request.schemes.len);
    assert_bytes(atls_bytes_of(request.cert_schemes.data + 22, 6), test_hex("0401 0501 0601"));
    part(&s);
}

/* The genuine machine answers the victim's request, over its own connection with the forger. */
static void an_authenticator_that_is_relayed_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_exchange genuine = {.step = ATLS_POST_WANT_READ};
    meet(&s);
    send_hello(&s.genuine.client, true);
    send_frame(&s.genuine.client, ATLS_FRAME_REQUEST, s.request);
    test_exchange_step(&s.genuine.server, &genuine);
    (void)take_frame(&s.genuine.client, ATLS_FRAME_HELLO);
    answer(&s, take_frame(&s.genuine.client, ATLS_FRAME_AUTHENTICATOR));
    expect(&s, "AUTHENTICATOR", 51);
}

/* The Evidence of that answer, in an authenticator that is right but for it: the forger has the TLS
 * key, and the exporter of its connection with the victim. */
static void evidence_that_is_relayed_is_refused_under_a_finished_that_is_right(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    f.bound = s.genuine.client.ssl;
    answer(&s, forge(&f, s.request));
    expect(&s, "FRESHNESS", 40);
}

static void a_finished_of_another_connection_is_refused_over_evidence_that_is_right(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    f.finished = s.genuine.client.ssl;
    answer(&s, forge(&f, s.request));
    expect(&s, "AUTHENTICATOR", 51);
}

static void an_authenticator_with_the_keys_of_a_client_is_refused_of_a_server(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    f.maker = ATLS_ROLE_CLIENT;
    answer(&s, forge(&f, s.request));
    expect(&s, "AUTHENTICATOR", 51);
}

static void evidence_over_another_context_or_by_another_label_is_refused(void **state)
{
    (void)state;
    static const char *const labels[] = {NULL, ATLS_EXPAT_LABEL_02, ATLS_EXPAT_LABEL_01,
                                         "EXPORTER-server authenticator finished key"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        struct scene s;
        meet(&s);
        struct forgery f = honest(&s);
        f.label = labels[i];
        f.context = labels[i] == NULL ? test_hex("00") : f.context;
        answer(&s, forge(&f, s.request));
        expect(&s, "FRESHNESS", 40);
    }
}

/* key, certificate and Evidence are of one machine. */
static void evidence_about_another_key_or_of_another_machine_is_refused(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    f.key = &world->other;
    f.named = &world->server;
    answer(&s, forge(&f, s.request));
    expect(&s, "FRESHNESS", 40);
    meet(&s);
    f = honest(&s);
    f.attester = &world->other;
    answer(&s, forge(&f, s.request));
    expect(&s, "NOT_ENDORSED", 40);
}

/* 65,529 octets are what an authenticator can carry: they are read, and appraised. */
static void the_largest_cmw_reaches_the_appraisal(void **state)
{
    (void)state;
    for (size_t len = 65528; len <= 65529; len++) {
        struct scene s;
        meet(&s);
        const struct atls_buf cmw = test_room(len);
        memset(cmw.data, 0xff, len);
        struct forgery f = honest(&s);
        f.cmw = atls_bytes_of(cmw.data, len);
        answer(&s, forge(&f, s.request));
        expect(&s, "EVIDENCE_MALFORMED", 40);
    }
}

/* Everything but the proof of the key itself, which Finished does not replace. */
/* What is signed and bound is the entry; what is read of it must be all of it. */
static void octets_behind_a_certificate_are_refused(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    f.behind = test_hex("00");
    answer(&s, forge(&f, s.request));
    expect(&s, "PKIX", 46);
}

static void a_signature_by_another_key_is_refused(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    f.signer = &world->other;
    answer(&s, forge(&f, s.request));
    expect(&s, "AUTHENTICATOR", 51);
}

static void a_second_answer_and_one_without_a_request_are_refused(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    struct forgery f = honest(&s);
    const struct atls_bytes message = forge(&f, s.request);
    send_frame(&s.victim.server, ATLS_FRAME_AUTHENTICATOR, message);
    send_frame(&s.victim.server, ATLS_FRAME_AUTHENTICATOR, message);
    test_exchange_step(&s.victim.client, &s.at);
    assert_int_equal(take_frame(&s.victim.server, ATLS_FRAME_DONE).len, 0);
    expect(&s, "ILLEGAL", 47);
}

/* what we made ourselves, and what we asked, handed back. */
static void our_own_request_handed_back_is_refused(void **state)
{
    (void)state;
    struct scene s;
    const struct test_spec both = {
        .attests = &world->client, .requires = &world->server, .timing = ATLS_TIMING_POST};
    SSL_CTX *forger = forger_ctx(world, &world->server);
    SSL_CTX *client = test_enabled_ctx(world, &world->client, &both);
    memset(&s, 0, sizeof s);
    s.victim = test_pair_of(client, forger);
    s.genuine = test_pair_of(forger, forger);
    SSL_CTX_free(forger);
    SSL_CTX_free(client);
    test_shake(&s.victim);
    s.at.step = ATLS_POST_WANT_READ;
    test_exchange_step(&s.victim.client, &s.at);
    (void)take_frame(&s.victim.server, ATLS_FRAME_HELLO);
    s.request = take_frame(&s.victim.server, ATLS_FRAME_REQUEST);
    send_hello(&s.victim.server, true);
    send_frame(&s.victim.server, ATLS_FRAME_REQUEST, s.request);
    test_exchange_step(&s.victim.client, &s.at);
    assert_string_equal(s.at.diag.found, "a request of our own side");
    expect(&s, "ILLEGAL", 47);
}

static void a_refusal_is_told_from_an_authenticator_that_is_wrong(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    const struct atls_exporter exporter = {forger_export, s.victim.server.ssl, ATLS_ALG_SHA256};
    struct atls_authenticator_keys keys;
    struct atls_authenticator_request request;
    const struct atls_buf room = test_room(64);
    size_t len = 0;
    assert_err(atls_authenticator_request_parse(&request, s.request, ATLS_CMW_EXTENSION_TYPE, NULL),
               OK);
    assert_err(atls_authenticator_keys_take(&keys, &exporter, ATLS_ROLE_SERVER, NULL), OK);
    assert_err(atls_authenticator_refuse(atls_crypto_openssl(), room, &len, &keys, &request, NULL),
               OK);
    answer(&s, atls_bytes_of(room.data, len));
    expect(&s, "REFUSED_TO_ATTEST", 40);
    meet(&s);
    room.data[len - 1] ^= 1;
    answer(&s, atls_bytes_of(room.data, len));
    expect(&s, "AUTHENTICATOR", 51);
}

/* The chain of an authenticator is verified with all that a handshake's is: the level below which
 * keys and hashes are too weak, and TLSA records. */
static void a_chain_below_the_security_level_is_refused(void **state)
{
    (void)state;
    struct scene s;
    meet(&s);
    const struct forgery f = honest(&s);
    SSL_set_security_level(s.victim.client.ssl, 4); /* 192 bits, of which P-256 has 128 */
    answer(&s, forge(&f, s.request));
    expect(&s, "PKIX", 46);
}

static void pin(SSL *ssl, const struct test_machine *machine)
{
    const struct atls_bytes spki = test_spki(machine->key);
    assert_true(SSL_dane_enable(ssl, "localhost") > 0);
    assert_true(SSL_dane_tlsa_add(ssl, 3, 1, 0, spki.data, spki.len) > 0); /* DANE-EE, key, whole */
}

/* Another key that the authority has certified for the name, where the handshake's is pinned. */
static void a_key_that_no_tlsa_record_names_is_refused(void **state)
{
    const struct test_machine *named[] = {&world->server, &world->other};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene s;
        prepare(&s);
        pin(s.victim.client.ssl, &world->server);
        begin(&s);
        struct forgery f = honest(&s);
        f.key = named[i];
        answer(&s, forge(&f, s.request));
        if (i == 0) {
            assert_int_equal(s.at.step, ATLS_POST_DONE);
            part(&s);
        } else {
            expect(&s, "PKIX", 46);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_all_of_one_connection_is_taken),
        cmocka_unit_test(an_authenticator_that_is_relayed_is_refused),
        cmocka_unit_test(evidence_that_is_relayed_is_refused_under_a_finished_that_is_right),
        cmocka_unit_test(a_finished_of_another_connection_is_refused_over_evidence_that_is_right),
        cmocka_unit_test(an_authenticator_with_the_keys_of_a_client_is_refused_of_a_server),
        cmocka_unit_test(evidence_over_another_context_or_by_another_label_is_refused),
        cmocka_unit_test(evidence_about_another_key_or_of_another_machine_is_refused),
        cmocka_unit_test(the_largest_cmw_reaches_the_appraisal),
        cmocka_unit_test(octets_behind_a_certificate_are_refused),
        cmocka_unit_test(a_request_takes_more_of_certificates_than_of_the_peer),
        cmocka_unit_test(an_authenticator_without_attestation_is_refused),
        cmocka_unit_test(a_signature_by_another_key_is_refused),
        cmocka_unit_test(a_second_answer_and_one_without_a_request_are_refused),
        cmocka_unit_test(our_own_request_handed_back_is_refused),
        cmocka_unit_test(a_refusal_is_told_from_an_authenticator_that_is_wrong),
        cmocka_unit_test(a_chain_below_the_security_level_is_refused),
        cmocka_unit_test(a_key_that_no_tlsa_record_names_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
