/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/evidence.h"

#include "base/formats.h"
#include "base/span.h"
#include "codec/cmw.h"

#include <stdlib.h>
#include <tss2/tss2_mu.h>

/* Two TPMS_ATTEST, two signatures and a public key: 700 octets or so. */
#define MAX_CAB 4096
/* TPMT_SIGNATURE of ECDSA: two algorithm numbers, r and s with their lengths. */
#define MAX_SIGNATURE 256

struct part {
    TPM2B_ATTEST attest;
    uint8_t signature[MAX_SIGNATURE];
    size_t signature_len;
};

struct evidence_job {
    struct atls_tpm_job job; /* first */
    struct atls_tpm_key *key;
    TPM2B_NAME key_name;
    TPM2_HANDLE ak_handle;
    TPM2B_NAME ak_name;
    struct atls_tpm_pcrs pcrs;
    uint8_t kid[ATLS_TPM_KID_LEN];
    TPM2B_DATA nonce;
    struct part certify, quote;
    uint8_t cab[MAX_CAB];
};

/* ---- on the TPM's thread ---- */

/* keep checks what the TPM signed before anybody else does: an answer is untrusted input,
 * and a wrong one is our failure, to be named here and not by the peer's alert. */
static bool keep(struct part *part, const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature,
                 TPMS_ATTEST *parsed)
{
    size_t offset = 0;
    part->signature_len = 0;
    if (attest->size > sizeof attest->attestationData || signature->sigAlg != TPM2_ALG_ECDSA ||
        signature->signature.ecdsa.hash != TPM2_ALG_SHA256 ||
        Tss2_MU_TPMT_SIGNATURE_Marshal(signature, part->signature, sizeof part->signature,
                                       &part->signature_len) != TSS2_RC_SUCCESS ||
        Tss2_MU_TPMS_ATTEST_Unmarshal(attest->attestationData, attest->size, &offset, parsed) !=
            TSS2_RC_SUCCESS ||
        offset != attest->size) {
        return false;
    }
    part->attest = *attest;
    return true;
}

static bool same_nonce(const TPM2B_DATA *found, const TPM2B_DATA *wanted)
{
    return found->size <= sizeof found->buffer &&
           atls_ct_equal(atls_bytes_of(found->buffer, found->size),
                         atls_bytes_of(wanted->buffer, wanted->size));
}

static bool certifies(const TPMS_ATTEST *parsed, const struct evidence_job *job)
{
    const TPM2B_NAME *name = &parsed->attested.certify.name;
    return parsed->magic == TPM2_GENERATED_VALUE && parsed->type == TPM2_ST_ATTEST_CERTIFY &&
           same_nonce(&parsed->extraData, &job->nonce) &&
           atls_bytes_equal(atls_bytes_of(name->name, name->size),
                            atls_bytes_of(job->key_name.name, job->key_name.size));
}

static bool quotes(const TPMS_ATTEST *parsed, const struct evidence_job *job)
{
    return parsed->magic == TPM2_GENERATED_VALUE && parsed->type == TPM2_ST_ATTEST_QUOTE &&
           same_nonce(&parsed->extraData, &job->nonce) &&
           atls_tpm_pcrs_equal(&parsed->attested.quote.pcrSelect, &job->pcrs);
}

static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};

static enum atls_err certify(struct atls_tpm_conn *conn, struct evidence_job *job, ESYS_TR key,
                             ESYS_TR ak, struct atls_diag *diag)
{
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;
    const TSS2_RC rc = Esys_Certify(conn->esys, key, ak, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                                    ESYS_TR_NONE, &job->nonce, &scheme_of_key, &attest, &signature);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_Certify", rc, diag);
    }
    TPMS_ATTEST parsed;
    const bool good = keep(&job->certify, attest, signature, &parsed) && certifies(&parsed, job);
    free(attest);
    free(signature);
    return good ? ATLS_OK
                : atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", "TPM2_Certify", "another statement",
                                  "one about the TLS key and the nonce");
}

static enum atls_err quote(struct atls_tpm_conn *conn, struct evidence_job *job, ESYS_TR ak,
                           struct atls_diag *diag)
{
    TPML_PCR_SELECTION selection;
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;
    atls_tpm_pcrs_selection(&selection, &job->pcrs);
    const TSS2_RC rc = Esys_Quote(conn->esys, ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &job->nonce, &scheme_of_key, &selection, &attest, &signature);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_Quote", rc, diag);
    }
    TPMS_ATTEST parsed;
    const bool good = keep(&job->quote, attest, signature, &parsed) && quotes(&parsed, job);
    free(attest);
    free(signature);
    return good ? ATLS_OK
                : atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", "TPM2_Quote", "another statement",
                                  "one about the selected PCRs and the nonce");
}

static enum atls_err run(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                         struct atls_diag *diag)
{
    struct evidence_job *job = (struct evidence_job *)base;
    ESYS_TR key, ak;
    enum atls_err err = atls_tpm_conn_ak(conn, job->ak_handle, &job->ak_name, &ak, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_conn_key(conn, job->key, &key, diag);
    }
    if (err == ATLS_OK) {
        err = certify(conn, job, key, ak, diag);
    }
    if (err == ATLS_OK) {
        err = quote(conn, job, ak, diag);
    }
    return err;
}

static void free_job(struct atls_tpm_job *base)
{
    struct evidence_job *job = (struct evidence_job *)base;
    atls_tpm_key_unref(job->key);
    free(job);
}

/* ---- on the caller's ---- */

static void put_member(struct atls_writer *w, const char *name, struct atls_bytes value)
{
    atls_cbor_put_str(w, name);
    atls_cbor_put_bytes(w, value);
}

static void put_common(struct atls_writer *w, const struct evidence_job *job,
                       const struct part *part)
{
    put_member(w, "kid", atls_bytes_of(job->kid, sizeof job->kid));
    put_member(w, "sig", atls_bytes_of(part->signature, part->signature_len));
    atls_cbor_put_str(w, "tpmVer");
    atls_cbor_put_str(w, "2.0");
}

static struct atls_bytes attest_of(const struct part *part)
{
    return atls_bytes_of(part->attest.attestationData, part->attest.size);
}

static void put_cab(struct atls_writer *w, const struct evidence_job *job,
                    struct atls_bytes public_area)
{
    atls_cbor_put_map(w, 2);
    atls_cbor_put_str(w, "kat");
    atls_cbor_put_map(w, 5);
    put_common(w, job, &job->certify);
    put_member(w, "pubArea", public_area);
    put_member(w, "certInfo", attest_of(&job->certify));
    atls_cbor_put_str(w, "pat");
    atls_cbor_put_map(w, 4);
    put_common(w, job, &job->quote);
    put_member(w, "attestInfo", attest_of(&job->quote));
}

static enum atls_err write_cmw(struct atls_buf out, size_t *out_len, struct evidence_job *job,
                               struct atls_diag *diag)
{
    uint8_t octets[ATLS_TPM_MAX_PUBLIC];
    const struct atls_buf public_room = {octets, sizeof octets};
    size_t public_len = 0, cab_len = 0;
    const enum atls_err err = atls_tpm_public_encode(public_room, &public_len,
                                                     &job->key->file.public_area.publicArea, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_buf cab_room = {job->cab, sizeof job->cab};
    struct atls_writer cab = atls_writer_of(cab_room);
    put_cab(&cab, job, atls_bytes_of(octets, public_len));
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("tpm2"));
    if (format == NULL || !atls_writer_finish(&cab, &cab_len)) {
        return atls_fail(diag, ATLS_ERR_ATTESTER, "TPM evidence", "CAB");
    }
    struct atls_writer cmw = atls_writer_of(out);
    atls_cmw_put_record_media(&cmw, format->media_type, atls_bytes_of(job->cab, cab_len), 0);
    if (!atls_writer_finish(&cmw, out_len)) {
        return atls_fail(diag, ATLS_ERR_BUFFER, "TPM evidence", "CMW");
    }
    return ATLS_OK;
}

enum atls_err atls_tpm_evidence(struct atls_tpm *tpm, struct atls_buf out, size_t *out_len,
                                const struct atls_tpm_config *config, struct atls_tpm_key *key,
                                struct atls_bytes nonce, uint32_t timeout_ms,
                                struct atls_diag *diag)
{
    if (nonce.len > sizeof((TPM2B_DATA *)NULL)->buffer) {
        return atls_fail(diag, ATLS_ERR_NONCE_LENGTH, "TPM evidence", "extraData");
    }
    TPM2B_NAME key_name;
    enum atls_err err = atls_tpm_public_name(&key_name, &key->file.public_area.publicArea, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct evidence_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM evidence", "job");
    }
    job->job.run = run;
    job->job.free = free_job;
    job->job.refs = 1;
    job->key = atls_tpm_key_ref(key);
    job->key_name = key_name;
    job->ak_handle = config->ak_handle;
    job->ak_name = config->ak_name;
    job->pcrs = config->pcrs;
    memcpy(job->kid, config->kid, sizeof job->kid);
    job->nonce.size = (UINT16)nonce.len;
    memcpy(job->nonce.buffer, nonce.data, nonce.len);
    err = atls_tpm_run(tpm, &job->job, timeout_ms, diag);
    if (err == ATLS_OK) {
        err = write_cmw(out, out_len, job, diag);
    }
    atls_tpm_job_unref(tpm, &job->job);
    return err;
}
