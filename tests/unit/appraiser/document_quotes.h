/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of tdx and sgx in docs/appraisal.md, and Evidence for each; of test_document.c. */
#ifndef APPRAISER_DOCUMENT_QUOTES_H
#define APPRAISER_DOCUMENT_QUOTES_H

#include "scene.h"

#include "appraiser/outcome.h"
#include "base/diag.h"
#include "support/quote_maker.h"

#include <stdio.h>

/* Quotes: what a platform of the maker says, by the settings of sim-tdx and sim-sgx. */
struct quote_case {
    const char *what;
    const char *settings[5];
    bool other_code, no_references, no_nonce, simulated, revoked, endorsed;
};

#define TD_1_5    "version=5", "td-minor=5"
#define OLD_SVN   "tee-tcb-svn=03010000000000000000000000000000"
#define TD_ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE_OF_48 "01" TD_ZEROS "000000000000000000000000000000"
#define STATUS_ROWS                                                                                \
    {"TCB status SWHardeningNeeded", {"tcb.status=SWHardeningNeeded"}, .simulated = false},        \
        {"TCB status ConfigurationNeeded",                                                         \
         {"tcb.status=ConfigurationNeeded"},                                                       \
         .simulated = false},                                                                      \
    {                                                                                              \
        "TCB status ConfigurationAndSWHardeningNeeded",                                            \
            {"tcb.status=ConfigurationAndSWHardeningNeeded"}, .simulated = false                   \
    }
#define OLD_ROWS                                                                                   \
    {"TCB status OutOfDate", {"tcb.status=OutOfDate"}, .simulated = false},                        \
    {                                                                                              \
        "TCB status OutOfDateConfigurationNeeded", {"tcb.status=OutOfDateConfigurationNeeded"},    \
            .simulated = false                                                                     \
    }
#define CODE_ROWS                                                                                  \
    {"no reference value is met by what is measured", {NULL}, .other_code = true},                 \
    {                                                                                              \
        "no reference values are loaded", {NULL}, .no_references = true                            \
    }
#define COMMON_ROWS                                                                                \
    {"no nonce to compare", {NULL}, .no_nonce = true},                                             \
        {"a simulated trust anchor", {NULL}, .simulated = true},                                   \
        {"the machine, or a key that the Evidence rests on, is revoked", {NULL}, .revoked = true}, \
    {                                                                                              \
        "an endorser says that it is open for debugging, or not secure", {NULL}, .endorsed = true  \
    }
#define GOOD_ROW                                                                                   \
    {                                                                                              \
        "TCB status UpToDate, closed for debugging, code that a reference value has", {NULL},      \
            .simulated = false                                                                     \
    }

static const struct quote_case tdx_cases[] = {
    GOOD_ROW,
    STATUS_ROWS,
    {"TCB status TDRelaunchAdvised", {TD_1_5, OLD_SVN}, .simulated = false},
    {"TCB status TDRelaunchAdvisedConfigurationNeeded",
     {TD_1_5, OLD_SVN, "tcb.status=ConfigurationNeeded"},
     .simulated = false},
    OLD_ROWS,
    {"td_attributes: the trust domain is open for debugging",
     {"td-attributes=0100001000000000"},
     .simulated = false},
    {"td_attributes: a bit that is reserved",
     {"td-attributes=0001001000000000"},
     .simulated = false},
    {"mr_config_id that is not zero, and of which no reference value speaks",
     {"mr-config-id=" ONE_OF_48},
     .simulated = false},
    CODE_ROWS,
    {"td_attributes without SEPT_VE_DISABLE, of which no reference value speaks",
     {"td-attributes=0000000000000000"},
     .simulated = false},
    {"td_attributes with MIGRATABLE, of which no reference value speaks",
     {"td-attributes=0000003000000000"},
     .simulated = false},
    {"mr_owner that is not zero, and of which no reference value speaks",
     {"mr-owner=" ONE_OF_48},
     .simulated = false},
    {"mr_owner_config that is not zero, and of which no reference value speaks",
     {"mr-owner-config=" ONE_OF_48},
     .simulated = false},
    {"mr_servicetd that is not zero, and of which no reference value speaks",
     {TD_1_5, "mr-servicetd=" ONE_OF_48},
     .simulated = false},
    {"xfam without x87 and SSE, or with a bit that is reserved and that no reference value states",
     {"xfam=0600000000000000"},
     .simulated = false},
    COMMON_ROWS,
};

static const struct quote_case sgx_cases[] = {
    GOOD_ROW,
    STATUS_ROWS,
    {"TCB status TDRelaunchAdvised", {NULL}, .simulated = false},
    {"TCB status TDRelaunchAdvisedConfigurationNeeded", {NULL}, .simulated = false},
    OLD_ROWS,
    {"attributes: the enclave is open for debugging",
     {"attributes=07000000000000000300000000000000"},
     .simulated = false},
    {"attributes: without INIT, or with a flag that is reserved",
     {"attributes=0d000000000000000300000000000000"},
     .simulated = false},
    {"config_id or config_svn that is not zero, and of which no reference value speaks",
     {"config-id=01" TD_ZEROS "00000000000000000000000000000000000000000000000000000000000000"},
     .simulated = false},
    CODE_ROWS,
    COMMON_ROWS,
};

static const char other_code[] =
    "[{\"value\":{\"mrtee\":[\"sha-256;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]}}]";

static void endorse_code(struct atls_endorsements *set, bool is_td)
{
    char comid[600];
    snprintf(comid, sizeof comid,
             "{\"tag-identity\":{\"id\":\"e\"},\"triples\":{\"endorsed-values\":[{\"environment\":{"
             "\"class\":{\"vendor\":\"Intel Corporation\",\"model\":\"%s\"}},\"measurements\":[{"
             "\"value\":{\"flags\":{\"is-secure\":false}}}]}]}}",
             is_td ? "TDX" : "SGX");
    test_add_comid(set, comid, "intel", false);
}

static void appraise_quote_case(struct scene *s, const struct quote_case *c, bool is_td)
{
    struct test_quote t;
    test_quote_init(&t, is_td, c->settings);
    struct atls_endorsements *set = test_endorsements();
    test_quote_add_root(set, &t, c->simulated);
    test_quote_add_collateral(set, &t);
    if (!c->no_references) {
        test_quote_add_reference(set, is_td, c->other_code ? other_code : test_quote_code(&t));
    }
    if (c->endorsed) {
        endorse_code(set, is_td);
    }
    scene_init(s, set, c->no_nonce ? atls_bytes_of(NULL, 0) : test_quote_nonce());
    s->input.no_nonce = c->no_nonce;
    assert_err(
        appraise(s, is_td ? &atls_appraiser_tdx : &atls_appraiser_sgx, test_quote_evidence(&t)),
        OK);
    if (c->revoked) {
        struct atls_diag why;
        atls_fail(&why, ATLS_ERR_REVOKED, "revocation", "key");
        atls_outcome_revoke(&s->submod, &why);
    }
    atls_sim_intel_cleanup(&t.intel);
}

#endif
