/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the attester over configfs-tsm: what attester.json may say, and who must answer. */
#include "attester/tsm/tsm.h"

#include "codec/tsm_report.h"
#include "support/check.h"
#include "support/fake_tsm.h"

#include <stdlib.h>

static const char snp[] = "{\"rot\":\"snp\",\"format\":\"snp\"}";
static const char tdx[] = "{\"rot\":\"tdx\",\"format\":\"tdx\"}";

static enum atls_err open_on(const char *provider, const char *config, struct atls_diag *diag)
{
    struct fake_tsm *fake = calloc(1, sizeof *fake);
    assert_non_null(fake);
    fake_tsm_init(fake, provider);
    struct atls_attester *attester = NULL;
    const enum atls_err err = atls_tsm_open(&attester, atls_bytes_text(config), &fake->fs, diag);
    assert_int_equal(fake_tsm_num_live(fake), 0);
    atls_attester_snp.close(attester);
    free(fake);
    return err;
}

static void a_machine_without_a_provider_or_with_another_is_refused_at_once(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(open_on(NULL, snp, &diag), ATTESTER);
    assert_string_equal(diag.found, "ENXIO");
    assert_err(open_on(ATLS_TSM_TDX_GUEST, snp, &diag), ATTESTER);
    assert_string_equal(diag.found, "tdx_guest");
    assert_string_equal(diag.expected, "sev_guest");
    assert_err(open_on(ATLS_TSM_SEV_GUEST, tdx, &diag), ATTESTER);
    assert_err(open_on("sev_guest2", snp, &diag), ATTESTER);
    assert_err(open_on("", snp, &diag), ATTESTER);
}

static void a_folder_that_is_not_there_is_refused_by_the_real_files(void **state)
{
    (void)state;
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    const char config[] = "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":\"/nowhere/tsm/report\"}";
    assert_err(atls_attester_snp.open(&attester, atls_bytes_text(config), &diag), ATTESTER);
    assert_string_equal(diag.found, "ENOENT");
    assert_null(attester);
}

static void configurations_that_say_something_else_are_refused(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "",
        "{}",
        "[]",
        "{\"rot\":\"snp\"}",
        "{\"format\":\"snp\"}",
        "{\"rot\":\"snp\",\"format\":\"tdx\"}",
        "{\"rot\":\"sgx\",\"format\":\"sgx\"}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"more\":1}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":\"\"}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":1}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"privlevel\":4}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"privlevel\":-1}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"privlevel\":\"1\"}",
        "{\"rot\":\"tdx\",\"format\":\"tdx\",\"privlevel\":0}",
        "{\"rot\":\"cca\",\"format\":\"cca\",\"privlevel\":0}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"queue\":0}",
        "{\"rot\":\"snp\",\"format\":\"snp\",\"queue\":4097}",
    };
    struct atls_diag diag;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(configs); i++) {
        assert_err(open_on(ATLS_TSM_SEV_GUEST, configs[i], &diag), CONFIG);
    }
    char path[400] = "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":\"";
    const size_t at = strlen(path);
    memset(&path[at], 'p', 256);
    memcpy(&path[at + 256], "\"}", 3);
    assert_err(open_on(ATLS_TSM_SEV_GUEST, path, &diag), CONFIG);
}

static void a_path_that_leaves_no_room_for_names_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    char path[400] = "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":\"";
    const size_t at = strlen(path);
    memset(&path[at], 'p', 250);
    memcpy(&path[at + 250], "\"}", 3);
    assert_err(open_on(ATLS_TSM_SEV_GUEST, path, &diag), ATTESTER);
    assert_string_equal(diag.found, "ENAMETOOLONG");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_without_a_provider_or_with_another_is_refused_at_once),
        cmocka_unit_test(a_folder_that_is_not_there_is_refused_by_the_real_files),
        cmocka_unit_test(configurations_that_say_something_else_are_refused),
        cmocka_unit_test(a_path_that_leaves_no_room_for_names_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
