/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/authenticator_keys.h"

#include "base/span.h"

static const char step[] = "authenticator keys";

/* export takes Hash.length octets with an empty context, as all four values are defined. */
static enum atls_err export_digest(struct atls_digest *out, const struct atls_exporter *exporter,
                                   const char *label, struct atls_diag *diag)
{
    const struct atls_bytes no_context = {NULL, 0};
    const struct atls_buf room = {out->data, atls_hash_len(exporter->hash_alg)};
    const enum atls_err err = exporter->take(exporter->arg, label, no_context, room);
    if (err != ATLS_OK) {
        return atls_fail_texts(diag, err, step, label, "no value", "a connection that exports it");
    }
    out->len = room.cap;
    return ATLS_OK;
}

enum atls_err atls_authenticator_keys_take(struct atls_authenticator_keys *out,
                                           const struct atls_exporter *exporter,
                                           enum atls_role maker, struct atls_diag *diag)
{
    const bool client = maker == ATLS_ROLE_CLIENT;
    struct atls_authenticator_keys keys = {.hash_alg = exporter->hash_alg};
    if (keys.hash_alg != ATLS_ALG_SHA256 && keys.hash_alg != ATLS_ALG_SHA384) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "hash of the cipher suite", "COSE ",
                        "SHA-256 (COSE -16) or SHA-384 (COSE -43)");
        atls_diag_found_int(diag, keys.hash_alg);
        return ATLS_ERR_ALGORITHM;
    }
    enum atls_err err = export_digest(&keys.context, exporter,
                                      client ? "EXPORTER-client authenticator handshake context"
                                             : "EXPORTER-server authenticator handshake context",
                                      diag);
    if (err == ATLS_OK) {
        err = export_digest(&keys.finished, exporter,
                            client ? "EXPORTER-client authenticator finished key"
                                   : "EXPORTER-server authenticator finished key",
                            diag);
    }
    if (err == ATLS_OK) {
        *out = keys;
    }
    atls_authenticator_keys_cleanup(&keys);
    return err;
}

void atls_authenticator_keys_cleanup(struct atls_authenticator_keys *keys)
{
    atls_wipe(keys, sizeof *keys);
}
