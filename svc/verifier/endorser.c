/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/endorser.h"

#include "base/span.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "svc/verifier/subject_name.h"

#include <stdio.h>

static const char step[] = "endorsement";

/* signed_by tries one of the signers alone; *out_by_chain: a certificate that it issued signed. */
static bool signed_by(const struct atls_signer *signer, struct atls_bytes corim, int64_t now_s,
                      struct atls_corim_signature *out, bool *out_by_chain)
{
    struct atls_signers one = {.count = 1}; /* borrows the signer, and is not cleaned up */
    one.items[0] = *signer;
    if (atls_corim_signature_verify(out, corim, &one, now_s, NULL) != ATLS_OK) {
        return false;
    }
    one.items[0].cert = atls_bytes_of(NULL, 0);
    *out_by_chain = signer->key == NULL ||
                    atls_corim_signature_verify(out, corim, &one, now_s, NULL) != ATLS_OK;
    return true;
}

/* hash_of writes the hash of the SubjectPublicKeyInfo of a key or, without one, a certificate. */
static enum atls_err hash_of(char out[ATLS_HEX_SIZE(32)], const struct atls_signer *signer,
                             struct atls_diag *diag)
{
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    size_t len = 0;
    struct atls_digest digest;
    const struct atls_buf room = {spki, sizeof spki};
    enum atls_err err = signer->key != NULL ? atls_key_spki(signer->key, room, &len)
                                            : atls_cert_spki(signer->cert, room, &len, diag);
    if (err == ATLS_OK) {
        err = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(spki, len), &digest);
    }
    return err == ATLS_OK && atls_hex_encode(atls_digest_bytes(&digest), out, ATLS_HEX_SIZE(32))
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_CRYPTO, step, "endorser");
}

static enum atls_err write_name(char out[VERIFIER_MAX_SIGNED_BY_LEN + 1],
                                const struct atls_signer *signer,
                                const struct atls_corim_signature *signature, bool by_chain,
                                struct atls_diag *diag)
{
    char hash[ATLS_HEX_SIZE(32)], subject[VERIFIER_SUBJECT_SIZE] = "";
    struct atls_cert_info leaf;
    int len = 0;
    enum atls_err err = hash_of(hash, signer, diag);
    if (err == ATLS_OK && by_chain) {
        err = atls_cert_read(&leaf, signature->chain[0], diag);
        err = err == ATLS_OK ? verifier_subject_name(subject, &leaf, diag) : err;
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (by_chain) {
        len = snprintf(out, VERIFIER_MAX_SIGNED_BY_LEN + 1, "signed by %s under key %s", subject,
                       hash);
    } else {
        len = snprintf(out, VERIFIER_MAX_SIGNED_BY_LEN + 1, "signed by key %s", hash);
    }
    return len > 0 && len <= VERIFIER_MAX_SIGNED_BY_LEN
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_BUFFER, step, "endorser");
}

enum atls_err verifier_endorser_name(char out[VERIFIER_MAX_SIGNED_BY_LEN + 1],
                                     struct atls_bytes corim, const struct atls_signers *signers,
                                     int64_t now_s, struct atls_diag *diag)
{
    for (size_t i = 0; i < signers->count; i++) {
        struct atls_corim_signature signature;
        bool by_chain = false;
        if (signed_by(&signers->items[i], corim, now_s, &signature, &by_chain)) {
            return write_name(out, &signers->items[i], &signature, by_chain, diag);
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT_SIGNATURE, step, "signature",
                           "none by a given key", "one by a key or certificate that was given");
}
