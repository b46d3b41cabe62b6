/* SPDX-License-Identifier: Apache-2.0 */
/* TCB info and identities of a made-up maker, signed as Intel signs (link room_crypto). */
#ifndef SUPPORT_INTEL_MAKER_H
#define SUPPORT_INTEL_MAKER_H

#include "support/chains.h"

#include "base/rfc3339.h"

#include <stdio.h>

#define TEST_FMSPC "00a067110000"

/* What of a file differs from one that holds. */
struct test_intel_spec {
    int64_t issue_s, next_update_s;
    int evaluation_number;
};

static inline struct test_intel_spec test_intel_spec_of(int64_t now_s)
{
    const struct test_intel_spec spec = {now_s - TEST_DAY, now_s + TEST_DAY, 17};
    return spec;
}

/* test_intel_sign wraps a body, signed by `key`, as member `name`. */
static inline struct atls_bytes test_intel_sign(const char *name, const char *body,
                                                const struct atls_key *key)
{
    char hex[129];
    char text[6000];
    const struct atls_bytes signature = test_sign(key, ATLS_ALG_ES256, atls_bytes_text(body));
    assert_int_equal(signature.len, 64);
    for (size_t i = 0; i < 64; i++) {
        snprintf(&hex[2 * i], 3, "%02x", signature.data[i]);
    }
    const int len =
        snprintf(text, sizeof text, "{\"%s\":%s,\"signature\":\"%s\"}", name, body, hex);
    assert_true(len > 0 && (size_t)len < sizeof text);
    return test_copy(atls_bytes_text(text));
}

static inline struct atls_bytes test_tcb_info(const struct test_intel_spec *spec,
                                              const struct atls_key *key)
{
    char from[ATLS_RFC3339_LEN];
    char to[ATLS_RFC3339_LEN];
    char svns[800] = "";
    char body[4000];
    atls_rfc3339_write(from, spec->issue_s);
    atls_rfc3339_write(to, spec->next_update_s);
    for (size_t i = 0, at = 0; i < 16; i++) {
        at += (size_t)snprintf(&svns[at], sizeof svns - at, "%s{\"svn\":%zu}", i > 0 ? "," : "", i);
    }
    snprintf(body, sizeof body,
             "{\"id\":\"SGX\",\"version\":3,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\","
             "\"fmspc\":\"" TEST_FMSPC "\",\"pceId\":\"0000\",\"tcbType\":0,"
             "\"tcbEvaluationDataNumber\":%d,\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":[%s],"
             "\"pcesvn\":13},\"tcbDate\":\"2026-01-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}]}",
             from, to, spec->evaluation_number, svns);
    return test_intel_sign("tcbInfo", body, key);
}

static inline struct atls_bytes test_qe_identity(const struct test_intel_spec *spec,
                                                 const struct atls_key *key)
{
    char from[ATLS_RFC3339_LEN];
    char to[ATLS_RFC3339_LEN];
    char body[4000];
    atls_rfc3339_write(from, spec->issue_s);
    atls_rfc3339_write(to, spec->next_update_s);
    snprintf(body, sizeof body,
             "{\"id\":\"QE\",\"version\":2,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\","
             "\"tcbEvaluationDataNumber\":%d,\"miscselect\":\"00000000\","
             "\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"11000000000000000000000000000000\","
             "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":"
             "\"8C4F5775D796503E96137F77C68A829A0056AC8DED70140B081B094490C57BFF\",\"isvprodid\":1,"
             "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":8},\"tcbDate\":\"2026-01-01T00:00:00Z\","
             "\"tcbStatus\":\"UpToDate\"}]}",
             from, to, spec->evaluation_number);
    return test_intel_sign("enclaveIdentity", body, key);
}

#endif
