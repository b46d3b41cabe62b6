/* SPDX-License-Identifier: Apache-2.0 */
/* What AMD's leaves say, and how they are found by it. */
#include "collateral_test.h"

static struct atls_amd_question question_of(struct atls_bytes chip)
{
    const struct atls_amd_question question = {.kind = ATLS_AMD_VCEK,
                                               .product = "Milan",
                                               .chip_id = chip,
                                               .tcb = {false, 0, 3, 0, 8, 0x73, {0}}};
    return question;
}

static void amds_leaf_is_that_of_product_chip_and_tcb(void **state)
{
    (void)state;
    struct atls_cert_extension says[] = {
        {.oid = "1.3.6.1.4.1.3704.1.2", .value = test_hex("16084d696c616e2d4230")},
        {.oid = "1.3.6.1.4.1.3704.1.3.1", .value = test_hex("020103")},
        {.oid = "1.3.6.1.4.1.3704.1.3.2", .value = test_hex("020100")},
        {.oid = "1.3.6.1.4.1.3704.1.3.3", .value = test_hex("020108")},
        {.oid = "1.3.6.1.4.1.3704.1.3.8", .value = test_hex("020173")},
        {.oid = "1.3.6.1.4.1.3704.1.4", .value = test_hex("0102030405060708")}};
    struct test_chain chain = amd_chain();
    chain.specs[0].extensions = says;
    chain.specs[0].num_extensions = ATLS_ARRAY_LEN(says);
    test_chain_sign(&chain);
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    put(brought, chain.ders[0]);
    const struct atls_collateral_scope scope = scope_of(set, brought, "snp");
    struct atls_bytes found = {NULL, 0};
    struct atls_amd_question q = question_of(test_hex("0102030405060708"));
    assert_err(atls_collateral_amd_leaf(&found, &scope, &q, &diag), OK);
    assert_bytes(found, chain.ders[0]);
    const struct atls_buf chip = test_room(64);
    memset(chip.data, 0, 64);
    memcpy(chip.data, "\1\2\3\4\5\6\7\10", 8);
    q.chip_id = atls_bytes_of(chip.data, 64);
    assert_err(atls_collateral_amd_leaf(&found, &scope, &q, &diag), OK);
    chip.data[63] = 1;
    assert_err(atls_collateral_amd_leaf(&found, &scope, &q, &diag), COLLATERAL);
    assert_int_equal(wanted.kind, ATLS_WANTED_AMD_LEAF);
    assert_int_equal(wanted.chip_id_len, 64);
    q = question_of(test_hex("0102030405060709"));
    assert_err(atls_collateral_amd_leaf(&found, &scope, &q, &diag), COLLATERAL);
    q = question_of(test_hex("0102030405060708"));
    q.product = "Genoa";
    assert_err(atls_collateral_amd_leaf(&found, &scope, &q, &diag), COLLATERAL);
    uint8_t *const levels[] = {&q.tcb.bootloader, &q.tcb.tee, &q.tcb.snp, &q.tcb.microcode};
    for (size_t i = 0; i < 4; i++) {
        q = question_of(test_hex("0102030405060708"));
        *levels[i] ^= 1;
        assert_err(atls_collateral_amd_leaf(&found, &scope, &q, &diag), COLLATERAL);
    }
    q = question_of(test_hex("0102030405060708"));
    q.tcb.has_fmc = true;
    assert_err(atls_collateral_amd_leaf(&found, &scope, &q, &diag), COLLATERAL);
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
}

static void amds_extensions_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *oid, *value; /* NULL: absent */
        const char *claim;
    } bad[] = {
        {"1.3.6.1.4.1.3704.1.2", NULL, "productName"},
        {"1.3.6.1.4.1.3704.1.2", "1600", "productName"},
        {"1.3.6.1.4.1.3704.1.2", "0c054d696c616e", "productName"},
        {"1.3.6.1.4.1.3704.1.2", "16064d696c616e", "productName"},
        {"1.3.6.1.4.1.3704.1.2", "16054d696c610a", "productName"},
        {"1.3.6.1.4.1.3704.1.2", "16104d696c616e4d696c616e4d696c616e4d", "productName"},
        {"1.3.6.1.4.1.3704.1.3.1", NULL, "blSPL"},
        {"1.3.6.1.4.1.3704.1.3.2", "0201", "teeSPL"},
        {"1.3.6.1.4.1.3704.1.3.3", "020180", "snpSPL"},
        {"1.3.6.1.4.1.3704.1.3.8", "02020100", "ucodeSPL"},
        {"1.3.6.1.4.1.3704.1.3.8", "02020073", "ucodeSPL"},
        {"1.3.6.1.4.1.3704.1.3.9", "0400", "fmcSPL"},
        {"1.3.6.1.4.1.3704.1.3.4", "0201", "spl4"},
        {"1.3.6.1.4.1.3704.1.3.5", "0400", "spl5"},
        {"1.3.6.1.4.1.3704.1.3.6", "020180", "spl6"},
        {"1.3.6.1.4.1.3704.1.3.7", "02020001", "spl7"},
        {"1.3.6.1.4.1.3704.1.4", NULL, "hwID"},
        {"1.3.6.1.4.1.3704.1.4", "01020304050607", "hwID"},
        {"1.3.6.1.4.1.3704.1.5", "16014d", "hwID"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct atls_cert_extension says[7] = {
            {.oid = "1.3.6.1.4.1.3704.1.2", .value = test_hex("16054d696c616e")},
            {.oid = "1.3.6.1.4.1.3704.1.3.1", .value = test_hex("020103")},
            {.oid = "1.3.6.1.4.1.3704.1.3.2", .value = test_hex("020100")},
            {.oid = "1.3.6.1.4.1.3704.1.3.3", .value = test_hex("020108")},
            {.oid = "1.3.6.1.4.1.3704.1.3.8", .value = test_hex("020173")},
            {.oid = "1.3.6.1.4.1.3704.1.4", .value = test_hex("0102030405060708")}};
        size_t num = 6;
        size_t at = 0;
        while (at < num && strcmp(says[at].oid, bad[i].oid) != 0) {
            at++;
        }
        if (bad[i].value == NULL) {
            says[at] = says[--num];
        } else {
            says[at].oid = bad[i].oid;
            says[at].value = test_hex(bad[i].value);
            num = at == num ? num + 1 : num;
        }
        struct test_chain chain = amd_chain();
        chain.specs[0].extensions = says;
        chain.specs[0].num_extensions = num;
        test_chain_sign(&chain);
        struct atls_x509 *leaf = NULL;
        struct atls_amd_cert read;
        assert_err(atls_x509_read(&leaf, chain.ders[0], &diag), OK);
        assert_err(atls_amd_cert_read(&read, leaf, &diag), MALFORMED);
        assert_string_equal(diag.claim, bad[i].claim);
        atls_x509_free(leaf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amds_leaf_is_that_of_product_chip_and_tcb),
        cmocka_unit_test(amds_extensions_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
