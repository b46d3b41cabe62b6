/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"
#include "key_samples.h"

#include "support/mutate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#define NOW_S INT64_C(1780000000)

/* new_pem gives a certificate for 90 days, and *key, which the caller frees. */
static char *new_pem(struct atls_key **key)
{
    static const char *const names[] = {"example.test"};
    const struct atls_cert_spec spec = {names, 1, NOW_S, 90, NULL, 0};
    char *pem = NULL;
    assert_err(atls_key_generate(key, ATLS_CRV_P256, NULL), OK);
    assert_err(atls_cert_self_signed(&pem, *key, &spec, NULL), OK);
    return pem;
}

static struct atls_bytes to_der(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    uint8_t *der = NULL;
    const int len = i2d_X509(cert, &der);
    const struct atls_bytes copy = test_copy(atls_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(cert);
    BIO_free(bio);
    return copy;
}

static void pem_and_der_say_the_same(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    char *pem = new_pem(&key);
    const struct atls_bytes forms[] = {test_copy(atls_bytes_text(pem)), to_der(pem)};
    uint8_t spki[91];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    assert_err(atls_key_spki(key, room, &len), OK);
    for (size_t i = 0; i < 2; i++) {
        struct atls_cert_info info;
        assert_err(atls_cert_read(&info, forms[i], NULL), OK);
        assert_int_equal(info.not_before_s, NOW_S);
        assert_int_equal(info.not_after_s, NOW_S + INT64_C(90) * 86400);
        assert_string_equal(info.subject, "CN=example.test");
        assert_bytes(atls_bytes_of(info.spki, info.spki_len), atls_bytes_of(spki, len));
        uint8_t again[91];
        const struct atls_buf again_room = {again, sizeof again};
        const struct atls_buf small = {again, sizeof again - 1};
        size_t again_len = 0;
        assert_err(atls_cert_spki(forms[i], again_room, &again_len, NULL), OK);
        assert_bytes(atls_bytes_of(again, again_len), atls_bytes_of(spki, len));
        assert_err(atls_cert_spki(forms[i], small, &again_len, NULL), BUFFER);
    }
    atls_pem_free(pem);
    atls_key_free(key);
}

static void a_certificate_ends_soon_in_its_last_thirty_days(void **state)
{
    (void)state;
    const struct atls_cert_info info = {.not_after_s = NOW_S};
    assert_false(atls_cert_ends_soon(&info, NOW_S - ATLS_CERT_WARNING_S));
    assert_true(atls_cert_ends_soon(&info, NOW_S - ATLS_CERT_WARNING_S + 1));
    assert_true(atls_cert_ends_soon(&info, NOW_S + 1));
}

static void refused(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_cert_info info;
    struct atls_diag diag = {0};
    info.spki_len = 77;
    assert_err(atls_cert_read(&info, mutant, &diag), MALFORMED);
    assert_int_equal(info.spki_len, 77);
    assert_int_equal(diag.err, ATLS_ERR_MALFORMED);
}

static void a_truncated_or_longer_der_is_refused(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    char *pem = new_pem(&key);
    const struct atls_bytes der = to_der(pem);
    test_each_truncation(der, refused, NULL);
    const struct atls_buf longer = test_room(der.len + 1);
    memcpy(longer.data, der.data, der.len);
    longer.data[der.len] = 0;
    refused(atls_bytes_of(longer.data, longer.cap), 0, NULL);
    atls_pem_free(pem);
    atls_key_free(key);
    assert_int_equal(ERR_peek_error(), 0);
}

static void what_is_no_certificate_is_refused(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    char *pem = NULL;
    refused(atls_bytes_text(""), 0, NULL);
    refused(atls_bytes_text("hello"), 0, NULL);
    refused(atls_bytes_text("0"), 0, NULL);
    assert_err(atls_key_generate(&key, ATLS_CRV_P256, NULL), OK);
    assert_err(atls_key_to_public_pem(&pem, key, NULL), OK);
    refused(atls_bytes_text(pem), 0, NULL);
    atls_pem_free(pem);
    atls_key_free(key);
}

static void ignored(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_cert_info info;
    if (atls_cert_read(&info, mutant, NULL) == ATLS_OK) {
        assert_true(info.spki_len > 0 && info.spki_len <= ATLS_MAX_SPKI_LEN);
        for (const char *at_text = info.subject; *at_text != '\0'; at_text++) {
            assert_true(*at_text >= 0x20 && *at_text < 0x7f);
        }
    }
}

static void no_bit_flip_breaks_the_reader_or_forges_a_line(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    char *pem = new_pem(&key);
    test_each_bit_flip(to_der(pem), ignored, NULL);
    atls_pem_free(pem);
    atls_key_free(key);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_and_der_say_the_same),
        cmocka_unit_test(a_certificate_ends_soon_in_its_last_thirty_days),
        cmocka_unit_test(a_truncated_or_longer_der_is_refused),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(no_bit_flip_breaks_the_reader_or_forges_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
