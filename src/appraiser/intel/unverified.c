/* SPDX-License-Identifier: Apache-2.0 */
/* A quote whose signatures a remote Verifier checks. It names no TLS key: that the key belongs to
 * it rests on the binder, which is in report_data and holds the key's hash. */
#include "appraiser/intel/unverified.h"

#include "appraiser/input.h"
#include "appraiser/intel/appraisal.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/pem.h"

#include <stdlib.h>

static enum atls_err read_leaf(struct atls_pck *out, struct atls_bytes der, struct atls_diag *diag)
{
    struct atls_x509 *cert = NULL;
    enum atls_err err = atls_evidence_recode(atls_x509_read(&cert, der, diag), diag);
    if (err == ATLS_OK) {
        err = atls_pck_read(out, cert, diag);
    }
    atls_x509_free(cert);
    return err;
}

/* read_platform takes what the first certificate says of its platform. */
static enum atls_err read_platform(struct atls_pck *out, struct atls_bytes pem,
                                   struct atls_diag *diag)
{
    struct atls_pem_block block;
    size_t len = 0;
    if (atls_pem_next(&pem, &block) != ATLS_PEM_BLOCK) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                               "quote.certification_data", "something else", "certificates in PEM");
    }
    uint8_t *der = malloc(block.body.len + 1);
    if (der == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "PCK certificate");
    }
    const struct atls_buf room = {der, block.body.len};
    const enum atls_err err =
        atls_pem_decode(&block, room, &len)
            ? read_leaf(out, atls_bytes_of(der, len), diag)
            : atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                              "quote.certification_data", "no base64", "certificates in PEM");
    free(der);
    return err;
}

static enum atls_err fill(struct atls_submod *submod, const struct atls_quote_kind *kind,
                          const struct atls_quote_parsed *parsed, const struct atls_pck *pck,
                          const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    uint8_t *octets = malloc(sizeof pck->ppid);
    if (octets == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "PPID");
    }
    memcpy(octets, pck->ppid, sizeof pck->ppid);
    submod->format = atls_format_by_name(atls_bytes_text(kind->format));
    submod->fresh = true;
    submod->has_reference_values = true;
    submod->key_binding = atls_input_challenge_binding(input);
    submod->storage = octets;
    submod->machine = atls_bytes_of(octets, sizeof pck->ppid);
    atls_identities_add(&submod->identities, ATLS_REVOKED_UEID, "PPID", submod->machine);
    atls_identities_add(&submod->identities, ATLS_REVOKED_CHIP, "PPID", submod->machine);
    kind->measurements(submod, &parsed->body);
    return ATLS_OK;
}

enum atls_err atls_quote_read_unverified(struct atls_submod *out,
                                         const struct atls_quote_kind *kind,
                                         struct atls_bytes quote,
                                         const struct atls_appraisal_input *input,
                                         struct atls_diag *diag)
{
    ATLS_AUTO(atls_quote_parsed_cleanup) struct atls_quote_parsed *parsed = NULL;
    struct atls_submod submod;
    struct atls_pck pck;
    memset(&submod, 0, sizeof submod);
    enum atls_err err = atls_quote_parse(&parsed, kind->tee, quote, diag);
    if (err == ATLS_OK) {
        err = atls_input_compare_padded_nonce(input,
                                              kind->tee == ATLS_TEE_TDX
                                                  ? parsed->body.td.report_data
                                                  : parsed->body.enclave.report_data,
                                              "report_data", diag);
    }
    if (err == ATLS_OK) {
        err = read_platform(&pck, parsed->pck_chain, diag);
    }
    if (err == ATLS_OK) {
        err = fill(&submod, kind, parsed, &pck, input, diag);
    }
    if (err == ATLS_OK) {
        *out = submod;
    }
    return err;
}

enum atls_err atls_quote_body_json(char **out, const struct atls_quote_kind *kind,
                                   const struct atls_quote_parsed *parsed, struct atls_diag *diag)
{
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_int(&text, "version", parsed->body.version);
    kind->put_claims(&text, &parsed->body);
    return atls_claims_text_finish(out, &text, diag);
}
