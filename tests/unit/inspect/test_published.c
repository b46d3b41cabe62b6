/* SPDX-License-Identifier: Apache-2.0 */
/* Files of other makers: each is recognised as what its index says, or refused with a sentence. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "inspect_test.h"
#include "published.h"

#include <ftw.h>

#define VECTORS TEST_SHARED_DIR "/vectors/"

static void check_file(const struct published *row)
{
    char path[400];
    char problem[500];
    struct said said;
    (void)snprintf(path, sizeof path, "%s%s", VECTORS, row->path);
    say(&said, test_file(path));
    const char *kind = row->kind != NULL ? row->kind : "";
    (void)snprintf(problem, sizeof problem, ": %s\n", row->problem != NULL ? row->problem : "");
    const bool right = strcmp(said.kind, kind) == 0 &&
                       (said.err == ATLS_OK) == (row->kind != NULL && row->problem == NULL) &&
                       (row->problem == NULL || strstr(said.text, problem) != NULL) &&
                       (row->kind != NULL || strstr(said.text, "(format: found ") != NULL);
    if (!right) {
        print_error("%s: found %s, expected %s with %s\n%s", row->path, said.kind, kind,
                    row->problem != NULL ? row->problem : "no problem", said.text);
        fail();
    }
    free(said.text);
}

static void every_file_is_what_its_index_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(published); i++) {
        check_file(&published[i]);
    }
}

static size_t unknown;

static int check_known(const char *path, const struct stat *info, int type, struct FTW *where)
{
    const size_t len = strlen(path);
    (void)info;
    (void)where;
    if (type != FTW_F || (len > 5 && strcmp(&path[len - 5], ".diag") == 0)) {
        return 0;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(published); i++) {
        if (strcmp(&path[strlen(VECTORS)], published[i].path) == 0) {
            return 0;
        }
    }
    print_error("no row for %s\n", path);
    unknown++;
    return 0;
}

static void no_file_is_left_out(void **state)
{
    static const char *const folders[] = {
        "01-sev-snp", "02-tdx-sgx", "03-arm-cca", "04-psa",      "05-parsec-tpm", "06-aws-nitro",
        "07-ear",     "08-corim",   "09-cmw",     "10-eat-uccs", "11-ratls-dice", "12-cose-tls",
    };
    (void)state;
    unknown = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(folders); i++) {
        char path[400];
        (void)snprintf(path, sizeof path, "%s%s", VECTORS, folders[i]);
        assert_int_equal(nftw(path, check_known, 16, FTW_PHYS), 0);
    }
    assert_int_equal(unknown, 0);
}

/* Reports of processors are not in the folders above; their fields lie where the index says. */
static void reports_of_processors_are_explained(void **state)
{
    (void)state;
    assert_says(test_file(VECTORS "01-sev-snp/milan-v3-vlek/report.bin"), "snp-report (SEV-SNP");
    assert_says(test_file(VECTORS "01-sev-snp/milan-v3-vlek/report.bin"), "VMPL: 1 (0x1)");
    assert_says(test_file(VECTORS "01-sev-snp/milan-v2-debug/report.bin"), "(0xb0000, SMT, DEBUG)");
    assert_says(test_file(VECTORS "01-sev-snp/milan-v2-virtee/report.hex"),
                "hex, SEV-SNP attestation report: 2368 octets, no problem");
    assert_says(test_file(VECTORS "01-sev-snp/genoa-v3-tsm/tsm-report.cbor"),
                "  CPUID_MOD_ID: 17 (");
    assert_says(test_file(VECTORS "01-sev-snp/genoa-v3-tsm/tsm-report.json"),
                "  CPUID_MOD_ID: 17 (");
    assert_says(test_file(VECTORS "01-sev-snp/milan-v3-oak/vcek.der"), "AMD ucodeSPL");
    assert_says(test_file(VECTORS "02-tdx-sgx/phala/sgx_quote.bin"),
                "(\"Hello, world!\" and zeros)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_what_its_index_says),
        cmocka_unit_test(no_file_is_left_out),
        cmocka_unit_test(reports_of_processors_are_explained),
    };
    TEST_NEED_SHARED();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
