/* SPDX-License-Identifier: Apache-2.0 */
#include "session/obtain.h"

#include "attester/attester.h"
#include "base/span.h"
#include "session/context_internal.h"
#include "verifier/remote.h"

static const char step[] = "passport";

/* No suite has a hash of these lengths. 34 is the longest that a TPM with SHA-256 alone takes. */
enum { LONG_NONCE = 64, SHORT_NONCE = 33 };

struct source {
    const struct atls_attester_ops *ops;
    struct atls_attester *attester;
    const struct atls_crypto_ops *crypto;
    struct atls_bytes spki;
    uint32_t timeout_ms;
    bool hashed; /* what the Verifier wants Evidence over is a hash of the key */
};

static enum atls_err attest(void *arg, struct atls_bytes nonce, struct atls_buf out,
                            size_t *out_len, struct atls_diag *diag)
{
    const struct source *source = arg;
    return atls_attester_for_passport(source->ops, source->attester, source->crypto, nonce,
                                      source->spki, source->timeout_ms, out, out_len, diag);
}

static enum atls_err attest_hashed(void *arg, int32_t hash_alg, const char *nonce,
                                   struct atls_buf out, size_t *out_len, struct atls_diag *diag)
{
    const struct source *source = arg;
    return atls_attester_for_key_broker(source->ops, source->attester, source->crypto, hash_alg,
                                        nonce, source->spki, source->timeout_ms, out, out_len,
                                        diag);
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

static enum atls_err find_format(const struct atls_format **out, const struct source *source,
                                 struct atls_diag *diag)
{
    const struct atls_attester_ops *ops = source->ops;
    *out = source->hashed ? atls_format_by_name(atls_bytes_text(ops->format))
                          : atls_attester_passport_format(ops);
    if (*out == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, step, "format", ops->format,
                               "Evidence that names the TLS key, or can be part of a bundle");
    }
    return ATLS_OK;
}

/* nonce_size: what is over the nonce is the attester's, or a token of our own. */
static size_t nonce_size(const struct source *source, const struct atls_format *format)
{
    const bool by_attester = strcmp(format->name, source->ops->format) == 0;
    return !by_attester || source->ops->max_nonce(source->attester) >= LONG_NONCE ? LONG_NONCE
                                                                                  : SHORT_NONCE;
}

enum atls_err atls_context_obtain(struct atls_context *context, char **out, int64_t *exp_s,
                                  const struct atls_attester_ops *ops,
                                  struct atls_attester *attester, struct atls_bytes tls_spki,
                                  struct atls_diag *diag)
{
    struct source source = {.ops = ops,
                            .attester = attester,
                            .crypto = context->crypto,
                            .spki = tls_spki,
                            .timeout_ms = context->timeout_ms};
    const struct atls_format *format = NULL;
    enum atls_err err = atls_attester_check(ops, diag);
    source.hashed = context->verifier_ops->waits && atls_remote_hashes_key(context->verifier);
    if (err == ATLS_OK) {
        err = find_format(&format, &source, diag);
    }
    if (err == ATLS_OK && !context->verifier_ops->waits) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "Verifier", "none",
                              "atls_context_set_verifier()");
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct verifier_passport_question question = {
        .format = format,
        .tls_spki = tls_spki,
        .nonce_size = nonce_size(&source, format),
        .attest = attest,
        .attest_hashed = attest_hashed,
        .arg = &source,
    };
    const struct atls_verify_request request = {.crypto = context->crypto,
                                                .now_s = atls_context_now(context)};
    const struct atls_verifier_wait wait = {context_verifier_deadline_ms(context), never, NULL};
    return atls_remote_obtain(context->verifier, out, exp_s, &question, &request, &wait, diag);
}
