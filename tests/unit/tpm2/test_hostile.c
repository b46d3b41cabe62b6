/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM whose answers are spoilt on their way, and keys that are spoilt on disk. Whatever
 * comes, each call ends in time with an error or with a right result, and the process lives.
 */
#include "tls_test.h"

#include "support/fake_tpm.h"

#include <stdatomic.h>

/* TPM_CC */
enum {
    CC_EVICT_CONTROL = 0x120,
    CC_CREATE_PRIMARY = 0x131,
    CC_CERTIFY = 0x148,
    CC_CREATE = 0x153,
    CC_LOAD = 0x157,
    CC_QUOTE = 0x158,
    CC_SIGN = 0x15d,
    CC_CONTEXT_LOAD = 0x161,
    CC_CONTEXT_SAVE = 0x162,
    CC_READ_PUBLIC = 0x173,
    CC_GET_CAPABILITY = 0x17a,
    CC_PCR_READ = 0x17e
};

struct spoiler {
    struct test_fake_tpm *relay;
    uint32_t command; /* whose answers are spoilt; 0: none */
    size_t at;
    uint8_t flip; /* bits to flip in octet `at`; 0: cut the answer there */
    size_t len;   /* of the last such answer */
    unsigned hits;
};

static struct machine machine;
static struct test_fake_tpm relay;
static struct spoiler spoiler;
static X509 *cert;

/* write_len puts the length into the header, so that what is cut is not waited for. */
static void write_len(uint8_t *answer, size_t len)
{
    answer[2] = (uint8_t)(len >> 24);
    answer[3] = (uint8_t)(len >> 16);
    answer[4] = (uint8_t)(len >> 8);
    answer[5] = (uint8_t)len;
}

static long spoil(void *context, struct atls_bytes command, struct atls_buf answer)
{
    struct spoiler *how = context;
    long len = test_fake_forward(how->relay, command, answer);
    const uint32_t code = (uint32_t)command.data[6] << 24 | (uint32_t)command.data[7] << 16 |
                          (uint32_t)command.data[8] << 8 | command.data[9];
    if (len <= 0 || code != how->command) {
        return len;
    }
    how->len = (size_t)len;
    if (how->at >= how->len) {
        return len;
    }
    how->hits++;
    if (how->flip != 0) {
        answer.data[how->at] ^= how->flip;
    } else if (how->at >= 10) {
        len = (long)how->at;
        write_len(answer.data, how->at);
    }
    return len;
}

static int start(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof machine);
    test_swtpm_start(&machine.swtpm);
    spoiler.relay = &relay;
    test_fake_start(&relay, spoil, &spoiler, machine.swtpm.socket);
    machine.identity = provision(relay.tcti, NULL, NULL, 0);
    machine.attester = open_attester(machine.identity.config_json);
    machine.key = load_key(machine.attester, machine.identity.key_pem);
    const int len = i2d_PUBKEY(machine.key, &machine.spki);
    machine.spki_len = (size_t)len;
    cert = self_signed(machine.key, EVP_sha256());
    return 0;
}

static int stop(void **state)
{
    (void)state;
    X509_free(cert);
    EVP_PKEY_free(machine.key);
    tpm2->close(machine.attester);
    atls_provision_cleanup(&machine.identity);
    OPENSSL_free(machine.spki);
    test_fake_stop(&relay);
    test_swtpm_stop(&machine.swtpm);
    return 0;
}

typedef enum atls_err use_fn(void);

static enum atls_err use_attest(void)
{
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    return attest(&machine, room, &len, atls_bytes_text("a nonce of the handshake"), 10000, &diag);
}

static enum atls_err use_sign(void)
{
    ERR_clear_error();
    return X509_sign(cert, machine.key, EVP_sha256()) > 0 ? ATLS_OK : ATLS_ERR_TPM;
}

static enum atls_err use_open(void)
{
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    const enum atls_err err =
        tpm2->open(&attester, atls_bytes_text(machine.identity.config_json), &diag);
    tpm2->close(attester);
    return err;
}

static enum atls_err use_load(void)
{
    struct atls_attester *attester = NULL;
    EVP_PKEY *key = NULL;
    struct atls_diag diag;
    enum atls_err err = tpm2->open(&attester, atls_bytes_text(machine.identity.config_json), &diag);
    if (err == ATLS_OK) {
        err = tpm2->load_key(attester, &key, atls_bytes_text(machine.identity.key_pem), &diag);
    }
    EVP_PKEY_free(key);
    tpm2->close(attester);
    return err;
}

static enum atls_err use_provision(void)
{
    const struct atls_provision_request request = {relay.tcti, "sha256:0", NULL, 0};
    struct atls_provision made = {.simulated = false};
    struct atls_diag diag;
    const enum atls_err err = tpm2->provision(&made, &request, &diag);
    if (err != ATLS_OK) {
        assert_null(made.config_json);
    }
    atls_provision_cleanup(&made);
    return err;
}

static void assert_expected(enum atls_err err)
{
    assert_true(err == ATLS_OK || err == ATLS_ERR_TPM || err == ATLS_ERR_DEADLINE ||
                err == ATLS_ERR_ATTESTER || err == ATLS_ERR_KEY);
}

/* sweep spoils every octet of a command's answer, from `from` on, one octet a call. */
static void sweep(uint32_t command, use_fn *use, size_t from, size_t step_len)
{
    unsigned refused = 0;
    if (TEST_UNDER_TSAN) {
        step_len *= 8; /* all threads work on one octet as on the next, and each takes long */
    }
    spoiler.command = command;
    spoiler.at = SIZE_MAX;
    spoiler.len = 0;
    assert_int_equal(use(), ATLS_OK); /* shows how long the answer is */
    assert_true(spoiler.len > from);
    const size_t len = spoiler.len;
    spoiler.hits = 0;
    for (size_t at = from; at < len; at += step_len) {
        static const uint8_t flips[] = {0x00, 0x01, 0x80, 0xff};
        for (size_t i = 0; i < ATLS_ARRAY_LEN(flips); i++) {
            spoiler.at = at;
            spoiler.flip = flips[i];
            const enum atls_err err = use();
            assert_expected(err);
            refused += err != ATLS_OK ? 1 : 0;
        }
    }
    assert_true(spoiler.hits > 0);
    /* a context that cannot be saved is made anew when it is needed */
    assert_true(refused > 0 || command == CC_CONTEXT_SAVE);
    spoiler.command = 0;
    assert_int_equal(use(), ATLS_OK); /* and afterwards all is as before */
}

/* The first six octets say how long an answer is; spoilt, they are waited for (test_tcti.c). */
#define BODY 6

static void certify_is_spoilt(void **state)
{
    (void)state;
    sweep(CC_CERTIFY, use_attest, BODY, 1);
}

static void quote_is_spoilt(void **state)
{
    (void)state;
    sweep(CC_QUOTE, use_attest, BODY, 1);
}

static void sign_is_spoilt(void **state)
{
    (void)state;
    sweep(CC_SIGN, use_sign, BODY, 1);
}

static void capabilities_are_spoilt(void **state)
{
    (void)state;
    sweep(CC_GET_CAPABILITY, use_open, BODY, 1);
}

static void loading_is_spoilt(void **state)
{
    (void)state;
    sweep(CC_LOAD, use_load, BODY, 1);
    sweep(CC_CONTEXT_SAVE, use_load, BODY, 16);
    sweep(CC_CREATE_PRIMARY, use_load, BODY, 8);
}

static void provisioning_is_spoilt(void **state)
{
    (void)state;
    sweep(CC_CREATE_PRIMARY, use_provision, BODY, 5);
    sweep(CC_CREATE, use_provision, BODY, 5);
    sweep(CC_PCR_READ, use_provision, BODY, 1);
    sweep(CC_GET_CAPABILITY, use_provision, BODY, 1);
    sweep(CC_READ_PUBLIC, use_provision, BODY, 3);
}

/* What is certified or quoted must be what was asked for, also when it is well-formed: here the
 * answer to one question is given to the next. */
static uint8_t stale[8192];
static long stale_len;

static long answer_late(void *context, struct atls_bytes command, struct atls_buf answer)
{
    const struct spoiler *how = context;
    const long len = test_fake_forward(how->relay, command, answer);
    const uint32_t code = (uint32_t)command.data[8] << 8 | command.data[9];
    if (len <= 0 || code != how->command) {
        return len;
    }
    if (stale_len == 0) {
        memcpy(stale, answer.data, (size_t)len);
        stale_len = len;
        return len;
    }
    memcpy(answer.data, stale, (size_t)stale_len);
    return stale_len;
}

static void an_answer_to_another_nonce_is_refused(void **state)
{
    (void)state;
    static const uint32_t commands[] = {CC_CERTIFY, CC_QUOTE};
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(commands); i++) {
        stale_len = 0;
        spoiler.command = commands[i];
        relay.fn = answer_late;
        assert_done(attest(&machine, room, &len, atls_bytes_text("first"), 5000, &diag), &diag);
        assert_err(attest(&machine, room, &len, atls_bytes_text("other"), 5000, &diag), TPM);
        assert_string_equal(diag.found, "another statement");
        relay.fn = spoil;
        spoiler.command = 0;
        assert_done(attest(&machine, room, &len, atls_bytes_text("other"), 5000, &diag), &diag);
    }
}

/* The question is changed on its way, so that the TPM honestly signs another statement. */
static long ask_otherwise(void *context, struct atls_bytes command, struct atls_buf answer)
{
    const struct spoiler *how = context;
    const uint32_t code = (uint32_t)command.data[8] << 8 | command.data[9];
    uint8_t other[512];
    assert_true(command.len <= sizeof other);
    memcpy(other, command.data, command.len);
    if (code == how->command && code == CC_CERTIFY) {
        memcpy(&other[10], &other[14], 4); /* certify the signing key itself */
    } else if (code == how->command && code == CC_QUOTE) {
        other[command.len - 1] ^= 0x01; /* one PCR more */
    }
    return test_fake_forward(how->relay, atls_bytes_of(other, command.len), answer);
}

static void a_statement_about_something_else_is_refused(void **state)
{
    (void)state;
    static const uint32_t commands[] = {CC_CERTIFY, CC_QUOTE};
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    relay.fn = ask_otherwise;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(commands); i++) {
        spoiler.command = commands[i];
        assert_err(attest(&machine, room, &len, atls_bytes_text("nonce"), 5000, &diag), TPM);
        assert_string_equal(diag.found, "another statement");
    }
    spoiler.command = 0;
    assert_done(attest(&machine, room, &len, atls_bytes_text("nonce"), 5000, &diag), &diag);
    relay.fn = spoil;
}

/* One octet more in the TPM2B_ATTEST, with all lengths in order. */
static long lengthen(void *context, struct atls_bytes command, struct atls_buf answer)
{
    const struct spoiler *how = context;
    const long len = test_fake_forward(how->relay, command, answer);
    const uint32_t code = (uint32_t)command.data[8] << 8 | command.data[9];
    if (len <= 0 || code != how->command) {
        return len;
    }
    const size_t end = 16 + ((size_t)answer.data[14] << 8 | answer.data[15]);
    memmove(&answer.data[end + 1], &answer.data[end], (size_t)len - end);
    answer.data[end] = 0;
    write_len(answer.data, (size_t)len + 1);
    answer.data[13]++; /* parameterSize */
    answer.data[15]++; /* of the TPM2B_ATTEST */
    return len + 1;
}

static void octets_behind_a_statement_are_refused(void **state)
{
    (void)state;
    static const uint32_t commands[] = {CC_CERTIFY, CC_QUOTE};
    uint8_t octets[2048];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    struct atls_diag diag;
    relay.fn = lengthen;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(commands); i++) {
        spoiler.command = commands[i];
        assert_err(attest(&machine, room, &len, atls_bytes_text("nonce"), 5000, &diag), TPM);
        assert_string_equal(diag.found, "another statement");
    }
    spoiler.command = 0;
    relay.fn = spoil;
}

/* ---- spoilt keys ---- */

static void no_spoilt_key_is_loaded(void **state)
{
    (void)state;
    const size_t len = strlen(machine.identity.key_pem);
    char *pem = strdup(machine.identity.key_pem);
    unsigned tried = 0;
    for (size_t at = 40; at < len - 30; at += 3) {
        const char was = pem[at];
        pem[at] = was == 'A' ? 'B' : 'A';
        EVP_PKEY *key = NULL;
        struct atls_diag diag;
        struct atls_attester *attester = open_attester(machine.identity.config_json);
        const enum atls_err err = tpm2->load_key(attester, &key, atls_bytes_text(pem), &diag);
        assert_true(err == ATLS_ERR_KEY || err == ATLS_ERR_TPM);
        assert_null(key);
        tried += err == ATLS_ERR_TPM ? 1 : 0;
        tpm2->close(attester);
        pem[at] = was;
    }
    assert_true(tried > 0); /* some were for the TPM to refuse */
    free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certify_is_spoilt),
        cmocka_unit_test(quote_is_spoilt),
        cmocka_unit_test(sign_is_spoilt),
        cmocka_unit_test(capabilities_are_spoilt),
        cmocka_unit_test(loading_is_spoilt),
        cmocka_unit_test(provisioning_is_spoilt),
        cmocka_unit_test(an_answer_to_another_nonce_is_refused),
        cmocka_unit_test(a_statement_about_something_else_is_refused),
        cmocka_unit_test(octets_behind_a_statement_are_refused),
        cmocka_unit_test(no_spoilt_key_is_loaded),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
