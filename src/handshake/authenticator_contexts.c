/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/authenticator_contexts.h"

#include "base/span.h"

static const char step[] = "authenticator context";

/* mark_of is half a hash: two contexts with the same one are not found by anybody. */
static enum atls_err mark_of(const struct atls_crypto_ops *ops, struct atls_bytes context,
                             struct atls_context_mark *out, struct atls_diag *diag)
{
    struct atls_digest digest;
    const enum atls_err err = ops->hash(ATLS_ALG_SHA256, context, &digest);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "hash");
    }
    memcpy(out->data, digest.data, sizeof out->data);
    return ATLS_OK;
}

/* use remembers a context, once. */
static enum atls_err use(const struct atls_crypto_ops *ops,
                         struct atls_authenticator_contexts *contexts, struct atls_bytes context,
                         struct atls_diag *diag)
{
    struct atls_context_mark mark;
    const enum atls_err err = mark_of(ops, context, &mark, diag);
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < contexts->num_used; i++) {
        if (atls_bytes_equal(atls_bytes_of(contexts->used[i].data, sizeof mark.data),
                             atls_bytes_of(mark.data, sizeof mark.data))) {
            return atls_fail_texts(diag, ATLS_ERR_AUTHENTICATOR, step,
                                   "certificate_request_context", "one that was used before",
                                   "one that this connection has not seen");
        }
    }
    if (contexts->num_used == contexts->max_used) {
        atls_fail(diag, ATLS_ERR_BUFFER, step, "contexts of this connection");
        atls_diag_found_int(diag, (int64_t)contexts->num_used);
        return ATLS_ERR_BUFFER;
    }
    contexts->used[contexts->num_used++] = mark;
    return ATLS_OK;
}

enum atls_err atls_contexts_ask(const struct atls_crypto_ops *ops,
                                struct atls_authenticator_contexts *contexts,
                                struct atls_bytes context, int64_t deadline_ms,
                                struct atls_diag *diag)
{
    if (context.len < ATLS_CONTEXT_LEN || context.len > ATLS_MAX_OWN_CONTEXT_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "certificate_request_context",
                               "one of another length", "32 octets, and a nonce of at most 64");
    }
    size_t free_at = 0;
    while (free_at < ATLS_MAX_WAITING && contexts->ours[free_at].waits) {
        free_at++;
    }
    if (free_at == ATLS_MAX_WAITING) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "requests without an answer", "4",
                               "fewer");
    }
    enum atls_err err = use(ops, contexts, context, diag);
    if (err == ATLS_ERR_AUTHENTICATOR) {
        err = atls_fail_texts(diag, ATLS_ERR_STATE, step, "random", "octets that were there before",
                              "a generator that gives new ones");
    }
    if (err == ATLS_OK) {
        contexts->ours[free_at].waits = true;
        contexts->ours[free_at].deadline_ms = deadline_ms;
        memcpy(contexts->ours[free_at].context, context.data, context.len);
        contexts->ours[free_at].len = context.len;
    }
    return err;
}

enum atls_err atls_contexts_answered(struct atls_authenticator_contexts *contexts,
                                     struct atls_bytes context, int64_t now_ms,
                                     struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_MAX_WAITING; i++) {
        const struct atls_bytes ours =
            atls_bytes_of(contexts->ours[i].context, contexts->ours[i].len);
        if (contexts->ours[i].waits && atls_ct_equal(ours, context)) {
            contexts->ours[i].waits = false;
            return now_ms <= contexts->ours[i].deadline_ms
                       ? ATLS_OK
                       : atls_fail_texts(diag, ATLS_ERR_AUTHENTICATOR, step,
                                         "certificate_request_context", "one whose time is over",
                                         "an answer in time");
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_AUTHENTICATOR, step, "certificate_request_context",
                           "one that nothing here waits for", "that of an open request");
}

enum atls_err atls_contexts_asked(const struct atls_crypto_ops *ops,
                                  struct atls_authenticator_contexts *contexts,
                                  struct atls_bytes context, struct atls_diag *diag)
{
    return use(ops, contexts, context, diag);
}
