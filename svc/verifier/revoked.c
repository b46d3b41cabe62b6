/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/revoked.h"

#include "atls/limits.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/file.h"
#include "json/jwk.h"
#include "json/revoked_json.h"

#include <pthread.h>
#include <stdlib.h>

static const char step[] = "revocation";

struct verifier_revoked_list {
    unsigned references; /* under the lock */
    uint64_t number;
    uint8_t *text; /* owned */
    size_t len;
    struct atls_revocations entries;
};

struct verifier_revoked {
    pthread_mutex_t lock;
    struct verifier_revoked_list *list; /* NULL: none */
    uint64_t last;
};

struct verifier_revoked *verifier_revoked_new(void)
{
    struct verifier_revoked *revoked = calloc(1, sizeof *revoked);
    if (revoked != NULL) {
        pthread_mutex_init(&revoked->lock, NULL);
    }
    return revoked;
}

static void list_free(struct verifier_revoked_list *list)
{
    if (list != NULL) {
        atls_revocations_cleanup(&list->entries);
        atls_file_free(list->text, list->len);
        free(list);
    }
}

void verifier_revoked_free(struct verifier_revoked *revoked)
{
    if (revoked != NULL) {
        list_free(revoked->list);
        pthread_mutex_destroy(&revoked->lock);
        free(revoked);
    }
}

enum atls_err verifier_revoked_load(struct verifier_revoked *revoked, const char *path,
                                    struct atls_diag *diag)
{
    struct verifier_revoked_list *list = calloc(1, sizeof *list);
    if (list == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    enum atls_err err = atls_file_read(&list->text, &list->len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_revocations_parse(&list->entries, atls_bytes_of(list->text, list->len), diag);
    }
    if (err != ATLS_OK) {
        list_free(list);
        return err;
    }
    list->references = 1;
    pthread_mutex_lock(&revoked->lock);
    struct verifier_revoked_list *before = revoked->list;
    list->number = ++revoked->last;
    revoked->list = list;
    pthread_mutex_unlock(&revoked->lock);
    verifier_revoked_release(revoked, before);
    return ATLS_OK;
}

struct verifier_revoked_list *verifier_revoked_take(struct verifier_revoked *revoked)
{
    pthread_mutex_lock(&revoked->lock);
    struct verifier_revoked_list *list = revoked->list;
    if (list != NULL) {
        list->references++;
    }
    pthread_mutex_unlock(&revoked->lock);
    return list;
}

void verifier_revoked_release(struct verifier_revoked *revoked, struct verifier_revoked_list *list)
{
    if (list == NULL) {
        return;
    }
    pthread_mutex_lock(&revoked->lock);
    const bool last = --list->references == 0;
    pthread_mutex_unlock(&revoked->lock);
    if (last) {
        list_free(list);
    }
}

struct verifier_revoked_text verifier_revoked_text_of(const struct verifier_revoked_list *list)
{
    struct verifier_revoked_text out = {0, {NULL, 0}};
    if (list != NULL) {
        out.number = list->number;
        out.text = atls_bytes_of(list->text, list->len);
    }
    return out;
}

static enum atls_err add_key(struct atls_identities *set, const json_t *jwk, struct atls_diag *diag)
{
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {spki, sizeof spki};
    struct atls_key *key = NULL;
    size_t len = 0;
    enum atls_err err = atls_key_from_jwk(&key, jwk, diag);
    if (err == ATLS_OK) {
        err = atls_key_spki(key, room, &len);
        err = err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, "signing key");
    }
    if (err == ATLS_OK) {
        atls_identities_add_key(set, ATLS_REVOKED_VERIFIER_KEY, "signing key of this Verifier",
                                atls_crypto_openssl(), atls_bytes_of(spki, len));
    }
    atls_key_free(key);
    return err;
}

enum atls_err verifier_revoked_check_own(struct verifier_revoked *revoked, const json_t *keys,
                                         int64_t now_s, struct atls_diag *diag)
{
    struct atls_identities set = {.num = 0};
    struct verifier_revoked_list *list = verifier_revoked_take(revoked);
    enum atls_err err = ATLS_OK;
    size_t index = 0;
    json_t *jwk = NULL;
    if (list == NULL) {
        return ATLS_OK;
    }
    json_array_foreach(json_object_get(keys, "keys"), index, jwk)
    {
        err = err == ATLS_OK ? add_key(&set, jwk, diag) : err;
    }
    if (err == ATLS_OK) {
        err = atls_revocations_check(&list->entries, &set, now_s, diag);
    }
    verifier_revoked_release(revoked, list);
    return err;
}
