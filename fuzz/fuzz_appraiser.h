/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the targets of the appraisers share. Each input is appraised twice. With real cryptography
 * it must be refused: nothing was ever signed by the endorsed key. Then with cryptography that
 * takes every signature and gives one hash for everything, so that the fuzzer gets behind it; what
 * comes out must be consistent with itself.
 */
#ifndef FUZZ_APPRAISER_H
#define FUZZ_APPRAISER_H

#include "fuzz_check.h"

#include "appraiser/appraiser.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/corim_create.h"
#include "json/json.h"

/* The generator of P-256: a public key of which nobody asks for a signature. */
#define FUZZ_PEM                                                                                   \
    "-----BEGIN PUBLIC KEY-----\\n"                                                                \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\\n"                          \
    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\\n"                              \
    "-----END PUBLIC KEY-----\\n"

static inline struct atls_endorsements *fuzz_endorsements(const char *comid, const char *profile)
{
    struct atls_endorsements *set = NULL;
    const struct atls_bytes text = atls_bytes_text(comid);
    uint8_t *corim = NULL;
    size_t len = 0;
    fuzz_require(atls_corim_create(&corim, &len, &text, 1, profile, false, NULL) == ATLS_OK);
    fuzz_require(atls_endorsements_new(&set, NULL) == ATLS_OK);
    fuzz_require(atls_endorsements_add_corim(set, atls_bytes_of(corim, len), "fuzz", 1790000000,
                                             NULL) == ATLS_OK);
    free(corim);
    return set;
}

static inline enum atls_err fuzz_hash(int32_t alg, struct atls_bytes data, struct atls_digest *out)
{
    (void)data;
    memset(out->data, 0xaa, sizeof out->data);
    out->len = atls_hash_len(alg);
    return out->len != 0 ? ATLS_OK : ATLS_ERR_ALGORITHM;
}

static inline enum atls_err fuzz_verify(int32_t alg, const struct atls_key *key,
                                        const struct atls_bytes *parts, size_t num_parts,
                                        struct atls_bytes signature)
{
    (void)key;
    size_t octets = signature.len;
    for (size_t i = 0; i < num_parts; i++) {
        octets += parts[i].len;
    }
    return alg != ATLS_ALG_NONE && octets != 0 ? ATLS_OK : ATLS_ERR_SIGNATURE;
}

static inline void fuzz_consistent(const struct atls_submod *submod,
                                   const struct atls_appraisal_input *input)
{
    fuzz_require(submod->format != NULL && submod->machine.len != 0);
    fuzz_require(submod->status == atls_vector_status(&submod->vector));
    fuzz_require(submod->fresh != input->no_nonce);
    fuzz_require(!input->no_nonce || submod->status != ATLS_TIER_AFFIRMING);
    fuzz_require(submod->num_measurements <= ATLS_MAX_COMPONENTS);
    fuzz_require((submod->status == ATLS_TIER_AFFIRMING) == (submod->reason.err == ATLS_OK));
    fuzz_require(!submod->debug || submod->status != ATLS_TIER_AFFIRMING);
    fuzz_require((submod->claims_json != NULL) == input->want_claims);
    if (submod->claims_json != NULL) {
        json_t *claims = NULL;
        fuzz_require(atls_json_parse(&claims, atls_bytes_text(submod->claims_json), "claims",
                                     NULL) == ATLS_OK);
        json_decref(claims);
        free(submod->claims_json);
    }
    free(submod->storage);
}

/* The first octet chooses what the caller asks; the rest is the Evidence. */
static inline void fuzz_appraise(const struct atls_appraiser_ops *ops,
                                 const struct atls_endorsements *set, const char *media_type,
                                 const uint8_t *data, size_t size)
{
    static const uint8_t nonce[32] = {0x4e};
    if (size == 0) {
        return;
    }
    struct atls_appraisal_input input = {
        .crypto = atls_crypto_openssl(),
        .endorsements = set,
        .evidence = atls_bytes_of(&data[1], size - 1),
        .media_type = atls_bytes_text((data[0] & 1) != 0 ? media_type : ""),
        .no_nonce = (data[0] & 2) != 0,
        .now_s = 1790000000,
        .want_claims = (data[0] & 4) != 0,
    };
    if (!input.no_nonce) {
        input.expected_nonce = atls_bytes_of(nonce, sizeof nonce);
    }
    struct atls_submod submod;
    struct atls_diag diag;
    enum atls_err err = ops->appraise(&submod, &input, &diag);
    fuzz_require(err != ATLS_OK && diag.err == err && diag.step[0] != '\0');
    fuzz_require(atls_err_fault(err) == ATLS_FAULT_POLICY);
    struct atls_crypto_ops credulous = *input.crypto;
    credulous.hash = fuzz_hash;
    credulous.verify = fuzz_verify;
    input.crypto = &credulous;
    err = ops->appraise(&submod, &input, &diag);
    if (err == ATLS_OK) {
        fuzz_consistent(&submod, &input);
    } else {
        fuzz_require(diag.err == err && atls_err_fault(err) == ATLS_FAULT_POLICY);
    }
}

#endif
