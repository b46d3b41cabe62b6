/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fetcher behind which there is no network, but a Verifier in this process: it affirms whatever
 * it is sent, signed with a key of its own (link room_json, room_crypto). Every answer can be
 * spoilt, and held back by a gate.
 */
#ifndef SUPPORT_FAKE_VERIFIER_H
#define SUPPORT_FAKE_VERIFIER_H

#include "atls/fetcher.h"

#include <pthread.h>

struct atls_key;

enum test_step {
    TEST_STEP_DISCOVERY = 0,
    TEST_STEP_NEW_SESSION,
    TEST_STEP_EVIDENCE,
    TEST_STEP_POLL,
    TEST_STEP_DELETE,
    TEST_NUM_STEPS
};

struct test_verifier {
    struct atls_key *key;       /* signs */
    struct atls_key *published; /* in the discovery document */
    int64_t iat_s;
    const char *vector; /* JSON; NULL: all affirming */
    unsigned polls;     /* answers with "processing" */
    /* before is called when a question comes, spoil changes its answer; either may be NULL */
    void (*before)(enum test_step step);
    void (*spoil)(enum test_step step, struct atls_fetch_answer *answer);
    pthread_mutex_t gate; /* locked: Evidence is not answered */
    /* what happened */
    unsigned asked[TEST_NUM_STEPS], opened, closed;
    char order[64]; /* one letter a question: d n e p x */
    uint8_t evidence[4096];
    size_t evidence_len;
    char media_type[128], nonce[96];
    pthread_t thread; /* of the last question */
};

/* The one that the fetcher leads to. test_verifier_reset makes it new. */
extern struct test_verifier test_verifier;
void test_verifier_reset(struct atls_key *key);
/* test_answer_with puts a text in place of an answer's body. */
void test_answer_with(struct atls_fetch_answer *answer, unsigned status, const char *body);

extern const struct atls_fetcher_ops test_fetcher;

#endif
