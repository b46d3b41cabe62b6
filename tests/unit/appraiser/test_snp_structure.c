/* SPDX-License-Identifier: Apache-2.0 */
/* The form of SNP Evidence: what is refused before any key is looked at. */
#include "scene.h"

#include "appraiser/snp/snp.h"
#include "codec/tsm_report.h"
#include "support/snp_maker.h"

static const struct atls_bytes none = {NULL, 0};
static struct atls_bytes report, table;

static enum atls_err parse(struct atls_bytes evidence, const char *media_type,
                           struct atls_diag *diag)
{
    ATLS_AUTO(atls_snp_parsed_cleanup) struct atls_snp_parsed *parsed = NULL;
    memset(diag, 0, sizeof *diag);
    const enum atls_err err = atls_snp_parse(&parsed, evidence, atls_bytes_text(media_type), diag);
    assert_int_equal(err, diag->err);
    assert_true((err == ATLS_OK) == (parsed != NULL));
    return err;
}

/* with gives the report with octets of it changed. */
static struct atls_bytes with(size_t at, const char *hex)
{
    const struct atls_bytes octets = test_hex(hex);
    const struct atls_bytes changed = test_copy(report);
    memcpy((void *)(uintptr_t)&changed.data[at], octets.data, octets.len);
    return changed;
}

static void assert_report(size_t at, const char *hex, enum atls_err expected, const char *claim)
{
    struct atls_diag diag;
    const enum atls_err err =
        parse(test_snp_wrap(ATLS_TSM_SEV_GUEST, with(at, hex), table), "", &diag);
    if (err != expected || strcmp(diag.claim, claim) != 0) {
        fail_msg("%s at %zu: %s, %s", hex, at, atls_err_name(err), diag.claim);
    }
}

static void every_label_of_the_format_is_taken(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct atls_bytes evidence = test_snp_wrap(ATLS_TSM_SEV_GUEST, report, table);
    assert_err(parse(evidence, "", &diag), OK);
    assert_err(parse(evidence, ATLS_TSM_MEDIA_TYPE, &diag), OK);
    assert_err(parse(evidence, ATLS_TSM_MEDIA_TYPE "; provider=\"sev_guest\"", &diag), OK);
    assert_err(parse(evidence, ATLS_TSM_MEDIA_TYPE "; provider=sev_guest", &diag), OK);
    assert_err(parse(evidence, ATLS_TSM_MEDIA_TYPE "; provider=\"tdx_guest\"", &diag),
               EVIDENCE_TYPE);
    assert_string_equal(diag.claim, "media type");
    assert_err(parse(evidence, "application/eat+cwt", &diag), EVIDENCE_TYPE);
}

static void another_provider_is_refused_whatever_the_label_says(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(parse(test_snp_wrap(ATLS_TSM_TDX_GUEST, report, table), "", &diag), EVIDENCE_TYPE);
    assert_string_equal(diag.claim, "provider");
    assert_string_equal(diag.found, "tdx_guest");
}

static void a_report_of_a_service_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct atls_tsm_report map = {.provider = atls_bytes_text(ATLS_TSM_SEV_GUEST),
                                        .outblob = report,
                                        .auxblob = table,
                                        .manifestblob = test_hex("01"),
                                        .service_provider = atls_bytes_text("svsm")};
    const struct atls_buf room = test_room(16384);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_tsm_report_put(&w, &map);
    assert_true(atls_writer_finish(&w, &len));
    assert_err(parse(atls_bytes_of(room.data, len), "", &diag), EVIDENCE_TYPE);
    assert_string_equal(diag.claim, "service_provider");
}

static void every_reserved_octet_and_bit_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *hex, *claim;
    } cases[] = {
        {0x000, "04", "VERSION"},
        {0x000, "01", "VERSION"},
        {0x000, "0300000100", "VERSION"},
        {0x034, "00", "SIGNATURE_ALGO"},
        {0x034, "02", "SIGNATURE_ALGO"},
        {0x00a, "01", "POLICY"}, /* bit 17 */
        {0x00b, "04", "POLICY"}, /* bit 26 */
        {0x00f, "80", "POLICY"},
        {0x047, "80", "PLATFORM_INFO"},
        {0x041, "01", "PLATFORM_INFO"},
        {0x048, "20", "KEY_INFO"},
        {0x04b, "80", "KEY_INFO"},
        {0x04c, "01", "reserved octets at 04c"},
        {0x04f, "01", "reserved octets at 04c"},
        {0x18b, "01", "reserved octets at 18b"},
        {0x19f, "80", "reserved octets at 18b"},
        {0x1eb, "01", "reserved octet at 1eb"},
        {0x1ef, "01", "reserved octet at 1ef"},
        {0x1f8, "01", "reserved octets at 1f8"}, /* version 3 */
        {0x207, "01", "reserved octets at 1f8"},
        {0x208, "01", "reserved octets at 208"},
        {0x29f, "01", "reserved octets at 208"},
        {0x2d0, "01", "upper octets of SIGNATURE.R"},
        {0x2e7, "01", "upper octets of SIGNATURE.R"},
        {0x318, "01", "upper octets of SIGNATURE.S"},
        {0x32f, "01", "upper octets of SIGNATURE.S"},
        {0x330, "01", "reserved octets of SIGNATURE"},
        {0x49f, "01", "reserved octets of SIGNATURE"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        assert_report(cases[i].at, cases[i].hex, ATLS_ERR_EVIDENCE_MALFORMED, cases[i].claim);
    }
}

static void an_unsigned_report_is_refused(void **state)
{
    (void)state;
    assert_report(0x048, "1c", ATLS_ERR_SIGNATURE, "SIGNING_KEY"); /* 7: none */
    assert_report(0x048, "08", ATLS_ERR_SIGNATURE, "SIGNING_KEY");
}

static void versions_have_their_own_fields(void **state)
{
    (void)state;
    assert_report(0x000, "02", ATLS_ERR_EVIDENCE_MALFORMED, "reserved octets at 188");
    assert_report(0x000, "05", ATLS_OK, "");
    struct atls_snp_report read;
    const struct atls_bytes v5 = with(0x1f8, "0102030405060708 1112131415161718");
    ((uint8_t *)(uintptr_t)v5.data)[0] = 5;
    assert_err(atls_snp_report_read(&read, v5, NULL), OK);
    assert_true(read.launch_mit_vector == UINT64_C(0x0807060504030201));
    assert_true(read.current_mit_vector == UINT64_C(0x1817161514131211));
    assert_int_equal(read.family, 0x19);
    assert_int_equal(read.policy, 0x30000);
    assert_int_equal(read.current_version[0], 1);
    assert_int_equal(read.current_version[1], 0x37);
    assert_int_equal(read.current_version[2], 0x1d);
}

static void a_report_of_another_length_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct atls_bytes longer = test_room(1185).data != NULL ? test_fill(0, 1185) : none;
    assert_err(parse(test_snp_wrap("sev_guest", longer, table), "", &diag), EVIDENCE_MALFORMED);
    assert_string_equal(diag.claim, "octets of the report");
    for (size_t len = 1; len < report.len; len += 7) {
        assert_err(
            parse(test_snp_wrap("sev_guest", atls_bytes_of(report.data, len), table), "", &diag),
            EVIDENCE_MALFORMED);
    }
}

/* entry gives 24 octets: a GUID by its first octet, offset and length. */
#define VCEK  "63da758de6644564adc5f4b93be8accd"
#define ASK   "4ab7b379bbac4fe4a02f05aef327c782"
#define OTHER "00112233445566778899aabbccddeeff"
#define END   "000000000000000000000000000000000000000000000000"

static enum atls_err read_table(struct atls_snp_table *out, const char *hex)
{
    return atls_snp_table_read(out, test_hex(hex), NULL);
}

static void the_entries_of_a_table_are_found(void **state)
{
    (void)state;
    struct atls_snp_table t;
    assert_err(atls_snp_table_read(&t, none, NULL), OK);
    assert_int_equal(t.vcek.len, 0);
    assert_err(read_table(&t, END), OK);
    assert_err(read_table(&t, VCEK "48000000 02000000" ASK "4a000000 01000000" END "aabbcc"), OK);
    assert_bytes(t.vcek, test_hex("aabb"));
    assert_bytes(t.ask, test_hex("cc"));
    assert_int_equal(t.ark.len, 0);
    /* Any order, and what has no meaning here. */
    assert_err(read_table(&t, OTHER "49000000 02000000" ASK "48000000 01000000" END "aabbcc"), OK);
    assert_bytes(t.ask, test_hex("aa"));
}

static void a_table_that_does_not_hold_together_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "00",                                                          /* no entry */
        VCEK "30000000 00000000",                                      /* no end */
        VCEK "18000000 01000000" END "aa",                             /* inside the table */
        VCEK "2f000000 01000000" END "aa",                             /* inside the table */
        VCEK "30000000 02000000" END "aa",                             /* past the end */
        VCEK "31000000 01000000" END "aa",                             /* past the end */
        VCEK "ffffffff ffffffff" END "aa",                             /* sum beyond 2^32 */
        VCEK "30000000 ffffffff" END "aa",                             /* past the end */
        VCEK "48000000 02000000" ASK "49000000 02000000" END "aabbcc", /* overlap */
        VCEK "48000000 01000000" VCEK "49000000 01000000" END "aabb",  /* twice */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_snp_table t = {.vcek = {NULL, 99}};
        if (read_table(&t, cases[i]) != ATLS_ERR_EVIDENCE_MALFORMED) {
            fail_msg("case %zu is not refused", i);
        }
        assert_int_equal(t.vcek.len, 99);
    }
}

static void a_table_has_16_entries_at_most(void **state)
{
    (void)state;
    uint8_t octets[24 * 18] = {0};
    struct atls_snp_table t;
    for (size_t num = 15; num <= 17; num++) {
        memset(octets, 0, sizeof octets);
        for (size_t i = 0; i < num; i++) {
            octets[24 * i] = 0x99;
            octets[24 * i + 16] = 0xb0; /* 432: at the end, and empty */
            octets[24 * i + 17] = 0x01;
        }
        const enum atls_err err =
            atls_snp_table_read(&t, test_copy(atls_bytes_of(octets, sizeof octets)), NULL);
        assert_int_equal(err == ATLS_OK, num <= 16);
    }
}

static void read_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_snp_table t = {.vcek = {NULL, 0}};
    (void)at;
    (void)context;
    if (atls_snp_table_read(&t, mutant, NULL) == ATLS_OK && t.vcek.len != 0) {
        assert_true(t.vcek.data >= mutant.data &&
                    t.vcek.data + t.vcek.len <= mutant.data + mutant.len);
    }
}

static void mutants_of_a_table_are_read_within_bounds(void **state)
{
    (void)state;
    const struct atls_bytes small =
        test_hex(VCEK "48000000 02000000" ASK "4a000000 01000000" END "aabbcc");
    test_each_truncation(small, read_mutant, NULL);
    test_each_bit_flip(small, read_mutant, NULL);
}

static void refuse_cut(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_diag diag;
    (void)context;
    if (parse(mutant, "", &diag) == ATLS_OK) {
        fail_msg("accepted when cut to %zu octets", at);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    test_each_truncation(test_snp_wrap(ATLS_TSM_SEV_GUEST, report, none), refuse_cut, NULL);
}

int main(void)
{
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    report = test_snp_report(&snp);
    table = none;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_label_of_the_format_is_taken),
        cmocka_unit_test(another_provider_is_refused_whatever_the_label_says),
        cmocka_unit_test(a_report_of_a_service_is_refused),
        cmocka_unit_test(every_reserved_octet_and_bit_is_looked_at),
        cmocka_unit_test(an_unsigned_report_is_refused),
        cmocka_unit_test(versions_have_their_own_fields),
        cmocka_unit_test(a_report_of_another_length_is_refused),
        cmocka_unit_test(the_entries_of_a_table_are_found),
        cmocka_unit_test(a_table_that_does_not_hold_together_is_refused),
        cmocka_unit_test(a_table_has_16_entries_at_most),
        cmocka_unit_test(mutants_of_a_table_are_read_within_bounds),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
