/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence in no CMW: told apart by its octets, and put into the CMW of its format. */
#include "verifier/bare.h"

#include "base/span.h"
#include "codec/cmw.h"
#include "codec/tsm_report.h"
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"
#include "support/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const formats[] = {"psa", "tpm2", "kat", "nitro", "snp", "tdx", "sgx"};

/* raw_of gives the quote or report in the map of a sample. */
static struct atls_bytes raw_of(const struct test_sample *sample)
{
    struct atls_tsm_report report;
    struct atls_cbor map;
    struct atls_cbor member;
    struct atls_bytes quote;
    if (atls_tsm_report_parse(&report, sample->evidence, NULL) == ATLS_OK) {
        return report.outblob;
    }
    assert_err(atls_cbor_parse(&map, sample->evidence, ATLS_CBOR_STRICT, "test", NULL), OK);
    assert_true(atls_cbor_get_text(&map, "quote", &member));
    assert_true(atls_cbor_bytes(&member, 1, SIZE_MAX, &quote));
    return quote;
}

/* value_of gives what a CMW that was made of bare Evidence holds; the caller frees *out. */
static struct atls_bytes value_of(uint8_t **out, const struct atls_format *format,
                                  struct atls_bytes evidence)
{
    struct atls_cmw cmw;
    size_t len = 0;
    assert_err(atls_bare_wrap(out, &len, format, evidence, NULL), OK);
    assert_err(atls_cmw_parse(&cmw, atls_bytes_of(*out, len), NULL), OK);
    return atls_cmw_evidence(&cmw);
}

static void every_format_is_known_by_its_octets_and_put_into_its_cmw(void **state)
{
    (void)state;
    static struct test_sample samples[TEST_MAX_SAMPLES];
    for (size_t f = 0; f < ATLS_ARRAY_LEN(formats); f++) {
        const size_t num = test_samples(samples, TEST_SOURCE_DIR, formats[f]);
        for (size_t i = 0; i < num; i++) {
            const struct atls_format *format = atls_bare_format(samples[i].evidence);
            assert_non_null(format);
            assert_string_equal(format->name, formats[f]);
            uint8_t *cmw = NULL;
            assert_bytes(value_of(&cmw, format, samples[i].evidence), samples[i].evidence);
            free(cmw);
        }
    }
}

static void raw_quotes_and_reports_are_put_into_a_map_first(void **state)
{
    (void)state;
    static struct test_sample samples[TEST_MAX_SAMPLES];
    for (size_t f = 4; f < ATLS_ARRAY_LEN(formats); f++) {
        const size_t num = test_samples(samples, TEST_SOURCE_DIR, formats[f]);
        for (size_t i = 0; i < num; i++) {
            const struct atls_bytes raw = raw_of(&samples[i]);
            const struct atls_format *format = atls_bare_format(raw);
            assert_non_null(format);
            assert_string_equal(format->name, formats[f]);
            struct test_sample again = samples[i];
            uint8_t *cmw = NULL;
            again.evidence = value_of(&cmw, format, raw);
            assert_bytes(raw_of(&again), raw);
            free(cmw);
        }
    }
}

static void reports_in_json_are_those_of_the_map(void **state)
{
    (void)state;
    static const char good[] = "{\"outblob\":\"AQID\",\"auxblob\":\"BA\",\"provider\":\"%s\"}";
    static const char *const bad[] = {
        "{\"outblob\":\"AQID\"}",
        "{\"provider\":\"sev_guest\"}",
        "{\"outblob\":\"\",\"provider\":\"sev_guest\"}",
        "{\"outblob\":\"AQ==\",\"provider\":\"sev_guest\"}",
        "{\"outblob\":3,\"provider\":\"sev_guest\"}",
        "{\"outblob\":\"AQID\",\"provider\":\"sev_guest\",\"x\":1}",
        "{\"outblob\":\"AQID\",\"auxblob\":\"!\",\"provider\":\"sev_guest\"}",
        "{\"outblob\":\"AQID\",\"provider\":\"sev_guest\"",
        "{",
    };
    struct atls_tsm_report report;
    char text[200];
    uint8_t *cmw = NULL;
    size_t len = 0;
    snprintf(text, sizeof text, good, "sev_guest\\n");
    const struct atls_format *snp = atls_bare_format(atls_bytes_text(text));
    assert_non_null(snp);
    assert_string_equal(snp->name, "snp");
    const struct atls_bytes value = value_of(&cmw, snp, atls_bytes_text(text));
    assert_err(atls_tsm_report_parse(&report, value, NULL), OK);
    assert_text(report.provider, "sev_guest");
    assert_bytes(report.outblob, test_hex("010203"));
    assert_bytes(report.auxblob, test_hex("04"));
    free(cmw);
    cmw = NULL;
    snprintf(text, sizeof text, good, "tdx_guest");
    assert_string_equal(atls_bare_format(atls_bytes_text(text))->name, "tdx");
    snprintf(text, sizeof text, good, "arm_cca_guest");
    assert_null(atls_bare_format(atls_bytes_text(text)));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct atls_diag diag;
        assert_null(atls_bare_format(atls_bytes_text(bad[i])));
        assert_err(atls_bare_wrap(&cmw, &len, snp, atls_bytes_text(bad[i]), &diag),
                   EVIDENCE_MALFORMED);
        assert_null(cmw);
    }
}

/* Whoever asks for it raw gets no look at what it is: another's map stays what it was. */
static void what_is_called_raw_is_taken_for_it(void **state)
{
    (void)state;
    static struct test_sample samples[TEST_MAX_SAMPLES];
    struct atls_cmw parsed;
    struct atls_tsm_report report;
    uint8_t *cmw = NULL;
    size_t len = 0;
    assert_true(test_samples(samples, TEST_SOURCE_DIR, "snp") > 0);
    assert_err(atls_bare_wrap_raw(&cmw, &len, samples[0].format, samples[0].evidence, NULL), OK);
    assert_err(atls_cmw_parse(&parsed, atls_bytes_of(cmw, len), NULL), OK);
    assert_err(atls_tsm_report_parse(&report, parsed.value, NULL), OK);
    assert_bytes(report.outblob, samples[0].evidence);
    free(cmw);
}

static void other_octets_are_of_no_format(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "00",
        "a0",
        "a1617801",
        "83",
        "30820101",
        "020002000000000000000000939a7233f79c4ca9940a0db3957f06070000000000000000000000000000000000"
        "000000",
        "060002008100000000000000939a7233f79c4ca9940a0db3957f06070000000000000000000000000000000000"
        "000000",
        "040002008200000000000000939a7233f79c4ca9940a0db3957f06070000000000000000000000000000000000"
        "000000",
        "0400020081000000",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        const struct atls_format *format = atls_bare_format(test_hex(others[i]));
        if (format != NULL) {
            fail_msg("%s: %s", others[i], format->name);
        }
    }
}

/* one_or_none: whatever it seems to be, only an appraiser says what it is. */
static void one_or_none(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    const struct atls_format *format = atls_bare_format(mutant);
    assert_true(format == NULL || format == context ||
                atls_format_by_name(atls_bytes_text(format->name)) == format);
}

static void mutants_are_one_or_none(void **state)
{
    (void)state;
    static struct test_sample samples[TEST_MAX_SAMPLES];
    static const char *const small[] = {"psa", "tpm2"};
    for (size_t f = 0; f < ATLS_ARRAY_LEN(small); f++) {
        assert_true(test_samples(samples, TEST_SOURCE_DIR, small[f]) > 0);
        test_each_mutant(samples[0].evidence, one_or_none, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_known_by_its_octets_and_put_into_its_cmw),
        cmocka_unit_test(raw_quotes_and_reports_are_put_into_a_map_first),
        cmocka_unit_test(reports_in_json_are_those_of_the_map),
        cmocka_unit_test(what_is_called_raw_is_taken_for_it),
        cmocka_unit_test(other_octets_are_of_no_format),
        cmocka_unit_test(mutants_are_one_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
