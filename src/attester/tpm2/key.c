/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/key.h"

#include "attester/tpm2/rc.h"
#include "base/span.h"

#include <openssl/ecdsa.h>
#include <stdlib.h>

static atomic_uint_fast64_t last_id;

struct load_job {
    struct atls_tpm_job job; /* first */
    struct atls_tpm_key *key;
};

static enum atls_err load_run(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                              struct atls_diag *diag)
{
    struct load_job *job = (struct load_job *)base;
    ESYS_TR object;
    return atls_tpm_conn_key(conn, job->key, &object, diag);
}

static void load_free(struct atls_tpm_job *base)
{
    struct load_job *job = (struct load_job *)base;
    atls_tpm_key_unref(job->key);
    free(job);
}

static enum atls_err load(struct atls_tpm_key *key, struct atls_diag *diag)
{
    struct load_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM key", "load");
    }
    job->job.run = load_run;
    job->job.free = load_free;
    job->job.refs = 1;
    job->key = atls_tpm_key_ref(key);
    const enum atls_err err = atls_tpm_run(key->tpm, &job->job, ATLS_TPM_TIMEOUT_MS, diag);
    atls_tpm_job_unref(key->tpm, &job->job);
    return err;
}

enum atls_err atls_tpm_key_new(struct atls_tpm_key **out, struct atls_tpm *tpm,
                               const struct atls_tpm_key_file *file, struct atls_diag *diag)
{
    struct atls_tpm_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM key", "load");
    }
    atomic_init(&key->refs, 1);
    key->id = atomic_fetch_add(&last_id, 1) + 1;
    key->tpm = atls_tpm_ref(tpm);
    key->file = *file;
    const TPMT_PUBLIC *area = &key->file.public_area.publicArea;
    const struct atls_buf room = {key->spki, sizeof key->spki};
    enum atls_err err = atls_tpm_public_spki(room, &key->spki_len, area, diag);
    if (err == ATLS_OK && !atls_tpm_public_point(&key->point, area)) {
        err = atls_fail(diag, ATLS_ERR_KEY, "TPM key", "public area");
    }
    if (err == ATLS_OK) {
        err = load(key, diag);
    }
    if (err != ATLS_OK) {
        atls_tpm_key_unref(key);
        return err;
    }
    *out = key;
    return ATLS_OK;
}

struct atls_tpm_key *atls_tpm_key_ref(struct atls_tpm_key *key)
{
    atomic_fetch_add(&key->refs, 1);
    return key;
}

void atls_tpm_key_unref(struct atls_tpm_key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->refs, 1) != 1) {
        return;
    }
    /* Should it be loaded, its slot is emptied when another key needs it, or at the next pause. */
    struct atls_tpm *tpm = key->tpm;
    free(key->saved);
    atls_wipe(key, sizeof *key);
    free(key);
    atls_tpm_unref(tpm);
}

/* ---- signing ---- */

struct sign_job {
    struct atls_tpm_job job; /* first */
    struct atls_tpm_key *key;
    TPM2_ALG_ID hash;
    TPM2B_DIGEST digest;
    TPMS_SIGNATURE_ECDSA signature;
};

static enum atls_err sign_run(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                              struct atls_diag *diag)
{
    struct sign_job *job = (struct sign_job *)base;
    ESYS_TR object;
    const enum atls_err err = atls_tpm_conn_key(conn, job->key, &object, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = job->hash};
    /* Only a restricted key wants proof that the TPM made the digest. */
    const TPMT_TK_HASHCHECK no_ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
    TPMT_SIGNATURE *signature = NULL;
    const TSS2_RC rc = Esys_Sign(conn->esys, object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &job->digest, &scheme, &no_ticket, &signature);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_Sign", rc, diag);
    }
    const bool fits = signature->sigAlg == TPM2_ALG_ECDSA &&
                      signature->signature.ecdsa.signatureR.size <= job->key->point.field_len &&
                      signature->signature.ecdsa.signatureS.size <= job->key->point.field_len;
    if (fits) {
        job->signature = signature->signature.ecdsa;
    }
    free(signature);
    return fits ? ATLS_OK
                : atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", "TPM2_Sign", "another signature",
                                  "ECDSA on the key's curve");
}

static void sign_free(struct atls_tpm_job *base)
{
    struct sign_job *job = (struct sign_job *)base;
    atls_tpm_key_unref(job->key);
    free(job);
}

/* write_der makes an ECDSA-Sig-Value of r and s. */
static bool write_der(const TPMS_SIGNATURE_ECDSA *signature, struct atls_buf out, size_t *out_len)
{
    ECDSA_SIG *both = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature->signatureR.buffer, signature->signatureR.size, NULL);
    BIGNUM *s = BN_bin2bn(signature->signatureS.buffer, signature->signatureS.size, NULL);
    bool done = false;
    if (both != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(both, r, s) == 1) {
        r = NULL;
        s = NULL;
        const int len = i2d_ECDSA_SIG(both, NULL);
        uint8_t *at = out.data;
        done = len > 0 && (size_t)len <= out.cap && i2d_ECDSA_SIG(both, &at) == len;
        *out_len = done ? (size_t)len : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(both);
    return done;
}

size_t atls_tpm_key_signature_cap(const struct atls_tpm_key *key)
{
    /* SEQUENCE of two INTEGERs with a sign octet each; all lengths in one octet up to P-384. */
    return 2 + 2 * (2 + 1 + key->point.field_len);
}

enum atls_err atls_tpm_key_sign(struct atls_tpm_key *key, TPM2_ALG_ID hash,
                                struct atls_bytes digest, struct atls_buf out, size_t *out_len,
                                struct atls_diag *diag)
{
    const TPMT_ECC_SCHEME *scheme = &key->file.public_area.publicArea.parameters.eccDetail.scheme;
    if (scheme->scheme != TPM2_ALG_NULL && scheme->details.ecdsa.hashAlg != hash) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "hash", "another hash",
                               "the one that the key was made for");
    }
    if (digest.len > sizeof((TPM2B_DIGEST *)NULL)->buffer) {
        return atls_fail(diag, ATLS_ERR_ARGUMENT, "TPM key", "digest");
    }
    struct sign_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM key", "sign");
    }
    job->job.run = sign_run;
    job->job.free = sign_free;
    job->job.refs = 1;
    job->key = atls_tpm_key_ref(key);
    job->hash = hash;
    job->digest.size = (UINT16)digest.len;
    memcpy(job->digest.buffer, digest.data, digest.len);
    enum atls_err err = atls_tpm_run(key->tpm, &job->job, ATLS_TPM_TIMEOUT_MS, diag);
    if (err == ATLS_OK && !write_der(&job->signature, out, out_len)) {
        err = atls_fail(diag, ATLS_ERR_CRYPTO, "TPM key", "ECDSA-Sig-Value");
    }
    atls_tpm_job_unref(key->tpm, &job->job);
    return err;
}
