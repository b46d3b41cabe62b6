/* SPDX-License-Identifier: Apache-2.0 */
/* Exported authenticators: known answers of an independent computation, and what each side of the
 * connection refuses. */
#include "authenticator_test.h"

#include "support/keys.h"

struct scene {
    struct atls_key *key;
    struct atls_bytes chain[1];
    struct atls_authenticator_identity identity;
    struct atls_buf room;
};

static void set_up(struct scene *scene)
{
    scene->key = test_ed25519_key();
    scene->chain[0] = test_ed25519_cert();
    scene->identity.chain = scene->chain;
    scene->identity.num_certs = 1;
    scene->identity.signatures = atls_tls_signature_openssl();
    scene->identity.key = atls_tls_key_of(atls_key_evp(scene->key));
    scene->identity.scheme = ATLS_TLS_ED25519;
    scene->room = test_room(1024);
}

static void tear_down(struct scene *scene)
{
    atls_key_free(scene->key);
}

static struct atls_bytes make(const struct scene *scene, enum atls_role maker, const char *asked,
                              struct atls_bytes cmw)
{
    const struct atls_authenticator_keys keys = test_keys_of(maker);
    const struct atls_authenticator_request request = test_request_of(asked);
    size_t len = 0;
    assert_err(atls_authenticator_make(ops(), scene->room, &len, &keys, &request, &scene->identity,
                                       cmw, CMW_TYPE, NULL),
               OK);
    return test_copy(atls_bytes_of(scene->room.data, len));
}

static enum atls_err open_as(enum atls_role maker, const char *asked, struct atls_bytes message,
                             struct atls_authenticator *out, struct atls_diag *diag)
{
    const struct atls_authenticator_keys keys = test_keys_of(maker);
    const struct atls_authenticator_request request = test_request_of(asked);
    return atls_authenticator_open(ops(), out, &keys, &request, message, CMW_TYPE, diag);
}

static struct atls_bytes no_cmw(void)
{
    return atls_bytes_of(NULL, 0);
}

/* ---- known answers ---- */

static void a_server_answers_with_its_attestation(void **state)
{
    (void)state;
    struct scene scene;
    struct atls_authenticator opened;
    set_up(&scene);
    const struct atls_bytes made =
        make(&scene, ATLS_ROLE_SERVER, TEST_CLIENT_ASKS, test_hex(TEST_CMW));
    assert_int_equal(made.len, 386);
    assert_bytes(test_hash(ATLS_ALG_SHA256, made),
                 test_hex("4d60f2ae2cf3741500e8a373962caadfd36ae1858bb640cddaf0b44eeb2eb651"));
    assert_err(open_as(ATLS_ROLE_SERVER, TEST_CLIENT_ASKS, made, &opened, NULL), OK);
    assert_false(opened.refused);
    assert_int_equal(opened.num_certs, 1);
    assert_bytes(opened.certs[0], test_ed25519_cert());
    assert_bytes(opened.cmw, test_hex(TEST_CMW));
    assert_err(
        atls_authenticator_verify(&opened, scene.identity.signatures, scene.identity.key, NULL),
        OK);
    tear_down(&scene);
}

static void a_client_answers_without_attestation(void **state)
{
    (void)state;
    struct scene scene;
    struct atls_authenticator opened;
    set_up(&scene);
    const struct atls_bytes made = make(&scene, ATLS_ROLE_CLIENT, TEST_SERVER_ASKS, no_cmw());
    assert_int_equal(made.len, 341);
    assert_bytes(test_hash(ATLS_ALG_SHA256, made),
                 test_hex("83a6842b482897c32f8e36c73dab7c0917a1583f5d9f141986265397da6ea131"));
    assert_err(open_as(ATLS_ROLE_CLIENT, TEST_SERVER_ASKS, made, &opened, NULL), OK);
    assert_int_equal(opened.cmw.len, 0);
    assert_err(
        atls_authenticator_verify(&opened, scene.identity.signatures, scene.identity.key, NULL),
        OK);
    tear_down(&scene);
}

static void assert_refusal(enum atls_role maker, const char *asked, const char *octets)
{
    const struct atls_authenticator_keys keys = test_keys_of(maker);
    const struct atls_authenticator_request request = test_request_of(asked);
    const struct atls_buf room = test_room(36);
    struct atls_authenticator opened;
    size_t len = 0;
    assert_err(atls_authenticator_refuse(ops(), room, &len, &keys, &request, NULL), OK);
    const struct atls_bytes made = atls_bytes_of(room.data, len);
    assert_bytes(made, test_hex(octets));
    assert_err(open_as(maker, asked, made, &opened, NULL), OK);
    assert_true(opened.refused);
    assert_int_equal(opened.num_certs, 0);
    assert_err(atls_authenticator_verify(&opened, atls_tls_signature_openssl(), NULL, NULL), STATE);
    const struct atls_buf small = {room.data, 35};
    assert_err(atls_authenticator_refuse(ops(), small, &len, &keys, &request, NULL), BUFFER);
}

static void refusals_are_finished_alone(void **state)
{
    (void)state;
    assert_refusal(ATLS_ROLE_SERVER, TEST_CLIENT_ASKS,
                   "14000020 cad720b7023986c961879c0090f3a124faffe98359f361c71d42b60e6cce3e16");
    assert_refusal(ATLS_ROLE_CLIENT, TEST_SERVER_ASKS,
                   "14000020 a01fe7fbf336c042dedf5c7f5dc3a1aaeb1dddec18dc121368dc33f9642f3ae5");
}

/* ---- what must not pass ---- */

static void an_answer_is_for_its_side_and_its_request_only(void **state)
{
    (void)state;
    struct scene scene;
    struct atls_authenticator opened;
    struct atls_diag diag;
    set_up(&scene);
    const struct atls_bytes made = make(&scene, ATLS_ROLE_SERVER, TEST_CLIENT_ASKS, no_cmw());
    /* the client's keys */
    assert_err(open_as(ATLS_ROLE_CLIENT, TEST_CLIENT_ASKS, made, &opened, &diag), AUTHENTICATOR);
    assert_string_equal(diag.found, "another MAC");
    /* another request with the same context */
    assert_err(open_as(ATLS_ROLE_SERVER, TEST_SERVER_ASKS, made, &opened, &diag), AUTHENTICATOR);
    /* another context */
    assert_err(open_as(ATLS_ROLE_SERVER,
                       "11000021 10 a0a1a2a3a4a5a6a7a8a9aaabacadaeae 000e 000d 0006 0004 0807 0403 "
                       "ffa8 0000",
                       made, &opened, &diag),
               ILLEGAL);
    assert_string_equal(diag.claim, "certificate_request_context");
    /* a refusal of the other side */
    const struct atls_bytes refusal =
        test_hex("14000020 a01fe7fbf336c042dedf5c7f5dc3a1aaeb1dddec18dc121368dc33f9642f3ae5");
    assert_err(open_as(ATLS_ROLE_SERVER, TEST_SERVER_ASKS, refusal, &opened, &diag), AUTHENTICATOR);
    assert_err(open_as(ATLS_ROLE_CLIENT, TEST_CLIENT_ASKS, refusal, &opened, &diag), AUTHENTICATOR);
    tear_down(&scene);
}

static void an_answer_of_another_connection_is_refused(void **state)
{
    (void)state;
    struct scene scene;
    struct test_exporter exporter;
    struct atls_authenticator_keys keys;
    struct atls_authenticator opened;
    set_up(&scene);
    const struct atls_bytes made = make(&scene, ATLS_ROLE_SERVER, TEST_CLIENT_ASKS, no_cmw());
    const struct atls_authenticator_request request = test_request_of(TEST_CLIENT_ASKS);
    test_exporter_init(&exporter, ATLS_ALG_SHA256, counting(32, 0));
    assert_err(atls_authenticator_keys_take(&keys, &exporter.exporter, ATLS_ROLE_SERVER, NULL), OK);
    assert_err(atls_authenticator_open(ops(), &opened, &keys, &request, made, CMW_TYPE, NULL),
               AUTHENTICATOR);
    tear_down(&scene);
}

/* What a relay does that knows the other connection's exporter: the MAC made anew, over the
 * signature of another connection. */
static void a_finished_that_is_made_anew_does_not_carry_the_signature_over(void **state)
{
    (void)state;
    struct scene scene;
    struct test_exporter exporter;
    struct atls_authenticator_keys there, here;
    struct atls_authenticator opened;
    struct atls_digest hash, mac;
    set_up(&scene);
    const struct atls_authenticator_request request = test_request_of(TEST_CLIENT_ASKS);
    test_exporter_init(&exporter, ATLS_ALG_SHA256, counting(32, 0));
    assert_err(atls_authenticator_keys_take(&there, &exporter.exporter, ATLS_ROLE_SERVER, NULL),
               OK);
    here = test_keys_of(ATLS_ROLE_SERVER);
    size_t len = 0;
    assert_err(atls_authenticator_make(ops(), scene.room, &len, &there, &request, &scene.identity,
                                       no_cmw(), CMW_TYPE, NULL),
               OK);
    const struct atls_bytes parts[] = {atls_digest_bytes(&here.context), request.message,
                                       atls_bytes_of(scene.room.data, len - 36)};
    struct atls_hash running = {0};
    assert_err(ops()->hash_init(&running, ATLS_ALG_SHA256), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(parts); i++) {
        assert_err(ops()->hash_update(&running, parts[i]), OK);
    }
    assert_err(ops()->hash_peek(&running, &hash), OK);
    ops()->hash_cleanup(&running);
    const struct atls_bytes part = atls_digest_bytes(&hash);
    assert_err(ops()->hmac(ATLS_ALG_SHA256, atls_digest_bytes(&here.finished), &part, 1, &mac), OK);
    memcpy(&scene.room.data[len - 32], mac.data, 32);
    assert_err(atls_authenticator_open(ops(), &opened, &here, &request,
                                       atls_bytes_of(scene.room.data, len), CMW_TYPE, NULL),
               OK);
    assert_err(
        atls_authenticator_verify(&opened, scene.identity.signatures, scene.identity.key, NULL),
        AUTHENTICATOR);
    tear_down(&scene);
}

struct mutants {
    const char *asked;
    unsigned num;
};

static void refuse_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct mutants *mutants = context;
    struct atls_authenticator opened = {.num_certs = 77};
    struct atls_diag diag;
    (void)at;
    const enum atls_err err = open_as(ATLS_ROLE_SERVER, mutants->asked, mutant, &opened, &diag);
    assert_int_not_equal(err, ATLS_OK);
    assert_int_equal(diag.err, err);
    assert_int_equal(opened.num_certs, 77); /* untouched */
    mutants->num++;
}

static void no_mutant_of_an_answer_or_a_refusal_is_opened(void **state)
{
    (void)state;
    struct scene scene;
    struct mutants mutants = {TEST_CLIENT_ASKS, 0};
    set_up(&scene);
    test_each_mutant(make(&scene, ATLS_ROLE_SERVER, TEST_CLIENT_ASKS, test_hex(TEST_CMW)),
                     refuse_mutant, &mutants);
    assert_true(mutants.num > 386 * 9);
    test_each_mutant(
        test_hex("14000020 cad720b7023986c961879c0090f3a124faffe98359f361c71d42b60e6cce3e16"),
        refuse_mutant, &mutants);
    tear_down(&scene);
}

/* Certificate messages with a right frame and a wrong inside; whatever follows is not reached. */
static void each_wrong_certificate_has_its_refusal(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *hex, *claim;
        enum atls_err err;
    } rows[] = {
#define CTX "10 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf "
        {TEST_CLIENT_ASKS, "", "Certificate", ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0f000000", "Certificate", ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b000014" CTX "000000", "certificate_list", ATLS_ERR_ILLEGAL},
        {TEST_CLIENT_ASKS, "0b000004 00 000000", "certificate_request_context", ATLS_ERR_ILLEGAL},
        {TEST_CLIENT_ASKS, "0b000001 05", "certificate_request_context", ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b000015" CTX "000000 00", "certificate_list", ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b000019" CTX "000005 000000 0000", "CertificateEntry",
         ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b00001a" CTX "000006 000001 30 0000", "CertificateVerify",
         ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b00001b" CTX "000007 000001 30 0001 ff", "extension",
         ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b00001e" CTX "00000a 000001 30 0004 0005 0000", "extension",
         ATLS_ERR_UNSOLICITED},
        {TEST_SERVER_ASKS, "0b000021" CTX "00000d 000001 30 0007 ffa8 0003 0001 f6", "extension",
         ATLS_ERR_UNSOLICITED},
        {TEST_CLIENT_ASKS, "0b000020" CTX "00000c 000001 30 0006 ffa8 0002 0000", "cmw_attestation",
         ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b000022" CTX "00000e 000001 30 0008 ffa8 0004 0001 f6 00",
         "cmw_attestation", ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS,
         "0b000028" CTX "000014 000001 30 000e ffa8 0003 0001 f6 ffa8 0003 0001 f6",
         "cmw_attestation", ATLS_ERR_ILLEGAL},
        {TEST_CLIENT_ASKS, "0b000027" CTX "000013 000001 30 0000 000001 30 0007 ffa8 0003 0001 f6",
         "cmw_attestation", ATLS_ERR_ILLEGAL},
        {TEST_CLIENT_ASKS, "0b00001a" CTX "000006 000001 30 0000 0f000004 0804 0000",
         "SignatureScheme", ATLS_ERR_ILLEGAL},
        {TEST_CLIENT_ASKS, "0b00001a" CTX "000006 000001 30 0000 0f000005 0807 0000 00",
         "CertificateVerify", ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS, "0b00001a" CTX "000006 000001 30 0000 0f000004 0807 0000", "Finished",
         ATLS_ERR_MALFORMED},
        {TEST_CLIENT_ASKS,
         "0b00001a" CTX "000006 000001 30 0000 0f000004 0807 0000 1400001f "
         "00000000000000000000000000000000000000000000000000000000000000",
         "Finished", ATLS_ERR_MALFORMED},
#undef CTX
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_authenticator opened;
        struct atls_diag diag;
        const enum atls_err err = open_as(ATLS_ROLE_SERVER, rows[i].asked,
                                          test_copy(test_hex(rows[i].hex)), &opened, &diag);
        if (err != rows[i].err || strcmp(diag.claim, rows[i].claim) != 0) {
            fail_msg("%s: %s, %s", rows[i].hex, atls_err_name(err), diag.claim);
        }
    }
}

static void ten_certificates_are_taken_and_no_more(void **state)
{
    (void)state;
    struct scene scene;
    struct atls_bytes chain[11];
    set_up(&scene);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(chain); i++) {
        chain[i] = test_ed25519_cert();
    }
    const struct atls_authenticator_keys keys = test_keys_of(ATLS_ROLE_SERVER);
    const struct atls_authenticator_request request = test_request_of(TEST_CLIENT_ASKS);
    const struct atls_buf room = test_room(4096);
    size_t len = 0;
    scene.identity.chain = chain;
    static const struct {
        size_t num;
        enum atls_err err;
    } rows[] = {{0, ATLS_ERR_ARGUMENT}, {10, ATLS_OK}, {11, ATLS_ERR_ARGUMENT}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        scene.identity.num_certs = rows[i].num;
        const enum atls_err err = atls_authenticator_make(
            ops(), room, &len, &keys, &request, &scene.identity, no_cmw(), CMW_TYPE, NULL);
        assert_string_equal(atls_err_name(err), atls_err_name(rows[i].err));
    }
    struct atls_authenticator opened;
    assert_err(
        open_as(ATLS_ROLE_SERVER, TEST_CLIENT_ASKS, atls_bytes_of(room.data, len), &opened, NULL),
        OK);
    assert_int_equal(opened.num_certs, 10);
    scene.identity.num_certs = 10; /* of which the first alone has what was asked for */
    assert_err(atls_authenticator_make(ops(), room, &len, &keys, &request, &scene.identity,
                                       atls_bytes_text("cmw"), CMW_TYPE, NULL),
               OK);
    assert_err(
        open_as(ATLS_ROLE_SERVER, TEST_CLIENT_ASKS, atls_bytes_of(room.data, len), &opened, NULL),
        OK);
    assert_text(opened.cmw, "cmw");
    tear_down(&scene);
}

/* ---- making ---- */

static void what_was_not_asked_for_is_not_made(void **state)
{
    (void)state;
    struct scene scene;
    struct atls_diag diag;
    size_t len = 0;
    set_up(&scene);
    const struct atls_authenticator_keys keys = test_keys_of(ATLS_ROLE_CLIENT);
    const struct atls_authenticator_request request = test_request_of(TEST_SERVER_ASKS);
    assert_err(atls_authenticator_make(ops(), scene.room, &len, &keys, &request, &scene.identity,
                                       test_hex(TEST_CMW), CMW_TYPE, &diag),
               STATE);
    scene.identity.scheme = ATLS_TLS_RSA_PSS_RSAE_SHA256;
    assert_err(atls_authenticator_make(ops(), scene.room, &len, &keys, &request, &scene.identity,
                                       no_cmw(), CMW_TYPE, &diag),
               ARGUMENT);
    scene.identity.scheme = ATLS_TLS_ECDSA_P256_SHA256; /* asked for, and not the key's */
    assert_err(atls_authenticator_make(ops(), scene.room, &len, &keys, &request, &scene.identity,
                                       no_cmw(), CMW_TYPE, &diag),
               ALGORITHM);
    tear_down(&scene);
}

static void a_buffer_of_each_smaller_size_is_refused(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    const struct atls_authenticator_keys keys = test_keys_of(ATLS_ROLE_SERVER);
    const struct atls_authenticator_request request = test_request_of(TEST_CLIENT_ASKS);
    for (size_t cap = 0; cap < 386; cap += cap < 330 ? 30 : 1) {
        const struct atls_buf small = test_room(cap);
        size_t len = 12345;
        assert_err(atls_authenticator_make(ops(), small, &len, &keys, &request, &scene.identity,
                                           test_hex(TEST_CMW), CMW_TYPE, NULL),
                   BUFFER);
        assert_int_equal(len, 12345);
    }
    tear_down(&scene);
}

static void the_first_scheme_that_the_key_takes_is_chosen(void **state)
{
    (void)state;
    struct scene scene;
    uint16_t scheme = 0;
    set_up(&scene);
    struct atls_authenticator_request request = test_request_of(TEST_CLIENT_ASKS);
    request.schemes = test_hex("0403 0804 0807 0403");
    assert_err(atls_authenticator_scheme(&scheme, &request, scene.identity.signatures,
                                         scene.identity.key, NULL),
               OK);
    assert_int_equal(scheme, ATLS_TLS_ED25519);
    request.schemes = test_hex("0403 0401 0201 ffff");
    assert_err(atls_authenticator_scheme(&scheme, &request, scene.identity.signatures,
                                         scene.identity.key, NULL),
               KEY);
    tear_down(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_answers_with_its_attestation),
        cmocka_unit_test(a_client_answers_without_attestation),
        cmocka_unit_test(refusals_are_finished_alone),
        cmocka_unit_test(an_answer_is_for_its_side_and_its_request_only),
        cmocka_unit_test(an_answer_of_another_connection_is_refused),
        cmocka_unit_test(a_finished_that_is_made_anew_does_not_carry_the_signature_over),
        cmocka_unit_test(no_mutant_of_an_answer_or_a_refusal_is_opened),
        cmocka_unit_test(each_wrong_certificate_has_its_refusal),
        cmocka_unit_test(ten_certificates_are_taken_and_no_more),
        cmocka_unit_test(what_was_not_asked_for_is_not_made),
        cmocka_unit_test(a_buffer_of_each_smaller_size_is_refused),
        cmocka_unit_test(the_first_scheme_that_the_key_takes_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
