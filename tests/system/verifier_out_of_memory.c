/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A remote check in which each allocation of ours fails in its turn (linked with --wrap): MEMORY
 * and an untouched output, or all is well; and the next check goes on afterwards.
 */
#include "support/check.h"
#include "support/fake_verifier.h"
#include "support/keys.h"
#include "support/memory.h"
#include "support/psa_maker.h"

#include "codec/cmw.h"
#include "crypto/crypto.h"
#include "verifier/remote.h"
#include "verifier/trust.h"

#include <stdlib.h>

static size_t countdown; /* 0: never fail */
static bool failed;

static bool is_time(void)
{
    if (countdown != 0 && --countdown == 0) {
        failed = true;
        return true;
    }
    return false;
}

/* The linker gives these their names; the compiler warns about the underscores only. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

void *__wrap_calloc(size_t count, size_t size)
{
    return is_time() ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
    return is_time() ? NULL : __real_malloc(size);
}

char *__wrap_strdup(const char *text)
{
    return is_time() ? NULL : __real_strdup(text);
}

static struct atls_bytes cmw, nonce;

static bool is_cancelled(const void *arg)
{
    (void)arg;
    return false;
}

/* The Verifier's own work is not what is short of memory. */
static size_t kept;

static void pause_failing(enum test_step step)
{
    (void)step;
    kept = countdown;
    countdown = 0;
}

static void resume_failing(enum test_step step, struct atls_fetch_answer *answer)
{
    (void)step;
    (void)answer;
    countdown = kept;
}

static enum atls_err open_verifier(struct atls_verifier **out, struct atls_diag *diag)
{
    const struct atls_remote_options options = {
        .fetcher = &test_fetcher, .url = "https://v.example", .ca_pem = cmw};
    struct verifier_trust *trust = NULL;
    enum atls_err err = verifier_trust_new(&trust, diag);
    if (err == ATLS_OK) {
        err = atls_remote_new(out, &options, trust, diag);
    }
    if (err != ATLS_OK) {
        verifier_trust_free(trust);
    }
    return err;
}

static enum atls_err appraise(struct atls_verifier *verifier, struct atls_appraisal *out,
                              struct atls_diag *diag)
{
    const uint8_t key[] = {0x30, 0x00};
    const struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .format = atls_format_by_name(atls_bytes_text("psa")),
        .cmw = cmw,
        .expected_nonce = nonce,
        .tls_spki = atls_bytes_of(key, sizeof key),
        .now_s = 1780000000,
    };
    const struct atls_verifier_wait wait = {atls_verifier_clock_ms() + 600000, is_cancelled, NULL};
    return atls_verifier_remote.appraise(verifier, out, &request, &wait, diag);
}

/* run is a whole check whose allocation number `at` fails; false once there is none such. */
static bool run(size_t at)
{
    struct atls_verifier *verifier = NULL;
    struct atls_appraisal *appraisal = __real_calloc(1, sizeof *appraisal);
    struct atls_diag diag = {.err = ATLS_OK};
    memset(test_verifier.order, 0, sizeof test_verifier.order);
    failed = false;
    countdown = at;
    enum atls_err err = open_verifier(&verifier, &diag);
    if (err == ATLS_OK) {
        err = appraise(verifier, appraisal, &diag);
    }
    countdown = 0;
    if (err != ATLS_OK) {
        assert_err(err, MEMORY);
        assert_err(diag.err, MEMORY);
        assert_true(failed);
        assert_int_equal(appraisal->num_submods, 0);
    }
    if (err == ATLS_OK || verifier != NULL) {
        atls_appraisal_cleanup(appraisal, free);
        memset(appraisal, 0, sizeof *appraisal);
        assert_err(appraise(verifier, appraisal, &diag), OK); /* and it goes on */
    }
    atls_appraisal_cleanup(appraisal, free);
    free(appraisal);
    atls_verifier_remote.close(verifier);
    return failed;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t at = 1;
    while (run(at)) {
        at++;
    }
    print_message("%zu allocations failed in turn\n", at - 1);
    assert_true(at > 10);
}

static void make_evidence(void)
{
    struct test_psa token;
    test_psa_init(&token, test_key(ATLS_CRV_P256), 3);
    const struct atls_buf room = test_room(4096);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cmw_put_record_cf(&w, 10003, test_psa_sign(&token), ATLS_CMW_EVIDENCE);
    assert_true(atls_writer_finish(&w, &len));
    cmw = test_copy(atls_bytes_of(room.data, len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    make_evidence();
    nonce = test_psa_nonce();
    test_verifier_reset(test_key(ATLS_CRV_P256));
    test_verifier.iat_s = 1780000000;
    test_verifier.before = pause_failing;
    test_verifier.spoil = resume_failing;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
