/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/comid.h"

#include "base/span.h"
#include "json/comid_json.h"
#include "json/references.h"

#include <stdlib.h>

#define STEP "CoMID template"

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

static json_t *class_of(const char *class_uuid)
{
    return json_pack("{s:{s:s,s:s}}", "id", "type", "uuid", "value", class_uuid);
}

static json_t *measurements_of(const struct atls_tpm_pcrs *pcrs,
                               const struct atls_digest values[ATLS_TPM_NUM_PCRS])
{
    json_t *list = json_array();
    for (size_t pcr = 0; pcr < ATLS_TPM_NUM_PCRS; pcr++) {
        if ((pcrs->bits >> pcr & 1) != 0) {
            atls_comid_append(&list, atls_reference_pcr(pcr, atls_digest_bytes(&values[pcr])));
        }
    }
    return list;
}

static json_t *key_triple(const char *class_uuid, struct atls_bytes kid, const char *pem)
{
    return json_pack("{s:{s:o,s:o},s:[{s:s,s:s}]}", "environment", "class", class_of(class_uuid),
                     "instance", atls_comid_typed("bytes", kid), "verification-keys", "type",
                     "pkix-base64-key", "value", pem);
}

enum atls_err atls_tpm_comid(char **out, const char *class_uuid, const TPMT_PUBLIC *ak,
                             const struct atls_tpm_pcrs *pcrs,
                             const struct atls_digest values[ATLS_TPM_NUM_PCRS],
                             struct atls_diag *diag)
{
    uint8_t kid[ATLS_TPM_KID_LEN];
    char *pem = NULL;
    enum atls_err err = atls_tpm_kid(kid, ak, diag);
    if (err == ATLS_OK) {
        err = atls_tpm_public_pem(&pem, ak, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    json_t *triples = json_pack("{s:[o],s:[{s:{s:o},s:o}]}", "attester-verification-keys",
                                key_triple(class_uuid, atls_bytes_of(kid, sizeof kid), pem),
                                "reference-values", "environment", "class", class_of(class_uuid),
                                "measurements", measurements_of(pcrs, values));
    free(pem);
    return atls_comid_of(out, triples, STEP, diag);
}
