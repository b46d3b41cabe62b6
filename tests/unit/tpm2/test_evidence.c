/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm2_test.h"

#include "crypto/crypto.h"
#include "endorsement/corim_create.h"
#include "verifier/verifier.h"

#define NOW_S 1790000000

static struct machine machine;
static struct atls_endorsements *endorsements;

static struct atls_endorsements *endorse(const char *comid)
{
    const struct atls_bytes template = atls_bytes_text(comid);
    uint8_t *corim = NULL;
    size_t len = 0;
    struct atls_endorsements *set = NULL;
    struct atls_diag diag;
    assert_done(atls_corim_create(&corim, &len, &template, 1,
                                  "tag:github.com/parallaxsecond,2023-03-03:tpm", false, &diag),
                &diag);
    assert_done(atls_endorsements_new(&set, &diag), &diag);
    assert_done(atls_endorsements_add_corim(set, atls_bytes_of(corim, len), "test", NOW_S, &diag),
                &diag);
    free(corim);
    return set;
}

static int start(void **state)
{
    (void)state;
    machine_start(&machine);
    endorsements = endorse(machine.identity.comid_json);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    atls_endorsements_unref(endorsements);
    machine_stop(&machine);
    return 0;
}

/* one_nonce is `len` octets that are not all alike. */
static struct atls_bytes one_nonce(size_t len)
{
    static uint8_t octets[128];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(0x31 + 7 * i);
    }
    return atls_bytes_of(octets, len);
}

static enum atls_err verify(struct atls_bytes cmw, struct atls_bytes nonce, struct atls_bytes spki,
                            enum atls_tier *status, struct atls_diag *diag)
{
    const struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .endorsements = endorsements,
        .format = atls_format_by_name(atls_bytes_text("tpm2")),
        .cmw = cmw,
        .expected_nonce = nonce,
        .tls_spki = spki,
        .now_s = NOW_S,
    };
    struct atls_appraisal appraisal;
    const enum atls_err err = atls_verify(&appraisal, &request, diag);
    if (err == ATLS_OK) {
        *status = appraisal.submods[0].status;
        atls_appraisal_cleanup(&appraisal, free);
    }
    return err;
}

static void evidence_is_affirmed_by_the_verifier(void **state)
{
    (void)state;
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    assert_done(attest(&machine, room, &len, one_nonce(32), 10000, &diag), &diag);
    enum atls_tier status = ATLS_TIER_NONE;
    assert_done(
        verify(atls_bytes_of(octets, len), one_nonce(32), spki_of(&machine), &status, &diag),
        &diag);
    assert_int_equal(status, ATLS_TIER_AFFIRMING);
    assert_err(verify(atls_bytes_of(octets, len), one_nonce(33), spki_of(&machine), &status, &diag),
               FRESHNESS);
}

static void write_file(const char *folder, const char *name, struct atls_bytes octets)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets.data, 1, octets.len, file), octets.len);
    assert_int_equal(fclose(file), 0);
}

static int run_checker(const char *folder)
{
    const pid_t pid = fork();
    if (pid == 0) {
        execl("/usr/bin/python3", "python3", TEST_SOURCE_DIR "/tests/system/check_tpm_evidence.py",
              folder, (char *)NULL);
        _exit(77);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void an_independent_checker_agrees(void **state)
{
    (void)state;
    static const char *const files[] = {"evidence.cmw", "nonce", "spki.der", "comid.json"};
    char folder[] = "/tmp/atls-evidence-XXXXXX";
    assert_non_null(mkdtemp(folder));
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    assert_done(attest(&machine, room, &len, one_nonce(33), 10000, &diag), &diag);
    write_file(folder, "evidence.cmw", atls_bytes_of(octets, len));
    write_file(folder, "nonce", one_nonce(33));
    write_file(folder, "spki.der", spki_of(&machine));
    write_file(folder, "comid.json", atls_bytes_text(machine.identity.comid_json));
    const int good = run_checker(folder);
    write_file(folder, "nonce", one_nonce(32));
    const int bad = run_checker(folder);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    if (good == 77) {
        print_message("skipped: no python3 with cbor2 and cryptography\n");
        skip();
    }
    assert_int_equal(good, 0);
    assert_int_equal(bad, 1);
}

static void nonces_up_to_the_longest_are_bound(void **state)
{
    (void)state;
    assert_int_equal(tpm2->max_nonce(machine.attester), 64); /* swtpm has SHA-512 */
    static const size_t lens[] = {1, 32, 33, 34, 48, 50, 63, 64};
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lens); i++) {
        size_t len = 0;
        struct atls_diag diag;
        enum atls_tier status;
        assert_done(attest(&machine, room, &len, one_nonce(lens[i]), 10000, &diag), &diag);
        assert_done(verify(atls_bytes_of(octets, len), one_nonce(lens[i]), spki_of(&machine),
                           &status, &diag),
                    &diag);
    }
}

static void other_lengths_are_refused(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 65, 128};
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lens); i++) {
        size_t len = 4711;
        struct atls_diag diag;
        assert_err(attest(&machine, room, &len, one_nonce(lens[i]), 10000, &diag), NONCE_LENGTH);
        assert_int_equal(len, 4711);
        assert_string_equal(diag.expected, "1 to 64");
    }
}

static void a_key_of_somebody_else_is_refused(void **state)
{
    (void)state;
    uint8_t octets[2048], spki[128];
    const struct atls_buf room = {octets, sizeof octets};
    assert_true(machine.spki_len <= sizeof spki);
    for (size_t at = 0; at <= machine.spki_len; at++) {
        memcpy(spki, machine.spki, machine.spki_len);
        size_t spki_len = machine.spki_len;
        if (at < machine.spki_len) {
            spki[at] ^= 0x01;
        } else {
            spki_len--; /* a prefix */
        }
        const struct atls_attest_request request = {one_nonce(32), atls_bytes_of(spki, spki_len),
                                                    10000};
        size_t len = 4711;
        struct atls_diag diag;
        assert_err(tpm2->attest(machine.attester, room, &len, &request, &diag), KEY);
        assert_int_equal(len, 4711);
    }
}

static void before_a_key_is_loaded_there_is_no_evidence(void **state)
{
    (void)state;
    struct atls_attester *fresh = open_attester(machine.identity.config_json);
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    const struct atls_attest_request request = {one_nonce(32), spki_of(&machine), 10000};
    size_t len = 0;
    struct atls_diag diag;
    assert_err(tpm2->attest(fresh, room, &len, &request, &diag), KEY);
    EVP_PKEY_free(load_key(fresh, machine.identity.key_pem));
    assert_done(tpm2->attest(fresh, room, &len, &request, &diag), &diag);
    tpm2->close(fresh);
}

static void evidence_is_made_anew_each_time(void **state)
{
    (void)state;
    uint8_t first[2048], second[2048];
    const struct atls_buf first_room = {first, sizeof first}, second_room = {second, sizeof second};
    size_t first_len = 0, second_len = 0;
    struct atls_diag diag;
    assert_done(attest(&machine, first_room, &first_len, one_nonce(32), 10000, &diag), &diag);
    assert_done(attest(&machine, second_room, &second_len, one_nonce(32), 10000, &diag), &diag);
    assert_false(
        atls_bytes_equal(atls_bytes_of(first, first_len), atls_bytes_of(second, second_len)));
}

static void a_buffer_that_is_too_small_is_refused(void **state)
{
    (void)state;
    uint8_t octets[2048];
    struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    assert_done(attest(&machine, room, &len, one_nonce(32), 10000, &diag), &diag);
    const size_t whole = len;
    static const size_t caps[] = {0, 1, 100, 600};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(caps); i++) {
        room.cap = caps[i];
        len = 4711;
        assert_err(attest(&machine, room, &len, one_nonce(32), 10000, &diag), BUFFER);
        assert_int_equal(len, 4711);
    }
    assert_true(whole > 600 && whole < 1000);
}

static void pcrs_that_changed_are_not_affirmed(void **state)
{
    (void)state;
    /* An attester that quotes another selection than the endorsed one. */
    struct atls_provision other = provision(machine.swtpm.tcti, "sha256:17", NULL, 0);
    struct atls_attester *attester = open_attester(other.config_json);
    EVP_PKEY *key = load_key(attester, machine.identity.key_pem);
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    const struct atls_attest_request request = {one_nonce(32), spki_of(&machine), 10000};
    size_t len = 0;
    struct atls_diag diag;
    enum atls_tier status = ATLS_TIER_AFFIRMING;
    assert_done(tpm2->attest(attester, room, &len, &request, &diag), &diag);
    const enum atls_err err =
        verify(atls_bytes_of(octets, len), one_nonce(32), spki_of(&machine), &status, &diag);
    assert_true(err != ATLS_OK || status != ATLS_TIER_AFFIRMING);
    EVP_PKEY_free(key);
    tpm2->close(attester);
    atls_provision_cleanup(&other);
}

static void evidence_of_another_tpm_is_not_endorsed(void **state)
{
    (void)state;
    struct machine stranger;
    machine_start(&stranger);
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    enum atls_tier status;
    assert_done(attest(&stranger, room, &len, one_nonce(32), 10000, &diag), &diag);
    assert_err(
        verify(atls_bytes_of(octets, len), one_nonce(32), spki_of(&stranger), &status, &diag),
        NOT_ENDORSED);
    machine_stop(&stranger);
}

static void a_configuration_of_another_tpm_is_refused(void **state)
{
    (void)state;
    struct test_swtpm stranger;
    test_swtpm_start(&stranger);
    struct atls_provision theirs = provision(stranger.tcti, NULL, NULL, 0);
    /* The same handle, and another key in it: their configuration with our TPM's place. */
    char *at = strstr(theirs.config_json, stranger.folder);
    assert_non_null(at);
    memcpy(at, machine.swtpm.folder, strlen(machine.swtpm.folder));
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    assert_err(tpm2->open(&attester, atls_bytes_text(theirs.config_json), &diag), ATTESTER);
    assert_null(attester);
    /* And their TLS key is refused by our TPM. */
    EVP_PKEY *key = NULL;
    assert_err(tpm2->load_key(machine.attester, &key, atls_bytes_text(theirs.key_pem), &diag), TPM);
    assert_null(key);
    atls_provision_cleanup(&theirs);
    test_swtpm_stop(&stranger);
}

static void seventeen_keys_are_too_many(void **state)
{
    (void)state;
    struct atls_attester *attester = open_attester(machine.identity.config_json);
    for (int i = 0; i < 17; i++) {
        struct atls_provision one = provision(machine.swtpm.tcti, NULL, NULL, 0);
        EVP_PKEY *key = NULL;
        struct atls_diag diag;
        const enum atls_err err =
            tpm2->load_key(attester, &key, atls_bytes_text(one.key_pem), &diag);
        assert_string_equal(atls_err_name(err), i < 16 ? "OK" : "KEY");
        EVP_PKEY_free(key);
        atls_provision_cleanup(&one);
    }
    tpm2->close(attester);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_is_affirmed_by_the_verifier),
        cmocka_unit_test(an_independent_checker_agrees),
        cmocka_unit_test(nonces_up_to_the_longest_are_bound),
        cmocka_unit_test(other_lengths_are_refused),
        cmocka_unit_test(a_key_of_somebody_else_is_refused),
        cmocka_unit_test(before_a_key_is_loaded_there_is_no_evidence),
        cmocka_unit_test(evidence_is_made_anew_each_time),
        cmocka_unit_test(a_buffer_that_is_too_small_is_refused),
        cmocka_unit_test(pcrs_that_changed_are_not_affirmed),
        cmocka_unit_test(evidence_of_another_tpm_is_not_endorsed),
        cmocka_unit_test(a_configuration_of_another_tpm_is_refused),
        cmocka_unit_test(seventeen_keys_are_too_many),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
