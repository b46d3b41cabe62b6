/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_key.h"

#include "json/json.h"

enum atls_err atls_sim_key_read(struct atls_key **out, const json_t *root, int32_t alg,
                                const char *step, struct atls_diag *diag)
{
    struct atls_bytes pem = {NULL, 0};
    ATLS_AUTO(atls_key_cleanup) struct atls_key *key = NULL;
    enum atls_err err = atls_json_text(&pem, root, "key", step, diag);
    if (err == ATLS_OK) {
        err = atls_key_from_pem(&key, pem, diag);
    }
    if (err == ATLS_OK && atls_key_default_alg(key) != alg) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "key", "another key",
                              alg == ATLS_ALG_ES256 ? "one for ES256" : "one for ES384");
    }
    if (err == ATLS_OK) {
        *out = key;
        key = NULL;
    }
    return err;
}
