/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of connections that live on: frames, and attestation again and again. */
#include "session/context.h"
#include "session/context_internal.h"

enum { MAX_PERIOD_MS = 86400000, MAX_DEADLINE_MS = 600000, DEFAULT_DEADLINE_MS = 10000 };

enum atls_err atls_context_set_framed(struct atls_context *context, struct atls_diag *diag)
{
    const enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->framed = true;
    }
    return err;
}

enum atls_err atls_context_set_reattest(struct atls_context *context, uint32_t period_ms,
                                        uint32_t deadline_ms, enum atls_late late,
                                        struct atls_diag *diag)
{
    const enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (period_ms > MAX_PERIOD_MS || deadline_ms > MAX_DEADLINE_MS ||
        (late != ATLS_LATE_CLOSE && late != ATLS_LATE_TELL)) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, "context", "re-attestation",
                               "a period, a deadline or an end that is none",
                               "at most a day, and then at most ten minutes");
    }
    context->framed = true;
    context->reattests = true;
    context->reattest_period_ms = period_ms;
    context->reattest_deadline_ms = deadline_ms != 0 ? deadline_ms : DEFAULT_DEADLINE_MS;
    context->late = late;
    return ATLS_OK;
}

enum atls_err context_check_framed(const struct atls_context *context, struct atls_diag *diag)
{
    if (context->framed && (!context_appraises_after(context) || context->own_carriage)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "frames",
                               "no exchange after the handshake that atls carries",
                               "timing \"post\" or \"both\", without a carriage of one's own");
    }
    if (context->reattests && context->num_required == 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "re-attestation",
                               "nothing that is required of the peer", "--require");
    }
    return ATLS_OK;
}

bool atls_context_is_framed(const struct atls_context *context)
{
    return context->framed;
}

bool atls_context_reattests(const struct atls_context *context)
{
    return context->reattests;
}

uint32_t atls_context_reattest_period_ms(const struct atls_context *context)
{
    return context->reattest_period_ms;
}

uint32_t atls_context_reattest_deadline_ms(const struct atls_context *context)
{
    return context->reattests ? context->reattest_deadline_ms : DEFAULT_DEADLINE_MS;
}

bool atls_context_tells_late(const struct atls_context *context)
{
    return context->late == ATLS_LATE_TELL;
}
