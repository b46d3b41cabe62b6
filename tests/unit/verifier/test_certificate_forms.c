/* SPDX-License-Identifier: Apache-2.0 */
/* Forms around quotes: what each says its report_data is the hash of, and what is beside it. */
#include "certificate_test.h"
#include "support/quote_maker.h"

#include <jansson.h>
#include <stdio.h>

struct row_of_quote {
    const char *form, *oid;
    bool is_td;
    bool is_pem; /* SHA-256(PEM of the key), else SHA-512(label and key) */
    const char *label;
    struct atls_bytes (*wrap)(struct atls_bytes quote);
};

/* Forms around quotes. The quote is one of a made-up platform, and made anew for each row. */
static struct atls_bytes joined(struct atls_bytes a, struct atls_bytes b)
{
    const struct atls_buf room = test_room(a.len + b.len);
    if (a.len != 0) {
        memcpy(room.data, a.data, a.len);
    }
    if (b.len != 0) {
        memcpy(&room.data[a.len], b.data, b.len);
    }
    return atls_bytes_of(room.data, room.cap);
}

static struct atls_bytes octet_string(struct atls_bytes content)
{
    const struct atls_buf room = test_room(content.len + 8);
    struct atls_writer w = atls_writer_of(room);
    atls_ratls_put_cmw(&w, content); /* which is one */
    return atls_bytes_of(room.data, w.len);
}

static struct atls_bytes key_pem(void)
{
    struct atls_evidence_cert *cert = NULL;
    const struct atls_bytes none = {NULL, 0};
    assert_err(atls_evidence_cert_read(&cert, certificate(key, "1.3.6.1.5.5.7.1.35", none), NULL),
               OK);
    const struct atls_bytes pem = test_copy(atls_evidence_cert_key_pem(cert));
    atls_evidence_cert_free(cert);
    return pem;
}

/* What report_data is the hash of: padded with zeros. */
static struct atls_bytes hash_of(const struct row_of_quote *row)
{
    const struct atls_bytes hash =
        row->is_pem
            ? test_hash(ATLS_ALG_SHA256, key_pem())
            : test_hash(ATLS_ALG_SHA512, joined(atls_bytes_text(row->label), test_spki(key)));
    return joined(hash, test_fill(0, 64 - hash.len));
}

static struct atls_bytes as_it_is(struct atls_bytes quote)
{
    return octet_string(quote);
}

static struct atls_bytes in_scale(struct atls_bytes quote)
{
    const uint8_t head[] = {0, 0, (uint8_t)(quote.len << 2 | 1), (uint8_t)(quote.len >> 6)};
    return octet_string(
        joined(joined(test_copy(atls_bytes_of(head, sizeof head)), quote), test_fill(0, 3)));
}

static struct atls_bytes in_messagepack(struct atls_bytes quote)
{
    static const char head[] = "81a8706c6174666f726d82a46b696e64a3746478a46461746181a571756f7465c5";
    const uint8_t len[] = {(uint8_t)(quote.len >> 8), (uint8_t)quote.len};
    return octet_string(
        joined(joined(test_hex(head), test_copy(atls_bytes_of(len, sizeof len))), quote));
}

static struct atls_bytes behind_report_header(struct atls_bytes quote)
{
    const uint8_t head[16] = {
        1, 0, 0, 0, 2, 0, 0, 0, (uint8_t)quote.len, (uint8_t)(quote.len >> 8)};
    return joined(test_copy(atls_bytes_of(head, sizeof head)), quote);
}

static struct atls_bytes before_claims(struct atls_bytes quote)
{
    const struct atls_bytes rest = joined(quote, key_pem());
    uint8_t head[32] = {3, 0, 0, 0};
    memcpy(&head[4], test_hex("a3a21e871b4d4014b70aa125d2fbcd8c").data, 16);
    head[24] = (uint8_t)rest.len;
    head[25] = (uint8_t)(rest.len >> 8);
    return joined(test_copy(atls_bytes_of(head, sizeof head)), rest);
}

static const struct row_of_quote quote_rows[] = {
    {"dstack", "1.3.6.1.4.1.62397.1.1", true, false, "ratls-cert:", as_it_is},
    {"dstack", "1.3.6.1.4.1.62397.1.8", true, false, "ratls-cert:", in_scale},
    {"dstack", "1.3.6.1.4.1.62397.1.8", true, false, "ratls-cert:", in_messagepack},
    {"Open Enclave", "1.2.840.113556.10.1.1", false, true, NULL, behind_report_header},
    {"Open Enclave", "1.3.6.1.4.1.311.105.1", false, true, NULL, behind_report_header},
    {"Open Enclave evidence", "1.2.840.113556.10.1.2", false, true, NULL, before_claims},
    {"Open Enclave evidence", "1.3.6.1.4.1.311.105.2", false, true, NULL, before_claims},
};

static void forms_around_quotes_are_bound_as_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(quote_rows); i++) {
        const struct row_of_quote *row = &quote_rows[i];
        const struct atls_key *other = test_key(ATLS_CRV_P256);
        const char *form = NULL;
        struct atls_appraisal appraisal;
        struct atls_diag diag;
        struct test_quote t;
        test_quote_init(&t, row->is_td, NULL);
        set = test_quote_endorsements(&t, false);
        const struct atls_bytes value = row->wrap(test_quote_over(&t, hash_of(row)));
        struct atls_verify_request request = request_of(certificate(key, row->oid, value));
        print_message("%s\n", row->oid);
        assert_err(atls_verify_certificate(&appraisal, &form, &request, &diag), OK);
        assert_string_equal(form, row->form);
        assert_string_equal(appraisal.submods[0].format->name, row->is_td ? "tdx" : "sgx");
        atls_appraisal_cleanup(&appraisal, free);
        /* of another key, and over another hash */
        request = request_of(certificate(other, row->oid, value));
        enum atls_err err = atls_verify_certificate(&appraisal, &form, &request, &diag);
        assert_true(err == ATLS_ERR_FRESHNESS || err == ATLS_ERR_KEY_BINDING);
        request = request_of(
            certificate(key, row->oid, row->wrap(test_quote_over(&t, test_fill(1, 64)))));
        assert_err(atls_verify_certificate(&appraisal, &form, &request, &diag), FRESHNESS);
        atls_sim_intel_cleanup(&t.intel);
    }
}

/* The interoperable form, with collateral beside it; `parts` of it. */
static struct atls_bytes with_endorsements(const struct test_quote *t, size_t parts)
{
    static const char *const names[] = {"localhost"};
    static const char *const members[] = {
        "tcb_info",    "tcb_info_issuer_chain",   "pck_crl", "root_ca_crl", "pck_crl_issuer_chain",
        "qe_identity", "qe_identity_issuer_chain"};
    const struct atls_buf claims = test_room(128), room = test_room(16384), more = test_room(32768);
    struct atls_writer w = atls_writer_of(claims);
    struct atls_writer ext = atls_writer_of(room);
    struct atls_writer end = atls_writer_of(more);
    json_error_t error;
    json_t *bundle = json_loads(t->intel.collateral, 0, &error);
    atls_ratls_put_claims(&w, ATLS_ALG_SHA256, test_hash(ATLS_ALG_SHA256, test_spki(key)));
    const struct atls_bytes said = atls_bytes_of(claims.data, w.len);
    const struct atls_bytes data = joined(test_hash(ATLS_ALG_SHA256, said), test_fill(0, 32));
    atls_ratls_put(&ext, ATLS_RATLS_INTEL_QUOTE, test_quote_over(t, data), said);
    atls_cbor_put_tag(&end, 60000);
    atls_cbor_put_array(&end, 1 + parts);
    atls_cbor_put_uint(&end, 1);
    for (size_t i = 0; i < parts; i++) {
        const char *text = json_string_value(json_object_get(bundle, members[i]));
        const char *name = i == 0 ? "tcb_info_signature" : "qe_identity_signature";
        const char *signature = json_string_value(json_object_get(bundle, name));
        const size_t cap = strlen(text) + 256;
        const struct atls_buf part = test_room(cap);
        if (i == 0 || i == 5) {
            snprintf((char *)part.data, cap, "{\"%s\":%s,\"signature\":\"%s\"}",
                     i == 0 ? "tcbInfo" : "enclaveIdentity", text, signature);
        } else {
            snprintf((char *)part.data, cap, "%s", text);
        }
        atls_cbor_put_bytes(&end,
                            atls_bytes_of(part.data, strlen((char *)part.data) + 1)); /* NUL */
    }
    json_decref(bundle);
    const struct atls_cert_extension extensions[] = {
        {"2.23.133.5.4.9", false, atls_bytes_of(room.data, ext.len)},
        {"2.23.133.5.4.2", false, atls_bytes_of(more.data, end.len)}};
    const struct atls_cert_spec spec = {names, 1, now_s - 10, 1, extensions, 2};
    char *pem = NULL;
    assert_err(atls_cert_self_signed(&pem, key, &spec, NULL), OK);
    const struct atls_bytes copy = test_copy(atls_bytes_text(pem));
    atls_pem_free(pem);
    return copy;
}

static void collateral_may_stand_in_the_certificate(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    struct test_quote t;
    test_quote_init(&t, false, NULL);
    set = test_endorsements();
    test_quote_add_root(set, &t, false);
    test_quote_add_reference(set, false, test_quote_code(&t));
    assert_err(verify(&appraisal, with_endorsements(&t, 7), &diag), OK);
    assert_int_equal(appraisal.submods[0].vector.claim[ATLS_TRUST_HARDWARE], 2);
    atls_appraisal_cleanup(&appraisal, free);
    assert_err(verify(&appraisal, with_endorsements(&t, 6), &diag), EVIDENCE_MALFORMED);
    assert_string_equal(diag.claim, "endorsements");
    atls_sim_intel_cleanup(&t.intel);
}

static void a_form_that_is_not_read_is_named(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const struct atls_bytes json = atls_bytes_text("{\"attestation_evidence\":null}");
    const struct atls_bytes cert =
        certificate(key, "1.3.6.1.4.1.62397.1.8",
                    octet_string(joined(joined(test_hex("000074"), json), test_fill(0, 1))));
    assert_err(verify(&appraisal, cert, &diag), EVIDENCE_TYPE);
    assert_non_null(strstr(diag.found, "flashbots attested-tls"));
    assert_err(
        verify(&appraisal, certificate(key, "1.3.6.1.4.1.62397.1.1", octet_string(json)), &diag),
        EVIDENCE_TYPE);
    assert_err(verify(&appraisal,
                      certificate(key, "1.3.6.1.4.1.62397.1.8", octet_string(test_hex("000200"))),
                      &diag),
               EVIDENCE_TYPE);
    assert_string_equal(diag.found, "nitro-enclave");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_around_quotes_are_bound_as_they_say),
        cmocka_unit_test(a_form_that_is_not_read_is_named),
        cmocka_unit_test(collateral_may_stand_in_the_certificate),
    };
    now_s = TEST_QUOTE_NOW;
    key = test_key(ATLS_CRV_P256);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
