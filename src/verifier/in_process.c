/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/operations.h"

#include <time.h>

int64_t atls_verifier_clock_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *identity(const struct atls_verifier *verifier)
{
    (void)verifier;
    return "in-process";
}

/* It only computes, so its end needs no clock. */
static enum atls_err appraise(struct atls_verifier *verifier, struct atls_appraisal *out,
                              const struct atls_verify_request *request,
                              const struct atls_verifier_wait *wait, struct atls_diag *diag)
{
    (void)verifier;
    (void)wait;
    return atls_verify(out, request, diag);
}

static void nothing_to_close(struct atls_verifier *verifier)
{
    (void)verifier;
}

const struct atls_verifier_ops atls_verifier_in_process = {
    .abi = ATLS_VERIFIER_ABI,
    .size = (uint32_t)sizeof(struct atls_verifier_ops),
    .waits = false,
    .identity = identity,
    .appraise = appraise,
    .close = nothing_to_close,
};
