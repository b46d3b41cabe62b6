/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a connection whose peer brought a passport, for a session that may be resumed:
 * it is worth no more than the Result was, and no longer. */
#include "passport_test.h"

#include "session/resumption.h"

/* kept_of gives what is kept of a connection that opened, for a session that may be resumed. */
static struct atls_bytes kept_of(const struct result *result, int64_t *not_after_s)
{
    static struct session_facts facts;
    static const uint8_t connection[ATLS_CONNECTION_DIGEST_LEN];
    const struct atls_buf room = test_room(SESSION_MAX_FACTS_LEN);
    size_t len = 0;
    struct atls_context *client = new_context(), *server = new_context();
    takes(client);
    assert_err(atls_context_set_resume(client, &diag), OK);
    assert_err(atls_context_add_passport(server, NULL, atls_bytes_text(jwt(result)), &diag), OK);
    open_loop(client, server);
    assert_err(loop_run(&loop), OK);
    assert_true(opens(&loop.client));
    assert_err(atls_session_write_facts(loop.client.session,
                                        atls_bytes_of(connection, sizeof connection), room, &len,
                                        &diag),
               OK);
    const struct atls_bytes octets = atls_bytes_of(room.data, len);
    assert_err(session_facts_read(&facts, octets, &diag), OK);
    *not_after_s = facts.not_after_s;
    return octets;
}

static void what_is_kept_of_a_connection_ends_with_its_passport(void **state)
{
    (void)state;
    static const int64_t ages[][3] = {{0, 50, 50}, {-100, 1000, 200}, {-100, 0, 200}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ages); i++) {
        const struct result result = {&world->server, URI, NOW + ages[i][0],
                                      ages[i][1] != 0 ? NOW + ages[i][1] : 0};
        int64_t not_after_s = 0;
        (void)kept_of(&result, &not_after_s);
        assert_int_equal(not_after_s - NOW, ages[i][2]);
        end(NULL);
    }
}

static void what_is_kept_of_a_connection_is_revoked_with_the_key_of_its_verifier(void **state)
{
    (void)state;
    static const uint8_t connection[ATLS_CONNECTION_DIGEST_LEN];
    const struct result result = good(&world->server);
    char json[200], hex[65];
    int64_t not_after_s = 0;
    const struct atls_bytes facts = kept_of(&result, &not_after_s);
    const struct atls_bytes digest = atls_bytes_of(connection, sizeof connection);
    struct atls_context *context = atls_session_context(loop.client.session);
    assert_err(atls_context_check_facts(context, facts, digest, &diag), OK);
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, test_spki(signer));
    for (size_t i = 0; i < hash.len; i++) {
        snprintf(&hex[2 * i], 3, "%02x", hash.data[i]);
    }
    snprintf(json, sizeof json,
             "[{\"kind\":\"verifier-key\",\"value\":\"%s\",\"from\":\"2026-01-01T00:00:00Z\"}]",
             hex);
    assert_err(atls_context_set_revoked(context, atls_bytes_text(json), &diag), OK);
    assert_err(atls_context_check_facts(context, facts, digest, &diag), REVOKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_of_a_connection_ends_with_its_passport, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            what_is_kept_of_a_connection_is_revoked_with_the_key_of_its_verifier, begin, end),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
