/* SPDX-License-Identifier: Apache-2.0 */
/* The three TPM structures: read exactly, every wrong form refused by name. */
#include "scene.h"

#include "appraiser/tpm2/tpm2.h"

static struct test_tpm machine; /* made once: a key costs as much as all of a test */

static void a_certify_structure_is_read_field_by_field(void **state)
{
    (void)state;
    struct test_tpm tpm = machine;
    struct atls_tpm_attest attest;
    tpm.certify.name = test_fill(0x07, 34);
    const struct atls_bytes octets = test_tpm_write_attest(&tpm.certify);
    assert_err(atls_tpm_read_attest(&attest, octets, ATLS_TPM_ST_CERTIFY, "certInfo", NULL), OK);
    assert_bytes(attest.encoded, octets);
    assert_bytes(attest.qualified_signer, test_fill(0x05, 34));
    assert_bytes(attest.extra_data, test_tpm_nonce());
    assert_int_equal(attest.clock, 123456789);
    assert_int_equal(attest.reset_count, 3);
    assert_int_equal(attest.restart_count, 1);
    assert_true(attest.safe);
    assert_true(attest.firmware_version == UINT64_C(0xbd8796a7af2986f0));
    assert_bytes(attest.name, test_fill(0x07, 34));
    assert_bytes(attest.qualified_name, test_fill(0x06, 34));
}

static void a_quote_is_read_field_by_field(void **state)
{
    (void)state;
    struct test_tpm tpm = machine;
    struct atls_tpm_attest attest;
    tpm.quote.banks[1] = ATLS_TPM_SHA384;
    tpm.quote.pcrs[1] = 1u << 23;
    tpm.quote.num_banks = 2;
    const struct atls_bytes octets = test_tpm_write_attest(&tpm.quote);
    assert_err(atls_tpm_read_attest(&attest, octets, ATLS_TPM_ST_QUOTE, "attestInfo", NULL), OK);
    assert_int_equal(attest.num_selections, 2);
    assert_int_equal(attest.selections[0].bank, ATLS_TPM_SHA256);
    assert_int_equal(attest.selections[0].pcrs, 0x83);
    assert_int_equal(attest.selections[1].bank, ATLS_TPM_SHA384);
    assert_int_equal(attest.selections[1].pcrs, 1u << 23);
    assert_bytes(attest.pcr_digest, tpm.quote.pcr_digest);
}

static void an_attest_with_another_head_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_tpm_attest attest;
    struct test_tpm_attest wrong = machine.quote;
    wrong.magic = 0xff544346;
    enum atls_err err = atls_tpm_read_attest(&attest, test_tpm_write_attest(&wrong),
                                             ATLS_TPM_ST_QUOTE, "attestInfo", &diag);
    assert_err(err, EVIDENCE_MALFORMED);
    assert_non_null(strstr(diag.expected, "magic"));
    static const uint16_t types[] = {0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a, 0x801c, 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        wrong = machine.quote;
        wrong.type = types[i];
        err = atls_tpm_read_attest(&attest, test_tpm_write_attest(&wrong), ATLS_TPM_ST_QUOTE,
                                   "attestInfo", &diag);
        assert_err(err, EVIDENCE_MALFORMED);
        assert_non_null(strstr(diag.expected, "TPM2_Quote"));
    }
    err = atls_tpm_read_attest(&attest, test_tpm_write_attest(&machine.quote), ATLS_TPM_ST_CERTIFY,
                               "certInfo", &diag);
    assert_err(err, EVIDENCE_MALFORMED);
    assert_non_null(strstr(diag.expected, "TPM2_Certify"));
    assert_string_equal(diag.found, "type 8018");
}

static void fields_of_an_attest_have_their_limits(void **state)
{
    (void)state;
    struct atls_tpm_attest attest;
    struct test_tpm_attest wrong;
    for (size_t len = 66; len <= 67; len++) { /* TPM2B_NAME and TPM2B_DATA */
        wrong = machine.quote;
        wrong.qualified_signer = test_fill(5, len);
        enum atls_err err = atls_tpm_read_attest(&attest, test_tpm_write_attest(&wrong),
                                                 ATLS_TPM_ST_QUOTE, "attestInfo", NULL);
        assert_int_equal(err, len == 66 ? ATLS_OK : ATLS_ERR_EVIDENCE_MALFORMED);
        wrong = machine.quote;
        wrong.extra_data = test_fill(5, len);
        err = atls_tpm_read_attest(&attest, test_tpm_write_attest(&wrong), ATLS_TPM_ST_QUOTE,
                                   "attestInfo", NULL);
        assert_int_equal(err, len == 66 ? ATLS_OK : ATLS_ERR_EVIDENCE_MALFORMED);
    }
    wrong = machine.quote;
    wrong.pcr_digest = test_fill(5, 65);
    assert_err(atls_tpm_read_attest(&attest, test_tpm_write_attest(&wrong), ATLS_TPM_ST_QUOTE,
                                    "attestInfo", NULL),
               EVIDENCE_MALFORMED);
    wrong = machine.quote;
    wrong.safe = 2; /* TPMI_YES_NO */
    assert_err(atls_tpm_read_attest(&attest, test_tpm_write_attest(&wrong), ATLS_TPM_ST_QUOTE,
                                    "attestInfo", NULL),
               EVIDENCE_MALFORMED);
}

static void a_count_of_banks_is_no_promise(void **state)
{
    (void)state;
    struct atls_tpm_attest attest;
    struct test_tpm_attest quote = machine.quote;
    const struct atls_bytes good = test_tpm_write_attest(&quote);
    /* count stands behind magic, type, signer, extraData, clock, resets, safe and firmware */
    const size_t at = 4 + 2 + 36 + 34 + 8 + 4 + 4 + 1 + 8;
    static const uint8_t counts[][4] = {
        {0, 0, 0, 0}, {0, 0, 0, 2}, {0, 0, 0, 16}, {0, 0, 0, 17}, {0xff, 0xff, 0xff, 0xff}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(counts); i++) {
        const struct atls_buf wrong = test_room(good.len);
        memcpy(wrong.data, good.data, good.len);
        assert_int_equal(wrong.data[at + 3], 1);
        memcpy(&wrong.data[at], counts[i], 4);
        assert_err(atls_tpm_read_attest(&attest, atls_bytes_of(wrong.data, wrong.cap),
                                        ATLS_TPM_ST_QUOTE, "attestInfo", NULL),
                   EVIDENCE_MALFORMED);
    }
}

static void refuse_attest(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    struct atls_tpm_attest attest;
    const uint16_t *type = context;
    assert_err(atls_tpm_read_attest(&attest, mutant, *type, "attest", NULL), EVIDENCE_MALFORMED);
}

static void refuse_public(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_tpm_public public_area;
    assert_err(atls_tpm_read_public(&public_area, mutant, "pubArea", NULL), EVIDENCE_MALFORMED);
}

static void refuse_signature(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_tpm_signature signature;
    assert_err(atls_tpm_read_signature(&signature, mutant, "sig", NULL), EVIDENCE_MALFORMED);
}

/* every length that is not the right one. */
static void structures_that_end_early_or_late_are_refused(void **state)
{
    (void)state;
    uint16_t type = ATLS_TPM_ST_QUOTE;
    struct atls_bytes quote = test_tpm_write_attest(&machine.quote);
    test_each_truncation(quote, refuse_attest, &type);
    type = ATLS_TPM_ST_CERTIFY;
    test_each_truncation(test_tpm_write_attest(&machine.certify), refuse_attest, &type);
    const struct atls_bytes public_area = test_tpm_public(&machine);
    test_each_truncation(public_area, refuse_public, NULL);
    const struct atls_bytes signature = test_tpm_signature(&machine, quote);
    test_each_truncation(signature, refuse_signature, NULL);
    const struct atls_buf longer = test_room(512);
    memset(longer.data, 0, longer.cap);
    memcpy(longer.data, quote.data, quote.len);
    type = ATLS_TPM_ST_QUOTE;
    refuse_attest(atls_bytes_of(longer.data, quote.len + 1), 0, &type);
    memcpy(longer.data, public_area.data, public_area.len);
    refuse_public(atls_bytes_of(longer.data, public_area.len + 1), 0, NULL);
    memcpy(longer.data, signature.data, signature.len);
    refuse_signature(atls_bytes_of(longer.data, signature.len + 1), 0, NULL);
}

static void public_areas_of_other_kinds_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *found;
    } areas[] = {
        {"0008 000b 00040072 0000 0010 0020 00", "key type 0008"},        /* KEYEDHASH */
        {"0025 000b 00040072 0000 0006 0080 0043 0000", "key type 0025"}, /* SYMCIPHER */
        {"0023 0004 00040072 0000 0010 0010 0003 0010 0001 01 0001 01", "nameAlg 0004"},
        {"0023 0012 00040072 0000 0010 0010 0003 0010 0001 01 0001 01", "nameAlg 0012"},
        {"0023 000b 00030072 0000 0006 0080 0043 0010 0003 0010 0001 01 0001 01",
         "symmetric algorithm 0006"}, /* a storage key */
        {"0023 000b 00040072 0000 0010 001a 000b 0001 0003 0010 0001 01 0001 01",
         "scheme 001a"}, /* ECDAA */
        {"0023 000b 00040072 0000 0010 0014 000b 0003 0010 0001 01 0001 01", "scheme 0014"},
        {"0023 000b 00040072 0000 0010 0010 0002 0010 0001 01 0001 01", "curve 0002"},
        {"0023 000b 00040072 0000 0010 0010 0020 0010 0001 01 0001 01", "curve 0020"}, /* SM2 */
        {"0023 000b 00040072 0000 0010 0010 0003 0020 0001 01 0001 01", "key derivation 0020"},
        {"0001 000b 00040072 0000 0010 0018 000b 0800 00000000 0001 80", "scheme 0018"},
        {"0001 000b 00040072 0000 0010 0015 0800 00000000 0001 80", "scheme 0015"}, /* RSAES */
        {"0001 000b 00040072 0000 0010 0010 0400 00000000 0001 80", "1024"},
        {"0001 000b 00040072 0000 0010 0010 0800 00000000 0001 80", "2048"}, /* n too short */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(areas); i++) {
        struct atls_diag diag;
        struct atls_tpm_public public_area;
        assert_err(atls_tpm_read_public(&public_area, test_hex(areas[i].hex), "pubArea", &diag),
                   ALGORITHM);
        assert_string_equal(diag.found, areas[i].found);
    }
    struct atls_tpm_public public_area;
    /* a coordinate of 33 octets on P-256 */
    assert_err(
        atls_tpm_read_public(
            &public_area,
            test_hex("0023 000b 00040072 0000 0010 0010 0003 0010 0021"
                     "000000000000000000000000000000000000000000000000000000000000000001 0001 01"),
            "pubArea", NULL),
        EVIDENCE_MALFORMED);
}

static void signatures_of_other_kinds_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *found;
    } signatures[] = {
        {"0018 0004 0001 01 0001 01", "signature hash 0004"}, /* SHA-1 */
        {"0018 0012 0001 01 0001 01", "signature hash 0012"}, /* SM3 */
        {"0018 0010 0001 01 0001 01", "signature hash 0010"}, /* none */
        {"001a 000b 0001 01 0001 01", "signature scheme 001a"},
        {"001b 000b 0001 01 0001 01", "signature scheme 001b"},
        {"001c 000b 0001 01 0001 01", "signature scheme 001c"},
        {"0005 000b 00", "signature scheme 0005"}, /* HMAC */
        {"0010 000b", "signature scheme 0010"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(signatures); i++) {
        struct atls_diag diag;
        struct atls_tpm_signature signature;
        assert_err(
            atls_tpm_read_signature(&signature, test_hex(signatures[i].hex), "kat.sig", &diag),
            ALGORITHM);
        assert_string_equal(diag.found, signatures[i].found);
    }
}

/* rsa_public gives a public key of that many octets; finding its primes would take seconds. */
static struct atls_key *rsa_public(size_t len)
{
    static const uint8_t exponent[] = {1, 0, 1};
    struct atls_key *key = NULL;
    assert_err(atls_key_from_rsa(&key, test_fill(0xff, len), atls_bytes_of(exponent, 3), NULL), OK);
    return key;
}

/* what is compared with TLS is what OpenSSL would write. */
static void subject_public_key_infos_are_those_of_the_library(void **state)
{
    (void)state;
    struct atls_key *keys[] = {test_key(ATLS_CRV_P256), test_key(ATLS_CRV_P384),
                               test_key(ATLS_CRV_P521), rsa_public(256),
                               rsa_public(384),         rsa_public(512)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        struct test_tpm tpm = machine;
        tpm.tls = keys[i];
        struct atls_tpm_public public_area;
        assert_err(atls_tpm_read_public(&public_area, test_tpm_public(&tpm), "pubArea", NULL), OK);
        uint8_t room[ATLS_TPM2_MAX_SPKI_LEN];
        const struct atls_buf buf = {room, sizeof room};
        size_t len = 0;
        assert_true(atls_tpm2_spki(buf, &len, &public_area));
        assert_bytes(atls_bytes_of(room, len), test_spki(keys[i]));
    }
    for (size_t i = 3; i < ATLS_ARRAY_LEN(keys); i++) {
        atls_key_free(keys[i]);
    }
}

static void coordinates_without_their_leading_zeros_are_padded(void **state)
{
    (void)state;
    struct atls_tpm_public public_area;
    assert_err(atls_tpm_read_public(
                   &public_area,
                   test_hex("0023 000b 00040072 0000 0010 0010 0003 0010 0001 07 0002 0809"),
                   "pubArea", NULL),
               OK);
    uint8_t room[ATLS_TPM2_MAX_SPKI_LEN];
    struct atls_buf buf = {room, sizeof room};
    size_t len = 0;
    assert_true(atls_tpm2_spki(buf, &len, &public_area));
    assert_int_equal(len, 91);
    assert_int_equal(room[26], 0x04);
    assert_true(atls_is_zero(atls_bytes_of(&room[27], 31)));
    assert_int_equal(room[27 + 31], 0x07);
    assert_true(atls_is_zero(atls_bytes_of(&room[27 + 32], 30)));
    assert_int_equal(room[27 + 62], 0x08);
    buf.cap = 90;
    assert_false(atls_tpm2_spki(buf, &len, &public_area));
}

static void exponents_are_written_in_the_shortest_form(void **state)
{
    (void)state;
    static const struct {
        uint32_t exponent;
        const char *hex;
    } rows[] = {{3, "020103"},
                {0x80, "02020080"},
                {0x101, "02020101"},
                {0x8001, "0203008001"},
                {0, "0203010001"}, /* the default */
                {0x800001, "020400800001"},
                {0x80000001, "02050080000001"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_tpm_public public_area;
        memset(&public_area, 0, sizeof public_area);
        public_area.type = ATLS_TPM_RSA;
        public_area.exponent = rows[i].exponent != 0 ? rows[i].exponent : 65537;
        public_area.n = test_fill(0xff, 256);
        uint8_t room[ATLS_TPM2_MAX_SPKI_LEN];
        const struct atls_buf buf = {room, sizeof room};
        size_t len = 0;
        assert_true(atls_tpm2_spki(buf, &len, &public_area));
        const struct atls_bytes end = test_hex(rows[i].hex);
        assert_bytes(atls_bytes_of(&room[len - end.len], end.len), end);
    }
}

int main(void)
{
    test_tpm_init(&machine, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certify_structure_is_read_field_by_field),
        cmocka_unit_test(a_quote_is_read_field_by_field),
        cmocka_unit_test(an_attest_with_another_head_is_refused),
        cmocka_unit_test(fields_of_an_attest_have_their_limits),
        cmocka_unit_test(a_count_of_banks_is_no_promise),
        cmocka_unit_test(structures_that_end_early_or_late_are_refused),
        cmocka_unit_test(public_areas_of_other_kinds_are_refused),
        cmocka_unit_test(signatures_of_other_kinds_are_refused),
        cmocka_unit_test(subject_public_key_infos_are_those_of_the_library),
        cmocka_unit_test(coordinates_without_their_leading_zeros_are_padded),
        cmocka_unit_test(exponents_are_written_in_the_shortest_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
