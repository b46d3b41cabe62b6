/* SPDX-License-Identifier: Apache-2.0 */
/* Verified claims of a key attestation bundle, under the names of its members and of the TPM 2.0
 * Library. Octets as hex; 64-bit numbers as decimal text, the firmware version as hex. */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/claims_text.h"
#include "appraiser/endorsed.h"
#include "base/span.h"

static json_t *selection_json(const struct atls_tpm_selection *selection)
{
    struct atls_claims_text text = atls_claims_text_new();
    json_t *pcrs = json_array();
    for (int pcr = 0; pcrs != NULL && pcr < 32; pcr++) {
        if ((selection->pcrs >> pcr & 1) != 0 &&
            json_array_append_new(pcrs, json_integer(pcr)) != 0) {
            json_decref(pcrs);
            pcrs = NULL;
        }
    }
    atls_claims_put_text(&text, "hash", atls_bytes_text(atls_tpm_hash_name(selection->bank)));
    atls_claims_put_json(&text, "pcrs", pcrs);
    return atls_claims_take_object(&text);
}

static json_t *selections_json(const struct atls_tpm_attest *quote)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < quote->num_selections; i++) {
        if (json_array_append_new(list, selection_json(&quote->selections[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *clock_json(const struct atls_tpm_attest *attest)
{
    struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_u64(&text, "clock", attest->clock);
    atls_claims_put_int(&text, "resetCount", attest->reset_count);
    atls_claims_put_int(&text, "restartCount", attest->restart_count);
    atls_claims_put_bool(&text, "safe", attest->safe);
    return atls_claims_take_object(&text);
}

static json_t *attest_json(const struct atls_tpm_attest *attest, uint16_t signature_hash)
{
    uint8_t firmware[8];
    for (size_t i = 0; i < sizeof firmware; i++) {
        firmware[i] = (uint8_t)(attest->firmware_version >> (56 - 8 * i));
    }
    struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_hex(&text, "qualifiedSigner", attest->qualified_signer);
    atls_claims_put_hex(&text, "extraData", attest->extra_data);
    atls_claims_put_json(&text, "clockInfo", clock_json(attest));
    atls_claims_put_hex(&text, "firmwareVersion", atls_bytes_of(firmware, sizeof firmware));
    if (attest->type == ATLS_TPM_ST_CERTIFY) {
        atls_claims_put_hex(&text, "name", attest->name);
        atls_claims_put_hex(&text, "qualifiedName", attest->qualified_name);
    } else {
        atls_claims_put_json(&text, "pcrSelect", selections_json(attest));
        atls_claims_put_hex(&text, "pcrDigest", attest->pcr_digest);
    }
    atls_claims_put_text(&text, "signatureHash",
                         atls_bytes_text(atls_tpm_hash_name(signature_hash)));
    return atls_claims_take_object(&text);
}

static json_t *public_json(const struct atls_tpm_public *public_area)
{
    struct atls_claims_text text = atls_claims_text_new();
    const bool is_ecc = public_area->type == ATLS_TPM_ECC;
    atls_claims_put_text(&text, "type", atls_bytes_text(is_ecc ? "ecc" : "rsa"));
    atls_claims_put_text(&text, "nameAlg",
                         atls_bytes_text(atls_tpm_hash_name(public_area->name_alg)));
    atls_claims_put_int(&text, "objectAttributes", public_area->attributes);
    atls_claims_put_hex(&text, "authPolicy", public_area->auth_policy);
    if (is_ecc) {
        atls_claims_put_int(&text, "curveID", public_area->curve);
        atls_claims_put_hex(&text, "x", public_area->x);
        atls_claims_put_hex(&text, "y", public_area->y);
    } else {
        atls_claims_put_int(&text, "keyBits", public_area->key_bits);
        atls_claims_put_int(&text, "exponent", public_area->exponent);
        atls_claims_put_hex(&text, "n", public_area->n);
    }
    return atls_claims_take_object(&text);
}

enum atls_err atls_tpm2_claims_json(char **out, const struct atls_tpm2_verified *verified,
                                    const struct atls_additions *endorsed, struct atls_diag *diag)
{
    const struct atls_tpm2_contents *contents = atls_tpm2_contents(verified);
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_hex(&text, "kid", contents->kid);
    atls_claims_put_json(&text, "certInfo",
                         attest_json(&contents->certify, contents->certify_hash));
    atls_claims_put_json(&text, "pubArea", public_json(&contents->public_area));
    atls_claims_put_json(&text, "attestInfo", attest_json(&contents->quote, contents->quote_hash));
    atls_endorsed_put(&text, endorsed);
    return atls_claims_text_finish(out, &text, diag);
}
