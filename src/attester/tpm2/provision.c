/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/provision.h"

#include "attester/tpm2/public.h"
#include "attester/tpm2/rc.h"
#include "base/span.h"
#include "crypto/crypto.h"

#include <stdlib.h>

#define PASSWORD    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE
#define NO_SESSION  ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE
#define NUM_HANDLES (ATLS_TPM_AK_LAST - ATLS_TPM_AK_FIRST + 1)

struct provision_job {
    struct atls_tpm_job job; /* first */
    struct atls_tpm_pcrs pcrs;
    TPMT_PUBLIC ak_template;
    struct atls_tpm_identity identity;
};

static const TPM2B_SENSITIVE_CREATE no_auth = {.size = 0};
static const TPM2B_DATA no_data = {.size = 0};
static const TPML_PCR_SELECTION no_pcrs = {.count = 0};

/* list_handles marks the handles of our range that are taken. */
static enum atls_err list_handles(struct atls_tpm_conn *conn, bool taken[NUM_HANDLES],
                                  struct atls_diag *diag)
{
    TPM2_HANDLE from = ATLS_TPM_AK_FIRST;
    TPMI_YES_NO more = TPM2_YES;
    while (more == TPM2_YES && from <= ATLS_TPM_AK_LAST) {
        TPMS_CAPABILITY_DATA *data = NULL;
        const TSS2_RC rc = Esys_GetCapability(conn->esys, NO_SESSION, TPM2_CAP_HANDLES, from,
                                              TPM2_MAX_CAP_HANDLES, &more, &data);
        if (rc != TSS2_RC_SUCCESS) {
            return atls_tpm_conn_fail(conn, "TPM2_GetCapability", rc, diag);
        }
        const TPML_HANDLE *list = &data->data.handles;
        const bool any = data->capability == TPM2_CAP_HANDLES && list->count > 0 &&
                         list->count <= TPM2_MAX_CAP_HANDLES;
        for (UINT32 i = 0; any && i < list->count; i++) {
            const TPM2_HANDLE handle = list->handle[i];
            if (handle >= from && handle <= ATLS_TPM_AK_LAST) {
                taken[handle - ATLS_TPM_AK_FIRST] = true;
                from = handle + 1;
            } else {
                more = TPM2_NO; /* past our range, or not ascending */
            }
        }
        more = any ? more : TPM2_NO;
        free(data);
    }
    return ATLS_OK;
}

/* holds is true when the persistent object at `handle` has this name, so is this very key. */
static bool holds(struct atls_tpm_conn *conn, TPM2_HANDLE handle, const TPM2B_NAME *name)
{
    ESYS_TR object = ESYS_TR_NONE;
    TPM2B_NAME *found = NULL;
    const bool same =
        Esys_TR_FromTPMPublic(conn->esys, handle, NO_SESSION, &object) == TSS2_RC_SUCCESS &&
        Esys_TR_GetName(conn->esys, object, &found) == TSS2_RC_SUCCESS &&
        atls_bytes_equal(atls_bytes_of(found->name, found->size),
                         atls_bytes_of(name->name, name->size));
    free(found);
    atls_tpm_conn_release(conn, object, false);
    return same;
}

/* persist finds the key among the persistent ones, or puts it at the first free handle. */
static enum atls_err persist(struct atls_tpm_conn *conn, TPM2_HANDLE *out, ESYS_TR key,
                             const TPM2B_NAME *name, struct atls_diag *diag)
{
    bool taken[NUM_HANDLES] = {false};
    const enum atls_err err = list_handles(conn, taken, diag);
    if (err != ATLS_OK) {
        return err;
    }
    TPM2_HANDLE empty = 0;
    for (TPM2_HANDLE i = 0; i < NUM_HANDLES; i++) {
        const TPM2_HANDLE handle = ATLS_TPM_AK_FIRST + i;
        if (taken[i] && holds(conn, handle, name)) {
            *out = handle;
            return ATLS_OK;
        }
        empty = !taken[i] && empty == 0 ? handle : empty;
    }
    if (empty == 0) {
        return atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", "persistent handles", "all taken",
                               "a free one from 0x81010100 to 0x810101ff");
    }
    ESYS_TR persistent = ESYS_TR_NONE;
    const TSS2_RC rc =
        Esys_EvictControl(conn->esys, ESYS_TR_RH_OWNER, key, PASSWORD, empty, &persistent);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_EvictControl", rc, diag);
    }
    atls_tpm_conn_release(conn, persistent, false);
    *out = empty;
    return ATLS_OK;
}

static enum atls_err make_ak(struct atls_tpm_conn *conn, struct provision_job *job,
                             struct atls_diag *diag)
{
    const TPM2B_PUBLIC wanted = {.publicArea = job->ak_template};
    TPM2B_PUBLIC *made = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    const TSS2_RC rc =
        Esys_CreatePrimary(conn->esys, ESYS_TR_RH_ENDORSEMENT, PASSWORD, &no_auth, &wanted,
                           &no_data, &no_pcrs, &key, &made, NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_CreatePrimary of the attestation key", rc, diag);
    }
    job->identity.ak = made->publicArea;
    free(made);
    TPM2B_NAME name;
    enum atls_err err = ATLS_OK;
    if (!atls_tpm_public_is_ak(&job->identity.ak)) {
        err = atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", "TPM2_CreatePrimary", "another key",
                              "one of the template that it was given");
    }
    if (err == ATLS_OK) {
        err = atls_tpm_public_name(&name, &job->identity.ak, diag);
    }
    if (err == ATLS_OK) {
        err = persist(conn, &job->identity.ak_handle, key, &name, diag);
    }
    atls_tpm_conn_release(conn, key, true);
    return err;
}

static enum atls_err make_tls_key(struct atls_tpm_conn *conn, struct atls_tpm_key_file *out,
                                  struct atls_diag *diag)
{
    const TPM2B_PUBLIC wanted = {.publicArea = atls_tpm_tls_template};
    ESYS_TR parent = ESYS_TR_NONE;
    TPM2B_PRIVATE *private_area = NULL;
    TPM2B_PUBLIC *public_area = NULL;
    const enum atls_err err = atls_tpm_conn_parent(conn, TPM2_RH_OWNER, &parent, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const TSS2_RC rc = Esys_Create(conn->esys, parent, PASSWORD, &no_auth, &wanted, &no_data,
                                   &no_pcrs, &private_area, &public_area, NULL, NULL, NULL);
    atls_tpm_conn_release(conn, parent, true);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_Create of the TLS key", rc, diag);
    }
    out->parent = TPM2_RH_OWNER;
    out->public_area = *public_area;
    out->private_area = *private_area;
    free(public_area);
    free(private_area);
    return atls_tpm_public_is_tls(&out->public_area.publicArea, diag);
}

static enum atls_err run(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                         struct atls_diag *diag)
{
    struct provision_job *job = (struct provision_job *)base;
    atls_tpm_conn_make_room(conn);
    enum atls_err err = atls_tpm_pcrs_read(conn, job->identity.values, &job->pcrs, diag);
    if (err == ATLS_OK) {
        err = make_ak(conn, job, diag);
    }
    if (err == ATLS_OK) {
        err = make_tls_key(conn, &job->identity.key, diag);
    }
    return err;
}

static void free_job(struct atls_tpm_job *base)
{
    struct provision_job *job = (struct provision_job *)base;
    atls_wipe(job, sizeof *job);
    free(job);
}

enum atls_err atls_tpm_provision(struct atls_tpm_identity *out, struct atls_tpm *tpm,
                                 const struct atls_tpm_pcrs *pcrs, bool new_ak, uint32_t timeout_ms,
                                 struct atls_diag *diag)
{
    struct provision_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM", "provisioning");
    }
    job->job.run = run;
    job->job.free = free_job;
    job->job.refs = 1;
    job->pcrs = *pcrs;
    job->ak_template = atls_tpm_ak_template;
    enum atls_err err = ATLS_OK;
    if (new_ak) { /* `unique` of a template is input to the derivation (Part 1, 27.2) */
        TPM2B_ECC_PARAMETER *unique = &job->ak_template.unique.ecc.x;
        const struct atls_buf room = {unique->buffer, 32};
        unique->size = 32;
        err = atls_random(room);
    }
    if (err == ATLS_OK) {
        err = atls_tpm_run(tpm, &job->job, timeout_ms, diag);
    } else {
        atls_fail(diag, err, "TPM", "random octets");
    }
    if (err == ATLS_OK) {
        *out = job->identity;
    }
    atls_tpm_job_unref(tpm, &job->job);
    return err;
}
