/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "codec/cmw.h"
#include "codec/tsm_report.h"

/* Members as hex: 67 617578626c6f62 "auxblob", 67 6f7574626c6f62 "outblob", ... */
#define AUX            "67617578626c6f62"
#define OUT            "676f7574626c6f62"
#define PROVIDER       "6870726f7669646572"
#define MANIFEST       "6c6d616e6966657374626c6f62"
#define SERVICE        "70736572766963655f70726f7669646572"
#define SEV_GUEST      "697365765f6775657374"
#define SEV_GUEST_LINE "6a7365765f67756573740a"
#define SVSM           "647376736d"
#define SHORTEST       "a2 " OUT "42 0102" PROVIDER SEV_GUEST
#define EVERYTHING                                                                                 \
    "a5" AUX "43 aabbcc" OUT "42 0102" PROVIDER SEV_GUEST_LINE MANIFEST "41 77" SERVICE            \
    "657376736d0a"

static void assert_refused(const char *hex, const char *claim)
{
    struct atls_tsm_report report = {.outblob = {NULL, 99}};
    struct atls_diag diag = {0};
    if (atls_tsm_report_parse(&report, test_hex(hex), &diag) == ATLS_OK) {
        fail_msg("%s: accepted", hex);
    }
    assert_err(diag.err, MALFORMED);
    assert_string_equal(diag.step, "TSM report");
    assert_string_equal(diag.claim, claim);
    assert_int_equal(report.outblob.len, 99);
}

static void every_member_is_read_without_newlines(void **state)
{
    (void)state;
    struct atls_tsm_report report;
    assert_err(atls_tsm_report_parse(&report, test_hex(EVERYTHING), NULL), OK);
    assert_text(report.provider, ATLS_TSM_SEV_GUEST);
    assert_bytes(report.outblob, test_hex("0102"));
    assert_bytes(report.auxblob, test_hex("aabbcc"));
    assert_bytes(report.manifestblob, test_hex("77"));
    assert_text(report.service_provider, "svsm");
}

static void provider_and_outblob_are_enough_in_any_order(void **state)
{
    (void)state;
    struct atls_tsm_report report;
    assert_err(atls_tsm_report_parse(&report, test_hex(SHORTEST), NULL), OK);
    assert_text(report.provider, ATLS_TSM_SEV_GUEST);
    assert_int_equal(report.auxblob.len, 0);
    assert_int_equal(report.service_provider.len, 0);
    assert_err(atls_tsm_report_parse(&report, test_hex("a2" PROVIDER SEV_GUEST OUT "41 09"), NULL),
               OK);
    assert_bytes(report.outblob, test_hex("09"));
    /* An attribute that is there and empty says no more than one that is not. */
    assert_err(atls_tsm_report_parse(
                   &report, test_hex("a3" AUX "40" OUT "42 0102" PROVIDER SEV_GUEST), NULL),
               OK);
    assert_int_equal(report.auxblob.len, 0);
}

static void only_one_newline_is_the_kernels(void **state)
{
    (void)state;
    struct atls_tsm_report report;
    assert_err(atls_tsm_report_parse(
                   &report, test_hex("a2" OUT "41 01" PROVIDER "6b7365765f67756573740a0a"), NULL),
               OK);
    assert_text(report.provider, "sev_guest\n");
}

static void what_is_no_report_is_refused(void **state)
{
    (void)state;
    assert_refused("80", "");
    assert_refused("d90259" SHORTEST, "");
    assert_refused("a0", "provider");
    assert_refused("a1" OUT "420102", "provider");
    assert_refused("a2" OUT "420102" PROVIDER "610a", "provider");
    assert_refused("a2" OUT "420102" PROVIDER "60", "provider");
    assert_refused("a2" OUT "420102" PROVIDER "497365765f6775657374", "provider");
    assert_refused("a1" PROVIDER SEV_GUEST, "outblob");
    assert_refused("a2" OUT "40" PROVIDER SEV_GUEST, "outblob");
    assert_refused("a2" OUT "623132" PROVIDER SEV_GUEST, "outblob");
    assert_refused("a3" AUX "6131" OUT "420102" PROVIDER SEV_GUEST, "auxblob");
    assert_refused("a3" AUX "f6" OUT "420102" PROVIDER SEV_GUEST, "auxblob");
    assert_refused("a3" OUT "420102" PROVIDER SEV_GUEST MANIFEST "4177", "service_provider");
    assert_refused("a4" OUT "420102" PROVIDER SEV_GUEST MANIFEST "6177" SERVICE SVSM,
                   "manifestblob");
    assert_refused("a3" OUT "420102" PROVIDER SEV_GUEST SERVICE "447376736d", "service_provider");
    assert_refused("a3" OUT "420102" PROVIDER SEV_GUEST "00 00", "member");
    assert_refused("a3" OUT "420102" PROVIDER SEV_GUEST "66696e626c6f62 4100", "member");
    assert_refused("a3" OUT "420102" OUT "420102" PROVIDER SEV_GUEST, "CBOR");
    assert_refused("bf" OUT "420102" PROVIDER SEV_GUEST "ff", "CBOR");
    assert_refused(SHORTEST "00", "CBOR");
}

/* with_provider gives a report whose provider has `len` letters. */
static struct atls_bytes with_provider(size_t len)
{
    const struct atls_buf room = test_room(128);
    struct atls_writer w = atls_writer_of(room);
    uint8_t letters[80];
    memset(letters, 'a', sizeof letters);
    atls_cbor_put_map(&w, 2);
    atls_cbor_put_str(&w, "outblob");
    atls_cbor_put_bytes(&w, test_hex("01"));
    atls_cbor_put_str(&w, "provider");
    atls_cbor_put_text(&w, atls_bytes_of(letters, len));
    size_t written = 0;
    assert_true(atls_writer_finish(&w, &written));
    return atls_bytes_of(room.data, written);
}

static void names_have_64_octets_at_most(void **state)
{
    (void)state;
    struct atls_tsm_report report;
    assert_err(atls_tsm_report_parse(&report, with_provider(63), NULL), OK);
    assert_err(atls_tsm_report_parse(&report, with_provider(64), NULL), OK);
    assert_err(atls_tsm_report_parse(&report, with_provider(65), NULL), MALFORMED);
}

static struct atls_bytes written(const struct atls_tsm_report *report)
{
    const struct atls_buf room = test_room(256);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_tsm_report_put(&w, report);
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static void what_is_written_is_deterministic_and_reads_the_same(void **state)
{
    (void)state;
    struct atls_tsm_report report;
    assert_err(atls_tsm_report_parse(&report, test_hex(EVERYTHING), NULL), OK);
    assert_bytes(written(&report), test_hex(EVERYTHING));
    assert_err(atls_tsm_report_parse(&report, test_hex(SHORTEST), NULL), OK);
    assert_bytes(written(&report), test_hex("a2" OUT "42 0102" PROVIDER SEV_GUEST_LINE));
}

static void a_name_that_leaves_no_room_for_its_newline_is_not_written(void **state)
{
    (void)state;
    struct atls_tsm_report report;
    struct atls_writer w = atls_writer_counting();
    size_t len = 0;
    assert_err(atls_tsm_report_parse(&report, with_provider(63), NULL), OK);
    atls_tsm_report_put(&w, &report);
    assert_true(atls_writer_finish(&w, &len));
    assert_err(atls_tsm_report_parse(&report, with_provider(64), NULL), OK);
    atls_tsm_report_put(&w, &report);
    assert_false(atls_writer_finish(&w, &len));
}

static void expect_refusal(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    struct atls_tsm_report report;
    if (atls_tsm_report_parse(&report, mutant, NULL) == ATLS_OK) {
        fail_msg("accepted when cut to %zu octets", at);
    }
}

/* What a flipped bit leaves a report still has both members that it cannot be without. */
static void expect_whole(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_tsm_report report;
    if (atls_tsm_report_parse(&report, mutant, NULL) == ATLS_OK) {
        assert_true(report.provider.len != 0 && report.outblob.len != 0);
        assert_true(report.outblob.data > mutant.data &&
                    report.outblob.data + report.outblob.len <= mutant.data + mutant.len);
    }
}

static void mutants_of_a_report_are_refused_or_read_within_bounds(void **state)
{
    (void)state;
    test_each_truncation(test_hex(EVERYTHING), expect_refusal, NULL);
    test_each_bit_flip(test_hex(EVERYTHING), expect_whole, NULL);
}

/* The parameter tells the formats of one media type apart. */
static void the_provider_of_a_media_type_is_a_parameter_like_any_other(void **state)
{
    (void)state;
    const struct atls_bytes snp = atls_bytes_text(ATLS_TSM_MEDIA_TYPE "; provider=\"sev_guest\"");
    static const char *const same[] = {
        ATLS_TSM_MEDIA_TYPE "; provider=sev_guest",
        ATLS_TSM_MEDIA_TYPE ";PROVIDER=\"sev_guest\"",
        "Application/Vnd.Veraison.TSM-Report+CBOR ; provider=\"sev\\_guest\"",
    };
    static const char *const other[] = {
        ATLS_TSM_MEDIA_TYPE,
        ATLS_TSM_MEDIA_TYPE "; provider=\"tdx_guest\"",
        ATLS_TSM_MEDIA_TYPE "; provider=\"SEV_GUEST\"",
        ATLS_TSM_MEDIA_TYPE "; provider=\"sev_guest \"",
        ATLS_TSM_MEDIA_TYPE "; provider=\"sev_guest\"; provider=\"sev_guest\"",
        ATLS_TSM_MEDIA_TYPE "; provider=\"sev_guest\"; v=1",
        "application/vnd.veraison.tsm-report+json; provider=\"sev_guest\"",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(same); i++) {
        assert_true(atls_media_type_equal(snp, atls_bytes_text(same[i])));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(other); i++) {
        assert_false(atls_media_type_equal(snp, atls_bytes_text(other[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read_without_newlines),
        cmocka_unit_test(provider_and_outblob_are_enough_in_any_order),
        cmocka_unit_test(only_one_newline_is_the_kernels),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(names_have_64_octets_at_most),
        cmocka_unit_test(what_is_written_is_deterministic_and_reads_the_same),
        cmocka_unit_test(a_name_that_leaves_no_room_for_its_newline_is_not_written),
        cmocka_unit_test(mutants_of_a_report_are_refused_or_read_within_bounds),
        cmocka_unit_test(the_provider_of_a_media_type_is_a_parameter_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
