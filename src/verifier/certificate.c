/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/certificate.h"

#include "appraiser/intel/quote.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/ratls.h"
#include "verifier/bare.h"

#include <stdlib.h>

static const char step[] = "certificate with Evidence";

/* What a form gives: the Evidence, by its kind, and the octets whose hash binds it. */
struct found {
    enum { QUOTE, SNP_REPORT, CMW } kind;
    struct atls_bytes evidence;
    int32_t hash_alg;
    struct atls_bytes hashed;
    bool has_nonce;
    struct atls_bytes nonce;
};

/* What a certificate gives to a form. */
struct source {
    const struct atls_evidence_cert *cert;
    const struct atls_crypto_ops *crypto;
    struct atls_bytes value; /* of the extension */
};

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err, const char *claim,
                            const char *found, const char *expected)
{
    return atls_fail_texts(diag, err, step, claim, found, expected);
}

static enum atls_err recode(enum atls_err err, struct atls_diag *diag)
{
    if (err == ATLS_ERR_MALFORMED && diag != NULL) {
        diag->err = ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return err == ATLS_ERR_MALFORMED ? ATLS_ERR_EVIDENCE_MALFORMED : err;
}

static enum atls_err check_key_hash(const struct source *source, const struct atls_ratls *ratls,
                                    struct atls_diag *diag)
{
    struct atls_digest hash;
    const enum atls_err err =
        source->crypto->hash(ratls->hash_alg, atls_evidence_cert_spki(source->cert), &hash);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "pubkey-hash");
    }
    if (atls_bytes_equal(ratls->key_hash, atls_digest_bytes(&hash))) {
        return ATLS_OK;
    }
    refuse(diag, ATLS_ERR_KEY_BINDING, "pubkey-hash", NULL, "that of the certificate's key, ");
    atls_diag_found_bytes(diag, ratls->key_hash);
    atls_diag_expected_bytes(diag, atls_digest_bytes(&hash));
    return ATLS_ERR_KEY_BINDING;
}

static void take_cmw(struct found *out, const struct source *source)
{
    out->kind = CMW;
    out->evidence = source->value;
    out->hash_alg = ATLS_ALG_SHA512;
    out->hashed = atls_evidence_cert_spki(source->cert);
}

/* by_interop: under the OID of TCG DICE stand the interoperable form and CMW, which is no array in
 * one of its tags. */
static enum atls_err by_interop(struct found *out, const struct source *source,
                                struct atls_diag *diag)
{
    struct atls_cmw cmw;
    struct atls_ratls ratls;
    if (atls_cmw_parse(&cmw, source->value, NULL) == ATLS_OK) {
        take_cmw(out, source);
        return ATLS_OK;
    }
    enum atls_err err = recode(atls_ratls_parse(&ratls, source->value, diag), diag);
    if (err == ATLS_OK) {
        err = check_key_hash(source, &ratls, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (ratls.kind != ATLS_RATLS_INTEL_QUOTE && ratls.kind != ATLS_RATLS_SEV_SNP) {
        refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "tag", NULL, "60000 (a quote) or 1733892 (SEV-SNP)");
        atls_diag_found_int(diag, ratls.kind > INT64_MAX ? INT64_MAX : (int64_t)ratls.kind);
        return ATLS_ERR_EVIDENCE_TYPE;
    }
    out->kind = ratls.kind == ATLS_RATLS_SEV_SNP ? SNP_REPORT : QUOTE;
    out->evidence = ratls.evidence;
    out->hash_alg = ATLS_ALG_SHA256;
    out->hashed = ratls.claims;
    out->has_nonce = ratls.has_nonce;
    out->nonce = ratls.nonce;
    return ATLS_OK;
}

static enum atls_err by_cmw(struct found *out, const struct source *source, struct atls_diag *diag)
{
    take_cmw(out, source);
    return recode(atls_ratls_open_cmw(&out->evidence, source->value, diag), diag);
}

static enum atls_err by_gramine(struct found *out, const struct source *source,
                                struct atls_diag *diag)
{
    (void)diag;
    out->kind = QUOTE;
    out->evidence = source->value;
    out->hash_alg = ATLS_ALG_SHA256;
    out->hashed = atls_evidence_cert_spki(source->cert);
    return ATLS_OK;
}

static enum atls_err by_rats_tls(struct found *out, const struct source *source,
                                 struct atls_diag *diag)
{
    const enum atls_err err = by_gramine(out, source, diag);
    if (atls_evidence_cert_is_rsa(source->cert)) {
        out->hashed = atls_evidence_cert_public_key(source->cert);
    }
    return err;
}

static enum atls_err by_open_enclave(struct found *out, const struct source *source,
                                     struct atls_diag *diag)
{
    out->kind = QUOTE;
    out->hash_alg = ATLS_ALG_SHA256;
    out->hashed = atls_evidence_cert_key_pem(source->cert);
    return recode(atls_ratls_open_enclave(&out->evidence, source->value, diag), diag);
}

/* The forms, in the order in which they are looked for: OIDs as content octets. */
static const struct form {
    const char *name;
    size_t oid_len;
    uint8_t oid[12];
    enum atls_err (*take)(struct found *out, const struct source *source, struct atls_diag *diag);
} forms[] = {
    /* 2.23.133.5.4.9 */
    {"interoperable RA-TLS", 6, {0x67, 0x81, 0x05, 0x05, 0x04, 0x09}, by_interop},
    /* id-pe-cmw, 1.3.6.1.5.5.7.1.35 */
    {"CMW", 8, {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x23}, by_cmw},
    /* the DER of the next one, tag and length included */
    {"Gramine", 11, {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x8a, 0x39, 0x06}, by_gramine},
    /* 1.2.840.113741.1337.6 */
    {"rats-tls", 9, {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x8a, 0x39, 0x06}, by_rats_tls},
    /* 1.2.840.113556.10.1.1 */
    {"Open Enclave", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x14, 0x0a, 0x01, 0x01}, by_open_enclave},
};

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

static enum atls_err take_record(struct atls_cert_evidence *out, const struct found *found,
                                 struct atls_diag *diag)
{
    struct atls_cmw cmw;
    enum atls_err err = recode(atls_cmw_parse(&cmw, found->evidence, diag), diag);
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

/* take makes of what a form has found what an appraisal needs. */
static enum atls_err take(struct atls_cert_evidence *out, const struct found *found,
                          const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct atls_digest hash;
    const char *name = "snp";
    enum atls_err err = crypto->hash(found->hash_alg, found->hashed, &hash);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "report_data");
    }
    memcpy(out->report_data, hash.data, hash.len); /* zeros behind it, which count */
    out->has_nonce = found->has_nonce;
    out->nonce = found->nonce;
    out->evidence = found->evidence;
    if (found->kind == CMW) {
        return take_record(out, found, diag);
    }
    if (found->kind == QUOTE) {
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
    evidence->cmw = NULL;
}

enum atls_err atls_cert_evidence_read(struct atls_cert_evidence *out,
                                      const struct atls_evidence_cert *cert,
                                      const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct source source = {.cert = cert, .crypto = crypto};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forms); i++) {
        const struct atls_bytes oid = atls_bytes_of(forms[i].oid, forms[i].oid_len);
        if (!atls_evidence_cert_extension(cert, oid, &source.value)) {
            continue;
        }
        struct found found;
        struct atls_cert_evidence read;
        memset(&found, 0, sizeof found);
        memset(&read, 0, sizeof read);
        read.form = forms[i].name;
        enum atls_err err = forms[i].take(&found, &source, diag);
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

static enum atls_err verify(struct atls_appraisal *out, const struct atls_cert_evidence *evidence,
                            const struct atls_evidence_cert *cert,
                            const struct atls_verify_request *request, struct atls_diag *diag)
{
    struct atls_verify_request inner = *request;
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
    struct atls_cert_evidence evidence;
    memset(&evidence, 0, sizeof evidence);
    enum atls_err err = recode(atls_evidence_cert_read(&cert, request->cmw, diag), diag);
    if (err == ATLS_OK) {
        err = atls_evidence_cert_check(cert, request->now_s, !request->signer_is_checked, diag);
    }
    if (err == ATLS_OK) {
        err = atls_cert_evidence_read(&evidence, cert, request->crypto, diag);
    }
    if (err == ATLS_OK) {
        err = verify(out, &evidence, cert, request, diag);
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
