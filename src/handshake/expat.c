/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/expat.h"

#include "base/span.h"

static const char step[] = "expat binder";

/* hash_both is Hash(first || second). */
static enum atls_err hash_both(const struct atls_crypto_ops *ops, int32_t alg,
                               struct atls_digest *out, struct atls_bytes first,
                               struct atls_bytes second)
{
    struct atls_hash state = {0};
    enum atls_err err = ops->hash_init(&state, alg);
    if (err == ATLS_OK) {
        err = ops->hash_update(&state, first);
    }
    if (err == ATLS_OK) {
        err = ops->hash_update(&state, second);
    }
    if (err == ATLS_OK) {
        err = ops->hash_peek(&state, out);
    }
    ops->hash_cleanup(&state);
    return err;
}

enum atls_err atls_expat_binder(const struct atls_crypto_ops *ops, struct atls_digest *out,
                                const struct atls_exporter *exporter, const char *label,
                                struct atls_bytes context, struct atls_bytes spki,
                                struct atls_diag *diag)
{
    uint8_t exported[32];
    const struct atls_buf room = {exported, sizeof exported};
    if (spki.len == 0 || spki.len > ATLS_MAX_SPKI_LEN || context.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "key and context", "one without",
                               "a SubjectPublicKeyInfo and the request's context");
    }
    enum atls_err err = exporter->take(exporter->arg, label, context, room);
    if (err == ATLS_OK) {
        err =
            hash_both(ops, exporter->hash_alg, out, spki, atls_bytes_of(exported, sizeof exported));
    }
    atls_wipe(exported, sizeof exported);
    return err == ATLS_OK ? ATLS_OK
                          : atls_fail_texts(diag, err, step, label, "no value",
                                            "a connection that exports it");
}
