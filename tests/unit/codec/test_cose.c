/* SPDX-License-Identifier: Apache-2.0 */
/* The structure of COSE_Sign1: what is read, and every reason to refuse. */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "codec/cose.h"

#include <stdio.h>

/* {1: -7}, {4: h'3131'}, h'706179', h'0102' */
#define PLAIN "84 43a10126 a104423131 43706179 420102"

static enum atls_err parse(struct atls_cose_sign1 *out, const char *hex,
                           enum atls_cose_tagging tagging, struct atls_diag *diag)
{
    return atls_cose_sign1_parse(out, test_hex(hex), tagging, "token", diag);
}

static void assert_refused(const char *hex, enum atls_err expected, const char *claim,
                           const char *found)
{
    struct atls_cose_sign1 message = {.alg = 99};
    struct atls_diag diag = {0};
    const enum atls_err err = parse(&message, hex, ATLS_COSE_ANY, &diag);
    if (err != expected) {
        fail_msg("%s: %s", hex, atls_err_name(err));
    }
    assert_string_equal(diag.step, "token");
    assert_string_equal(diag.claim, claim);
    assert_string_equal(diag.found, found);
    assert_int_equal(message.alg, 99); /* outputs are untouched on failure */
}

static void message_is_read(void **state)
{
    (void)state;
    struct atls_cose_sign1 message;
    assert_err(parse(&message, "d2" PLAIN, ATLS_COSE_ANY, NULL), OK);
    assert_true(message.tagged);
    assert_int_equal(message.alg, ATLS_ALG_ES256);
    assert_bytes(message.protect, test_hex("a10126"));
    assert_bytes(message.headers.encoded, test_hex("a10126"));
    assert_bytes(message.unprotected.encoded, test_hex("a104423131"));
    assert_text(message.kid, "11");
    assert_false(message.detached);
    assert_text(message.payload, "pay");
    assert_bytes(message.signature, test_hex("0102"));
}

static void protected_kid_is_read(void **state)
{
    (void)state;
    struct atls_cose_sign1 message;
    assert_err(parse(&message, "84 47a2012604423232 a0 40 4101", ATLS_COSE_ANY, NULL), OK);
    assert_text(message.kid, "22");
    assert_err(parse(&message, "84 45a201260440 a0 40 4101", ATLS_COSE_ANY, NULL), OK);
    assert_int_equal(message.kid.len, 0);
    assert_err(parse(&message, "84 43a10126 a0 40 4101", ATLS_COSE_ANY, NULL), OK);
    assert_int_equal(message.kid.len, 0);
    assert_int_equal(message.payload.len, 0);
    assert_false(message.detached);
}

static void detached_payload_is_told_apart_from_an_empty_one(void **state)
{
    (void)state;
    struct atls_cose_sign1 message;
    assert_err(parse(&message, "84 43a10126 a0 f6 4101", ATLS_COSE_ANY, NULL), OK);
    assert_true(message.detached);
    assert_int_equal(message.payload.len, 0);
}

static void algorithms_are_read_with_their_fully_specified_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *alg;
        int32_t expected;
    } cases[] = {{"26", ATLS_ALG_ES256},   {"28", ATLS_ALG_ES256},   {"3822", ATLS_ALG_ES384},
                 {"3832", ATLS_ALG_ES384}, {"3823", ATLS_ALG_ES512}, {"3833", ATLS_ALG_ES512},
                 {"27", ATLS_ALG_EDDSA},   {"32", ATLS_ALG_EDDSA},   {"3824", ATLS_ALG_PS256}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        char hex[64];
        snprintf(hex, sizeof hex, "84 %s a101 %s a0 40 4101",
                 strlen(cases[i].alg) == 2 ? "43" : "44", cases[i].alg);
        struct atls_cose_sign1 message;
        assert_err(parse(&message, hex, ATLS_COSE_ANY, NULL), OK);
        assert_int_equal(message.alg, cases[i].expected);
    }
}

static void algorithm_that_is_not_accepted_is_refused(void **state)
{
    (void)state;
    /* HMAC, PS384, RS256, SHA-256, and what has no meaning at all */
    assert_refused("84 43a10105 a0 40 4101", ATLS_ERR_ALGORITHM, "alg", "5");
    assert_refused("84 44a1013825 a0 40 4101", ATLS_ERR_ALGORITHM, "alg", "-38");
    assert_refused("84 45a101390100 a0 40 4101", ATLS_ERR_ALGORITHM, "alg", "-257");
    assert_refused("84 43a1012f a0 40 4101", ATLS_ERR_ALGORITHM, "alg", "-16");
    assert_refused("84 43a10100 a0 40 4101", ATLS_ERR_ALGORITHM, "alg", "0");
    assert_refused("84 4aa10167756e6b6e6f776e a0 40 4101", ATLS_ERR_ALGORITHM, "alg", "unknown");
    /* -7 in 32 bits, were the upper half lost */
    assert_refused("84 4ba1013b00000000ffffffff a0 40 4101", ATLS_ERR_MALFORMED, "CBOR",
                   "a number or length in a longer form");
    assert_refused("84 4ba1011bfffffffffffffff9 a0 40 4101", ATLS_ERR_MALFORMED, "alg",
                   "another type");
    assert_refused("84 4ba1013b0000000100000006 a0 40 4101", ATLS_ERR_ALGORITHM, "alg",
                   "-4294967303");
    assert_refused("84 44a1014126 a0 40 4101", ATLS_ERR_MALFORMED, "alg", "another type");
    assert_refused("84 43a101f6 a0 40 4101", ATLS_ERR_MALFORMED, "alg", "another type");
}

static void algorithm_outside_of_the_protected_header_is_refused(void **state)
{
    (void)state;
    assert_refused("84 40 a10126 40 4101", ATLS_ERR_ALGORITHM, "alg", "none");
    assert_refused("84 41a0 a10126 40 4101", ATLS_ERR_ALGORITHM, "alg", "none");
    assert_refused("84 45a104423131 a10126 40 4101", ATLS_ERR_ALGORITHM, "alg", "none");
    assert_refused("84 40 a0 40 4101", ATLS_ERR_ALGORITHM, "alg", "none");
}

static void label_in_both_headers_is_refused(void **state)
{
    (void)state;
    static const char found[] = "a label in both headers";
    assert_refused("84 43a10126 a10126 40 4101", ATLS_ERR_MALFORMED, "headers", found);
    assert_refused("84 43a10126 a10127 40 4101", ATLS_ERR_MALFORMED, "headers", found);
    assert_refused("84 47a2012604423131 a104423131 40 4101", ATLS_ERR_MALFORMED, "headers", found);
    assert_refused("84 46a20126616101 a1616102 40 4101", ATLS_ERR_MALFORMED, "headers", found);
}

static void label_twice_in_one_header_is_refused(void **state)
{
    (void)state;
    static const char found[] = "a map key that occurs twice";
    assert_refused("84 45a201260126 a0 40 4101", ATLS_ERR_MALFORMED, "CBOR", found);
    assert_refused("84 43a10126 a2044131044132 40 4101", ATLS_ERR_MALFORMED, "CBOR", found);
}

static void label_of_another_type_is_refused(void **state)
{
    (void)state;
    static const char found[] = "a label of another type";
    assert_refused("84 46a20126416100 a0 40 4101", ATLS_ERR_MALFORMED, "protected header", found);
    assert_refused("84 43a10126 a1f500 40 4101", ATLS_ERR_MALFORMED, "unprotected header", found);
    assert_refused("84 43a10126 a11bffffffffffffffff00 40 4101", ATLS_ERR_MALFORMED,
                   "unprotected header", found);
}

static void known_critical_labels_are_accepted(void **state)
{
    (void)state;
    struct atls_cose_sign1 message;
    assert_err(parse(&message, "84 46a20126028101 a0 40 4101", ATLS_COSE_ANY, NULL), OK);
    assert_err(parse(&message, "84 4da401260283010304 0300044131 a0 40 4101", ATLS_COSE_ANY, NULL),
               OK);
}

static void unknown_critical_label_is_refused(void **state)
{
    (void)state;
    static const char found[] = "a critical header that is not known";
    assert_refused("84 4aa301260281182a182a00 a0 40 4101", ATLS_ERR_MALFORMED, "crit", found);
    assert_refused("84 4ba301260282011821182100 a0 40 4101", ATLS_ERR_MALFORMED, "crit", found);
    assert_refused("84 4aa3012602816161616100 a0 40 4101", ATLS_ERR_MALFORMED, "crit", found);
    assert_refused("84 46a20126028102 a0 40 4101", ATLS_ERR_MALFORMED, "crit", found);
    assert_refused("84 47a201260281 8101 a0 40 4101", ATLS_ERR_MALFORMED, "crit", found);
}

static void crit_that_is_malformed_or_misplaced_is_refused(void **state)
{
    (void)state;
    assert_refused("84 45a201260280 a0 40 4101", ATLS_ERR_MALFORMED, "crit", "no list");
    assert_refused("84 45a201260201 a0 40 4101", ATLS_ERR_MALFORMED, "crit", "no list");
    assert_refused("84 47a2012602a10101 a0 40 4101", ATLS_ERR_MALFORMED, "crit", "no list");
    assert_refused("84 43a10126 a1028101 40 4101", ATLS_ERR_MALFORMED, "crit",
                   "it in the unprotected header");
    assert_refused("84 46a20126028104 a1044131 40 4101", ATLS_ERR_MALFORMED, "crit",
                   "a label that the protected header lacks");
}

/* put_labels writes a map of `num` labels from 10 on, behind the alg where that is wanted. */
static void put_labels(struct atls_writer *w, bool with_alg, uint64_t num)
{
    atls_cbor_put_map(w, num + (with_alg ? 1 : 0));
    if (with_alg) {
        atls_cbor_put_uint(w, 1);
        atls_cbor_put_int(w, -7);
    }
    for (uint64_t i = 0; i < num; i++) {
        atls_cbor_put_uint(w, 10 + i);
        atls_cbor_put_null(w);
    }
}

static enum atls_err parse_with_labels(uint64_t num_protected, uint64_t num_unprotected,
                                       uint64_t num_critical, struct atls_diag *diag)
{
    uint8_t headers[512], octets[1024];
    struct atls_cose_sign1 message;
    struct atls_writer w = atls_writer_of((struct atls_buf){headers, sizeof headers});
    if (num_critical != 0) { /* a label that is known, again and again */
        atls_cbor_put_map(&w, 2);
        atls_cbor_put_uint(&w, 1);
        atls_cbor_put_int(&w, -7);
        atls_cbor_put_uint(&w, 2);
        atls_cbor_put_array(&w, num_critical);
        for (uint64_t i = 0; i < num_critical; i++) {
            atls_cbor_put_uint(&w, 1);
        }
    } else {
        put_labels(&w, true, num_protected - 1);
    }
    const struct atls_bytes protect = atls_bytes_of(headers, w.len);
    w = atls_writer_of((struct atls_buf){octets, sizeof octets});
    atls_cbor_put_array(&w, 4);
    atls_cbor_put_bytes(&w, protect);
    atls_cbor_put_map(&w, num_unprotected);
    for (uint64_t i = 0; i < num_unprotected; i++) {
        atls_cbor_put_uint(&w, 100 + i);
        atls_cbor_put_null(&w);
    }
    atls_cbor_put_bytes(&w, atls_bytes_text("payload"));
    atls_cbor_put_bytes(&w, atls_bytes_text("signature"));
    return atls_cose_sign1_parse(&message, atls_bytes_of(octets, w.len), ATLS_COSE_ANY, "token",
                                 diag);
}

/* Nobody has signed this yet, and comparing many labels with many is what would make it dear. */
static void more_labels_than_sixteen_are_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(parse_with_labels(16, 16, 0, &diag), OK);
    assert_err(parse_with_labels(1, 0, 16, &diag), OK);
    assert_err(parse_with_labels(17, 0, 0, &diag), MALFORMED);
    assert_string_equal(diag.claim, "protected header");
    assert_string_equal(diag.found, "more labels");
    assert_err(parse_with_labels(1, 17, 0, &diag), MALFORMED);
    assert_string_equal(diag.claim, "unprotected header");
    assert_err(parse_with_labels(1, 0, 17, &diag), MALFORMED);
    assert_string_equal(diag.claim, "crit");
}

static void content_type_and_kid_of_another_type_are_refused(void **state)
{
    (void)state;
    struct atls_cose_sign1 message;
    assert_err(parse(&message, "84 45a201260300 a0 40 4101", ATLS_COSE_ANY, NULL), OK);
    assert_err(parse(&message, "84 43a10126 a1036161 40 4101", ATLS_COSE_ANY, NULL), OK);
    assert_refused("84 45a201260320 a0 40 4101", ATLS_ERR_MALFORMED, "content type",
                   "another type");
    assert_refused("84 43a10126 a1034100 40 4101", ATLS_ERR_MALFORMED, "content type",
                   "another type");
    assert_refused("84 43a10126 a1046131 40 4101", ATLS_ERR_MALFORMED, "kid", "another type");
    assert_refused("84 45a201260401 a0 40 4101", ATLS_ERR_MALFORMED, "kid", "another type");
}

static void another_structure_is_refused(void **state)
{
    (void)state;
    static const char found[] = "another structure";
    assert_refused("83 43a10126 a0 40", ATLS_ERR_MALFORMED, "COSE_Sign1", found);
    assert_refused("85 43a10126 a0 40 4101 00", ATLS_ERR_MALFORMED, "COSE_Sign1", found);
    assert_refused("a2 00 01 02 03", ATLS_ERR_MALFORMED, "COSE_Sign1", found);
    assert_refused("4101", ATLS_ERR_MALFORMED, "COSE_Sign1", found);
    assert_refused("84 a10126 a0 40 4101", ATLS_ERR_MALFORMED, "protected header", "another type");
    assert_refused("84 f6 a0 40 4101", ATLS_ERR_MALFORMED, "protected header", "another type");
    assert_refused("84 43820126 a0 40 4101", ATLS_ERR_MALFORMED, "protected header",
                   "another type");
    assert_refused("84 43a10126 80 40 4101", ATLS_ERR_MALFORMED, "unprotected header",
                   "another type");
    assert_refused("84 43a10126 40 40 4101", ATLS_ERR_MALFORMED, "unprotected header",
                   "another type");
    assert_refused("84 43a10126 a0 60 4101", ATLS_ERR_MALFORMED, "payload", "another type");
    assert_refused("84 43a10126 a0 f7 4101", ATLS_ERR_MALFORMED, "payload", "another type");
    assert_refused("84 43a10126 a0 a0 4101", ATLS_ERR_MALFORMED, "payload", "another type");
    assert_refused("84 43a10126 a0 40 40", ATLS_ERR_MALFORMED, "signature",
                   "none, or another type");
    assert_refused("84 43a10126 a0 40 f6", ATLS_ERR_MALFORMED, "signature",
                   "none, or another type");
    assert_refused("84 44a1012600 a0 40 4101", ATLS_ERR_MALFORMED, "CBOR", "octets after the item");
    assert_refused("84 42a101 a0 40 4101", ATLS_ERR_MALFORMED, "CBOR", "more members than octets");
    assert_refused("84 43a10126 a0 40 4101 00", ATLS_ERR_MALFORMED, "CBOR",
                   "octets after the item");
    assert_refused("9f 43a10126 a0 40 4101 ff", ATLS_ERR_MALFORMED, "CBOR", "an indefinite length");
}

static void tag_is_judged_as_the_caller_says(void **state)
{
    (void)state;
    struct atls_cose_sign1 message;
    struct atls_diag diag;
    assert_err(parse(&message, PLAIN, ATLS_COSE_ANY, NULL), OK);
    assert_false(message.tagged);
    assert_err(parse(&message, PLAIN, ATLS_COSE_UNTAGGED, NULL), OK);
    assert_err(parse(&message, PLAIN, ATLS_COSE_TAGGED, &diag), MALFORMED);
    assert_string_equal(diag.claim, "tag");
    assert_string_equal(diag.found, "none");
    assert_err(parse(&message, "d2" PLAIN, ATLS_COSE_TAGGED, NULL), OK);
    assert_err(parse(&message, "d2" PLAIN, ATLS_COSE_UNTAGGED, &diag), MALFORMED);
    assert_string_equal(diag.found, "a tag");
    assert_refused("d1" PLAIN, ATLS_ERR_MALFORMED, "tag", "another tag");   /* Mac0 */
    assert_refused("d862" PLAIN, ATLS_ERR_MALFORMED, "tag", "another tag"); /* Sign */
    assert_refused("d903e6" PLAIN, ATLS_ERR_MALFORMED, "tag", "another tag");
    assert_refused("d83dd2" PLAIN, ATLS_ERR_MALFORMED, "tag", "another tag"); /* CWT */
    assert_refused("d2d2" PLAIN, ATLS_ERR_MALFORMED, "COSE_Sign1", "another structure");
}

static void expect_refusal(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    struct atls_cose_sign1 message;
    if (atls_cose_sign1_parse(&message, mutant, ATLS_COSE_ANY, "t", NULL) == ATLS_OK) {
        fail_msg("accepted when cut to %zu octets", at);
    }
}

static void only_parse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_cose_sign1 message = {.tagged = false};
    const struct atls_cose_sign1 before = message;
    if (atls_cose_sign1_parse(&message, mutant, ATLS_COSE_ANY, "t", NULL) != ATLS_OK) {
        assert_memory_equal(&message, &before, sizeof message);
        return;
    }
    /* Whatever came through is inside the input and has the parts that signing needs. */
    assert_true(message.alg != ATLS_ALG_NONE);
    assert_true(message.signature.len > 0);
    assert_true(message.headers.type == ATLS_CBOR_MAP && message.headers.argument > 0);
    assert_true(message.protect.data >= mutant.data && message.protect.len < mutant.len);
}

static void every_truncation_is_refused_and_every_mutant_is_judged(void **state)
{
    (void)state;
    test_each_truncation(test_hex("d2" PLAIN), expect_refusal, NULL);
    test_each_mutant(test_hex("d2" PLAIN), only_parse, NULL);
    test_each_mutant(test_hex("84 4da401260283010304 0300044131 a1182142aabb f6 43010203"),
                     only_parse, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_read),
        cmocka_unit_test(protected_kid_is_read),
        cmocka_unit_test(detached_payload_is_told_apart_from_an_empty_one),
        cmocka_unit_test(algorithms_are_read_with_their_fully_specified_numbers),
        cmocka_unit_test(algorithm_that_is_not_accepted_is_refused),
        cmocka_unit_test(algorithm_outside_of_the_protected_header_is_refused),
        cmocka_unit_test(label_in_both_headers_is_refused),
        cmocka_unit_test(label_twice_in_one_header_is_refused),
        cmocka_unit_test(label_of_another_type_is_refused),
        cmocka_unit_test(known_critical_labels_are_accepted),
        cmocka_unit_test(unknown_critical_label_is_refused),
        cmocka_unit_test(crit_that_is_malformed_or_misplaced_is_refused),
        cmocka_unit_test(more_labels_than_sixteen_are_refused),
        cmocka_unit_test(content_type_and_kid_of_another_type_are_refused),
        cmocka_unit_test(another_structure_is_refused),
        cmocka_unit_test(tag_is_judged_as_the_caller_says),
        cmocka_unit_test(every_truncation_is_refused_and_every_mutant_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
