/* SPDX-License-Identifier: Apache-2.0 */
/* What is loaded in the TPM over a connection: the other half of conn.h. */
#include "attester/tpm2/conn.h"

#include "attester/tpm2/handles.h"
#include "attester/tpm2/key.h"
#include "attester/tpm2/rc.h"
#include "base/span.h"

#include <stdlib.h>

#define NO_SESSION ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE
#define PASSWORD   ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE

void atls_tpm_conn_release(struct atls_tpm_conn *conn, ESYS_TR object, bool transient)
{
    if (object == ESYS_TR_NONE) {
        return;
    }
    const TSS2_RC rc = transient ? Esys_FlushContext(conn->esys, object) : TSS2_RC_SUCCESS;
    if (rc != TSS2_RC_SUCCESS && !atls_tpm_rc_is_answer(rc)) {
        conn->last_rc = rc; /* the connection is broken, whatever the job was about */
    }
    if (!transient || rc != TSS2_RC_SUCCESS) {
        (void)Esys_TR_Close(conn->esys, &object);
    }
}

static bool same_name(const TPM2B_NAME *a, const TPM2B_NAME *b)
{
    return a->size <= sizeof a->name && b->size <= sizeof b->name &&
           atls_bytes_equal(atls_bytes_of(a->name, a->size), atls_bytes_of(b->name, b->size));
}

enum atls_err atls_tpm_conn_ak(struct atls_tpm_conn *conn, TPM2_HANDLE handle,
                               const TPM2B_NAME *name, ESYS_TR *out, struct atls_diag *diag)
{
    if (conn->ak != ESYS_TR_NONE && conn->ak_handle == handle && same_name(&conn->ak_name, name)) {
        *out = conn->ak;
        return ATLS_OK;
    }
    atls_tpm_conn_release(conn, conn->ak, false);
    conn->ak = ESYS_TR_NONE;
    ESYS_TR ak = ESYS_TR_NONE;
    TSS2_RC rc = Esys_TR_FromTPMPublic(conn->esys, handle, NO_SESSION, &ak);
    TPM2B_NAME *found = NULL;
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_TR_GetName(conn->esys, ak, &found);
    }
    const bool same = rc == TSS2_RC_SUCCESS && same_name(found, name);
    free(found);
    if (!same) {
        atls_tpm_conn_release(conn, ak, false);
        return rc != TSS2_RC_SUCCESS
                   ? atls_tpm_conn_fail(conn, "attestation key", rc, diag)
                   : atls_fail_texts(diag, ATLS_ERR_ATTESTER, "TPM", "attestation key",
                                     "another key at its handle, or another TPM",
                                     "the key that keygen made");
    }
    conn->ak = ak;
    conn->ak_handle = handle;
    conn->ak_name = *name;
    *out = ak;
    return ATLS_OK;
}

/* create_primary is always the same key: the TPM derives it from the hierarchy's seed. */
static TSS2_RC create_primary(struct atls_tpm_conn *conn, ESYS_TR hierarchy, ESYS_TR *out)
{
    const TPM2B_SENSITIVE_CREATE no_auth = {0};
    const TPM2B_PUBLIC parent = {.publicArea = atls_tpm_parent_template};
    const TPM2B_DATA no_data = {0};
    const TPML_PCR_SELECTION no_pcrs = {0};
    return Esys_CreatePrimary(conn->esys, hierarchy, PASSWORD, &no_auth, &parent, &no_data,
                              &no_pcrs, out, NULL, NULL, NULL, NULL);
}

enum atls_err atls_tpm_conn_parent(struct atls_tpm_conn *conn, TPM2_HANDLE parent, ESYS_TR *out,
                                   struct atls_diag *diag)
{
    TSS2_RC rc;
    switch (parent) {
    case TPM2_RH_OWNER:
        rc = create_primary(conn, ESYS_TR_RH_OWNER, out);
        break;
    case TPM2_RH_ENDORSEMENT:
        rc = create_primary(conn, ESYS_TR_RH_ENDORSEMENT, out);
        break;
    default:
        rc = Esys_TR_FromTPMPublic(conn->esys, parent, NO_SESSION, out);
        break;
    }
    return rc == TSS2_RC_SUCCESS ? ATLS_OK : atls_tpm_conn_fail(conn, "parent key", rc, diag);
}

static void unload(struct atls_tpm_conn *conn, size_t slot)
{
    if (conn->loaded[slot].key_id != 0) {
        atls_tpm_conn_release(conn, conn->loaded[slot].object, true);
        conn->loaded[slot].key_id = 0;
    }
}

static void unload_all(struct atls_tpm_conn *conn)
{
    for (size_t i = 0; i < ATLS_TPM_LOADED; i++) {
        unload(conn, i);
    }
}

/* flush_leftovers empties the slots of an emulator: it serves one connection at a time, which is
 * ours, and we have nothing loaded, so what is there belongs to a process that is gone. */
static void flush_leftovers(struct atls_tpm_conn *conn)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TPMI_YES_NO more = TPM2_NO;
    if (Esys_GetCapability(conn->esys, NO_SESSION, TPM2_CAP_HANDLES, ATLS_TPM_TRANSIENT_FIRST,
                           TPM2_MAX_CAP_HANDLES, &more, &data) != TSS2_RC_SUCCESS) {
        return;
    }
    const TPML_HANDLE *handles = &data->data.handles;
    for (UINT32 i = 0; data->capability == TPM2_CAP_HANDLES && i < handles->count; i++) {
        ESYS_TR object = ESYS_TR_NONE;
        if (Esys_TR_FromTPMPublic(conn->esys, handles->handle[i], NO_SESSION, &object) ==
            TSS2_RC_SUCCESS) {
            atls_tpm_conn_release(conn, object, true);
        }
    }
    free(data);
}

void atls_tpm_conn_make_room(struct atls_tpm_conn *conn)
{
    unload_all(conn);
    /* Another look at the same handle gives the same ESYS_TR, and closing that would close this. */
    atls_tpm_conn_release(conn, conn->ak, false);
    conn->ak = ESYS_TR_NONE;
    if (conn->tcti->fd >= 0) {
        flush_leftovers(conn);
    }
}

/* load_file loads from the file's octets and saves the context for the next time. */
static enum atls_err load_file(struct atls_tpm_conn *conn, struct atls_tpm_key *key, ESYS_TR *out,
                               struct atls_diag *diag)
{
    unload_all(conn); /* the parent needs a slot as well */
    ESYS_TR parent = ESYS_TR_NONE;
    enum atls_err err = atls_tpm_conn_parent(conn, key->file.parent, &parent, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const bool transient = key->file.parent >> TPM2_HR_SHIFT == TPM2_HT_PERMANENT;
    const TSS2_RC rc = Esys_Load(conn->esys, parent, PASSWORD, &key->file.private_area,
                                 &key->file.public_area, out);
    atls_tpm_conn_release(conn, parent, transient);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_Load", rc, diag);
    }
    TPMS_CONTEXT *saved = NULL;
    if (Esys_ContextSave(conn->esys, *out, &saved) == TSS2_RC_SUCCESS) {
        free(key->saved);
        key->saved = saved;
    }
    return ATLS_OK;
}

static enum atls_err load(struct atls_tpm_conn *conn, struct atls_tpm_key *key, ESYS_TR *out,
                          struct atls_diag *diag)
{
    if (key->saved != NULL) {
        if (Esys_ContextLoad(conn->esys, key->saved, out) == TSS2_RC_SUCCESS) {
            return ATLS_OK;
        }
        /* The TPM was reset since; the file is good for ever. */
        free(key->saved);
        key->saved = NULL;
    }
    return load_file(conn, key, out, diag);
}

enum atls_err atls_tpm_conn_key(struct atls_tpm_conn *conn, struct atls_tpm_key *key, ESYS_TR *out,
                                struct atls_diag *diag)
{
    size_t slot = 0;
    for (size_t i = 0; i < ATLS_TPM_LOADED; i++) {
        if (conn->loaded[i].key_id == key->id) {
            conn->loaded[i].used = ++conn->clock;
            *out = conn->loaded[i].object;
            return ATLS_OK;
        }
        if (conn->loaded[i].used < conn->loaded[slot].used) {
            slot = i;
        }
    }
    unload(conn, slot);
    ESYS_TR object = ESYS_TR_NONE;
    const enum atls_err err = load(conn, key, &object, diag);
    if (err != ATLS_OK) {
        return err;
    }
    conn->loaded[slot].key_id = key->id;
    conn->loaded[slot].used = ++conn->clock;
    conn->loaded[slot].object = object;
    *out = object;
    return ATLS_OK;
}
