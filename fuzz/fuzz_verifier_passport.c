/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A passport as a peer sends it. With real cryptography it must be refused, as a fault of the peer:
 * nobody ever signed by the listed key. With cryptography that takes every signature, what is taken
 * says no more than what its vector does, and is about the TLS key.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "verifier/passport.h"

#include <stdlib.h>

#define IDENTITY "https://v.example"

/* The generator of P-256: a public key of which nobody asks for a signature. */
static const char jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
                          "\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
                          "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}";

static struct verifier_trust *the_trust(void)
{
    static struct verifier_trust *trust;
    if (trust == NULL) {
        fuzz_require(verifier_trust_new(&trust, NULL) == ATLS_OK);
        fuzz_require(verifier_trust_pin(trust, IDENTITY, atls_bytes_text(jwk), NULL) == ATLS_OK);
    }
    return trust;
}

static struct atls_bytes the_key(void)
{
    static uint8_t spki[128];
    static size_t len;
    if (len == 0) {
        struct atls_jwk_set set = {.num_keys = 0};
        fuzz_require(atls_jwk_set_parse(&set, atls_bytes_text(jwk), NULL) == ATLS_OK);
        fuzz_require(atls_key_spki(set.keys[0].key, (struct atls_buf){spki, sizeof spki}, &len) ==
                     ATLS_OK);
        atls_jwk_set_cleanup(&set);
    }
    return atls_bytes_of(spki, len);
}

static enum atls_err take_any_signature(int32_t alg, const struct atls_key *key,
                                        const struct atls_bytes *parts, size_t num_parts,
                                        struct atls_bytes signature)
{
    (void)alg;
    (void)key;
    (void)parts;
    (void)num_parts;
    return signature.len != 0 ? ATLS_OK : ATLS_ERR_SIGNATURE;
}

static void check_taken(const struct atls_appraisal *appraisal)
{
    fuzz_require(appraisal->num_submods >= 1 && appraisal->num_submods <= ATLS_MAX_SUBMODS);
    for (size_t i = 0; i < appraisal->num_submods; i++) {
        const struct atls_submod *submod = &appraisal->submods[i];
        fuzz_require(submod->format != NULL && submod->format->submod != NULL);
        fuzz_require(!atls_tier_worse(atls_vector_status(&submod->vector), submod->status));
        fuzz_require(submod->attested_key.len == 32);
        fuzz_require(!submod->simulated ||
                     atls_tier_of(submod->vector.claim[ATLS_TRUST_HARDWARE]) !=
                         ATLS_TIER_AFFIRMING);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_appraisal appraisal;
    struct atls_diag diag = {.err = ATLS_OK};
    struct atls_crypto_ops credulous = *atls_crypto_openssl();
    struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .cmw = atls_bytes_of(data, size),
        .tls_spki = the_key(),
        .now_s = 1780000000,
        .max_result_age_s = 300,
    };
    enum atls_err err = verifier_passport_appraise(&appraisal, the_trust(),
                                                   atls_bytes_text(IDENTITY), &request, &diag);
    fuzz_require(err != ATLS_OK && diag.err == err);
    fuzz_require(atls_err_fault(err) == ATLS_FAULT_POLICY);
    credulous.verify = take_any_signature;
    request.crypto = &credulous;
    err = verifier_passport_appraise(&appraisal, the_trust(), atls_bytes_text(IDENTITY), &request,
                                     &diag);
    if (err == ATLS_OK) {
        check_taken(&appraisal);
        atls_appraisal_cleanup(&appraisal, free);
    } else {
        fuzz_require(diag.err == err && atls_err_fault(err) == ATLS_FAULT_POLICY);
    }
    return 0;
}
