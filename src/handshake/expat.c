/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/expat.h"

#include "base/span.h"

static const char step[] = "expat binder";

enum { EXPORTED_LEN = 32 };

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

enum atls_err atls_expat_export(struct atls_digest *out, const struct atls_exporter *exporter,
                                const char *label, struct atls_bytes context,
                                struct atls_diag *diag)
{
    struct atls_digest exported = {.len = EXPORTED_LEN};
    if (context.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "certificate_request_context", "none",
                               "that of the request");
    }
    const struct atls_buf room = {exported.data, EXPORTED_LEN};
    const enum atls_err err = exporter->take(exporter->arg, label, context, room);
    if (err == ATLS_OK) {
        *out = exported;
    }
    atls_wipe(&exported, sizeof exported);
    return err == ATLS_OK ? ATLS_OK
                          : atls_fail_texts(diag, err, step, label, "no value",
                                            "a connection that exports it");
}

static enum atls_err check_key(struct atls_bytes spki, struct atls_diag *diag)
{
    return spki.len != 0 && spki.len <= ATLS_MAX_SPKI_LEN
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "SubjectPublicKeyInfo",
                                 "one of unusable length", "1 to 8192 octets");
}

enum atls_err atls_expat_bind(const struct atls_crypto_ops *ops, int32_t hash_alg,
                              const struct atls_digest *exported, struct atls_bytes spki,
                              struct atls_digest *out, struct atls_diag *diag)
{
    if (check_key(spki, diag) != ATLS_OK) {
        return ATLS_ERR_ARGUMENT;
    }
    if (exported->len != EXPORTED_LEN) { /* R-65 rests on it */
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "exported value",
                               "one of another length", "32 octets");
    }
    const enum atls_err err = hash_both(ops, hash_alg, out, spki, atls_digest_bytes(exported));
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, "hash");
}

enum atls_err atls_expat_binder(const struct atls_crypto_ops *ops, struct atls_digest *out,
                                const struct atls_exporter *exporter, const char *label,
                                struct atls_bytes context, struct atls_bytes spki,
                                struct atls_diag *diag)
{
    struct atls_digest exported = {.len = 0};
    enum atls_err err = check_key(spki, diag);
    if (err == ATLS_OK) {
        err = atls_expat_export(&exported, exporter, label, context, diag);
    }
    if (err == ATLS_OK) {
        err = atls_expat_bind(ops, exporter->hash_alg, &exported, spki, out, diag);
    }
    atls_wipe(&exported, sizeof exported);
    return err;
}
