/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server that misbehaves: error, sentence and alert of each cause, as section 8 of
 * PROTOCOL.md lists them. */
#include "script.h"

#include "atls/sim.h"

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

/* What the client is: it requires and attests, only the one, only the other, or neither. */
enum side { MUTUAL, REQUIRES, ATTESTS, NEITHER };

static SSL_CTX *client_ctx(enum side side)
{
    const struct test_spec spec = {
        .attests = side == MUTUAL || side == ATTESTS ? &world->client : NULL,
        .requires = side == MUTUAL || side == REQUIRES ? &world->server : NULL};
    return test_enabled_ctx(world, &world->client, &spec);
}

/* server_ctx has a chain of two certificates, and asks for one of the client. */
static SSL_CTX *server_ctx(struct script *script)
{
    SSL_CTX *ctx = test_plain_ctx(world, &world->server, true);
    script_chain(ctx, world);
    script_put(ctx, script);
    return ctx;
}

static struct test_pair run(enum side side, struct script *script)
{
    SSL_CTX *client = client_ctx(side), *server = server_ctx(script);
    struct test_pair pair = test_pair_of(client, server);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return pair;
}

/* check runs the script, and compares how the client ended, the step and the bracket of its
 * sentence, and what the server heard of it. */
static void check(enum side side, struct script script, const char *err, int alert,
                  const char *detail)
{
    struct test_pair pair = run(side, &script);
    struct atls_diag diag;
    test_watch(&pair);
    test_shake(&pair);
    const enum atls_err found = test_outcome(&pair.client, &diag);
    assert_string_equal(script_detail(&diag), detail);
    assert_string_equal(atls_err_name(found), err);
    assert_int_equal(pair.client.alert_out, alert);
    assert_int_equal(pair.server.alert_in, alert);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

static void choices_that_are_malformed_are_answered_by_decode_error(void **state)
{
    (void)state;
    check(REQUIRES, (struct script){.encrypted_extensions = ""}, "MALFORMED", 50,
          "remoteAttestation choice: AttestationScheme: found 0 octets, expected 1 octets of "
          "AttestationMechanism");
    check(REQUIRES, (struct script){.encrypted_extensions = "0000"}, "MALFORMED", 50,
          "remoteAttestation choice: AttestationScheme: found 0 octets, expected 2 octets of "
          "content_format, at octet 2");
    check(REQUIRES, (struct script){.encrypted_extensions = SCHEME_PSA "00"}, "MALFORMED", 50,
          "remoteAttestation choice: AttestationScheme: found 1 octets more, expected the end, at "
          "octet 4");
    check(REQUIRES, (struct script){.encrypted_extensions = "07"}, "MALFORMED", 50,
          "remoteAttestation choice: AttestationScheme: found AttestationMechanism 7, expected 0 "
          "(evidence) or 1 (result)");
    check(ATTESTS, (struct script){.certificate_request = "000100"}, "MALFORMED", 50,
          "remoteAttestation choice: AttestationScheme: found 1 octets, expected 2 octets of "
          "length, at octet 2");
}

static void choices_that_were_not_offered_are_illegal(void **state)
{
    (void)state;
    check(REQUIRES, (struct script){.encrypted_extensions = SCHEME_OTHER}, "ILLEGAL", 47,
          "EncryptedExtensions: chosen_server_scheme: found evidence of content format 263, "
          "expected one of the 2 schemes that were offered in server_attester_schemes");
    check(REQUIRES, (struct script){.encrypted_extensions = "00010000"}, "ILLEGAL", 47,
          "EncryptedExtensions: chosen_server_scheme: found a scheme with an empty name, expected "
          "a scheme that was offered");
    check(ATTESTS, (struct script){.certificate_request = SCHEME_OTHER}, "ILLEGAL", 47,
          "CertificateRequest: chosen_client_scheme: found evidence of content format 263, "
          "expected one of the 2 schemes that were offered in client_attester_schemes");
    check(REQUIRES,
          (struct script){.encrypted_extensions = SCHEME_PSA, .certificate_request = SCHEME_PSA},
          "ILLEGAL", 47,
          "CertificateRequest: chosen_client_scheme: found evidence of content format 10003, "
          "expected one of the 0 schemes that were offered in client_attester_schemes");
}

static void answers_to_no_offer_are_unsupported_extensions(void **state)
{
    (void)state;
    check(NEITHER, (struct script){.certificate_request = SCHEME_PSA}, "UNSOLICITED", 110,
          "CertificateRequest: chosen_client_scheme: found remoteAttestation, expected no such "
          "extension, since ClientHello had none");
}

static void credentials_that_were_not_chosen_are_unsupported_extensions(void **state)
{
    (void)state;
    check(REQUIRES, (struct script){.certificate = {"000001 00"}}, "UNSOLICITED", 110,
          "Certificate: remoteAttestation: found a credential, expected none, since no scheme was "
          "chosen for the peer");
    check(ATTESTS, (struct script){.certificate = {"000001 00"}}, "UNSOLICITED", 110,
          "Certificate: remoteAttestation: found a credential, expected none, since no scheme was "
          "chosen for the peer");
}

static void the_extension_where_it_never_stands_is_illegal(void **state)
{
    (void)state;
    check(REQUIRES, (struct script){.server_hello = SCHEME_PSA}, "ILLEGAL", 47,
          "handshake: extension: found bad extension, expected each extension once, where it "
          "belongs");
}

static void silence_of_a_server_is_refused_where_attestation_is_required(void **state)
{
    (void)state;
    check(REQUIRES, (struct script){.hellos = 0}, "NOT_ATTESTED", 40,
          "EncryptedExtensions: chosen_server_scheme: found no remoteAttestation, expected "
          "attestation of the peer, which is required");
    check(REQUIRES, (struct script){.encrypted_extensions = SCHEME_PSA}, "NOT_ATTESTED", 40,
          "Certificate: remoteAttestation: found no such extension, expected evidence of content "
          "format 10003");
}

static void credentials_in_the_wrong_place_are_illegal(void **state)
{
    (void)state;
    check(REQUIRES,
          (struct script){.encrypted_extensions = SCHEME_PSA, .certificate = {NULL, "000001 00"}},
          "ILLEGAL", 47,
          "Certificate: remoteAttestation: found a credential in CertificateEntry 1, expected it "
          "in the first one, which has index 0");
    check(REQUIRES,
          (struct script){.encrypted_extensions = SCHEME_PSA,
                          .certificate = {"000001 00", "000001 00"}},
          "ILLEGAL", 47,
          "Certificate: remoteAttestation: found a credential in CertificateEntry 1, expected it "
          "in the first one, which has index 0");
}

static void credentials_of_a_wrong_length_are_answered_by_decode_error(void **state)
{
    (void)state;
    static const struct {
        const char *body, *detail;
    } cases[] = {
        {"", "found 0 octets, expected a 3-octet length"},
        {"0000", "found 2 octets, expected a 3-octet length"},
        {"000000", "found a length of 0, expected 1 to 65528"},
        {"000002 00", "found 1 octets, expected 2, at octet 3"},
        {"000001 0000", "found 1 octets more, expected the end, at octet 4"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        char detail[160];
        snprintf(detail, sizeof detail, "remoteAttestation credential: cmw_payload: %s",
                 cases[i].detail);
        check(REQUIRES,
              (struct script){.encrypted_extensions = SCHEME_PSA, .certificate = {cases[i].body}},
              "MALFORMED", 50, detail);
    }
}

static void what_is_no_cmw_is_a_handshake_failure(void **state)
{
    (void)state;
    check(REQUIRES,
          (struct script){.encrypted_extensions = SCHEME_PSA, .certificate = {"000001 ff"}},
          "EVIDENCE_MALFORMED", 40,
          "CMW: CBOR: found a break outside of an indefinite item, expected an item");
    /* a record of content format 263, of one octet */
    check(REQUIRES,
          (struct script){.encrypted_extensions = SCHEME_PSA,
                          .certificate = {"000006 82190107 4100"}},
          "EVIDENCE_TYPE", 40,
          "verifier: type of the CMW: found content format 263, expected psa, application/eat+cwt; "
          "eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
}

/* evidence_of makes Evidence of a machine over a nonce of zeros: what one replays. */
static struct atls_bytes evidence_of(const struct test_machine *machine)
{
    const struct atls_attester_ops *ops = &atls_attester_sim_psa;
    const uint8_t nonce[32] = {0};
    const struct atls_attest_request request = {.nonce = atls_bytes_of(nonce, sizeof nonce),
                                                .timeout_ms = 1000};
    struct atls_attester *attester = NULL;
    const struct atls_buf room = test_room(4096);
    size_t len = 0;
    assert_err(ops->open(&attester, atls_bytes_text(machine->provision.config_json), NULL), OK);
    const struct atls_buf rest = {&room.data[3], room.cap - 3};
    assert_err(ops->attest(attester, rest, &len, &request, NULL), OK);
    ops->close(attester);
    room.data[0] = 0;
    room.data[1] = (uint8_t)(len >> 8);
    room.data[2] = (uint8_t)len;
    return test_copy(atls_bytes_of(room.data, len + 3));
}

static void replayed_evidence_is_a_handshake_failure(void **state)
{
    (void)state;
    struct script script = {.encrypted_extensions = SCHEME_PSA,
                            .credential = evidence_of(&world->server)};
    struct test_pair pair = run(REQUIRES, &script);
    struct atls_diag diag;
    test_watch(&pair);
    test_shake(&pair);
    assert_err(test_outcome(&pair.client, &diag), FRESHNESS);
    assert_string_equal(diag.claim, "psa-nonce");
    assert_int_equal(pair.server.alert_in, 40);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

/* the server presents the client's own key. */
static void a_server_with_the_client_s_own_key_is_refused(void **state)
{
    (void)state;
    struct script script = {.encrypted_extensions = SCHEME_PSA,
                            .credential = evidence_of(&world->server)};
    SSL_CTX *client = client_ctx(MUTUAL);
    SSL_CTX *server = test_plain_ctx(world, &world->client, false);
    script_put(server, &script);
    struct test_pair pair = test_pair_of(client, server);
    test_watch(&pair);
    test_shake(&pair);
    assert_refused(&pair.client, REFLECTED,
                   "peer's certificate: the peer presents the key or the Evidence of this very "
                   "side (SubjectPublicKeyInfo: found our own key, expected a key of the peer's)");
    assert_int_equal(pair.server.alert_in, 40);
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void a_ticket_with_the_extension_is_illegal_after_the_handshake(void **state)
{
    (void)state;
    struct script script = {.ticket = "00"};
    SSL_CTX *client = client_ctx(ATTESTS);
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    assert_int_equal(SSL_CTX_set_num_tickets(server, 1), 1);
    script_put(server, &script);
    struct test_pair pair = test_pair_of(client, server);
    test_watch(&pair);
    test_shake(&pair);
    assert_true(pair.client.done);
    assert_true(test_read(&pair.client) <= 0);
    assert_outcome(&pair.client, ILLEGAL,
                   "connection: a message says something that is illegal at this place (extension: "
                   "found bad extension, expected each extension once, where it belongs)");
    assert_int_equal(pair.client.alert_out, 47);
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_that_are_malformed_are_answered_by_decode_error),
        cmocka_unit_test(choices_that_were_not_offered_are_illegal),
        cmocka_unit_test(answers_to_no_offer_are_unsupported_extensions),
        cmocka_unit_test(credentials_that_were_not_chosen_are_unsupported_extensions),
        cmocka_unit_test(the_extension_where_it_never_stands_is_illegal),
        cmocka_unit_test(silence_of_a_server_is_refused_where_attestation_is_required),
        cmocka_unit_test(credentials_in_the_wrong_place_are_illegal),
        cmocka_unit_test(credentials_of_a_wrong_length_are_answered_by_decode_error),
        cmocka_unit_test(what_is_no_cmw_is_a_handshake_failure),
        cmocka_unit_test(replayed_evidence_is_a_handshake_failure),
        cmocka_unit_test(a_server_with_the_client_s_own_key_is_refused),
        cmocka_unit_test(a_ticket_with_the_extension_is_illegal_after_the_handshake),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
