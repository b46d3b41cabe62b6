/* SPDX-License-Identifier: Apache-2.0 */
#include "key_samples.h"

#include "codec/cose.h"

#include <stdlib.h>

static void templates_have_their_attributes(void **state)
{
    (void)state;
    assert_int_equal(atls_tpm_ak_template.objectAttributes, 0x00050472);
    assert_int_equal(atls_tpm_tls_template.objectAttributes, 0x00040472);
    assert_int_equal(atls_tpm_parent_template.objectAttributes, 0x00030472);
    assert_true(atls_tpm_public_is_ak(&atls_tpm_ak_template));
    assert_false(atls_tpm_public_is_ak(&atls_tpm_tls_template));
    assert_false(atls_tpm_public_is_ak(&atls_tpm_parent_template));
}

static void spki_is_that_of_the_point(void **state)
{
    (void)state;
    const struct atls_tpm_key_file p256 = sample_key(), p384 = sample_key_p384();
    uint8_t spki[ATLS_TPM_MAX_SPKI];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    assert_int_equal(atls_tpm_public_spki(room, &len, &p256.public_area.publicArea, NULL), ATLS_OK);
    assert_bytes(
        atls_bytes_of(spki, len),
        test_hex("3059 3013 0607 2a8648ce3d0201 0608 2a8648ce3d030107 0342 00 04" P256_X P256_Y));
    assert_int_equal(atls_tpm_public_spki(room, &len, &p384.public_area.publicArea, NULL), ATLS_OK);
    assert_bytes(
        atls_bytes_of(spki, len),
        test_hex("3076 3010 0607 2a8648ce3d0201 0605 2b81040022 0362 00 04" P384_X P384_Y));
}

static void short_coordinates_are_padded(void **state)
{
    (void)state;
    struct atls_tpm_key_file file = sample_key();
    TPMS_ECC_POINT *point = &file.public_area.publicArea.unique.ecc;
    point->x.size = 1;
    point->x.buffer[0] = 0x77;
    struct atls_tpm_point out;
    assert_true(atls_tpm_public_point(&out, &file.public_area.publicArea));
    assert_int_equal(out.crv, ATLS_CRV_P256);
    assert_int_equal(out.len, 65);
    assert_int_equal(out.data[0], 0x04);
    assert_int_equal(out.data[31], 0x00);
    assert_int_equal(out.data[32], 0x77);
    point->x.size = 0;
    assert_true(atls_tpm_public_point(&out, &file.public_area.publicArea));
    assert_int_equal(out.data[32], 0x00);
}

static void a_point_off_the_curve_is_refused(void **state)
{
    (void)state;
    struct atls_tpm_key_file file = sample_key();
    uint8_t spki[ATLS_TPM_MAX_SPKI];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 4711;
    struct atls_diag diag;
    file.public_area.publicArea.unique.ecc.y.buffer[31] ^= 1;
    assert_err(atls_tpm_public_spki(room, &len, &file.public_area.publicArea, &diag), KEY);
    assert_int_equal(len, 4711);
    char *pem = NULL;
    assert_err(atls_tpm_public_pem(&pem, &file.public_area.publicArea, &diag), KEY);
    assert_null(pem);
}

static void a_decoded_area_encodes_to_the_same(void **state)
{
    (void)state;
    const struct atls_tpm_key_file file = sample_key();
    uint8_t octets[ATLS_TPM_MAX_PUBLIC], again[ATLS_TPM_MAX_PUBLIC];
    const struct atls_buf room = {octets, sizeof octets}, room_again = {again, sizeof again};
    size_t len = 0, len_again = 0;
    TPMT_PUBLIC read;
    assert_int_equal(atls_tpm_public_encode(room, &len, &file.public_area.publicArea, NULL),
                     ATLS_OK);
    assert_int_equal(len, 88);
    assert_true(atls_tpm_public_decode(&read, atls_bytes_of(octets, len)));
    assert_int_equal(atls_tpm_public_encode(room_again, &len_again, &read, NULL), ATLS_OK);
    assert_bytes(atls_bytes_of(again, len_again), atls_bytes_of(octets, len));
    for (size_t cut = 0; cut < len; cut++) {
        assert_false(atls_tpm_public_decode(&read, test_copy(atls_bytes_of(octets, cut))));
    }
    octets[len] = 0;
    assert_false(atls_tpm_public_decode(&read, atls_bytes_of(octets, len + 1)));
}

static void the_name_is_the_hash_of_the_area(void **state)
{
    (void)state;
    const struct atls_bytes encoded =
        test_hex("0023 000b 00040072 0000 0010 0018 000b 0003 0010 0020" P256_X "0020" P256_Y);
    TPMT_PUBLIC area;
    TPM2B_NAME name;
    assert_true(atls_tpm_public_decode(&area, encoded));
    assert_int_equal(atls_tpm_public_name(&name, &area, NULL), ATLS_OK);
    assert_int_equal(name.size, 34);
    assert_int_equal(name.name[0], 0x00);
    assert_int_equal(name.name[1], 0x0b);
    /* SHA-256 of the 88 octets above, computed with sha256sum */
    assert_bytes(atls_bytes_of(&name.name[2], 32),
                 test_hex("040b701346a6d08142d0a16f88e1aa8bb4af35550fdf1d099847ef4aea69c152"));
    area.nameAlg = TPM2_ALG_SHA1;
    struct atls_diag diag;
    assert_err(atls_tpm_public_name(&name, &area, &diag), KEY);
}

int main(void)
{
    setenv("TSS2_LOG", "all+none", 0); /* tpm2-tss reports what it refuses, bit by bit */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_have_their_attributes),
        cmocka_unit_test(spki_is_that_of_the_point),
        cmocka_unit_test(short_coordinates_are_padded),
        cmocka_unit_test(a_point_off_the_curve_is_refused),
        cmocka_unit_test(a_decoded_area_encodes_to_the_same),
        cmocka_unit_test(the_name_is_the_hash_of_the_area),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
