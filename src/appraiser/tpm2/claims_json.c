/* SPDX-License-Identifier: Apache-2.0 */
/* Verified claims of a key attestation bundle, under the names of its members and of the TPM 2.0
 * Library. Octets as hex; 64-bit numbers as decimal text, the firmware version as hex. */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/claims_text.h"
#include "appraiser/endorsed.h"
#include "base/span.h"

static void put_selection(struct atls_claims_text *text, const struct atls_tpm_selection *selection)
{
    atls_claims_open_object(text, NULL);
    atls_claims_put_text(text, "hash", atls_bytes_text(atls_tpm_hash_name(selection->bank)));
    atls_claims_open_array(text, "pcrs");
    for (int pcr = 0; pcr < 32; pcr++) {
        if ((selection->pcrs >> pcr & 1) != 0) {
            atls_claims_put_int(text, NULL, pcr);
        }
    }
    atls_claims_close_array(text);
    atls_claims_close_object(text);
}

static void put_selections(struct atls_claims_text *text, const char *name,
                           const struct atls_tpm_attest *quote)
{
    atls_claims_open_array(text, name);
    for (size_t i = 0; i < quote->num_selections; i++) {
        put_selection(text, &quote->selections[i]);
    }
    atls_claims_close_array(text);
}

static void put_clock(struct atls_claims_text *text, const char *name,
                      const struct atls_tpm_attest *attest)
{
    atls_claims_open_object(text, name);
    atls_claims_put_u64(text, "clock", attest->clock);
    atls_claims_put_int(text, "resetCount", attest->reset_count);
    atls_claims_put_int(text, "restartCount", attest->restart_count);
    atls_claims_put_bool(text, "safe", attest->safe);
    atls_claims_close_object(text);
}

static void put_attest(struct atls_claims_text *text, const char *name,
                       const struct atls_tpm_attest *attest, uint16_t signature_hash)
{
    uint8_t firmware[8];
    for (size_t i = 0; i < sizeof firmware; i++) {
        firmware[i] = (uint8_t)(attest->firmware_version >> (56 - 8 * i));
    }
    atls_claims_open_object(text, name);
    atls_claims_put_hex(text, "qualifiedSigner", attest->qualified_signer);
    atls_claims_put_hex(text, "extraData", attest->extra_data);
    put_clock(text, "clockInfo", attest);
    atls_claims_put_hex(text, "firmwareVersion", atls_bytes_of(firmware, sizeof firmware));
    if (attest->type == ATLS_TPM_ST_CERTIFY) {
        atls_claims_put_hex(text, "name", attest->name);
        atls_claims_put_hex(text, "qualifiedName", attest->qualified_name);
    } else {
        put_selections(text, "pcrSelect", attest);
        atls_claims_put_hex(text, "pcrDigest", attest->pcr_digest);
    }
    atls_claims_put_text(text, "signatureHash",
                         atls_bytes_text(atls_tpm_hash_name(signature_hash)));
    atls_claims_close_object(text);
}

static void put_public(struct atls_claims_text *text, const char *name,
                       const struct atls_tpm_public *public_area)
{
    atls_claims_open_object(text, name);
    const bool is_ecc = public_area->type == ATLS_TPM_ECC;
    atls_claims_put_text(text, "type", atls_bytes_text(is_ecc ? "ecc" : "rsa"));
    atls_claims_put_text(text, "nameAlg",
                         atls_bytes_text(atls_tpm_hash_name(public_area->name_alg)));
    atls_claims_put_int(text, "objectAttributes", public_area->attributes);
    atls_claims_put_hex(text, "authPolicy", public_area->auth_policy);
    if (is_ecc) {
        atls_claims_put_int(text, "curveID", public_area->curve);
        atls_claims_put_hex(text, "x", public_area->x);
        atls_claims_put_hex(text, "y", public_area->y);
    } else {
        atls_claims_put_int(text, "keyBits", public_area->key_bits);
        atls_claims_put_int(text, "exponent", public_area->exponent);
        atls_claims_put_hex(text, "n", public_area->n);
    }
    atls_claims_close_object(text);
}

enum atls_err atls_tpm2_claims_json(char **out, const struct atls_tpm2_verified *verified,
                                    const struct atls_additions *endorsed, struct atls_diag *diag)
{
    const struct atls_tpm2_contents *contents = atls_tpm2_contents(verified);
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_hex(&text, "kid", contents->kid);
    put_attest(&text, "certInfo", &contents->certify, contents->certify_hash);
    put_public(&text, "pubArea", &contents->public_area);
    put_attest(&text, "attestInfo", &contents->quote, contents->quote_hash);
    atls_endorsed_put(&text, endorsed);
    return atls_claims_text_finish(out, &text, diag);
}
