/* SPDX-License-Identifier: Apache-2.0 */
/* One appraisal of a test: what goes in, what came out, and that a refusal leaves no trace. */
#ifndef APPRAISER_SCENE_H
#define APPRAISER_SCENE_H

#include "appraiser/appraiser.h"
#include "appraiser/tpm2/wire.h"
#include "crypto/crypto.h"
#include "support/check.h"
#include "support/endorse.h"
#include "support/memory.h"
#include "support/mutate.h"
#include "support/psa_maker.h"
#include "support/tpm_maker.h"

#include <stdlib.h>

struct scene {
    struct atls_appraisal_input input;
    struct atls_submod submod; /* of the last appraisal that was ATLS_OK */
    struct atls_diag diag;
};

static inline void scene_init(struct scene *s, const struct atls_endorsements *set,
                              struct atls_bytes nonce)
{
    memset(s, 0, sizeof *s);
    s->input.crypto = atls_crypto_openssl();
    s->input.endorsements = set;
    s->input.expected_nonce = nonce;
    s->input.now_s = 1790000000;
}

/* appraise runs one appraiser; after a refusal `submod` must be as it was before. */
static inline enum atls_err appraise(struct scene *s, const struct atls_appraiser_ops *ops,
                                     struct atls_bytes evidence)
{
    free(s->submod.claims_json);
    free(s->submod.storage);
    memset(&s->submod, 0xa5, sizeof s->submod);
    struct atls_submod before;
    memcpy(&before, &s->submod, sizeof before);
    memset(&s->diag, 0, sizeof s->diag);
    s->input.evidence = evidence;
    const enum atls_err err = ops->appraise(&s->submod, &s->input, &s->diag);
    if (err != ATLS_OK) {
        assert_memory_equal(&s->submod, &before, sizeof before);
        assert_int_equal(s->diag.err, err);
        assert_string_not_equal(s->diag.step, "");
        memset(&s->submod, 0, sizeof s->submod);
    }
    return err;
}

/* assert_identity: the Evidence rests on this, and a list may revoke it. */
static inline void assert_identity(const struct scene *s, size_t at, enum atls_revoked_kind kind,
                                   const char *what, struct atls_bytes value)
{
    const struct atls_identity *item = &s->submod.identities.items[at];
    assert_true(at < s->submod.identities.num);
    assert_false(s->submod.identities.incomplete);
    assert_int_equal(item->kind, kind);
    assert_string_equal(item->what, what);
    assert_bytes(atls_bytes_of(item->value, item->len), value);
}

static inline void scene_cleanup(struct scene *s)
{
    free(s->submod.claims_json);
    free(s->submod.storage);
    s->submod.claims_json = NULL;
    s->submod.storage = NULL;
}

/* assert_refused: with this error, and a sentence that is about this claim. */
#define assert_refused(s, err, expected, expected_claim)                                           \
    do {                                                                                           \
        assert_string_equal(atls_err_name(err), atls_err_name(ATLS_ERR_##expected));               \
        assert_string_equal((s)->diag.claim, (expected_claim));                                    \
    } while (0)

/* assert_vector compares with eight values in the order of the EAR keys. */
#define assert_vector(s, ...)                                                                      \
    do {                                                                                           \
        const int8_t expected_vector[ATLS_NUM_TRUST_CLAIMS] = {__VA_ARGS__};                       \
        for (size_t at = 0; at < ATLS_NUM_TRUST_CLAIMS; at++) {                                    \
            assert_int_equal((s)->submod.vector.claim[at], expected_vector[at]);                   \
        }                                                                                          \
        assert_int_equal((s)->submod.status, atls_vector_status(&(s)->submod.vector));             \
    } while (0)

/* A set that endorses the machine of test_psa_init(…, instance) and its two components. */
static inline struct atls_endorsements *psa_endorsements(const struct atls_key *key,
                                                         uint8_t instance, bool simulated)
{
    struct atls_endorsements *set = test_endorsements();
    const struct atls_bytes implementation = test_psa_implementation();
    test_add_psa_key(set, implementation, test_psa_instance(instance), key, simulated);
    test_add_psa_component(set, implementation, "BL", "1.0.0", test_fill(0xb1, 32),
                           test_fill(0x51, 32));
    test_add_psa_component(set, implementation, "PRoT", NULL, test_fill(0xb2, 48),
                           test_fill(0x52, 32));
    return set;
}

/* psa_of_the_first_profile is test_psa_init with its labels; its boot seed is mandatory. */
static inline void psa_of_the_first_profile(struct test_psa *token, struct atls_key *key)
{
    static const int64_t labels[][2] = {
        {TEST_PSA_NONCE, -75008},      {TEST_PSA_INSTANCE_ID, -75009},
        {TEST_PSA_BOOT_SEED, -75004},  {TEST_PSA_CLIENT_ID, -75001},
        {TEST_PSA_LIFECYCLE, -75002},  {TEST_PSA_IMPLEMENTATION_ID, -75003},
        {TEST_PSA_COMPONENTS, -75006},
    };
    struct test_psa good;
    test_psa_init(&good, key, 1);
    *token = good;
    memset(&token->claims, 0, sizeof token->claims);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        for (size_t j = 0; j < good.claims.num_pairs; j++) {
            if (atls_bytes_equal(good.claims.key[j], test_cbor_int(labels[i][0]))) {
                test_psa_set(token, labels[i][1], good.claims.value[j]);
            }
        }
    }
}

#define TPM_CLASS "cd1f0e55-26f9-460d-b9d8-f7fde171787c"

/* A set that endorses the machine of test_tpm_init and its PCRs, in two banks. */
static inline struct atls_endorsements *tpm_endorsements(const struct test_tpm *tpm, bool simulated)
{
    struct atls_endorsements *set = test_endorsements();
    test_add_tpm2_key(set, TPM_CLASS, tpm->kid, tpm->ak, simulated);
    for (unsigned pcr = 0; pcr < 32; pcr++) {
        if ((tpm->quote.pcrs[0] >> pcr & 1) != 0) {
            test_add_pcr(set, TPM_CLASS, pcr, test_tpm_pcr(pcr, 32));
            test_add_pcr(set, TPM_CLASS, pcr, test_tpm_pcr(pcr, 48));
        }
    }
    return set;
}

#endif
