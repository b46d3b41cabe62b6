/* SPDX-License-Identifier: Apache-2.0 */
/* TCB info and identities as Intel published them, and those that Open Enclave made wrong. */
#include "endorsement/intel_tcb.h"
#include "support/check.h"
#include "support/file.h"

#include <stdio.h>

#define FOLDER TEST_SHARED_DIR "/vectors/02-tdx-sgx/"

static enum atls_err read_file(struct atls_intel_json *out, const char *name)
{
    char path[512];
    struct atls_diag diag = {.err = ATLS_OK};
    snprintf(path, sizeof path, FOLDER "%s", name);
    const enum atls_err err = atls_intel_json_read(out, test_file(path), &diag);
    printf("%s: %s %s\n", name, diag.claim, diag.found);
    return err;
}

static void files_of_intel_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum atls_intel_kind kind;
        size_t num_levels;
        size_t num_modules;
    } files[] = {
        {"trustee/tcbInfo.json", ATLS_INTEL_TCB_INFO, 2, 2},
        {"automata/sgx_tcbinfov3_00606a000000.json", ATLS_INTEL_TCB_INFO, 11, 0},
        {"intel-qvl-sgx/tcbInfo.json", ATLS_INTEL_TCB_INFO, 6, 0},
        {"openenclave/tcbinfo_v2/tcbInfo.json", ATLS_INTEL_TCB_INFO, 7, 0},
        {"openenclave/tcbinfo_v2/tcbInfo_with_pceid.json", ATLS_INTEL_TCB_INFO, 7, 0},
        {"openenclave/tcbinfo_v2/tcbInfoAdvisoryIds.json", ATLS_INTEL_TCB_INFO, 5, 0},
        {"automata/sgx_qeidentity_v4.json", ATLS_INTEL_IDENTITY, 6, 0},
        {"trustee/enclaveIdentity.json", ATLS_INTEL_IDENTITY, 1, 0},
        {"intel-qvl-sgx/qeIdentity.json", ATLS_INTEL_IDENTITY, 1, 0},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        struct atls_intel_json json;
        assert_err(read_file(&json, files[i].name), OK);
        assert_int_equal(json.kind, files[i].kind);
        const bool is_info = json.kind == ATLS_INTEL_TCB_INFO;
        const struct atls_intel_levels *levels =
            is_info ? &json.as.tcb.levels : &json.as.identity.levels;
        assert_int_equal(levels->num, files[i].num_levels);
        assert_int_equal(is_info ? json.as.tcb.num_modules : 0, files[i].num_modules);
        atls_intel_json_cleanup(&json);
    }
}

static void files_that_were_made_wrong_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Float",
        "IntegerOverflow",
        "InvalidIssueDate",
        "PceSvn",
        "InvalidNextUpdate",
        "PropertyMissingLevel0",
        "PropertyMissingLevel2",
        "PropertyMissingLevel3",
        "PropertyWrongTypeLevel1",
        "PropertyWrongTypeLevel2",
        "Signature",
        "StringEscape",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        char name[128];
        struct atls_intel_json json;
        snprintf(name, sizeof name, "openenclave/tcbinfo_v2/tcbInfoNegative%s.json", names[i]);
        assert_err(read_file(&json, name), MALFORMED);
    }
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_intel_are_read),
        cmocka_unit_test(files_that_were_made_wrong_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
