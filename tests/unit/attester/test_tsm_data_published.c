/* SPDX-License-Identifier: Apache-2.0 */
/* Where reports of real machines say what they were asked for. */
#include "attester/tsm/data.h"

#include "json/base64.h"
#include "support/check.h"
#include "support/file.h"

#include <stdio.h>

/* The octets that the index of the published data names, or as many as it prints. */
static void real_reports_say_what_they_were_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        struct atls_bytes (*find)(struct atls_bytes report);
        const char *begins;
    } rows[] = {
        {"vectors/01-sev-snp/milan-v2-debug/report.bin", atls_tsm_snp_data, "0102030405000000"},
        {"vectors/01-sev-snp/milan-v2-azure/report.bin", atls_tsm_snp_data, "ec6c52d7533cc2c4"},
        {"vectors/02-tdx-sgx/phala/tdx_quote.bin", atls_tsm_tdx_data, "9a9d48e7f6799642"},
        {"vectors/02-tdx-sgx/trustee/tdx_quote_5.dat", atls_tsm_tdx_data, "6d6ab13b046cff60"},
        {"vectors/03-arm-cca/veraison/cca-good.cbor", atls_tsm_cca_data, "6f24d6b9635a2c8b"},
        {"vectors/03-arm-cca/cmw-907/good-907-new-profile.cbor", atls_tsm_cca_data,
         "4142414241424142"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        char path[256], hex[17];
        (void)snprintf(path, sizeof path, "%s/%s", TEST_SHARED_DIR, rows[i].path);
        const struct atls_bytes found = rows[i].find(test_file(path));
        assert_int_equal(found.len, 64);
        assert_true(atls_hex_encode(atls_bytes_of(found.data, 8), hex, sizeof hex));
        assert_string_equal(hex, rows[i].begins);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_reports_say_what_they_were_asked_for),
    };
    TEST_NEED_SHARED();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
