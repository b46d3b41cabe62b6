/* SPDX-License-Identifier: Apache-2.0 */
#include "support/gated_attester.h"

#include "base/diag.h"

#include <pthread.h>

struct test_gated test_gated;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool closed;
static unsigned waiting, passed;
static pthread_t maker, last;

static const struct atls_attester_ops *inner;
static struct atls_attester_ops gated;

static void pass_gate(void)
{
    pthread_mutex_lock(&lock);
    waiting++;
    last = pthread_self();
    pthread_cond_broadcast(&changed);
    while (closed) {
        pthread_cond_wait(&changed, &lock);
    }
    waiting--;
    passed++;
    pthread_mutex_unlock(&lock);
}

static size_t max_nonce(const struct atls_attester *attester)
{
    return test_gated.max_nonce != 0 ? test_gated.max_nonce : inner->max_nonce(attester);
}

static enum atls_err attest(struct atls_attester *attester, struct atls_buf out, size_t *out_len,
                            const struct atls_attest_request *request, struct atls_diag *diag)
{
    pass_gate();
    if (test_gated.fails_with != ATLS_OK) {
        return atls_fail_texts(diag, test_gated.fails_with, "gated attester", NULL,
                               "what the test asked for", "Evidence");
    }
    enum atls_err err = inner->attest(attester, out, out_len, request, diag);
    if (err == ATLS_OK && test_gated.claims_len != 0) {
        *out_len = test_gated.claims_len;
    }
    return err;
}

const struct atls_attester_ops *test_gated_attester(const struct atls_attester_ops *behind)
{
    const struct test_gated none = {0};
    inner = behind;
    gated = *behind;
    gated.name = "gated";
    gated.computes = false;
    gated.max_nonce = max_nonce;
    gated.attest = attest;
    test_gated = none;
    closed = false;
    passed = 0;
    maker = pthread_self();
    last = maker;
    return &gated;
}

static void set_closed(bool value)
{
    pthread_mutex_lock(&lock);
    closed = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void test_gate_close(void)
{
    set_closed(true);
}

void test_gate_open(void)
{
    set_closed(false);
}

void test_gate_wait(unsigned count)
{
    pthread_mutex_lock(&lock);
    while (waiting < count) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

unsigned test_gate_passed(void)
{
    pthread_mutex_lock(&lock);
    const unsigned count = passed;
    pthread_mutex_unlock(&lock);
    return count;
}

bool test_gate_other_thread(void)
{
    pthread_mutex_lock(&lock);
    const bool other = pthread_equal(maker, last) == 0;
    pthread_mutex_unlock(&lock);
    return other;
}
