/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence over a hash of runtime data, which is made here and nowhere else. */
#include "attester/ways.h"
#include "base/span.h"
#include "json/runtime_data.h"

enum atls_err atls_attester_for_key_broker(const struct atls_attester_ops *ops,
                                           struct atls_attester *attester,
                                           const struct atls_crypto_ops *crypto, int32_t hash_alg,
                                           const char *nonce, struct atls_bytes spki,
                                           uint32_t timeout_ms, struct atls_buf out,
                                           size_t *out_len, struct atls_diag *diag)
{
    struct atls_digest hash = {.len = 0};
    enum atls_err err = atls_attester_check(ops, diag);
    if (err == ATLS_OK) {
        err = atls_runtime_data_hash(&hash, crypto, hash_alg, nonce, spki, diag);
    }
    return err == ATLS_OK ? attester_attest(ops, attester, atls_digest_bytes(&hash), spki,
                                            timeout_ms, out, out_len, diag)
                          : err;
}
