/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/certificate_form.h"

#include "base/diag.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/dstack.h"
#include "codec/ratls.h"

#include <stdlib.h>

static const char step[] = ATLS_STEP_CERTIFICATE;

enum atls_err atls_cert_recode(enum atls_err err, struct atls_diag *diag)
{
    if (err == ATLS_ERR_MALFORMED && diag != NULL) {
        diag->err = ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return err == ATLS_ERR_MALFORMED ? ATLS_ERR_EVIDENCE_MALFORMED : err;
}

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err, const char *claim,
                            const char *found, const char *expected)
{
    return atls_fail_texts(diag, err, step, claim, found, expected);
}

static enum atls_err check_key_hash(const struct atls_cert_source *source,
                                    const struct atls_ratls *ratls, struct atls_diag *diag)
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

static void take_cmw(struct atls_cert_found *out, const struct atls_cert_source *source)
{
    out->kind = ATLS_CERT_CMW;
    out->evidence = source->value;
    out->hash_alg = ATLS_ALG_SHA512;
    out->hashed = atls_evidence_cert_spki(source->cert);
}

/* by_interop: under the OID of TCG DICE stand the interoperable form and CMW, which is no array in
 * one of its tags. */
static enum atls_err by_interop(struct atls_cert_found *out, const struct atls_cert_source *source,
                                struct atls_diag *diag)
{
    struct atls_cmw cmw;
    struct atls_ratls ratls;
    if (atls_cmw_parse(&cmw, source->value, NULL) == ATLS_OK) {
        take_cmw(out, source);
        return ATLS_OK;
    }
    enum atls_err err = atls_cert_recode(atls_ratls_parse(&ratls, source->value, diag), diag);
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
    out->kind = ratls.kind == ATLS_RATLS_SEV_SNP ? ATLS_CERT_SNP_REPORT : ATLS_CERT_QUOTE;
    out->evidence = ratls.evidence;
    out->hash_alg = ATLS_ALG_SHA256;
    out->hashed = ratls.claims;
    out->has_nonce = ratls.has_nonce;
    out->nonce = ratls.nonce;
    return ATLS_OK;
}

static enum atls_err by_cmw(struct atls_cert_found *out, const struct atls_cert_source *source,
                            struct atls_diag *diag)
{
    take_cmw(out, source);
    return atls_cert_recode(atls_ratls_open_cmw(&out->evidence, source->value, diag), diag);
}

static enum atls_err by_gramine(struct atls_cert_found *out, const struct atls_cert_source *source,
                                struct atls_diag *diag)
{
    (void)diag;
    out->kind = ATLS_CERT_QUOTE;
    out->evidence = source->value;
    out->hash_alg = ATLS_ALG_SHA256;
    out->hashed = atls_evidence_cert_spki(source->cert);
    return ATLS_OK;
}

static enum atls_err by_rats_tls(struct atls_cert_found *out, const struct atls_cert_source *source,
                                 struct atls_diag *diag)
{
    const enum atls_err err = by_gramine(out, source, diag);
    if (atls_evidence_cert_is_rsa(source->cert)) {
        out->hashed = atls_evidence_cert_public_key(source->cert);
    }
    return err;
}

static enum atls_err by_open_enclave(struct atls_cert_found *out,
                                     const struct atls_cert_source *source, struct atls_diag *diag)
{
    out->kind = ATLS_CERT_QUOTE;
    out->hash_alg = ATLS_ALG_SHA256;
    out->hashed = atls_evidence_cert_key_pem(source->cert);
    return atls_cert_recode(atls_ratls_open_enclave(&out->evidence, source->value, diag), diag);
}

/* by_evidence: behind the quote stand the claims that it is bound to, and these are the key. */
static enum atls_err by_evidence(struct atls_cert_found *out, const struct atls_cert_source *source,
                                 struct atls_diag *diag)
{
    struct atls_bytes claims;
    const struct atls_bytes key = atls_evidence_cert_key_pem(source->cert);
    const enum atls_err err = atls_cert_recode(
        atls_ratls_open_enclave_evidence(&out->evidence, &claims, source->value, diag), diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_bytes_equal(claims, key)) {
        return refuse(diag, ATLS_ERR_KEY_BINDING, "custom claims", "other octets",
                      "the PEM of the certificate's key");
    }
    out->kind = ATLS_CERT_QUOTE;
    out->hash_alg = ATLS_ALG_SHA256;
    out->hashed = key;
    return ATLS_OK;
}

/* bind_dstack: SHA-512("ratls-cert:" and the key), all of report_data. */
static void bind_dstack(struct atls_cert_found *out, const struct atls_cert_source *source)
{
    out->hash_alg = ATLS_ALG_SHA512;
    out->label = atls_bytes_text("ratls-cert:");
    out->hashed = atls_evidence_cert_spki(source->cert);
}

/* check_quote: attested-tls of flashbots has JSON in the place of the quote, bound by a hash over
 * dates and name, too. */
static enum atls_err check_quote(struct atls_bytes quote, struct atls_diag *diag)
{
    if (quote.len != 0 && quote.data[0] == '{') {
        return refuse(diag, ATLS_ERR_EVIDENCE_TYPE, "quote",
                      "the JSON of flashbots attested-tls, a form that is not read",
                      "a quote, as dstack has it");
    }
    return ATLS_OK;
}

static enum atls_err by_dstack_quote(struct atls_cert_found *out,
                                     const struct atls_cert_source *source, struct atls_diag *diag)
{
    const enum atls_err err =
        atls_cert_recode(atls_dstack_quote(&out->evidence, source->value, diag), diag);
    out->kind = ATLS_CERT_QUOTE;
    bind_dstack(out, source);
    return err == ATLS_OK ? check_quote(out->evidence, diag) : err;
}

static enum atls_err by_dstack(struct atls_cert_found *out, const struct atls_cert_source *source,
                               struct atls_diag *diag)
{
    struct atls_dstack found;
    out->storage = malloc(source->value.len + 1);
    if (out->storage == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "dstack attestation");
    }
    const struct atls_buf room = {out->storage, source->value.len};
    const enum atls_err err =
        atls_cert_recode(atls_dstack_attestation(&found, room, source->value, diag), diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->kind = found.platform == ATLS_DSTACK_SNP ? ATLS_CERT_SNP_REPORT : ATLS_CERT_QUOTE;
    out->evidence = atls_bytes_of(out->storage, found.len);
    bind_dstack(out, source);
    return check_quote(out->evidence, diag);
}

const struct atls_cert_form atls_cert_forms[ATLS_NUM_CERT_FORMS] = {
    /* 2.23.133.5.4.9 */
    {"interoperable RA-TLS", 6, {0x67, 0x81, 0x05, 0x05, 0x04, 0x09}, by_interop},
    /* id-pe-cmw, 1.3.6.1.5.5.7.1.35 */
    {"CMW", 8, {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x23}, by_cmw},
    /* the DER of the next one, tag and length included */
    {"Gramine", 11, {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x8a, 0x39, 0x06}, by_gramine},
    /* 1.2.840.113741.1337.6 */
    {"rats-tls", 9, {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x8a, 0x39, 0x06}, by_rats_tls},
    /* 1.3.6.1.4.1.311.105.1, and 1.2.840.113556.10.1.1 before that */
    {"Open Enclave", 9, {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x69, 0x01}, by_open_enclave},
    {"Open Enclave", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x14, 0x0a, 0x01, 0x01}, by_open_enclave},
    /* 1.3.6.1.4.1.311.105.2, and 1.2.840.113556.10.1.2 before that */
    {"Open Enclave evidence",
     9,
     {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x69, 0x02},
     by_evidence},
    {"Open Enclave evidence",
     9,
     {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x14, 0x0a, 0x01, 0x02},
     by_evidence},
    /* 1.3.6.1.4.1.62397.1.8, and .1 before that */
    {"dstack", 10, {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xe7, 0x3d, 0x01, 0x08}, by_dstack},
    {"dstack", 10, {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xe7, 0x3d, 0x01, 0x01}, by_dstack_quote},
};
