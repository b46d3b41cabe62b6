/* SPDX-License-Identifier: Apache-2.0 */
#include "support/quote_maker.h"

#include "base/span.h"
#include "codec/cbor.h"
#include "codec/tsm_report.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "support/memory.h"
#include "support/psa_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void need(enum atls_err err, const struct atls_diag *diag, const char *what)
{
    if (err != ATLS_OK) {
        fprintf(stderr, "%s: %s, found %s, expected %s\n", what, diag->claim, diag->found,
                diag->expected);
        exit(1);
    }
}

struct atls_bytes test_quote_nonce(void)
{
    return test_fill(0x4e, 32);
}

static void set_all(struct atls_sim_quote *quote, const char *const *settings)
{
    struct atls_diag diag;
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++) {
        need(atls_sim_quote_set(quote, settings[i], &diag), &diag, settings[i]);
    }
}

void test_quote_init(struct test_quote *t, bool is_td, const char *const *settings)
{
    static const char *const fixed[] = {"made=2026-09-01T00:00:00Z",
                                        "tcb.until=2026-10-01T00:00:00Z",
                                        "identity.until=2026-10-01T00:00:00Z",
                                        "crl.until=2026-10-01T00:00:00Z",
                                        "pck.until=2033-09-01T00:00:00Z",
                                        "ppid=c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1",
                                        "fmspc=f5f5f5f5f5f5",
                                        "tcb.fmspc=f5f5f5f5f5f5",
                                        NULL};
    struct atls_diag diag;
    memset(t, 0, sizeof *t);
    need(atls_sim_quote_init(&t->quote, is_td, &diag), &diag, "quote");
    set_all(&t->quote, fixed);
    set_all(&t->quote, settings);
    t->key = test_key(ATLS_CRV_P256);
    need(atls_sim_intel_make(&t->intel, &t->quote, &diag), &diag, "platform");
}

struct atls_bytes test_quote_quote(const struct test_quote *t)
{
    uint8_t nonce[64] = {0};
    memcpy(nonce, test_quote_nonce().data, 32);
    return test_quote_over(t, atls_bytes_of(nonce, sizeof nonce));
}

struct atls_bytes test_quote_over(const struct test_quote *t, struct atls_bytes report_data)
{
    struct atls_diag diag;
    const struct atls_buf room = test_room(16384);
    const struct atls_buf out = test_room(16384);
    struct atls_sim_intel intel = t->intel;
    if (t->signer_pem != NULL) {
        intel.chain_pem = (char *)(uintptr_t)t->signer_pem;
    }
    struct atls_writer certification = atls_writer_of(room);
    need(atls_sim_certification(&certification, &intel, &t->quote, t->key, &diag), &diag, "PCK");
    struct atls_writer w = atls_writer_of(out);
    need(atls_sim_quote_sign(&w, &t->quote, t->signs != NULL ? t->signs : t->key,
                             atls_bytes_of(room.data, certification.len), report_data, &diag),
         &diag, "signature");
    return test_copy(atls_bytes_of(out.data, w.len));
}

struct atls_bytes test_quote_wrap(bool is_td, struct atls_bytes quote)
{
    const struct atls_tsm_report report = {.provider = atls_bytes_text(ATLS_TSM_TDX_GUEST),
                                           .outblob = quote};
    const struct atls_buf out = test_room(quote.len + 256);
    struct atls_writer w = atls_writer_of(out);
    if (is_td) {
        atls_tsm_report_put(&w, &report);
    } else {
        atls_cbor_put_map(&w, 1);
        atls_cbor_put_str(&w, "quote");
        atls_cbor_put_bytes(&w, quote);
    }
    return test_copy(atls_bytes_of(out.data, w.len));
}

struct atls_bytes test_quote_evidence(const struct test_quote *t)
{
    return test_quote_wrap(t->quote.is_td, test_quote_quote(t));
}

void test_load(struct atls_endorsements *set, struct atls_bytes octets, int64_t now_s)
{
    struct atls_diag diag;
    char path[] = "/tmp/atls-collateral-XXXXXX";
    const int fd = mkstemp(path);
    if (fd < 0 || write(fd, octets.data, octets.len) != (ssize_t)octets.len || close(fd) != 0) {
        perror(path);
        exit(1);
    }
    const enum atls_err err = atls_endorsements_load_at(set, path, now_s, &diag);
    unlink(path);
    need(err, &diag, "collateral");
}

void test_quote_add_collateral(struct atls_endorsements *set, const struct test_quote *t)
{
    test_load(set, atls_bytes_text(t->intel.collateral), TEST_QUOTE_NOW);
}

void test_quote_add_root(struct atls_endorsements *set, const struct test_quote *t, bool simulated)
{
    static unsigned number;
    char pem[4096] = "";
    size_t at = 0;
    for (const char *c = t->intel.root_pem; *c != '\0' && at + 3 < sizeof pem; c++) {
        if (*c == '\n') {
            pem[at++] = '\\';
        }
        pem[at++] = *c == '\n' ? 'n' : *c;
    }
    char json[5000];
    snprintf(json, sizeof json,
             "{\"tag-identity\":{\"id\":\"root-%u\",\"version\":0},\"triples\":{"
             "\"attester-verification-keys\":[{\"environment\":{\"class\":{\"vendor\":"
             "\"Intel Corporation\",\"model\":\"%s\"}},\"verification-keys\":[{\"type\":"
             "\"pkix-base64-cert\",\"value\":\"%s\"}]}]}}",
             number++, t->quote.is_td ? "TDX" : "SGX", pem);
    test_add_comid(set, json, "intel", simulated);
}

void test_quote_add_reference(struct atls_endorsements *set, bool is_td, const char *measurements)
{
    static unsigned number;
    char json[5000];
    snprintf(json, sizeof json,
             "{\"tag-identity\":{\"id\":\"reference-%u\",\"version\":0},\"triples\":{"
             "\"reference-values\":[{\"environment\":{\"class\":{\"id\":{\"type\":\"oid\","
             "\"value\":\"2.16.840.1.113741.1.16.1\"},\"vendor\":\"Intel Corporation\","
             "\"model\":\"%s\"}},\"measurements\":%s}]}}",
             number++, is_td ? "TDX" : "SGX", measurements);
    test_add_comid(set, json, "intel", false);
}

const char *test_quote_code(const struct test_quote *t)
{
    static char text[256];
    const bool is_td = t->quote.is_td;
    char *code = atls_base64_new(is_td ? atls_bytes_of(t->quote.td.mr_td, 48)
                                       : atls_bytes_of(t->quote.enclave.mr_enclave, 32));
    snprintf(text, sizeof text, "[{\"value\":{\"mrtee\":[\"%s;%s\"]}}]",
             is_td ? "sha-384" : "sha-256", code);
    free(code);
    return text;
}

struct atls_endorsements *test_quote_endorsements(const struct test_quote *t, bool simulated)
{
    struct atls_endorsements *set = test_endorsements();
    test_quote_add_root(set, t, simulated);
    test_quote_add_collateral(set, t);
    test_quote_add_reference(set, t->quote.is_td, test_quote_code(t));
    return set;
}
