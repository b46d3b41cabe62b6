/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of real machines that other projects have published, with AMD's own certificates. */
#include "scene.h"

#include "codec/tsm_report.h"
#include "endorsement/collateral.h"
#include "json/base64.h"
#include "support/file.h"
#include "support/snp_maker.h"

#include <stdio.h>

#define DATA TEST_SHARED_DIR "/vectors/01-sev-snp/"

static const struct atls_bytes none = {NULL, 0};

/* One report, when it was made, and what comes of it without reference values. */
struct published {
    const char *report;
    const char *chain[3]; /* files that are loaded; NULL-terminated unless full */
    int64_t now_s;
    bool debug;
    int8_t configuration;
    const char *product;
};

/* clang-format off: one report a line */
static const struct published reports[] = {
    {"milan-v2-debug/report.bin",
     {"milan-v2-debug/vcek.der", "milan-v2-debug/ask-ark.pem"},
     1700000000,
     true,
     32,
     "Milan"},
    {"milan-v2-azure/report.bin",
     {"milan-v2-azure/vcek.der", "ca/milan_ask_ark_asvk.pem"},
     1700000000,
     false,
     2,
     "Milan"},
    {"milan-v2-virtee/report.hex",
     {"milan-v2-virtee/vcek.der", "ca/milan_ask_ark_asvk.pem"},
     1700000000,
     false,
     2,
     "Milan"},
    {"milan-v3-oak/report.bin",
     {"milan-v3-oak/vcek.der", "ca/milan_ask_ark_asvk.pem"},
     1750000000,
     false,
     2,
     "Milan"},
    {"milan-v3-vlek/report.bin",
     {"milan-v3-vlek/vlek.der", "ca/milan_ask_ark_asvk.pem"},
     1750000000,
     false,
     96,
     "Milan"}, /* VMPL 1 */
};
/* clang-format on */

static struct atls_bytes read_report(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, DATA "%s", name);
    const struct atls_bytes file = test_file(path);
    if (file.len == 1184) {
        return file;
    }
    const struct atls_buf room = test_room(1184);
    size_t len = 0;
    size_t digits = file.len;
    while (digits > 0 && file.data[digits - 1] == '\n') {
        digits--;
    }
    assert_true(atls_hex_decode(atls_bytes_of(file.data, digits), room, &len));
    assert_int_equal(len, 1184);
    return atls_bytes_of(room.data, len);
}

static struct atls_endorsements *load(const char *const *files, size_t max, int64_t now_s)
{
    struct atls_endorsements *set = test_endorsements();
    for (size_t i = 0; i < max && files[i] != NULL; i++) {
        char path[512];
        struct atls_diag diag;
        snprintf(path, sizeof path, DATA "%s", files[i]);
        if (atls_endorsements_load_at(set, path, now_s, &diag) != ATLS_OK) {
            fail_msg("%s: %s %s %s", path, diag.claim, diag.found, diag.expected);
        }
    }
    return set;
}

static void begin(struct scene *s, const struct published *p, struct atls_bytes report)
{
    scene_init(s, load(p->chain, ATLS_ARRAY_LEN(p->chain), p->now_s),
               atls_bytes_of(&report.data[0x50], 64));
    s->input.now_s = p->now_s;
    s->input.want_claims = true;
}

static void every_report_appraises_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(reports); i++) {
        const struct published *p = &reports[i];
        struct scene s;
        const struct atls_bytes report = read_report(p->report);
        begin(&s, p, report);
        const enum atls_err err =
            appraise(&s, &atls_appraiser_snp, test_snp_wrap(ATLS_TSM_SEV_GUEST, report, none));
        if (err != ATLS_OK) {
            fail_msg("%s: %s %s %s %s", p->report, atls_err_name(err), s.diag.claim, s.diag.found,
                     s.diag.expected);
        }
        assert_int_equal(s.submod.debug, p->debug);
        /* Nobody has published AMD's list of that time, and there are no reference values. */
        assert_vector(&s, 32, p->configuration, 33, 0, 2, p->debug ? 96 : 2, 0, 0);
        assert_false(s.submod.simulated);
        assert_non_null(strstr(s.submod.claims_json, p->product));
        scene_cleanup(&s);
    }
}

static void a_report_of_real_hardware_is_refused_when_a_bit_of_it_changes(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_bytes report = read_report(reports[3].report);
    begin(&s, &reports[3], report);
    for (size_t at = 0; at < 1184; at += 11) {
        const struct atls_bytes changed = test_copy(report);
        ((uint8_t *)(uintptr_t)changed.data)[at] ^= (uint8_t)(1u << at % 8);
        if (appraise(&s, &atls_appraiser_snp, test_snp_wrap("sev_guest", changed, none)) ==
            ATLS_OK) {
            fail_msg("accepted with octet %zu changed", at);
        }
    }
}

static void certificates_of_another_time_chip_or_maker_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *chain[3];
        int64_t now_s;
        enum atls_err err;
    } cases[] = {
        {{"milan-v3-oak/vcek.der", "ca/milan_ask_ark_asvk.pem"}, 1700000000, ATLS_ERR_CHAIN},
        {{"milan-v3-oak/vcek.der", "ca/milan_ask_ark_asvk.pem"}, 1970000000, ATLS_ERR_CHAIN},
        {{"milan-v2-virtee/vcek.der", "ca/milan_ask_ark_asvk.pem"},
         1750000000,
         ATLS_ERR_COLLATERAL},
        {{"milan-v3-oak/vcek.der", "ca/genoa_ask_ark_asvk.pem"}, 1750000000, ATLS_ERR_COLLATERAL},
        {{"milan-v3-oak/vcek.der"}, 1750000000, ATLS_ERR_COLLATERAL},
        {{"ca/milan_ask_ark_asvk.pem"}, 1750000000, ATLS_ERR_COLLATERAL},
    };
    const struct atls_bytes report = read_report(reports[3].report);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct scene s;
        scene_init(&s, load(cases[i].chain, 3, cases[i].now_s),
                   atls_bytes_of(&report.data[0x50], 64));
        s.input.now_s = cases[i].now_s;
        const enum atls_err err =
            appraise(&s, &atls_appraiser_snp, test_snp_wrap("sev_guest", report, none));
        if (err != cases[i].err) {
            fail_msg("case %zu: %s, %s %s", i, atls_err_name(err), s.diag.claim, s.diag.found);
        }
    }
}

/* table_with gives a table of one VCEK. */
static struct atls_bytes table_with(const char *file)
{
    static const uint8_t vcek[] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                   0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
    char path[512];
    snprintf(path, sizeof path, DATA "%s", file);
    const struct atls_bytes der = test_file(path);
    const struct atls_buf room = test_room(48 + der.len);
    memset(room.data, 0, 48);
    memcpy(room.data, vcek, sizeof vcek);
    room.data[16] = 48;
    room.data[20] = (uint8_t)der.len;
    room.data[21] = (uint8_t)(der.len >> 8);
    memcpy(&room.data[48], der.data, der.len);
    return atls_bytes_of(room.data, room.cap);
}

static void certificates_that_amd_has_not_signed_are_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"milan-v2-azure/vcek-invalid-legacy.der",
                                        "milan-v2-azure/vcek-invalid-new.der"};
    static const char *const chain[3] = {"ca/milan_ask_ark_asvk.pem"};
    const struct atls_bytes report = read_report("milan-v2-azure/report.bin");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        struct scene s;
        scene_init(&s, load(chain, 3, 1700000000), atls_bytes_of(&report.data[0x50], 64));
        s.input.now_s = 1700000000;
        const enum atls_err err = appraise(
            &s, &atls_appraiser_snp, test_snp_wrap("sev_guest", report, table_with(files[i])));
        assert_int_not_equal(err, ATLS_OK);
        assert_int_equal(atls_err_fault(err), ATLS_FAULT_POLICY);
    }
}

/* The kernel's own report, with what the host sent: nothing is loaded, and AMD's key is known. */
static void a_table_of_certificates_in_pem_is_enough(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_bytes evidence = test_file(DATA "genoa-v3-tsm/tsm-report.cbor");
    static const char nonce[] = "MIDBNH28iioisjPyxxxxxxxxxxxxxxxxMIDBNH28iioisjPyxxxxxxxxxxxxxxxx";
    scene_init(&s, test_endorsements(), atls_bytes_text(nonce));
    s.input.now_s = 1760000000;
    s.input.media_type = atls_bytes_text(ATLS_TSM_MEDIA_TYPE);
    const enum atls_err err = appraise(&s, &atls_appraiser_snp, evidence);
    if (err != ATLS_OK) {
        fail_msg("%s %s %s %s", atls_err_name(err), s.diag.claim, s.diag.found, s.diag.expected);
    }
    assert_vector(&s, 32, 2, 33, 0, 2, 2, 0, 0);
    assert_false(s.submod.simulated);
    /* Too early for the VCEK, and with another nonce. */
    s.input.now_s = 1740000000;
    assert_err(appraise(&s, &atls_appraiser_snp, evidence), CHAIN);
    s.input.now_s = 1760000000;
    s.input.expected_nonce = test_fill('x', 64);
    assert_refused(&s, appraise(&s, &atls_appraiser_snp, evidence), FRESHNESS, "REPORT_DATA");
}

/* CoRIMs of Veraison: the values of theirs are of another guest than their Evidence. */
static void reference_values_of_others_are_held_against_it(void **state)
{
    (void)state;
    struct scene s;
    static const char *const files[3] = {"genoa-v3-tsm/corim-sevsnp-valid.cbor"};
    static const char nonce[] = "MIDBNH28iioisjPyxxxxxxxxxxxxxxxxMIDBNH28iioisjPyxxxxxxxxxxxxxxxx";
    scene_init(&s, load(files, 3, 1760000000), atls_bytes_text(nonce));
    s.input.now_s = 1760000000;
    const struct atls_bytes evidence = test_file(DATA "genoa-v3-tsm/tsm-report.cbor");
    assert_err(appraise(&s, &atls_appraiser_snp, evidence), OK);
    assert_vector(&s, 32, 96, 3, 0, 96, 2, 0, 0);
    assert_string_equal(s.submod.reason.claim, "VERSION"); /* 3, and 2 in the CoRIM */
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_report_appraises_as_published),
        cmocka_unit_test(a_report_of_real_hardware_is_refused_when_a_bit_of_it_changes),
        cmocka_unit_test(certificates_of_another_time_chip_or_maker_are_refused),
        cmocka_unit_test(certificates_that_amd_has_not_signed_are_refused),
        cmocka_unit_test(a_table_of_certificates_in_pem_is_enough),
        cmocka_unit_test(reference_values_of_others_are_held_against_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
