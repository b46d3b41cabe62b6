/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values out of a quote of Intel TDX or SGX. It brings its certificates along, so its
 * signatures are checked, as of now; what is revoked, and what the platform's TCB is worth, does
 * not matter for what was measured.
 */
#include "corim_from_quote.h"

#include "appraiser/sgx/sgx.h"
#include "appraiser/tdx/tdx.h"
#include "base/span.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "json/json.h"
#include "when.h"

#include <stdlib.h>

static const char step[] = "corim create --from";

static enum atls_err unwrap(struct atls_bytes *out, bool is_td, struct atls_bytes evidence,
                            struct atls_diag *diag)
{
    static const struct atls_bytes any = {NULL, 0};
    struct atls_sgx_evidence enclave;
    if (is_td) {
        return atls_tdx_unwrap(out, evidence, any, diag);
    }
    const enum atls_err err = atls_sgx_unwrap(&enclave, evidence, any, diag);
    if (err == ATLS_OK) {
        *out = enclave.quote;
    }
    return err;
}

static enum atls_err check(struct cli_corim_from *from, const struct atls_quote_parsed *parsed,
                           struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    struct atls_collateral_scope scope = {.format = from->format->name};
    enum atls_err err = cli_when(&scope.now_s, NULL, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_new(&set, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    scope.endorsements = set;
    struct atls_diag why = {.err = ATLS_OK};
    err = cli_corim_signed(
        from, atls_quote_check_signatures(parsed, atls_crypto_openssl(), &scope, &why), &why, diag);
    atls_endorsements_unref(set);
    return err;
}

static enum atls_err read_claims(struct cli_corim_from *from, const struct atls_quote_kind *kind,
                                 const struct atls_quote_parsed *parsed, struct atls_diag *diag)
{
    char *text = NULL;
    enum atls_err err = atls_quote_body_json(&text, kind, parsed, diag);
    if (err == ATLS_OK) {
        err = atls_json_parse(&from->claims, atls_bytes_text(text), step, diag);
    }
    free(text);
    return err;
}

enum atls_err cli_corim_read_quote(struct cli_corim_from *from, struct atls_bytes evidence,
                                   struct atls_diag *diag)
{
    ATLS_AUTO(atls_quote_parsed_cleanup) struct atls_quote_parsed *parsed = NULL;
    const bool is_td = strcmp(from->format->name, "tdx") == 0;
    const struct atls_quote_kind *kind = is_td ? &atls_tdx_kind : &atls_sgx_kind;
    struct atls_bytes quote = {NULL, 0};
    enum atls_err err = cli_corim_no_ak(from, "a quote", diag);
    if (err == ATLS_OK) {
        err = unwrap(&quote, is_td, evidence, diag);
    }
    if (err == ATLS_OK) {
        err = atls_quote_parse(&parsed, kind->tee, quote, diag);
    }
    if (err == ATLS_OK) {
        err = check(from, parsed, diag);
    }
    if (err == ATLS_OK) {
        err = read_claims(from, kind, parsed, diag);
    }
    if (err == ATLS_OK && json_is_true(json_object_get(from->claims, "debug"))) {
        cli_note("corim",
                 "warning: %s is open for debugging: its host can change what it runs, and "
                 "a Verifier refuses it unless its policy says otherwise",
                 is_td ? "this trust domain" : "this enclave");
    }
    return err;
}
