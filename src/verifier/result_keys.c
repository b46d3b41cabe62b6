/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/result_keys.h"

#include "base/ends.h"
#include "base/span.h"
#include "crypto/key.h"

static const char step[] = "Verifier";

/* split_revoked copies a set (borrowing its keys) into those that are revoked and those that are
 * not. */
static enum atls_err split_revoked(struct atls_jwk_set *good, struct atls_jwk_set *bad,
                                   const struct atls_jwk_set *all,
                                   const struct atls_verify_request *request, struct atls_diag *why,
                                   struct atls_diag *diag)
{
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {spki, sizeof spki};
    memset(good, 0, sizeof *good);
    memset(bad, 0, sizeof *bad);
    for (size_t i = 0; i < all->num_keys; i++) {
        struct atls_identities identity = {.num = 0};
        struct atls_diag reason;
        size_t len = 0;
        enum atls_err err = atls_key_spki(all->keys[i].key, room, &len);
        if (err != ATLS_OK) {
            return atls_fail(diag, err, step, "key of the Verifier");
        }
        atls_identities_add_key(&identity, ATLS_REVOKED_VERIFIER_KEY, "key of the Verifier",
                                request->crypto, atls_bytes_of(spki, len));
        err = atls_revocations_check(request->revoked, &identity, request->now_s, &reason);
        if (err != ATLS_OK) {
            *why = reason;
            bad->keys[bad->num_keys++] = all->keys[i];
        } else {
            good->keys[good->num_keys++] = all->keys[i];
            if (request->verifier_keys != NULL) {
                atls_identities_add(request->verifier_keys, ATLS_REVOKED_VERIFIER_KEY,
                                    "key of the Verifier",
                                    atls_bytes_of(identity.items[0].value, identity.items[0].len));
            }
        }
    }
    return ATLS_OK;
}

/* lower_ends: nobody may rely on a Result when it has ended, or is older than what is taken. */
static void lower_ends(const struct atls_ear *ear, const struct atls_verify_request *request)
{
    const int64_t max_age_s = request->max_result_age_s;
    if (ear->has_exp) {
        atls_ends_by(request->ends_s, ear->exp_s);
    }
    if (max_age_s != 0) {
        atls_ends_by(request->ends_s,
                     ear->iat_s > INT64_MAX - max_age_s ? INT64_MAX : ear->iat_s + max_age_s);
    }
}

enum atls_err verifier_result_by(struct atls_ear_token **out, verifier_result_verify *verify,
                                 struct atls_bytes result, const struct atls_result_request *terms,
                                 const struct atls_jwk_set *all,
                                 const struct atls_verify_request *request, struct atls_diag *diag)
{
    struct atls_jwk_set good, bad;
    struct atls_diag why;
    struct atls_result_request by = *terms;
    enum atls_err err = split_revoked(&good, &bad, all, request, &why, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (bad.num_keys != 0) {
        struct atls_ear_token *token = NULL;
        by.keys = &bad;
        if (verify(&token, result, &by, NULL) == ATLS_OK || good.num_keys == 0) {
            atls_ear_token_free(token);
            *diag = why;
            return why.err;
        }
    }
    by.keys = &good;
    err = verify(out, result, &by, diag);
    if (err == ATLS_OK) {
        lower_ends(atls_ear_token_get(*out), request);
    }
    return err;
}
