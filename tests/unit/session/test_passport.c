/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passports that we bring: which are taken, what is sent of them, that a renewed one takes the
 * place of the one before while handshakes run, and that nobody gets his own back.
 */
#include "passport_test.h"

#include "codec/cmw.h"
#include "session/passport.h"

#include <pthread.h>
#include <stdlib.h>

static void assert_refused(enum atls_err err, enum atls_err expected, const char *claim,
                           const char *word)
{
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    assert_string_equal(diag.claim, claim);
    const char *sentence = test_sentence(&diag);
    if (strstr(sentence, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, sentence);
    }
}

/* ---- what is taken ---- */

static void one_that_could_not_be_used_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        struct result result;
        const char *given, *claim, *word;
    } cases[] = {
        {{NULL, URI, NOW - 600, NOW}, NULL, "exp", "later than now"},
        {{NULL, URI, NOW + 61, NOW + 900}, NULL, "iat", "no later than now"},
        {{NULL, NULL, NOW, NOW + 300}, NULL, "iss", "found nothing"},
        {{NULL, "fleet", NOW, NOW + 300}, NULL, "iss", "an absolute URI"},
        {{NULL, URI, NOW, NOW + 300}, "tag:other.example,2026:v", "iss", URI},
        {{NULL, NULL, NOW, NOW + 300}, "fleet", "iss", "an absolute URI"},
    };
    struct atls_context *context = new_context();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        assert_refused(atls_context_add_passport(context, cases[i].given,
                                                 atls_bytes_text(jwt(&cases[i].result)), &diag),
                       ATLS_ERR_PASSPORT, cases[i].claim, cases[i].word);
    }
    const struct result skewed = {NULL, URI, NOW + 60, NOW + 300};
    const struct result endless = {NULL, "a:b", NOW, 0};
    const struct result unnamed = {NULL, NULL, NOW, NOW + 1};
    assert_err(atls_context_add_passport(context, NULL, atls_bytes_text(jwt(&skewed)), &diag), OK);
    assert_err(atls_context_add_passport(context, NULL, atls_bytes_text(jwt(&endless)), &diag), OK);
    assert_err(atls_context_add_passport(context, "a:c", atls_bytes_text(jwt(&unnamed)), &diag),
               OK);
    atls_context_unref(context);
}

static void what_is_no_signed_result_is_refused(void **state)
{
    (void)state;
    static const char *const none[] = {"",    "{}", "noise",
                                       "a.b", "\n", "[\"application/eat+jwt\",\"e30\"]"};
    struct atls_context *context = new_context();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(none); i++) {
        const enum atls_err err =
            atls_context_add_passport(context, NULL, atls_bytes_text(none[i]), &diag);
        assert_err(err, PASSPORT);
        assert_string_equal(diag.step[0] != '\0' ? "said" : "not", "said");
    }
    const struct atls_bytes collection =
        atls_bytes_text("{\"__cmwc_t\":\"a:b\",\"x\":[\"application/eat+jwt\",\"eA\"]}");
    assert_refused(atls_context_add_passport(context, NULL, collection, &diag), ATLS_ERR_PASSPORT,
                   "CMW", "a collection");
    assert_false(atls_context_attests(context));
    atls_context_unref(context);
}

/* Lines may end as they like; whatever form it came in, it goes as one short record. */
static void every_form_becomes_the_same_record(void **state)
{
    (void)state;
    const struct atls_bytes token = good_jwt(&world->server);
    const struct atls_buf room = test_room(token.len + 64);
    memcpy(room.data, token.data, token.len);
    memcpy(&room.data[token.len], "\r\n\n", 3);
    const struct atls_buf record = test_room(token.len + 64);
    struct atls_writer w = atls_writer_of(record);
    size_t len = 0;
    atls_cmw_put_record_media(&w, "application/eat+jwt", token, ATLS_CMW_RESULTS);
    assert_true(atls_writer_finish(&w, &len));
    const struct atls_bytes forms[] = {token, atls_bytes_of(room.data, token.len + 3),
                                       atls_bytes_of(record.data, len)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forms); i++) {
        struct atls_context *context = new_context();
        struct atls_cmw cmw;
        assert_err(atls_context_add_passport(context, NULL, forms[i], &diag), OK);
        struct session_passport *passport = session_passport_take(context, 0);
        assert_err(atls_cmw_parse(&cmw, session_passport_cmw(passport), NULL), OK);
        assert_int_equal(cmw.content_format, 264);
        assert_int_equal(cmw.ind, ATLS_CMW_RESULTS);
        assert_bytes(cmw.value, token);
        session_passport_release(passport);
        atls_context_unref(context);
    }
}

static void one_too_large_for_a_handshake_is_refused(void **state)
{
    (void)state;
    struct atls_context *context = new_context();
    char claims[400];
    char *padding = malloc(60001);
    char *text = malloc(62000);
    char *token = NULL;
    assert_true(padding != NULL && text != NULL);
    memset(padding, 'x', 60000);
    padding[60000] = '\0';
    snprintf(claims, sizeof claims,
             "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iss\":\"" URI "\",\"iat\":%d,"
             "\"exp\":%d,\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"1\"},\"submods\":{"
             "\"PARSEC_TPM\":{\"ear_status\":\"affirming\"}}",
             NOW, NOW + 300);
    snprintf(text, 62000, "%s,\"x\":\"%s\"}", claims, padding);
    assert_err(atls_jws_sign(&token, atls_crypto_openssl(), signer, "JWT", NULL,
                             atls_bytes_text(text), NULL),
               OK);
    assert_true(strlen(token) > ATLS_MAX_CMW_LEN);
    assert_err(atls_context_add_passport(context, NULL, atls_bytes_text(token), &diag), PASSPORT);
    free(token);
    free(text);
    free(padding);
    atls_context_unref(context);
}

static void one_of_each_verifier_and_four_of_all(void **state)
{
    (void)state;
    static const char *const verifiers[] = {"a:1", "a:2", "a:3"};
    struct atls_context *context = bringing(&world->server);
    assert_refused(atls_context_add_passport(context, NULL, good_jwt(&world->server), &diag),
                   ATLS_ERR_CONFIG, "passports", "one of each Verifier");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(verifiers); i++) {
        const struct result result = {NULL, verifiers[i], NOW, NOW + 300};
        assert_err(atls_context_add_passport(context, NULL, atls_bytes_text(jwt(&result)), &diag),
                   OK);
    }
    const struct result fifth = {NULL, "a:5", NOW, NOW + 300};
    assert_refused(atls_context_add_passport(context, NULL, atls_bytes_text(jwt(&fifth)), &diag),
                   ATLS_ERR_CONFIG, "passports", "a fifth");
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_context_add_passport(context, NULL, good_jwt(&world->server), &diag), STATE);
    atls_context_unref(context);
}

/* ---- what is sent ---- */

static void it_is_sent_and_taken(void **state)
{
    (void)state;
    struct atls_context *client = new_context();
    takes(client);
    open_loop(client, bringing(&world->server));
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.client));
    const struct atls_verdict *verdict = atls_session_verdict(loop.client.session);
    assert_string_equal(verdict->verifier, URI);
    assert_string_equal(atls_session_verdict(loop.server.session)->own_format, "result");
}

/* The peer would only refuse it: our own side says so first, and what is wrong. */
static void assert_not_sent(const struct test_machine *about, int64_t at_s, const char *claim)
{
    struct atls_context *client = new_context();
    takes(client);
    open_loop(client, bringing(about));
    now_s = at_s;
    assert_err(loop_run(&loop), PASSPORT);
    assert_reason(&loop.server, PASSPORT);
    assert_string_equal(atls_session_verdict(loop.server.session)->reason.claim, claim);
    assert_int_equal(loop.server_cmw.len, 0);
}

static void one_that_has_ended_meanwhile_is_not_sent(void **state)
{
    (void)state;
    assert_not_sent(&world->server, NOW + 300, "exp");
}

static void one_of_another_key_is_not_sent(void **state)
{
    (void)state;
    assert_not_sent(&world->other, NOW, "ear_veraison_key_attestation");
}

/* ---- renewing ---- */

static struct atls_bytes passport_of(struct end *side)
{
    struct session_passport *passport =
        session_passport_take(atls_session_context(side->session), 0);
    const struct atls_bytes copy = test_copy(session_passport_cmw(passport));
    session_passport_release(passport);
    return copy;
}

static enum atls_err renew(const char *identity, const struct result *result)
{
    return session_passport_renew(atls_session_context(loop.server.session), identity,
                                  atls_bytes_text(jwt(result)), spki_of(&world->server), &diag);
}

/* A handshake that began before sends the new one; the one that ended is forgotten. */
static void a_renewed_one_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    struct atls_context *client = new_context();
    takes(client);
    open_loop(client, bringing(&world->server));
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
    now_s = NOW + 1000;
    const struct result fresh = good(&world->server);
    assert_err(renew(NULL, &fresh), OK);
    assert_err(loop_server_certificate(&loop), OK);
    assert_true(opens(&loop.client));
}

static void one_that_cannot_be_used_leaves_the_one_before(void **state)
{
    (void)state;
    struct atls_context *client = new_context();
    takes(client);
    open_loop(client, bringing(&world->server));
    const struct atls_bytes before = passport_of(&loop.server);
    struct result result = good(&world->server);
    result.exp_s = NOW;
    assert_refused(renew(NULL, &result), ATLS_ERR_PASSPORT, "exp", "later than now");
    result = good(&world->server);
    result.iat_s = NOW + 100;
    assert_refused(renew(NULL, &result), ATLS_ERR_PASSPORT, "iat", "no later than now");
    result = good(&world->other);
    assert_refused(renew(NULL, &result), ATLS_ERR_PASSPORT, "ear_veraison_key_attestation",
                   "another key");
    result = good(NULL);
    assert_refused(renew(NULL, &result), ATLS_ERR_PASSPORT, "key attestation, cnf", "neither");
    result = good(&world->server);
    result.iss = "https://verifier.example/else";
    assert_refused(renew(NULL, &result), ATLS_ERR_PASSPORT, "iss", "verifier.example/else");
    result.iss = NULL;
    assert_refused(renew(NULL, &result), ATLS_ERR_PASSPORT, "iss", "nothing");
    assert_refused(renew("tag:other.example,2026:v", &result), ATLS_ERR_PASSPORT, "iss",
                   "a passport that this context brings");
    assert_bytes(passport_of(&loop.server), before);
    assert_err(renew(URI, &result), OK); /* named by us, as the first may have been */
    assert_true(passport_of(&loop.server).len < before.len);
    assert_err(loop_run(&loop), OK);
}

enum { TURNS = 200 };

/* Two tokens and the key; what makes such is no business of threads. */
static void *renew_often(void *arg)
{
    const struct atls_bytes *tokens = arg;
    struct atls_context *context = atls_session_context(loop.server.session);
    for (size_t i = 0; i < TURNS; i++) {
        struct atls_diag why;
        assert_true(session_passport_renew(context, NULL, tokens[i % 2], tokens[2], &why) ==
                    ATLS_OK);
    }
    return NULL;
}

/* For the thread sanitizer: it is replaced while it is sent. */
static void renewing_and_sending_do_not_meet(void **state)
{
    (void)state;
    pthread_t thread;
    const struct result later = {&world->server, URI, NOW + 1, NOW + 301};
    const struct atls_bytes tokens[] = {good_jwt(&world->server), atls_bytes_text(jwt(&later)),
                                        spki_of(&world->server)};
    struct atls_context *client = new_context();
    takes(client);
    open_loop(client, bringing(&world->server));
    assert_int_equal(pthread_create(&thread, NULL, renew_often, (void *)(uintptr_t)tokens), 0);
    for (size_t i = 0; i < TURNS; i++) {
        struct session_passport *passport =
            session_passport_take(atls_session_context(loop.server.session), 0);
        struct atls_cmw cmw;
        assert_err(atls_cmw_parse(&cmw, session_passport_cmw(passport), NULL), OK);
        assert_true(cmw.value.len == tokens[0].len || cmw.value.len == tokens[1].len);
        session_passport_release(passport);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_err(loop_run(&loop), OK);
}

/* ---- R-06 ---- */

static void a_side_that_is_given_its_own_passport_back_refuses_it(void **state)
{
    (void)state;
    struct atls_context *client = bringing(&world->client);
    struct atls_context *server = bringing(&world->server);
    takes(client);
    takes(server);
    loop.asks = true;
    open_loop(client, server);
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
    assert_err(loop_server_certificate(&loop), OK);
    assert_err(atls_session_read_certificate(loop.server.session, 0, loop.server_cmw), OK);
    assert_err(loop_appraise(&loop.server, loop.client.machine), REFLECTED);
    assert_reason(&loop.server, REFLECTED);
    assert_false(opens(&loop.server));
}

/* Even from one who has the key, and with a passport that is good. */
static void a_side_that_is_given_its_own_key_back_refuses_it(void **state)
{
    (void)state;
    struct atls_context *client = bringing(&world->client);
    takes(client);
    open_loop(client, bringing(&world->client));
    loop.server.machine = &world->client;
    assert_err(loop_run(&loop), REFLECTED);
    assert_reason(&loop.client, REFLECTED);
    assert_string_equal(atls_session_verdict(loop.client.session)->reason.claim,
                        "SubjectPublicKeyInfo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_could_not_be_used_is_refused_with_its_reason),
        cmocka_unit_test(what_is_no_signed_result_is_refused),
        cmocka_unit_test(every_form_becomes_the_same_record),
        cmocka_unit_test(one_too_large_for_a_handshake_is_refused),
        cmocka_unit_test(one_of_each_verifier_and_four_of_all),
        cmocka_unit_test_setup_teardown(it_is_sent_and_taken, begin, end),
        cmocka_unit_test_setup_teardown(one_that_has_ended_meanwhile_is_not_sent, begin, end),
        cmocka_unit_test_setup_teardown(one_of_another_key_is_not_sent, begin, end),
        cmocka_unit_test_setup_teardown(a_renewed_one_takes_the_place_of_the_one_before, begin,
                                        end),
        cmocka_unit_test_setup_teardown(one_that_cannot_be_used_leaves_the_one_before, begin, end),
        cmocka_unit_test_setup_teardown(renewing_and_sending_do_not_meet, begin, end),
        cmocka_unit_test_setup_teardown(a_side_that_is_given_its_own_passport_back_refuses_it,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_side_that_is_given_its_own_key_back_refuses_it, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
