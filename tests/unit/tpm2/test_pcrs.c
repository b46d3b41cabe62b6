/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/pcrs.h"
#include "support/check.h"

static void selections_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        TPM2_ALG_ID bank;
        uint32_t bits;
    } cases[] = {
        {"sha256:0", TPM2_ALG_SHA256, 1},
        {"sha256:23", TPM2_ALG_SHA256, 1u << 23},
        {"sha384:0,1,2,7", TPM2_ALG_SHA384, 0x87},
        {"sha256:9,10,11", TPM2_ALG_SHA256, 0xe00},
        {ATLS_TPM_DEFAULT_PCRS, TPM2_ALG_SHA256, 0xff},
        {"sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23", TPM2_ALG_SHA256,
         0xffffff},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_tpm_pcrs pcrs;
        assert_int_equal(atls_tpm_pcrs_parse(&pcrs, atls_bytes_text(cases[i].text), NULL), ATLS_OK);
        assert_int_equal(pcrs.bank, cases[i].bank);
        assert_int_equal(pcrs.bits, cases[i].bits);
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "sha256",
        "sha256:",
        ":0",
        "0",
        "sha1:0",
        "SHA256:0",
        "sm3_256:0",
        "sha512:0",
        "sha256:24",
        "sha256:-1",
        "sha256:00",
        "sha256:01",
        "sha256:1,0",
        "sha256:0,0",
        "sha256:0,",
        "sha256:,0",
        "sha256:0,,1",
        "sha256: 0",
        "sha256:0 ",
        "sha256:0;1",
        "sha256:0-7",
        "sha256:all",
        "sha256:100",
        "sha256:0,1+sha384:0",
        "sha256:0x1",
        "sha256:4294967296",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_tpm_pcrs pcrs = {1, 2};
        struct atls_diag diag;
        assert_err(atls_tpm_pcrs_parse(&pcrs, atls_bytes_text(cases[i]), &diag), CONFIG);
        assert_string_equal(diag.claim, "pcrs");
        assert_int_equal(pcrs.bank, 1);
        assert_int_equal(pcrs.bits, 2);
    }
    struct atls_tpm_pcrs pcrs;
    assert_err(atls_tpm_pcrs_parse(&pcrs, atls_bytes_of("sha256:0\0", 9), NULL), CONFIG);
}

static void a_selection_equals_itself_only(void **state)
{
    (void)state;
    const struct atls_tpm_pcrs pcrs = {TPM2_ALG_SHA256, 0x800087};
    TPML_PCR_SELECTION selection;
    atls_tpm_pcrs_selection(&selection, &pcrs);
    assert_int_equal(selection.count, 1);
    assert_int_equal(selection.pcrSelections[0].pcrSelect[0], 0x87);
    assert_int_equal(selection.pcrSelections[0].pcrSelect[2], 0x80);
    assert_true(atls_tpm_pcrs_equal(&selection, &pcrs));
    const TPML_PCR_SELECTION good = selection;

    selection.pcrSelections[0].sizeofSelect = 4; /* more room, nothing in it */
    assert_true(atls_tpm_pcrs_equal(&selection, &pcrs));
    selection.pcrSelections[0].pcrSelect[3] = 1;
    assert_false(atls_tpm_pcrs_equal(&selection, &pcrs));
    for (unsigned bit = 0; bit < 24; bit++) {
        selection = good;
        selection.pcrSelections[0].pcrSelect[bit / 8] ^= (BYTE)(1u << bit % 8);
        assert_false(atls_tpm_pcrs_equal(&selection, &pcrs));
    }
    selection = good;
    selection.pcrSelections[0].hash = TPM2_ALG_SHA384;
    assert_false(atls_tpm_pcrs_equal(&selection, &pcrs));
    selection = good;
    selection.count = 0;
    assert_false(atls_tpm_pcrs_equal(&selection, &pcrs));
    selection.count = 2;
    assert_false(atls_tpm_pcrs_equal(&selection, &pcrs));
    selection.count = UINT32_MAX;
    assert_false(atls_tpm_pcrs_equal(&selection, &pcrs));
    selection = good;
    selection.pcrSelections[0].sizeofSelect = 255;
    assert_false(atls_tpm_pcrs_equal(&selection, &pcrs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selections_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(a_selection_equals_itself_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
