/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/revoked.h"

#include "atls/limits.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/file.h"
#include "json/jwk.h"
#include "json/revoked_json.h"

#include <stdlib.h>

static const char step[] = "revocation";

static void list_free(uint8_t *text, size_t len, void *read)
{
    struct atls_revocations *entries = read;
    atls_file_free(text, len);
    atls_revocations_cleanup(entries);
    free(entries);
}

struct verifier_handout *verifier_revoked_new(void)
{
    return verifier_handout_new(list_free);
}

enum atls_err verifier_revoked_load(struct verifier_handout *revoked, const char *path,
                                    struct atls_diag *diag)
{
    struct atls_revocations *entries = calloc(1, sizeof *entries);
    uint8_t *text = NULL;
    size_t len = 0;
    if (entries == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_revocations_parse(entries, atls_bytes_of(text, len), diag);
    }
    if (err != ATLS_OK) {
        list_free(text, len, entries);
        return err;
    }
    return verifier_handout_put(revoked, text, len, entries, diag);
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

enum atls_err verifier_revoked_check_own(struct verifier_handout *revoked, const json_t *keys,
                                         int64_t now_s, struct atls_diag *diag)
{
    struct atls_identities set = {.num = 0};
    const struct verifier_handed *list = verifier_handout_take(revoked);
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
        err = atls_revocations_check(list->read, &set, now_s, diag);
    }
    verifier_handout_give_back(revoked, list);
    return err;
}
