/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of real machines, with the collateral and at the time that their origin names. */
#include "scene.h"

#include "support/file.h"
#include "support/quote_maker.h"

#include <stdio.h>

#define FOLDER TEST_SHARED_DIR "/vectors/02-tdx-sgx/"

struct published {
    const char *quote;
    const char *collateral[3]; /* the second may be NULL */
    int64_t now_s;
    const char *err;
    const char *claim;  /* of the refusal; NULL: none */
    const char *status; /* in the verified claims */
    int8_t configuration, hardware;
};

static const struct published quotes[] = {
    {"phala/tdx_quote.bin",
     {"phala/tdx_quote_collateral.json"},
     1750377600,
     "OK",
     NULL,
     "\"status\":\"UpToDate\"",
     36,
     2},
    {"flashbots/gcp-tdx-2025.bin",
     {"flashbots/gcp-tdx-2025_collateral.json"},
     1769904000,
     "OK",
     NULL,
     "\"status\":\"UpToDate\"",
     36,
     2},
    {"phala/sgx_quote.bin",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "OK",
     NULL,
     "\"status\":\"ConfigurationAndSWHardeningNeeded\"",
     32,
     32},
    /* A day after nextUpdate; before it was issued; collateral of another platform; none. */
    {"phala/tdx_quote.bin",
     {"phala/tdx_quote_collateral.json"},
     1753006600,
     "COLLATERAL",
     NULL,
     NULL,
     0,
     0},
    {"phala/tdx_quote.bin",
     {"phala/tdx_quote_collateral.json"},
     1750000000,
     "COLLATERAL",
     NULL,
     NULL,
     0,
     0},
    {"phala/tdx_quote.bin",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     NULL,
     NULL,
     0,
     0},
    {"trustee/tdx_quote_4.dat",
     {"phala/tdx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     "TCB info",
     NULL,
     0,
     0},
    {"trustee/tdx_quote_5.dat",
     {"phala/tdx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     "TCB info",
     NULL,
     0,
     0},
    {"openenclave/sgx_quote_debug.bin",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     "TCB info",
     NULL,
     0,
     0},
    {"intel-qvl-sgx/quote.dat",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "EVIDENCE_MALFORMED",
     "quote.certification_data_type",
     NULL,
     0,
     0},
};

static struct atls_bytes file_of(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s", name);
    return test_file(path);
}

static void quotes_of_real_machines_come_to_what_is_known_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(quotes); i++) {
        const struct published *q = &quotes[i];
        const struct atls_bytes quote = file_of(q->quote);
        const bool is_td = strstr(q->quote, "tdx") != NULL;
        struct atls_endorsements *set = test_endorsements();
        struct scene s;
        for (size_t c = 0; q->collateral[c] != NULL; c++) {
            test_load(set, file_of(q->collateral[c]), q->now_s);
        }
        scene_init(&s, set, atls_bytes_of(NULL, 0));
        s.input.no_nonce = true;
        s.input.now_s = q->now_s;
        s.input.want_claims = true;
        const enum atls_err err = appraise(&s, is_td ? &atls_appraiser_tdx : &atls_appraiser_sgx,
                                           test_quote_wrap(is_td, quote));
        printf("%s: %s %s\n", q->quote, atls_err_name(err), s.diag.claim);
        assert_string_equal(atls_err_name(err), q->err);
        if (q->claim != NULL) {
            assert_string_equal(s.diag.claim, q->claim);
        }
        if (err == ATLS_OK) {
            assert_non_null(strstr(s.submod.claims_json, q->status));
            assert_false(s.submod.simulated);
            assert_int_equal(s.submod.vector.claim[ATLS_TRUST_HARDWARE], q->hardware);
            assert_int_equal(s.submod.vector.claim[ATLS_TRUST_CONFIGURATION], q->configuration);
            assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], 33);
        }
        scene_cleanup(&s);
    }
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_of_real_machines_come_to_what_is_known_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
