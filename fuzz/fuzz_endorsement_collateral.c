/* SPDX-License-Identifier: Apache-2.0 */
/* What comes as collateral, with Evidence or from a server: refused with a sentence and nothing
 * kept, or a bag in which every look-up ends, and none of it verifies, since no root is trusted. */
#include "fuzz_check.h"

#include "base/span.h"
#include "endorsement/bag.h"

#include <stdlib.h>

#define NOW 1784073600 /* 2026-07-15 */

static const struct atls_chain_profile *const profiles[] = {&atls_chain_amd, &atls_chain_pck,
                                                            &atls_chain_intel, &atls_chain_nitro};

/* check_chains takes each certificate for a leaf. */
static void check_chains(const struct atls_collateral_scope *scope)
{
    const struct atls_bag_cert *entry = NULL;
    struct atls_bag_cursor cursor = {.bag = NULL};
    while ((entry = atls_bag_next_cert(scope, &cursor)) != NULL) {
        const struct atls_bytes der = atls_x509_der(entry->cert);
        for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
            struct atls_chain *chain = NULL;
            struct atls_root root;
            struct atls_diag diag = {.err = ATLS_OK};
            const enum atls_err err =
                atls_collateral_chain(&chain, &root, scope, &der, 1, profiles[i], &diag);
            fuzz_require(err != ATLS_OK && diag.err == err && chain == NULL);
        }
        if (entry->is_amd) {
            const struct atls_amd_question question = {.kind = entry->amd.kind,
                                                       .product = entry->amd.product,
                                                       .chip_id = entry->amd.chip_id,
                                                       .tcb = entry->amd.tcb};
            struct atls_bytes found;
            fuzz_require(atls_collateral_amd_leaf(&found, scope, &question, NULL) == ATLS_OK);
        }
    }
}

static void check_jsons(const struct atls_collateral_scope *scope)
{
    const struct atls_bag_json *entry = NULL;
    struct atls_bag_cursor cursor = {.bag = NULL};
    while ((entry = atls_bag_next_json(scope, &cursor)) != NULL) {
        const struct atls_intel_tcb_info *tcb = NULL;
        const struct atls_intel_identity *identity = NULL;
        struct atls_root root;
        if (entry->json.kind == ATLS_INTEL_TCB_INFO) {
            const uint8_t *fmspc = entry->json.as.tcb.fmspc;
            fuzz_require(atls_collateral_tcb_info(&tcb, &root, scope, atls_bytes_of(fmspc, 6),
                                                  entry->json.as.tcb.tee, NULL) != ATLS_OK);
        } else {
            fuzz_require(atls_collateral_identity(&identity, &root, scope,
                                                  entry->json.as.identity.enclave,
                                                  NULL) != ATLS_OK);
        }
    }
}

/* check_packed: another process reads the same of it. */
static void check_packed(const struct atls_collateral *bag)
{
    struct atls_collateral *again = NULL;
    uint8_t *octets = NULL;
    size_t len = 0;
    fuzz_require(atls_collateral_new(&again, ATLS_MAX_BROUGHT, NULL) == ATLS_OK);
    fuzz_require(atls_collateral_pack(&octets, &len, bag, NULL) == ATLS_OK);
    /* A list of fewer than 128 octets, which no maker's is, is not told by its head again. */
    const bool is_read = atls_collateral_unpack(again, atls_bytes_of(octets, len), NULL) == ATLS_OK;
    fuzz_require(!is_read ||
                 (again->num_certs == bag->num_certs && again->num_crls == bag->num_crls &&
                  again->num_jsons == bag->num_jsons));
    atls_collateral_free(again);
    free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_collateral *bag = NULL;
    struct atls_diag diag = {.err = ATLS_OK};
    fuzz_require(atls_collateral_new(&bag, ATLS_MAX_BROUGHT, NULL) == ATLS_OK);
    const enum atls_err err = atls_collateral_add(bag, atls_bytes_of(data, size), "fuzz", &diag);
    if (err != ATLS_OK) {
        fuzz_require(diag.err == err && err == ATLS_ERR_ENDORSEMENT);
        fuzz_require(bag->num_certs + bag->num_crls + bag->num_jsons == 0);
    } else {
        const struct atls_collateral_scope scope = {.brought = bag, .format = "snp", .now_s = NOW};
        fuzz_require(bag->num_certs + bag->num_crls + bag->num_jsons != 0);
        fuzz_require(atls_collateral_end(bag) != INT64_MAX);
        check_chains(&scope);
        check_jsons(&scope);
        check_packed(bag);
    }
    atls_collateral_free(bag);
    return 0;
}
