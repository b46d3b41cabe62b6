/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence as Trustee wants it: put together again, as Trustee does, it is what was signed. */
#include "verifier/trustee_evidence.h"

#include "base/writer.h"
#include "codec/tsm_report.h"
#include "json/json.h"
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"
#include "trustee_report.h"

enum { ENTRY = 24 };

static const struct atls_format snp = {.name = "snp"}, tdx = {.name = "tdx"}, psa = {.name = "psa"};
static const uint8_t vcek_guid[16] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                      0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static struct atls_diag diag;
static json_t *made;

static int forget(void **state)
{
    (void)state;
    json_decref(made);
    made = NULL;
    return 0;
}

static struct atls_bytes tsm_of(const char *provider, struct atls_bytes outblob,
                                struct atls_bytes auxblob)
{
    static uint8_t room[16384];
    const struct atls_tsm_report report = {
        .provider = atls_bytes_text(provider), .outblob = outblob, .auxblob = auxblob};
    struct atls_writer w = atls_writer_of((struct atls_buf){room, sizeof room});
    size_t len = 0;
    atls_tsm_report_put(&w, &report);
    assert_true(atls_writer_finish(&w, &len));
    return test_copy(atls_bytes_of(room, len));
}

static enum atls_err make(const struct atls_format *format, struct atls_bytes evidence)
{
    forget(NULL);
    memset(&diag, 0, sizeof diag);
    const enum atls_err err = verifier_trustee_evidence(&made, format, evidence, &diag);
    assert_true((made != NULL) == (err == ATLS_OK));
    assert_int_equal(diag.err, err);
    return err;
}

static void assert_put_together(struct atls_bytes expected)
{
    uint8_t found[REPORT];
    put_together(found, json_object_get(made, "attestation_report"));
    assert_bytes(atls_bytes_of(found, sizeof found), expected);
}

/* fill makes a report in which every octet that means something is another one. */
static struct atls_bytes fill(uint8_t version, uint8_t family)
{
    static const struct {
        size_t at, len;
    } used[] = {{4, 8},   {16, 60}, {80, 312}, {416, 64}, {480, 3},
                {486, 5}, {492, 3}, {496, 3},  {502, 2},  {672, 144}};
    static uint8_t report[REPORT];
    memset(report, 0, sizeof report);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(used); i++) {
        for (size_t k = used[i].at; k < used[i].at + used[i].len; k++) {
            report[k] = (uint8_t)(k * 31 + k / 256 + 1);
        }
    }
    report[0] = version;
    report[71] = 0; /* more than 63 bits have no form */
    memset(report + 12, 0, 4);
    static const size_t tcbs[] = {56, 384, 480, 496};
    const bool turin = version >= 3 && family == 0x1a;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tcbs); i++) {
        memset(report + tcbs[i] + (turin ? 4 : 2), 0, turin ? 3 : 4);
        report[tcbs[i] + 3] = turin ? 77 : 0;
    }
    if (version >= 3) {
        report[392] = family;
        report[393] = 2;
        report[394] = 1;
    }
    if (version >= 5) {
        memset(report + 504, 0x35, 16);
    }
    return atls_bytes_of(report, sizeof report);
}

static void reports_of_each_version_are_whole(void **state)
{
    (void)state;
    static const struct {
        uint8_t version, family;
    } cases[] = {{2, 0}, {3, 0x19}, {3, 0x1a}, {4, 0x19}, {5, 0x1a}, {5, 0x19}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_bytes report = fill(cases[i].version, cases[i].family);
        assert_err(make(&snp, tsm_of("sev_guest", report, atls_bytes_of(NULL, 0))), OK);
        assert_put_together(report);
        assert_true(json_is_null(json_object_get(made, "cert_chain")));
    }
}

static void the_table_of_certificates_goes_along(void **state)
{
    (void)state;
    uint8_t table[4 * ENTRY + 8] = {0};
    memcpy(table, vcek_guid, 16);
    table[16] = 4 * ENTRY;
    table[20] = 5;
    memset(table + ENTRY, 0x11, 16); /* another kind, of no use there */
    table[ENTRY + 16] = 4 * ENTRY;
    table[ENTRY + 20] = 1;
    memcpy(table + 4 * ENTRY, "certsXYZ", 8);
    assert_err(make(&snp, tsm_of("sev_guest", fill(3, 0x19), atls_bytes_of(table, sizeof table))),
               OK);
    const json_t *chain = json_object_get(made, "cert_chain");
    assert_int_equal(json_array_size(chain), 1);
    const json_t *cert = json_array_get(chain, 0);
    assert_string_equal(json_string_value(json_object_get(cert, "cert_type")), "VCEK");
    uint8_t data[5];
    put_octets(data, 0, 5, json_object_get(cert, "data"));
    assert_memory_equal(data, "certs", 5);
}

static void a_table_that_lies_is_refused(void **state)
{
    (void)state;
    uint8_t table[17 * ENTRY];
    struct {
        const char *found;
        uint32_t at, len;
        size_t size;
    } cases[] = {
        {"past its end", 2 * ENTRY + 1, 0, 2 * ENTRY},
        {"past its end", 2 * ENTRY, 1, 2 * ENTRY},
        {"past its end", 0, 0xffffffff, 2 * ENTRY},
        {"past its end", 0xffffffff, 0xffffffff, 2 * ENTRY},
        {"without an end", ENTRY, 0, ENTRY},
        {"without an end", ENTRY, 0, 2 * ENTRY - 1},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        memset(table, 0, sizeof table);
        memcpy(table, vcek_guid, 16);
        for (unsigned k = 0; k < 4; k++) {
            table[16 + k] = (uint8_t)(cases[i].at >> 8 * k);
            table[20 + k] = (uint8_t)(cases[i].len >> 8 * k);
        }
        const struct atls_bytes aux = test_copy(atls_bytes_of(table, cases[i].size));
        assert_err(make(&snp, tsm_of("sev_guest", fill(3, 0x19), aux)), EVIDENCE_MALFORMED);
        assert_non_null(strstr(diag.found, cases[i].found));
    }
    memset(table, 1, sizeof table);
    for (size_t i = 0; i < 17; i++) {
        memset(table + i * ENTRY + 16, 0, 8);
    }
    assert_err(make(&snp, tsm_of("sev_guest", fill(3, 0x19), atls_bytes_of(table, sizeof table))),
               EVIDENCE_MALFORMED);
}

static void reports_without_a_form_are_refused(void **state)
{
    (void)state;
    static const size_t tops[] = {15, 71, 511, 519};
    struct atls_bytes report = fill(5, 0x1a);
    const struct atls_bytes none = {NULL, 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tops); i++) {
        uint8_t copy[REPORT];
        memcpy(copy, report.data, sizeof copy);
        copy[tops[i]] = 0x80;
        assert_err(make(&snp, tsm_of("sev_guest", atls_bytes_of(copy, sizeof copy), none)),
                   EVIDENCE_MALFORMED);
        assert_non_null(strstr(diag.found, "63 bits"));
    }
    assert_err(make(&snp, tsm_of("sev_guest", atls_bytes_of(report.data, REPORT - 1), none)),
               EVIDENCE_MALFORMED);
    assert_non_null(strstr(diag.expected, "1184"));
    assert_err(make(&snp, tsm_of("tdx_guest", report, none)), EVIDENCE_MALFORMED);
    assert_string_equal(diag.claim, "provider");
    assert_err(make(&tdx, tsm_of("sev_guest", report, none)), EVIDENCE_MALFORMED);
    assert_err(make(&snp, atls_bytes_of("x", 1)), EVIDENCE_MALFORMED);
    assert_err(make(&psa, tsm_of("sev_guest", report, none)), EVIDENCE_TYPE);
    assert_null(verifier_trustee_tee(&psa));
    assert_string_equal(verifier_trustee_tee(&snp), "snp");
    assert_string_equal(verifier_trustee_tee(&tdx), "tdx");
}

static void a_quote_goes_as_it_is(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    assert_err(make(&tdx, tsm_of("tdx_guest", atls_bytes_of("\xfb\xff\x00q", 4), none)), OK);
    assert_string_equal(json_string_value(json_object_get(made, "quote")), "+/8AcQ==");
    assert_true(json_is_null(json_object_get(made, "cc_eventlog")));
    assert_int_equal(json_object_size(made), 2);
}

static void try_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at, (void)context;
    const enum atls_err err = make(&snp, mutant);
    assert_true(err == ATLS_OK || err == ATLS_ERR_EVIDENCE_MALFORMED);
}

static void no_mutant_is_read_past_its_end(void **state)
{
    (void)state;
    uint8_t table[2 * ENTRY + 4] = {0};
    memcpy(table, vcek_guid, 16);
    table[16] = 2 * ENTRY;
    table[20] = 4;
    const struct atls_bytes evidence =
        tsm_of("sev_guest", fill(3, 0x19), atls_bytes_of(table, sizeof table));
    test_each_truncation(evidence, try_mutant, NULL);
    test_each_bit_flip(test_copy(atls_bytes_of(evidence.data, 9 + 3 + sizeof table)), try_mutant,
                       NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reports_of_each_version_are_whole, forget),
        cmocka_unit_test_teardown(the_table_of_certificates_goes_along, forget),
        cmocka_unit_test_teardown(a_table_that_lies_is_refused, forget),
        cmocka_unit_test_teardown(reports_without_a_form_are_refused, forget),
        cmocka_unit_test_teardown(a_quote_goes_as_it_is, forget),
        cmocka_unit_test_teardown(no_mutant_is_read_past_its_end, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
