/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of signatures: that they verify, of those octets, under that key. */
#include "support/chains.h"

#include "codec/cose.h"
#include "crypto/crl.h"
#include "crypto/crypto.h"
#include "crypto/verified.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW TEST_CHAIN_NOW

static struct atls_diag diag;

/* Two signers of the same name, whose keys are not the same. */
struct scene {
    struct test_chain chains[2];
    struct atls_x509 *signers[2];
};

static struct scene scene_make(void)
{
    struct scene scene;
    for (size_t i = 0; i < 2; i++) {
        scene.chains[i] = test_chain_make(&atls_chain_intel, test_tcb_names, 2);
        assert_err(atls_x509_read(&scene.signers[i], scene.chains[i].ders[0], &diag), OK);
    }
    atls_verified_clear();
    return scene;
}

static void scene_cleanup(struct scene *scene)
{
    atls_x509_free(scene->signers[0]);
    atls_x509_free(scene->signers[1]);
    atls_verified_clear();
}

static bool is_known(const struct atls_x509 *issuer, const struct atls_signed_octets *octets,
                     struct atls_bytes signature)
{
    struct atls_verified verified;
    return atls_verified_known(&verified, "test", issuer, octets, signature);
}

static void note(const struct atls_x509 *issuer, const struct atls_signed_octets *octets,
                 struct atls_bytes signature)
{
    struct atls_verified verified;
    (void)atls_verified_known(&verified, "test", issuer, octets, signature);
    atls_verified_note(&verified);
}

static struct atls_signed_octets number(const uint64_t *value)
{
    return atls_signed_octets(atls_bytes_of(value, sizeof *value));
}

static void other_octets_keys_signatures_and_kinds_are_not_known(void **state)
{
    (void)state;
    struct scene scene = scene_make();
    struct atls_verified verified;
    const struct atls_bytes empty = atls_bytes_of(NULL, 0);
    const struct atls_bytes signature = test_hex("0102");
    const struct atls_bytes text = test_hex("00112233445566778899");
    const struct atls_signed_octets octets = atls_signed_octets(text);
    assert_false(is_known(scene.signers[0], &octets, signature));
    note(scene.signers[0], &octets, signature);
    assert_true(is_known(scene.signers[0], &octets, signature));
    /* by content: the same octets elsewhere are the same, others in the same place are not */
    const struct atls_bytes copy = test_copy(text);
    struct atls_signed_octets other = atls_signed_octets(copy);
    assert_true(is_known(scene.signers[0], &other, signature));
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        uint8_t *at = (uint8_t *)(uintptr_t)&copy.data[bit / 8];
        *at ^= (uint8_t)(1U << bit % 8);
        other = atls_signed_octets(copy);
        assert_false(is_known(scene.signers[0], &other, signature));
        *at ^= (uint8_t)(1U << bit % 8);
    }
    other = atls_signed_octets(atls_bytes_of(text.data, text.len - 1));
    assert_false(is_known(scene.signers[0], &other, signature));
    assert_false(is_known(scene.signers[1], &octets, signature));
    assert_false(is_known(scene.signers[0], &octets, test_hex("0103")));
    assert_false(is_known(scene.signers[0], &octets, empty));
    assert_false(atls_verified_known(&verified, "another", scene.signers[0], &octets, signature));
    /* without a name nothing is found, and nothing kept */
    other = octets;
    other.has_name = false;
    assert_false(is_known(scene.signers[0], &other, empty));
    note(scene.signers[0], &other, empty);
    assert_false(is_known(scene.signers[0], &octets, empty));
    scene_cleanup(&scene);
}

static void what_was_not_used_for_the_longest_time_is_forgotten(void **state)
{
    (void)state;
    struct scene scene = scene_make();
    const struct atls_bytes signature = test_hex("00");
    for (uint64_t i = 0; i < ATLS_MAX_VERIFIED; i++) {
        const struct atls_signed_octets octets = number(&i);
        note(scene.signers[0], &octets, signature);
    }
    const uint64_t first = 0;
    const uint64_t second = 1;
    const uint64_t another = ATLS_MAX_VERIFIED;
    const struct atls_signed_octets oldest = number(&first);
    const struct atls_signed_octets next = number(&second);
    const struct atls_signed_octets more = number(&another);
    assert_true(is_known(scene.signers[0], &oldest, signature)); /* and so it was used now */
    note(scene.signers[0], &more, signature);
    note(scene.signers[0], &more, signature); /* again takes no second place */
    assert_true(is_known(scene.signers[0], &more, signature));
    assert_true(is_known(scene.signers[0], &oldest, signature));
    assert_false(is_known(scene.signers[0], &next, signature));
    const uint64_t third = 2;
    const struct atls_signed_octets kept = number(&third);
    assert_true(is_known(scene.signers[0], &kept, signature));
    scene_cleanup(&scene);
}

static void a_signature_is_that_of_its_key_each_time(void **state)
{
    (void)state;
    struct scene scene = scene_make();
    uint8_t signature[64];
    size_t len = 0;
    const struct atls_bytes text = test_hex("7b7d");
    const struct atls_bytes changed = test_hex("7b7e");
    const struct atls_signed_octets octets = atls_signed_octets(text);
    const struct atls_signed_octets others = atls_signed_octets(changed);
    const struct atls_buf room = {signature, sizeof signature};
    assert_err(atls_crypto_openssl()->sign(ATLS_ALG_ES256, scene.chains[0].certs[0].key, &text, 1,
                                           room, &len),
               OK);
    const struct atls_bytes made = atls_bytes_of(signature, len);
    for (size_t i = 0; i < 2; i++) {
        assert_err(atls_verified_by(scene.signers[0], ATLS_ALG_ES256, &octets, made), OK);
        assert_err(atls_verified_by(scene.signers[0], ATLS_ALG_ES384, &octets, made), ALGORITHM);
        assert_err(atls_verified_by(scene.signers[1], ATLS_ALG_ES256, &octets, made), SIGNATURE);
        assert_err(atls_verified_by(scene.signers[0], ATLS_ALG_ES256, &others, made), SIGNATURE);
    }
    signature[0] ^= 1;
    assert_err(atls_verified_by(scene.signers[0], ATLS_ALG_ES256, &octets, made), SIGNATURE);
    assert_err(atls_verified_by(scene.signers[0], ATLS_ALG_ES256, &octets, made), SIGNATURE);
    scene_cleanup(&scene);
}

/* What is remembered is used at all: a name that is known spares the verification. */
static void what_is_known_is_not_verified_again(void **state)
{
    (void)state;
    struct scene scene = scene_make();
    struct atls_verified verified;
    const struct atls_signed_octets octets = atls_signed_octets(test_hex("7b7d"));
    const uint8_t none[64] = {0};
    const struct atls_bytes signature = atls_bytes_of(none, sizeof none);
    char kind[32];
    snprintf(kind, sizeof kind, "signature %d", (int)ATLS_ALG_ES256);
    assert_true(atls_verified_by(scene.signers[0], ATLS_ALG_ES256, &octets, signature) != ATLS_OK);
    assert_false(atls_verified_known(&verified, kind, scene.signers[0], &octets, signature));
    atls_verified_note(&verified);
    assert_err(atls_verified_by(scene.signers[0], ATLS_ALG_ES256, &octets, signature), OK);
    scene_cleanup(&scene);
}

static void dates_and_entries_of_a_list_count_each_time(void **state)
{
    (void)state;
    const struct test_chain chain = test_chain_make(&atls_chain_intel, test_tcb_names, 2);
    const struct test_chain other = test_chain_make(&atls_chain_intel, test_tcb_names, 2);
    const uint64_t leaf[] = {100};
    struct atls_issue_crl_spec spec = {.this_update_s = NOW - 100,
                                       .next_update_s = NOW + 100,
                                       .signature = ATLS_CHAIN_ECDSA_SHA256};
    struct atls_crl *good = NULL;
    struct atls_crl *bad = NULL;
    struct atls_chain *reads[2];
    assert_err(atls_chain_read(&reads[0], chain.ders, 2, chain.profile, &diag), OK);
    assert_err(atls_chain_read(&reads[1], other.ders, 2, other.profile, &diag), OK);
    assert_err(atls_crl_read(&good, test_crl(&chain, 1, &spec), &diag), OK);
    spec.serials = leaf;
    spec.num_serials = 1;
    assert_err(atls_crl_read(&bad, test_crl(&chain, 1, &spec), &diag), OK);
    for (size_t i = 0; i < 2; i++) { /* the second time by memory */
        assert_err(atls_chain_check_revoked(reads[0], 0, good, NOW, &diag), OK);
        assert_err(atls_chain_check_revoked(reads[0], 0, good, NOW + 161, &diag), COLLATERAL);
        assert_string_equal(diag.claim, "nextUpdate");
        assert_err(atls_chain_check_revoked(reads[0], 0, good, NOW - 161, &diag), COLLATERAL);
        assert_string_equal(diag.claim, "thisUpdate");
        assert_err(atls_chain_check_revoked(reads[0], 0, bad, NOW, &diag), REVOKED);
        /* of a root of the same name with another key */
        assert_err(atls_chain_check_revoked(reads[1], 0, good, NOW, &diag), COLLATERAL);
        assert_string_equal(diag.claim, "signature");
    }
    for (size_t i = 0; i < 2; i++) {
        const struct atls_x509 *signer = atls_chain_cert(reads[0], 0);
        assert_true(atls_x509_is_signed_by(signer, atls_chain_cert(reads[0], 1)));
        assert_false(atls_x509_is_signed_by(signer, atls_chain_cert(reads[1], 1)));
        assert_false(atls_x509_is_signed_by(signer, signer));
    }
    atls_crl_free(good);
    atls_crl_free(bad);
    atls_chain_release(reads[0]);
    atls_chain_release(reads[1]);
    atls_verified_clear();
}

#define NUM_ROUNDS 2000

/* One thread notes its even numbers and finds none of its odd ones. */
static void *use(void *context)
{
    const struct atls_x509 *signer = context;
    size_t wrong = 0;
    for (uint64_t i = 0; i < NUM_ROUNDS; i++) {
        struct atls_verified verified;
        const uint64_t value = i % (3 * ATLS_MAX_VERIFIED);
        const struct atls_signed_octets octets = number(&value);
        const bool known =
            atls_verified_known(&verified, "test", signer, &octets, atls_bytes_of(NULL, 0));
        wrong += known && value % 2 == 1;
        if (value % 2 == 0) {
            atls_verified_note(&verified);
        }
    }
    return wrong == 0 ? context : NULL;
}

static void threads_and_a_child_share_it(void **state)
{
    (void)state;
    struct scene scene = scene_make();
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, scene.signers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
    const uint64_t value = 4242;
    const struct atls_signed_octets octets = number(&value);
    const struct atls_bytes empty = atls_bytes_of(NULL, 0);
    note(scene.signers[0], &octets, empty);
    assert_true(is_known(scene.signers[0], &octets, empty));
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(is_known(scene.signers[0], &octets, empty) &&
                      !is_known(scene.signers[1], &octets, empty)
                  ? 0
                  : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    scene_cleanup(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_octets_keys_signatures_and_kinds_are_not_known),
        cmocka_unit_test(what_was_not_used_for_the_longest_time_is_forgotten),
        cmocka_unit_test(a_signature_is_that_of_its_key_each_time),
        cmocka_unit_test(what_is_known_is_not_verified_again),
        cmocka_unit_test(dates_and_entries_of_a_list_count_each_time),
        cmocka_unit_test(threads_and_a_child_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
