/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/comid.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP "CoMID template"
/* IANA Named Information hash algorithms. */
#define NI_SHA256 1
#define NI_SHA384 7

bool atls_tpm_is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof shape - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        const bool digit = strchr("0123456789abcdef", text[i]) != NULL;
        if (shape[i] == '-' ? text[i] != '-' : !digit) {
            return false;
        }
    }
    return true;
}

/* random_uuid makes one of version 4 (RFC 9562, 5.4). */
static bool random_uuid(char out[static 37])
{
    uint8_t octets[16];
    const struct atls_buf room = {octets, sizeof octets};
    if (atls_random(room) != ATLS_OK) {
        return false;
    }
    octets[6] = (uint8_t)((octets[6] & 0x0f) | 0x40);
    octets[8] = (uint8_t)((octets[8] & 0x3f) | 0x80);
    char hex[ATLS_HEX_SIZE(sizeof octets)];
    if (!atls_hex_encode(atls_bytes_of(octets, sizeof octets), hex, sizeof hex)) {
        return false;
    }
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, &hex[8], &hex[12], &hex[16], &hex[20]);
    return true;
}

static json_t *class_of(const char *class_uuid)
{
    return json_pack("{s:{s:s,s:s}}", "id", "type", "uuid", "value", class_uuid);
}

/* one_pcr is a measurement: the PCR's index as key, its value as the one digest. */
static json_t *one_pcr(size_t pcr, const struct atls_digest *value)
{
    char *digest = atls_base64url_new(atls_digest_bytes(value));
    json_t *measurement = digest != NULL
                              ? json_pack("{s:{s:s,s:I},s:{s:[[i,s]]}}", "key", "type", "uint",
                                          "value", (json_int_t)pcr, "value", "digests",
                                          value->len == 48 ? NI_SHA384 : NI_SHA256, digest)
                              : NULL;
    free(digest);
    return measurement;
}

static json_t *measurements_of(const struct atls_tpm_pcrs *pcrs,
                               const struct atls_digest values[ATLS_TPM_NUM_PCRS])
{
    json_t *list = json_array();
    for (size_t pcr = 0; list != NULL && pcr < ATLS_TPM_NUM_PCRS; pcr++) {
        if ((pcrs->bits >> pcr & 1) != 0 &&
            json_array_append_new(list, one_pcr(pcr, &values[pcr])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *key_triple(const char *class_uuid, const char *kid, const char *pem)
{
    return json_pack("{s:{s:o,s:{s:s,s:s}},s:[{s:s,s:s}]}", "environment", "class",
                     class_of(class_uuid), "instance", "type", "bytes", "value", kid,
                     "verification-keys", "type", "pkix-base64-key", "value", pem);
}

enum atls_err atls_tpm_comid(char **out, const char *class_uuid, const TPMT_PUBLIC *ak,
                             const struct atls_tpm_pcrs *pcrs,
                             const struct atls_digest values[ATLS_TPM_NUM_PCRS],
                             struct atls_diag *diag)
{
    uint8_t kid[ATLS_TPM_KID_LEN];
    char *pem = NULL;
    char tag_id[37];
    enum atls_err err = atls_tpm_kid(kid, ak, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_public_pem(&pem, ak, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    char *kid_text = atls_base64_new(atls_bytes_of(kid, sizeof kid));
    json_t *root = NULL;
    if (kid_text != NULL && random_uuid(tag_id)) {
        root = json_pack("{s:s,s:{s:s,s:i},s:{s:[o],s:[{s:{s:o},s:o}]}}", "lang", "en-GB",
                         "tag-identity", "id", tag_id, "version", 0, "triples",
                         "attester-verification-keys", key_triple(class_uuid, kid_text, pem),
                         "reference-values", "environment", "class", class_of(class_uuid),
                         "measurements", measurements_of(pcrs, values));
    }
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    free(kid_text);
    free(pem);
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, STEP, "JSON");
    }
    *out = text;
    return ATLS_OK;
}
