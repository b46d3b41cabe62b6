/* SPDX-License-Identifier: Apache-2.0 */
/* A report of SEV-SNP, put together again of the members that Trustee gets, as Trustee does. */
#ifndef UNIT_VERIFIER_TRUSTEE_REPORT_H
#define UNIT_VERIFIER_TRUSTEE_REPORT_H

#include "support/check.h"

#include <jansson.h>

enum { REPORT = 1184 };

static void put_number(uint8_t *report, size_t at, size_t len, const json_t *value)
{
    assert_true(json_is_integer(value));
    uint64_t left = (uint64_t)json_integer_value(value);
    for (size_t i = 0; i < len; i++, left >>= 8) {
        report[at + i] = (uint8_t)left;
    }
    assert_int_equal(left, 0);
}

static void put_octets(uint8_t *report, size_t at, size_t len, const json_t *value)
{
    assert_int_equal(json_array_size(value), len);
    for (size_t i = 0; i < len; i++) {
        put_number(report, at + i, 1, json_array_get(value, i));
    }
}

static void put_tcb(uint8_t *report, size_t at, const json_t *value)
{
    const json_t *fmc = json_object_get(value, "fmc");
    const bool turin = !json_is_null(fmc);
    size_t next = at;
    assert_int_equal(json_object_size(value), 5);
    if (turin) {
        put_number(report, next++, 1, fmc);
    }
    put_number(report, next++, 1, json_object_get(value, "bootloader"));
    put_number(report, next++, 1, json_object_get(value, "tee"));
    put_number(report, turin ? next : at + 6, 1, json_object_get(value, "snp"));
    put_number(report, at + 7, 1, json_object_get(value, "microcode"));
}

static void put_version(uint8_t *report, size_t at, const json_t *value)
{
    assert_int_equal(json_object_size(value), 3);
    put_number(report, at, 1, json_object_get(value, "build"));
    put_number(report, at + 1, 1, json_object_get(value, "minor"));
    put_number(report, at + 2, 1, json_object_get(value, "major"));
}

/* Offsets of the Firmware ABI, in words of their own; what is reserved stays zero. */
static void put_together(uint8_t *out, const json_t *report)
{
    static const struct {
        const char *name;
        size_t at, len;
    } numbers[] = {{"version", 0, 4},   {"guest_svn", 4, 4},  {"policy", 8, 8},   {"vmpl", 48, 4},
                   {"sig_algo", 52, 4}, {"plat_info", 64, 8}, {"key_info", 72, 4}},
      optional[] = {{"cpuid_fam_id", 392, 1},
                    {"cpuid_mod_id", 393, 1},
                    {"cpuid_step", 394, 1},
                    {"launch_mit_vector", 504, 8},
                    {"current_mit_vector", 512, 8}},
      lists[] = {{"family_id", 16, 16},          {"image_id", 32, 16},
                 {"report_data", 80, 64},        {"measurement", 144, 48},
                 {"host_data", 192, 32},         {"id_key_digest", 224, 48},
                 {"author_key_digest", 272, 48}, {"report_id", 320, 32},
                 {"report_id_ma", 352, 32},      {"chip_id", 416, 64}},
      tcbs[] = {{"current_tcb", 56, 8},
                {"reported_tcb", 384, 8},
                {"committed_tcb", 480, 8},
                {"launch_tcb", 496, 8}};
    memset(out, 0, REPORT);
    assert_int_equal(json_object_size(report), 29);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(numbers); i++) {
        put_number(out, numbers[i].at, numbers[i].len, json_object_get(report, numbers[i].name));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(optional); i++) {
        const json_t *value = json_object_get(report, optional[i].name);
        if (!json_is_null(value)) {
            put_number(out, optional[i].at, optional[i].len, value);
        }
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lists); i++) {
        put_octets(out, lists[i].at, lists[i].len, json_object_get(report, lists[i].name));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tcbs); i++) {
        put_tcb(out, tcbs[i].at, json_object_get(report, tcbs[i].name));
    }
    put_version(out, 488, json_object_get(report, "current"));
    put_version(out, 492, json_object_get(report, "committed"));
    const json_t *signature = json_object_get(report, "signature");
    put_octets(out, 672, 72, json_object_get(signature, "r"));
    put_octets(out, 744, 72, json_object_get(signature, "s"));
}

#endif
