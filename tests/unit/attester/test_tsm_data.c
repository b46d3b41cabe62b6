/* SPDX-License-Identifier: Apache-2.0 */
/* Where reports say what they were asked for: self-made ones, cut and bent. */
#include "attester/tsm/data.h"

#include "support/cca_maker.h"
#include "support/check.h"

static const struct test_cca_shape good = {.tag = 399, .challenge_len = 64};

static struct atls_bytes make_token(uint8_t out[512], const struct test_cca_shape *shape)
{
    uint8_t challenge[65];
    memset(challenge, 0x77, sizeof challenge);
    return test_cca_token((struct atls_buf){out, 512}, shape, challenge);
}

static void both_generations_of_cca_collections_are_read(void **state)
{
    (void)state;
    uint8_t room[512], wanted[64];
    memset(wanted, 0x77, sizeof wanted);
    const struct test_cca_shape newer = {.tag = 907, .in_record = true, .challenge_len = 64};
    assert_bytes(atls_tsm_cca_data(make_token(room, &good)), atls_bytes_of(wanted, 64));
    assert_bytes(atls_tsm_cca_data(make_token(room, &newer)), atls_bytes_of(wanted, 64));
}

static void cca_tokens_of_another_shape_have_no_challenge(void **state)
{
    (void)state;
    static const struct test_cca_shape bad[] = {
        {.tag = 400, .challenge_len = 64},
        {.tag = 399, .challenge_len = 64, .other_realm_label = true},
        {.tag = 399, .challenge_len = 64, .other_challenge_label = true},
        {.tag = 399, .challenge_len = 63},
        {.tag = 399, .challenge_len = 65},
        {.tag = 399, .challenge_len = 0},
    };
    uint8_t room[512];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_int_equal(atls_tsm_cca_data(make_token(room, &bad[i])).len, 0);
    }
}

static void no_prefix_of_a_cca_token_has_a_challenge(void **state)
{
    (void)state;
    uint8_t room[512];
    const struct atls_bytes token = make_token(room, &good);
    for (size_t len = 0; len < token.len; len++) {
        assert_int_equal(atls_tsm_cca_data(atls_bytes_of(token.data, len)).len, 0);
    }
}

static void reports_of_other_lengths_and_versions_have_no_data(void **state)
{
    (void)state;
    static uint8_t room[1185];
    assert_int_equal(atls_tsm_snp_data(atls_bytes_of(room, 1184)).len, 64);
    assert_int_equal(atls_tsm_snp_data(atls_bytes_of(room, 1183)).len, 0);
    assert_int_equal(atls_tsm_snp_data(atls_bytes_of(room, 1185)).len, 0);
    assert_int_equal(atls_tsm_snp_data(atls_bytes_of(NULL, 0)).len, 0);
    const size_t least = 0x23e + 64;
    for (unsigned version = 0; version < 8; version++) {
        room[0] = (uint8_t)version;
        const bool known = version == 4 || version == 5;
        assert_int_equal(atls_tsm_tdx_data(atls_bytes_of(room, least)).len, known ? 64 : 0);
        assert_int_equal(atls_tsm_tdx_data(atls_bytes_of(room, least - 1)).len, 0);
    }
    room[0] = 4;
    room[1] = 1;
    assert_int_equal(atls_tsm_tdx_data(atls_bytes_of(room, least)).len, 0);
    assert_int_equal(atls_tsm_tdx_data(atls_bytes_of(NULL, 0)).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_generations_of_cca_collections_are_read),
        cmocka_unit_test(cca_tokens_of_another_shape_have_no_challenge),
        cmocka_unit_test(no_prefix_of_a_cca_token_has_a_challenge),
        cmocka_unit_test(reports_of_other_lengths_and_versions_have_no_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
