/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way into an attester for certificates (RA-TLS). The nonce is a hash that is made here, of the
 * key or of claims with its hash, so that nobody can have a binder signed by this way: in
 * the interoperable form 32 octets and zeros, as a padded binder is, whose preimage nobody has.
 */
#include "attester/attester.h"

#include "attester/ways.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/ratls.h"
#include "codec/tsm_report.h"

#include <stdlib.h>

static const char step[] = "attester: certificate";

#define MAX_CLAIMS_LEN 128

static enum atls_err hash(struct atls_digest *out, const struct atls_crypto_ops *crypto,
                          int32_t alg, struct atls_bytes octets, struct atls_diag *diag)
{
    const enum atls_err err = crypto->hash(alg, octets, out);
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, "nonce");
}

static enum atls_err attest_cmw(const struct atls_attester_ops *ops, struct atls_attester *attester,
                                const struct atls_crypto_ops *crypto, struct atls_bytes spki,
                                uint32_t timeout_ms, struct atls_buf out, size_t *out_len,
                                struct atls_diag *diag)
{
    struct atls_digest nonce;
    const struct atls_buf room = {malloc(ATLS_MAX_CMW_LEN), ATLS_MAX_CMW_LEN};
    size_t len = 0;
    enum atls_err err = room.data != NULL ? hash(&nonce, crypto, ATLS_ALG_SHA512, spki, diag)
                                          : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = attester_attest(ops, attester, atls_digest_bytes(&nonce), spki, timeout_ms, room,
                              &len, diag);
    }
    if (err == ATLS_OK) {
        struct atls_writer w = atls_writer_of(out);
        atls_ratls_put_cmw(&w, atls_bytes_of(room.data, len));
        err = atls_writer_finish(&w, out_len) ? ATLS_OK
                                              : atls_fail(diag, ATLS_ERR_BUFFER, step, "Evidence");
    }
    free(room.data);
    return err;
}

static enum atls_err refuse(struct atls_diag *diag, const struct atls_attester_ops *ops)
{
    return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "interop", ops->format,
                           "snp, tdx or sgx: this form holds quotes and reports; cmw takes all");
}

/* find_evidence takes the quote or report out of what the attester made, and says how it is
 * tagged. */
static enum atls_err find_evidence(struct atls_bytes *out, enum atls_ratls_kind *out_kind,
                                   struct atls_bytes cmw_octets,
                                   const struct atls_attester_ops *ops, struct atls_diag *diag)
{
    struct atls_cmw cmw;
    struct atls_cbor map, quote;
    struct atls_tsm_report report;
    enum atls_err err = atls_cmw_parse(&cmw, cmw_octets, diag);
    if (err != ATLS_OK) {
        return err;
    }
    *out_kind = ATLS_RATLS_INTEL_QUOTE;
    if (strcmp(ops->format, "sgx") == 0) {
        err = atls_cbor_parse(&map, cmw.value, ATLS_CBOR_STRICT, step, diag);
        if (err == ATLS_OK && (!atls_cbor_get_text(&map, "quote", &quote) ||
                               !atls_cbor_bytes(&quote, 1, SIZE_MAX, out))) {
            err = refuse(diag, ops);
        }
        return err;
    }
    *out_kind = strcmp(ops->format, "snp") == 0 ? ATLS_RATLS_SEV_SNP : ATLS_RATLS_INTEL_QUOTE;
    err = atls_tsm_report_parse(&report, cmw.value, diag);
    *out = report.outblob;
    return err;
}

static enum atls_err write_interop(struct atls_buf out, size_t *out_len,
                                   const struct atls_attester_ops *ops, struct atls_bytes cmw,
                                   struct atls_bytes claims, struct atls_diag *diag)
{
    struct atls_bytes evidence = {NULL, 0};
    enum atls_ratls_kind kind;
    const enum atls_err err = find_evidence(&evidence, &kind, cmw, ops, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_writer w = atls_writer_of(out);
    atls_ratls_put(&w, kind, evidence, claims);
    return atls_writer_finish(&w, out_len) ? ATLS_OK
                                           : atls_fail(diag, ATLS_ERR_BUFFER, step, "Evidence");
}

static enum atls_err attest_interop(const struct atls_attester_ops *ops,
                                    struct atls_attester *attester,
                                    const struct atls_crypto_ops *crypto, struct atls_bytes spki,
                                    uint32_t timeout_ms, struct atls_buf out, size_t *out_len,
                                    struct atls_diag *diag)
{
    uint8_t claims[MAX_CLAIMS_LEN];
    uint8_t nonce[ATLS_MAX_NONCE_LEN] = {0};
    struct atls_digest digest;
    size_t claims_len = 0;
    const bool is_tee = strcmp(ops->format, "snp") == 0 || strcmp(ops->format, "tdx") == 0 ||
                        strcmp(ops->format, "sgx") == 0;
    if (!is_tee) {
        return refuse(diag, ops);
    }
    enum atls_err err = hash(&digest, crypto, ATLS_ALG_SHA256, spki, diag);
    struct atls_writer w = atls_writer_of((struct atls_buf){claims, sizeof claims});
    atls_ratls_put_claims(&w, ATLS_ALG_SHA256, atls_digest_bytes(&digest));
    if (err == ATLS_OK && !atls_writer_finish(&w, &claims_len)) {
        err = atls_fail(diag, ATLS_ERR_BUFFER, step, "claims");
    }
    if (err == ATLS_OK) {
        err = hash(&digest, crypto, ATLS_ALG_SHA256, atls_bytes_of(claims, claims_len), diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    memcpy(nonce, digest.data, digest.len);
    const struct atls_buf room = {malloc(ATLS_MAX_CMW_LEN), ATLS_MAX_CMW_LEN};
    size_t len = 0;
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    err = attester_attest(ops, attester, atls_bytes_of(nonce, sizeof nonce), spki, timeout_ms, room,
                          &len, diag);
    if (err == ATLS_OK) {
        err = write_interop(out, out_len, ops, atls_bytes_of(room.data, len),
                            atls_bytes_of(claims, claims_len), diag);
    }
    free(room.data);
    return err;
}

enum atls_err atls_attester_for_certificate(const struct atls_attester_ops *ops,
                                            struct atls_attester *attester,
                                            const struct atls_crypto_ops *crypto,
                                            enum atls_certificate_form form, struct atls_bytes spki,
                                            uint32_t timeout_ms, struct atls_buf out,
                                            size_t *out_len, struct atls_diag *diag)
{
    const enum atls_err err = atls_attester_check(ops, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return form == ATLS_CERTIFICATE_INTEROP
               ? attest_interop(ops, attester, crypto, spki, timeout_ms, out, out_len, diag)
               : attest_cmw(ops, attester, crypto, spki, timeout_ms, out, out_len, diag);
}
