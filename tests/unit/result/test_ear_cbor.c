/* SPDX-License-Identifier: Apache-2.0 */
/* Results in CBOR with the core alone: the draft's sample, envelopes, and what the writer needs. */
#include "support/check.h"
#include "support/memory.h"

#include "result/ear.h"

/* draft-ietf-rats-ear-03, the sample in CBOR. */
#define SAMPLE                                                                                     \
    "a5 190109 781d 7461673a696574662e6f72672c323032363a726174732f656172233033 06 1a 635537a0 "    \
    "1903ec a2 00 781c 68747470733a2f2f7665726169736f6e2d70726f6a6563742e6f7267 01 69 "            \
    "76747320302e302e31 1903ea 4b 6c696665626f61746d616e 19010a a1 63 505341 a3 1903e8 1860 "      \
    "1903e9 a3 0002 021860 0402 1903eb 81 782a "                                                   \
    "68747470733a2f2f7665726169736f6e2e6578616d706c652f706f6c6963792f312f3630613030363864"

static void the_draft_s_sample_is_read(void **state)
{
    (void)state;
    struct atls_ear ear;
    assert_int_equal(test_hex(SAMPLE).len, 175);
    assert_err(atls_ear_read_cbor(&ear, test_hex(SAMPLE), NULL), OK);
    assert_int_equal(ear.profile, ATLS_EAR_DRAFT_03);
    assert_true(ear.iat_s == 1666529184 && !ear.has_exp && !ear.has_nbf && !ear.has_status);
    assert_text(ear.developer, "https://veraison-project.org");
    assert_text(ear.build, "vts 0.0.1");
    assert_true(ear.raw.present && !ear.raw.is_record);
    assert_text(ear.raw.octets, "lifeboatman");
    assert_int_equal(ear.num_submods, 1);
    const struct atls_ear_submod *submod = &ear.submods[0];
    assert_text(submod->name, "PSA");
    assert_int_equal(submod->status, ATLS_TIER_CONTRAINDICATED);
    assert_true(submod->vector.claim[0] == 2 && submod->vector.claim[2] == 96 &&
                submod->vector.claim[4] == 2 && !submod->asserted[1] && submod->asserted[2]);
    assert_int_equal(submod->num_policy_ids, 1);
    assert_text(submod->policy_ids[0], "https://veraison.example/policy/1/60a0068d");
}

static void a_profile_may_be_an_oid(void **state)
{
    (void)state;
    struct atls_ear ear;
    assert_err(atls_ear_read_cbor(&ear,
                                  test_hex("a4 06 01 190109 43 2a0304 1903ec a2 00 61 64 01 61 62 "
                                           "19010a a1 61 73 a1 1903e8 00"),
                                  NULL),
               OK);
    assert_true(ear.profile == ATLS_EAR_OTHER && ear.profile_text.len == 0);
    assert_string_equal(atls_ear_profile_text(ear.profile), "another");
    assert_err(atls_ear_read_cbor(&ear,
                                  test_hex("a4 06 01 190109 40 1903ec a2 00 61 64 01 61 62 "
                                           "19010a a1 61 73 a1 1903e8 00"),
                                  NULL),
               RESULT);
}

static void profiles_have_their_texts(void **state)
{
    (void)state;
    for (enum atls_ear_profile profile = ATLS_EAR_VERAISON; profile <= ATLS_EAR_DRAFT_04;
         profile++) {
        const char *text = atls_ear_profile_text(profile);
        assert_int_equal(atls_ear_profile_of(atls_bytes_text(text)), profile);
        assert_int_equal(atls_ear_is_dotted(profile), profile <= ATLS_EAR_TRUSTEE);
    }
    assert_int_equal(atls_ear_profile_of(atls_bytes_text("tag:ietf.org,2026:rats/ear#4")),
                     ATLS_EAR_OTHER);
    assert_false(atls_ear_is_dotted(ATLS_EAR_OTHER));
}

/* [<< {1: -8} >>, {}, << {} >>, signature] with what may stand in front. */
#define MESSAGE "84 43 a10127 a0 41 a0 41 00"

static void tags_in_front_of_a_cwt_are_tolerated(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum atls_err err;
    } rows[] = {
        {MESSAGE, ATLS_OK},
        {"d2 " MESSAGE, ATLS_OK},
        {"d83d d2 " MESSAGE, ATLS_OK},
        {"d83d " MESSAGE, ATLS_ERR_RESULT}, /* RFC 8392, 6: the COSE tag is inside */
        {"d83d d83d d2 " MESSAGE, ATLS_ERR_RESULT},
        {"d2 d83d " MESSAGE, ATLS_ERR_RESULT},
        {"d1 " MESSAGE, ATLS_ERR_RESULT}, /* COSE_Mac0 */
        {"d8 62 " MESSAGE, ATLS_ERR_RESULT},
        {"d9 0259 a0", ATLS_ERR_RESULT}, /* UCCS: nobody signed */
        {"a0", ATLS_ERR_RESULT},
        {"d2 " MESSAGE " 00", ATLS_ERR_RESULT},
        {"d2 84 43 a10127 a0 f6 41 00", ATLS_ERR_RESULT}, /* detached */
        {"d2 84 40 a0 41 a0 41 00", ATLS_ERR_ALGORITHM},
        {"d2 84 43 a10105 a0 41 a0 41 00", ATLS_ERR_ALGORITHM}, /* HMAC 256/256 */
        {"d2 84 40 a1 01 27 41 a0 41 00", ATLS_ERR_ALGORITHM},  /* not protected */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_cose_sign1 message;
        struct atls_diag diag = {.err = ATLS_OK};
        const enum atls_err err = atls_ear_cwt_parse(&message, test_hex(rows[i].hex), &diag);
        assert_string_equal(atls_err_name(err), atls_err_name(rows[i].err));
        assert_int_equal(diag.err, rows[i].err);
    }
}

/* toy_sign makes a signature of 4 octets, or fails. */
static enum atls_err toy_sign(int32_t alg, const struct atls_key *key,
                              const struct atls_bytes *parts, size_t num_parts, struct atls_buf out,
                              size_t *out_len)
{
    (void)key;
    (void)parts;
    (void)num_parts;
    if (alg != ATLS_ALG_ES256 || out.cap < 4) {
        return ATLS_ERR_ALGORITHM;
    }
    memset(out.data, 0x5a, 4);
    *out_len = 4;
    return ATLS_OK;
}

static void a_key_s_name_is_in_the_protected_header(void **state)
{
    (void)state;
    const struct atls_crypto_ops ops = {
        .abi = ATLS_CRYPTO_ABI, .size = sizeof ops, .sign = toy_sign};
    uint8_t room[256];
    uint8_t long_kid[161] = {0};
    const struct atls_buf out = {room, sizeof room};
    const struct atls_buf small = {room, 12};
    const struct atls_bytes claims = test_hex("a0");
    struct atls_cose_sign1 message;
    size_t len = 0;
    assert_err(atls_ear_cwt_sign(&ops, out, &len, ATLS_ALG_ES256, NULL, atls_bytes_text("k1"),
                                 claims, NULL),
               OK);
    assert_bytes(atls_bytes_of(room, len),
                 test_hex("d2 84 47 a2 01 26 04 42 6b31 a0 41 a0 44 5a5a5a5a"));
    assert_err(atls_ear_cwt_parse(&message, atls_bytes_of(room, len), NULL), OK);
    assert_text(message.kid, "k1");
    assert_err(atls_ear_cwt_sign(&ops, out, &len, ATLS_ALG_ES256, NULL,
                                 atls_bytes_of(long_kid, sizeof long_kid), claims, NULL),
               ARGUMENT);
    assert_err(
        atls_ear_cwt_sign(&ops, out, &len, ATLS_ALG_EDDSA, NULL, atls_bytes_text(""), claims, NULL),
        ALGORITHM);
    assert_err(atls_ear_cwt_sign(&ops, small, &len, ATLS_ALG_ES256, NULL, atls_bytes_text(""),
                                 claims, NULL),
               BUFFER);
}

static void free_claims_that_are_not_cbor_cannot_be_written_here(void **state)
{
    (void)state;
    struct atls_ear ear;
    struct atls_writer w = atls_writer_counting();
    assert_err(atls_ear_read_cbor(&ear, test_hex(SAMPLE), NULL), OK);
    ear.profile = ATLS_EAR_VERAISON;
    assert_err(atls_ear_put_cbor(&w, &ear, NULL), OK);
    const size_t whole = w.len;
    for (size_t cap = 0; cap <= whole; cap++) {
        const struct atls_buf room = test_room(cap);
        w = atls_writer_of(room);
        assert_int_equal(atls_ear_put_cbor(&w, &ear, NULL),
                         cap == whole ? ATLS_OK : ATLS_ERR_BUFFER);
    }
    ear.submods[0].attester_claims.json = &ear;
    w = atls_writer_counting();
    assert_err(atls_ear_put_cbor(&w, &ear, NULL), BUFFER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_draft_s_sample_is_read),
        cmocka_unit_test(a_profile_may_be_an_oid),
        cmocka_unit_test(profiles_have_their_texts),
        cmocka_unit_test(tags_in_front_of_a_cwt_are_tolerated),
        cmocka_unit_test(a_key_s_name_is_in_the_protected_header),
        cmocka_unit_test(free_claims_that_are_not_cbor_cannot_be_written_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
