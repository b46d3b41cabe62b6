/* SPDX-License-Identifier: Apache-2.0 */
/* A machine with a TPM, provisioned and opened: what most tests of this room begin with. */
#ifndef TPM2_TEST_H
#define TPM2_TEST_H

#include "support/check.h"
#include "support/swtpm.h"
#include "support/threads.h"

#include "atls/tpm2.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct machine {
    struct test_swtpm swtpm;
    struct atls_provision identity;
    struct atls_attester *attester;
    EVP_PKEY *key;
    uint8_t *spki; /* of the TLS key */
    size_t spki_len;
};

static const struct atls_attester_ops *const tpm2 = &atls_attester_tpm2;

/* assert_done fails with the sentence when something did not work. */
#define assert_done(err, diag) assert_done_at((err), (diag), __FILE__, __LINE__)

static inline void assert_done_at(enum atls_err err, const struct atls_diag *diag, const char *file,
                                  int line)
{
    if (err != ATLS_OK) {
        char sentence[600];
        atls_diag_sentence(sentence, sizeof sentence, diag);
        print_error("%s\n", sentence);
        _fail(file, line);
    }
}

static inline int64_t test_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void test_sleep_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* in_child runs `fn` in a child process and gives its exit status; -1 when it crashed, or when an
 * assertion in it failed. */
static inline int in_child(void (*fn)(void))
{
    fflush(NULL);
    test_wait_for_sleeping_threads();
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1); /* or a failure would go on with the other tests */
        fn();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline struct atls_provision provision(const char *tcti, const char *pcrs,
                                              const char *const *claims, size_t num_claims)
{
    const struct atls_provision_request request = {tcti, pcrs, claims, num_claims};
    struct atls_provision made = {.simulated = false};
    struct atls_diag diag;
    assert_done(tpm2->provision(&made, &request, &diag), &diag);
    return made;
}

static inline EVP_PKEY *load_key(struct atls_attester *attester, const char *pem)
{
    EVP_PKEY *key = NULL;
    struct atls_diag diag;
    assert_done(tpm2->load_key(attester, &key, atls_bytes_text(pem), &diag), &diag);
    return key;
}

static inline struct atls_attester *open_attester(const char *config)
{
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    assert_done(tpm2->open(&attester, atls_bytes_text(config), &diag), &diag);
    return attester;
}

static inline void machine_start(struct machine *machine)
{
    memset(machine, 0, sizeof *machine);
    test_swtpm_start(&machine->swtpm);
    machine->identity = provision(machine->swtpm.tcti, NULL, NULL, 0);
    machine->attester = open_attester(machine->identity.config_json);
    machine->key = load_key(machine->attester, machine->identity.key_pem);
    const int len = i2d_PUBKEY(machine->key, &machine->spki);
    assert_true(len > 0);
    machine->spki_len = (size_t)len;
}

static inline void machine_stop(struct machine *machine)
{
    EVP_PKEY_free(machine->key);
    tpm2->close(machine->attester);
    atls_provision_cleanup(&machine->identity);
    OPENSSL_free(machine->spki);
    test_swtpm_stop(&machine->swtpm);
}

static inline struct atls_bytes spki_of(const struct machine *machine)
{
    return atls_bytes_of(machine->spki, machine->spki_len);
}

/* attest makes Evidence into `out` and gives its length. */
static inline enum atls_err attest(const struct machine *machine, struct atls_buf out,
                                   size_t *out_len, struct atls_bytes nonce, uint32_t timeout_ms,
                                   struct atls_diag *diag)
{
    const struct atls_attest_request request = {nonce, spki_of(machine), timeout_ms};
    return tpm2->attest(machine->attester, out, out_len, &request, diag);
}

#endif
