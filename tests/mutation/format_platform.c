/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel says of platforms, signed anew: PCK certificates (pck, with a quote of an enclave),
 * TCB info and identities of quoting enclaves (tcb-info, qe-identity, with one of a trust domain).
 */
#include "base/span.h"
#include "mutation/platform.h"
#include "mutation/wrap.h"

#include <string.h>

static struct test_quote quote;
static struct atls_bytes bundle; /* of the mutant that was made last */

#define SAID(member)                                                                               \
    {                                                                                              \
        member, VALUE_BIT                                                                          \
    }
#define JSON(member)                                                                               \
    {                                                                                              \
        member, VALUE_CBOR                                                                         \
    }

/* Sixteen components of a level, each above what the platform has. */
#define COMPONENT(list, n) SAID("tcbInfo.tcbLevels.0.tcb." list "." #n ".svn=255"),
#define COMPONENTS(list)                                                                           \
    COMPONENT(list, 0)                                                                             \
    COMPONENT(list, 1)                                                                             \
    COMPONENT(list, 2)                                                                             \
    COMPONENT(list, 3)                                                                             \
    COMPONENT(list, 4)                                                                             \
    COMPONENT(list, 5)                                                                             \
    COMPONENT(list, 6)                                                                             \
    COMPONENT(list, 7)                                                                             \
    COMPONENT(list, 8)                                                                             \
    COMPONENT(list, 9)                                                                             \
    COMPONENT(list, 10)                                                                            \
    COMPONENT(list, 11)                                                                            \
    COMPONENT(list, 12)                                                                            \
    COMPONENT(list, 13)                                                                            \
    COMPONENT(list, 14)                                                                            \
    COMPONENT(list, 15)

#define STATUSES(member)                                                                           \
    SAID(member "=\"SWHardeningNeeded\""), SAID(member "=\"ConfigurationNeeded\""),                \
        SAID(member "=\"ConfigurationAndSWHardeningNeeded\""), SAID(member "=\"OutOfDate\""),      \
        SAID(member "=\"OutOfDateConfigurationNeeded\""), SAID(member "=\"Revoked\""),             \
        SAID(member "=\"uptodate\"")

#define DATES(body)                                                                                \
    SAID(body ".issueDate=\"2026-09-22T00:00:00Z\""),                                              \
        SAID(body ".issueDate=\"2026-10-02T00:00:00Z\""),                                          \
        SAID(body ".nextUpdate=\"2026-09-20T00:00:00Z\""),                                         \
        SAID(body ".nextUpdate=\"2026-13-01T00:00:00Z\"")

static const struct mutation_field tcb_info_fields[] = {
    JSON("tcbInfo.id"),
    SAID("tcbInfo.id=\"SGX\""),
    JSON("tcbInfo.version"),
    JSON("tcbInfo.issueDate"),
    JSON("tcbInfo.nextUpdate"),
    DATES("tcbInfo"),
    JSON("tcbInfo.fmspc"),
    JSON("tcbInfo.pceId"),
    JSON("tcbInfo.tcbType"),
    JSON("tcbInfo.tcbEvaluationDataNumber"),
    JSON("tcbInfo.tcbLevels"),
    SAID("tcbInfo.tcbLevels=reversed"),
    JSON("tcbInfo.tcbLevels.0"),
    JSON("tcbInfo.tcbLevels.0.tcb"),
    JSON("tcbInfo.tcbLevels.0.tcb.sgxtcbcomponents"),
    JSON("tcbInfo.tcbLevels.0.tcb.sgxtcbcomponents.0"),
    JSON("tcbInfo.tcbLevels.0.tcb.sgxtcbcomponents.0.svn"),
    COMPONENTS("sgxtcbcomponents") JSON("tcbInfo.tcbLevels.0.tcb.pcesvn"),
    JSON("tcbInfo.tcbLevels.0.tcb.tdxtcbcomponents"),
    JSON("tcbInfo.tcbLevels.0.tcb.tdxtcbcomponents.2"),
    JSON("tcbInfo.tcbLevels.0.tcb.tdxtcbcomponents.2.svn"),
    COMPONENTS("tdxtcbcomponents") JSON("tcbInfo.tcbLevels.0.tcbDate"),
    JSON("tcbInfo.tcbLevels.0.tcbStatus"),
    STATUSES("tcbInfo.tcbLevels.0.tcbStatus"),
    JSON("tcbInfo.tcbLevels.0.advisoryIDs"),
    JSON("tcbInfo.tcbLevels.0.advisoryIDs.0"),
    JSON("tcbInfo.tdxModule"),
    JSON("tcbInfo.tdxModule.mrsigner"),
    JSON("tcbInfo.tdxModule.attributes"),
    JSON("tcbInfo.tdxModule.attributesMask"),
    JSON("tcbInfo.tdxModuleIdentities"),
    JSON("tcbInfo.tdxModuleIdentities.0"),
    JSON("tcbInfo.tdxModuleIdentities.0.id"),
    SAID("tcbInfo.tdxModuleIdentities.0.id=\"TDX_02\""),
    JSON("tcbInfo.tdxModuleIdentities.0.mrsigner"),
    JSON("tcbInfo.tdxModuleIdentities.0.attributes"),
    JSON("tcbInfo.tdxModuleIdentities.0.attributesMask"),
    JSON("tcbInfo.tdxModuleIdentities.0.tcbLevels"),
    SAID("tcbInfo.tdxModuleIdentities.0.tcbLevels=reversed"),
    JSON("tcbInfo.tdxModuleIdentities.0.tcbLevels.0.tcb"),
    JSON("tcbInfo.tdxModuleIdentities.0.tcbLevels.0.tcb.isvsvn"),
    JSON("tcbInfo.tdxModuleIdentities.0.tcbLevels.0.tcbDate"),
    JSON("tcbInfo.tdxModuleIdentities.0.tcbLevels.0.tcbStatus"),
    STATUSES("tcbInfo.tdxModuleIdentities.0.tcbLevels.0.tcbStatus"),
    JSON("bundle.tcb_info"),
    JSON("bundle.tcb_info_signature"),
    JSON("bundle.tcb_info_issuer_chain"),
    JSON("bundle.root_ca_crl"),
    JSON("bundle.pck_crl"),
    JSON("bundle.pck_crl_issuer_chain"),
    SAID("root_crl.thisUpdate"),
    SAID("root_crl.nextUpdate"),
    SAID("root_crl.names-ca"),
    SAID("root_crl.names-signer"),
    SAID("root_crl.names-others"),
    SAID("root_crl.signature"),
    SAID("root_crl.issuer"),
    SAID("pck_crl.thisUpdate"),
    SAID("pck_crl.nextUpdate"),
    SAID("pck_crl.names-pck"),
    SAID("pck_crl.names-others"),
    SAID("pck_crl.signature"),
    SAID("pck_crl.issuer"),
};

static const struct mutation_field identity_fields[] = {
    JSON("enclaveIdentity.id"),
    SAID("enclaveIdentity.id=\"QE\""),
    SAID("enclaveIdentity.id=\"QVE\""),
    JSON("enclaveIdentity.version"),
    JSON("enclaveIdentity.issueDate"),
    JSON("enclaveIdentity.nextUpdate"),
    DATES("enclaveIdentity"),
    JSON("enclaveIdentity.tcbEvaluationDataNumber"),
    JSON("enclaveIdentity.miscselect"),
    JSON("enclaveIdentity.miscselectMask"),
    JSON("enclaveIdentity.attributes"),
    JSON("enclaveIdentity.attributesMask"),
    JSON("enclaveIdentity.mrsigner"),
    JSON("enclaveIdentity.isvprodid"),
    JSON("enclaveIdentity.tcbLevels"),
    SAID("enclaveIdentity.tcbLevels=reversed"),
    JSON("enclaveIdentity.tcbLevels.0"),
    JSON("enclaveIdentity.tcbLevels.0.tcb"),
    JSON("enclaveIdentity.tcbLevels.0.tcb.isvsvn"),
    JSON("enclaveIdentity.tcbLevels.0.tcbDate"),
    JSON("enclaveIdentity.tcbLevels.0.tcbStatus"),
    STATUSES("enclaveIdentity.tcbLevels.0.tcbStatus"),
    JSON("bundle.qe_identity"),
    JSON("bundle.qe_identity_signature"),
    JSON("bundle.qe_identity_issuer_chain"),
};

static const struct mutation_field pck_fields[] = {MUTATION_PCK_FIELDS};

static struct atls_bytes make(struct value_change *change)
{
    struct test_quote changed = quote;
    changed.signer_pem = mutation_pck_chain(&quote, change);
    bundle = mutation_collateral(&quote, change);
    return mutation_wrap(change,
                         quote.quote.is_td
                             ? "application/vnd.veraison.tsm-report+cbor; provider=\"tdx_guest\""
                             : "application/vnd.atls.sgx-quote+cbor",
                         test_quote_evidence(&changed));
}

static enum atls_err bring(struct atls_collateral **out, struct atls_diag *diag)
{
    enum atls_err err = atls_collateral_new(out, ATLS_MAX_BROUGHT, diag);
    if (err == ATLS_OK) {
        err = atls_collateral_add(*out, bundle, "bundle", diag);
    }
    return err;
}

/* set_up_with gives a set without collateral: that is what each mutant brings. */
static void set_up_with(struct test_sample *out_original, const struct atls_endorsements **out_set,
                        bool is_td)
{
    static const char *const settings[] = {"components=07070707070707070707070707070707",
                                           "tcb.components=07070707070707070707070707070707",
                                           "tee-tcb-svn=05010707070707070707070707070707",
                                           "tcb.tdx-components=05010707070707070707070707070707",
                                           "tcb.advisory=INTEL-SA-00001",
                                           NULL};
    struct atls_endorsements *set = test_endorsements();
    test_quote_init(&quote, is_td, settings);
    test_quote_add_root(set, &quote, false);
    test_quote_add_reference(set, is_td, test_quote_code(&quote));
    memset(out_original, 0, sizeof *out_original);
    out_original->format = atls_format_by_name(atls_bytes_text(is_td ? "tdx" : "sgx"));
    out_original->nonce = test_quote_nonce();
    out_original->tls_spki = test_spki(test_key(ATLS_CRV_P256));
    *out_set = set;
}

static void set_up_td(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    set_up_with(out_original, out_set, true);
}

static void set_up_enclave(struct test_sample *out_original,
                           const struct atls_endorsements **out_set)
{
    set_up_with(out_original, out_set, false);
}

const struct mutation_format mutation_tcb_info = {
    .name = "tcb-info",
    .fields = tcb_info_fields,
    .num_fields = ATLS_ARRAY_LEN(tcb_info_fields),
    .set_up = set_up_td,
    .make = make,
    .bring = bring,
};

const struct mutation_format mutation_qe_identity = {
    .name = "qe-identity",
    .fields = identity_fields,
    .num_fields = ATLS_ARRAY_LEN(identity_fields),
    .set_up = set_up_td,
    .make = make,
    .bring = bring,
};

const struct mutation_format mutation_pck = {
    .name = "pck",
    .fields = pck_fields,
    .num_fields = ATLS_ARRAY_LEN(pck_fields),
    .set_up = set_up_enclave,
    .make = make,
    .bring = bring,
};
