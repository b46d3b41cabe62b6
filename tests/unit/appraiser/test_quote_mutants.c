/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes with a bit that is wrong, and PCK certificates whose extension is: each is refused as
 * Evidence, whatever part reads it. */
#include "scene.h"

#include "appraiser/intel/pck.h"
#include "sim/sim_intel_pck.h"
#include "support/memory.h"
#include "support/mutate.h"
#include "support/quote_maker.h"

#include <stdlib.h>

/* A step of 29 comes to about every fourth octet, and to all bits in turn: ATLS_BIT_STEP=1 tries
 * all. */
static size_t bit_step(void)
{
    const char *text = getenv("ATLS_BIT_STEP");
    const long step = text != NULL ? strtol(text, NULL, 10) : 29;
    return step > 0 ? (size_t)step : 29;
}

/* is_refused looks at one flip: what is accepted must be outside of what anybody signed. */
static bool is_refused(struct scene *s, bool is_td, struct atls_bytes quote, size_t at,
                       size_t chain)
{
    const enum atls_err err = appraise(s, is_td ? &atls_appraiser_tdx : &atls_appraiser_sgx,
                                       test_quote_wrap(is_td, quote));
    if (err == ATLS_OK) {
        assert_true(at >= chain); /* a blank between lines of PEM */
        assert_int_equal(s->submod.status, ATLS_TIER_AFFIRMING);
        scene_cleanup(s);
        return false;
    }
    assert_int_equal(s->diag.err, err);
    assert_int_equal(atls_err_fault(err), ATLS_FAULT_POLICY);
    assert_string_not_equal(s->diag.step, "");
    return true;
}

static void flip_all(bool is_td)
{
    struct test_quote t;
    struct scene s;
    test_quote_init(&t, is_td, NULL);
    scene_init(&s, test_quote_endorsements(&t, false), test_quote_nonce());
    const struct atls_bytes quote = test_quote_quote(&t);
    const size_t chain = quote.len - strlen(t.intel.chain_pem);
    size_t num_refused = 0;
    for (size_t bit = 0; bit < 8 * quote.len; bit += bit_step()) {
        const struct atls_buf room = {malloc(quote.len), quote.len};
        assert_non_null(room.data);
        memcpy(room.data, quote.data, quote.len);
        room.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        num_refused +=
            is_refused(&s, is_td, atls_bytes_of(room.data, quote.len), bit / 8, chain) ? 1 : 0;
        free(room.data);
    }
    assert_true(num_refused >= 8 * chain / bit_step());
    atls_sim_intel_cleanup(&t.intel);
}

static void no_flip_of_a_quote_of_a_trust_domain_is_accepted(void **state)
{
    (void)state;
    flip_all(true);
}

static void no_flip_of_a_quote_of_an_enclave_is_accepted(void **state)
{
    (void)state;
    flip_all(false);
}

static struct atls_bytes extension(void)
{
    static struct test_quote t;
    test_quote_init(&t, false, NULL);
    const struct atls_buf room = test_room(ATLS_SIM_PCK_LEN);
    struct atls_writer w = atls_writer_of(room);
    atls_sim_pck_put(&w, &t.quote.platform);
    atls_sim_intel_cleanup(&t.intel);
    return atls_bytes_of(room.data, w.len);
}

/* The extension with the first place where `from` stands made to `to`. */
struct malformed {
    const char *from;
    const char *to;
    const char *claim;
};

#define OID_OF(arcs) "2a864886f84d010d01" arcs

static const struct malformed malformed[] = {
    {"3082", "3182", "SGX extension"},             /* a SET */
    {"3082", "3080", "SGX extension"},             /* without a length */
    {OID_OF("01"), OID_OF("08"), "SGX extension"}, /* a member that nobody knows */
    {OID_OF("01"), OID_OF("00"), "SGX extension"}, /* before the first one */
    {OID_OF("03"), OID_OF("01"), "PPID"},          /* one that was there */
    {"2a864886f84d010d01", "2a864886f84d010d02", "SGX extension"},
    {"0410c1c1", "040fc1c1", "PPID"},                          /* an octet less, one behind it */
    {"0410c1c1", "0310c1c1", "PPID"},                          /* a BIT STRING */
    {OID_OF("0201") "020107", OID_OF("0201") "020187", "TCB"}, /* negative */
    {OID_OF("0201") "020107", OID_OF("0202") "020107", "TCB"}, /* a component twice */
    {OID_OF("0201") "020107", OID_OF("0213") "020107", "TCB"}, /* another member */
    {OID_OF("0201") "020107", OID_OF("0201") "0a0107", "TCB"}, /* ENUMERATED */
    {OID_OF("0201") "020107", OID_OF("0201") "020007", "TCB"}, /* no octets */
    {OID_OF("05") "0a0100", OID_OF("05") "0a0103", "SGX Type"},
    {OID_OF("05") "0a0100", OID_OF("05") "020100", "SGX Type"},
    {OID_OF("05") "0a0100", OID_OF("07") "0a0100", "Configuration"},
    {OID_OF("05") "0a0100", OID_OF("06") "0a0100", "Platform Instance ID"},
    {OID_OF("04"), OID_OF("03"), "PCEID"},
};

static struct atls_bytes with(struct atls_bytes der, const struct malformed *m)
{
    const struct atls_bytes from = test_hex(m->from);
    const struct atls_bytes to = test_hex(m->to);
    const struct atls_bytes out = test_copy(der);
    assert_int_equal(from.len, to.len);
    for (size_t at = 0; at + from.len <= der.len; at++) {
        if (memcmp(&der.data[at], from.data, from.len) == 0) {
            memcpy((uint8_t *)(uintptr_t)&out.data[at], to.data, to.len);
            return out;
        }
    }
    fail_msg("%s is nowhere", m->from);
    return out;
}

static void refuse_extension(struct atls_bytes der, const char *claim)
{
    struct atls_pck pck;
    struct atls_pck untouched;
    struct atls_diag diag = {.err = ATLS_OK};
    memset(&pck, 0xa5, sizeof pck);
    memset(&untouched, 0xa5, sizeof untouched);
    assert_err(atls_pck_read_extension(&pck, der, &diag), EVIDENCE_MALFORMED);
    assert_memory_equal(&pck, &untouched, sizeof pck);
    if (claim != NULL) {
        assert_string_equal(diag.claim, claim);
    }
}

static void each_malformed_extension_is_refused_by_its_name(void **state)
{
    (void)state;
    struct atls_pck pck;
    const struct atls_bytes der = extension();
    assert_err(atls_pck_read_extension(&pck, der, NULL), OK);
    assert_int_equal(pck.components[0], 7);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(malformed); i++) {
        print_message("%s to %s\n", malformed[i].from, malformed[i].to);
        refuse_extension(with(der, &malformed[i]), malformed[i].claim);
    }
    const struct atls_buf longer = test_room(der.len + 1);
    memcpy(longer.data, der.data, der.len);
    longer.data[der.len] = 0;
    refuse_extension(atls_bytes_of(longer.data, longer.cap), "SGX extension");
}

static void refuse_prefix(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    refuse_extension(mutant, NULL);
}

/* DER has one form for a value: what is read of other octets is another value. */
static void refuse_or_differ(struct atls_bytes mutant, size_t at, void *context)
{
    const struct atls_pck *original = context;
    struct atls_pck pck;
    (void)at;
    memset(&pck, 0, sizeof pck);
    if (atls_pck_read_extension(&pck, mutant, NULL) == ATLS_OK) {
        assert_memory_not_equal(&pck, original, sizeof pck);
    }
}

static void mutants_of_an_extension_are_refused_or_other_values(void **state)
{
    (void)state;
    struct atls_pck original;
    const struct atls_bytes der = extension();
    memset(&original, 0, sizeof original);
    assert_err(atls_pck_read_extension(&original, der, NULL), OK);
    test_each_truncation(der, refuse_prefix, NULL);
    test_each_bit_flip(der, refuse_or_differ, &original);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_flip_of_a_quote_of_a_trust_domain_is_accepted),
        cmocka_unit_test(no_flip_of_a_quote_of_an_enclave_is_accepted),
        cmocka_unit_test(each_malformed_extension_is_refused_by_its_name),
        cmocka_unit_test(mutants_of_an_extension_are_refused_or_other_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
