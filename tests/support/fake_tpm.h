/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something on a Unix socket that passes for a TPM: a thread that hands each command to a function
 * of the test and sends what that makes of it. With test_fake_forward it is a TPM whose answers the
 * test may spoil on their way.
 */
#ifndef SUPPORT_FAKE_TPM_H
#define SUPPORT_FAKE_TPM_H

#include "atls/bytes.h"

#include <pthread.h>

/* The function writes an answer and returns its length. */
#define TEST_FAKE_SILENT  0  /* say nothing, and keep the connection */
#define TEST_FAKE_HANG_UP -1 /* close the connection */
typedef long test_fake_fn(void *context, struct atls_bytes command, struct atls_buf answer);

struct test_fake_tpm {
    pthread_t thread;
    int listener;
    int stop[2];  /* a pipe */
    int upstream; /* a connection to another TPM; -1: none */
    test_fake_fn *fn;
    void *context;
    unsigned drip_ms; /* send an octet at a time, this far apart; 0: all at once */
    char folder[64];
    char socket[96];
    char tcti[128];
};

/* test_fake_start begins to listen. `upstream` is the socket of a real TPM, or NULL. The test may
 * change fn and context only while no command is on its way. */
void test_fake_start(struct test_fake_tpm *fake, test_fake_fn *fn, void *context,
                     const char *upstream);
/* test_fake_start_tcp is the same on a port of 127.0.0.1. */
void test_fake_start_tcp(struct test_fake_tpm *fake, test_fake_fn *fn, void *context,
                         const char *upstream);
void test_fake_stop(struct test_fake_tpm *fake);
/* test_fake_forward asks the real TPM. */
long test_fake_forward(const struct test_fake_tpm *fake, struct atls_bytes command,
                       struct atls_buf answer);

#endif
