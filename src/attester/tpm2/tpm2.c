/* SPDX-License-Identifier: Apache-2.0 */
/* The table of include/atls/tpm2.h. */
#include "atls/tpm2.h"

#include "attester/tpm2/comid.h"
#include "attester/tpm2/evidence.h"
#include "attester/tpm2/provider.h"
#include "attester/tpm2/provision.h"
#include "base/span.h"

#include <pthread.h>
#include <stdlib.h>

/* TLS keys of one attester: the one in use, and those of certificates that were renewed. */
#define MAX_KEYS 16
/* A hardware TPM takes seconds for each of the three keys. */
#define PROVISION_TIMEOUT_MS 60000

struct atls_attester {
    struct atls_tpm *tpm;
    struct atls_tpm_config config;
    size_t max_nonce;
    pthread_mutex_t mutex; /* of what follows */
    struct atls_tpm_key *keys[MAX_KEYS];
    size_t num_keys;
};

/* ---- opening ---- */

struct open_job {
    struct atls_tpm_job job; /* first */
    TPM2_HANDLE ak_handle;
    TPM2B_NAME ak_name;
    size_t largest_hash;
};

static size_t hash_len(TPM2_ALG_ID alg)
{
    switch (alg) {
    case TPM2_ALG_SHA1:
        return 20;
    case TPM2_ALG_SHA256:
    case TPM2_ALG_SHA3_256:
    case TPM2_ALG_SM3_256:
        return 32;
    case TPM2_ALG_SHA384:
    case TPM2_ALG_SHA3_384:
        return 48;
    case TPM2_ALG_SHA512:
    case TPM2_ALG_SHA3_512:
        return 64;
    default:
        return 0;
    }
}

/* find_largest_hash asks for all algorithms, in ascending order, in as many answers as it takes. */
static enum atls_err find_largest_hash(struct atls_tpm_conn *conn, size_t *out,
                                       struct atls_diag *diag)
{
    TPM2_ALG_ID from = TPM2_ALG_FIRST;
    TPMI_YES_NO more = TPM2_YES;
    size_t largest = 0;
    while (more == TPM2_YES) {
        TPMS_CAPABILITY_DATA *data = NULL;
        const TSS2_RC rc = Esys_GetCapability(conn->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                              TPM2_CAP_ALGS, from, TPM2_MAX_CAP_ALGS, &more, &data);
        if (rc != TSS2_RC_SUCCESS) {
            return atls_tpm_conn_fail(conn, "TPM2_GetCapability", rc, diag);
        }
        const TPML_ALG_PROPERTY *list = &data->data.algorithms;
        bool advanced = false;
        for (UINT32 i = 0; data->capability == TPM2_CAP_ALGS && i < list->count &&
                           i < TPM2_MAX_CAP_ALGS && list->algProperties[i].alg >= from;
             i++) {
            const TPM2_ALG_ID alg = list->algProperties[i].alg;
            largest = hash_len(alg) > largest ? hash_len(alg) : largest;
            advanced = alg < UINT16_MAX;
            from = advanced ? (TPM2_ALG_ID)(alg + 1) : from;
        }
        more = advanced ? more : TPM2_NO;
        free(data);
    }
    *out = largest;
    return largest != 0 ? ATLS_OK
                        : atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", "TPM2_GetCapability",
                                          "no hash algorithm", "SHA-256 at least");
}

static enum atls_err open_run(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                              struct atls_diag *diag)
{
    struct open_job *job = (struct open_job *)base;
    ESYS_TR ak;
    const enum atls_err err = atls_tpm_conn_ak(conn, job->ak_handle, &job->ak_name, &ak, diag);
    return err == ATLS_OK ? find_largest_hash(conn, &job->largest_hash, diag) : err;
}

static void open_free(struct atls_tpm_job *base)
{
    free((struct open_job *)base);
}

/* look asks the TPM whether it is the one of the configuration, and what it can do. */
static enum atls_err look(struct atls_attester *attester, struct atls_diag *diag)
{
    struct open_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM", "open");
    }
    job->job.run = open_run;
    job->job.free = open_free;
    job->job.refs = 1;
    job->ak_handle = attester->config.ak_handle;
    job->ak_name = attester->config.ak_name;
    const enum atls_err err = atls_tpm_run(attester->tpm, &job->job, ATLS_TPM_TIMEOUT_MS, diag);
    if (err == ATLS_OK) {
        /* TPM2B_DATA has room for a TPMT_HA, two octets and the largest digest (Part 2, 10.4.3);
         * that of tpm2-tss ends at 64. */
        const size_t room = sizeof((TPM2B_DATA *)NULL)->buffer;
        attester->max_nonce = 2 + job->largest_hash < room ? 2 + job->largest_hash : room;
    }
    atls_tpm_job_unref(attester->tpm, &job->job);
    return err;
}

static void tpm2_close(struct atls_attester *attester)
{
    if (attester == NULL) {
        return;
    }
    for (size_t i = 0; i < attester->num_keys; i++) {
        atls_tpm_key_unref(attester->keys[i]);
    }
    atls_tpm_unref(attester->tpm);
    atls_tpm_config_cleanup(&attester->config);
    pthread_mutex_destroy(&attester->mutex);
    free(attester);
}

static enum atls_err tpm2_open(struct atls_attester **out, struct atls_bytes config_json,
                               struct atls_diag *diag)
{
    struct atls_attester *attester = calloc(1, sizeof *attester);
    if (attester == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM", "open");
    }
    pthread_mutex_init(&attester->mutex, NULL);
    enum atls_err err = atls_tpm_config_parse(&attester->config, config_json, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_open(&attester->tpm, attester->config.tcti, attester->config.queue, diag);
    }
    if (err == ATLS_OK) {
        err = look(attester, diag);
    }
    if (err != ATLS_OK) {
        tpm2_close(attester);
        return err;
    }
    *out = attester;
    return ATLS_OK;
}

static size_t tpm2_max_nonce(const struct atls_attester *attester)
{
    return attester->max_nonce;
}

/* ---- Evidence and keys ---- */

/* find_key gives a reference to the loaded key with this public key, NULL when there is none. */
static struct atls_tpm_key *find_key(struct atls_attester *attester, struct atls_bytes spki)
{
    struct atls_tpm_key *found = NULL;
    pthread_mutex_lock(&attester->mutex);
    for (size_t i = 0; i < attester->num_keys && found == NULL; i++) {
        if (atls_bytes_equal(atls_tpm_key_spki(attester->keys[i]), spki)) {
            found = atls_tpm_key_ref(attester->keys[i]);
        }
    }
    pthread_mutex_unlock(&attester->mutex);
    return found;
}

static enum atls_err tpm2_attest(struct atls_attester *attester, struct atls_buf out,
                                 size_t *out_len, const struct atls_attest_request *request,
                                 struct atls_diag *diag)
{
    if (request->nonce.len == 0 || request->nonce.len > attester->max_nonce) {
        atls_fail(diag, ATLS_ERR_NONCE_LENGTH, "TPM evidence", "extraData");
        atls_diag_found_int(diag, (int64_t)request->nonce.len);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_text(diag, "1 to ");
        atls_diag_expected_int(diag, (int64_t)attester->max_nonce);
        return ATLS_ERR_NONCE_LENGTH;
    }
    /* No Evidence about a key that is not ours. */
    struct atls_tpm_key *key = find_key(attester, request->spki);
    if (key == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM evidence", "TLS key",
                               "a key that this attester does not hold",
                               "the key of its TSS2 PRIVATE KEY file, loaded before");
    }
    const enum atls_err err = atls_tpm_evidence(attester->tpm, out, out_len, &attester->config, key,
                                                request->nonce, request->timeout_ms, diag);
    atls_tpm_key_unref(key);
    return err;
}

/* add_key remembers a key; false when there are too many. Takes a reference of its own. */
static bool add_key(struct atls_attester *attester, struct atls_tpm_key *key)
{
    pthread_mutex_lock(&attester->mutex);
    const bool room = attester->num_keys < MAX_KEYS;
    if (room) {
        attester->keys[attester->num_keys++] = atls_tpm_key_ref(key);
    }
    pthread_mutex_unlock(&attester->mutex);
    return room;
}

/* open_key gives a reference to the key of a file: the one that is known, or a new one. */
static enum atls_err open_key(struct atls_tpm_key **out, struct atls_attester *attester,
                              const struct atls_tpm_key_file *file, struct atls_diag *diag)
{
    uint8_t octets[ATLS_TPM_MAX_SPKI];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    enum atls_err err = atls_tpm_public_spki(room, &len, &file->public_area.publicArea, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_tpm_key *key = find_key(attester, atls_bytes_of(octets, len));
    if (key == NULL) {
        err = atls_tpm_key_new(&key, attester->tpm, file, diag);
        if (err != ATLS_OK) {
            return err;
        }
        if (!add_key(attester, key)) {
            atls_tpm_key_unref(key);
            return atls_fail_texts(diag, ATLS_ERR_KEY, "TPM key", "TLS keys",
                                   "one more than an attester takes", "16 at most");
        }
    }
    *out = key;
    return ATLS_OK;
}

static enum atls_err tpm2_load_key(struct atls_attester *attester, struct evp_pkey_st **out,
                                   struct atls_bytes pem, struct atls_diag *diag)
{
    struct atls_tpm_key_file file;
    enum atls_err err = atls_tpm_key_file_parse(&file, pem, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_tpm_key *key = NULL;
    err = open_key(&key, attester, &file, diag);
    atls_wipe(&file, sizeof file);
    if (err != ATLS_OK) {
        return err;
    }
    err = atls_tpm_provider_key(out, key, diag);
    atls_tpm_key_unref(key);
    return err;
}

/* ---- provisioning ---- */

struct settings {
    const char *class_uuid;
    bool new_ak;
};

static enum atls_err take_settings(struct settings *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    for (size_t i = 0; i < request->num_claims; i++) {
        const char *claim = request->claims[i];
        if (strncmp(claim, "class=", 6) == 0 && atls_tpm_is_uuid(&claim[6])) {
            out->class_uuid = &claim[6];
        } else if (strcmp(claim, "ak=new") == 0) {
            out->new_ak = true;
        } else {
            atls_fail(diag, ATLS_ERR_CONFIG, "TPM provisioning", "setting");
            atls_diag_found_peer_text(diag, atls_bytes_text(claim));
            atls_diag_expected_text(diag, "class=UUID in lower case, or ak=new");
            return ATLS_ERR_CONFIG;
        }
    }
    return ATLS_OK;
}

/* describe writes the three texts of an identity. */
static enum atls_err describe(struct atls_provision *out, const char *tcti, const char *pcr_text,
                              const struct atls_tpm_pcrs *pcrs, const struct settings *settings,
                              const struct atls_tpm_identity *identity, struct atls_diag *diag)
{
    enum atls_err err = atls_tpm_config_write(&out->config_json, tcti, identity->ak_handle,
                                              &identity->ak, pcr_text, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_key_file_write(&out->key_pem, &identity->key, diag);
    }
    if (err == ATLS_OK) {
        err = atls_tpm_comid(&out->comid_json, settings->class_uuid, &identity->ak, pcrs,
                             identity->values, diag);
    }
    return err;
}

static enum atls_err make_identity(struct atls_tpm_identity *out, const char *tcti,
                                   const struct atls_tpm_pcrs *pcrs, bool new_ak,
                                   struct atls_diag *diag)
{
    struct atls_tpm *tpm = NULL;
    enum atls_err err = atls_tpm_open(&tpm, tcti, ATLS_TPM_DEFAULT_QUEUE, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_provision(out, tpm, pcrs, new_ak, PROVISION_TIMEOUT_MS, diag);
    }
    atls_tpm_unref(tpm);
    return err;
}

static enum atls_err tpm2_provision(struct atls_provision *out,
                                    const struct atls_provision_request *request,
                                    struct atls_diag *diag)
{
    const char *pcr_text = request->pcrs != NULL ? request->pcrs : ATLS_TPM_DEFAULT_PCRS;
    struct settings settings = {.class_uuid = ATLS_TPM_DEFAULT_CLASS};
    struct atls_tpm_pcrs pcrs;
    enum atls_err err = take_settings(&settings, request, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_pcrs_parse(&pcrs, atls_bytes_text(pcr_text), diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_tpm_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM provisioning", "identity");
    }
    err = make_identity(identity, request->tcti, &pcrs, settings.new_ak, diag);
    struct atls_provision made = {.simulated = false};
    if (err == ATLS_OK) {
        err = describe(&made, request->tcti, pcr_text, &pcrs, &settings, identity, diag);
    }
    atls_wipe(identity, sizeof *identity);
    free(identity);
    if (err != ATLS_OK) {
        atls_provision_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

const struct atls_attester_ops atls_attester_tpm2 = {
    .abi = ATLS_ATTESTER_ABI,
    .size = sizeof(struct atls_attester_ops),
    .name = "tpm2",
    .format = "tpm2",
    .simulated = false,
    .open = tpm2_open,
    .close = tpm2_close,
    .max_nonce = tpm2_max_nonce,
    .attest = tpm2_attest,
    .load_key = tpm2_load_key,
    .provision = tpm2_provision,
};
