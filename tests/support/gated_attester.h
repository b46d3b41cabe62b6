/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attester that tests hold up: sim-psa, or another that is handed in, behind a gate. While the
 * gate is closed `attest` waits, as one that talks to a device does.
 */
#ifndef SUPPORT_GATED_ATTESTER_H
#define SUPPORT_GATED_ATTESTER_H

#include "atls/attester.h"

/* How it behaves; to be changed only while no attest runs. */
struct test_gated {
    size_t max_nonce;         /* 0: that of the one behind the gate */
    enum atls_err fails_with; /* ATLS_OK: does not fail */
    size_t claims_len;        /* not 0: says that it wrote so many octets */
};

/* test_gated_attester puts `inner` behind the gate, which is open, and gives the table. */
const struct atls_attester_ops *test_gated_attester(const struct atls_attester_ops *inner);
extern struct test_gated test_gated;

void test_gate_close(void);
void test_gate_open(void);
/* test_gate_wait returns when `count` calls of attest stand at the closed gate. */
void test_gate_wait(unsigned count);
/* test_gate_passed counts the calls that went through since the attester was made. */
unsigned test_gate_passed(void);
/* test_gate_other_thread is true when the last call came from another thread than the one that made
 * the attester. */
bool test_gate_other_thread(void);

#endif
