/* SPDX-License-Identifier: Apache-2.0 */
/* A real TPM emulator for one test program: swtpm on a Unix socket, its state in a folder of its
 * own, ended by its process id. */
#ifndef SUPPORT_SWTPM_H
#define SUPPORT_SWTPM_H

#include <sys/types.h>

struct test_swtpm {
    pid_t pid; /* 0: not running */
    char folder[64];
    char socket[96];
    char tcti[128]; /* "swtpm:path=..." */
};

/* test_swtpm_start makes a TPM that never was. It ends the program as skipped (77), with the
 * reason, where there is no swtpm. */
void test_swtpm_start(struct test_swtpm *tpm);
/* test_swtpm_kill ends it as a power cut would; test_swtpm_again starts it on the same state. */
void test_swtpm_kill(struct test_swtpm *tpm);
void test_swtpm_again(struct test_swtpm *tpm);
/* test_swtpm_stop ends it and removes its folder. */
void test_swtpm_stop(struct test_swtpm *tpm);

#endif
