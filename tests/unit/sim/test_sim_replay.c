/* SPDX-License-Identifier: Apache-2.0 */
/* A replayer plays what is in its file, and nothing else. */
#include "atls/sim.h"

#include "atls/limits.h"
#include "json/file.h"
#include "support/check.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/atls-test-replay-XXXXXX";

static void put_file(size_t len)
{
    const struct atls_buf octets = test_room(len);
    memset(octets.data, 0x5a, len);
    assert_err(atls_file_write(path, atls_bytes_of(octets.data, len), ATLS_FILE_PUBLIC, NULL), OK);
}

static enum atls_err open_file(struct atls_attester **out, struct atls_diag *diag)
{
    char config[256];
    snprintf(config, sizeof config,
             "{\"rot\":\"sim-replay-psa\",\"format\":\"psa\",\"file\":\"%s\"}", path);
    return atls_attester_sim_replay_psa.open(out, atls_bytes_text(config), diag);
}

static void it_plays_the_file_for_any_nonce(void **state)
{
    (void)state;
    struct atls_attester *attester = NULL;
    put_file(100);
    assert_err(open_file(&attester, NULL), OK);
    assert_int_equal(atls_attester_sim_replay_psa.max_nonce(attester), 64);
    static const char *const nonces[] = {"00", "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(nonces); i++) {
        const struct atls_attest_request request = {test_hex(nonces[i]), {NULL, 0}, 1};
        const struct atls_buf room = test_room(100);
        size_t len = 0;
        assert_err(atls_attester_sim_replay_psa.attest(attester, room, &len, &request, NULL), OK);
        assert_int_equal(len, 100);
        assert_int_equal(room.data[99], 0x5a);
        const struct atls_buf small = test_room(99);
        len = 77;
        assert_err(atls_attester_sim_replay_psa.attest(attester, small, &len, &request, NULL),
                   BUFFER);
        assert_int_equal(len, 77);
    }
    atls_attester_sim_replay_psa.close(attester);
    atls_attester_sim_replay_psa.close(NULL);
}

static void a_file_that_is_no_cmw_by_its_size_is_refused(void **state)
{
    (void)state;
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    put_file(0);
    assert_err(open_file(&attester, &diag), FILE);
    put_file(ATLS_MAX_CMW_LEN);
    assert_err(open_file(&attester, &diag), OK);
    atls_attester_sim_replay_psa.close(attester);
    attester = NULL;
    put_file(ATLS_MAX_CMW_LEN + 1);
    assert_err(open_file(&attester, &diag), FILE);
    assert_null(attester);
}

static void configurations_that_are_not_ours_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "[]", "{}", "{\"file\":1}", "{\"file\":\"\"}", "{\"file\":\"/tmp\",\"more\":1}"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        struct atls_attester *attester = NULL;
        assert_err(atls_attester_sim_replay_tpm2.open(&attester, atls_bytes_text(wrong[i]), NULL),
                   CONFIG);
        assert_null(attester);
    }
    struct atls_attester *attester = NULL;
    assert_err(atls_attester_sim_replay_tpm2.open(
                   &attester, atls_bytes_text("{\"file\":\"/nonexistent/file\"}"), NULL),
               FILE);
}

static void it_makes_no_machine_and_keeps_no_key(void **state)
{
    (void)state;
    struct atls_provision provision = {.simulated = false};
    const struct atls_provision_request request = {NULL, NULL, NULL, 0};
    assert_err(atls_attester_sim_replay_psa.provision(&provision, &request, NULL), ARGUMENT);
    struct evp_pkey_st *key = NULL;
    assert_err(atls_attester_sim_replay_psa.load_key(NULL, &key, atls_bytes_text("x"), NULL), KEY);
}

int main(void)
{
    const int fd = mkstemp(path);
    if (fd < 0) {
        return 1;
    }
    close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_plays_the_file_for_any_nonce),
        cmocka_unit_test(a_file_that_is_no_cmw_by_its_size_is_refused),
        cmocka_unit_test(configurations_that_are_not_ours_are_refused),
        cmocka_unit_test(it_makes_no_machine_and_keeps_no_key),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
