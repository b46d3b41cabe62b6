/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a document is bound to: the nonce, which is the binder; and in public_key the TLS key, which
 * our own attesters name there, so that a Verifier of passports can put it into its Result. AWS
 * documents the member as a key to encrypt to. In a handshake it must be the TLS key or absent: one
 * member has one meaning.
 */
#include "appraiser/nitro/nitro.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/key.h"

static enum atls_err check_key(struct atls_bytes public_key,
                               const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    if (public_key.len == 0 || input->tls_spki.len == 0 ||
        atls_bytes_equal(public_key, input->tls_spki)) {
        return ATLS_OK;
    }
    struct atls_digest found;
    struct atls_digest tls;
    atls_fail_texts(diag, ATLS_ERR_KEY_BINDING, ATLS_STEP_KEY_BINDING, "public_key",
                    "octets with SHA-256 ", "the TLS key, ");
    if (input->crypto->hash(ATLS_ALG_SHA256, public_key, &found) == ATLS_OK) {
        atls_diag_found_bytes(diag, atls_digest_bytes(&found));
    }
    if (input->crypto->hash(ATLS_ALG_SHA256, input->tls_spki, &tls) == ATLS_OK) {
        atls_diag_expected_bytes(diag, atls_digest_bytes(&tls));
    }
    return ATLS_ERR_KEY_BINDING;
}

/* is_key: public_key may hold any octets; those that are no key name none. */
static bool is_key(struct atls_bytes public_key)
{
    struct atls_key *key = NULL;
    const bool read =
        public_key.len != 0 && atls_key_from_spki_der(&key, public_key, NULL) == ATLS_OK;
    atls_key_free(key);
    return read;
}

static enum atls_err name_key(struct atls_submod *submod, struct atls_bytes public_key,
                              const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    if (!is_key(public_key)) {
        return ATLS_OK;
    }
    const enum atls_err err =
        input->crypto->hash(ATLS_ALG_SHA256, public_key, &submod->attested_key);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_STEP_KEY_BINDING, "public_key");
    }
    if (public_key.len <= sizeof submod->attested_spki) {
        memcpy(submod->attested_spki, public_key.data, public_key.len);
        submod->attested_spki_len = public_key.len;
    }
    atls_identities_add(&submod->identities, ATLS_REVOKED_SPKI, "attested key",
                        atls_digest_bytes(&submod->attested_key));
    return ATLS_OK;
}

enum atls_err atls_nitro_check(struct atls_submod *submod, const struct atls_nitro_claims *claims,
                               const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    enum atls_err err = atls_input_compare_nonce(input, claims->nonce, "nonce", diag);
    if (err == ATLS_OK) {
        err = check_key(claims->public_key, input, diag);
    }
    if (err == ATLS_OK) {
        err = name_key(submod, claims->public_key, input, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    /* The attested software vouches for the key: through the binder, which holds its hash, or by
     * naming it. Nothing shows where that key lives. */
    const bool by_binder = !input->no_nonce && input->tls_spki.len != 0;
    submod->fresh = !input->no_nonce;
    submod->key_binding = by_binder || submod->attested_key.len != 0 ? ATLS_KEY_BINDING_CHALLENGE
                                                                     : ATLS_KEY_BINDING_NONE;
    return ATLS_OK;
}
