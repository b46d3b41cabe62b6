/* SPDX-License-Identifier: Apache-2.0 */
#include "json/comid_json.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

enum atls_err atls_comid_uuid(char out[ATLS_UUID_SIZE], const char *step, struct atls_diag *diag)
{
    uint8_t id[16];
    char hex[ATLS_HEX_SIZE(sizeof id)];
    const struct atls_buf room = {id, sizeof id};
    const enum atls_err err = atls_random(room);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    if (err != ATLS_OK || !atls_hex_encode(atls_bytes_of(id, sizeof id), hex, sizeof hex)) {
        return atls_fail(diag, err != ATLS_OK ? err : ATLS_ERR_BUFFER, step, "tag-id");
    }
    (void)snprintf(out, ATLS_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, &hex[8], &hex[12],
                   &hex[16], &hex[20]);
    return ATLS_OK;
}

enum atls_err atls_comid_of(char **out, json_t *triples, const char *step, struct atls_diag *diag)
{
    char id[ATLS_UUID_SIZE];
    const enum atls_err err = atls_comid_uuid(id, step, diag);
    if (err != ATLS_OK) {
        json_decref(triples);
        return err;
    }
    ATLS_AUTO(atls_json_cleanup)
    json_t *comid = json_pack("{s:{s:s, s:i}, s:o}", "tag-identity", "id", id, "version", 0,
                              "triples", triples);
    char *text = comid != NULL ? atls_json_dump(comid) : NULL;
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "CoMID template");
    }
    *out = text;
    return ATLS_OK;
}

json_t *atls_comid_base64(struct atls_bytes octets)
{
    char *text = atls_base64_new(octets);
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

json_t *atls_comid_typed(const char *type, struct atls_bytes octets)
{
    return json_pack("{s:s, s:o}", "type", type, "value", atls_comid_base64(octets));
}

json_t *atls_comid_digest(struct atls_bytes value)
{
    const char *alg = value.len == 32 ? "sha-256" : value.len == 48 ? "sha-384" : "sha-512";
    char *text = atls_base64_new(value);
    json_t *digest = text != NULL ? json_sprintf("%s;%s", alg, text) : NULL;
    free(text);
    return digest;
}

json_t *atls_comid_numbered(uint64_t key, const char *name, json_t *value)
{
    return json_pack("{s:{s:s, s:I}, s:{s:o}}", "key", "type", "uint", "value", (json_int_t)key,
                     "value", name, value);
}

json_t *atls_comid_named(const char *key, const char *name, json_t *value)
{
    return json_pack("{s:{s:s, s:s}, s:{s:o}}", "key", "type", "string", "value", key, "value",
                     name, value);
}

void atls_comid_append(json_t **list, json_t *item)
{
    if (*list == NULL) {
        json_decref(item);
    } else if (json_array_append_new(*list, item) != 0) {
        json_decref(*list);
        *list = NULL;
    }
}
