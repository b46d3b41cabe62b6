/* SPDX-License-Identifier: Apache-2.0 */
/* A TPM that goes away and comes back, is shared, or is met by the child of a fork. */
#include "tls_test.h"

#include "job_test.h"

#include "attester/tpm2/handles.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct machine machine;

static int start(void **state)
{
    (void)state;
    machine_start(&machine);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    machine_stop(&machine);
    return 0;
}

static enum atls_err attest_once(struct atls_diag *diag)
{
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    return attest(&machine, room, &len, atls_bytes_text("nonce"), 5000, diag);
}

static void a_tpm_that_is_gone_is_an_error_until_it_is_back(void **state)
{
    (void)state;
    struct atls_diag diag;
    X509 *cert = self_signed(machine.key, EVP_sha256());
    for (int round = 0; round < 2; round++) {
        assert_done(attest_once(&diag), &diag);
        test_swtpm_kill(&machine.swtpm);
        assert_err(attest_once(&diag), TPM);
        assert_string_equal(diag.found, "no connection");
        assert_err(attest_once(&diag), TPM);
        assert_true(X509_sign(cert, machine.key, EVP_sha256()) <= 0);
        ERR_clear_error();
        test_swtpm_again(&machine.swtpm);
        /* the saved context of the key died with the TPM's memory; its file did not */
        assert_done(attest_once(&diag), &diag);
        assert_true(X509_sign(cert, machine.key, EVP_sha256()) > 0);
    }
    X509_free(cert);
}

static void a_handshake_without_its_tpm_fails_and_says_why(void **state)
{
    (void)state;
    X509 *cert = self_signed(machine.key, EVP_sha256());
    SSL_CTX *server = server_context(machine.key, cert), *client = client_context(cert);
    test_swtpm_kill(&machine.swtpm);
    struct pair pair = pair_new(server, client);
    int error = 0;
    assert_false(step(pair.client, &error));
    assert_false(step(pair.server, &error));
    assert_int_equal(error, SSL_ERROR_SSL);
    bool said = false;
    const char *text = NULL;
    int flags = 0;
    while (ERR_get_error_all(NULL, NULL, NULL, &text, &flags) != 0) {
        said =
            said || ((flags & ERR_TXT_STRING) != 0 && strstr(text, "swtpm that listens") != NULL);
    }
    assert_true(said);
    pair_free(&pair);
    test_swtpm_again(&machine.swtpm);
    pair = pair_new(server, client);
    assert_true(shake_hands(&pair));
    pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(cert);
}

static void a_restart_between_two_jobs_goes_unnoticed(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_done(attest_once(&diag), &diag);
    test_swtpm_kill(&machine.swtpm);
    test_swtpm_again(&machine.swtpm);
    assert_done(attest_once(&diag), &diag);
}

/* talk asks the TPM for a random number over a connection of its own; 0 when it got one. */
static int talk(const char *path)
{
    static const uint8_t command[] = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x7b, 0, 8};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    uint8_t answer[64];
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const bool got =
        connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0 &&
        send(fd, command, sizeof command, MSG_NOSIGNAL) == sizeof command &&
        recv(fd, answer, sizeof answer, 0) == 20;
    close(fd);
    return got ? 0 : 1;
}

static void an_idle_attester_leaves_the_tpm_to_others(void **state)
{
    (void)state;
    struct atls_diag diag;
    for (int round = 0; round < 2; round++) {
        assert_done(attest_once(&diag), &diag);
        assert_int_equal(talk(machine.swtpm.socket), 0); /* comes to its turn */
    }
    assert_done(attest_once(&diag), &diag);
}

/* as another process would: its own attester from the same files */
static void use_the_same_files(void)
{
    struct atls_attester *attester = open_attester(machine.identity.config_json);
    EVP_PKEY *key = load_key(attester, machine.identity.key_pem);
    X509 *cert = self_signed(key, EVP_sha256());
    assert_int_equal(X509_verify(cert, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    tpm2->close(attester);
}

static void two_processes_take_turns(void **state)
{
    (void)state;
    if (TEST_UNDER_TSAN) {
        puts("skipped: ThreadSanitizer does not follow threads behind a fork");
        skip();
    }
    struct atls_diag diag;
    assert_done(attest_once(&diag), &diag);
    assert_int_equal(in_child(use_the_same_files), 0);
    assert_done(attest_once(&diag), &diag);
}

static void use_what_the_parent_opened(void)
{
    struct atls_diag diag;
    assert_err(attest_once(&diag), STATE);
    assert_string_equal(diag.found, "a child of the process that opened it");
    X509 *cert = X509_new();
    assert_int_equal(X509_set_pubkey(cert, machine.key), 1);
    assert_true(X509_sign(cert, machine.key, EVP_sha256()) <= 0);
    X509_free(cert);
    EVP_PKEY_free(machine.key);
    tpm2->close(machine.attester); /* frees what is ours, and touches no connection */
}

static void the_child_of_a_fork_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_done(attest_once(&diag), &diag);
    assert_int_equal(in_child(use_what_the_parent_opened), 0);
    assert_done(attest_once(&diag), &diag);
}

/* ---- what is left in a TPM ---- */

/* leave makes a key that stays loaded, as a process does that dies. */
static enum atls_err leave(struct atls_tpm_conn *conn, struct atls_tpm_job *job,
                           struct atls_diag *diag)
{
    (void)job;
    ESYS_TR object;
    return atls_tpm_conn_parent(conn, TPM2_RH_OWNER, &object, diag);
}

static void leave_free(struct atls_tpm_job *job)
{
    free(job);
}

static void slots_that_others_left_full_are_emptied(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(machine.swtpm.tcti, 4);
    struct atls_diag diag;
    assert_done(attest_once(&diag), &diag);
    for (int i = 0; i < 3; i++) {
        struct atls_tpm_job *job = calloc(1, sizeof *job);
        assert_non_null(job);
        job->run = leave;
        job->free = leave_free;
        job->refs = 1;
        assert_done(atls_tpm_run(tpm, job, 5000, &diag), &diag);
        atls_tpm_job_unref(tpm, job);
    }
    assert_done(attest_once(&diag), &diag);
    struct atls_provision again = provision(machine.swtpm.tcti, NULL, NULL, 0);
    atls_provision_cleanup(&again);
    assert_done(attest_once(&diag), &diag);
    atls_tpm_unref(tpm);
}

static enum atls_err count_loaded(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                                  struct atls_diag *diag)
{
    struct random_job *job = (struct random_job *)base;
    TPMS_CAPABILITY_DATA *data = NULL;
    TPMI_YES_NO more;
    const TSS2_RC rc =
        Esys_GetCapability(conn->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                           ATLS_TPM_TRANSIENT_FIRST, 16, &more, &data);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_GetCapability", rc, diag);
    }
    job->fate->octets = data->data.handles.count;
    free(data);
    return ATLS_OK;
}

static void closing_leaves_nothing_loaded(void **state)
{
    (void)state;
    struct atls_diag diag;
    EVP_PKEY_free(machine.key);
    tpm2->close(machine.attester);
    machine.attester = open_attester(machine.identity.config_json);
    machine.key = load_key(machine.attester, machine.identity.key_pem);
    assert_done(attest_once(&diag), &diag);
    EVP_PKEY_free(machine.key);
    tpm2->close(machine.attester);

    struct atls_tpm *tpm = open_tpm(machine.swtpm.tcti, 4);
    struct fate fate = {.octets = 99};
    struct random_job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    job->job.run = count_loaded;
    job->job.free = random_free;
    job->job.refs = 1;
    job->fate = &fate;
    assert_done(atls_tpm_run(tpm, &job->job, 5000, &diag), &diag);
    atls_tpm_job_unref(tpm, &job->job);
    assert_int_equal(fate.octets, 0);
    atls_tpm_unref(tpm);
    machine.attester = open_attester(machine.identity.config_json);
    machine.key = load_key(machine.attester, machine.identity.key_pem);
}

static void an_ak_that_was_evicted_is_named(void **state)
{
    (void)state;
    struct test_swtpm blank;
    test_swtpm_start(&blank);
    struct atls_provision made = provision(blank.tcti, NULL, NULL, 0);
    struct atls_attester *attester = open_attester(made.config_json);
    EVP_PKEY *key = load_key(attester, made.key_pem);
    /* the machine's state is lost: the same place, another TPM */
    test_swtpm_kill(&blank);
    char state_file[128];
    snprintf(state_file, sizeof state_file, "%s/tpm2-00.permall", blank.folder);
    assert_int_equal(unlink(state_file), 0);
    test_swtpm_again(&blank);
    uint8_t octets[2048], *spki = NULL;
    const int spki_len = i2d_PUBKEY(key, &spki);
    const struct atls_buf room = {octets, sizeof octets};
    const struct atls_attest_request request = {atls_bytes_text("nonce"),
                                                atls_bytes_of(spki, (size_t)spki_len), 5000};
    size_t len = 0;
    struct atls_diag diag;
    assert_err(tpm2->attest(attester, room, &len, &request, &diag), TPM);
    assert_string_equal(diag.claim, "attestation key");
    assert_string_equal(diag.expected, "a handle that exists in this TPM");
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    tpm2->close(attester);
    atls_provision_cleanup(&made);
    test_swtpm_stop(&blank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tpm_that_is_gone_is_an_error_until_it_is_back),
        cmocka_unit_test(a_handshake_without_its_tpm_fails_and_says_why),
        cmocka_unit_test(a_restart_between_two_jobs_goes_unnoticed),
        cmocka_unit_test(an_idle_attester_leaves_the_tpm_to_others),
        cmocka_unit_test(two_processes_take_turns),
        cmocka_unit_test(the_child_of_a_fork_is_refused),
        cmocka_unit_test(slots_that_others_left_full_are_emptied),
        cmocka_unit_test(closing_leaves_nothing_loaded),
        cmocka_unit_test(an_ak_that_was_evicted_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
