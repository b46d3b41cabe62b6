/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/certificate.h"

#include "appraiser/intel/quote.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/ratls.h"
#include "endorsement/collateral.h"
#include "verifier/bare.h"
#include "verifier/certificate_form.h"

#include <stdlib.h>

static const char step[] = ATLS_STEP_CERTIFICATE;

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err, const char *claim,
                            const char *found, const char *expected)
{
    return atls_fail_texts(diag, err, step, claim, found, expected);
}

static enum atls_err name_quote(const char **out, struct atls_bytes quote, struct atls_diag *diag)
{
    enum atls_tee tee = ATLS_TEE_SGX;
    if (!atls_quote_has_head(quote, &tee)) {
        return refuse(diag, ATLS_ERR_EVIDENCE_MALFORMED, "quote", "another header",
                      "version 3, 4 or 5 of SGX or TDX");
    }
    *out = tee == ATLS_TEE_TDX ? "tdx" : "sgx";
    return ATLS_OK;
}

static enum atls_err take_record(struct atls_cert_evidence *out,
                                 const struct atls_cert_found *found, struct atls_diag *diag)
{
    struct atls_cmw cmw;
    enum atls_err err = atls_cert_recode(atls_cmw_parse(&cmw, found->evidence, diag), diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->format = cmw.kind == ATLS_CMW_COLLECTION ? NULL : atls_cmw_format(&cmw);
    if (out->format == NULL) {
        return refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "CMW", "another type",
                      "one record of a format that is known here");
    }
    out->cmw = malloc(found->evidence.len);
    if (out->cmw == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    memcpy(out->cmw, found->evidence.data, found->evidence.len);
    out->cmw_len = found->evidence.len;
    return ATLS_OK;
}

static enum atls_err hash_both(struct atls_digest *out, const struct atls_cert_found *found,
                               const struct atls_crypto_ops *crypto)
{
    struct atls_hash state;
    memset(&state, 0, sizeof state);
    enum atls_err err = crypto->hash_init(&state, found->hash_alg);
    if (err == ATLS_OK) {
        err = crypto->hash_update(&state, found->label);
    }
    if (err == ATLS_OK) {
        err = crypto->hash_update(&state, found->hashed);
    }
    if (err == ATLS_OK) {
        err = crypto->hash_peek(&state, out);
    }
    crypto->hash_cleanup(&state);
    return err;
}

/* take makes of what a form has found what an appraisal needs. */
static enum atls_err take(struct atls_cert_evidence *out, const struct atls_cert_found *found,
                          const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct atls_digest hash;
    const char *name = "snp";
    enum atls_err err = hash_both(&hash, found, crypto);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "report_data");
    }
    memcpy(out->report_data, hash.data, hash.len); /* zeros behind it, which count */
    out->has_nonce = found->has_nonce;
    out->nonce = found->nonce;
    out->evidence = found->evidence;
    if (found->kind == ATLS_CERT_CMW) {
        return take_record(out, found, diag);
    }
    if (found->kind == ATLS_CERT_QUOTE) {
        err = name_quote(&name, found->evidence, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    out->format_name = name;
    out->format = atls_format_by_name(atls_bytes_text(name));
    return out->format != NULL
               ? atls_bare_wrap_raw(&out->cmw, &out->cmw_len, out->format, found->evidence, diag)
               : ATLS_OK;
}

void atls_cert_evidence_cleanup(struct atls_cert_evidence *evidence)
{
    free(evidence->cmw);
    free(evidence->storage);
    evidence->cmw = NULL;
    evidence->storage = NULL;
}

enum atls_err atls_cert_evidence_read(struct atls_cert_evidence *out,
                                      const struct atls_evidence_cert *cert,
                                      const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct atls_cert_source source = {.cert = cert, .crypto = crypto};
    for (size_t i = 0; i < ATLS_NUM_CERT_FORMS; i++) {
        const struct atls_cert_form *form = &atls_cert_forms[i];
        const struct atls_bytes oid = atls_bytes_of(form->oid, form->oid_len);
        if (!atls_evidence_cert_extension(cert, oid, &source.value)) {
            continue;
        }
        struct atls_cert_found found;
        struct atls_cert_evidence read;
        memset(&found, 0, sizeof found);
        memset(&read, 0, sizeof read);
        read.form = form->name;
        enum atls_err err = form->take(&found, &source, diag);
        read.storage = found.storage;
        if (err == ATLS_OK) {
            err = take(&read, &found, crypto, diag);
        }
        if (err != ATLS_OK) {
            atls_cert_evidence_cleanup(&read);
            return err;
        }
        *out = read;
        return ATLS_OK;
    }
    return refuse(diag, ATLS_ERR_NOT_ATTESTED, "extensions", "none with Evidence",
                  "one of RA-TLS, such as 2.23.133.5.4.9");
}

static enum atls_err compare_nonce(const struct atls_cert_evidence *evidence,
                                   const struct atls_verify_request *request,
                                   struct atls_diag *diag)
{
    if (request->no_nonce) {
        return ATLS_OK;
    }
    return evidence->has_nonce && evidence->nonce.len == request->expected_nonce.len &&
                   atls_ct_equal(evidence->nonce, request->expected_nonce)
               ? ATLS_OK
               : refuse(diag, ATLS_ERR_FRESHNESS, "nonce",
                        evidence->has_nonce ? "another value" : "none in the certificate",
                        "the nonce of this appraisal");
}

/* lower: what was compared is the binding to a key. Without a nonce nothing says when. */
static void lower(struct atls_appraisal *appraisal, const struct atls_verify_request *request)
{
    for (size_t i = 0; request->no_nonce && i < appraisal->num_submods; i++) {
        struct atls_submod *submod = &appraisal->submods[i];
        const bool revoked = submod->revoked;
        const struct atls_diag why = submod->reason;
        submod->fresh = false;
        submod->of_certificate = true;
        atls_outcome_not_fresh(submod, "certificate");
        if (revoked) {
            submod->reason = why;
        }
    }
}

/* bring takes the collateral of a certificate of the interoperable form. Nobody has to send any: a
 * part that cannot be read is as good as none. */
static enum atls_err bring(struct atls_collateral **out, const struct atls_evidence_cert *cert,
                           struct atls_diag *diag)
{
    static const uint8_t oid[] = {0x67, 0x81, 0x05, 0x05, 0x04, 0x02}; /* 2.23.133.5.4.2 */
    struct atls_ratls_endorsements parts;
    struct atls_bytes value;
    if (!atls_evidence_cert_extension(cert, atls_bytes_of(oid, sizeof oid), &value)) {
        return ATLS_OK;
    }
    enum atls_err err = atls_cert_recode(atls_ratls_endorsements_parse(&parts, value, diag), diag);
    if (err == ATLS_OK) {
        err = atls_collateral_new(out, ATLS_MAX_BROUGHT, diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < parts.num; i++) {
        const enum atls_err its_err =
            atls_collateral_add(*out, parts.part[i], "the certificate", NULL);
        err = its_err == ATLS_ERR_MEMORY ? its_err : ATLS_OK;
    }
    return err;
}

static enum atls_err verify(struct atls_appraisal *out, const struct atls_cert_evidence *evidence,
                            const struct atls_evidence_cert *cert,
                            const struct atls_collateral *brought,
                            const struct atls_verify_request *request, struct atls_diag *diag)
{
    struct atls_verify_request inner = *request;
    inner.brought = brought;
    inner.cmw = atls_bytes_of(evidence->cmw, evidence->cmw_len);
    inner.no_nonce = false;
    inner.expected_nonce = atls_bytes_of(evidence->report_data, sizeof evidence->report_data);
    inner.tls_spki = atls_evidence_cert_spki(cert);
    if (evidence->format == NULL) {
        return refuse(diag, ATLS_ERR_NOT_BUILT, "format", evidence->format_name,
                      "one that is built in this version");
    }
    enum atls_err err = compare_nonce(evidence, request, diag);
    if (err == ATLS_OK && request->format != NULL && request->format != evidence->format) {
        err = refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "format", evidence->format->name,
                     request->format->name);
    }
    return err == ATLS_OK ? atls_verify(out, &inner, diag) : err;
}

enum atls_err atls_verify_certificate(struct atls_appraisal *out, const char **out_form,
                                      const struct atls_verify_request *request,
                                      struct atls_diag *diag)
{
    ATLS_AUTO(atls_evidence_cert_cleanup) struct atls_evidence_cert *cert = NULL;
    struct atls_collateral *brought = NULL;
    struct atls_cert_evidence evidence;
    memset(&evidence, 0, sizeof evidence);
    enum atls_err err = atls_cert_recode(atls_evidence_cert_read(&cert, request->cmw, diag), diag);
    if (err == ATLS_OK) {
        err = atls_evidence_cert_check(cert, request->now_s, !request->signer_is_checked, diag);
    }
    if (err == ATLS_OK) {
        err = atls_cert_evidence_read(&evidence, cert, request->crypto, diag);
    }
    if (err == ATLS_OK) {
        err = bring(&brought, cert, diag);
    }
    if (err == ATLS_OK) {
        err = verify(out, &evidence, cert, brought, request, diag);
    }
    if (err == ATLS_OK) {
        lower(out, request);
        *out_form = evidence.form;
    }
    /* What the submods borrow is the record. */
    if (err == ATLS_OK && out->storage == NULL) {
        out->storage = evidence.cmw;
        evidence.cmw = NULL;
    }
    atls_cert_evidence_cleanup(&evidence);
    atls_collateral_free(brought);
    return err;
}

bool atls_is_certificate(struct atls_bytes file)
{
    static const char begin[] = "-----BEGIN CERTIFICATE";
    const bool is_pem =
        file.len >= sizeof begin - 1 &&
        atls_bytes_equal(atls_bytes_of(file.data, sizeof begin - 1), atls_bytes_text(begin));
    return is_pem || (file.len > 1 && file.data[0] == 0x30 && (file.data[1] & 0x80) != 0);
}
